"""Which items may stand in a list, and how long it may be."""

import warnings
from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Int

from metarec.contracts import Catalogue, DataError, UnknownItemWarning, whole_number
from metarec.contracts.events import as_string
from metarec.contracts.vocabulary import forms_told
from metarec.contracts.wording import argument


def candidate_rows(
    candidates: Collection[str] | None, catalogue: Catalogue, at: float | None = None
) -> Int[np.ndarray, " candidate"]:
    """Rows of the items that may be recommended at the moment `at`: the named ones that are
    offered, or all offered.

    A named item that is unknown cannot be recommended, so it is left out with an
    `UnknownItemWarning`; a retired one without.
    """
    if candidates is None:
        return np.flatnonzero(catalogue.on_offer(at))
    named = in_some_order(candidates)
    rows = np.unique(found_rows(argument("candidates"), named, catalogue, noun="candidates"))
    return rows[catalogue.on_offer(at)[rows]]


def found_rows(
    name: str,
    ids: object,
    catalogue: Catalogue,
    *,
    noun: str,
    told: str = "were left out",
    keep: bool = False,
    stacklevel: int = 5,
) -> Int[np.ndarray, " id"]:
    """Row of each named item; unknown ones warn, and are left out or, with `keep`, are -1."""
    listed = checked_ids(name, ids)
    found = catalogue.index(listed)
    if n_unknown := int((found < 0).sum()):
        unknown = [item_id for item_id, row in zip(listed, found, strict=True) if row < 0]
        form = forms_told(unknown, catalogue.vocabulary)
        warnings.warn(
            f"{n_unknown} of {len(found)} {noun} are not in the catalogue and {told}, "
            f"the first is {unknown[0]!r}" + (f"; {form}" if form else ""),
            UnknownItemWarning,
            stacklevel=stacklevel,
        )
    return found if keep else found[found >= 0]


def checked_ids(name: str, ids: object) -> list[str]:
    """The item ids as a list; raises DataError where they are no sequence of strings.

    A column of Polars, pandas or Arrow is a sequence too.
    """
    for as_list in ("to_pylist", "to_list", "tolist"):
        if hasattr(ids, as_list):
            ids = getattr(ids, as_list)()
            break
    if isinstance(ids, str | bytes) or not isinstance(ids, Sequence):
        got = f"one string {ids!r}" if isinstance(ids, str | bytes) else type(ids).__name__
        raise DataError(f"{name} must be a sequence of item ids, such as a list, got {got}")
    listed = list(ids)
    for place, item_id in enumerate(listed):
        if not isinstance(item_id, str):
            raise DataError(
                f"{name} must hold item ids, which are strings, got {item_id!r} at place {place}"
                + as_string(item_id)
            )
    return listed


def in_some_order(ids: object) -> object:
    """A set as a list, where the order of ids means nothing; everything else as it is."""
    if isinstance(ids, set | frozenset) and all(isinstance(i, str) for i in ids):
        return sorted(ids)
    return ids


def checked_flag(name: str, value: object) -> bool:
    """`value` as a bool; raises DataError for anything that is only taken for one."""
    if not isinstance(value, bool | np.bool_):
        raise DataError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def list_length(k: object, catalogue: Catalogue) -> int:
    """How many places a list has: `k`, and no more than there are items."""
    return min(whole_number("k", k), max(1, len(catalogue)))
