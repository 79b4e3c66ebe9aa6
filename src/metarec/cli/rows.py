"""Which recommenders a comparison holds, by name."""

from collections.abc import Callable, Mapping
from inspect import isabstract
from typing import Any

from metarec import recommenders as rows
from metarec.cli.mapping import words_of
from metarec.contracts import DataError, Encoder, Recommender
from metarec.meta import MetaConfig, MetaRecommender

HEART = "MetaRecommender"

Maker = Callable[[Encoder], Recommender]
Kind = type[rows.BaseRecommender]


def _kind_of(name: str) -> Kind | None:
    """The public row of this name; None where there is none that could be made."""
    kind = getattr(rows, name, None) if name in rows.__all__ else None
    is_row = isinstance(kind, type) and issubclass(kind, rows.BaseRecommender)
    return kind if is_row and not isabstract(kind) else None


def reads_content(kind: type[Any]) -> bool:
    """Whether models of a kind are made with an encoder of content."""
    return issubclass(kind, MetaRecommender | rows.ContentRecommender)


def made(kind: type[Any], encoder: Encoder | None, config: Any) -> Any:
    """The unfitted model of a class, with an encoder where it reads content."""
    return kind(encoder, config) if reads_content(kind) else kind(config)


def _maker(kind: Kind, **settings: Any) -> Maker:
    return lambda encoder: made(kind, encoder, kind.Config(**settings))


NOT_COMPARED = ("Newest",)
"""Rows that ask for a column of the shop, which is told by hand."""
WITH_RECENCY = ("ItemKNN", "EASE", "IALS")
"""Rows that stand in a comparison once more, as NAME+recency: events weigh 0.8 to their age."""

KINDS: Mapping[str, Kind] = {
    name: kind
    for name in sorted(rows.__all__, key=str.lower)
    if name not in NOT_COMPARED and (kind := _kind_of(name)) is not None
}
ROWS: Mapping[str, Maker] = {
    **{name: _maker(kind) for name, kind in KINDS.items()},
    **{f"{name}+recency": _maker(KINDS[name], recency=0.8) for name in WITH_RECENCY},
}
"""Every row of the comparison; each is made with the content encoder at hand."""

SLOW = tuple(name for name, kind in KINDS.items() if kind.trains_in_steps)
"""Rows that train for minutes or hours: "all" leaves them out, and their name asks for them."""

TRIVIAL: Mapping[str, tuple[str, ...]] = {
    "rating": ("Random", "Popularity", "ItemMean", "UserMean", "UserItemBias", "TextRidge"),
    "implicit": ("Random", "Popularity", "PredictedPopularity", "ItemKNN", "EASE+recency"),
}
"""What stands in every table, by the kind of values."""

FOR_RATINGS = tuple(name for name, kind in KINDS.items() if kind.reads_ratings)
"""Rows that have nothing to learn where events are implicit."""


def check_names(names: str) -> list[str]:
    """The names of "a,b,c", or of "all" that fit soon; refuses one that no model has."""
    quick = [HEART, *(name for name in ROWS if name not in SLOW)]
    wanted = quick if names == "all" else list(words_of(names))
    unknown = [name for name in wanted if name not in ROWS and name != HEART]
    if unknown or not wanted:
        known = ", ".join([HEART, *ROWS])
        told = f"no model is called {', '.join(unknown)}" if unknown else "no model is named"
        raise DataError(f"{told}; there are: {known}, or all")
    return wanted


def models_of(
    names: str, value: str, encoder: Encoder, config: MetaConfig
) -> dict[str, Recommender]:
    """The unfitted models of "a,b,c", or of "all" that fit the kind of values.

    The trivial rows are always among them.
    """
    wanted = check_names(names)
    if names == "all" and value == "implicit":
        wanted = [name for name in wanted if name not in FOR_RATINGS]
    listed = dict.fromkeys([*wanted, *TRIVIAL[value]])
    return {
        name: MetaRecommender(encoder, config) if name == HEART else ROWS[name](encoder)
        for name in listed
    }


def kind_named(name: str) -> type[Any]:
    """The class of the heart, or of a row of `metarec.recommenders`, by its name."""
    kind = MetaRecommender if name == HEART else _kind_of(name)
    if kind is None:
        known = ", ".join([HEART, *KINDS, *NOT_COMPARED])
        raise DataError(f"no model is called {name!r}; there are: {known}")
    return kind


def row_of(
    name: str, encoder: Callable[[], Encoder], config: Callable[[type[Any]], Any]
) -> rows.BaseRecommender:
    """The unfitted row of a class of `metarec.recommenders`, with the settings of its kind."""
    kind = kind_named(name)
    settings = config(kind.Config)
    row: rows.BaseRecommender = made(kind, encoder() if reads_content(kind) else None, settings)
    return row
