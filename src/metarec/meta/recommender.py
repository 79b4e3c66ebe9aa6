"""MetaRecommender: content and a meta-learned prior, adapted to a person in closed form."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np

from metarec.contracts import (
    Catalogue,
    DataError,
    Dataset,
    Encoder,
    Episodes,
    Event,
    EventKinds,
    EventLike,
    Recommender,
    Running,
    Tracker,
)
from metarec.contracts.alignment import warn_of_kinds, warn_of_unknown
from metarec.contracts.event_kinds import ANY_KIND
from metarec.data.pooling import pool_shops
from metarec.encoders import ContentFeatures, TabularFeatures, TextEncoder
from metarec.files.model_folder import load_state, save_state
from metarec.meta.config import MetaConfig
from metarec.meta.holding_out import able_users
from metarec.meta.learning import Learning
from metarec.meta.moving.beginning import check_prior, shaped_by
from metarec.meta.ordering import CHOICE, Blend
from metarec.meta.person import Person
from metarec.meta.saved import heart_from, state_of
from metarec.meta.summary import adapted_told, refusals_told, summary_of
from metarec.training.threads import limited


class MetaRecommender(Learning, Recommender):
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

    def __repr__(self) -> str:
        d = "" if self.config.d is None else f", d={self.config.d}"
        told = f"{type(self).__name__}({type(self.encoder).__name__}{d}"
        if self._catalogue is None:
            return f"{told}; not fitted)"
        heads = " and ".join(self.hearts)
        loss = self.metrics.get("valid_loss")
        judged = "" if loss is None else f", validation loss {loss:.4f}"
        if adapted := adapted_told(self.metrics):
            judged += f", {adapted}"
        if self.order is not None:
            judged = f", order of the history{judged}"
        if refused := refusals_told(self.metrics):
            judged += f", {refused}"
        return f"{told}; {heads}, {len(self._catalogue):,} items{judged})"

    def fit(
        self,
        train: Dataset | Sequence[Dataset],
        valid: Episodes | None = None,
        *,
        rng: int = 0,
        folder: str | Path | None = None,
        progress: bool = False,
        device: str = "cpu",
        threads: int | None = None,
        time_s: float | None = None,
        tracker: Tracker | None = None,
        prior: Self | None = None,
    ) -> Self:
        """A fitted copy; `self` stays as it was.

        Of several shops one prior is learned, and one model that serves all of them: `pool_shops`.

        With a `prior`, the model of another shop, the fit begins at what that one knows (`start`),
        and leaves it for what validation proves; a shop in which nobody has two events stays there.

        `valid` decides when to stop and calibrates the variance; without it a few users are held
        out for that. How to run is said as in `Running`: with a `folder` the run writes checkpoints
        there and, called again, continues from them to the same bits. On "cuda" only what reads the
        order of histories is trained (`MetaConfig.order`); it gets the time that the heads leave.
        """
        running = Running(rng, folder, progress, device, threads, time_s, tracker)
        running.on(type(self).__name__, *self.devices)
        if isinstance(train, list | tuple):
            train = pool_shops(train)
        if not isinstance(train, Dataset):
            raise DataError(
                "train must be a Dataset, as load(folder) gives it, or a list of them, got "
                f"{type(train).__name__}"
            )
        running.track(type(self).__name__, self.config, train)
        if running.device != "cpu":  # told at once, not after the heads are learned
            from metarec.recommenders.sequence_fitting import check_device

            check_device(running.device)
        config = self.config
        if prior is not None:
            check_prior(prior)
            prior.check_prior_of(train, self.encoder)
            config = shaped_by(prior.config, config)
            if not len(able_users(train)):  # nobody to adapt on and be judged on
                return prior.start(train, self.encoder, progress=progress).warm(train.histories)
        given = train.hash  # of all that is learned from or validated on, held-out users too
        fitted = type(self)(self.encoder, config)  # a copy would carry cached values along
        fitted._catalogue = train.catalogue
        fitted.event_kinds = train.event_kinds
        with limited(running.threads):
            fitted._learn(train, valid, running, prior)
        fitted.has_uncertainty = fitted.knows_how_sure
        fitted.metrics = {**fitted.metrics, "train_hash": given}
        if train.negative_kinds:
            refused = int(train.event_kinds.refused(train.histories).sum())
            fitted.metrics["negative_events"] = refused
            if CHOICE in fitted.hearts:
                fitted.metrics["refusals"] = fitted.hearts[CHOICE].of_refusals
        return fitted

    def start(
        self, shop: Dataset, encoder: Encoder | None = None, *, progress: bool = False
    ) -> Self:
        """A model of another shop, of which nothing is learned: it serves before any event.

        What is liked of content, what an event tells of a person and how much each kind of
        evidence counts are those of this model; items, how popular they are and tables of evidence
        are the shop's, and nothing of this model's items is left. `warm(shop.histories)` adds what
        people say of single items, and `fit(shop, prior=model)` learns from there. Another
        `encoder` is one that reads alike by another template.
        """
        self.check_prior_of(shop, encoder)
        encoder = self._content.encoder if encoder is None else encoder
        started = type(self)(encoder, self.config)
        started.begin(self, shop, progress=progress)
        started.has_uncertainty = started.knows_how_sure
        return started

    @property
    def devices(self) -> tuple[str, ...]:
        """What `fit` can be computed on: the network that reads the order of histories is the one
        part that trains elsewhere than on the CPU."""
        return ("cpu",) if self.config.order is None else ("cpu", "cuda")

    @property
    def summary(self) -> list[str]:
        """How good lists and ratings were on held-out people, against which table alone, and what
        carries them: a few lines."""
        return summary_of(self.metrics)

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

    def _known(self, events: list[Event]) -> tuple[Event, ...]:
        row_of = self.catalogue.row_of
        warn_of_kinds((event.kind for event in events), self.kinds, self.event_kinds)
        known = tuple(event for event in events if event.item in row_of)
        if len(known) < len(events):
            unknown = [event.item for event in events if event.item not in row_of]
            warn_of_unknown(unknown, self.catalogue)
        return known

    def save(self, path: str | Path) -> None:
        """Write the model to a folder: arrays, catalogue, configuration and a model card."""
        save_state(path, type(self).__name__, self.config, self.catalogue, self.state())

    def state(self) -> dict[str, Any]:
        """What `save` writes beside the settings and the catalogue."""
        state = {
            "hearts": {name: state_of(heart) for name, heart in self.hearts.items()},
            "weights": self._weights,
            "blend": None if self.blend is None else asdict(self.blend),
            "content": dict(self._content.describe()),
            "profiles": None if self._profiles is None else self._profiles.to_dict(),
            "no_profile": self._no_profile,
            "metrics": dict(self.metrics),
            "shows_seen": self.shows_seen,
        }
        if self.event_kinds != ANY_KIND:
            state["event_kinds"] = {k: list(v) for k, v in vars(self.event_kinds).items()}
        return state

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The model that `save` wrote to the folder."""
        return cls.of_state(*load_state(path, cls.__name__, MetaConfig))

    @classmethod
    def of_state(cls, config: MetaConfig, catalogue: Catalogue, state: Mapping[str, Any]) -> Self:
        """The model whose settings, catalogue and `state` these are."""
        content = ContentFeatures.from_description(state["content"])
        model = cls(content.encoder, config)
        model._catalogue, model._content = catalogue, content
        model.hearts = {name: heart_from(name, raw) for name, raw in state["hearts"].items()}
        model._weights, model.metrics = state["weights"], state["metrics"]
        model.blend = None if state["blend"] is None else Blend(**state["blend"])
        profiles = state["profiles"]
        model._profiles = None if profiles is None else TabularFeatures.from_dict(profiles)
        model._no_profile = state["no_profile"]
        model.shows_seen = state.get("shows_seen", False)
        model.has_uncertainty = model.knows_how_sure
        kinds = state.get("event_kinds", {})
        model.event_kinds = EventKinds(**{name: tuple(named) for name, named in kinds.items()})
        return model


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
