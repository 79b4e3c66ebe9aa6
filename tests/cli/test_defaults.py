"""What every verb does when nothing is said, and how far a number may go."""

from pathlib import Path

import pytest
import typer

from metarec.cli.main import app

FITTING = dict.fromkeys(("config", "settings", "threads", "time_s")) | {"encoder": "default"}
DEFAULTS: dict[tuple[str, ...], dict[str, object]] = {
    ("demo",): {
        "data": None,
        "out": "demo",
        "encoder": "default",
        "template": None,
        "seed": 0,
    },
    ("fit",): {
        **FITTING,
        "model": "MetaRecommender",
        "template": None,
        "prior": None,
        "seed": 0,
        "force": False,
        "track": None,
    },
    ("serve",): {
        "store": None,
        "host": "127.0.0.1",
        "port": 8000,
        "workers": 1,
        "encoder": "default",
        "template": None,
        "seed": 0,
    },
    ("store", "verify"): {"model": None},
    ("store", "export"): {"model": None},
    ("keys", "add"): {"scopes": "read,write", "origins": None, "per_minute": None},
    ("evaluate",): {
        **FITTING,
        "template": None,
        "protocol": "cold",
        "models": "MetaRecommender",
        "model": None,
        "k": 10,
        "exclude_seen": None,
        "seed": 0,
    },
    ("recommend",): {
        **dict.fromkeys(("data", "user", "profile", "histories", "users", "out")),
        **dict.fromkeys(("where", "exclude", "exclude_kinds", "candidates", "boost", "at_most")),
        "events": "",
        "k": 10,
        "exclude_seen": None,
        "diversity": 0.0,
        "rank_by": None,
        "explain": False,
        "as_json": False,
    },
    ("similar",): {
        **dict.fromkeys(("where", "exclude", "candidates", "boost", "at_most")),
        "k": 10,
        "diversity": 0.0,
        "as_json": False,
    },
    ("items", "sync"): {
        **dict.fromkeys(("out", "columns", "separator", "encoding")),
        "dry_run": False,
        "force": False,
    },
    ("items", "retire"): {"out": None, "dry_run": False, "force": False},
    ("ask",): {"events": "", "k": 5, "as_json": False},
    ("advise",): {"as_json": False},
    ("data", "generate"): {
        "users": 1000,
        "items": 500,
        "kind": "rating",
        "regime": "content",
        "seed": 0,
    },
    ("data", "inspect"): {"as_json": False, "encoder": "default", "template": None},
    ("data", "convert"): {
        "format": None,
        "columns": None,
        "items": None,
        "users": None,
        "separator": None,
        "encoding": None,
        "dates": None,
        "feedback": None,
        "scale": None,
        "clock": None,
        "repeats": None,
        "target_kinds": None,
        "negative_kinds": None,
        "lenient": False,
        "rejects": None,
    },
    ("data", "import-sql"): {
        "items": None,
        "users": None,
        "columns": None,
        "dates": None,
        "feedback": None,
        "scale": None,
        "clock": None,
        "repeats": None,
        "target_kinds": None,
        "negative_kinds": None,
        "lenient": False,
        "rejects": None,
    },
    ("data", "pseudonymise"): {"key_variable": "METAREC_KEY"},
}


def command_of(verb: tuple[str, ...]):
    found = typer.main.get_command(app)
    for name in verb:
        found = found.commands[name]
    return found


def test_what_is_not_said_is_this():
    for verb, expected in DEFAULTS.items():
        given = {p.name: p.default for p in command_of(verb).params if not p.required}
        told = {name: str(d) if name == "out" and d else d for name, d in given.items()}
        assert {name: told[name] or expected[name] for name in expected} == expected, verb
        falsy = {name for name in expected if not expected[name]}
        assert not any(told[name] for name in falsy), verb
        assert set(told) - {"help"} == set(expected), verb


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["recommend", "nowhere", "--k", 1], 1),
        (["ask", "nowhere", "--k", 1], 1),
        (["ask", "nowhere", "--k", 0], 2),
        (["evaluate", "nowhere", "--out", "x", "--k", 1], 1),
        (["fit", "nowhere", "--out", "x", "--seed", 2**63 - 1], 1),
        (["fit", "nowhere", "--out", "x", "--seed", 2**63], 2),
        (["fit", "nowhere", "--out", "x", "--seed", 0], 1),
        (["data", "generate", "file", "--users", 1, "--items", 1], 1),
        (["data", "generate", "file", "--items", 0], 2),
    ],
    ids=str,
)
def test_a_number_at_its_border_is_taken_and_one_beyond_is_wrong_usage(run, arguments, code: int):
    Path("file").write_text("mine")
    assert run(*arguments).code == code
    assert Path("file").read_text() == "mine"


def test_a_command_without_a_verb_shows_what_there_is(run):
    for command in ((), ("data",)):
        answer = run(*command)
        assert "Usage: metarec" in answer.out + answer.err
        assert answer.code in (0, 2)
