"""How much an expected rating counts beside the choice, where lists are ordered by both."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from scipy.special import expit

from metarec.contracts import Dataset, Episodes, Histories
from metarec.meta.evidence import Contests, Questions
from metarec.meta.ordering import CHOICE, VALUE, Blend

LEAST_QUERIES = 50
"""With fewer, the weight would be a guess."""
UNKNOWN = 0.3
"""The weight where validation is too small to teach one: between those of MovieLens-100k and
latest."""
LARGEST = 20.0

Scores = Callable[[Histories], Float[np.ndarray, "person item"]]


def learn_blend(
    train: Dataset, valid: Episodes, choice: Scores, value: Scores, rng: np.random.Generator
) -> Blend:
    """The weight b ≥ 0 by which what was liked stands high in lists of touched items.

    It is where −mean g / log₂(2 + Σ_i σ(s_i − s_target)) is least, a smooth discounted gain whose g
    is how far the target's rating stands above the lowest of the scale: whether something is taken
    counts, and how much it was liked.
    """
    ratings = train.histories.values
    blend = Blend(UNKNOWN, float(ratings.mean()), max(float(ratings.std()), 1e-6))
    questions = Questions.of(valid, train.event_kinds, train.catalogue.offered & train.touched, rng)
    if len(questions) < LEAST_QUERIES:
        return blend
    parts = []
    for part in questions.parts(3):
        level = (value(part.support) - blend.level) / blend.spread
        parts.append(part.contests({CHOICE: choice(part.support), VALUE: level}))
    contests = Contests.joined(parts)
    low, high = train.scale
    gains = (questions.values - low) / (high - low)
    found = minimize_scalar(
        lambda b: lost(contests, gains, float(b)), bounds=(0.0, LARGEST), method="bounded"
    )
    best = min((0.0, UNKNOWN, float(found.x)), key=lambda b: lost(contests, gains, b))
    return replace(blend, weight=best)


def lost(contests: Contests, gains: Float[np.ndarray, " query"], weight: float) -> float:
    """Minus the mean gain of the targets, where the second table counts `weight` beside the
    first."""
    ahead = expit(contests.margins @ np.array([1.0, weight]))
    ranks = np.bincount(contests.query, ahead, contests.n_queries)
    return float(-(gains / np.log2(2.0 + ranks)).mean())
