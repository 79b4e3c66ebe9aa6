"""How much an expected rating counts beside the choice, where lists are ordered by both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.meta.evidence import Questions
from metarec.meta.evidence.questions import LEAST_QUERIES, MOST_QUERIES
from metarec.meta.ordering import Blend

UNKNOWN = 0.3
"""The weight where validation is too small to teach one: a guess, on the careful side."""
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Where it is searched."""
ENOUGH_PEOPLE = 100
"""People who can tell more than another shop."""
DEPTH = 20
GRADES = 4.0
"""Steps of the scale, as of one to five stars: each doubles the gain."""

Scores = Callable[[Histories], Float[np.ndarray, "person item"]]


@dataclass(frozen=True, eq=False)
class Rated:
    """People who are asked, and what both heads of a shop without them say."""

    train: Dataset
    valid: Episodes
    choice: Scores
    value: Scores


def learn_blend(
    rated: Sequence[Rated], rng: np.random.Generator, untold: Blend | None = None
) -> Blend:
    """The weights b ≥ 0 by which what was liked stands high in lists: of touched items, and of
    those that nobody has touched, whose expected ratings content alone tells.

    They are where the mean of g / log₂(1 + rank) is largest, in lists of `DEPTH` places, with the
    exponential gain g of rankings by grade (Burges et al. 2005): 2^(4x) − 1, x from 0 to 1 along
    the scale. So it counts whether something is taken, and how much it was liked. Those of another
    shop (`untold`) stay where fewer than `ENOUGH_PEOPLE` are asked.
    """
    ratings = rated[0].train.histories.values
    blend = Blend(UNKNOWN, UNKNOWN, float(ratings.mean()), max(float(ratings.std()), 1e-6))
    touched, others = zip(*(_questions(one, rng, len(rated)) for one in rated), strict=True)
    if untold is not None and sum(len(one.valid) for one in rated) < ENOUGH_PEOPLE:
        return replace(blend, weight=untold.weight, weight_of_untouched=untold.weight_of_untouched)
    known = _best(list(zip(rated, touched, strict=True)), blend)
    new = _best(list(zip(rated, others, strict=True)), blend)
    weight = UNKNOWN if known is None else known
    return replace(blend, weight=weight, weight_of_untouched=weight if new is None else new)


def _questions(one: Rated, rng: np.random.Generator, n: int) -> tuple[Questions, Questions]:
    """Those about touched items, and about the others."""
    train = one.train
    offered, touched = train.catalogue.offered, train.touched
    most = MOST_QUERIES // n
    known = Questions.of(one.valid, train.event_kinds, offered & touched, rng, most=most)
    return known, Questions.of(one.valid, train.event_kinds, offered & ~touched, rng, most=most)


def _best(asked: Sequence[tuple[Rated, Questions]], blend: Blend) -> float | None:
    """The best of `WEIGHTS`; None where too little is asked to tell."""
    if sum(len(questions) for _, questions in asked) < LEAST_QUERIES:
        return None
    return WEIGHTS[int(np.argmax(gained_by(asked, blend)))]


def gained_by(
    asked: Sequence[tuple[Rated, Questions]], blend: Blend
) -> Float[np.ndarray, " weight"]:
    """What lists gain by each of `WEIGHTS`, with the level and the spread of the blend."""
    gained = np.zeros(len(WEIGHTS))
    for one, questions in asked:
        low, high = one.train.scale
        for part in questions.parts(3):
            logits = one.choice(part.heard)
            levels = (one.value(part.support) - blend.level) / blend.spread
            gains = 2.0 ** (GRADES * (part.values - low) / (high - low)) - 1.0
            barred = part.barred()
            gained += [_gained(part, barred, logits + b * levels, gains) for b in WEIGHTS]
    return gained


def _gained(
    questions: Questions,
    barred: Bool[np.ndarray, "person item"],
    scores: Float[np.ndarray, "person item"],
    gains: Float[np.ndarray, " query"],
) -> float:
    """The discounted gain of all targets in lists by these scores."""
    shown = np.where(barred, -np.inf, scores)
    own, others = scores[questions.person, questions.targets], shown[questions.person]
    above = (others > own[:, None]) + 0.5 * (others == own[:, None])  # the target is barred
    ahead = above.sum(axis=1)
    return float(np.sum(gains * (ahead < DEPTH) / np.log2(2.0 + ahead)))
