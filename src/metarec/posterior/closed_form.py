"""The posterior of a person's weights in closed form: NumPy, float64, the definition.

A user has weights w with prior N(m, P⁻¹). An event j says y_j = φ_jᵀw + noise with precision b_j
(confidence over noise variance). Then

    S = Σ_j b_j φ_j φ_jᵀ     b = Σ_j b_j φ_j y_j     A = P + S     w̄ = m + A⁻¹ (b − S m)

and the posterior is N(w̄, A⁻¹) (Bishop 2006, section 3.3; as a few-shot learner: ALPaCA, Harrison,
Sharma and Pavone 2018, section 3). S and b know nothing of the prior, so one pair of them serves
any m, also one that depends on the history. Functions take any leading axes before the event axis,
so one call serves one person or a thousand.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import lapack


@dataclass(frozen=True, eq=False)
class Prior:
    """What is believed of a person's weights before any event: N(`mean`, `precision`⁻¹)."""

    mean: Float[np.ndarray, "*person d"]
    precision: Float[np.ndarray, "d d"]


@dataclass(frozen=True, eq=False)
class Statistics:
    """All that the posterior needs of the events: `S` and `b` of the module's formula."""

    S: Float[np.ndarray, "*person d d"]
    b: Float[np.ndarray, "*person d"]

    def __add__(self, other: "Statistics") -> "Statistics":
        return Statistics(self.S + other.S, self.b + other.b)

    def scaled(self, factor: float) -> "Statistics":
        """The statistics with every event's precision multiplied by `factor`."""
        return Statistics(self.S * factor, self.b * factor)


def nothing_seen(d: int) -> Statistics:
    """The statistics of no events."""
    return Statistics(np.zeros((d, d)), np.zeros(d))


def gather(
    features: Float[np.ndarray, "*#person event d"],
    targets: Float[np.ndarray, "*#person event"],
    precisions: Float[np.ndarray, "*person event"],
) -> Statistics:
    """The statistics of the events; an event of precision 0 (padding) counts for nothing.

    `features` and `targets` may have a 1 in an axis of people where `precisions` has more.
    """
    weighted = features * precisions[..., None]
    S = np.swapaxes(weighted, -1, -2) @ features  # (d, event) @ (event, d)
    b = np.swapaxes(weighted, -1, -2) @ targets[..., None]
    return Statistics(S, b[..., 0])


def observe(
    statistics: Statistics, feature: Float[np.ndarray, " d"], target: float, precision: float
) -> Statistics:
    """The statistics after one more event: a rank-one addition."""
    weighted = precision * feature
    return Statistics(statistics.S + np.outer(weighted, feature), statistics.b + weighted * target)


@dataclass(frozen=True, eq=False)
class Posterior:
    """N(`mean`, A⁻¹) with A = `factor` `factor`ᵀ (lower Cholesky factor)."""

    mean: Float[np.ndarray, "*person d"]
    factor: Float[np.ndarray, "*person d d"]

    def variance(
        self, features: Float[np.ndarray, "*person item d"]
    ) -> Float[np.ndarray, "*person item"]:
        """φᵀ A⁻¹ φ of each row: how unsure the expected value φᵀw is."""
        whitened = self._whiten(features)
        return np.einsum("...id,...id->...i", whitened, whitened)

    def covariance(self) -> Float[np.ndarray, "*person d d"]:
        """A⁻¹."""
        if self.factor.ndim > 2:
            whitening = np.linalg.inv(self.factor)
            return np.asarray(np.swapaxes(whitening, -1, -2) @ whitening)
        inverse, _ = lapack.dpotri(self.factor, lower=1)
        return np.tril(inverse) + np.tril(inverse, -1).T

    def influence(
        self,
        features: Float[np.ndarray, "item d"],
        support: Float[np.ndarray, "event d"],
        precisions: Float[np.ndarray, " event"],
    ) -> Float[np.ndarray, "item event"]:
        """How far one unit of surprise of each event moves each item: b_j φ_iᵀ A⁻¹ φ_j.

        Times y_j − φ_jᵀm these are the events' shares of φ_iᵀ(w̄ − m), and sum to it.
        """
        return (self._whiten(features) @ self._whiten(support).T) * precisions

    def draw(self, n: int, rng: np.random.Generator) -> Float[np.ndarray, "n d"]:
        """Weights drawn from the posterior of one person: w̄ + L⁻ᵀ ε with ε ~ N(0, I)."""
        noise = rng.standard_normal((len(self.mean), n))
        moved, _ = lapack.dtrtrs(self.factor, noise, lower=1, trans=1)
        return self.mean + moved.T

    def _whiten(
        self, rows: Float[np.ndarray, "*person row d"]
    ) -> Float[np.ndarray, "*person row d"]:
        """L⁻¹ φ of each row, so that φᵀA⁻¹φ' is a plain inner product."""
        if self.factor.ndim == 2:
            solved, _ = lapack.dtrtrs(self.factor, rows.T, lower=1)
            return np.asarray(solved.T)
        # NumPy has no batched triangular solve; L⁻¹ once a person is the next best thing
        inverse = np.linalg.inv(self.factor)
        return rows @ np.swapaxes(inverse, -1, -2)  # (row, d) @ (d, d)


def condition(prior: Prior, statistics: Statistics) -> Posterior:
    """The posterior after the events in `statistics`, for one person or many.

    Raises numpy.linalg.LinAlgError if P + S is not positive definite, which only a prior that is
    not itself positive definite can cause.
    """
    A = prior.precision + statistics.S
    if A.ndim > 2:
        s = statistics.b - (statistics.S @ prior.mean[..., None])[..., 0]
        moved = np.linalg.solve(A, s[..., None])[..., 0]
        return Posterior(prior.mean + moved, np.linalg.cholesky(A))
    s = statistics.b - statistics.S @ prior.mean
    # LAPACK directly: the checks around scipy.linalg.cho_solve cost more than the solve itself
    factor, failed = lapack.dpotrf(A, lower=1)
    if failed:
        raise np.linalg.LinAlgError("the posterior precision is not positive definite")
    moved, _ = lapack.dpotrs(factor, s, lower=1)
    return Posterior(prior.mean + moved, factor)
