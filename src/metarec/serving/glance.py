"""Which columns of a catalogue tell most of an item at a glance."""

import polars as pl

from metarec.contracts import Catalogue
from metarec.contracts.availability import WINDOW

COLUMNS = 3
ROWS = 1_000
"""So many items are looked at; of the first ones, as far as they come."""
SHORT, LONG = 32.0, 80.0
"""Mean characters of a label, and of a line."""
FILLED = 0.5
"""Columns with a smaller share of values tell too seldom."""
ADDRESS = r"^(https?://|[\w./-]+\.(jpe?g|png|webp|gif|svg|mp[34]|wav)$)"


def telling_columns(catalogue: Catalogue) -> list[str]:
    """The names of at most three columns to show beside the title, the most telling first.

    Labels that several items share (a brand, a kind) come before lists of labels, numbers, and
    short texts of their own; one long text where there is nothing else. What is constant, mostly
    missing, or the address of a file tells nothing.
    """
    frame = catalogue.frame.head(ROWS)
    told_already = (catalogue.title_column, *WINDOW)
    ranked = [
        (place, name)
        for name in frame.columns
        if name not in told_already and (place := _place(name, frame[name])) is not None
    ]
    ranked.sort(key=lambda each: each[0])  # stable: as the table has them
    short = [name for place, name in ranked if place < _LONG]
    return short[:COLUMNS] or [name for _, name in ranked[:1]]


_LABELS, _LISTS, _NUMBERS, _TEXTS, _LONG = range(5)


def _place(name: str, column: pl.Series) -> int | None:
    """Where a column stands in the order of telling; None where it tells nothing."""
    there = column.drop_nulls()
    if len(there) < max(1.0, FILLED * len(column)):
        return None
    if isinstance(column.dtype, pl.List) and column.dtype.inner == pl.String:
        joined = there.list.join(", ")
        return _LISTS if joined.n_unique() > 1 and _mean_length(joined) <= LONG else None
    if column.dtype.is_numeric():
        numbered = name.lower().endswith("id") and there.n_unique() == len(there)
        return None if numbered or there.n_unique() < 2 else _NUMBERS
    if column.dtype.is_temporal():
        return _NUMBERS
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return None
    texts = there.cast(pl.String)
    if texts.n_unique() < min(2, len(texts)) or texts.str.contains(ADDRESS).mean() == 1:
        return None
    return _place_of_texts(texts)


def _place_of_texts(texts: pl.Series) -> int:
    length = _mean_length(texts)
    if length <= SHORT:
        return _LABELS if 2 * texts.n_unique() <= len(texts) else _TEXTS
    return _TEXTS if length <= LONG else _LONG


def _mean_length(texts: pl.Series) -> float:
    mean = texts.str.len_chars().mean()
    return float(mean) if isinstance(mean, int | float) else 0.0
