"""The columns of an interactions table that are not ours: what else is known of each event."""

import polars as pl

from metarec.contracts.dataset import EVENT_COLUMNS
from metarec.data.validation.content_types import typed_content
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

TEXTS = ("event", "text")
"""Columns that stay text, whatever they look like."""
OURS = (*EVENT_COLUMNS, "user_id", "item_id")


def with_context(table: Table, report: Report) -> Table | None:
    """The rows with their context typed and `text` as text; None if a column cannot be kept."""
    kinds = table.frame.schema
    kind = kinds.get("text", pl.String)
    if not (kind in (pl.String, pl.Null) or isinstance(kind, pl.Categorical | pl.Enum)):
        fix = "write it as text, or give the column another name"
        report.fail(table.file, f"type {kind}", "what the person wrote, as text", fix, "text")
        return None
    frame = table.frame.with_columns(pl.col(c).cast(pl.String) for c in ("text",) if c in kinds)
    if table.untyped:
        texts = [pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in TEXTS if c in kinds]
        context = table.with_frame(frame.select(pl.exclude(*TEXTS, *OURS)))
        frame = frame.with_columns(*texts, *typed_content(context, report).frame.get_columns())
    return table.with_frame(frame)
