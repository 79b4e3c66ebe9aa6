"""Paths to images and sounds that a catalogue names must stay inside its folder."""

import os
from pathlib import Path

import polars as pl

from metarec.data.validation.problems import Check

MEDIA_COLUMNS = ("image", "audio")


def media_checks(frame: pl.DataFrame, folder: Path) -> list[Check]:
    """A check for each media column: relative, inside `folder`, links followed."""
    return [
        Check(
            "path outside the folder",
            column,
            leaves(frame, column, folder),
            "a relative path inside the folder",
            "copy the file into the folder and name it relative to the folder",
        )
        for column in MEDIA_COLUMNS
        if frame.schema.get(column) == pl.String
    ]


def leaves(frame: pl.DataFrame, column: str, folder: Path) -> pl.Expr:
    """True where the path is absolute, climbs with `..`, or passes through a link to outside."""
    path = pl.col(column)
    by_name = path.str.contains(
        r"^(?:[/\\~]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://)|(?:^|[/\\])\.\.(?:[/\\]|$)"
    )
    return by_name | path.is_in(links_outside(frame[column], folder))


def links_outside(paths: pl.Series, folder: Path) -> list[str]:
    """Those of `paths` that a symbolic link leads out of `folder`.

    Each directory is resolved and listed once; only entries that are links are resolved singly.
    """
    named = pl.DataFrame({"path": paths.drop_nulls().unique()}).with_columns(
        pl.col("path").str.extract(r"^(.*)/[^/]*$").fill_null("").alias("directory"),
        pl.col("path").str.extract(r"([^/]*)$").alias("name"),
    )
    root = os.path.realpath(folder)
    outside: list[str] = []
    for directory in named["directory"].unique():
        here = os.path.join(root, directory)
        members = named.filter(pl.col("directory") == directory)
        if not inside(os.path.realpath(here), root):
            outside += members["path"].to_list()
        elif os.path.isdir(here):
            with os.scandir(here) as entries:
                links = [entry.name for entry in entries if entry.is_symlink()]
            leading_out = [
                name for name in links if not inside(os.path.realpath(f"{here}/{name}"), root)
            ]
            outside += members.filter(pl.col("name").is_in(leading_out))["path"].to_list()
    return outside


def inside(path: str, root: str) -> bool:
    """True if the resolved `path` is `root` or below it."""
    return path == root or path.startswith(root + os.sep)
