"""Neural matrix factorisation, for the people who were in training."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from metarec.contracts import Dataset, Histories
from metarec.contracts.pieces import pieces
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.known_people import keys_of, rows_of
from metarec.recommenders.neumf_config import NeuMFConfig
from metarec.recommenders.stepped_row import SteppedRow
from metarec.recommenders.weights import Weights, in_double

if TYPE_CHECKING:
    from metarec.recommenders.stepwise import Learner

CELLS_AT_ONCE = 4_000_000
"""Inner numbers of pairs held at once."""


class NeuMF(SteppedRow):
    """Score = h·[p_u ∘ q_i ; layers of (p'_u, q'_i)], a logit [He et al. 2017, section 3.4].

    Two layers of ReLU, each half as wide as what it reads; trained from the start as one, where the
    paper begins with both parts trained before. Who was in training is known by
    `histories.user_ids`, whatever the history given; everyone else scores NaN, and so do items
    without a training event. User ids are kept as hashes only.
    """

    Config = NeuMFConfig
    serves_new_users = False
    config: NeuMFConfig
    user_keys_: NDArray[np.uint64]
    """Hashes of the known users' ids, ascending; row of the factors of people."""

    def _learner(self, train: Dataset) -> "Callable[[Histories], Learner]":
        from metarec.recommenders.neumf_learning import Pairs

        known = np.flatnonzero(train.histories.lengths > 0)
        keys = keys_of(train.user_ids[known])
        self.user_keys_ = np.sort(keys)
        return lambda histories: Pairs(histories, known[np.argsort(keys)], self.config)

    def _table(self, weights: Weights, histories: Histories) -> Float[np.ndarray, "history item"]:
        own = in_double(weights)
        rows, n_items = rows_of(self.user_keys_, histories), len(own["items"])
        scores = np.full((len(histories), n_items), np.nan)
        known = np.flatnonzero(rows >= 0)
        width = own["first.weight"].shape[1]
        for part in pieces(len(known), n_items * width, CELLS_AT_ONCE):
            scores[known[part]] = pair_logits(own, own["people"][rows[known[part]]])
        return scores

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        factors = self.weights_["items"][:, : self.config.factors]
        return mean_cosine(factors, rows, self.touched_)


def pair_logits(
    own: Mapping[str, NDArray[np.float64]], people: Float[np.ndarray, "person width"]
) -> Float[np.ndarray, "person item"]:
    """The logit of every item, in double precision. The first layer reads people and items apart,
    so that what each says of it is found once."""
    items, d = own["items"], len(own["out.weight"][0]) - len(own["second.weight"])
    halves = np.split(own["first.weight"], 2, axis=1)
    mine, theirs = people[:, d:] @ halves[0].T, items[:, d:] @ halves[1].T
    inner = np.maximum(mine[:, None] + theirs + own["first.bias"], 0.0)  # (person, item, width)
    inner = np.maximum(inner @ own["second.weight"].T + own["second.bias"], 0.0)
    told = own["out.weight"][0]
    product = (people[:, :d] * told[:d]) @ items[:, :d].T
    return np.asarray(product + inner @ told[d:] + own["out.bias"])
