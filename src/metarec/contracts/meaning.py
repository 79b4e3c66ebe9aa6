"""What ratings, kinds of events and columns of items mean, as a shop declares it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from metarec.contracts.dataset_checks import refuse
from metarec.contracts.errors import DataError

Scale = tuple[float, float]
Roles = Mapping[str, tuple[str, ...]]
SCALES: tuple[Scale, ...] = (
    (0.0, 1.0), (1.0, 5.0), (0.5, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0)
)  # fmt: skip
"""The scales of ratings that are recognised, the smallest that holds all of them first."""
ROLES = (
    "text", "category", "number", "list", "date", "vector", "image", "audio", "ignore"
)  # fmt: skip
"""What a column of items may be said to be."""


def recognised_scale(values: pl.Series) -> Scale | None:
    """The first of `SCALES` that holds the ratings; None where none does.

    Ratings in half steps are half stars, whose lowest is 0.5, also where nobody gave that yet.
    """
    if not len(values):
        return SCALES[0]
    least, most = float(values.min()), float(values.max())  # type: ignore[arg-type]
    halves = ((values * 2) % 1 == 0).all() and (values % 1 != 0).any()
    for low, high in SCALES:
        if low <= least and most <= high and not (halves and (low, high) == (1.0, 5.0)):
            return low, high
    return None


def scale_of(given: Any) -> Scale:
    """A declared scale as two numbers; refused unless the first is below the second."""
    numbers = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
    sound = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    if len(numbers) != 2 or not sound or not all(map(math.isfinite, numbers)):
        raise DataError(f"a scale must be two numbers such as [1, 5], got {given!r}")
    if not numbers[0] < numbers[1]:
        told = f"such as [1, 5], got {given!r}"
        raise DataError(f"a scale must name the lowest rating first, {told}")
    return float(numbers[0]), float(numbers[1])


def unscaled(least: float, most: float) -> tuple[str, str, str]:
    """What was found, what was expected and what to do where no scale holds the ratings."""
    found = f"ratings from {least:,.10g} to {most:,.10g}"
    known = ", ".join(f"{low:g}-{high:g}" for low, high in SCALES)
    if least == most:
        least, most = min(least, 0.0), max(most, 0.0)
    declare = f"scale = [{least:.15g}, {most:.15g}]  (ratings on a scale of your own)"
    if least > 0:
        declare = f'feedback = "implicit"  (counts or weights)\n    or  {declare}'
    return (
        found,
        f"a known scale ({known}) or a declared one",
        f"put into dataset.toml (or pass) one of these lines:\n    {declare}",
    )


def check_scale(values: pl.Series, feedback: str, declared: Scale | None) -> None:
    """Refuse ratings outside the declared scale, or outside every scale that is recognised."""
    if feedback != "rating":
        if declared is not None:
            raise DataError("a scale is of ratings; implicit events have none")
        return
    if not len(values):
        return
    if declared is None and recognised_scale(values) is None:
        found, expected, fix = unscaled(float(values.min()), float(values.max()))  # type: ignore[arg-type]
        raise DataError(f"interactions, column value: found {found}, expected {expected}; {fix}")
    if declared is not None:
        low, high = declared
        refuse((values < low) | (values > high), values, f"a rating from {low:g} to {high:g}")


def kinds_of(name: str, given: Any) -> tuple[str, ...]:
    """Declared kinds of events as distinct, filled strings."""
    kinds = strings_of(given)
    if kinds is None:
        raise DataError(f'{name} must be a list of kinds such as ["buy"], got {given!r}')
    if len(set(kinds)) < len(kinds):
        raise DataError(f"{name} must name each kind once, got {given!r}")
    return kinds


def strings_of(given: Any) -> tuple[str, ...] | None:
    """A list of filled strings; None for anything else."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        return None
    return tuple(given) if all(isinstance(text, str) and text for text in given) else None


def trouble_with_kinds(
    there: Sequence[str] | None,
    target_kinds: Sequence[str],
    negative_kinds: Sequence[str],
    called: Callable[[str], str] = str,
) -> tuple[str, str, str] | None:
    """What was found, what was expected and what to do where declared kinds cannot hold.

    `there` are the kinds of the events, None where events have no kinds. Kinds must not contradict
    each other, and some event must have one of the targets. `called` names an argument for people.
    """
    if not (target_kinds or negative_kinds):
        return None
    target, negative = called("target_kinds"), called("negative_kinds")
    name = target if target_kinds else negative
    if there is None:
        fix = f"name the column of kinds event, or remove {name}"
        return "no such column", f"the kinds that {name} names", fix
    if both := set(target_kinds) & set(negative_kinds):
        found = f"{min(both)!r} in {target} and in {negative}"
        return found, "each kind in one of them", "remove it from one of them"
    if target_kinds and not set(there) & set(target_kinds):
        found = f"no event of the kinds {', '.join(target_kinds)}"
        fix = f"name one of the kinds there are: {', '.join(there)}"
        return found, f"events of the {target}", fix
    return None


def check_kinds(
    events: pl.DataFrame, target_kinds: Sequence[str], negative_kinds: Sequence[str]
) -> None:
    """Refuse kinds that contradict each other, and targets that no event has."""
    there = kinds_there(events)
    if not len(events) and not set(target_kinds) & set(negative_kinds):
        return
    if trouble := trouble_with_kinds(there, target_kinds, negative_kinds):
        found, expected, fix = trouble
        raise DataError(f"interactions, column event: found {found}, expected {expected}; {fix}")


def kinds_there(events: pl.DataFrame) -> list[str] | None:
    """The kinds of the events, in order; None where events have no kinds."""
    if "event" not in events.columns:
        return None
    return sorted(events["event"].cast(pl.String).drop_nulls().unique())


def roles_of(given: Any) -> dict[str, tuple[str, ...]]:
    """Declared roles of columns of items; each column has one."""
    if not isinstance(given, Mapping):
        raise DataError(f"roles must map a role to columns of items, got {given!r}")
    roles: dict[str, tuple[str, ...]] = {}
    for role, columns in given.items():
        if role not in ROLES:
            raise DataError(f"a role of columns must be one of {', '.join(ROLES)}, got {role!r}")
        listed = strings_of(columns)
        if listed is None:
            raise DataError(f'role {role} must list columns such as ["title"], got {columns!r}')
        for column in listed:
            if other := next((r for r, known in roles.items() if column in known), None):
                raise DataError(f"column {column!r} of items is said to be {other} and {role}")
        roles[role] = listed
    return roles


def check_roles(roles: Roles, columns: Sequence[str]) -> None:
    """Refuse a role of a column that is not there."""
    for role, named in roles.items():
        if missing := [column for column in named if column not in columns]:
            raise DataError(
                f"items have no column {missing[0]!r}, which is said to be {role}; "
                f"the columns are {', '.join(columns)}"
            )
