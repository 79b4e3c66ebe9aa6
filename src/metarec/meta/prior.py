"""What is believed before any event: of a person, a constant that the profile moves; of an item,
what content tells."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from metarec.posterior import Prior


@dataclass(frozen=True, eq=False)
class LearnedPrior:
    """N(m + M · profile, P⁻¹)."""

    mean: Float[np.ndarray, " d"]
    """m, of a person without a profile."""
    profile_map: Float[np.ndarray, "d_profile d"]
    """What each profile feature adds to m."""
    precision: Float[np.ndarray, "d d"]
    """P."""
    scales: tuple[float, float] | None = None
    """λ and α of P = λI + αG, by which it is made anew for other items; None in a model that an
    earlier version saved."""

    @cached_property
    def covariance(self) -> Float[np.ndarray, "d d"]:
        """P⁻¹."""
        return np.linalg.inv(self.precision)

    def of(self, profile: Float[np.ndarray, "*person d_profile"] | None) -> Prior:
        """The prior of a person, or of many, by their profile features."""
        if profile is None or not len(self.profile_map):
            return Prior(self.mean, self.precision)
        return Prior(self.mean + profile @ self.profile_map, self.precision)


@dataclass(frozen=True, eq=False)
class ResidualPrior:
    """(v, β) ~ N(0, `covariance`) of an item beside its content, and what it says of an item that a
    person left it."""

    covariance: Float[np.ndarray, "d d"]
    """Of v, then of β; zeros for what is always 0."""
    left: float = 0.0
    """Precision with which everyone says 0 of φᵀw, whether they met the item or not."""
