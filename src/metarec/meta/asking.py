"""What to ask a person next: the answers that are likely to come and tell most."""

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Catalogue
from metarec.meta.heart import Heart
from metarec.ranking.ties import ties_of


def most_telling(
    heart: Heart,
    covariance: Float[np.ndarray, "d d"],
    catalogue: Catalogue,
    questions: Int[np.ndarray, " candidate"],
    shown: Int[np.ndarray, " item"],
    k: int,
    *,
    sure: bool,
) -> tuple[Int[np.ndarray, " question"], Float[np.ndarray, " question"]]:
    """Rows of the `k` best of `questions`, one after another, and the gain expected of each.

    The gain of asking about item i is P(the person can answer) times the share that the answer
    removes of what is not known about a newcomer, the mean of two shares: of Σ_j q_j Var(s_j), the
    doubt in scores s_j = φ_jᵀw, and of Σ_j q_j Var(s_j − Σ_l q_l s_l), the doubt in their
    differences, all that an order depends on. q are the shares of users who had each item that the
    person might be `shown`; P is that share too, or 1 where the person is `sure` to answer. One
    observation of i with noise σ_i² lowers Var(vᵀw) by (vᵀA⁻¹φ_i)² / (σ_i² + φ_iᵀA⁻¹φ_i) (Bayesian
    experimental design for a linear model: Chaloner and Verdinelli 1995, section 2, A-optimality),
    whatever the answer is, so what an earlier question will teach is known beforehand up to the
    chance that it is answered. That an answer makes older implicit events count less is left out.
    """
    k = min(k, len(questions))
    rows, gains = np.zeros(k, dtype=np.int64), np.zeros(k)
    likely = answer_chances(heart, len(catalogue))
    terms = heart.terms
    doubt = doubt_matrix(terms.features[shown], likely[shown], heart.prior.covariance)
    features = terms.features[questions]
    answers = np.ones(len(questions)) if sure else likely[questions]
    alike = np.ones(len(questions))
    no_kind = np.full(len(questions), -1)
    confidence = heart.confidence.undated(alike, no_kind)
    noise = 1.0 / heart.support(questions, alike, confidence).precisions
    ties = ties_of(catalogue.vocabulary)[questions]
    open_ = np.ones(len(questions), dtype=bool)
    for question in range(k):
        spread = features @ covariance  # (candidate, d)
        fall = np.einsum("cd,de,ce->c", spread, doubt, spread)
        expected = noise + np.einsum("cd,cd->c", spread, features)
        gain = np.where(open_, answers * fall / expected, -np.inf)
        best = int(np.lexsort((ties, -gain))[0])
        rows[question], gains[question] = questions[best], gain[best]
        open_[best] = False
        learned = answers[best] * np.outer(spread[best], spread[best]) / expected[best]
        covariance = covariance - learned
    return rows, gains


def doubt_matrix(
    features: Float[np.ndarray, "item d"],
    weights: Float[np.ndarray, " item"],
    prior: Float[np.ndarray, "d d"],
) -> Float[np.ndarray, "d d"]:
    """D such that tr(D C) is the doubt under covariance C, as a share of that under the prior."""
    weights = weights[:, None] / max(weights.sum(), 1e-12)
    D = np.zeros_like(prior)
    for vectors in (features, features - (weights * features).sum(axis=0)):
        Q = (weights * vectors).T @ vectors
        total = np.sum(Q * prior)
        if total > 1e-12:  # one item alone has no differences
            D += 0.5 * Q / total
    return D


def answer_chances(heart: Heart, n_items: int) -> Float[np.ndarray, " item"]:
    """How likely a person can answer for each item: the share of users who had it.

    An item that nobody had is taken for half as well known as the least known one, so that a shop
    of new items has something to ask as well.
    """
    had = heart.terms.popularity[:n_items]
    least = had[had > 0].min(initial=1.0)
    return np.where(had > 0, had, 0.5 * least)
