"""What a caller wants of a list, read once and applied to every table of scores."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Catalogue, DataError, Filters, Recommendations
from metarec.contracts.availability import checked_moment
from metarec.contracts.event_kinds import ANY_KIND, EventKinds
from metarec.contracts.shortfall import REASONS
from metarec.ranking.candidates import candidate_rows, list_length
from metarec.ranking.columns import Lowered, boost_of, caps_of, lowered_of
from metarec.ranking.exclusions import (
    Exclusions,
    Had,
    counted_events,
    excluded_rows,
    excluding_seen,
    seen_kinds,
)
from metarec.ranking.reranking import Reranking, checked_diversity
from metarec.ranking.ties import ties_of
from metarec.ranking.top_k import best_rows
from metarec.ranking.where import where_mask

Vectors = Callable[[], Float[np.ndarray, "item d"]]
Missing = Int[np.ndarray, "history reason"]


@dataclass(frozen=True, eq=False)
class Wanted:
    """How long lists are, which items may stand in them, and what changes their order."""

    asked: int
    """The length that was asked for."""
    k: int
    """The same, held inside the catalogue."""
    allowed: Int[np.ndarray, " candidate"]
    """Rows of the catalogue that anybody may be shown, ascending."""
    exclude_seen: bool | frozenset[str]
    ties: Int[np.ndarray, " item"]
    left_out: Mapping[str, int]
    """How many items of the catalogue nobody is shown, by reason."""
    own: Exclusions | None = None
    event_kinds: EventKinds = ANY_KIND
    boost: Float[np.ndarray, " item"] | None = None
    """By how many σ each item is lifted."""
    lowered: Lowered | None = None
    seen_since: float | None = None
    reranking: Reranking | None = None

    @classmethod
    def of(
        cls,
        k: int,
        filters: Filters,
        catalogue: Catalogue,
        *,
        kinds: Iterable[str] = (),
        people: int | None = None,
        vectors: Vectors | None = None,
        event_kinds: EventKinds = ANY_KIND,
        shows_seen: bool = False,
        basket: Int[np.ndarray, " basket"] | None = None,
    ) -> Self:
        """The caller's words for this catalogue; raises DataError for what they cannot mean.

        `kinds` are those that events may have; `people` is the number of histories, None for one
        person alone; `vectors` gives a vector of length 1 for each item; `event_kinds`
        are those that the shop declared; where `shows_seen` lists show what people had, unless the
        caller says otherwise; `basket` are the rows of the items that others are to be like.
        """
        known = Filters.__annotations__
        if unknown := sorted(filters.keys() - known):
            raise DataError(f"recommend does not know {unknown}; it takes k and {sorted(known)}")
        length = list_length(k, catalogue)
        at = filters.get("at")
        allowed, left_out = np.flatnonzero(catalogue.on_offer(at)), {}
        left_out["not_offered"] = len(catalogue) - len(allowed)
        if (candidates := filters.get("candidates")) is not None:
            rest = candidate_rows(candidates, catalogue, at)
            left_out["not_candidates"], allowed = len(allowed) - len(rest), rest
        if (where := filters.get("where")) is not None:
            rest = allowed[where_mask(where, catalogue, basket)[allowed]]
            left_out["filtered"], allowed = len(allowed) - len(rest), rest
        own = None
        if (exclude := filters.get("exclude")) is not None:
            excluded = excluded_rows(exclude, catalogue, people)
            if isinstance(excluded, Exclusions):
                own = excluded
            else:
                rest = np.setdiff1d(allowed, excluded)
                left_out["excluded"], allowed = len(allowed) - len(rest), rest
        since = filters.get("seen_since")
        return cls(
            int(k),
            length,
            allowed,
            seen_kinds(excluding_seen(filters, shows_seen), kinds),
            ties_of(catalogue.vocabulary),
            left_out,
            own,
            event_kinds,
            None if (boost := filters.get("boost")) is None else boost_of(boost, catalogue),
            lowered_of(low, catalogue, people) if (low := filters.get("lowered")) else None,
            None if since is None else checked_moment(since, "seen_since", "a finite number"),
            _reranking(length, filters, catalogue, vectors),
        )

    def best(
        self, scores: Float[np.ndarray, "history item"], events: Had, first: int = 0
    ) -> tuple[Int[np.ndarray, "history rank"], Missing | None]:
        """Rows of the best items of each history, best first, -1 where none is left; and, where a
        list is shorter than asked, how many items each reason kept out of each.

        `events` are those of the histories, the first of which is number `first` of all that were
        asked for. What may not be shown becomes NaN in `scores`.
        """
        barred = {}
        if self.own is not None:
            barred["excluded"] = self.own.of(first, len(scores))
        if self.event_kinds.negative:
            refused = self.event_kinds.refused(events)
            barred["refused"] = events.rows[refused], events.items[refused]
        if self.exclude_seen is not False:
            counted = counted_events(events, self.exclude_seen, self.event_kinds, self.seen_since)
            barred["seen"] = events.rows[counted], events.items[counted]
        for rows, items in barred.values():
            scores[rows, items] = np.nan
        by = self.lifted(scores, first)
        if self.reranking is None:
            found = best_rows(by, self.k, self.allowed, self.ties)
        else:
            found = self.reranking.lists(by, self.allowed, self.ties)
        if self.asked == self.k and (found[:, -1] >= 0).all():
            return found, None
        return found, self._missing(found, scores, barred)

    def lifted(
        self, scores: Float[np.ndarray, "history item"], first: int = 0
    ) -> Float[np.ndarray, "history item"]:
        """The scores by which lists are ordered, of people the first of whom is number `first`."""
        lift = None if self.boost is None else self.boost[None]
        if self.lowered is not None:
            down = self.lowered.of(first, *scores.shape)
            lift = -down if lift is None else lift - down
        return scores if lift is None else boosted(scores, lift, self.allowed)

    def one(
        self, scores: Float[np.ndarray, " item"], events: Had, catalogue: Catalogue
    ) -> Recommendations:
        """One list by these scores, without the empty places at its end."""
        table = np.array(scores, dtype=np.float64)[None, :]
        found, missing = self.best(table, events)
        best = found[0][found[0] >= 0]
        return Recommendations(
            catalogue.vocabulary,
            best,
            table[0, best],
            np.full(len(best), np.nan),
            catalogue,
            asked=self.asked,
            missing=missing,
        )

    def _missing(
        self,
        found: Int[np.ndarray, "history rank"],
        scores: Float[np.ndarray, "history item"],
        barred: Mapping[str, tuple[np.ndarray, np.ndarray]],
    ) -> Missing:
        """Each item of the catalogue that is not shown, counted by the first reason that holds."""
        missing = np.zeros((len(found), len(REASONS)), dtype=np.int64)
        for reason, count in self.left_out.items():
            missing[:, REASONS.index(reason)] = count
        open_ = np.zeros(scores.shape, dtype=bool)
        open_[:, self.allowed] = True
        for reason, (rows, items) in barred.items():
            before = open_.sum(axis=1)
            open_[rows, items] = False
            missing[:, REASONS.index(reason)] += before - open_.sum(axis=1)
        scored = (open_ & np.isfinite(scores)).sum(axis=1)
        missing[:, REASONS.index("unscorable")] = open_.sum(axis=1) - scored
        missing[:, REASONS.index("capped")] = scored - (found >= 0).sum(axis=1)
        return missing


def boosted(
    scores: Float[np.ndarray, "history item"],
    boost: Float[np.ndarray, "#history item"],
    allowed: Int[np.ndarray, " candidate"],
) -> Float[np.ndarray, "history item"]:
    """score + boost * σ, σ the standard deviation of each history's scores of the allowed items.

    Where all of these are equal σ is 1, so that the boost decides.
    """
    shown = scores[:, allowed]
    finite = np.isfinite(shown)
    counts = np.maximum(finite.sum(axis=1, keepdims=True), 1)
    shown = np.where(finite, shown, 0.0)
    mean = shown.sum(axis=1, keepdims=True) / counts
    spread = np.sqrt((np.where(finite, shown - mean, 0.0) ** 2).sum(axis=1, keepdims=True) / counts)
    alike = spread <= 1e-12 * np.maximum(np.abs(mean), 1.0)  # what rounding leaves of nothing
    return scores + boost * np.where(alike, 1.0, spread)


def _reranking(
    k: int, filters: Filters, catalogue: Catalogue, vectors: Vectors | None
) -> Reranking | None:
    diversity = checked_diversity(filters.get("diversity", 0.0))
    at_most = filters.get("at_most")
    caps = () if at_most is None else caps_of(at_most, catalogue)
    if not diversity and not caps:
        return None
    if diversity and vectors is None:
        raise DataError("diversity needs vectors of the items, and this model has none")
    return Reranking(k, diversity, vectors() if diversity and vectors else None, caps)
