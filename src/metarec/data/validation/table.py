"""A table as it was read, which still knows the file and the line of each row."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from metarec.contracts.meaning import Roles, Scale
from metarec.data.validation.dates_as_text import DateOrder


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
    decimal: str = "."
    """The decimal mark that the file's separator makes likely."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The file's own name of a column, where the reader renamed it."""
    settled: bool = False
    """True if we wrote the file: its names are ours, and none is guessed."""

    @property
    def lines(self) -> pl.Series:
        """Line (text) or row (Parquet) of each row, from 1."""
        if self.places is not None:
            return self.places
        return pl.int_range(self.first, self.first + len(self.frame), eager=True)

    def keep(self, mask: pl.Series) -> "Table":
        """The rows where `mask` is true; they keep their lines."""
        return replace(self, frame=self.frame.filter(mask), places=self.lines.filter(mask))

    def gather(self, order: pl.Series) -> "Table":
        """The rows in another order; they keep their lines."""
        return replace(self, frame=self.frame[order], places=self.lines.gather(order))

    def renamed(self, columns: Mapping[str, str]) -> "Table":
        """The table with our column names (keys) for the file's own (values); others stay.

        A column of the file that is not there stays missing, and validation reports it. One of
        the file's other columns that already has one of our names is left out.
        """
        there = {ours: own for ours, own in columns.items() if own in self.frame.columns}
        taken = [c for c in self.frame.columns if c in columns and c not in there.values()]
        frame = self.frame.drop(taken).rename({own: ours for ours, own in there.items()})
        names = {ours: self.names.get(own, own) for ours, own in columns.items()}
        return replace(self, frame=frame, names={**self.names, **names})

    def with_frame(self, frame: pl.DataFrame, *, untyped: bool | None = None) -> "Table":
        """Other columns for the same rows."""
        return replace(self, frame=frame, untyped=self.untyped if untyped is None else untyped)


@dataclass(frozen=True, eq=False)
class Tables:
    """All that a reader found, before validation, and what it knows about the meaning.

    `interactions` is None where the file is missing or cannot be read, which the reader reports.
    `items` is None for a source that lists no items: they are then those that occur in the
    interactions. `feedback`, `clock`, `repeats` and `scale` are None where the source does not say.
    """

    name: str
    interactions: Table | None
    items: Table | None = None
    users: Table | None = None
    triples: Table | None = None
    edges: Table | None = None
    feedback: str | None = None
    clock: str | None = None
    repeats: str | None = None
    scale: Scale | None = None
    target_kinds: tuple[str, ...] = ()
    negative_kinds: tuple[str, ...] = ()
    roles: Roles = field(default_factory=dict)
    licence: str = ""
    dates: DateOrder | None = None
    """What comes first in dates such as 12/11/2024, where that was said."""
