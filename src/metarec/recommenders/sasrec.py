"""The next event from the order of a history, by a network that is trained step by step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from metarec.contracts import Dataset, Episodes, Histories
from metarec.recommenders.content import ContentRecommender
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.sasrec_config import SASRecConfig
from metarec.recommenders.sequence_serving import FrozenNetwork


class SASRec(ContentRecommender):
    """Score = hᵀv_i, with h what a causal Transformer reads in the history [Kang & McAuley 2018].

    Item vectors are a linear map of the content, plus a learned part for items with events; the
    same read the history and are foretold. Trained on the next event of every place by a sampled
    softmax corrected for the sampling [Klenitskiy & Vasilev 2023: the loss, not the network, is
    what later models gained by]. Place 0 is a start token, so that a person without an event is
    served too. Without an encoder items are known by their events alone, and those without score
    NaN. Where a shop tells no order, histories are read in a random one.

    Unlike the paper: layers are normed before each part, the inner layer is twice as wide,
    attention itself has no dropout, and what is served is the running mean of the weights. Equal
    bits are for the CPU; `device="cuda"` rounds otherwise.
    """

    Config = SASRecConfig
    devices = ("cpu", "cuda")
    trains_in_steps = True
    config: SASRecConfig
    vectors_: Float[np.ndarray, "item d"]
    known_: Bool[np.ndarray, " item"]
    """The items that can be scored: those with events, or with content."""
    weights_: Mapping[str, NDArray[Any]]
    metrics_: Mapping[str, Any]
    """Steps taken, the best of them and its validation loss, and whether time ended training."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        from metarec.recommenders.sequence_fitting import learn  # PyTorch: only a fit needs it

        learned = learn(train, valid, self._content(train), self.config, self.running)
        self.vectors_, self.known_ = learned.vectors, learned.known
        self.weights_, self.metrics_ = learned.weights, learned.metrics

    def _content(self, train: Dataset) -> Float[np.ndarray, "item d_content"]:
        """The items' features; none without an encoder."""
        if self.encoder is None:
            return np.zeros((len(train.catalogue), 0))
        return self._features(train)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        network = FrozenNetwork(self.config, self.vectors_, self.weights_)
        scores = network.after(histories.items, histories.lengths) @ self.vectors_.T.astype(
            np.float64
        )
        return np.where(self.known_, scores, np.nan)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.vectors_, rows, self.known_)
