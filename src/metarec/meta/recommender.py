"""MetaRecommender: content and a meta-learned prior, adapted to a person in closed form."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, Unpack

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import (
    Catalogue,
    DataError,
    Dataset,
    Encoder,
    Episodes,
    Event,
    EventKinds,
    EventLike,
    Filters,
    Histories,
    NotFittedError,
    Predictions,
    Recommendations,
    Recommender,
    Running,
    nested_events,
)
from metarec.contracts.alignment import align, warn_of_kinds, warn_of_unknown
from metarec.contracts.directions import unit_rows
from metarec.contracts.event_kinds import ANY_KIND
from metarec.contracts.printing import counted
from metarec.encoders import ContentFeatures, TabularFeatures, TextEncoder, content_told
from metarec.files.model_folder import load_state, save_state
from metarec.meta.changing_items import ChangingItems
from metarec.meta.config import MetaConfig
from metarec.meta.fingerprint import fingerprint_of
from metarec.meta.heart import Heart
from metarec.meta.holding_out import checked_validation, hold_out_users
from metarec.meta.person import Person
from metarec.meta.profiles import check_columns, checked_table, copied
from metarec.meta.recency import in_clock_order
from metarec.meta.saved import heart_from, state_of
from metarec.meta.updaters import Adapted
from metarec.ranking.exclusions import OwnEvents
from metarec.ranking.given import basket_rows, given_rows, whole_order
from metarec.ranking.wanted import Wanted, joined
from metarec.training.threads import limited

CELLS_AT_ONCE = 500_000
"""Scores held in memory at once (4 MB): what stays in cache is ranked fastest."""


class MetaRecommender(ChangingItems, Recommender):
    """The heart: one posterior for new users, new events, new items and their uncertainty."""

    Config = MetaConfig
    serves_new_users: bool = True
    has_uncertainty: bool = True

    def __init__(self, encoder: Encoder | None = None, config: MetaConfig | None = None) -> None:
        self.encoder: Encoder = TextEncoder() if encoder is None else encoder
        self.config = MetaConfig() if config is None else config
        if not isinstance(self.config, MetaConfig):
            raise DataError(f"config must be a MetaConfig, got {type(self.config).__name__}")
        if isinstance(self.encoder, str) or not hasattr(self.encoder, "encode"):
            raise DataError(
                "encoder must be an encoder, such as TextEncoder() or HashEncoder(), got "
                f"{encoder!r}"
            )
        self._catalogue: Catalogue | None = None

    def __repr__(self) -> str:
        told = f"{type(self).__name__}({type(self.encoder).__name__}, d={self.config.d}"
        if self._catalogue is None:
            return f"{told}; not fitted)"
        heads = " and ".join(self.hearts)
        loss = self.metrics.get("valid_loss")
        judged = "" if loss is None else f", validation loss {loss:.4f}"
        if left_out := self.metrics.get("negative_events"):
            judged += f", {counted(left_out, 'negative event')} left out"
        return f"{told}; {heads}, {len(self._catalogue):,} items{judged})"

    def fit(
        self,
        train: Dataset,
        valid: Episodes | None = None,
        *,
        rng: int = 0,
        folder: str | Path | None = None,
        progress: bool = False,
        device: str = "cpu",
        threads: int | None = None,
        time_s: float | None = None,
    ) -> Self:
        """A fitted copy; `self` stays as it was.

        `valid` decides when to stop and calibrates the variance; without it a few users are held
        out for that. How to run is said as in `Running`: with a `folder` the run writes checkpoints
        there and, called again, continues from them to the same bits.
        """
        from metarec.meta.fitting import learn  # PyTorch: serving never needs it

        running = Running(rng, folder, progress, device, threads, time_s)
        if not isinstance(train, Dataset):
            raise DataError(
                f"train must be a Dataset, as load(folder) gives it, got {type(train).__name__}"
            )
        given = train.hash  # of all that is learned from or validated on, held-out users too
        n_given, train = len(train.interactions), train.without_negative()
        left_out = n_given - len(train.interactions)
        if valid is None:
            train, valid = hold_out_users(train, running.rng)
        else:
            valid = checked_validation(train, valid)
        fitted = type(self)(self.encoder, self.config)  # a copy would carry cached values along
        fitted._catalogue = train.catalogue
        fitted._content = _content_features(self.encoder, train, progress=progress)
        content = fitted._content.encode(train.catalogue.frame)
        fitted._profiles = None
        if self.config.profile and train.users is not None and train.users.width:
            fitted._profiles = TabularFeatures.fit(train.users)
        fingerprint = fingerprint_of(train, valid, content, self.config)
        with limited(running.threads):
            learned = learn(
                train,
                valid,
                content,
                fitted._content.blocks,
                fitted._profiles,
                self.config,
                running,
                fingerprint=fingerprint,
            )
        fitted._weights, fitted._no_profile = learned.weights, learned.no_profile
        fitted.hearts = {learned.heart.head.name: learned.heart}
        fitted.metrics = {**learned.metrics, "train_hash": given}
        if train.negative_kinds:
            fitted.metrics["negative_events"] = left_out
        fitted.event_kinds = train.event_kinds
        return fitted

    event_kinds: EventKinds = ANY_KIND
    """The kinds of events that the shop of the fit declared."""
    hearts: Mapping[str, Heart]
    """The fitted arrays of each head, by the head's name."""
    metrics: Mapping[str, Any]
    """Steps, best validation loss and calibration of the fit."""
    _content: ContentFeatures
    _profiles: TabularFeatures | None
    _weights: dict[str, np.ndarray]
    _no_profile: Float[np.ndarray, " d_profile"] | None

    @property
    def heart(self) -> Heart:
        """The fitted arrays of the head that lists are ordered by."""
        if self._catalogue is None:
            raise NotFittedError("call MetaRecommender.fit(train) first")
        return next(iter(self.hearts.values()))

    @property
    def predicts_ratings(self) -> bool:
        """True if the model was fitted to ratings."""
        return self.heart.head.predicts_ratings

    def adapt(
        self,
        events: Sequence[EventLike],
        *,
        profile: Mapping[str, Any] | None = None,
        now: float | None = None,
    ) -> Person:
        """The model of one person, from their events in order of time; the model stays as it was.

        Dated events are put in order of their clock, undated ones keep their places.
        `profile` holds columns of the user table. `now` is the moment to look at the person from
        (a place or a clock, by the model's recency); None is that of the newest event. Events about
        unknown items are left out with a warning.
        """
        if now is not None and not (isinstance(now, int | float) and np.isfinite(now)):
            raise DataError(f"now must be a finite number, got {now!r}")
        came = self._known([self.checked(event) for event in _sequence(events)])
        return Person(self, came, self._checked_profile(profile), now)

    def checked(self, raw: EventLike) -> Event:
        """The event that `raw` stands for, with its value; a rating must have one inside the
        scale, an implicit event a weight above 0, and 1 where none is told."""
        event = Event.of(raw)
        for heart in self.hearts.values():
            event = heart.head.check(event)
        return event

    def _known(self, events: list[Event]) -> tuple[Event, ...]:
        row_of = self.catalogue.row_of
        warn_of_kinds((event.kind for event in events), self.kinds, self.event_kinds)
        known = tuple(event for event in events if event.item in row_of)
        if len(known) < len(events):
            warn_of_unknown([event.item for event in events if event.item not in row_of])
        return known

    def _aligned(self, histories: Histories | Sequence[Sequence[EventLike]]) -> Histories:
        """Checked histories in the rows of the catalogue; columns come from a checked dataset."""
        if not isinstance(histories, Histories):
            nested = nested_events(histories)
            histories = Histories.of([[self.checked(event) for event in h] for h in nested])
        warn_of_kinds(histories.kind_names, self.kinds, self.event_kinds)
        return align(histories, self.catalogue)

    def score(
        self, histories: Histories | Sequence[Sequence[EventLike]], ids: Sequence[str]
    ) -> Float[np.ndarray, "history item"]:
        """The score of each named item for each history; NaN in place where unknown."""
        rows = self.catalogue.index(ids)
        aligned = self._aligned(histories)
        table = np.full((len(aligned), len(rows)), np.nan)
        for chunk in self._chunks(aligned):
            scores = self.heart.scores(self._adapt_many(aligned.take(chunk)))
            table[chunk] = self.heart.head.shown(scores[:, rows])
        table[:, rows < 0] = np.nan
        return table

    def predict(self, histories: Histories, query: Histories) -> Predictions:
        """Scores and stds of each history's own query items, one a query event, in its order.

        Scores are not held inside the rating scale, so that they keep their order.
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
            adapted = self._adapt_many(aligned.take(chunk))
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
        **filters: Unpack[Filters],
    ) -> Recommendations:
        """The `k` best items of each history, with standard deviations.

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
        )
        missing = []
        items = np.full((len(aligned), wanted.k), -1, dtype=np.int64)
        scores, stds = (np.full(items.shape, np.nan) for _ in range(2))
        for chunk in self._chunks(aligned):
            part = aligned.take(chunk)
            adapted = self._adapt_many(part)
            table = self.heart.scores(adapted)[:, : len(self.catalogue)]
            ranked, short = wanted.best(table, part, chunk.start)
            missing.append((len(part), short))
            found = ranked >= 0
            ranked = np.maximum(ranked, 0)
            std, _ = self.heart.stds(adapted, ranked)
            best = np.take_along_axis(table, ranked, 1)
            items[chunk] = np.where(found, ranked, -1)
            scores[chunk] = np.where(found, self.heart.head.shown(best), np.nan)
            stds[chunk] = np.where(found, std, np.nan)
        return Recommendations(
            self.catalogue.vocabulary,
            items,
            scores,
            stds,
            self.catalogue,
            aligned.user_ids,
            wanted.asked,
            joined(missing),
        )

    def rank(
        self, histories: Histories | Sequence[Sequence[EventLike]], ids: Sequence[str]
    ) -> Recommendations:
        """All the named items for each history, best first, with standard deviations.

        Whatever was seen or retired is among them; what is unknown stands last.
        """
        named, rows = given_rows(ids, self.catalogue)
        aligned = self._aligned(histories)
        order = np.zeros((len(aligned), len(rows)), dtype=np.int64)
        scores, stds = (np.full(order.shape, np.nan) for _ in range(2))
        for chunk in self._chunks(aligned):
            adapted = self._adapt_many(aligned.take(chunk))
            table = self.heart.scores(adapted)[:, rows]
            table[:, rows < 0] = np.nan
            order[chunk] = whole_order(table, rows, self.catalogue)
            asked = rows[order[chunk]]
            std, _ = self.heart.stds(adapted, np.maximum(asked, 0))
            stds[chunk] = np.where(asked < 0, np.nan, std)
            best = np.take_along_axis(table, order[chunk], 1)
            scores[chunk] = self.heart.head.shown(best)
        return Recommendations(
            named, order, scores, stds, self.catalogue, aligned.user_ids, len(named)
        )

    def similar(
        self, items: str | Sequence[str], k: int = 10, **filters: Unpack[Filters]
    ) -> Recommendations:
        """The `k` items whose scores move most like these: prior correlation of φᵀw.

        Of a basket of several items it is the mean; `exclude_seen` leaves the basket itself out.
        """
        rows = basket_rows(items, self.catalogue)
        wanted = Wanted.of(k, filters, self.catalogue, vectors=self.item_vectors)
        directions = self.item_vectors()
        correlation = directions @ directions[rows].mean(axis=0)
        return wanted.one(correlation, OwnEvents.on(rows), self.catalogue)

    @property
    def profile_columns(self) -> tuple[str, ...]:
        """The columns that a profile may have."""
        known = self._profiles
        return () if known is None else (*known.numbers, *known.categories, *known.lists)

    def profile_features(
        self, profile: Mapping[str, Any] | None
    ) -> Float[np.ndarray, " d_profile"] | None:
        """The features of one profile, None where the model has none."""
        if self._profiles is None or self._no_profile is None:
            return None
        if not profile:
            return self._no_profile
        return self._profiles.transform(pl.DataFrame([dict(profile)]))[0]

    def _checked_profile(self, profile: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """A copy of the profile that nobody can change; columns and values must be known."""
        if profile is None:
            return None
        if not isinstance(profile, Mapping):
            raise DataError(f"a profile maps column names to values, got {profile!r}")
        if self._profiles is None:
            if profile:
                raise DataError("the model was fitted without profiles; leave the profile out")
            return None
        check_columns(profile, self._profiles)
        return MappingProxyType({name: copied(name, value) for name, value in profile.items()})

    def save(self, path: str | Path) -> None:
        """Write the model to a folder: arrays, catalogue, configuration and a model card."""
        catalogue = self.catalogue  # says so where there is nothing to save yet
        state = {
            "hearts": {name: state_of(heart) for name, heart in self.hearts.items()},
            "weights": self._weights,
            "content": dict(self._content.describe()),
            "profiles": None if self._profiles is None else self._profiles.to_dict(),
            "no_profile": self._no_profile,
            "metrics": dict(self.metrics),
        }
        if self.event_kinds != ANY_KIND:
            state["event_kinds"] = {k: list(v) for k, v in vars(self.event_kinds).items()}
        save_state(path, type(self).__name__, self.config, catalogue, state)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The model that `save` wrote to the folder."""
        config, catalogue, state = load_state(path, cls.__name__, MetaConfig)
        content = ContentFeatures.from_description(state["content"])
        model = cls(content.encoder, config)
        model._catalogue, model._content = catalogue, content
        model.hearts = {name: heart_from(name, raw) for name, raw in state["hearts"].items()}
        model._weights, model.metrics = state["weights"], state["metrics"]
        profiles = state["profiles"]
        model._profiles = None if profiles is None else TabularFeatures.from_dict(profiles)
        model._no_profile = state["no_profile"]
        kinds = state.get("event_kinds", {})
        model.event_kinds = EventKinds(**{name: tuple(named) for name, named in kinds.items()})
        return model

    def item_vectors(self) -> Float[np.ndarray, "item d"]:
        """Directions of the items by which they are alike: learned features under the prior
        covariance, scaled to length 1; without the constant."""
        return self._whitened

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of events that the model was fitted on."""
        return self.heart.confidence.kind_names

    @cached_property
    def _whitened(self) -> Float[np.ndarray, "item d"]:
        """Learned features under the prior covariance, scaled to length 1; without the constant."""
        features = self.heart.terms.features[: len(self.catalogue), :-1]
        root = np.linalg.cholesky(self.heart.prior.covariance[:-1, :-1])
        return unit_rows(features @ root)

    def _adapt_many(self, histories: Histories) -> Adapted:
        histories = in_clock_order(self.event_kinds.support(histories))
        profiles = None
        if self._profiles is not None and self._no_profile is not None:
            profiles = np.broadcast_to(self._no_profile, (len(histories), len(self._no_profile)))
            if histories.profiles is not None:
                table = checked_table(histories.profiles, self._profiles)
                profiles = self._profiles.transform(table)
        return self.heart.adapt_many(histories, profiles)

    def _chunks(self, histories: Histories) -> Iterator[slice]:
        # memory goes to scores (item), to padded features (event · d) and to A (d · d)
        d = self.heart.terms.d
        longest = int(histories.lengths.max(initial=1))
        step = max(1, CELLS_AT_ONCE // max(len(self.catalogue), longest * d, d * d))
        return (slice(start, start + step) for start in range(0, len(histories), step))


def _content_features(encoder: Encoder, train: Dataset, *, progress: bool) -> ContentFeatures:
    if isinstance(encoder, ContentFeatures):
        return encoder
    if progress:
        return content_told(encoder, train, lambda told: print(told, file=sys.stderr))
    return ContentFeatures.of(encoder, train)


def _sequence(events: Iterable[EventLike]) -> Iterable[EventLike]:
    """The events; refuses what is no order of events, or would lose a part of them."""
    if isinstance(events, Mapping):
        raise DataError(
            "adapt takes a sequence of events; of a mapping give its pairs: list(events.items())"
        )
    if isinstance(events, set | frozenset):
        raise DataError("adapt takes a sequence of events, and a set has no order; give a list")
    if isinstance(events, str | bytes | Event) or not isinstance(events, Iterable):
        raise DataError(f"adapt takes a sequence of events, got {events!r}; for one: [event]")
    return events
