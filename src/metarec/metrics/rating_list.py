"""How well a user's own rated items are put in order (the nDCG of cold-start papers)."""

import numpy as np
from jaxtyping import Float, Int

from metarec.metrics.ndcg import ndcg, ndcg_exponential


def list_ndcg(
    scores: Float[np.ndarray, "user query"],
    ratings: Float[np.ndarray, "user query"],
    ties: Int[np.ndarray, "user query"],
    *,
    k: int,
) -> Float[np.ndarray, " user"]:
    """nDCG with linear gain of a user's rated items in the order of their scores.

    Only the user's own query items are ranked, and the rating is the relevance, so random order
    already scores high: compare models, not papers. NaN in `ratings` marks padding. What has no
    score stands behind all that has one. Equal scores are ordered by `ties`, smaller first. A user
    without any score, without a rating above zero, or with fewer than two ratings gets NaN: one
    item has only one order.

    >>> ratings, ties = np.array([[5.0, 3.0]]), np.array([[0, 1]])
    >>> list_ndcg(np.array([[1.0, 2.0]]), ratings, ties, k=1)
    array([0.6])
    """
    gains, ideal = _ordered(scores, ratings, ties)
    return np.where(_answered(scores, ratings), ndcg(gains, ideal, k=k), np.nan)


def list_ndcg_exponential(
    scores: Float[np.ndarray, "user query"],
    ratings: Float[np.ndarray, "user query"],
    ties: Int[np.ndarray, "user query"],
    *,
    k: int,
) -> Float[np.ndarray, " user"]:
    """`list_ndcg` with the gain 2^rating - 1, as MeLU reports it [LIJCC19, section 4.1].

    >>> ratings, ties = np.array([[5.0, 3.0]]), np.array([[0, 1]])
    >>> list_ndcg_exponential(np.array([[1.0, 2.0]]), ratings, ties, k=1).round(4)
    array([0.2258])
    """
    gains, ideal = _ordered(scores, ratings, ties)
    return np.where(_answered(scores, ratings), ndcg_exponential(gains, ideal, k=k), np.nan)


def _ordered(
    scores: Float[np.ndarray, "user query"],
    ratings: Float[np.ndarray, "user query"],
    ties: Int[np.ndarray, "user query"],
) -> tuple[Float[np.ndarray, "user rank"], Float[np.ndarray, "user rank"]]:
    """Ratings in the order of the scores, and from high to low; padding becomes 0 at the end."""
    padding = np.isnan(ratings)
    best_first = np.where(np.isnan(scores), np.inf, -scores)
    order = np.lexsort((ties, best_first, padding))
    values = np.where(padding, 0.0, ratings)
    return np.take_along_axis(values, order, axis=1), -np.sort(-values)


def _answered(
    scores: Float[np.ndarray, "user query"], ratings: Float[np.ndarray, "user query"]
) -> np.ndarray:
    rated = ~np.isnan(ratings)
    return np.asarray((~np.isnan(scores) & rated).any(axis=1) & (rated.sum(axis=1) >= 2))
