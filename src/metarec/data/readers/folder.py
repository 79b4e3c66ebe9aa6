"""The folder format: a shop as a folder of tables and a `dataset.toml`."""

import shlex
from pathlib import Path

from metarec.data.readers.settings import read_settings
from metarec.data.readers.tabular import read_table
from metarec.data.validation.naming import named
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table, Tables

SUFFIXES = (".parquet", ".csv", ".jsonl", ".csv.gz", ".jsonl.gz")


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
        feedback=settings.get("feedback"),
        clock=settings.get("clock"),
        repeats=settings.get("repeats"),
        scale=settings.get("scale"),
        target_kinds=settings.get("target_kinds", ()),
        negative_kinds=settings.get("negative_kinds", ()),
        roles=settings.get("items", {}),
        licence=settings.get("licence", ""),
        users=users,
        triples=find_table(folder, "triples", report),
        edges=find_table(folder, "edges", report),
    )


def conversion(folder: Path) -> str:
    """The command that makes a shop of a folder's tables of other names; the largest is events."""
    suffixes = (*SUFFIXES, ".tsv", ".txt", ".tsv.gz", ".txt.gz")
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    tables = [path for path in there if path.is_file() and path.name.lower().endswith(suffixes)]
    called = {path.name.lower().split(".")[0]: path for path in reversed(tables)}
    others = [path for path in tables if path not in (called.get("items"), called.get("users"))]
    others.sort(key=lambda path: (path != called.get("interactions"), -path.stat().st_size))
    if not others:
        return ""
    events, items = others[0], called.get("items") or (others[1] if len(others) > 1 else None)
    words = ["metarec", "data", "convert", str(events), f"{folder.resolve().name}-shop"]
    for kind, path in (("items", items), ("users", called.get("users"))):
        words += [f"--{kind}", str(path)] if path else []
    return shlex.join(words)


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
            elif command := conversion(folder):
                fix += f", or make a shop of the files there, such as by {command}"
            report.fail(name, "no such file", f"a table of {name} in {folder}", fix)
        return None
    return read_table(found[0], report)
