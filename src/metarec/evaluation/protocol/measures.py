"""The measures of an evaluation by name: which formula, over what, and which way is better."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Float

import metarec.metrics as metrics
from metarec.contracts import DataError
from metarec.contracts.pieces import pieces
from metarec.evaluation.protocol.background import Background
from metarec.evaluation.protocol.lists import RankedLists
from metarec.evaluation.protocol.pairs import RatedPairs
from metarec.metrics.masked import mean_over

Better = Literal["higher", "lower", "neither"]
Judged = TypeVar("Judged", RankedLists, RatedPairs)

RATING_LIST = 3
"""How deep a user's own rated items are judged, as in the cold-start papers."""
CELLS_AT_ONCE = 4_000_000
"""Numbers held at once by a measure that compares vectors (32 MB)."""


@dataclass(frozen=True)
class Measure(Generic[Judged]):
    """A named formula: one number an episode, or one for all of them (`system`)."""

    name: str
    formula: Callable[[Judged], Float[np.ndarray, " episode"]] = field(repr=False)
    better: Better = "higher"
    system: bool = False
    """True if it is a number of all lists together, so that no single user has a value."""


def _history_novelty(lists: RankedLists) -> Float[np.ndarray, " episode"]:
    vectors = lists.background.content.vectors
    assert vectors is not None
    history = lists.support.padded(lists.support.items, -1)
    width = vectors.shape[1] * (history.shape[1] + lists.k)
    parts = [
        metrics.history_novelty(lists.items[part], history[part], vectors)
        for part in pieces(len(history), width, CELLS_AT_ONCE)
    ]
    return np.concatenate([np.empty(0), *parts])


def _diversity(lists: RankedLists) -> Float[np.ndarray, " episode"]:
    vectors = lists.background.content.vectors
    assert vectors is not None
    parts = [
        metrics.intra_list_diversity(lists.items[part], vectors)
        for part in pieces(len(lists.items), vectors.shape[1] * lists.k, CELLS_AT_ONCE)
    ]
    return np.concatenate([np.empty(0), *parts])


def _interest_coverage(lists: RankedLists) -> Float[np.ndarray, " episode"]:
    categories = lists.background.content.categories
    assert categories is not None
    liked = lists.query.keep(lists.query.values >= lists.background.likes_from)
    return metrics.interest_coverage(lists.items, liked.padded(liked.items, -1), categories)


def _serendipity(lists: RankedLists) -> Float[np.ndarray, " episode"]:
    popular = np.zeros(len(lists.background.popularity), dtype=bool)
    popular[lists.background.popularity_order[: lists.k]] = True  # an empty place gains nothing
    return metrics.serendipity(lists.gains, popular[lists.items], lists.n_relevant, k=lists.k)


def _popularity_lift(lists: RankedLists) -> Float[np.ndarray, " episode"]:
    history = lists.support.padded(lists.support.items, -1)
    return metrics.popularity_lift(lists.items, history, lists.background.popularity)


def _catalogue_coverage(lists: RankedLists) -> Float[np.ndarray, " episode"]:
    return np.array([metrics.catalogue_coverage(lists.items, lists.n_candidates)])


def _gini(lists: RankedLists) -> Float[np.ndarray, " episode"]:
    shown = np.bincount(lists.items[lists.items >= 0], minlength=lists.n_candidates)
    # items that cannot be shown are no inequality: of those only zeros are cut off
    exposures = np.sort(shown)[::-1][: lists.n_candidates]
    return np.array([metrics.gini(exposures.astype(np.float64))])


RANKING: tuple[Measure[RankedLists], ...] = (
    Measure("ndcg", lambda it: metrics.ndcg(it.gains, it.ideal, k=it.k)),
    Measure("ndcg_exponential", lambda it: metrics.ndcg_exponential(it.gains, it.ideal, k=it.k)),
    Measure("recall", lambda it: metrics.recall(it.gains, it.n_relevant, k=it.k)),
    Measure("precision", lambda it: metrics.precision(it.gains, it.n_relevant, k=it.k)),
    Measure("f1", lambda it: metrics.f1(it.gains, it.n_relevant, k=it.k)),
    Measure("mrr", lambda it: metrics.mrr(it.gains, it.n_relevant, k=it.k)),
    Measure("map", lambda it: metrics.average_precision(it.gains, it.n_relevant, k=it.k)),
    Measure("hit_rate", lambda it: metrics.hit_rate(it.gains, it.n_relevant, k=it.k)),
    Measure("novelty", lambda it: metrics.novelty(it.items, it.background.probability), "neither"),
    Measure("serendipity", _serendipity),
    Measure("popularity_lift", _popularity_lift, "neither"),
    Measure("interest_coverage", _interest_coverage),
    Measure("diversity", _diversity, "neither"),
    Measure("history_novelty", _history_novelty, "neither"),
    Measure("catalogue_coverage", _catalogue_coverage, system=True),
    Measure("gini", _gini, "lower", system=True),
)

