"""A fitted model as plain arrays: everything that serving needs, in NumPy float64."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Histories
from metarec.meta.config import MetaConfig
from metarec.meta.weighing import ages_of, nows, own_kinds, value_confidence
from metarec.posterior import Posterior, Prior, condition, gather

ROW_BLOCK = 64
"""Item arrays are padded to this many rows. The kernels of a matrix product treat the rows at the
end of a matrix differently, so an item's score could otherwise depend on its neighbours' number."""


@dataclass(frozen=True, eq=False)
class Heart:
    """Features, offsets and prior of one model version.

    Item arrays have one row an item of the catalogue, then padding to a multiple of `ROW_BLOCK`.
    """

    implicit: bool
    recency: str
    features: Float[np.ndarray, "row d"]
    """φ, the constant γ in the last column."""
    offsets: Float[np.ndarray, " row"]
    """o; for implicit events a logit."""
    unsure: Float[np.ndarray, " row"]
    """(1 − z) τ²."""
    popularity: Float[np.ndarray, " row"]
    """Share of training users with an event on the item."""
    mean: Float[np.ndarray, " d"]
    """m, of a person without a profile."""
    profile_map: Float[np.ndarray, "d_profile d"]
    """What each profile feature adds to m."""
    precision: Float[np.ndarray, "d d"]
    """P."""
    noise: Float[np.ndarray, " row"]
    """σ² of each item, before calibration."""
    eps: float
    rho: float
    kind_names: tuple[str, ...]
    kind_confidence: Float[np.ndarray, " kind"]
    kappa: float
    scale: tuple[float, float]
    """Smallest and largest rating; (-inf, inf) for implicit events."""
    variance_factor: float
    """Calibration: variances are multiplied by this; NaN while the model is not calibrated."""
    config: MetaConfig

    @cached_property
    def d(self) -> int:
        """Length of a feature vector, with its constant."""
        return self.features.shape[1]

    @cached_property
    def prior_covariance(self) -> Float[np.ndarray, "d d"]:
        """P⁻¹."""
        return np.linalg.inv(self.precision)

    @cached_property
    def kind_row(self) -> dict[str, int]:
        """Row of each kind of event."""
        return {name: row for row, name in enumerate(self.kind_names)}

    def prior(self, profile: Float[np.ndarray, "*person d_profile"] | None) -> Prior:
        """The prior of a person, or of many, by their profile features."""
        if profile is None or not len(self.profile_map):
            return Prior(self.mean, self.precision)
        return Prior(self.mean + profile @ self.profile_map, self.precision)

    def weight(self, ages: Float[np.ndarray, "*event"]) -> Float[np.ndarray, "*event"]:
        """ε + (1 − ε) ρ^age; 1 where age does not count."""
        if self.recency == "none":
            return np.ones(ages.shape)
        return self.eps + (1 - self.eps) * self.rho**ages

    def precisions(
        self,
        items: Int[np.ndarray, "*event"],
        values: Float[np.ndarray, "*event"],
        kinds: Int[np.ndarray, "*event"],
    ) -> Float[np.ndarray, "*event"]:
        """Confidence over noise of events, before recency."""
        known = np.concatenate([self.kind_confidence, [1.0]])  # row -1: no kind, or a new one
        confidence = known[kinds] * value_confidence(values, self.config, implicit=self.implicit)
        return confidence if self.implicit else confidence / self.noise[items]

    def residuals(
        self,
        items: Int[np.ndarray, "*person event"],
        values: Float[np.ndarray, "*person event"],
        mean: Float[np.ndarray, "*person d"],
    ) -> Float[np.ndarray, "*person event"]:
        """What the prior mean does not explain of each event."""
        expected = (self.features[items] @ mean[..., None])[..., 0]
        if self.implicit:
            return 1.0 - expected
        return values - self.offsets[items] - expected

    def scores(self, weights: Float[np.ndarray, "*person d"]) -> Float[np.ndarray, "*person row"]:
        """The score of every row for people of these posterior mean weights."""
        inner = self.features @ weights if weights.ndim == 1 else weights @ self.features.T
        return (self.kappa * inner if self.implicit else inner) + self.offsets

    def stds(
        self, variance: Float[np.ndarray, "*item"], items: Int[np.ndarray, "*item"]
    ) -> tuple[Float[np.ndarray, "*item"], Float[np.ndarray, "*item"]]:
        """Calibrated std of the expected value, and of what would be observed.

        An implicit event has no noise of its own, so its second number is NaN.
        """
        if self.implicit:
            std = self.kappa * np.sqrt(self.variance_factor * variance)
            return std, np.full(std.shape, np.nan)
        expected = variance + self.unsure[items]
        factor = self.variance_factor
        return np.sqrt(factor * expected), np.sqrt(factor * (expected + self.noise[items]))

    def adapt_many(
        self, histories: Histories, profiles: Float[np.ndarray, "person d_profile"] | None
    ) -> Posterior:
        """The posterior of each history; `items` are rows of the catalogue."""
        shape = (len(histories), int(histories.lengths.max(initial=0)))
        at = (histories.rows, histories.places)
        ages = ages_of(
            histories.times,
            histories.places,
            nows(histories, self.recency)[histories.rows],
            self.recency,
        )
        kinds = own_kinds(histories, self.kind_names)
        precisions = self.precisions(histories.items, histories.values, kinds) * self.weight(ages)
        items = np.zeros(shape, dtype=np.int64)
        values, weights = np.zeros(shape), np.zeros(shape)
        items[at], values[at], weights[at] = histories.items, histories.values, precisions
        prior = self.prior(profiles)
        residuals = self.residuals(items, values, prior.mean)
        return condition(prior, gather(self.features[items], residuals, weights))

    def with_items(
        self,
        features: Float[np.ndarray, "new d"],
        offsets: Float[np.ndarray, " new"],
        unsure: Float[np.ndarray, " new"],
        noise: Float[np.ndarray, " new"],
        n_items: int,
    ) -> "Heart":
        """The model with untouched items behind its first `n_items` rows."""
        no_one = np.zeros(len(offsets))
        return replace(
            self,
            features=pad_rows(np.concatenate([self.features[:n_items], features])),
            offsets=pad_rows(np.concatenate([self.offsets[:n_items], offsets])),
            unsure=pad_rows(np.concatenate([self.unsure[:n_items], unsure])),
            noise=pad_rows(np.concatenate([self.noise[:n_items], noise])),
            popularity=pad_rows(np.concatenate([self.popularity[:n_items], no_one])),
        )


def pad_rows(rows: np.ndarray) -> np.ndarray:
    """`rows` as float64 with zero rows up to a multiple of `ROW_BLOCK`."""
    missing = -len(rows) % ROW_BLOCK
    widths = [(0, missing)] + [(0, 0)] * (rows.ndim - 1)
    return np.ascontiguousarray(np.pad(rows.astype(np.float64), widths))
