"""Which items may stand in a list, and how long it may be."""

import warnings
from collections.abc import Sequence

import numpy as np
import polars as pl
from jaxtyping import Int

from metarec.contracts import Catalogue, DataError, UnknownItemWarning, whole_number


def candidate_rows(
    candidates: Sequence[str] | None, catalogue: Catalogue
) -> Int[np.ndarray, " candidate"]:
    """Rows of the items that may be recommended: the named ones that are offered, or all offered.

    A named item that is unknown cannot be recommended, so it is left out with an
    `UnknownItemWarning`; a retired one without.
    """
    if candidates is None:
        return np.flatnonzero(catalogue.offered)
    ids = checked_ids("candidates", candidates)
    found = catalogue.index(ids)
    if n_unknown := int((found < 0).sum()):
        first = ids[int(np.argmax(found < 0))]
        warnings.warn(
            f"{n_unknown} of {len(found)} candidates are not in the catalogue and were left out, "
            f"the first is {first!r}",
            UnknownItemWarning,
            stacklevel=4,
        )
    rows: Int[np.ndarray, " candidate"] = np.unique(found[found >= 0])
    rows = rows[catalogue.offered[rows]]
    return rows


def checked_ids(name: str, ids: object) -> list[str]:
    """The item ids as a list; raises DataError where they are no sequence of strings."""
    if isinstance(ids, str | bytes) or not isinstance(ids, Sequence | np.ndarray | pl.Series):
        got = f"one string {ids!r}" if isinstance(ids, str | bytes) else type(ids).__name__
        raise DataError(f"{name} must be a sequence of item ids, such as a list, got {got}")
    listed = list(ids)
    for place, item_id in enumerate(listed):
        if not isinstance(item_id, str):
            raise DataError(
                f"{name} must hold item ids, which are strings, got {item_id!r} at place {place}"
            )
    return listed


def checked_flag(name: str, value: object) -> bool:
    """`value` as a bool; raises DataError for anything that is only taken for one."""
    if not isinstance(value, bool | np.bool_):
        raise DataError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def list_length(k: object, catalogue: Catalogue) -> int:
    """How many places a list has: `k`, and no more than there are items."""
    return min(whole_number("k", k), max(1, len(catalogue)))
