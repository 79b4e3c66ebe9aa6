"""A table as it was read, which still knows the file and the line of each row."""

from dataclasses import dataclass, replace

import polars as pl


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of one file. Text formats give String columns, typed formats their own types.

    `places` holds each row's line in the file where it is not simply `first` plus the row.
    """

    frame: pl.DataFrame
    file: str
    first: int = 1
    places: pl.Series | None = None
    untyped: bool = False
    """True if every cell is text because the format knows no types."""

    @property
    def lines(self) -> pl.Series:
        """Line (text) or row (Parquet) of each row, from 1."""
        if self.places is not None:
            return self.places
        return pl.int_range(self.first, self.first + len(self.frame), eager=True)

    def keep(self, mask: pl.Series) -> "Table":
        """The rows where `mask` is true; they keep their lines."""
        return replace(self, frame=self.frame.filter(mask), places=self.lines.filter(mask))

    def with_frame(self, frame: pl.DataFrame) -> "Table":
        """Other columns for the same rows."""
        return replace(self, frame=frame)


@dataclass(frozen=True, eq=False)
class Tables:
    """All that a reader found, before validation, and what it knows about the meaning.

    `items` is None for a source that lists no items: they are then those that occur in the
    interactions. `value`, `timestamp` and `repeats` are None where the source does not say.
    """

    name: str
    interactions: Table
    items: Table | None = None
    users: Table | None = None
    triples: Table | None = None
    edges: Table | None = None
    value: str | None = None
    timestamp: str | None = None
    repeats: str | None = None
    licence: str = ""
