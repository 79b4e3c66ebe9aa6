"""The area under the ROC curve, for each user."""

import numpy as np
from jaxtyping import Float, Int

from metarec.metrics.masked import divide


def auc(
    scores: Float[np.ndarray, "user query"], relevant: Float[np.ndarray, "user query"]
) -> Float[np.ndarray, " user"]:
    """Chance that a relevant item is scored above one that is not; a tie counts one half.

    `relevant` is 1 or 0; NaN on either side marks an entry that is not there. The Mann-Whitney
    statistic over the mean ranks of tied scores [HM82]. A user without both kinds gets NaN.

    >>> auc(np.array([[3.0, 2.0, 2.0]]), np.array([[1.0, 1.0, 0.0]]))
    array([0.75])
    """
    users, queries = np.nonzero(~np.isnan(scores) & ~np.isnan(relevant))
    positive = relevant[users, queries] > 0
    n_users = len(scores)
    n_positive = np.bincount(users[positive], minlength=n_users)
    n_negative = np.bincount(users[~positive], minlength=n_users)
    ranks = _mean_ranks(scores[users, queries], users, n_users)
    rank_sum = np.bincount(users[positive], weights=ranks[positive], minlength=n_users)
    return divide(rank_sum - n_positive * (n_positive + 1) / 2, n_positive * n_negative)


def _mean_ranks(
    scores: Float[np.ndarray, " entry"], users: Int[np.ndarray, " entry"], n_users: int
) -> Float[np.ndarray, " entry"]:
    """Each entry's rank among its user's scores, lowest first, from 1; ties share their mean."""
    order = np.lexsort((scores, users))
    users, scores = users[order], scores[order]
    counts = np.bincount(users, minlength=n_users)
    places = np.arange(len(users)) - np.repeat(np.cumsum(counts) - counts, counts)
    new = np.ones(len(users), dtype=bool)
    new[1:] = (users[1:] != users[:-1]) | (scores[1:] != scores[:-1])
    tie = np.cumsum(new) - 1
    mean_of_tie = np.bincount(tie, weights=places + 1.0) / np.bincount(tie)
    ranks = np.empty(len(users))
    ranks[order] = mean_of_tie[tie]
    return ranks
