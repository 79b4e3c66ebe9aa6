"""How much an expected rating counts beside the choice, where lists are ordered by both."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.meta.evidence import Questions
from metarec.meta.evidence.questions import LEAST_QUERIES
from metarec.meta.ordering import Blend

UNKNOWN = 0.3
"""The weight where validation is too small to teach one: a guess, on the careful side."""
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Where it is searched."""
DEPTH = 20
GRADES = 4.0
"""Steps of the scale, as of one to five stars: each doubles the gain."""

Scores = Callable[[Histories], Float[np.ndarray, "person item"]]


def learn_blend(
    train: Dataset, valid: Episodes, choice: Scores, value: Scores, rng: np.random.Generator
) -> Blend:
    """The weight b ≥ 0 by which what was liked stands high in lists of touched items.

    It is where the mean of g / log₂(1 + rank) is largest, in lists of `DEPTH` places, with the
    exponential gain g of rankings by grade (Burges et al. 2005): 2^(4x) − 1, x from 0 to 1 along
    the scale. So it counts whether something is taken, and how much it was liked.
    """
    ratings = train.histories.values
    blend = Blend(UNKNOWN, float(ratings.mean()), max(float(ratings.std()), 1e-6))
    among = train.catalogue.offered & train.touched
    questions = Questions.of(valid, train.event_kinds, among, rng)
    if len(questions) < LEAST_QUERIES:
        return blend
    low, high = train.scale
    gained = np.zeros(len(WEIGHTS))
    for part in questions.parts(3):
        logits = choice(part.support)
        levels = (value(part.support) - blend.level) / blend.spread
        gains = 2.0 ** (GRADES * (part.values - low) / (high - low)) - 1.0
        barred = part.barred()
        gained += [_gained(part, barred, logits + b * levels, gains) for b in WEIGHTS]
    return replace(blend, weight=WEIGHTS[int(np.argmax(gained))])


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
