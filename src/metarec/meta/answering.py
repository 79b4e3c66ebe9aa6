"""What a fitted heart answers of many people at once: scores, lists, and what is alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Unpack

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import (
    DataError,
    Event,
    EventLike,
    Filters,
    Histories,
    Predictions,
    Recommendations,
    nested_events,
)
from metarec.contracts.alignment import align, warn_of_kinds
from metarec.contracts.directions import unit_rows
from metarec.contracts.pieces import uneven_pieces
from metarec.meta.fitted import FittedModel
from metarec.meta.heads import Head
from metarec.meta.heart import Believed, Heart
from metarec.meta.ordering import CHOICE, Ordering, RankBy
from metarec.meta.profiles import KnowingProfiles
from metarec.meta.refusals import served
from metarec.ranking.candidates import checked_ids
from metarec.ranking.exclusions import OwnEvents
from metarec.ranking.given import basket_rows
from metarec.ranking.lists import Scored, best_lists, given_lists
from metarec.ranking.wanted import Wanted

CELLS_AT_ONCE = 500_000
"""Scores held in memory at once (4 MB): what stays in cache is ranked fastest."""


class Answering(KnowingProfiles, FittedModel):
    """The part of a fitted model that answers histories; a batch equals one person at a time."""

    def checked(self, raw: EventLike) -> Event:
        """The event that `raw` stands for, with its value; a rating must have one inside the
        scale, an implicit event a weight above 0, and 1 where none is told."""
        return self.heart.head.check(Event.of(raw))

    def score(
        self,
        histories: Histories | Sequence[Sequence[EventLike]],
        ids: Sequence[str],
        *,
        rank_by: RankBy | None = None,
    ) -> Float[np.ndarray, "history item"]:
        """The score of each named item for each history, by which lists are ordered; NaN in place
        where unknown. `rank_by` as in `recommend`; by "rating" it is held inside the scale."""
        ordering = self.ordering(rank_by)
        rows = self.catalogue.index(checked_ids("ids", ids))
        aligned = self._aligned(histories)
        table = np.full((len(aligned), len(rows)), np.nan)
        for chunk in self._chunks(aligned):
            heads = [part.head for part in ordering.parts]
            scores = ordering.total(self._scores(self._beliefs(aligned.take(chunk), heads)))
            table[chunk] = ordering.shown(scores[:, rows], self.hearts)
        table[:, rows < 0] = np.nan
        return table

    def predict(self, histories: Histories, query: Histories) -> Predictions:
        """Scores and stds of each history's own query items, one a query event, in its order.

        Of a model of ratings these are the expected ratings, not held inside the scale, so that
        they keep their order.
        """
        if len(histories) != len(query):
            raise DataError(
                f"predict needs one query a history, got {len(histories)} histories and "
                f"{len(query)} queries"
            )
        aligned = self._aligned(histories)
        rows = self.catalogue.index(query.vocabulary)[query.items]
        scores, stds, predictive = (np.full(len(rows), np.nan) for _ in range(3))
        known = replace(query, items=np.maximum(rows, 0))
        for chunk in self._chunks(aligned):
            adapted = self._believed(aligned.take(chunk), self.heart)
            part = known.take(chunk)
            items, mask = part.padded(part.items, 0), part.present  # (person, query)
            std, noisy = self.heart.stds(adapted, items)
            at = slice(query.offsets[chunk.start], query.offsets[min(chunk.stop, len(query))])
            scores[at] = self.heart.scores_of(adapted, items)[mask]
            stds[at], predictive[at] = std[mask], noisy[mask]
        for column in (scores, stds, predictive):
            column[rows < 0] = np.nan
        return Predictions(scores, stds, predictive)

    def recommend(
        self,
        histories: Histories | Sequence[Sequence[EventLike]],
        k: int = 10,
        *,
        rank_by: RankBy | None = None,
        **filters: Unpack[Filters],
    ) -> Recommendations:
        """The `k` best items of each history, with standard deviations.

        A model of ratings orders by what a person would choose and by how they would like it
        (`rank_by="both"`), or by one of them ("choice", "rating"); the answer has the expected
        ratings beside the scores, and the standard deviations are theirs.
        An item that the person has a negative event on is never among them. Where the shop declares
        target kinds, `exclude_seen` leaves out the items with such an event: what was only looked
        at may still be bought.
        """
        aligned = self._aligned(histories)
        wanted = Wanted.of(
            k,
            filters,
            self.catalogue,
            kinds=(*self.kinds, *aligned.kind_names),
            people=len(aligned),
            vectors=self.item_vectors,
            event_kinds=self.event_kinds,
            shows_seen=self.shows_seen,
        )
        scoring = partial(self._scored, ordering=self.ordering(rank_by))
        return best_lists(wanted, self.catalogue, aligned, self._chunks(aligned), scoring)

    def rank(
        self,
        histories: Histories | Sequence[Sequence[EventLike]],
        ids: Sequence[str],
        *,
        rank_by: RankBy | None = None,
    ) -> Recommendations:
        """All the named items for each history, best first, with standard deviations.

        Whatever was seen or retired is among them; what is unknown stands last.
        """
        aligned = self._aligned(histories)
        scoring = partial(self._scored, ordering=self.ordering(rank_by))
        return given_lists(ids, self.catalogue, aligned, self._chunks(aligned), scoring)

    def similar(
        self, items: str | Sequence[str], k: int = 10, **filters: Unpack[Filters]
    ) -> Recommendations:
        """The `k` items whose scores move most like these: prior correlation of φᵀw.

        Of a basket of several items it is the mean; `exclude_seen` leaves the basket itself out.
        """
        rows = basket_rows(items, self.catalogue)
        wanted = Wanted.of(k, filters, self.catalogue, vectors=self.item_vectors, basket=rows)
        directions = self.item_vectors()
        correlation = directions @ directions[rows].mean(axis=0)
        return wanted.one(correlation, OwnEvents.on(rows), self.catalogue)

    def item_vectors(self) -> Float[np.ndarray, "item d"]:
        """Directions of the items by which they are alike: learned features under the prior
        covariance, scaled to length 1; without the constant."""
        return self._whitened

    @cached_property
    def _whitened(self) -> Float[np.ndarray, "item d"]:
        """Learned features under the prior covariance, scaled to length 1; without the constant."""
        heart = self.hearts.get(CHOICE, self.heart)
        features = heart.terms.features[: len(self.catalogue), :-1]
        root = np.linalg.cholesky(heart.prior.covariance[:-1, :-1])
        return unit_rows(features @ root)

    def _aligned(self, histories: Histories | Sequence[Sequence[EventLike]]) -> Histories:
        """Checked histories in the rows of the catalogue."""
        if not isinstance(histories, Histories):
            nested = nested_events(histories)
            histories = Histories.of([[self.checked(event) for event in h] for h in nested])
        elif len(histories.values):  # a dataset's own values, which may be on another scale
            for event in {int(histories.values.argmin()), int(histories.values.argmax())}:
                item_id = str(histories.vocabulary[histories.items[event]])
                self.checked(Event(item_id, float(histories.values[event])))
        warn_of_kinds(histories.kind_names, self.kinds, self.event_kinds)
        return align(histories, self.catalogue)

    def _scored(self, histories: Histories, ordering: Ordering) -> Scored:
        believed = self._beliefs(histories, ordering.names)
        n_items = len(self.catalogue)
        scores = {name: said[:, :n_items] for name, said in self._scores(believed).items()}
        sure = ordering.sure
        told = None if ordering.rating is None else scores[ordering.rating]
        if told is not None and len(ordering.parts) == 1:
            told = told.copy()  # the lists write NaN into what they are ordered by
        return Scored(
            ordering.total(scores),
            lambda best: ordering.shown(best, self.hearts),
            lambda rows: self.hearts[sure].stds(believed[sure], rows)[0],
            None if told is None else partial(_told, self.hearts[sure].head, told),
        )

    def _scores(
        self, believed: Mapping[str, Believed]
    ) -> dict[str, Float[np.ndarray, "history row"]]:
        """The scores of each of these heads."""
        return {name: self.hearts[name].scores(of) for name, of in believed.items()}

    def _beliefs(self, histories: Histories, heads: Iterable[str]) -> dict[str, Believed]:
        """What these heads believe; the histories are put in order once for all of them."""
        told = self._as_served(histories)
        return {name: self.hearts[name].adapt_many(*told) for name in heads}

    def _believed(self, histories: Histories, heart: Heart) -> Believed:
        return heart.adapt_many(*self._as_served(histories))

    def _as_served(
        self, histories: Histories
    ) -> tuple[Histories, Float[np.ndarray, "person d_profile"] | None, Bool[np.ndarray, " event"]]:
        """The events in the order of their clock, whose they are, and which speak against their
        item."""
        histories = served(histories, self.event_kinds)
        return histories, self._features_of_many(histories), self.event_kinds.refused(histories)

    def _chunks(self, histories: Histories) -> Iterator[slice]:
        # memory goes to scores (item), to padded features (event · d) and to A (d · d)
        d = max(heart.terms.d for heart in self.hearts.values())
        widths = np.maximum(histories.lengths * d, max(len(self.catalogue), d * d))
        return uneven_pieces(widths.tolist(), CELLS_AT_ONCE)


def _told(
    head: Head, scores: Float[np.ndarray, "history item"], rows: Int[np.ndarray, "history rank"]
) -> Float[np.ndarray, "history rank"]:
    """Scores of the items in these rows as people see them."""
    return head.shown(np.take_along_axis(scores, rows, 1))
