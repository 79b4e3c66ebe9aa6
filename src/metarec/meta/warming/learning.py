"""The prior of residuals, learned from items that are made cold: some of their events are told, and
others say which prior foretells them best.

Of ratings a few events of each are told, and the squared error of others is asked for. Of a choice
the same share of the events of each is told, as much as people would have met them by some day,
since how often an item is taken says most; what is asked for is the softmax among these items.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import logsumexp

from metarec.contracts import Histories
from metarec.contracts.pieces import uneven_pieces
from metarec.data.draws import chosen, keys_of, mixed, seed_of, uniform_of
from metarec.meta.heart import Heart
from metarec.meta.prior import ResidualPrior
from metarec.meta.warming.met import Met, met_by
from metarec.meta.warming.residuals import residuals_of

COLD, MOST_COLD, MOST_ITEMS, MOST_PEOPLE = 0.2, 0.4, 400, 3000
"""Share of the items that are made cold, of few items at most, and how many items and people at
most."""
FEWEST_ITEMS, LEAST_EVENTS = 16, 4
"""Of fewer items, the scales are those of the residuals as they were learned; and events of an item
below which it is not made cold."""
TOLD, RATES = (1, 2, 5, 10), (0.03, 0.1, 0.3)
"""Events that are told of an item, and shares of all of them."""
ASKED, MOST_ASKED = 0.5, 1500
"""Share of the events that ask of a choice, and how many at most."""
SCALES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Of the variance of the residuals as they were learned, which are shrunk."""
LEFT = (0.0, 0.03, 0.1, 0.3, 1.0)
CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class LearnedResiduals:
    """The residuals of a head as training learned them."""

    v: Float[np.ndarray, "item d"]
    beta: Float[np.ndarray, " item"]
    touched: Bool[np.ndarray, " item"]

    def covariance(self, of_v: float, of_beta: float) -> Float[np.ndarray, "d+1 d+1"]:
        """Their second moment over touched items, v apart from β, at these scales."""
        known = np.concatenate([self.v, self.beta[:, None]], axis=1)[self.touched]
        moments = known.T.astype(np.float64) @ known / max(len(known), 1)
        moments[-1, :-1] = moments[:-1, -1] = 0.0
        scales = np.sqrt(np.append(np.full(len(moments) - 1, of_v), of_beta))
        return np.asarray(moments * np.outer(scales, scales))


Heard = tuple[Histories, Float[np.ndarray, "person d_profile"] | None, Bool[np.ndarray, " event"]]
"""Histories as a head hears them: in order, whose they are, and which events refuse."""


def learn_residual_prior(
    heart: Heart,
    learned: LearnedResiduals,
    without: Callable[[Int[np.ndarray, " item"]], Heart],
    histories: Histories,
    as_heard: Callable[[Histories], Heard],
    rng: int,
) -> ResidualPrior:
    """The prior with which events on items made cold foretell others best: scales of v and β, or of
    v and what it counts that people leave an item; both at once, as either makes up for the other.

    `without` gives the heart with the items in some rows on their content alone.
    """
    rated = heart.head.predicts_ratings

    def prior_of(scale: float, other: float) -> ResidualPrior:
        if rated:
            return ResidualPrior(learned.covariance(scale, other))
        return ResidualPrior(learned.covariance(scale, 0.0), other)

    counts = np.bincount(histories.items, minlength=len(learned.touched))
    able = learned.touched & (counts >= LEAST_EVENTS)
    n = max(1, int(able.sum()))
    share = min(max(COLD, FEWEST_ITEMS / n), MOST_COLD, MOST_ITEMS / n)
    cold = chosen(histories.vocabulary.ids, share, rng, "made cold", able)
    if cold.sum() < FEWEST_ITEMS or histories.user_ids is None:
        return prior_of(1.0, 1.0 if rated else 0.0)
    apart = without(np.flatnonzero(cold))
    met, keys = _met(apart, cold, histories, as_heard, rng)
    judge = partial(_of_ratings if rated else _of_choices, apart, np.flatnonzero(cold), met, keys)
    priors = [prior_of(*pair) for pair in product(SCALES, SCALES if rated else LEFT)]
    return priors[int(np.argmin(judge(priors)))]


