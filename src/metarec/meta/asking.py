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

    The gain of asking about item i is P(the person can answer) times the fall of
    Σ_j q_j Var(φ_jᵀw), with q the share of users who had item j, of those on offer: the items that
    the person might be shown. One observation of i with noise σ_i² lowers Var(φ_jᵀw) by
    (φ_jᵀA⁻¹φ_i)² / (σ_i² + φ_iᵀA⁻¹φ_i)
    (Bayesian experimental design for a linear model: Seo et al. 2000, "active learning Cohn");
    P is 1 for all where the person is `sure` to answer. What
    is expected to be learned from an earlier question is taken into account by the chance that it
    is answered; no answer has to be known for that, since the fall does not depend on it.
    """
    k = min(k, len(candidates))
    rows, gains = np.zeros(k, dtype=np.int64), np.zeros(k)
    inverse, _ = lapack.dpotri(posterior.factor, lower=1)
    covariance = np.tril(inverse) + np.tril(inverse, -1).T
    likely = answer_chances(heart, len(catalogue))
    shown = likely * catalogue.offered
    items = heart.features[: len(catalogue)]
    Q = (items * shown[:, None]).T @ items / max(shown.sum(), 1e-12)
    features = heart.features[candidates]
    noise = 1.0 if heart.implicit else heart.noise[candidates]
    answers = np.ones(len(candidates)) if sure else likely[candidates]
    ties = catalogue.ties[candidates]
    open_ = np.ones(len(candidates), dtype=bool)
    for question in range(k):
        spread = features @ covariance  # (candidate, d)
        fall = np.einsum("cd,de,ce->c", spread, Q, spread)
        expected = noise + np.einsum("cd,cd->c", spread, features)
        gain = np.where(open_, answers * fall / expected, -np.inf)
        best = int(np.lexsort((ties, -gain))[0])
        rows[question], gains[question] = candidates[best], gain[best]
        open_[best] = False
        learned = answers[best] * np.outer(spread[best], spread[best]) / expected[best]
        covariance = covariance - learned
    return rows, gains


def answer_chances(heart: Heart, n_items: int) -> Float[np.ndarray, " item"]:
    """How likely a person can answer for each item: the share of users who had it.

    An item that nobody had is taken for half as well known as the least known one, so that a shop
    of new items has something to ask as well.
    """
    had = heart.popularity[:n_items]
    least = had[had > 0].min(initial=1.0)
    return np.where(had > 0, had, 0.5 * least)
