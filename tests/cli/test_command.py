"""What holds for every verb: help, exit codes, one-line errors, no bars into a pipe."""

import importlib.metadata
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import metarec
from metarec.cli import main
from metarec.contracts import DataError
from metarec.recommenders import Random

VERBS = [
    ("demo",),
    ("advise",),
    ("fit",),
    ("tune",),
    ("evaluate",),
    ("recommend",),
    ("similar",),
    ("ask",),
    ("items", "sync"),
    ("items", "add"),
    ("items", "update"),
    ("items", "retire"),
    ("items", "restore"),
    ("serve",),
    ("store", "verify"),
    ("store", "backup"),
    ("store", "restore"),
    ("store", "import"),
    ("store", "export"),
    ("keys", "add"),
    ("keys", "list"),
    ("keys", "revoke"),
    ("data", "generate"),
    ("data", "inspect"),
    ("data", "convert"),
    ("data", "import-sql"),
    ("data", "pseudonymise"),
]


def verbs_of(group, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        here = (*before, name)
        found += verbs_of(command, here) if hasattr(command, "commands") else [here]
    return found


def test_every_verb_is_in_these_tests():
    import typer

    from metarec.cli.main import app

    assert sorted(verbs_of(typer.main.get_command(app))) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_shows_an_example(run, verb: tuple[str, ...]):
    answer = run(*verb, "--help")
    assert answer.code == 0
    example = " ".join(answer.out.split()).split("Example: ")[1]
    assert f"metarec {' '.join(verb)} " in example


@pytest.mark.parametrize(
    ("verb", "told"), [([], "evaluate"), (["data"], "pseudonymise"), (["items"], "retire")]
)
def test_a_group_without_a_verb_shows_its_verbs(run, verb: list[str], told: str):
    answer = run(*verb)
    assert told in answer.out + answer.err


def test_the_installed_command_is_this_one():
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="metarec")
    assert command.load() is main


def test_python_m_metarec_is_the_command(run_alone):
    answer = run_alone("--version")
    assert (answer.code, answer.out) == (0, f"metarec {metarec.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["fit"],
        ["fit", "shop"],
        ["fit", "shop", "--out", "x", "--nope"],
        ["recommend", "m", "--k", "0"],
        ["recommend", "m", "--k", "-3"],
        ["ask", "m", "--k", "many"],
        ["evaluate", "shop", "--out", "x", "--protocol", "nonsense"],
        ["evaluate", "shop", "--out", "x", "--k", "0"],
        ["fit", "shop", "--out", "x", "--seed", "-1"],
        ["fit", "shop", "--out", "x", "--seed", "9" * 30],
        ["data", "generate", "x", "--kind", "stars"],
        ["data", "generate", "x", "--users", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2_and_points_at_the_help(run, arguments: list[str]):
    answer = run(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert "Usage: metarec" in answer.err
    assert "Error: " in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["recommend", "nowhere"],
        ["ask", "nowhere"],
        ["fit", "nowhere", "--out", "x"],
        ["evaluate", "nowhere", "--out", "x"],
        ["demo", "--data", "nowhere"],
        ["data", "inspect", "nowhere"],
        ["data", "convert", "nowhere", "x"],
    ],
    ids=" ".join,
)
def test_a_path_that_is_not_there_exits_1_and_is_named(run, arguments: list[str]):
    answer = run(*arguments)
    assert answer.code == 1
    assert answer.out == ""
    assert answer.err.startswith("error: ")
    assert "nowhere" in answer.err
    assert "Traceback" not in answer.err
    assert not Path("x").exists()


def test_an_error_is_one_line_and_debug_shows_the_traceback(run):
    plain = run("recommend", "nowhere")
    assert plain.err.count("\n") == 1
    for place in (["--debug", "recommend", "nowhere"], ["recommend", "nowhere", "--debug"]):
        answer = run(*place)
        assert answer.code == 1
        assert "Traceback" in answer.err
        assert "DataError" in answer.err
        assert answer.err.endswith(plain.err)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("the sky fell\nand more"), "error: unexpected RuntimeError: the sky fell;"),
        (KeyError(), "error: unexpected KeyError: ;"),
        (MemoryError(), "error: not enough memory"),
        (DataError("[bold]x[/bold] is wrong"), "error: [bold]x[/bold] is wrong"),
        (
            OSError(28, "No space left on device", "a/b"),
            "error: a/b: No space left on device; make",
        ),
        (PermissionError(13, "Permission denied", "a/b"), "error: a/b: Permission denied;"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_whatever_breaks_is_told_in_one_line(run, monkeypatch, error: Exception, told: str):
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("metarec.cli.recommend.load_model", broken)
    answer = run("recommend", "model")
    assert answer.code == 1
    assert answer.err.startswith(told)
    assert answer.err.count("\n") == 1


def test_an_interrupt_exits_130_in_one_line(run, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("metarec.cli.recommend.load_model", interrupted)
    answer = run("recommend", "model")
    assert (answer.code, answer.err) == (130, "interrupted; nothing half-written was left\n")


@pytest.mark.parametrize(
    ("broken", "arguments"),
    [
        ("evaluate.fit_all", ["evaluate", "SHOP", "--out", "results", "--encoder", "hash"]),
        ("evaluate.save_results", ["evaluate", "SHOP", "--out", "results", "--encoder", "hash"]),
        ("demo.load", ["demo", "--data", "SHOP", "--out", "results"]),
        ("data.shops.convert", ["data", "convert", "SHOP", "copy"]),
    ],
)
def test_a_verb_that_keeps_nothing_says_so_where_it_is_interrupted(
    run, monkeypatch, shop: Path, broken: str, arguments: list[str]
):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"metarec.cli.{broken}", interrupted)
    monkeypatch.setattr("metarec.cli.evaluate.models_of", lambda *_: {"Random": Random()})
    answer = run(*(shop if argument == "SHOP" else argument for argument in arguments))
    assert answer.code == 130
    told = "the same command begins anew\ninterrupted; nothing half-written was left\n"
    assert answer.err.endswith(told)
    assert not list(Path().rglob("*"))


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["evaluate", "demo", "recommend"])
def test_ctrl_c_says_how_to_go_on_and_leaves_no_half_file(
    shop: Path, model: Path, tmp_path: Path, verb: str
):
    busy = tmp_path / "busy.py"  # as the command line, once the work that takes long has begun
    busy.write_text(
        "import sys, time, metarec.cli\n"
        "import metarec.meta.recommender as room\n"
        "def at_work(*_, **__):\n"
        "    print('at work', file=sys.stderr, flush=True)\n"
        "    time.sleep(60)\n"
        "room.MetaRecommender.fit = room.MetaRecommender.recommend = at_work\n"
        "metarec.cli.main()\n"
    )
    options = {
        "evaluate": [shop, "--out", "results", "--encoder", "hash"],
        "demo": ["--data", shop, "--out", "results", "--encoder", "hash"],
        "recommend": [model, "--histories", shop, "--out", "lists.csv"],
    }
    command = [sys.executable, str(busy), verb, *map(str, options[verb])]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while process.stderr.readline() not in ("at work\n", ""):
            pass
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130
    assert "the same command begins anew\ninterrupted; nothing half-written was left\n" in told
    assert "Traceback" not in told
    assert not list(Path().iterdir())