RATING: tuple[Measure[RatedPairs], ...] = (
    Measure("mae", lambda it: metrics.mae(it.shown, it.observed), "lower"),
    Measure("rmse", lambda it: metrics.rmse(it.shown, it.observed), "lower"),
    Measure(
        f"list_ndcg@{RATING_LIST}",
        lambda it: metrics.list_ndcg(it.scores, it.observed, it.ties, k=RATING_LIST),
    ),
    Measure(
        f"list_ndcg_exponential@{RATING_LIST}",
        lambda it: metrics.list_ndcg_exponential(it.scores, it.observed, it.ties, k=RATING_LIST),
    ),
    Measure(
        "like_accuracy",
        lambda it: metrics.like_accuracy(
            it.scores, it.observed, threshold=it.background.likes_from
        ),
    ),
    Measure("auc", lambda it: metrics.auc(it.scores, _liked(it))),
    Measure(
        "crps",
        lambda it: mean_over(metrics.crps_gaussian(it.observed, it.scores, it.stds)),
        "lower",
    ),
    Measure(
        "covered_90",
        lambda it: mean_over(metrics.covered(it.observed, it.scores, it.stds)),
        "neither",
    ),
    Measure("answered", lambda it: mean_over(_answered(it)), "neither"),
)

NEEDS_INTERVALS = ("crps", "covered_90")
NEEDS_RATINGS = ("mae", "rmse", "like_accuracy", *NEEDS_INTERVALS)
"""Meaningless for a model whose scores only order items, such as a count of events."""
NEEDS_VECTORS = ("diversity", "history_novelty")
NEEDS_CATEGORIES = ("interest_coverage",)


def _liked(pairs: RatedPairs) -> Float[np.ndarray, "episode query"]:
    absent = np.isnan(pairs.observed)
    return np.where(absent, np.nan, pairs.observed >= pairs.background.likes_from)


def _answered(pairs: RatedPairs) -> Float[np.ndarray, "episode query"]:
    return np.where(np.isnan(pairs.observed), np.nan, ~np.isnan(pairs.scores))


@dataclass(frozen=True)
class Chosen:
    """The measures of one evaluation."""

    ranking: tuple[Measure[RankedLists], ...]
    rating: tuple[Measure[RatedPairs], ...]


def choose(names: Sequence[str | Measure[RankedLists]] | None, background: Background) -> Chosen:
    """The named measures that this dataset can answer; None: all of them.

    Lists are judged on every dataset, ratings only where there are some. A measure of your own
    lists is passed as the `Measure` itself.
    """
    able_ranking = tuple(m for m in RANKING if m.name not in _unable(background))
    able_rating = RATING if background.train.feedback == "rating" else ()
    if names is None:
        return Chosen(able_ranking, able_rating)
    by_name = {m.name: m for m in able_ranking}
    rating_by_name = {m.name: m for m in able_rating}
    own = [m for m in names if isinstance(m, Measure)]
    asked = [m for m in names if isinstance(m, str)]
    unknown = [name for name in asked if name not in by_name and name not in rating_by_name]
    if unknown:
        raise DataError(
            f"no measure {unknown[0]!r} for this dataset; choose among "
            f"{', '.join([*by_name, *rating_by_name])}"
        )
    return Chosen(
        (*(by_name[name] for name in asked if name in by_name), *own),
        tuple(rating_by_name[name] for name in asked if name in rating_by_name),
    )


def better(metric: str) -> Better:
    """Which way the metric of a results table is better ("ndcg@10" is judged as "ndcg")."""
    name = metric.split("@")[0]
    ways = {m.name.split("@")[0]: m.better for m in RANKING}
    ways |= {m.name.split("@")[0]: m.better for m in RATING}
    return ways.get(name, "higher")


def _unable(background: Background) -> tuple[str, ...]:
    content = background.content
    without_vectors = NEEDS_VECTORS if content.vectors is None else ()
    return without_vectors + (NEEDS_CATEGORIES if content.categories is None else ())
