"""Predicted ratings beside observed ones, one row an episode."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from metarec.contracts import Episodes, Histories, Recommender
from metarec.evaluation.protocol.background import Background


@dataclass(frozen=True, eq=False)
class RatedPairs:
    """One model's predictions for each episode's query, padded with NaN to the longest query.

    `scores` and `stds` (predictive standard deviations) are NaN also where the model gave none.
    """

    scores: Float[np.ndarray, "episode query"]
    stds: Float[np.ndarray, "episode query"]
    observed: Float[np.ndarray, "episode query"]
    ties: Int[np.ndarray, "episode query"]
    known: Bool[np.ndarray, "episode query"]
    """True for items with an event in training."""
    background: Background

    @property
    def shown(self) -> Float[np.ndarray, "episode query"]:
        """The scores held inside the scale of the training ratings, as a person would see them.

        Errors are judged on these for every model alike; order is judged on `scores`, since
        holding them inside the scale makes ties.
        """
        return np.clip(self.scores, *self.background.train.scale)

    @property
    def has_intervals(self) -> bool:
        """True if at least one answer carries its uncertainty."""
        return bool(np.isfinite(self.stds).any())


def rated_pairs(model: Recommender, episodes: Episodes, background: Background) -> RatedPairs:
    """What `model` predicts for each query item after each support."""
    query = episodes.query
    predicted = model.predict(episodes.support, query)
    return RatedPairs(
        scores=padded(predicted.scores, query, np.nan),
        stds=padded(predicted.predictive_stds, query, np.nan),
        observed=padded(query.values, query, np.nan),
        ties=padded(background.ties[query.items], query, 0),
        known=padded(background.train.touched[query.items], query, False),
        background=background,
    )


def padded(
    values: Shaped[np.ndarray, " event"], histories: Histories, fill: float | int | bool
) -> Shaped[np.ndarray, "history place"]:
    """One value an event as one row a history, `fill` behind its last event."""
    width = int(histories.lengths.max(initial=0))
    table = np.full((len(histories), width), fill, dtype=values.dtype)
    table[histories.rows, histories.places] = values
    return table
