"""Ways to make one table of scores out of several, and what each is to be weighed by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls

from metarec.contracts import DataError, Dataset, Episodes, Recommender
from metarec.contracts.settings import Settings
from metarec.data.splits.k_fold import split_k_fold
from metarec.meta.evidence.questions import LEAST_QUERIES
from metarec.meta.weighing import Table, centred

SMOOTH = 60.0
"""What is added to ranks before they divide [Cormack, Clarke & Büttcher 2009]."""
VOTED = 10
"""Places of a list that are votes."""


@dataclass(frozen=True)
class EnsembleConfig(Settings):
    """Choices of `Ensemble`."""

    by: Literal["trust", "scores", "ranks", "votes", "ratings"] = "trust"
    """What is added up: "trust" scores by their spread, each as much as validation teaches for
    lists; "scores" the same, all alike; "ranks" 1 / (60 + rank); "votes" for the ten best of each,
    equals by ranks; "ratings" stacks expected ratings as validation teaches."""


def reciprocal_ranks(scores: Table) -> Table:
    """1 / (60 + rank) in each person's list, equals sharing theirs; 0 of what has no score."""
    known = np.isfinite(scores)
    ranks = _ranks(scores)
    return np.where(known, 1.0 / (SMOOTH + ranks), 0.0)


def votes(scores: Table) -> Table:
    """1 for the ten best of each person, and less than 1 in all by which equal votes are told
    apart."""
    known = np.isfinite(scores)
    ranks = _ranks(scores)
    return np.where(known & (ranks <= VOTED), 1.0, 0.0) + reciprocal_ranks(scores)


def _ranks(scores: Table) -> Table:
    """From 1, equals sharing theirs; what has no score stands last."""
    from scipy.stats import rankdata  # heavy: only these ways need it

    return np.asarray(rankdata(np.where(np.isfinite(scores), -scores, np.inf), axis=1))


TOLD: Mapping[str, Callable[[Table], Table]] = {
    "trust": centred,
    "scores": centred,
    "ranks": reciprocal_ranks,
    "votes": votes,
}
"""What a member's scores are to a sum; ratings are taken as they are."""


def fused(by: str, tables: Sequence[Table], factors: Float[np.ndarray, " member"]) -> Table:
    """The sum of what members tell; NaN of what none can score."""
    total = sum(factor * TOLD[by](table) for factor, table in zip(factors, tables, strict=True))
    return np.where(np.any(np.isfinite(tables), axis=0), total, np.nan)


def stacked(
    level: float, weights: Float[np.ndarray, " member"], ratings: Float[np.ndarray, "member pair"]
) -> Float[np.ndarray, " pair"]:
    """`level` + Σ of the weighed expected ratings; of what a member does not know it says the mean
    of the others. NaN where none knows."""
    known = np.isfinite(ratings)
    mean = np.where(known, ratings, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    total = level + np.tensordot(weights, np.where(known, ratings, mean), axes=1)
    return np.where(known.any(axis=0), total, np.nan)


def stacking(
    ratings: Float[np.ndarray, "member query"], observed: Float[np.ndarray, " query"]
) -> tuple[float, Float[np.ndarray, " member"]]:
    """Level and weights a ≥ 0 of least squared error [Breiman 1996, "Stacked regressions"].

    The mean of all where fewer than 50 ratings are asked for, or nothing tells them.
    """
    asked = np.isfinite(ratings).all(axis=0)
    ratings, observed = ratings[:, asked], observed[asked]
    same = np.full(len(ratings), 1.0 / len(ratings))
    if len(observed) < LEAST_QUERIES:
        return 0.0, same
    middle, mean = ratings.mean(axis=1), float(observed.mean())
    weights, _ = nnls((ratings - middle[:, None]).T, observed - mean)
    return mean - float(weights @ middle), np.asarray(weights)


def held_out_ratings(train: Dataset, rng: int) -> tuple[Dataset, Episodes]:
    """All but a tenth of everyone's ratings, and these as what is asked."""
    split = split_k_fold(train, folds=10, valid=0.0, rng=rng)[0]
    (asked,) = split.test.values()
    return split.train, asked


def check_foretelling(members: Mapping[str, Recommender]) -> None:
    """Raises DataError for a member whose scores are no ratings."""
    for name, member in members.items():
        if not member.predicts_ratings:
            raise DataError(
                f'Ensemble by="ratings" adds up expected ratings, and member {name!r} '
                f"({type(member).__name__}) foretells none; leave it out, or choose another way"
            )
