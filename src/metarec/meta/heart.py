"""A fitted model as plain arrays: everything that serving needs, in NumPy float64."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Histories
from metarec.meta.confidence import REFUSAL, Confidence, own_kinds
from metarec.meta.evidence import Evidence, spoken_of
from metarec.meta.features.terms import ItemTerms
from metarec.meta.heads.head import Head
from metarec.meta.prior import LearnedPrior, ResidualPrior
from metarec.meta.recency import ages
from metarec.meta.refusals import places_among
from metarec.meta.updaters.closed_form import ClosedForm
from metarec.meta.updaters.exploded import Exploded
from metarec.meta.updaters.updater import Adapted, Support, Updater


@dataclass(frozen=True, eq=False)
class Believed:
    """What a head believes of one person, or of many."""

    taste: Adapted
    told: Float[np.ndarray, "*person item"] | None = None
    """What evidence adds to the score of every item; None where there is none."""


@dataclass(frozen=True, eq=False)
class Heart:
    """One head of one model version: its items, its prior, and how events change it."""

    head: Head
    terms: ItemTerms
    prior: LearnedPrior
    confidence: Confidence
    updater: Updater = field(default_factory=ClosedForm)
    evidence: Evidence | None = None
    residuals: ResidualPrior | None = None
    """What is believed of the residuals of an item that nobody has touched; None where no solve
    knows them."""
    warm: Int[np.ndarray, " item"] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """The items whose residuals were learned after the fit."""

    @cached_property
    def trust(self) -> Float[np.ndarray, " row"]:
        """What the head's own score counts for each item, beside the evidence."""
        trust = np.ones(len(self.terms.offsets))
        if self.evidence is not None:
            trust[: len(self.evidence.trust)] = self.evidence.trust
        return trust

    @property
    def of_refusals(self) -> dict[str, float]:
        """What an event of each negative kind counts; 0 where tables alone order lists, which hear
        none."""
        heard = self.evidence is None or bool(self.evidence.trust.any())
        told = self.confidence.of_refusals
        return {kind: weight if heard else 0.0 for kind, weight in told.items()}

    @cached_property
    def untouched(self) -> Bool[np.ndarray, " row"]:
        """True for items that nobody has touched, as far as evidence tells."""
        rows = np.zeros(len(self.terms.offsets), dtype=bool)
        if self.evidence is not None:
            rows[: len(self.evidence.untouched.rows)] = self.evidence.untouched.rows
        return rows

    def support(
        self,
        rows: Int[np.ndarray, "*#person event"],
        values: Float[np.ndarray, "*#person event"],
        confidence: Float[np.ndarray, "*person event"],
        refused: Bool[np.ndarray, "*#person event"] | None = None,
    ) -> Support:
        """What events on the items in these rows, of these values and confidences, say; those that
        are `refused` speak against their item."""
        targets = self.head.targets(values, self.terms.offsets[rows])
        if refused is not None and refused.any():
            targets = np.where(refused, REFUSAL, targets)
        return Support(rows, targets, self.head.precisions(confidence, self.terms.noise[rows]))

    def adapt_many(
        self,
        histories: Histories,
        profiles: Float[np.ndarray, "person d_profile"] | None,
        refused: Bool[np.ndarray, " event"] | None = None,
    ) -> Believed:
        """What is believed of each history; `items` are rows of the catalogue, and the events that
        are `refused` speak against theirs (None: no event does)."""
        if refused is None:
            refused = np.zeros(len(histories.items), dtype=bool)
        support, taken = self.heard(histories, refused)
        try:
            taste = self.updater.adapt(self.terms, support, self.prior.of(profiles))
        except Exploded as error:
            raise error.of(_named(histories, error.person)) from error
        if self.evidence is None:
            return Believed(taste)
        spoken = spoken_of(taken, ordered=self.evidence.ordered)
        return Believed(taste, self.evidence.logits(spoken))

    def heard(
        self, histories: Histories, refused: Bool[np.ndarray, " event"]
    ) -> tuple[Support, Histories]:
        """What the events of each history say, padded, and those that do not speak against their
        item."""
        taken = histories.keep(~refused) if refused.any() else histories
        if not self.confidence.hears_refusals:
            histories, refused = taken, refused[~refused]
        kinds = own_kinds(histories, self.confidence.kind_names)
        undated = self.confidence.undated(histories.values, kinds)
        rows, values, times, weights, against = (
            histories.padded(column, fill)
            for column, fill in (
                (histories.items, 0),
                (histories.values, 0.0),
                (histories.times, np.nan),
                (undated, 0.0),
                (refused, False),
            )
        )
        places, counted = places_among(against), histories.present & ~against
        old = ages(times, places, counted, self.confidence.recency)
        return self.support(rows, values, weights * self.confidence.of_age(old), against), taken

    def scores(self, believed: Believed) -> Float[np.ndarray, "*person row"]:
        """The score of every row, not held inside a scale."""
        scores = self.head.scores(believed.taste.scores(), self.terms.offsets)
        scores *= self.trust
        if believed.told is not None:
            scores[..., : believed.told.shape[-1]] += believed.told
        return scores

    def scores_of(
        self, believed: Believed, rows: Int[np.ndarray, "*person item"]
    ) -> Float[np.ndarray, "*person item"]:
        """The scores of the items in these rows."""
        own = self.head.scores(believed.taste.scores(rows), self.terms.offsets[rows])
        own = self.trust[rows] * own
        if believed.told is None:
            return own
        return own + np.take_along_axis(believed.told, rows, axis=-1)

    def stds(
        self, believed: Believed, rows: Int[np.ndarray, "*person item"]
    ) -> tuple[Float[np.ndarray, "*person item"], Float[np.ndarray, "*person item"]]:
        """Std of the expected value, and of what would be observed, of the items in these rows.

        That of a logit is of the whole sum, tables and all.
        """
        return self.head.stds(believed.taste.variance(rows), self.terms, rows)

    def with_items(
        self, others: ItemTerms, content: Float[np.ndarray, "added d_content"], n_items: int
    ) -> "Heart":
        """The model with more items behind its first `n_items` rows."""
        evidence = None if self.evidence is None else self.evidence.with_items(content)
        return replace(self, terms=self.terms.followed_by(others, n_items), evidence=evidence)

    def with_changed(
        self,
        rows: Int[np.ndarray, " changed"],
        others: ItemTerms,
        content: Float[np.ndarray, "changed d_content"],
    ) -> "Heart":
        """The model with other content and terms of the items in these rows."""
        evidence = None if self.evidence is None else self.evidence.with_changed(rows, content)
        return replace(self, terms=self.terms.changed(rows, others), evidence=evidence)


def _named(histories: Histories, row: int) -> str:
    """Whose history it is, for an error: the user's id, or else how it begins."""
    if histories.user_ids is not None:
        return f"user {str(histories.user_ids[row])!r}"
    n = int(histories.lengths[row])
    first = histories.vocabulary[histories.items[histories.offsets[row]]] if n else None
    return f"a history of {n} events that begins with item {first!r}"
