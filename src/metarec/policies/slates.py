"""The chances of every slate under a mixture: some lists, each as likely, and a floor of chance."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, eq=False)
class Slates:
    """How likely each slate is for each person.

    With probability 1 − ε it is one of M `lists`, drawn at random; with ε one of the
    n · (n − 1) ⋯ (n − k + 1) ordered slates of k of the n allowed candidates. So, s_1 … s_k being a
    slate and #{·} a count among the lists,

        P(slate)              = (1 − ε) #{list = s} / M             + ε (n − k)! / n!
        P(its first p places) = (1 − ε) #{list_1…p = s_1…p} / M     + ε (n − p)! / n!
        P(s_p at place p)     = (1 − ε) #{list_p = s_p} / M         + ε / n
    """

    lists: Int[np.ndarray, "person list place"]
    """Columns of candidates, each list without repetition; -1 where fewer than k are allowed."""
    allowed: Bool[np.ndarray, "person item"]
    epsilon: float

    @property
    def n(self) -> Int[np.ndarray, " person"]:
        """How many candidates are allowed."""
        return np.asarray(self.allowed.sum(axis=1))

    def draw(self, rng: np.random.Generator) -> Int[np.ndarray, "person place"]:
        """One slate for each person."""
        people, n_lists, k = self.lists.shape
        taken = self.lists[np.arange(people), rng.integers(n_lists, size=people)]
        if self.epsilon == 0.0:
            return taken
        explores = np.asarray(rng.random(people)) < self.epsilon
        keys = np.where(self.allowed, rng.random(self.allowed.shape), np.inf)
        order = np.argsort(keys, axis=1)[:, :k]
        beyond = np.arange(order.shape[1]) >= self.n[:, None]
        anything = np.full((people, k), -1)
        anything[:, : order.shape[1]] = np.where(beyond, -1, order)
        return np.where(explores[:, None], anything, taken)

    def at_places(
        self, shown: Int[np.ndarray, "person place"]
    ) -> Float[np.ndarray, "person place"]:
        """P(this item at this place); NaN of an empty place."""
        share = (self.lists == shown[:, None, :]).mean(axis=1)
        floor = self._may_show(shown) / np.maximum(self.n, 1)[:, None]
        chances = (1 - self.epsilon) * share + self.epsilon * floor
        return np.where(shown < 0, np.nan, chances)

    def up_to(self, shown: Int[np.ndarray, "person place"]) -> Float[np.ndarray, "person place"]:
        """P(the slate begins as this one does, up to each place); the last is that of the slate.

        An empty place adds nothing. Of long slates the share of chance may be less than a number
        can hold, and is 0 then.
        """
        same = np.logical_and.accumulate(self.lists == shown[:, None, :], axis=2).mean(axis=1)
        places = np.arange(shown.shape[1])
        left = np.where(shown < 0, 1, np.maximum(self.n[:, None] - places, 1))
        earlier = np.tril(np.ones((len(places), len(places)), dtype=bool), -1)
        again = ((shown[:, :, None] == shown[:, None, :]) & earlier).any(axis=2) & (shown >= 0)
        one_of_all = np.where((self._may_show(shown) | (shown < 0)) & ~again, 1.0 / left, 0.0)
        # a slate that ends while candidates are left is none of them
        one_of_all[(shown < 0) & (places < self.n[:, None])] = 0.0
        return (1 - self.epsilon) * same + self.epsilon * np.cumprod(one_of_all, axis=1)

    def table(self) -> Float[np.ndarray, "person place item"]:
        """P(item at place) of every candidate; 0 of what is not allowed."""
        people, n_lists, k = self.lists.shape
        counts = np.zeros((people, k, self.allowed.shape[1]))
        person, _, place = np.nonzero(self.lists >= 0)
        np.add.at(counts, (person, place, self.lists[self.lists >= 0]), 1 / n_lists)
        n = self.n[:, None, None]
        floor = self.allowed[:, None, :] / np.maximum(n, 1)
        filled = np.arange(k)[None, :, None] < n
        return np.where(filled, (1 - self.epsilon) * counts + self.epsilon * floor, 0.0)

    def _may_show(self, shown: Int[np.ndarray, "person place"]) -> Bool[np.ndarray, "person place"]:
        inside = np.take_along_axis(self.allowed, np.maximum(shown, 0), axis=1)
        return inside & (shown >= 0)
