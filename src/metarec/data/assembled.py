"""From tables that are no files to a dataset: our names, what is said of the meaning, the checks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import polars as pl

from metarec.contracts import DataError
from metarec.contracts.dataset import Clock, Dataset, Feedback, RepeatsRule
from metarec.contracts.dataset_checks import check_choice
from metarec.contracts.meaning import kinds_of, roles_of, scale_of
from metarec.data.load import finish
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table, Tables

OURS = ("user_id", "item_id", "value", "timestamp", "event", "text")
"""Names that a mapping of columns may give."""
EXACT = 2**53
"""Whole numbers below it have one float each."""


def assembled(
    found: Mapping[str, Table | None],
    report: Report,
    *,
    columns: Mapping[str, str] | None,
    name: str,
    lenient: bool,
    rejects: str | Path | None,
    feedback: Feedback | None,
    scale: Sequence[float] | None,
    clock: Clock | None,
    repeats: RepeatsRule | None,
    target_kinds: Sequence[str] | None,
    negative_kinds: Sequence[str] | None,
    roles: Mapping[str, Sequence[str]] | None,
) -> Dataset:
    """The dataset of the tables `interactions`, `items` and `users`, the last two where given."""
    check_choice("feedback", feedback, (*get_args(Feedback), None))
    check_choice("clock", clock, (*get_args(Clock), None))
    if not isinstance(name, str) or not name:
        raise DataError(f"name must be text, got {name!r}")
    report.raise_if_fatal()  # a column that cannot be read is not also one that is missing
    there = {place: table for place, table in found.items() if table is not None}
    named = with_our_names(there, columns or {})
    tables = Tables(
        name=name,
        interactions=named["interactions"],
        items=named.get("items"),
        users=named.get("users"),
        feedback=feedback,
        clock=clock,
        repeats=repeats,
        scale=None if scale is None else scale_of(scale),
        target_kinds=kinds_of("target_kinds", target_kinds or ()),
        negative_kinds=kinds_of("negative_kinds", negative_kinds or ()),
        roles=roles_of(roles or {}),
    )
    return finish(
        lambda place, report: tables,
        Path(),
        report,
        lenient=lenient,
        rejects=rejects,
        repeats=repeats,
    )


def with_our_names(tables: Mapping[str, Table], columns: Mapping[str, str]) -> dict[str, Table]:
    """The tables with our names for their columns, and ids that became floats whole again."""
    if unknown := [ours for ours in columns if ours not in OURS]:
        raise DataError(
            f"columns maps our names to yours, and {unknown[0]!r} is none of ours; they are: "
            + ", ".join(OURS)
        )
    every = {column for table in tables.values() for column in table.frame.columns}
    for ours, own in columns.items():
        if own not in every:
            listed = "; ".join(f"{n}: {', '.join(t.frame.columns)}" for n, t in tables.items())
            raise DataError(
                f"columns says that {ours} is {own!r}, which no table has; they have {listed}"
            )
    renamed = {}
    for place, table in tables.items():
        there = {ours: own for ours, own in columns.items() if own in table.frame.columns}
        mapped = table.renamed(there)
        whole = mapped.frame.with_columns(whole_ids(mapped.frame))
        renamed[place] = mapped.with_frame(whole)
    return renamed


def whole_ids(frame: pl.DataFrame) -> list[pl.Series]:
    """Columns of ids that hold whole numbers as floats, which is what pandas makes of a gap."""
    ids = [frame[name] for name in ("user_id", "item_id") if name in frame.columns]
    floats = [column for column in ids if column.dtype.is_float()]
    return [
        column.cast(pl.Int64)
        for column in floats
        if bool(((column == column.floor()) & (column.abs() < EXACT)).all())
    ]
