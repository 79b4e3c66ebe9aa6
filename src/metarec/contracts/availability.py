"""The reserved columns `available_from` and `available_until`: when an item is on offer.

Seconds since 1970; an item is on offer from the first, and until just before the second. Nothing
means: always before, or always after.
"""

import math
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Bool, Float

from metarec.contracts.errors import DataError

FROM, UNTIL = "available_from", "available_until"
WINDOW = (FROM, UNTIL)
EXPECTED = "seconds since 1970, or a date or time such as 2026-12-01 or 2026-12-01T09:30:00Z"


def in_seconds(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with its window, where it has one, as seconds since 1970; times without a zone are
    in UTC. Raises DataError for what is no time."""
    read = []
    for name in [name for name in WINDOW if name in frame.columns]:
        column = frame[name]
        if column.dtype == pl.Float64 and not column.drop_nulls().is_finite().all():
            raise DataError(f"column {name} must hold {EXPECTED}, or nothing; it holds no numbers")
        if column.dtype.is_numeric() or column.dtype == pl.Null:
            read.append(column.cast(pl.Float64))
            continue
        kinds = column.drop_nulls().unique()
        seconds = [_seconds(name, value) for value in kinds]
        read.append(column.replace_strict(kinds, seconds, default=None, return_dtype=pl.Float64))
    return frame.with_columns(read)


def window_of(
    frame: pl.DataFrame,
) -> tuple[Float[np.ndarray, " item"], Float[np.ndarray, " item"]] | None:
    """From when and until when each item is on offer; None where the table says nothing of it."""
    ends = []
    for name, always in ((FROM, -math.inf), (UNTIL, math.inf)):
        told = frame[name].cast(pl.Float64) if name in frame.columns else None
        ends.append(
            np.full(len(frame), always) if told is None else told.fill_null(always).to_numpy()
        )
    first, last = ends
    return None if np.isinf(first).all() and np.isinf(last).all() else (first, last)


def checked_moment(
    moment: object, name: str = "at", expected: str = "a moment in seconds since 1970"
) -> float:
    """The moment as a number; raises DataError, by its name, where it is none."""
    if isinstance(moment, bool) or not isinstance(moment, int | float) or not math.isfinite(moment):
        raise DataError(f"{name} must be {expected}, got {moment!r}")
    return float(moment)


def open_at(
    window: tuple[Float[np.ndarray, " item"], Float[np.ndarray, " item"]], at: float
) -> Bool[np.ndarray, " item"]:
    """True for the items that are on offer at a moment."""
    return (window[0] <= at) & (at < window[1])


def _seconds(name: str, value: Any) -> float | None:
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value) if value.strip() else None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        if value is None:
            return None
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        pass
    raise DataError(f"column {name} must hold {EXPECTED}, or nothing; it holds {value!r}")
