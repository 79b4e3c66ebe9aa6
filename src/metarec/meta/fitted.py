"""What every part of a fitted model reads: its heads, its items, and the shop's kinds of events."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from metarec.contracts import Catalogue, EventKinds, NotFittedError
from metarec.contracts.event_kinds import ANY_KIND
from metarec.meta.config import MetaConfig
from metarec.meta.evidence import Order
from metarec.meta.heads.value import ValueHead
from metarec.meta.heart import Heart
from metarec.meta.ordering import CHOICE, Blend, Ordering, RankBy


@dataclass(frozen=True, eq=False)
class Learned:
    """What training gives, without a trace of PyTorch."""

    heart: Heart
    weights: dict[str, NDArray[np.float32]]
    """The trained numbers of the items, by which more items can be added."""
    no_profile: Float[np.ndarray, " d_profile"] | None
    metrics: Mapping[str, Any]


class FittedModel:
    """The fitted arrays; changed by nothing once they are set."""

    config: MetaConfig
    hearts: Mapping[str, Heart] = MappingProxyType({})
    """The fitted arrays of each head, by the head's name; none before the fit. A model of ratings
    has that of ratings first, and that of the choice beside it."""
    blend: Blend | None = None
    """How both heads make one order; None where there is one head."""
    event_kinds: EventKinds = ANY_KIND
    """The kinds of events that the shop of the fit declared."""
    shows_seen: bool = False
    """Whether lists show what people had, where the caller does not say: true where those of
    validation came back to what they had, and such lists were better for them."""
    _catalogue: Catalogue | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The items that the fitted model can rank."""
        if self._catalogue is None:
            raise NotFittedError("call MetaRecommender.fit(train) first")
        return self._catalogue

    @property
    def heart(self) -> Heart:
        """The fitted arrays of the first head: of ratings where there are some."""
        if self._catalogue is None:
            raise NotFittedError("call MetaRecommender.fit(train) first")
        return next(iter(self.hearts.values()))

    @property
    def predicts_ratings(self) -> bool:
        """True if the model was fitted to ratings, which `predict` then foretells."""
        return self.heart.head.predicts_ratings

    @property
    def scale(self) -> tuple[float, float] | None:
        """The smallest and largest rating; None from a model of events without ratings."""
        head = self.heart.head
        return head.scale if isinstance(head, ValueHead) else None

    @property
    def order(self) -> Order | None:
        """What reads the order of histories beside the choice; None where nothing does."""
        choice = self.hearts.get(CHOICE)
        return None if choice is None or choice.evidence is None else choice.evidence.order

    def ordering(self, rank_by: RankBy | None = None) -> Ordering:
        """By what lists are ordered; raises DataError for a head that the model lacks."""
        return Ordering.of(rank_by, {self.heart.head.name: self.heart, **self.hearts}, self.blend)

    def config_of(self, head: str) -> MetaConfig:
        """The settings that one head was learned with."""
        beside = head == CHOICE and len(self.hearts) > 1
        return self.config.beside_ratings() if beside else self.config

    @property
    def knows_how_sure(self) -> bool:
        """False where the head whose standard deviations answers show has an updater without."""
        return self.hearts[self.ordering().sure].updater.knows_variance

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of events that the model was fitted on."""
        return self.heart.confidence.kind_names
