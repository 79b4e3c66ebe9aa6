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


def _plain(make: Callable[[], Recommender]) -> Maker:
    return lambda encoder: make()


ROWS: Mapping[str, Maker] = {
    "Random": _plain(rows.Random),
    "Popularity": _plain(rows.Popularity),
    "Trending": _plain(rows.Trending),
    "ItemMean": _plain(rows.ItemMean),
    "UserMean": _plain(rows.UserMean),
    "UserItemBias": _plain(rows.UserItemBias),
    "LikeShare": _plain(rows.LikeShare),
    "TextRidge": rows.TextRidge,
    "ContentKNN": rows.ContentKNN,
    "PredictedPopularity": rows.PredictedPopularity,
    "ItemKNN": _plain(rows.ItemKNN),
    "ItemKNN+recency": _plain(lambda: rows.ItemKNN(rows.ItemKNNConfig(recency=0.8))),
    "EASE": _plain(rows.EASE),
    "EASE+recency": _plain(lambda: rows.EASE(rows.EASEConfig(recency=0.8))),
    "IALS": _plain(rows.IALS),
    "IALS+recency": _plain(lambda: rows.IALS(rows.IALSConfig(recency=0.8))),
    "BPR": _plain(rows.BPR),
    "Cooccurrence": _plain(rows.Cooccurrence),
    "IALSRidge": rows.IALSRidge,
    "SASRec": rows.SASRec,
}
"""Every row of the comparison; each is made with the content encoder at hand."""

SLOW = ("SASRec",)
"""Rows that train for minutes or hours: "all" leaves them out, and their name asks for them."""

TRIVIAL: Mapping[str, tuple[str, ...]] = {
    "rating": ("Random", "Popularity", "ItemMean", "UserMean", "UserItemBias", "TextRidge"),
    "implicit": ("Random", "Popularity", "PredictedPopularity", "ItemKNN", "EASE+recency"),
}
"""What stands in every table, by the kind of values."""

FOR_RATINGS = ("ItemMean", "UserMean", "UserItemBias", "LikeShare", "TextRidge")


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


def row_of(
    name: str, encoder: Callable[[], Encoder], config: Callable[[type[Any]], Any]
) -> rows.BaseRecommender:
    """The unfitted row of a class of `metarec.recommenders`, with the settings of its kind."""
    kind = getattr(rows, name, None) if name in rows.__all__ else None
    if not (isinstance(kind, type) and issubclass(kind, rows.BaseRecommender)) or isabstract(kind):
        known = [other for other in ROWS if "+" not in other]
        raise DataError(
            f"no model is called {name!r}; there are: {', '.join([HEART, *known, 'Newest'])}"
        )
    settings = config(kind.Config)
    if issubclass(kind, rows.ContentRecommender):
        return kind(encoder(), settings)
    return kind(settings)
