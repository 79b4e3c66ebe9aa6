"""MetaRecommender: content and a meta-learned prior, adapted to a person in closed form."""

import copy
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import (
    DataError,
    Encoder,
    Event,
    EventLike,
    Histories,
    NotFittedError,
    Predictions,
    Recommendations,
    whole_number,
)
from metarec.data import Catalogue, Dataset, Episodes
from metarec.encoders import ContentFeatures, TabularFeatures, TextEncoder
from metarec.meta.config import MetaConfig
from metarec.meta.freezing import freeze, item_terms
from metarec.meta.heart import Heart
from metarec.meta.holding_out import hold_out_users, without_repeats
from metarec.meta.person import Person
from metarec.meta.weighing import in_clock_order, pad
from metarec.recommenders.histories import align, candidate_rows
from metarec.recommenders.persistence import load_state, save_state
from metarec.recommenders.ranking import best_rows, top_k

CELLS_AT_ONCE = 500_000
"""Scores held in memory at once (4 MB): what stays in cache is ranked fastest."""


class MetaRecommender:
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

    def fit(
        self,
        train: Dataset,
        valid: Episodes | None = None,
        *,
        rng: int = 0,
        folder: str | Path | None = None,
        progress: bool = False,
    ) -> Self:
        """A fitted copy; `self` stays as it was.

        `valid` decides when to stop and calibrates the variance; without it a few users are held
        out for that. With a `folder` the run writes checkpoints there and, called again, continues
        from them to the same bits.
        """
        from metarec.meta.fitting import learn  # PyTorch: serving never needs it

        if not isinstance(train, Dataset):
            raise DataError(
                f"train must be a Dataset, as load(folder) gives it, got {type(train).__name__}"
            )
        given = train.hash  # of all that is learned from or validated on, held-out users too
        if valid is None:
            train, valid = hold_out_users(train, rng)
        else:
            valid = _checked_validation(train, valid)
        fitted = type(self)(self.encoder, self.config)  # a copy would carry cached values along
        fitted._catalogue = train.catalogue
        fitted._content = _content_features(self.encoder, train.catalogue.frame, progress=progress)
        content = fitted._content.encode(train.catalogue.frame)
        fitted._profiles = None
        if self.config.profile and train.users is not None and train.users.width:
            fitted._profiles = TabularFeatures.fit(train.users)
        fingerprint = _fingerprint(train, valid, self.config, fitted._content)
        learned = learn(
            train,
            valid,
            content,
            fitted._profiles,
            self.config,
            rng=rng,
            folder=None if folder is None else Path(folder),
            progress=progress,
            fingerprint=fingerprint,
        )
        fitted._weights, fitted._no_profile = learned.weights, learned.no_profile
        fitted.heart = freeze(
            learned.weights, train, content, self.config, learned.variance_factor, learned.recency
        )
        fitted.metrics = {**learned.metrics, "train_hash": given}
        return fitted

    heart: Heart
    """The fitted arrays."""
    metrics: Mapping[str, Any]
    """Steps, best validation loss and calibration of the fit."""
    _content: ContentFeatures
    _profiles: TabularFeatures | None
    _weights: dict[str, np.ndarray]
    _no_profile: Float[np.ndarray, " d_profile"] | None

    @property
    def catalogue(self) -> Catalogue:
        """The items that the fitted model can rank."""
        if self._catalogue is None:
            raise NotFittedError("call MetaRecommender.fit(train) first")
        return self._catalogue

    @property
    def predicts_ratings(self) -> bool:
        """True if the model was fitted to ratings."""
        return not self.heart.implicit

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
        if isinstance(events, str | bytes | Event) or not isinstance(events, Iterable):
            raise DataError(f"adapt takes a sequence of events, got {events!r}; for one: [event]")
        if now is not None and not (isinstance(now, int | float) and np.isfinite(now)):
            raise DataError(f"now must be a finite number, got {now!r}")
        if profile is not None and not isinstance(profile, Mapping):
            raise DataError(f"a profile maps column names to values, got {profile!r}")
        catalogue = self.catalogue
        columns = Histories.of([[self.checked(event) for event in events]])
        aligned = in_clock_order(align(columns, catalogue))
        return Person(self, tuple(aligned.events(0)), profile, now)

    def checked(self, raw: EventLike) -> Event:
        """The event that `raw` stands for; a rating must have a value inside the scale, and
        an implicit event a weight above 0."""
        event = Event.of(raw)
        if self.heart.implicit:
            if not event.value > 0:
                raise DataError(
                    f"the weight of an event must be above 0, got {event.value:g} for "
                    f"{event.item!r}; leave out what did not happen"
                )
            return event
        low, high = self.heart.scale
        if not isinstance(raw, Event) and (isinstance(raw, str) or len(raw) < 2):
            raise DataError(
                f"the model was fitted to ratings, so the event on {event.item!r} needs one: "
                f"({event.item!r}, value) with a value from {low:g} to {high:g}"
            )
        if not low <= event.value <= high:
            raise DataError(
                f"the rating of {event.item!r} must be from {low:g} to {high:g}, "
                f"got {event.value:g}"
            )
        return event

    def _checked_all(
        self, histories: Histories | Sequence[Sequence[EventLike]]
    ) -> Histories | Sequence[Sequence[EventLike]]:
        """Histories given as events, each of them checked; columns come from a checked dataset.

        A bare id is an event of value 1, as for every recommender of the contract.
        """
        if isinstance(histories, Histories | str | bytes):
            return histories
        return [
            [self.checked(Event.of(event)) for event in history]
            if isinstance(history, list | tuple)
            else history
            for history in histories
        ]

    def score(
        self, histories: Histories | Sequence[Sequence[EventLike]], ids: Sequence[str]
    ) -> Float[np.ndarray, "history item"]:
        """The score of each named item for each history; NaN in place where unknown."""
        rows = self.catalogue.index(ids)
        aligned = in_clock_order(align(self._checked_all(histories), self.catalogue))
        table = np.full((len(aligned), len(rows)), np.nan)
        for chunk in self._chunks(aligned):
            weights = self._adapt_many(aligned.take(chunk)).mean
            table[chunk] = np.clip(self.heart.scores(weights)[:, rows], *self.heart.scale)
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
        aligned = in_clock_order(align(histories, self.catalogue))
        rows = self.catalogue.index(query.vocabulary)[query.items]
        scores, stds, predictive = (np.full(len(rows), np.nan) for _ in range(3))
        known = replace(query, items=np.maximum(rows, 0))
        for chunk in self._chunks(aligned):
            posterior = self._adapt_many(aligned.take(chunk))
            part = known.take(chunk)
            items, mask = pad(part, part.items)
            features = self.heart.features[items]  # (person, query, d)
            inner = (features @ posterior.mean[..., None])[..., 0]
            score = self.heart.kappa * inner if self.heart.implicit else inner
            std, noisy = self.heart.stds(posterior.variance(features), items)
            at = slice(query.offsets[chunk.start], query.offsets[min(chunk.stop, len(query))])
            scores[at] = (score + self.heart.offsets[items])[mask]
            stds[at], predictive[at] = std[mask], noisy[mask]
        for column in (scores, stds, predictive):
            column[rows < 0] = np.nan
        return Predictions(scores, stds, predictive)

    def recommend(
        self,
        histories: Histories | Sequence[Sequence[EventLike]],
        k: int = 10,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[str] | None = None,
    ) -> Recommendations:
        """The `k` best items of each history, with standard deviations."""
        k = whole_number("k", k)
        allowed = candidate_rows(candidates, self.catalogue)
        aligned = in_clock_order(align(self._checked_all(histories), self.catalogue))
        items = np.full((len(aligned), k), -1, dtype=np.int64)
        scores, stds = (np.full((len(aligned), k), np.nan) for _ in range(2))
        for chunk in self._chunks(aligned):
            part = aligned.take(chunk)
            posterior = self._adapt_many(part)
            table = self.heart.scores(posterior.mean)[:, : len(self.catalogue)]
            if exclude_seen:
                table[part.rows, part.items] = np.nan
            ranked = best_rows(table, k, allowed, self.catalogue.ties)
            found = ranked >= 0
            ranked = np.maximum(ranked, 0)
            variance = posterior.variance(self.heart.features[ranked])
            std, _ = self.heart.stds(variance, ranked)
            best = np.take_along_axis(table, ranked, 1)
            items[chunk] = np.where(found, ranked, -1)
            scores[chunk] = np.where(found, np.clip(best, *self.heart.scale), np.nan)
            stds[chunk] = np.where(found, std, np.nan)
        return Recommendations(self.catalogue.ids, items, scores, stds)

    def similar(self, item_id: str, k: int = 10) -> Recommendations:
        """The `k` items whose scores move most like this one's: prior correlation of φᵀw."""
        row = int(self.catalogue.index([item_id])[0])
        if row < 0:
            raise DataError(f"item {item_id!r} is not in the catalogue; add it with add_items")
        k = whole_number("k", k)
        whitened = self._whitened
        correlation = whitened @ whitened[row]
        correlation[row] = np.nan
        correlation[~self.catalogue.offered] = np.nan
        best = top_k(correlation[None, :], k, self.catalogue.ties)[0]
        best = best[best >= 0]
        return Recommendations(
            self.catalogue.ids, best, correlation[best], np.full(len(best), np.nan)
        )

    def add_items(self, frame: pl.DataFrame, *, progress: bool = False) -> Self:
        """The model with more items, from their content alone; `frame` has a column item_id."""
        catalogue = self.catalogue.append(frame)
        content = self._content.encode(Catalogue.of(frame).frame, progress=progress)
        terms = item_terms(
            self._weights, content, np.zeros(len(frame)), implicit=self.heart.implicit
        )
        wider = copy.copy(self)
        vars(wider).pop("_whitened", None)  # a copy carries cached values along
        wider._catalogue = catalogue
        wider.heart = self.heart.with_items(
            terms.features, terms.offsets, terms.unsure, terms.noise, len(self.catalogue)
        )
        return wider

    def retire_items(self, ids: Sequence[str]) -> Self:
        """The model without the named items on offer; events on them keep their meaning."""
        narrower = copy.copy(self)
        narrower._catalogue = self.catalogue.retire(ids)
        return narrower

    def profile_features(
        self, profile: Mapping[str, Any] | None
    ) -> Float[np.ndarray, " d_profile"] | None:
        """The features of one profile, None where the model has none."""
        if self._profiles is None or self._no_profile is None:
            if profile:
                raise DataError("the model was fitted without profiles; leave the profile out")
            return None
        if not profile:
            return self._no_profile
        known = {*self._profiles.numbers, *self._profiles.categories, *self._profiles.lists}
        if unknown := profile.keys() - known:
            raise DataError(f"the profile has {sorted(unknown)}; the model knows {sorted(known)}")
        return self._profiles.transform(pl.DataFrame([profile]))[0]

    def save(self, path: str | Path) -> None:
        """Write the model to a folder: arrays, catalogue, configuration and a model card."""
        heart = {k: v for k, v in vars(self.heart).items() if k in Heart.__dataclass_fields__}
        heart.pop("config")
        state = {
            "heart": {k: list(v) if isinstance(v, tuple) else v for k, v in heart.items()},
            "weights": self._weights,
            "content": dict(self._content.describe()),
            "profiles": None if self._profiles is None else self._profiles.to_dict(),
            "no_profile": self._no_profile,
            "metrics": dict(self.metrics),
        }
        save_state(path, type(self).__name__, self.config, self.catalogue, state)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The model that `save` wrote to the folder."""
        config, catalogue, state = load_state(path, cls.__name__, MetaConfig)
        content = ContentFeatures.from_description(state["content"])
        model = cls(content.encoder, config)
        model._catalogue, model._content = catalogue, content
        raw = state["heart"]
        raw["kind_names"], raw["scale"] = tuple(raw["kind_names"]), tuple(raw["scale"])
        model.heart = Heart(**raw, config=config)
        model._weights, model.metrics = state["weights"], state["metrics"]
        profiles = state["profiles"]
        model._profiles = None if profiles is None else TabularFeatures.from_dict(profiles)
        model._no_profile = state["no_profile"]
        return model

    @cached_property
    def _whitened(self) -> Float[np.ndarray, "item d"]:
        """Learned features under the prior covariance, scaled to length 1; without the constant."""
        features = self.heart.features[: len(self.catalogue), :-1]
        root = np.linalg.cholesky(self.heart.prior_covariance[:-1, :-1])
        moved = features @ root
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        return moved / np.where(lengths > 0, lengths, 1)

    def _adapt_many(self, histories: Histories) -> Any:
        profiles = None
        if self._profiles is not None and self._no_profile is not None:
            profiles = np.broadcast_to(self._no_profile, (len(histories), len(self._no_profile)))
            if histories.profiles is not None:
                profiles = self._profiles.transform(histories.profiles)
        return self.heart.adapt_many(histories, profiles)

    def _chunks(self, histories: Histories) -> Iterator[slice]:
        # memory goes to scores (item), to padded features (event · d) and to A (d · d)
        d = self.heart.d
        longest = int(histories.lengths.max(initial=1))
        step = max(1, CELLS_AT_ONCE // max(len(self.catalogue), longest * d, d * d))
        return (slice(start, start + step) for start in range(0, len(histories), step))


def _content_features(encoder: Encoder, frame: pl.DataFrame, *, progress: bool) -> ContentFeatures:
    if isinstance(encoder, ContentFeatures):
        return encoder
    return ContentFeatures.fit(encoder, frame, progress=progress)


def _fingerprint(
    train: Dataset, valid: Episodes, config: MetaConfig, content: ContentFeatures
) -> str:
    digest = hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode())
    digest.update(train.hash.encode())
    digest.update(content.fingerprint.encode())
    for side in (valid.support, valid.query):
        for column in (side.items, side.offsets, side.values, side.times, side.kinds):
            digest.update(column.tobytes())
    return digest.hexdigest()


def _checked_validation(train: Dataset, valid: Episodes) -> Episodes:
    """What of `valid` a fit on `train` is judged on; raises DataError where that is nothing."""
    if valid.support.vocabulary is not train.catalogue.ids:
        raise DataError("valid must be episodes over train's catalogue, as a split gives them")
    if train.value == "implicit":
        valid = without_repeats(valid)
    if len(valid) and not len(valid.query.items):
        raise DataError(
            f"none of the {len(valid)} validation episodes has a query event to be judged on (of "
            "implicit events: on an item that is not in its support); give episodes with queries, "
            "or none and users of the training data are held out"
        )
    return valid
