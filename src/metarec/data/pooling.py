"""Several shops as one, from which one prior can be learned."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import polars as pl

from metarec.contracts import Catalogue, DataError
from metarec.contracts.dataset import Dataset
from metarec.contracts.vocabulary import vocabulary_of
from metarec.contracts.wording import written

TIME = "timestamp"
ALIKE: dict[str, Callable[[Dataset], Any]] = {
    "feedback": lambda shop: shop.feedback,
    "scale of ratings": lambda shop: shop.scale if shop.feedback == "rating" else None,
    "clock": lambda shop: shop.clock,
    "rule of repeats": lambda shop: shop.repeats,
    "target_kinds": lambda shop: tuple(sorted(shop.target_kinds)),
    "negative_kinds": lambda shop: tuple(sorted(shop.negative_kinds)),
}
"""What an event means: it must mean the same in all shops."""


def pool_shops(shops: Sequence[Dataset]) -> Dataset:
    """The people and the items of all shops, whose ids become `shop/id`: ids of two shops never
    meet, even where they are the same strings.

    Columns of one name are one column. Raises DataError where an event of one shop would mean
    something else in another, or a column hold something else.
    """
    _check(shops)
    first = shops[0]
    return replace(
        first,
        name=" + ".join(shop.name for shop in shops),
        catalogue=_catalogue(shops),
        user_ids=vocabulary_of(i for shop in shops for i in pooled_ids(shop, shop.user_ids)),
        interactions=_events(shops),
        users=_profiles(shops),
        triples=_linked(shops, "triples", ("head", "tail")),
        edges=_linked(shops, "edges", ("user_id", "other_id")),
        declared_scale=first.scale if first.feedback == "rating" else None,
        roles=_roles(shops),
        licence="; ".join(dict.fromkeys(shop.licence for shop in shops if shop.licence)),
        dropped=_summed(shops),
        notes=tuple(f"{shop.name}: {note}" for shop in shops for note in shop.notes),
    )


def _check(shops: Sequence[Dataset]) -> None:
    if isinstance(shops, Dataset) or not shops:
        raise DataError("give a list of shops, such as [mr.load(one), mr.load(other)]")
    for shop in shops:
        if not isinstance(shop, Dataset):
            raise DataError(
                f"a shop must be a Dataset, as load(folder) gives it, got {type(shop).__name__}"
            )
    names = [shop.name for shop in shops]
    if repeated := [name for name in names if not name or names.count(name) > 1]:
        raise DataError(
            f"shops are told apart by their names, and {names.count(repeated[0])} are called "
            f"{repeated[0]!r}; give each its own: {_said_of('name', '...')}"
        )
    for name, longer in permutations(names, 2):
        if longer.startswith(f"{name}/"):
            raise DataError(
                f"ids become shop/id, and those of {name!r} and {longer!r} could meet; give one of "
                f"them another name: {_said_of('name', '...')}"
            )
    for what, of in ALIKE.items():
        first, other = shops[0], next((s for s in shops if of(s) != of(shops[0])), None)
        if other is not None:
            raise DataError(
                f"shops of one model need the same {what}; {first.name!r} has {of(first)!r} and "
                f"{other.name!r} {of(other)!r}{_remedy(what)}"
            )


def _remedy(what: str) -> str:
    """What to do where shops differ in what an event means."""
    if what == "feedback":
        how = written("shop.as_events()", 'feedback = "implicit" in dataset.toml')
        return f"; {how} takes ratings as events"
    if what == "scale of ratings":
        return "; declare the same: " + written(
            "dataclasses.replace(shop, declared_scale=(1, 5))", "scale = [1, 5] in dataset.toml"
        )
    if what == "clock":
        return f"; {_said_of('clock', '...')} says what they share" + written(
            ", None at the least", ""
        )
    return ""


def _said_of(name: str, value: str) -> str:
    """How a shop is told something of itself."""
    return written(
        f"dataclasses.replace(shop, {name}={value})", f"{name} = {value} in dataset.toml"
    )


def pooled_ids(shop: Dataset, ids: Iterable[str]) -> list[str]:
    """What ids of a shop are called among those of several."""
    return [f"{shop.name}/{own}" for own in ids]


def _catalogue(shops: Sequence[Dataset]) -> Catalogue:
    return Catalogue(
        vocabulary_of(i for shop in shops for i in pooled_ids(shop, shop.catalogue.ids)),
        _rows("items", shops, [(shop.catalogue.frame, len(shop.catalogue)) for shop in shops]),
        np.concatenate([shop.catalogue.offered for shop in shops]),
    )


def _events(shops: Sequence[Dataset]) -> pl.DataFrame:
    users = np.cumsum([0] + [len(shop.user_ids) for shop in shops])
    items = np.cumsum([0] + [len(shop.catalogue) for shop in shops])
    told = [shop.interactions for shop in shops]
    if len({TIME in events.columns for events in told}) > 1:  # no clock, so the order of rows
        told = [shop.interactions[shop.order].drop(TIME, strict=False) for shop in shops]
    moved = [
        events.with_columns(
            pl.col("user").cast(pl.Int64) + int(user), pl.col("item").cast(pl.Int64) + int(item)
        )
        for events, user, item in zip(told, users[:-1], items[:-1], strict=True)
    ]
    return _stacked("interactions", shops, moved)


def _profiles(shops: Sequence[Dataset]) -> pl.DataFrame | None:
    if all(shop.users is None for shop in shops):
        return None
    return _rows("users", shops, [(shop.users, len(shop.user_ids)) for shop in shops])


def _rows(
    table: str, shops: Sequence[Dataset], parts: Sequence[tuple[pl.DataFrame | None, int]]
) -> pl.DataFrame:
    """One table of so many rows below the other, nulls of a shop that has no column."""
    filled = [
        frame if frame is not None and frame.width else pl.DataFrame({"": [None] * n})
        for frame, n in parts
    ]
    return _stacked(table, shops, filled).drop("", strict=False)


def _linked(shops: Sequence[Dataset], table: str, ids: Sequence[str]) -> pl.DataFrame | None:
    found = [
        (
            shop,
            getattr(shop, table).with_columns(
                (pl.lit(f"{shop.name}/") + pl.col(name)).alias(name) for name in ids
            ),
        )
        for shop in shops
        if getattr(shop, table) is not None
    ]
    return _stacked(table, *zip(*found, strict=True)) if found else None


def _stacked(table: str, shops: Sequence[Dataset], frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One frame below the other; nulls where one lacks a column of another."""
    known: dict[str, tuple[str, pl.DataType]] = {}
    for shop, frame in zip(shops, frames, strict=True):
        for column, dtype in frame.schema.items():
            name, other = known.setdefault(column, (shop.name, dtype))
            if dtype != other and not (dtype.is_numeric() and other.is_numeric()):
                if pl.Null in (dtype, other):
                    continue
                raise DataError(
                    f"{table}, column {column}: {other} in {name!r} and {dtype} in {shop.name!r}; "
                    "cast one of them, or rename it"
                )
    return pl.concat(frames, how="diagonal_relaxed")


def _roles(shops: Sequence[Dataset]) -> dict[str, tuple[str, ...]]:
    """The declared roles of all; what is declared in one shop holds for a column of that name in
    all of them."""
    role_of: dict[str, tuple[str, str]] = {}
    for shop in shops:
        for role, columns in shop.roles.items():
            for column in columns:
                name, known = role_of.setdefault(column, (shop.name, role))
                if known != role:
                    raise DataError(
                        f"items, column {column}: said to be {known} in {name!r} and {role} in "
                        f"{shop.name!r}; declare it alike, or rename it"
                    )
    roles = dict.fromkeys(role for _, role in role_of.values())
    return {
        role: tuple(column for column, (_, own) in role_of.items() if own == role) for role in roles
    }


def _summed(shops: Sequence[Dataset]) -> dict[str, int]:
    total = Counter[str]()
    for shop in shops:
        total.update(shop.dropped)
    return dict(total)
