"""What one column is used as, and why."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

Role = Literal["text", "category", "number", "list", "date", "vector", "image", "audio", "ignore"]
FILE_COLUMNS = ("image", "audio")
"""Columns of the folder format that hold relative paths, not text."""
UNREAD_MEDIA = "the path of a file; no encoder reads it yet"
EMPTY = "no row has a value"


@dataclass(frozen=True)
class ColumnRole:
    """What a column is used as; none of the roles, with the reason, where it is not used."""

    uses: tuple[Role, ...]
    """A text with few distinct values is also a category, a list of texts also text."""
    reason: str
    """Why it is used so, or why not."""

    @property
    def used(self) -> bool:
        """True if the column makes a feature."""
        return not set(self.uses) <= {"image", "audio", "ignore"}


def not_used(reason: str) -> ColumnRole:
    """A column without a role."""
    return ColumnRole((), reason)


def is_flat(kind: pl.DataType) -> bool:
    """True for a type of which each value can be written as one text or number."""
    return (
        kind == pl.String
        or isinstance(kind, pl.Categorical | pl.Enum)
        or kind.is_numeric()
        or kind.is_temporal()
    )
