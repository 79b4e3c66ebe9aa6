"""What a dataset made by hand must keep; what the readers give has been checked row by row."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metarec.contracts.errors import DataError


def check_choice(name: str, given: object, choices: Iterable[object]) -> None:
    """Refuse a word that is none of those that have a meaning."""
    allowed = list(choices)
    if given not in allowed:
        listed = ", ".join(repr(choice) for choice in allowed)
        raise DataError(f"{name} must be one of {listed}, got {given!r}")


def check_user_ids(ids: Any) -> None:
    """Refuse ids that are no array of distinct, filled strings."""
    if not isinstance(ids, np.ndarray) or ids.ndim != 1 or ids.dtype != object:
        got = f"{ids.dtype} of shape {ids.shape}" if isinstance(ids, np.ndarray) else type(ids)
        raise DataError(
            f"user_ids must be a one-dimensional array of strings, got {got}; "
            "metarec.contracts.vocabulary_of(ids) makes one"
        )
    wrong = [i for i in ids if not isinstance(i, str) or not i] if odd_types(ids) else []
    if wrong:
        raise DataError(f"user_ids must be strings that are not empty, got {wrong[0]!r}")
    if len(set(ids)) < len(ids):
        names = pl.Series(ids.tolist())
        row = (~names.is_first_distinct()).to_list().index(True)
        raise DataError(f"user_ids, row {row}: found {ids[row]!r} again, expected a new id")


def odd_types(ids: NDArray[np.object_]) -> bool:
    """True if some id is no plain string, or empty; quick where all is well."""
    return set(map(type, ids)) - {str} != set() or "" in ids


def check_height(name: str, frame: pl.DataFrame | None, expected: int, owners: str) -> None:
    """Refuse a table that has not one row for each owner."""
    if frame is not None and frame.width and len(frame) != expected:
        raise DataError(
            f"{name} must have {expected} rows, one for each of the {owners} in their order, "
            f"got {len(frame)}"
        )


def check_columns(name: str, frame: pl.DataFrame | None, needed: Sequence[str]) -> None:
    """Refuse a table without one of its columns."""
    missing = [] if frame is None else [c for c in needed if c not in frame.columns]
    if frame is not None and missing:
        raise DataError(f"{name} need a column {missing[0]!r}, got {frame.columns}")


def check_links(name: str, frame: pl.DataFrame | None, ends: Sequence[str]) -> None:
    """Refuse a table of links with an end that is no filled string."""
    check_columns(name, frame, ends)
    if frame is None:
        return
    for column in ends:
        told = frame[column]
        if told.dtype != pl.String:
            raise DataError(f"{name}: column {column!r} must hold strings, got {told.dtype}")
        wrong = (told.is_null() | (told == "")).fill_null(True)
        if wrong.any():
            row = wrong.to_list().index(True)
            raise DataError(
                f"{name}, row {row}: found {told[row]!r} in {column!r}, expected a string that is "
                "not empty"
            )


def check_events(
    events: pl.DataFrame, feedback: str, clock: str | None, n_users: int, n_items: int
) -> None:
    """Refuse events that speak of nobody, of nothing, or not in finite numbers."""
    check_columns("interactions", events, ("user", "item", "value"))
    check_indices(events["user"], n_users, "user_ids")
    check_indices(events["item"], n_items, "the catalogue")
    check_numbers(events["value"])
    if feedback == "implicit":
        refuse(events["value"] <= 0, events["value"], "a weight above 0 (the events are implicit)")
    if "timestamp" in events.columns:
        check_numbers(events["timestamp"])
    elif clock is not None:
        raise DataError(
            f"clock={clock!r} needs a column 'timestamp' of interactions, got "
            f"{events.columns}; pass clock=None for the order of rows"
        )
    if "event" in events.columns and not is_text(events.schema["event"]):
        raise DataError(
            f"interactions, column event: found {events.schema['event']}, expected text"
        )
    if events.schema.get("text", pl.String) not in (pl.String, pl.Null):
        raise DataError(f"interactions, column text: found {events.schema['text']}, expected text")
    if named := {"user_id", "item_id"} & set(events.columns):
        raise DataError(
            f"interactions may have no column {min(named)!r}: `user` and `item` are rows of "
            "user_ids and of the catalogue, which hold the ids"
        )


def check_indices(rows: pl.Series, n_owners: int, owners: str) -> None:
    """Refuse what is no row of `owners`."""
    expected = f"a row of {owners} (0 to {n_owners - 1})" if n_owners else f"none: no {owners}"
    check_kind(rows, rows.dtype.is_integer(), "whole numbers")
    refuse(rows.is_null(), rows, expected)
    low, high = rows.min(), rows.max()
    if len(rows) and (low < 0 or high >= n_owners):  # type: ignore[operator]
        refuse((rows < 0) | (rows >= n_owners), rows, expected)


def check_numbers(numbers: pl.Series) -> None:
    """Refuse what is no finite number."""
    check_kind(numbers, numbers.dtype.is_numeric(), "numbers")
    refuse(numbers.is_null(), numbers, "a finite number")
    if numbers.dtype.is_float():
        refuse(~numbers.is_finite(), numbers, "a finite number")


def check_kind(column: pl.Series, fits: bool, expected: str) -> None:
    """Refuse a column of another type; one without rows may have any."""
    if len(column) and not fits:
        raise DataError(
            f"interactions, column {column.name}: found {column.dtype}, expected {expected}"
        )


def is_text(kind: pl.DataType) -> bool:
    """True for a type that names kinds of events."""
    return kind in (pl.String, pl.Null) or isinstance(kind, pl.Categorical | pl.Enum)


def refuse(bad: pl.Series, column: pl.Series, expected: str) -> None:
    """Name the first row where `bad` is true."""
    if bad.any():
        row = bad.to_list().index(True)
        count = f" ({int(bad.sum()):,} rows are wrong)" if bad.sum() > 1 else ""
        raise DataError(
            f"interactions, row {row} (from 0), column {column.name}: "
            f"found {column[row]!r}, expected {expected}{count}"
        )
