"""`dataset.toml`: what a folder says of itself."""

import difflib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metarec.contracts import DataError
from metarec.contracts.meaning import ROLES, kinds_of, roles_of, scale_of, strings_of
from metarec.data.validation.problems import Report
from metarec.files.disk import reason

CHOICES = {
    "feedback": ("rating", "implicit"),
    "clock": ("unix", "order"),
    "repeats": ("keep", "last", "sum"),
}
TEXTS = ("name", "licence", "note")
MEANINGS: dict[str, Callable[[Any], object]] = {
    "scale": scale_of,
    "target_kinds": lambda given: kinds_of("target_kinds", given),
    "negative_kinds": lambda given: kinds_of("negative_kinds", given),
    "items": roles_of,
}
NOTES = "reading"
"""The key of `[notes]` under which a shop that we wrote keeps what was understood of its source."""
FORMER = {"value": "feedback", "timestamp": "clock"}
"""The names that keys had in the first format, which are still read."""
KNOWN = (
    "name",
    *CHOICES,
    "scale",
    "target_kinds",
    "negative_kinds",
    "licence",
    "note",
    "[items]",
    "[notes]",
)


def read_settings(path: Path, report: Report) -> dict[str, Any]:
    """The checked content of `dataset.toml`; empty where there is no such file."""
    written = parsed(path, report)
    names = {FORMER.get(key, key): key for key in written}
    settings = {FORMER.get(key, key): given for key, given in written.items()}
    for former, key in FORMER.items():
        if former in written and written.get(key, written[former]) != written[former]:
            found = f"{key} = {written[key]!r} and {former} = {written[former]!r}"
            fix = f"remove {former}, the former name of {key}"
            report.fail(path.name, found, "one of them", fix, former)
    refuse_unknown(path, settings, report)
    for key, choices in CHOICES.items():
        if settings.get(key, choices[0]) not in choices:
            found, expected = repr(settings.pop(key)), " or ".join(f'"{c}"' for c in choices)
            fix = f"choose one of them for {names[key]}"
            report.fail(path.name, found, expected, fix, names[key])
    for key in TEXTS:
        if not isinstance(settings.get(key, ""), str):
            report.fail(path.name, repr(settings.pop(key)), "text", f"quote the {key}", key)
    if not isinstance(settings.get("notes", {}), dict):
        report.fail(
            path.name, repr(settings["notes"]), "a table", "write it under [notes]", "notes"
        )
    for key, understood in MEANINGS.items():
        if key in settings:
            try:
                settings[key] = understood(settings[key])
            except DataError as error:
                found = repr(settings.pop(key))
                report.fail(path.name, found, "what is known", str(error), key)
    say_notes(settings, report)
    return settings


def say_notes(settings: dict[str, Any], report: Report) -> None:
    """Tell what was understood of the files that a shop was made of."""
    notes = settings.get("notes")
    sentences = notes.get(NOTES) if isinstance(notes, dict) else None
    for sentence in strings_of(sentences) or ():
        report.say(sentence)


def refuse_unknown(path: Path, settings: dict[str, Any], report: Report) -> None:
    """Report keys that have no meaning, and forget them."""
    known = [key.strip("[]") for key in KNOWN]
    for key in [key for key in settings if key not in known]:
        refuse_key(path, key, known, ", ".join(KNOWN), report)
        del settings[key]
    items = settings.get("items")
    if isinstance(items, dict):
        for role in [role for role in items if role not in ROLES]:
            refuse_key(path, role, list(ROLES), ", ".join(ROLES), report, table="items")
            del items[role]


def refuse_key(
    path: Path, key: str, known: list[str], listed: str, report: Report, table: str = ""
) -> None:
    """Report one key that has no meaning, with those that have one."""
    near = difflib.get_close_matches(key, known, n=1)
    fix = f"write {near[0]}" if near else "write it under [notes], or as a comment"
    place = f"{table}.{key}" if table else key
    report.fail(path.name, f"an unknown key {key!r}", f"one of {listed}", fix, place)


def parsed(path: Path, report: Report) -> dict[str, Any]:
    """The file's keys and values; empty where there is none or it cannot be read."""
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        report.fail(path.name, reason(error), "a readable file", "check the path")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        report.fail(path.name, f"broken TOML ({error})", "TOML in UTF-8", "mend that line")
    return {}
