"""Predicted ratings beside observed ones, one row an episode."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Episodes, Recommender
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
        scores=query.padded(predicted.scores, np.nan),
        stds=query.padded(predicted.predictive_stds, np.nan),
        observed=query.padded(query.values, np.nan),
        ties=query.padded(background.ties[query.items], 0),
        known=query.padded(background.train.touched[query.items], False),
        background=background,
    )
