"""A variational autoencoder of histories: all that someone took, foretold from some of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from metarec.contracts import Dataset, Episodes, Histories
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.mult_vae_config import MultVAEConfig


class MultVAE(BaseRecommender):
    """Score = a logit of the decoder at the mean of the encoder [Liang et al. 2018].

    Two layers of tanh on each side, multinomial likelihood, and the divergence weighed by β, which
    rises from 0 (section 2.2.2; the paper chooses its height by validation, ours is a setting). A
    history is a set of items. Items without a training event score NaN.
    """

    Config = MultVAEConfig
    trains_in_steps = True
    config: MultVAEConfig
    touched_: Bool[np.ndarray, " item"]
    weights_: Mapping[str, NDArray[Any]]
    metrics_: Mapping[str, Any]
    """Steps taken, the best of them and its validation loss, and whether time ended training."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        from metarec.recommenders.mult_vae_learning import Autoencoding  # PyTorch: only a fit
        from metarec.recommenders.stepwise import learn

        config, nothing = self.config, np.zeros((len(train.catalogue), 0))
        found = learn(
            *(train, valid, nothing, config, self.running),
            lambda histories: Autoencoding(histories, config),
            logits,
        )
        self.touched_, self.weights_, self.metrics_ = found.touched, found.weights, found.metrics

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.where(self.touched_, logits(self.weights_, histories), np.nan)


def logits(
    weights: Mapping[str, NDArray[Any]], histories: Histories
) -> Float[np.ndarray, "history item"]:
    """What the network answers, in double precision, without chance."""
    own = {name: np.asarray(numbers, dtype=np.float64) for name, numbers in weights.items()}

    def layer(x: Any, name: str) -> NDArray[np.float64]:
        return np.asarray(x @ own[f"{name}.weight"].T + own[f"{name}.bias"])

    x = history_matrix(histories)
    length = np.sqrt(np.maximum(np.asarray(x.sum(axis=1)).ravel(), 1.0))
    read = np.tanh(layer(sp.diags_array(1 / length) @ x, "read"))
    mean = layer(read, "draw")[:, : own["told.weight"].shape[1]]
    return layer(np.tanh(layer(mean, "told")), "items")
