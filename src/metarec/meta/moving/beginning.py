"""Where a fit begins that is given the model of another shop."""

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metarec.contracts import DataError, Dataset
from metarec.meta.config import MetaConfig
from metarec.meta.evidence import Evidence
from metarec.meta.fitted import Learned
from metarec.meta.heads import ChoiceHead
from metarec.meta.heart import Heart
from metarec.meta.moving.moved_evidence import evidence_in
from metarec.meta.moving.moved_heart import Place, Weights
from metarec.meta.moving.starting_shops import StartingShops
from metarec.meta.ordering import CHOICE, Blend


@dataclass(frozen=True, eq=False)
class Beginning:
    """One head in a shop before it is trained there: content and people are known by the prior
    model, single items by what was done with them."""

    heart: Heart
    weights: Weights

    @property
    def fingerprint(self) -> str:
        """Names all that training begins at."""
        digest = hashlib.sha256()
        prior, confidence = self.heart.prior, self.heart.confidence
        arrays = {**self.weights, "m": prior.mean, "M": prior.profile_map, "P": prior.precision}
        arrays["confidence"] = np.append(confidence.of_kind, [confidence.eps, confidence.rho])
        for name, array in sorted(arrays.items()):
            digest.update(
                f"{name} {array.shape}\n".encode() + np.ascontiguousarray(array).tobytes()
            )
        digest.update(repr((self.heart.head, prior.scales, confidence.kind_names)).encode())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Beginnings:
    """What a prior model says in the shop of a fit."""

    prior: StartingShops
    place: Place
    reader: StartingShops
    """The model that is fitted, as far as it reads people and items."""

    def of(self, name: str, train: Dataset) -> Beginning | None:
        """A head with the residuals of the items that `train` knows; None where the prior model
        lacks it."""
        if name not in self.prior.hearts:
            return None
        there = copy.copy(self.reader)
        heart, weights = self.prior.moved(name, train, self.place)
        there.hearts, there._weights = {name: heart}, {name: weights}
        if len(train.interactions):
            there = there.warm(train.histories)
        return Beginning(there.hearts[name], there._weights[name])

    def evidence(self, train: Dataset, config: MetaConfig) -> Evidence | None:
        """Tables of `train` under the trust of the prior model; None where it has none."""
        known = self.prior.hearts[CHOICE].evidence if CHOICE in self.prior.hearts else None
        if known is None:
            return None
        return evidence_in(known, train, self.place.content, config)

    def kept(self, name: str, heart: Heart) -> Heart:
        """A head that was learned from the beginning, with what the prior model believes of the
        residuals of items."""
        return replace(heart, residuals=self.prior.hearts[name].residuals)

    def sure(self, head: ChoiceHead) -> ChoiceHead:
        """A head of which nothing tells how sure it is, as sure as the prior model's."""
        known = self.prior.hearts[CHOICE].head
        assert isinstance(known, ChoiceHead)
        if not np.isnan(head.variance_factor):
            return head
        return replace(
            head,
            variance_factor=known.variance_factor,
            other_variance=known.other_variance,
        )

    @property
    def blend(self) -> Blend | None:
        """How the prior model makes one order of both heads."""
        return self.prior.blend


def better_of(own: Learned, begun: Learned) -> tuple[Learned, bool]:
    """What was learned from the beginning, and True; or what the shop alone taught, and False,
    where validation says that this is better."""
    losses = own.metrics["valid_loss"], begun.metrics["valid_loss"]
    kept = None in losses or losses[1] <= losses[0]
    told: Mapping[str, Any] = {"kept": kept, "loss_alone": losses[0], "loss": losses[1]}
    chosen = begun if kept else own
    return replace(chosen, metrics={**chosen.metrics, "prior": told}), kept


def check_prior(prior: object) -> None:
    """Refuse what is no model that a fit could begin at."""
    if not isinstance(prior, StartingShops):
        raise DataError(f"prior must be a fitted MetaRecommender, got {type(prior).__name__}")


def shaped_by(prior: MetaConfig, config: MetaConfig) -> MetaConfig:
    """The settings with the features of the prior model; refuses those that it has otherwise."""
    for name in ("hidden", "updater", "profile"):
        if getattr(config, name) != getattr(prior, name):
            raise DataError(
                f"the prior model was fitted with {name}={getattr(prior, name)!r}, and these "
                f"settings say {name}={getattr(config, name)!r}; use the prior's"
            )
    if config.d not in (None, prior.d):
        raise DataError(
            f"the prior model has d={prior.d} features an item, and these settings say "
            f"d={config.d}; leave d out"
        )
    return replace(config, d=prior.d)
