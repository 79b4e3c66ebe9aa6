"""A fitted model as plain arrays: everything that serving needs, in NumPy float64."""

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Histories
from metarec.meta.confidence import Confidence, own_kinds
from metarec.meta.features.terms import ItemTerms
from metarec.meta.heads.head import Head
from metarec.meta.prior import LearnedPrior
from metarec.meta.recency import ages
from metarec.meta.updaters.closed_form import ClosedForm
from metarec.meta.updaters.updater import Adapted, Support, Updater


@dataclass(frozen=True, eq=False)
class Heart:
    """One head of one model version: its items, its prior, and how events change it."""

    head: Head
    terms: ItemTerms
    prior: LearnedPrior
    confidence: Confidence
    updater: Updater = field(default_factory=ClosedForm)

    def support(
        self,
        rows: Int[np.ndarray, "*#person event"],
        values: Float[np.ndarray, "*#person event"],
        confidence: Float[np.ndarray, "*person event"],
    ) -> Support:
        """What events on the items in these rows, of these values and confidences, say."""
        targets = self.head.targets(values, self.terms.offsets[rows])
        return Support(rows, targets, self.head.precisions(confidence, self.terms.noise[rows]))

    def adapt_many(
        self, histories: Histories, profiles: Float[np.ndarray, "person d_profile"] | None
    ) -> Adapted:
        """What is believed of each history; `items` are rows of the catalogue."""
        kinds = own_kinds(histories, self.confidence.kind_names)
        undated = self.confidence.undated(histories.values, kinds)
        rows, values, times, weights = (
            histories.padded(column, fill)
            for column, fill in (
                (histories.items, 0),
                (histories.values, 0.0),
                (histories.times, np.nan),
                (undated, 0.0),
            )
        )
        old = ages(times, np.arange(rows.shape[1]), histories.present, self.confidence.recency)
        support = self.support(rows, values, weights * self.confidence.of_age(old))
        return self.updater.adapt(self.terms, support, self.prior.of(profiles))

    def scores(self, adapted: Adapted) -> Float[np.ndarray, "*person row"]:
        """The score of every row, not held inside a scale."""
        return self.head.scores(adapted.scores(), self.terms.offsets)

    def scores_of(
        self, adapted: Adapted, rows: Int[np.ndarray, "*person item"]
    ) -> Float[np.ndarray, "*person item"]:
        """The scores of the items in these rows."""
        return self.head.scores(adapted.scores(rows), self.terms.offsets[rows])

    def stds(
        self, adapted: Adapted, rows: Int[np.ndarray, "*person item"]
    ) -> tuple[Float[np.ndarray, "*person item"], Float[np.ndarray, "*person item"]]:
        """Std of the expected value, and of what would be observed, of the items in these rows."""
        return self.head.stds(adapted.variance(rows), self.terms, rows)

    def with_items(self, others: ItemTerms, n_items: int) -> "Heart":
        """The model with more items behind its first `n_items` rows."""
        return replace(self, terms=self.terms.followed_by(others, n_items))

    def with_changed(self, rows: Int[np.ndarray, " changed"], others: ItemTerms) -> "Heart":
        """The model with other terms of the items in these rows."""
        return replace(self, terms=self.terms.changed(rows, others))
