"""Factors spread over the graph of who took what, and nothing else between its layers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.knowledge_graph import entities_of, reached
from metarec.recommenders.lightgcn_config import LightGCNConfig
from metarec.recommenders.stepped_row import SteppedRow
from metarec.recommenders.weights import Weights

if TYPE_CHECKING:
    from metarec.recommenders.stepwise import Learner


class LightGCN(SteppedRow):
    """Score = product of the mean layers of person and item [He et al. 2020].

    Learned by BPR with one sampled item an event. Everyone, known or new, is what their items send
    them, spread once more from the layers of the items: the factors of their own that training
    gives to people are left out, so that a history alone decides. Items without a training event
    score NaN.

    With `graph` above 0 items begin at their own factors plus `graph` times the sum of those of
    their entities over the root of their number: entities are what triples link an item to, in
    either direction and by any relation; other items are entities too, with factors as such. Each
    step takes a random share of the items for their entities alone, so that these learn to speak
    for an item that nobody took, which has a score where it shares one with an item that was taken.
    It is the sum of LightFM [Kula 2015] under LightGCN's layers; attention and several steps along
    a knowledge graph, as in KGAT [Wang et al. 2019], are not built.
    """

    Config = LightGCNConfig
    config: LightGCNConfig
    weights_: Weights
    """`items`, the mean over layers; `sent`, the sum of all layers but the last, over √degree."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        super()._fit(train, valid, rng)
        if self.config.graph:
            self.touched_ = reached(entities_of(train), self.touched_)

    def _learner(self, train: Dataset) -> "Callable[[Histories], Learner]":
        from metarec.recommenders.lightgcn_learning import Spreading

        links = entities_of(train) if self.config.graph else None
        return lambda histories: Spreading(histories, links, self.config)

    def _table(self, weights: Weights, histories: Histories) -> Float[np.ndarray, "history item"]:
        return spread_scores(weights, histories)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.weights_["items"], rows, self.touched_)


def spread_scores(weights: Weights, histories: Histories) -> Float[np.ndarray, "history item"]:
    """What the items of each history send it, times the items."""
    x = history_matrix(histories)
    degree = np.maximum(np.asarray(x.sum(axis=1)), 1.0).reshape(-1, 1)
    people = (x @ weights["sent"].astype(np.float64)) / np.sqrt(degree)
    return np.asarray(people @ weights["items"].T.astype(np.float64))
