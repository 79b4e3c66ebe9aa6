"""Which column of a table is which of ours, by the names that people give to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Literal

from metarec.contracts import DataError
from metarec.data.known_names import OTHER_THINGS, PEOPLE, SYNONYMS, THINGS, WEIGHTS, words

TableKind = Literal["interactions", "items", "users"]
Given = Mapping[str, str | None]
"""Our names to the table's own; None where the table has no such column, whatever it looks like."""

OURS: Mapping[TableKind, tuple[str, ...]] = MappingProxyType({
    "interactions": ("user_id", "item_id", "value", "timestamp", "event", "text"),
    "items": ("item_id", "offered", "image", "audio"),
    "users": ("user_id",),
})  # fmt: skip
EXACT = {"event": ("event", "kind")}
"""Names that are ours to the letter, where there is more than the one."""


@dataclass(frozen=True)
class Naming:
    """Our names to the table's own, and how sure that is."""

    columns: Mapping[str, str]
    """Every column of ours that the table has: as it is, as given, or as guessed."""
    guessed: Mapping[str, str]
    """Those of them that were recognised by another name."""
    clashes: Mapping[str, Sequence[str]]
    """The columns that might each be this one of ours, where there are several."""
    missing: Mapping[str, str]
    """What was given and is no column of the table."""
    passed_over: Mapping[str, Sequence[str]]
    """The columns that have vaguer names for what was recognised by another."""


def recognise(
    names: Sequence[str],
    table: TableKind = "interactions",
    given: Given | None = None,
    prefer: str | None = None,
) -> Naming:
    """Find our columns among a table's names.

    What is `given` counts first, then our own names, then synonyms, whatever their case and
    separators. `prefer` is what the events call the ids of the table, which then decides among
    several. Raises DataError where `given` names a column that is none of ours.

    >>> recognise(["customer_no", "sku", "qty", "colour"]).columns
    {'user_id': 'customer_no', 'item_id': 'sku', 'value': 'qty'}
    """
    given = given or {}
    check_given(given, table)
    missing = {ours: own for ours, own in given.items() if own is not None and own not in names}
    columns = {ours: own for ours, own in given.items() if own is not None and own in names}
    guessed: dict[str, str] = {}
    clashes: dict[str, list[str]] = {}
    passed_over: dict[str, list[str]] = {}
    for ours in OURS[table]:
        if ours in given:
            continue
        free = [name for name in names if name not in columns.values()]
        exact = [name for name in free if name in EXACT.get(ours, (ours,))]
        found, *vaguer = [exact] if exact else candidates(free, ours, table, prefer)
        if len(found) > 1:
            clashes[ours] = found
        elif found:
            columns[ours] = found[0]
            if not exact:
                guessed[ours] = found[0]
                passed_over[ours] = list(dict.fromkeys(chain(*vaguer)))
    others = {ours: left for ours, names in passed_over.items() if (left := unread(names, columns))}
    return Naming(columns, guessed, clashes, missing, others)


def unread(names: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """Those of the names that are no column of ours."""
    return [name for name in names if name not in columns.values()]


def candidates(
    names: Sequence[str], ours: str, table: TableKind, prefer: str | None
) -> list[list[str]]:
    """The names that may stand for this column of ours, the most telling synonyms first.

    A name that the events have for the same ids is sure, and none is named beside it.
    """
    free = [name for name in names if not is_ours(name, table)]
    tiers = [frozenset([plain(ours)]), *SYNONYMS.get(ours, ())]
    if table != "interactions" and ours in ("user_id", "item_id"):
        if prefer and (same := [name for name in free if plain(name) == plain(prefer)]):
            return [same]
        tiers += [frozenset(["id"])]
    found = [[name for name in free if plain(name) in tier] for tier in tiers]
    return [names for names in found if names] or [[]]


def is_ours(name: str, table: TableKind) -> bool:
    """True if the name is one of ours to the letter, and so stands for nothing else."""
    return any(name in EXACT.get(ours, (ours,)) for ours in OURS[table])


def plain(name: str) -> str:
    """A name without case and separators.

    >>> plain("Customer No.")
    'customerno'
    """
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def is_weight(name: str) -> bool:
    """True if a value of that name weighs an implicit event and is no rating."""
    return plain(name) in WEIGHTS


def check_given(given: Given, table: TableKind) -> None:
    """Refuse a mapping of names that are not ours, or of one column to two of ours."""
    ours = OURS[table]
    for name in given:
        if name not in ours:
            meant = [mine for mine in ours if plain(name) in tiers_of(mine)]
            hint = f"; did you mean {meant[0]}={given[name]}?" if meant else ""
            raise DataError(
                f"no column of ours is called {name!r} (in {name}={given[name]}): those of "
                f"{table} are {', '.join(ours)}{hint}"
            )
    taken = [own for own in given.values() if own is not None]
    for own in taken:
        if taken.count(own) > 1:
            both = " and ".join(name for name, value in given.items() if value == own)
            raise DataError(f"column {own!r} is given as {both}; it can be one of them")


def tiers_of(ours: str) -> Iterable[str]:
    """Every synonym of one of our columns."""
    return frozenset[str]().union(*SYNONYMS.get(ours, ()), map(plain, EXACT.get(ours, ())))


def likely(names: Iterable[str], ours: str) -> str | None:
    """The first of the names that may well stand for ids of ours, to be an example."""
    free = list(names)
    things = PEOPLE if ours == "user_id" else THINGS | OTHER_THINGS | words("sku code")
    named = [name for name in free if any(thing in plain(name) for thing in things)]
    ended = [name for name in free if ours == "item_id" and plain(name).endswith("id")]
    return next(iter(named + ended), None)
