"""A variational autoencoder of histories: all that someone took, foretold from some of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Histories
from metarec.recommenders.interactions import unit_history_matrix
from metarec.recommenders.mult_vae_config import MultVAEConfig
from metarec.recommenders.stepped_row import SteppedRow
from metarec.recommenders.weights import Weights, in_double, layer_of

if TYPE_CHECKING:
    from metarec.recommenders.stepwise import Learner


class MultVAE(SteppedRow):
    """Score = a logit of the decoder at the mean of the encoder [Liang et al. 2018].

    Two layers of tanh on each side, multinomial likelihood, and the divergence weighed by β, which
    rises from 0 (section 2.2.2; the paper chooses its height by validation, ours is a setting). A
    history is a set of items. Items without a training event score NaN.
    """

    Config = MultVAEConfig
    config: MultVAEConfig

    def _learner(self, train: Dataset) -> "Callable[[Histories], Learner]":
        from metarec.recommenders.mult_vae_learning import Autoencoding

        return lambda histories: Autoencoding(histories, self.config)

    def _table(self, weights: Weights, histories: Histories) -> Float[np.ndarray, "history item"]:
        return logits(weights, histories)


def logits(weights: Weights, histories: Histories) -> Float[np.ndarray, "history item"]:
    """What the network answers, in double precision, without chance."""
    own = in_double(weights)
    read = np.tanh(layer_of(own, "read", unit_history_matrix(histories)))
    mean = layer_of(own, "draw", read)[:, : own["told.weight"].shape[1]]
    return layer_of(own, "items", np.tanh(layer_of(own, "told", mean)))