@pytest.mark.parametrize("verb", ["fit", "evaluate", "demo"])
@pytest.mark.parametrize("out", ["file", "file/below", "shop"])
def test_results_that_cannot_be_written_are_refused_before_any_work(
    run, monkeypatch, shop: Path, verb: str, out: str
):
    monkeypatch.setattr("metarec.meta.MetaRecommender.fit", None)
    Path("file").write_text("precious")
    place = shop if out == "shop" else Path(out)
    data = ["--data", shop] if verb == "demo" else [shop]
    before = sorted(shop.iterdir())
    answer = run(verb, *data, "--out", place, "--encoder", "hash")
    assert answer.code == 1
    assert "--out" in answer.err
    assert answer.err.count("\n") == 1
    assert Path("file").read_text() == "precious"
    assert sorted(shop.iterdir()) == before


def test_a_model_is_never_written_over_something_else(run, shop: Path):
    Path("thesis").mkdir()
    Path("thesis/chapter.txt").write_text("ten years of work")
    answer = run("fit", shop, "--out", "thesis", "--encoder", "hash")
    assert answer.code == 1
    assert "is not a saved model" in answer.err
    assert [p.name for p in Path("thesis").iterdir()] == ["chapter.txt"]


SHOPS = [
    ["fit", "{}", "--out", "x"],
    ["evaluate", "{}", "--out", "x"],
    ["demo", "--data", "{}", "--out", "x"],
    ["data", "inspect", "{}"],
    ["data", "convert", "{}", "x"],
    ["data", "pseudonymise", "{}", "x"],
]
"""Every verb that reads a shop."""


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("model", "holds a saved model (config.json, *.safetensors) and no shop; name the folder"),
        ("nowhere", "no such file or folder"),
        ("file.txt", "is a single file, and a shop is a folder; make one by"),
        (
            "unreadable",
            "interactions.csv: found Is a directory, expected a readable file",
        ),
    ],
)
def test_what_is_no_shop_reads_the_same_under_every_verb(
    run, monkeypatch, model: Path, place: str, told: str
):
    monkeypatch.setenv("METAREC_KEY", "a secret of 24 characters")
    Path("model").symlink_to(model)
    Path("file.txt").write_text("hello")
    Path("unreadable/interactions.csv").mkdir(parents=True)
    readers = [verb for verb in SHOPS if place != "file.txt" or "convert" not in verb]
    answers = {run(*(part.format(place) for part in verb)) for verb in readers}
    assert len(answers) == 1
    (answer,) = answers
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: ")
    assert told in answer.err
    assert not Path("x").exists()


def test_an_interrupt_before_the_command_has_begun_ends_as_any_other(run, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["metarec.cli.main"], "app", interrupted)
    answer = run("data", "inspect", "shop")
    assert answer.code == 130
    assert answer.err == "interrupted; nothing half-written was left\n"


@pytest.mark.parametrize(
    "verb",
    [
        ["serve", "shop"],
        ["keys", "add", "x.db", "--name", "n"],
        ["keys", "list", "x.db"],
        ["keys", "revoke", "x.db", "k"],
        ["store", "verify", "x.db"],
        ["store", "backup", "x.db", "b"],
        ["store", "restore", "b", "x.db"],
        ["store", "import", "shop", "x.db"],
        ["store", "export", "x.db", "shop"],
        ["fit", "sqlite:///x.db", "--out", "m"],
    ],
    ids=" ".join,
)
def test_a_service_without_its_libraries_says_how_they_come(
    run, verb: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("metarec.cli.opening.find_spec", lambda name: None)
    answer = run(*verb)
    assert answer.code == 1
    assert 'run: pip install "metarec[serve]"' in answer.err
