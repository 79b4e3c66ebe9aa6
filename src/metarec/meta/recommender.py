"""MetaRecommender: content and a meta-learned prior, adapted to a person in closed form."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
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
    Histories,
    Recommender,
    Running,
)
from metarec.contracts.alignment import warn_of_kinds, warn_of_unknown
from metarec.contracts.event_kinds import ANY_KIND
from metarec.encoders import ContentFeatures, TabularFeatures, TextEncoder, content_told
from metarec.files.model_folder import load_state, save_state
from metarec.meta.answering import Answering
from metarec.meta.blending import Rated, learn_blend
from metarec.meta.changing_items import ChangingItems
from metarec.meta.config import MetaConfig
from metarec.meta.evidence import Evidence, Sample
from metarec.meta.fitted import Learned
from metarec.meta.heads import ChoiceHead
from metarec.meta.heart import Heart
from metarec.meta.holding_out import Taught
from metarec.meta.ordering import CHOICE, VALUE, Blend
from metarec.meta.person import Person
from metarec.meta.samples import Asked, asked_of
from metarec.meta.saved import heart_from, state_of
from metarec.meta.summary import adapted_told, refusals_told, summary_of
from metarec.training.fingerprint import fingerprint_of
from metarec.training.streams import Purpose, stream
from metarec.training.threads import limited


class MetaRecommender(Answering, ChangingItems, Recommender):
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
        told = f"{type(self).__name__}({type(self.encoder).__name__}, d={self.config.d}"
        if self._catalogue is None:
            return f"{told}; not fitted)"
        heads = " and ".join(self.hearts)
        loss = self.metrics.get("valid_loss")
        judged = "" if loss is None else f", validation loss {loss:.4f}"
        if adapted := adapted_told(self.metrics):
            judged += f", {adapted}"
        if refused := refusals_told(self.metrics):
            judged += f", {refused}"
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
        running = Running(rng, folder, progress, device, threads, time_s)
        running.on(type(self).__name__, "cpu")
        if not isinstance(train, Dataset):
            raise DataError(
                f"train must be a Dataset, as load(folder) gives it, got {type(train).__name__}"
            )
        given = train.hash  # of all that is learned from or validated on, held-out users too
        fitted = type(self)(self.encoder, self.config)  # a copy would carry cached values along
        fitted._catalogue = train.catalogue
        fitted.event_kinds = train.event_kinds
        with limited(running.threads):
            fitted._learn(train, valid, running)
        fitted.has_uncertainty = fitted.knows_how_sure
        fitted.metrics = {**fitted.metrics, "train_hash": given}
        if train.negative_kinds:
            refused = int(train.event_kinds.refused(train.histories).sum())
            fitted.metrics["negative_events"] = refused
            if CHOICE in fitted.hearts:
                fitted.metrics["refusals"] = fitted.hearts[CHOICE].of_refusals
        return fitted

    def _learn(self, given: Dataset, valid: Episodes | None, running: Running) -> None:
        """Learn every head of the shop, and how they make one order."""
        taught = [Taught.of(given, valid, running.rng)]
        if given.feedback == "rating" and self.config.choice:
            taught.append(Taught.of(given.as_events(), valid, running.rng))
        first = taught[0].train
        self._content = _content_features(self.encoder, first, progress=running.progress)
        content = self._content.encode(first.catalogue.frame)
        self._profiles = None
        if self.config.profile and first.users is not None and first.users.width:
            self._profiles = TabularFeatures.fit(first.users)
        told = [self._learn_head(one, content, running) for one in taught]
        if CHOICE in self.hearts:
            asked = self._asked(taught, content, running)
            metrics, evidence = self._weigh(asked, content, running)
            told[-1] |= metrics | self._doubt(asked, evidence, content, running)
        self.metrics = told[0]
        if len(told) > 1:
            self.metrics |= {"choice": told[1]}
        if self.blend is not None:
            self.metrics |= {"rating_weight": self.blend.weight}
        self._recount(taught[-1])

    def _learn_head(
        self, taught: Taught, content: Float[np.ndarray, "item d_content"], running: Running
    ) -> dict[str, Any]:
        """Learn one head, and tell its metrics."""
        config = self.config.beside_ratings() if self.hearts else self.config
        config = config.of(taught.train.feedback)
        if self.hearts:  # the folder belongs to the head that trains
            running = replace(running, folder=None)
        learned = self._learned(taught, content, config, running)
        name = learned.heart.head.name
        self._weights = {**self._weights, name: learned.weights}
        self._no_profile = learned.no_profile
        self.hearts = {**self.hearts, name: learned.heart}
        return dict(learned.metrics)

    def _learned(
        self,
        taught: Taught,
        content: Float[np.ndarray, "item d_content"],
        config: MetaConfig,
        running: Running,
    ) -> Learned:
        from metarec.meta.fitting import learn  # PyTorch: serving never needs it

        with limited(running.threads):  # PyTorch may have been loaded just now
            return learn(
                taught.train,
                taught.heard,
                taught.valid,
                content,
                self._content.blocks,
                self._profiles,
                config,
                running,
                fingerprint=fingerprint_of(taught.heard, taught.valid, content, config),
            )

    def _asked(
        self,
        taught: Sequence[Taught],
        content: Float[np.ndarray, "item d_content"],
        running: Running,
    ) -> list[Asked]:
        """Who is asked what each part of the model counts, and how far it may be off."""
        if not self.config.evidence and len(taught) == 1:
            return [Asked(taught, self.hearts)]
        start = partial(self._started, content=content, running=replace(running, folder=None))
        return asked_of(taught, self.hearts, start, running.rng)

    def _weigh(
        self,
        asked: Sequence[Asked],
        content: Float[np.ndarray, "item d_content"],
        running: Running,
    ) -> tuple[dict[str, Any], Callable[[int], Evidence | None]]:
        """Put tables beside the choice, with the trust that people teach, and weigh ratings beside
        both; told as metrics, and as the evidence of each of `asked`."""
        from metarec.meta.evidence.learning import learn_evidence

        samples = [
            Sample(
                one.taught[-1].train,
                one.taught[-1].valid,
                partial(self._alone, one.hearts[CHOICE]),
                one.taught[-1].repeating,
            )
            for one in asked
        ]
        random = stream(running.rng, Purpose.EVIDENCE)
        learned = None
        if self.config.evidence:
            learned = learn_evidence(samples, content, self.config, random)
        metrics: dict[str, Any] = {}
        if learned is not None:
            heart = replace(self.hearts[CHOICE], evidence=learned.evidence)
            self.hearts = {**self.hearts, CHOICE: heart}
            self.shows_seen = learned.shows_seen
            if learned.standing is not None:
                metrics = {"trust": dict(learned.trust), "standing": learned.standing.facts()}
            if learned.of_content is not None:
                metrics["standing_of_new_items"] = learned.of_content.facts()
            if learned.shows_seen:
                metrics["shows_seen"] = True
            if found := learned.neighbours:
                metrics["neighbours"] = found

        def evidence_of(number: int) -> Evidence | None:
            return None if learned is None else learned.of_sample(number)

        if len(asked[0].taught) > 1:
            rated = []
            for number, one in enumerate(asked):
                if VALUE in one.hearts:
                    choice = replace(one.hearts[CHOICE], evidence=evidence_of(number))
                    heads = partial(self._alone, choice), partial(self._alone, one.hearts[VALUE])
                    rated.append(Rated(one.taught[0].train, one.taught[0].valid, *heads))
            self.blend = learn_blend(rated, stream(running.rng, Purpose.EVIDENCE, 1))
        return metrics, evidence_of

    def _doubt(
        self,
        asked: Sequence[Asked],
        evidence: Callable[[int], Evidence | None],
        content: Float[np.ndarray, "item d_content"],
        running: Running,
    ) -> dict[str, Any]:
        """Learn how sure the choice is as it is served; told as metrics."""
        from metarec.meta.doubt import Served, learn_doubt

        def served() -> Iterator[Served]:
            for number, one in enumerate(asked):
                heart, last = replace(one.hearts[CHOICE], evidence=evidence(number)), one.taught[-1]
                yield Served(heart, last.train, last.valid, partial(self._believed, heart=heart))

        doubt = learn_doubt(served(), content, stream(running.rng, Purpose.DRAWS))
        heart = self.hearts[CHOICE]
        assert isinstance(heart.head, ChoiceHead)
        head = replace(
            heart.head,
            variance_factor=doubt.variance_factor,
            other_variance=doubt.other_variance,
        )
        self.hearts = {**self.hearts, CHOICE: replace(heart, head=head)}
        return dict(doubt.facts())

    def _started(
        self,
        taught: Mapping[str, Taught],
        content: Float[np.ndarray, "item d_content"],
        running: Running,
    ) -> dict[str, Heart]:
        """Heads of a fold at their start; what an event counts by its age is as in the fit."""
        found = {}
        config = self.config.at_start()
        for name, one in taught.items():
            nobody = replace(one, valid=one.valid.take(slice(0)))
            heart = self._learned(nobody, content, config, running).heart
            found[name] = replace(heart, confidence=self.hearts[name].confidence)
        return found

    def _alone(self, heart: Heart, histories: Histories) -> Float[np.ndarray, "person item"]:
        """What one head says of every item for each history."""
        parts = (histories.take(chunk) for chunk in self._chunks(histories))
        n_items = len(self.catalogue)
        return np.concatenate([heart.scores(self._believed(part, heart)) for part in parts])[
            :, :n_items
        ]

    def _recount(self, taught: Taught) -> None:
        """Count the tables on all that was given, people held out for validation too."""
        from metarec.meta.evidence.learning import recounted

        heart = self.hearts.get(CHOICE)
        if heart is not None and heart.evidence is not None and taught.given is not taught.train:
            evidence = recounted(heart.evidence, taught.given, self.config)
            self.hearts = {**self.hearts, CHOICE: replace(heart, evidence=evidence)}

    metrics: Mapping[str, Any]
    """Steps, best validation loss and calibration of the fit; of a model of ratings those of its
    choice head under "choice"."""

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
