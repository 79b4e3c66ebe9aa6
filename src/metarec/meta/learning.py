"""From a shop to the heads of a model, and to how they make one order: what `fit` does."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Dataset, Episodes, Running
from metarec.contracts.running import time_left
from metarec.meta.blending import Rated, learn_blend
from metarec.meta.choosing import best_learned, first_of, shared
from metarec.meta.config import MetaConfig
from metarec.meta.evidence import Evidence, Order, Sample
from metarec.meta.evidence.order import ORDER
from metarec.meta.evidence.order_learning import NO_CHOICE, LearnedOrder, learn_order, left_out
from metarec.meta.fitted import Learned
from metarec.meta.heads import ChoiceHead
from metarec.meta.heart import Heart
from metarec.meta.holding_out import Taught
from metarec.meta.moving.beginning import Beginning, Beginnings, better_of
from metarec.meta.moving.starting_shops import StartingShops, content_features
from metarec.meta.ordering import CHOICE, VALUE
from metarec.meta.samples import Asked, asked_of, teaches_alone
from metarec.meta.updaters import ClosedForm
from metarec.meta.warming.learning import LearnedResiduals, learn_residual_prior
from metarec.training.fingerprint import fingerprint_of
from metarec.training.streams import Purpose, stream
from metarec.training.threads import limited


class Learning(StartingShops):
    """The part of a model that learns; everything is set on `self`, once."""

    _begins: Beginnings | None = None
    """Where a fit begins that was given a prior model, while it lasts."""
    _stays: frozenset[str] = frozenset()
    """The heads that stay with what they began at."""

    def _learn(
        self,
        given: Dataset,
        valid: Episodes | None,
        running: Running,
        prior: StartingShops | None = None,
    ) -> None:
        """Learn every head of the shop, from the `prior` where there is one, and how they make one
        order."""
        end = running.end()
        taught = [Taught.of(given, valid, running.rng)]
        if given.feedback == "rating" and self.config.choice:
            taught.append(Taught.of(given.as_events(), valid, running.rng))
        first = taught[0].train
        self._content = content_features(self.encoder, first, progress=running.progress)
        content = self._content.encode(first.catalogue.frame)
        self._read_profiles(first)
        if prior is not None:
            place = prior.place(first, self._content, content, self._profiles)
            self._begins = Beginnings(prior, place, copy.copy(self))
        judged = list(taught)
        if valid is None and given.feedback == "rating":
            judged[0] = taught[0].beside_known(running.rng)
        trains = [True, self.config.beside_ratings().steps != 0][: len(taught)]
        told = [
            self._learn_head(one, content, *share)
            for one, share in zip(judged, shared(running, trains, end), strict=True)
        ]
        for name, one in zip(self.hearts, taught, strict=True):
            self._expect_cold(name, one.train, content, running.rng)
        order = self._learned_order(taught[-1], content, running, end)
        if CHOICE in self.hearts:
            asked = self._asked(taught, content, running)
            metrics, evidence = self._weigh(asked, order.order, content, running)
            told[-1] |= metrics | self._doubt(asked, evidence, content, running)
        told[-1] |= order.told(self.order)
        self.metrics = told[0]
        if len(told) > 1:
            self.metrics |= {"choice": told[1]}
        if self.blend is not None:
            self.metrics |= {"rating_weight": self.blend.weight}
        if self._begins is not None:
            self.metrics = {**self.metrics, "of_prior": self._begins.place.facts()}
        self._recount(taught[-1])
        self._begins = None

    def _learn_head(
        self,
        taught: Taught,
        content: Float[np.ndarray, "item d_content"],
        running: Running,
        end: float | None,
    ) -> dict[str, Any]:
        """Learn one head, and tell its metrics."""
        config = self.config.beside_ratings() if self.hearts else self.config
        train = taught.train
        tried = config.of(train.feedback, len(train.histories.items))
        name, learn = train.feedback, partial(self._learned, taught, content)
        begin = None if self._begins is None else self._begins.of(name, train)
        chosen, learned = best_learned(tried, learn, running, first_of(2, end) if begin else end)
        if begin is not None:
            again = replace(running.below("prior"), time_s=time_left(end))
            # without validation nobody would stop its training
            started = chosen if len(taught.valid) else replace(chosen, steps=0)
            learned, kept = better_of(learned, learn(started, again, begin))
            self._stays |= {name} if kept else set()
        self.config = replace(self.config, d=chosen.d)
        self._weights = {**self._weights, name: learned.weights}
        self._no_profile = learned.no_profile
        self.hearts = {**self.hearts, name: learned.heart}
        return dict(learned.metrics)

    def _expect_cold(
        self, name: str, train: Dataset, content: Float[np.ndarray, "item d_content"], rng: int
    ) -> None:
        """Learn what is believed of an item that comes later, where people are a closed form."""
        heart, weights = self.hearts[name], self._weights[name]
        if self._begins is not None and name in self._stays:
            self.hearts = {**self.hearts, name: self._begins.kept(name, heart)}
            return
        if not isinstance(heart.updater, ClosedForm):
            return

        def without(rows: Int[np.ndarray, " item"]) -> Heart:
            alone = self._terms_of(name, content[rows], np.full(len(rows), -1))
            return replace(heart, terms=heart.terms.changed(rows, alone))

        learned = LearnedResiduals(weights["v"], weights["beta"], weights["told"] > 0)
        prior = learn_residual_prior(heart, learned, without, train.histories, self._as_served, rng)
        self.hearts = {**self.hearts, name: replace(heart, residuals=prior)}

    def _learned(
        self,
        taught: Taught,
        content: Float[np.ndarray, "item d_content"],
        config: MetaConfig,
        running: Running,
        beginning: Beginning | None = None,
    ) -> Learned:
        from metarec.meta.fitting import learn  # PyTorch: serving never needs it

        named = fingerprint_of(taught.heard, taught.valid, content, config)
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
                fingerprint=named if beginning is None else f"{named}:{beginning.fingerprint}",
                beginning=beginning,
            )

    def _learned_order(
        self,
        taught: Taught,
        content: Float[np.ndarray, "item d_content"],
        running: Running,
        end: float | None,
    ) -> LearnedOrder:
        """What the order of histories says, as far as it is learned until `end`."""
        config = self.config.order
        if config is None:
            return LearnedOrder(None)
        if CHOICE not in self.hearts:
            return left_out(NO_CHOICE)
        running = replace(running.below(ORDER), time_s=time_left(end))
        return learn_order(taught.train, taught.valid, content, config, running)

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
        order: Order | None,
        content: Float[np.ndarray, "item d_content"],
        running: Running,
    ) -> tuple[dict[str, Any], Callable[[int], Evidence | None]]:
        """Put tables, and the order of histories, beside the choice, with the trust that people
        teach, and weigh ratings beside all; told as metrics, and as the evidence of each of
        `asked`, of which the first alone has an order."""
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
        # the order is learned for validation alone: folds would each need a network
        alone = order is not None or teaches_alone(asked[0].taught[-1])
        samples[0] = replace(samples[0], order=order, alone=alone)
        random = stream(running.rng, Purpose.EVIDENCE)
        learned = None
        if self.config.evidence:
            begins = self._begins
            known = None if begins is None else begins.evidence(samples[0].train, self.config)
            if known is not None:
                known = self._levelled(known, self.hearts[CHOICE], samples[0].train)
            learned = learn_evidence(samples, content, self.config, random, known)
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
            untold = None if self._begins is None else self._begins.blend
            self.blend = learn_blend(rated, stream(running.rng, Purpose.EVIDENCE, 1), untold)
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
        if self._begins is not None and CHOICE in self._stays:
            head = self._begins.sure(head)
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
            begins = self._begins if name in self._stays else None
            begin = None if begins is None else begins.of(name, nobody.train)
            heart = self._learned(nobody, content, config, running, begin).heart
            found[name] = replace(heart, confidence=self.hearts[name].confidence)
        return found

    def _recount(self, taught: Taught) -> None:
        """Count the tables on all that was given, people held out for validation too."""
        from metarec.meta.evidence.learning import recounted

        heart = self.hearts.get(CHOICE)
        if heart is not None and heart.evidence is not None and taught.given is not taught.train:
            evidence = recounted(heart.evidence, taught.given, self.config)
            self.hearts = {**self.hearts, CHOICE: replace(heart, evidence=evidence)}
