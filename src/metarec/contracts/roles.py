"""The protocols: what every member of a room answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, Unpack, runtime_checkable

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts.answers import Predictions, Recommendations
from metarec.contracts.catalogue import Catalogue
from metarec.contracts.dataset import Dataset
from metarec.contracts.episodes import Episodes
from metarec.contracts.events import EventLike
from metarec.contracts.filters import Filters
from metarec.contracts.histories import Histories


@runtime_checkable
class Tracker(Protocol):
    """Where a fit writes down how it goes; those of `metarec.training.trackers`, or one's own."""

    def settings(self, values: Mapping[str, Any]) -> None:
        """Note what is fitted: its settings by name, once and before all else."""
        ...

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Note numbers of one step of training by name, such as "choice.d16/loss"."""
        ...


@runtime_checkable
class Recommender(Protocol):
    """Histories in, ranked items out. Every model of metarec answers this."""

    serves_new_users: bool
    """False if the model cannot serve a person who was not in training by itself."""
    has_uncertainty: bool
    """True if `stds` are more than NaN."""

    @property
    def predicts_ratings(self) -> bool:
        """True if `predict` foretells ratings on their scale, and not only an order."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """The items that the fitted model can rank."""
        ...

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
        """A fitted copy; `self` stays as it was. `valid` may be used for early stopping.

        How to run is said in the words of `metarec.contracts.Running`, the same for every model.
        """
        ...

    def score(
        self, histories: Histories | Sequence[Sequence[EventLike]], ids: Sequence[str]
    ) -> Float[np.ndarray, "history item"]:
        """The score of each named item for each history; NaN in place where unknown."""
        ...

    def predict(self, histories: Histories, query: Histories) -> Predictions:
        """Scores of each history's own query items, one a query event, in its order."""
        ...

    def recommend(
        self,
        histories: Histories | Sequence[Sequence[EventLike]],
        k: int = 10,
        **filters: Unpack[Filters],
    ) -> Recommendations:
        """The `k` best items of each history; what cannot be scored is never recommended.

        Lists have `k` places, or as many as the catalogue has items where these are fewer. The
        words of `Filters` say what may stand in them.
        """
        ...

    def rank(
        self, histories: Histories | Sequence[Sequence[EventLike]], ids: Sequence[str]
    ) -> Recommendations:
        """All the named items for each history, best first, whatever was seen or retired.

        What has no score stands last with NaN; an unknown id warns.
        """
        ...

    def similar(
        self, items: str | Sequence[str], k: int = 10, **filters: Unpack[Filters]
    ) -> Recommendations:
        """The `k` items that one item, or a basket of several, speaks for most.

        Raises UnsupportedError for a model without item-to-item scores.
        """
        ...

    def item_vectors(self) -> Float[np.ndarray, "item d"]:
        """Directions of the items by which lists are made diverse, of length 1."""
        ...

    def save(self, path: str | Path) -> None:
        """Write the model to a folder; nothing in it is ever unpickled."""
        ...


class Encoder(Protocol):
    """Content to vectors."""

    @property
    def fingerprint(self) -> str:
        """Names the encoder and everything that changes its vectors."""
        ...

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> Float[np.ndarray, "row d"]:
        """One vector a row of `frame` (an item table), float32."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """What is needed to build the encoder again, as JSON values."""
        ...
