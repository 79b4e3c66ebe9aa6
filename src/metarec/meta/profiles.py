"""What is known of a person beside events, checked at the door."""

import datetime
from collections.abc import Iterable
from typing import Any

import polars as pl

from metarec.contracts import DataError
from metarec.encoders import TabularFeatures

PLAIN = (str, int, float, bool, datetime.date, type(None))


def check_columns(names: Iterable[str], known: TabularFeatures) -> None:
    """Refuse columns that the model has never seen: a misspelt one would say nothing."""
    columns = known.columns
    if unknown := sorted(set(names) - columns):
        raise DataError(f"the profile has {unknown}; the model knows {sorted(columns)}")


def copied(name: str, value: Any) -> Any:
    """The value of one column of a profile, as a copy."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()  # a number of NumPy
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, list | tuple) and all(isinstance(part, PLAIN) for part in value):
        return list(value)
    raise DataError(
        f"the profile's {name} must be text, a number or a list of them, got "
        f"{type(value).__name__} {value!r}"
    )


def checked_table(table: pl.DataFrame, known: TabularFeatures) -> pl.DataFrame:
    """The profiles of many people; a misspelt column would say nothing, silently.

    The table of a dataset has columns that no feature was made of, so others may stand beside.
    """
    wanted = known.columns
    if missing := sorted(wanted - set(table.columns)):
        raise DataError(
            f"the profiles lack {missing}, they have {table.columns}; name each column as in the "
            "table of the fit, with null where nothing is known"
        )
    return table
