"""What a model can do beside the contract, asked of the model itself and never of its class."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Unpack, runtime_checkable

from metarec.contracts import (
    EventLike,
    Filters,
    ItemChanges,
    Recommendations,
    Recommender,
    UnsupportedError,
)
from metarec.meta.explanation import Explanation
from metarec.meta.ordering import RankBy


class Known(Protocol):
    """One person as a model knows them."""

    def recommend(
        self, k: int, *, rank_by: RankBy | None = None, **filters: Unpack[Filters]
    ) -> Recommendations:
        """The `k` best items."""
        ...

    def explain(self, item_id: str, *, rank_by: RankBy | None = None) -> Explanation:
        """Why an item has its score."""
        ...

    def ask(self, k: int) -> Recommendations:
        """The `k` items whose answer would tell most."""
        ...


@runtime_checkable
class Adapts(Protocol):
    """A model that becomes one person's own."""

    def adapt(
        self, events: Sequence[EventLike], *, profile: Mapping[str, Any] | None = None
    ) -> Known:
        """The person who did these events."""
        ...


@runtime_checkable
class Asks(Protocol):
    """A model that knows what to ask whoever did some events, and adapts to nobody."""

    def ask(
        self,
        events: Sequence[EventLike],
        k: int,
        *,
        candidates: Sequence[str] | None = None,
        sure: bool = False,
        at: float | None = None,
    ) -> Recommendations:
        """The `k` items whose answer would tell most."""
        ...


@runtime_checkable
class FollowsItems(Recommender, Protocol):
    """A model whose items come, go and change without another fit."""

    def add_items(self, frame: Any, *, progress: bool = False) -> Recommender:
        """The model with more items."""
        ...

    def update_items(
        self, frame: Any, *, progress: bool = False, widen: bool = False
    ) -> Recommender:
        """The model with other content of known items."""
        ...

    def sync_items(self, frame: Any, *, progress: bool = False) -> Recommender:
        """The model that offers what a snapshot holds."""
        ...

    def item_changes(self, frame: Any) -> ItemChanges:
        """What `sync_items` would do."""
        ...

    def retire_items(self, ids: Sequence[str]) -> Recommender:
        """The model without the named items on offer."""
        ...

    def restore_items(self, ids: Sequence[str]) -> Recommender:
        """The model with retired items on offer again."""
        ...


def following(model: Recommender) -> FollowsItems:
    """The model, if its items may change."""
    if not isinstance(model, FollowsItems):
        raise UnsupportedError(
            f"{type(model).__name__} knows the items of its fit alone; fit it again, or take a "
            "model that reads their content, such as MetaRecommender"
        )
    return model


def check_asks(model: Recommender) -> None:
    """Raise UnsupportedError for a model that does not know what to ask."""
    if not (model.has_uncertainty or isinstance(model, Asks)):
        raise UnsupportedError(
            f"{type(model).__name__} does not know how sure it is, so it has nothing to ask; "
            "ask a model that does, such as MetaRecommender"
        )


def person_of(model: Recommender, events: Sequence[EventLike]) -> Known:
    """The person who did these events, of a model that adapts to one."""
    if not isinstance(model, Adapts):
        raise UnsupportedError(
            f"{type(model).__name__} does not adapt to one person; take a model that does, such as "
            "MetaRecommender"
        )
    return model.adapt(events)
