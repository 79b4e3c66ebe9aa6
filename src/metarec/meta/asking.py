"""What to ask a person next: the answers that are likely to come and tell most."""

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import lapack

from metarec.data import Catalogue
from metarec.meta.heart import Heart
from metarec.posterior import Posterior


def most_telling(
    heart: Heart,
    posterior: Posterior,
    catalogue: Catalogue,
    candidates: Int[np.ndarray, " candidate"],
    k: int,
    *,
    sure: bool = False,
) -> tuple[Int[np.ndarray, " question"], Float[np.ndarray, " question"]]:
    """Rows of the `k` best questions, one after another, and the gain expected of each.

    The gain of asking about item i is P(the person can answer) times the share of doubt that the
    answer removes, the mean of two shares: of Σ_j q_j Var(s_j), what is not known of scores
    s_j = φ_jᵀw, and of Σ_j q_j Var(s_j − Σ_l q_l s_l), what is not known of their differences,
    all that an order depends on. q are the shares of users who had each item that the person might
    be shown: the items on offer; where the person is `sure` to answer for every candidate, the
    candidates, since what a person has had tells what they are shown, and P is 1 for all. One
    observation of i with noise σ_i² lowers Var(vᵀw) by (vᵀA⁻¹φ_i)² / (σ_i² + φ_iᵀA⁻¹φ_i)
    (Bayesian experimental design for a linear model: Chaloner and Verdinelli 1995, section 2,
    A-optimality). What is expected to be learned from an earlier question is taken into account by
    the chance that it is answered; no answer has to be known for that, since the fall does not
    depend on it.
    """
    k = min(k, len(candidates))
    rows, gains = np.zeros(k, dtype=np.int64), np.zeros(k)
    inverse, _ = lapack.dpotri(posterior.factor, lower=1)
    covariance = np.tril(inverse) + np.tril(inverse, -1).T
    likely = answer_chances(heart, len(catalogue))
    features = heart.features[candidates]
    noise = 1.0 if heart.implicit else heart.noise[candidates]
    if sure:
        answers = np.ones(len(candidates))
        doubt = _doubt(features, likely[candidates], covariance)
    else:
        answers = likely[candidates]
        offered = np.flatnonzero(catalogue.offered)
        doubt = _doubt(heart.features[offered], likely[offered], covariance)
    ties = catalogue.ties[candidates]
    open_ = np.ones(len(candidates), dtype=bool)
    for question in range(k):
        spread = features @ covariance  # (candidate, d)
        fall = np.einsum("cd,de,ce->c", spread, doubt, spread)
        expected = noise + np.einsum("cd,cd->c", spread, features)
        gain = np.where(open_, answers * fall / expected, -np.inf)
        best = int(np.lexsort((ties, -gain))[0])
        rows[question], gains[question] = candidates[best], gain[best]
        open_[best] = False
        learned = answers[best] * np.outer(spread[best], spread[best]) / expected[best]
        covariance = covariance - learned
    return rows, gains


def _doubt(
    shown: Float[np.ndarray, "item d"],
    weights: Float[np.ndarray, " item"],
    covariance: Float[np.ndarray, "d d"],
) -> Float[np.ndarray, "d d"]:
    """The matrix D with tr(D A⁻¹) = 1: what is not known of scores and of their differences."""
    weights = weights[:, None] / max(weights.sum(), 1e-12)
    D = np.zeros_like(covariance)
    for vectors in (shown, shown - (weights * shown).sum(axis=0)):
        Q = (weights * vectors).T @ vectors
        total = np.sum(Q * covariance)
        if total > 1e-12:  # one item alone has no differences
            D += 0.5 * Q / total
    return D


def answer_chances(heart: Heart, n_items: int) -> Float[np.ndarray, " item"]:
    """How likely a person can answer for each item: the share of users who had it.

    An item that nobody had is taken for half as well known as the least known one, so that a shop
    of new items has something to ask as well.
    """
    had = heart.popularity[:n_items]
    least = had[had > 0].min(initial=1.0)
    return np.where(had > 0, had, 0.5 * least)
