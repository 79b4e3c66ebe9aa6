"""RecVAE: an autoencoder of histories whose prior remembers its own encoder."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from metarec.contracts import Dataset, Histories
from metarec.recommenders.interactions import unit_history_matrix
from metarec.recommenders.rec_vae_config import EPSILON, RecVAEConfig
from metarec.recommenders.stepped_row import SteppedRow
from metarec.recommenders.weights import Weights, in_double, layer_of

if TYPE_CHECKING:
    from metarec.recommenders.stepwise import Learner


class RecVAE(SteppedRow):
    """Score = a logit of a linear decoder at the mean of a deep encoder [Shenbin et al. 2020].

    The divergence counts γ times the length of a history, from a mixture of the standard normal, of
    what the encoder told before its last three passes, and of a wide normal; encoder and decoder
    learn in turns, the decoder from whole histories. A pass is as many random batches as hold
    everybody once, where the authors shuffle and cut. A history is a set of items. Items without a
    training event score NaN.
    """

    Config = RecVAEConfig
    config: RecVAEConfig

    def _learner(self, train: Dataset) -> "Callable[[Histories], Learner]":
        from metarec.recommenders.rec_vae_learning import Alternating

        return lambda histories: Alternating(histories, self.config)

    def _table(self, weights: Weights, histories: Histories) -> Float[np.ndarray, "history item"]:
        return logits(weights, histories)


def logits(weights: Weights, histories: Histories) -> Float[np.ndarray, "history item"]:
    """What the network answers, in double precision, without chance."""
    own = in_double(weights)
    inner: Any = unit_history_matrix(histories)
    before = 0.0
    for n in range(sum(name.startswith("encoder.read") for name in own) // 2):
        told = layer_of(own, f"encoder.read.{n}", inner) + before
        inner = (
            evened(swish(told)) * own[f"encoder.even.{n}.weight"] + own[f"encoder.even.{n}.bias"]
        )
        before = before + inner
    mean = layer_of(own, "encoder.draw", inner)[:, : own["items.weight"].shape[1]]
    return layer_of(own, "items", mean)


def swish(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """x σ(x)."""
    return np.asarray(x / (1 + np.exp(-np.maximum(x, -700.0))))


def evened(x: Float[np.ndarray, "row d"]) -> Float[np.ndarray, "row d"]:
    """Each row about its mean, over the root of its variance."""
    apart = x - x.mean(axis=1, keepdims=True)
    return np.asarray(apart / np.sqrt((apart**2).mean(axis=1, keepdims=True) + EPSILON))
