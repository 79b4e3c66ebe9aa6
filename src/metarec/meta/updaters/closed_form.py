"""The closed form: Bayes for a Gaussian, in one solve."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from metarec.meta.features.terms import ItemTerms
from metarec.meta.sizes import MANY_ITEMS
from metarec.meta.updaters.updater import Support
from metarec.posterior import Posterior, Prior, Statistics, condition, gather


@dataclass(frozen=True, eq=False)
class ClosedFormAdapted:
    """The posterior N(w̄, A⁻¹) of a person's weights, or of many people's."""

    terms: ItemTerms
    prior: Prior
    posterior: Posterior

    def scores(
        self, rows: Int[np.ndarray, "*person item"] | None = None
    ) -> Float[np.ndarray, "*person item"]:
        """φᵀw̄ of the items in these rows of the terms; None stands for all rows."""
        mean, features = self.posterior.mean, self.terms.features
        if rows is not None:
            return (features[rows] @ mean[..., None])[..., 0]
        if mean.ndim > 1:
            return mean @ features.T
        return mean @ self.terms.columns if len(features) > MANY_ITEMS else features @ mean

    def variance(self, rows: Int[np.ndarray, "*person item"]) -> Float[np.ndarray, "*person item"]:
        """φᵀA⁻¹φ of each."""
        return self.posterior.variance(self.terms.features[rows])

    def shares(
        self, rows: Int[np.ndarray, " item"], support: Support
    ) -> Float[np.ndarray, "item event"]:
        """b_j φ_iᵀA⁻¹φ_j (y_j − φ_jᵀm): what each event moved because it was not expected."""
        events = self.terms.features[support.rows]
        surprise = support.targets - events @ self.prior.mean
        moved = self.posterior.influence(self.terms.features[rows], events, support.precisions)
        return moved * surprise

    def covariance(self) -> Float[np.ndarray, "*person d d"]:
        """A⁻¹."""
        return self.posterior.covariance()

    def draw(
        self, rows: Int[np.ndarray, " item"], n: int, rng: np.random.Generator
    ) -> Float[np.ndarray, "draw item"]:
        """φᵀ(w − w̄) of each item, for `n` draws of w."""
        moved = self.posterior.draw(n, rng) - self.posterior.mean
        return moved @ self.terms.features[rows].T


class ClosedForm:
    """N(w̄, A⁻¹) by one solve for each person (`metarec.posterior`)."""

    reads: ClassVar[tuple[str, ...]] = ()
    own_units: ClassVar[bool] = False
    items_stay: ClassVar[bool] = False

    @property
    def knows_variance(self) -> bool:
        """It is that of the posterior."""
        return True

    def adapt(self, terms: ItemTerms, support: Support, prior: Prior) -> ClosedFormAdapted:
        """The posterior after the support."""
        return self.adapt_from(terms, self.gather(terms, support), prior)

    def gather(self, terms: ItemTerms, support: Support) -> Statistics:
        """S and b of the events."""
        return gather(terms.features[support.rows], support.targets, support.precisions)

    def adapt_from(
        self, terms: ItemTerms, statistics: Statistics, prior: Prior
    ) -> ClosedFormAdapted:
        """The posterior after the events in these statistics."""
        return ClosedFormAdapted(terms, prior, condition(prior, statistics))
