"""How sure the scores are by which lists are ordered, and what they might be instead."""

import numpy as np
from jaxtyping import Float, Int

from metarec.meta.adaptation import Adaptation
from metarec.meta.ordering import Ranking


def stds_of(ranking: Ranking, rows: Int[np.ndarray, " item"]) -> Float[np.ndarray, " item"]:
    """The standard deviation of the score of each item: that of a sum of heads, as if what one
    does not know told nothing of the other."""
    variance = np.zeros(len(rows))
    for part in ranking.ordering.parts:
        own = ranking.adaptations[part.head]
        std, _ = own.heart.stds(own.believed, rows)
        variance += (_factors(part.factors, rows) * std) ** 2
    return np.sqrt(variance)


def drawn_scores(
    ranking: Ranking, rows: Int[np.ndarray, " item"], n: int, rng: np.random.Generator
) -> Float[np.ndarray, "draw item"]:
    """The scores of these items under `n` tastes drawn from what is believed of the person.

    They spread as the standard deviations say. NaN where the model does not know them.
    """
    scores = np.broadcast_to(ranking.scores[rows], (n, len(rows))).copy()
    for part in ranking.ordering.parts:
        moved = _moved(ranking.adaptations[part.head], rows, n, rng)
        scores += _factors(part.factors, rows) * moved
    return scores


def _moved(
    own: Adaptation, rows: Int[np.ndarray, " item"], n: int, rng: np.random.Generator
) -> Float[np.ndarray, "draw item"]:
    """How far one head's scores move: together by taste, and each item by what is known of it
    alone."""
    heart = own.heart
    head, taste = heart.head, own.believed.taste
    scale = head.slope * np.sqrt(head.variance_factor)
    std, _ = heart.stds(own.believed, rows)
    alone = np.sqrt(np.maximum(std**2 - scale**2 * taste.variance(rows), 0.0))
    return scale * taste.draw(rows, n, rng) + alone * rng.standard_normal((n, len(rows)))


def _factors(
    factors: Float[np.ndarray, " row"] | None, rows: Int[np.ndarray, " item"]
) -> Float[np.ndarray, " item"] | float:
    return 1.0 if factors is None else factors[rows]
