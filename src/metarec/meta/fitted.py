"""What every part of a fitted model reads: its heads, its items, and the shop's kinds of events."""

from collections.abc import Mapping
from types import MappingProxyType

from metarec.contracts import Catalogue, EventKinds, NotFittedError
from metarec.contracts.event_kinds import ANY_KIND
from metarec.meta.heart import Heart


class FittedModel:
    """The fitted arrays; changed by nothing once they are set."""

    hearts: Mapping[str, Heart] = MappingProxyType({})
    """The fitted arrays of each head, by the head's name; none before the fit."""
    event_kinds: EventKinds = ANY_KIND
    """The kinds of events that the shop of the fit declared."""
    _catalogue: Catalogue | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The items that the fitted model can rank."""
        if self._catalogue is None:
            raise NotFittedError("call MetaRecommender.fit(train) first")
        return self._catalogue

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

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of events that the model was fitted on."""
        return self.heart.confidence.kind_names
