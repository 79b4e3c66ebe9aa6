"""What every score-based recommender shares: the contract, batching and persistence.

A new recommender states its hyperparameters in a frozen dataclass, learns in `_fit`, and gives one
row of scores for each history in `_score`. The rest of the contract follows from these.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import (
    Catalogue,
    DataError,
    Dataset,
    Episodes,
    EventKinds,
    EventLike,
    Filters,
    Histories,
    NotFittedError,
    Predictions,
    Recommendations,
    Recommender,
    Running,
    Tracker,
    UnsupportedError,
)
from metarec.contracts.alignment import align, warn_of_kinds
from metarec.contracts.pieces import pieces
from metarec.contracts.printing import counted
from metarec.files.model_folder import load_state, save_state
from metarec.ranking.candidates import checked_ids
from metarec.ranking.exclusions import OwnEvents
from metarec.ranking.given import basket_rows
from metarec.ranking.lists import Scored, best_lists, given_lists
from metarec.ranking.wanted import Wanted
from metarec.recommenders.item_to_item import content_vectors
from metarec.training.threads import limited

CELLS_AT_ONCE = 500_000
"""Scores held in memory at once (4 MB as float64): what stays in cache is ranked fastest."""

MOST_SHOWN = 8
"""Of a model with more settings, `print` shows those that are not as usual."""


@dataclass(frozen=True)
class NoHyperparameters:
    """A model without anything to choose."""


class BaseRecommender(Recommender, ABC):
    """The contract of `metarec.contracts.Recommender`, built on `_fit` and `_score`."""

    Config: ClassVar[type[Any]] = NoHyperparameters
    serves_new_users: bool = True
    has_uncertainty: bool = False
    predicts_ratings: bool = False
    reads_ratings: ClassVar[bool] = False
    """True for a model that has nothing to learn where events say no more than that they were."""
    devices: Sequence[str] = ("cpu",)
    """What it can be fitted on."""
    trains_in_steps: bool = False
    """True for a model whose fit takes long: it shows progress, and goes on from a folder."""
    running: Running
    """How the fit under way is run; what learns in one pass needs no more than its `rng`."""
    kinds_: Sequence[str] = ()
    """The kinds of events that the model was fitted on."""
    target_kinds_: Sequence[str] = ()
    negative_kinds_: Sequence[str] = ()
    negative_events_: int = 0
    """How many events the fit left out because they speak against their item."""

    def __init__(self, config: Any = None) -> None:
        self.config = self.Config() if config is None else config
        if not isinstance(self.config, self.Config):
            raise DataError(
                f"{type(self).__name__} takes a {self.Config.__name__}, "
                f"got {type(self.config).__name__}"
            )
        self._catalogue: Catalogue | None = None

    def __repr__(self) -> str:
        shown = vars(self.config)
        if len(shown) > MOST_SHOWN:
            usual = vars(self.Config())
            shown = {name: value for name, value in shown.items() if value != usual[name]}
        return self._told(", ".join(f"{k}={v!r}" for k, v in shown.items()))

    def _told(self, settings: str) -> str:
        """What `print` shows: the class, its settings, and what it knows."""
        known = "not fitted" if self._catalogue is None else f"{len(self._catalogue):,} items"
        if self.negative_events_:
            known += f", {counted(self.negative_events_, 'negative event')} left out"
        return f"{type(self).__name__}({settings}{'; ' if settings else ''}{known})"

    @abstractmethod
    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        """Learn from `train`; fitted arrays are attributes ending in `_`, and are saved."""

    @abstractmethod
    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        """Scores over the whole catalogue; `histories.items` are rows of `self.catalogue`."""

    @property
    def catalogue(self) -> Catalogue:
        """The items that the fitted model can rank."""
        if self._catalogue is None:
            raise NotFittedError(f"call {type(self).__name__}.fit(train) first")
        return self._catalogue

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
        tracker: Tracker | None = None,
    ) -> Self:
        """A fitted copy; `self` stays as it was. How to run is said as in `Running`."""
        running = Running(rng, folder, progress, device, threads, time_s, tracker)
        running.on(type(self).__name__, *self.devices)
        running.track(type(self).__name__, getattr(self, "config", None), train)
        fitted = copy.copy(self)
        for name in fitted._state():  # a second fit starts from nothing
            delattr(fitted, name)
        fitted._catalogue = train.catalogue
        fitted.kinds_ = list(train.kind_names)
        train, valid = fitted._understood(train, valid)
        fitted.running = running
        with limited(running.threads):
            fitted._fit(train, valid, np.random.default_rng(running.rng))
        del fitted.running
        for name, value in fitted._state().items():
            if isinstance(value, np.ndarray):  # one layout, so that a loaded model rounds alike
                setattr(fitted, name, np.asarray(value, order="C"))
        return fitted

    def _understood(
        self, train: Dataset, valid: Episodes | None
    ) -> tuple[Dataset, Episodes | None]:
        """What is learned from, and the kinds that the model keeps in mind, if any is declared."""
        kinds, learned = train.event_kinds, train.without_negative()
        if kinds.target:
            self.target_kinds_ = list(kinds.target)
        if kinds.negative:
            self.negative_kinds_ = list(kinds.negative)
            self.negative_events_ = len(train.interactions) - len(learned.interactions)
        if valid is not None:
            valid = replace(kinds.asked(valid), support=kinds.support(valid.support))
        return learned, valid

    @property
    def shows_seen(self) -> bool:
        """Whether lists show what people had, where the caller does not say."""
        return False

    @property
    def event_kinds(self) -> EventKinds:
        """The kinds of events that the shop of the fit declared."""
        return EventKinds(tuple(self.target_kinds_), tuple(self.negative_kinds_))

    def score(
        self, histories: Histories | Sequence[Sequence[EventLike]], ids: Sequence[str]
    ) -> Float[np.ndarray, "history item"]:
        """The score of each named item for each history; NaN in place where unknown."""
        rows = self.catalogue.index(checked_ids("ids", ids))
        aligned = self._aligned(histories)
        scores = np.full((len(aligned), len(rows)), np.nan)
        for chunk in self._chunks(len(aligned)):
            scores[chunk] = self._scores(aligned.take(chunk))[:, rows]
        scores[:, rows < 0] = np.nan
        return scores

    def predict(self, histories: Histories, query: Histories) -> Predictions:
        """Scores of each history's own query items, one a query event, in its order."""
        if len(histories) != len(query):
            raise DataError(f"{len(histories)} histories cannot answer {len(query)} queries")
        support = self._aligned(histories)
        rows = self.catalogue.index(query.vocabulary)[query.items]
        scores = np.full(len(rows), np.nan)
        for chunk in self._chunks(len(support)):
            table = self._scores(support.take(chunk))
            first, last = query.offsets[chunk.start], query.offsets[min(chunk.stop, len(query))]
            scores[first:last] = table[query.rows[first:last] - chunk.start, rows[first:last]]
        scores[rows < 0] = np.nan
        unknown = np.full(len(rows), np.nan)
        return Predictions(scores, unknown, unknown)

    def recommend(
        self,
        histories: Histories | Sequence[Sequence[EventLike]],
        k: int = 10,
        **filters: Unpack[Filters],
    ) -> Recommendations:
        """The `k` best items of each history; what cannot be scored is never recommended.

        Nor is an item that the person has a negative event on. Where the shop declares target
        kinds, `exclude_seen` leaves out the items with such an event: what was only looked at may
        still be bought.
        Lists have `k` places, or as many as the catalogue has items where these are fewer.
        """
        aligned = self._aligned(histories)
        wanted = Wanted.of(
            k,
            filters,
            self.catalogue,
            kinds=(*self.kinds_, *aligned.kind_names),
            people=len(aligned),
            vectors=self.item_vectors,
            event_kinds=self.event_kinds,
            shows_seen=self.shows_seen,
        )
        chunks = self._chunks(len(aligned))
        return best_lists(wanted, self.catalogue, aligned, chunks, self._scored)

    def rank(
        self, histories: Histories | Sequence[Sequence[EventLike]], ids: Sequence[str]
    ) -> Recommendations:
        """All the named items for each history, best first; what has no score stands last."""
        aligned = self._aligned(histories)
        chunks = self._chunks(len(aligned))
        return given_lists(ids, self.catalogue, aligned, chunks, self._scored)

    def similar(
        self, items: str | Sequence[str], k: int = 10, **filters: Unpack[Filters]
    ) -> Recommendations:
        """The `k` items that one item, or a basket of several, speaks for most.

        A basket speaks by the mean of its items, and is itself what `exclude_seen` leaves out.
        Raises UnsupportedError for a model without item-to-item scores.
        """
        rows = basket_rows(items, self.catalogue)
        wanted = Wanted.of(k, filters, self.catalogue, vectors=self.item_vectors, basket=rows)
        return wanted.one(self._alike(rows), OwnEvents.on(rows), self.catalogue)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        """How much these items speak for each item; NaN where nothing is known."""
        raise UnsupportedError(
            f"{type(self).__name__} has no item-to-item scores; ask a model that has, such as "
            "ItemKNN, EASE, Cooccurrence, ContentKNN or MetaRecommender"
        )

    def item_vectors(self) -> Float[np.ndarray, "item d"]:
        """Directions of the items by which lists are made diverse."""
        return content_vectors(self.catalogue)

    def save(self, path: str | Path) -> None:
        """Write the model to a folder; nothing in it is ever unpickled."""
        save_state(path, type(self).__name__, self.config, self.catalogue, self.state())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The model that `save` wrote to the folder."""
        return cls.of_state(*load_state(path, cls.__name__, cls.Config))

    def state(self) -> dict[str, Any]:
        """What `save` writes beside the settings and the catalogue."""
        return self._state()

    @classmethod
    def of_state(cls, config: Any, catalogue: Catalogue, state: Mapping[str, Any]) -> Self:
        """The model whose settings, catalogue and `state` these are."""
        model = cls(config=config)
        model._catalogue = catalogue
        vars(model).update(state)
        return model

    @property
    def _asks_values(self) -> bool:
        """Whether an event that a caller tells must have a value."""
        return self.predicts_ratings

    def _aligned(self, histories: Histories | Sequence[Sequence[EventLike]]) -> Histories:
        """The histories in the rows of the catalogue."""
        aligned = align(histories, self.catalogue, rated=self._asks_values)
        warn_of_kinds(aligned.kind_names, self.kinds_, self.event_kinds)
        return aligned

    def _scores(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        """The scores after all events that do not speak against their item."""
        return self._score(self.event_kinds.support(histories))

    def _scored(self, histories: Histories) -> Scored:
        return Scored(np.array(self._scores(histories), dtype=np.float64))

    def _state(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    def _chunks(self, n_histories: int) -> Iterator[slice]:
        return pieces(n_histories, len(self.catalogue), CELLS_AT_ONCE)
