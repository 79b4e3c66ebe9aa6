"""The folder format: a shop as a folder of tables and a `dataset.toml`."""

import tomllib
from pathlib import Path
from typing import Any

from metarec.data.readers.tabular import read_table
from metarec.data.validation.naming import named
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table, Tables
from metarec.files.disk import reason

SUFFIXES = (".parquet", ".csv", ".jsonl", ".csv.gz", ".jsonl.gz")
CHOICES = {
    "value": ("rating", "implicit"),
    "timestamp": ("unix", "order"),
    "repeats": ("keep", "last", "sum"),
}


def is_folder_format(folder: Path) -> bool:
    """True if the folder holds interactions, or at least says that it is a shop."""
    return (
        any((folder / f"interactions{s}").exists() for s in SUFFIXES)
        or (folder / "dataset.toml").exists()
    )


def read_folder(folder: Path, report: Report) -> Tables:
    """The tables of a folder; what is missing or cannot be read is reported."""
    settings = read_settings(folder / "dataset.toml", report)
    interactions = named(
        find_table(folder, "interactions", report, needed=True), "interactions", report
    )
    called = {} if interactions is None else interactions.names
    listed = find_table(folder, "items", report, needed=True)
    items = named(listed, "items", report, prefer=called.get("item_id"))
    profiles = find_table(folder, "users", report)
    users = named(profiles, "users", report, prefer=called.get("user_id"))
    return Tables(
        name=settings.get("name", folder.resolve().name),
        interactions=interactions,
        items=items,
        value=settings.get("value"),
        timestamp=settings.get("timestamp"),
        repeats=settings.get("repeats"),
        licence=settings.get("licence", ""),
        users=users,
        triples=find_table(folder, "triples", report),
        edges=find_table(folder, "edges", report),
    )


def find_table(folder: Path, name: str, report: Report, *, needed: bool = False) -> Table | None:
    """The one table of that name in whichever format it has."""
    found = [folder / f"{name}{s}" for s in SUFFIXES if (folder / f"{name}{s}").exists()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        report.fail(name, f"{names}", "one file", "remove all but one of them")
        return None
    if not found:
        if needed:
            fix = f"write {name}.parquet, {name}.csv or {name}.jsonl"
            if name == "items":
                fix += " with a column item_id and the items' content"
            report.fail(name, "no such file", f"a table of {name} in {folder}", fix)
        return None
    return read_table(found[0], report)


def read_settings(path: Path, report: Report) -> dict[str, Any]:
    """The checked content of `dataset.toml`; empty where there is no such file."""
    if not path.exists():
        return {}
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        report.fail(path.name, reason(error), "a readable file", "check the path")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        report.fail(path.name, f"broken TOML ({error})", "TOML in UTF-8", "mend that line")
        return {}
    for key, choices in CHOICES.items():
        if settings.get(key, choices[0]) not in choices:
            found, expected = repr(settings.pop(key)), " or ".join(f'"{c}"' for c in choices)
            report.fail(path.name, found, expected, f"choose one of them for {key}", key)
    for key in ("name", "licence"):
        if not isinstance(settings.get(key, ""), str):
            report.fail(path.name, repr(settings.pop(key)), "text", f"quote the {key}", key)
    return settings