def _met(
    heart: Heart,
    cold: Bool[np.ndarray, " item"],
    histories: Histories,
    as_heard: Callable[[Histories], Heard],
    rng: int,
) -> tuple[Met, Float[np.ndarray, " event"]]:
    """What people say of the items made cold, a few people at a time, and a number of each event
    between 0 and 1, drawn by ids."""
    some = histories
    if len(histories) > MOST_PEOPLE:
        share, everyone = MOST_PEOPLE / len(histories), np.ones(len(histories), dtype=bool)
        ids = np.asarray(histories.user_ids)
        some = histories.take(np.flatnonzero(chosen(ids, share, rng, "warming", everyone)))
    rows = np.zeros(len(heart.terms.offsets), dtype=bool)
    rows[: len(cold)] = cold
    met = Met.of_all(
        [
            met_by(heart, *as_heard(some.take(part)), rows)
            for part in uneven_pieces((some.lengths * heart.terms.d).tolist(), CELLS_AT_ONCE)
        ]
    )
    users = keys_of(np.asarray(some.user_ids), seed_of(rng, "told"))[met.people]
    items = keys_of(some.vocabulary.ids, seed_of(rng, "told item"))[met.items]
    return met, uniform_of(mixed(users ^ items))


def _of_ratings(
    heart: Heart,
    cold: Int[np.ndarray, " item"],
    met: Met,
    drawn: Float[np.ndarray, " event"],
    priors: list[ResidualPrior],
) -> list[float]:
    """The mean over items of the squared error of the events that are not told, for each prior."""
    n_items = len(heart.terms.offsets)
    order = np.lexsort((drawn, met.items))
    counts = np.bincount(met.items, minlength=n_items)
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order)) - (np.cumsum(counts) - counts)[met.items[order]]
    n_told = np.zeros(n_items, dtype=np.int64)
    n_told[cold] = np.resize(TOLD, len(cold))
    n_told = np.minimum(n_told, np.maximum(counts - 1, 0))
    is_told = places < n_told[met.items]
    told, asked = met.where(is_told), met.where(~is_told)
    weights = 1 / np.maximum(counts - n_told, 1)[asked.items]
    losses = []
    for prior in priors:
        found = residuals_of(prior, told, heart.terms.features)
        means = np.zeros((n_items, heart.terms.d))
        means[found.items] = found.mean
        errors = asked.surprises - np.einsum("ja,ja->j", asked.states, means[asked.items])
        losses.append(float(weights @ errors**2))
    return losses


def _of_choices(
    heart: Heart,
    cold: Int[np.ndarray, " item"],
    met: Met,
    drawn: Float[np.ndarray, " event"],
    priors: list[ResidualPrior],
) -> list[float]:
    """The cross-entropy among the items made cold of events that are not told, for each prior."""
    features, place = heart.terms.features, np.zeros(len(heart.terms.offsets), dtype=np.int64)
    place[cold] = np.arange(len(cold))
    order = np.argsort(-drawn, kind="stable")
    asked = order[: min(MOST_ASKED, int((drawn >= ASKED).sum()))]
    states, taken = met.states[asked, :-1], place[met.items[asked]]
    losses = np.zeros(len(priors))
    for rate in RATES:
        told = met.where(drawn < rate)
        shown = np.full(len(place), rate * met.n_people)  # as if people had met them so far
        for number, prior in enumerate(priors):
            found = residuals_of(prior, told, features, shown)
            own = features[cold, :-1].copy()
            own[place[found.items]] += found.mean[:, :-1]
            logits = heart.head.slope * (states @ own.T) + heart.terms.offsets[cold]
            losses[number] += np.sum(
                logsumexp(logits, axis=1) - logits[np.arange(len(taken)), taken]
            )
    return losses.tolist()
