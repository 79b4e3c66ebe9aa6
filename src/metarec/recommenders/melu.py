"""MeLU: decision layers that start where one gradient step suits a person best."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from metarec.contracts import (
    DataError,
    Dataset,
    Episodes,
    EventLike,
    Histories,
    NothingLearnedWarning,
    Recommendations,
)
from metarec.contracts.pieces import pieces
from metarec.encoders import TabularFeatures
from metarec.encoders.role_as_told import by_column
from metarec.encoders.roles import ColumnRoles
from metarec.ranking.candidates import candidate_rows, list_length
from metarec.ranking.ties import ties_of
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.melu_asking import evidence, evidence_worth
from metarec.recommenders.melu_config import LAYERS, MeLUConfig
from metarec.recommenders.rated import check_rated
from metarec.recommenders.weights import Weights, in_double

CELLS_AT_ONCE = 4_000_000
"""Inner numbers held at once."""
READ = ("numbers", "categories", "lists", "dates")
Layers = Sequence[NDArray[np.float64]]


@dataclass(frozen=True)
class Fields:
    """The columns of a table, each of which has an embedding of its own."""

    parts: Mapping[str, TabularFeatures]

    @classmethod
    def of(cls, features: TabularFeatures) -> Self:
        """Each column but vectors apart from the others."""
        nothing: dict[str, dict[str, Any]] = {kind: {} for kind in (*READ, "vectors")}
        return cls(
            {
                name: TabularFeatures(**{**nothing, kind: {name: told}})
                for kind in READ
                for name, told in getattr(features, kind).items()
            }
        )

    def read(self, table: pl.DataFrame) -> list[Float[np.ndarray, "row width"]]:
        """The features of each column; several values of one row share its weight of 1."""
        blocks = []
        for features in self.parts.values():
            block = features.transform(table)
            many = np.maximum(block.sum(axis=1, keepdims=True), 1.0) if features.lists else 1.0
            blocks.append(block / many)
        return blocks

    def to_dict(self) -> dict[str, Any]:
        """The columns as JSON values."""
        return {name: part.to_dict() for name, part in self.parts.items()}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """The columns that `to_dict` wrote."""
        return cls({name: TabularFeatures.from_dict(part) for name, part in raw.items()})


class MeLU(BaseRecommender):
    """Rating = two layers of ReLU over embeddings of a person's and an item's columns [Lee et al.
    2019].

    Each person's decision layers are the learned ones after gradient steps on the squared errors of
    that person's ratings; the embeddings are everybody's (section 3.2). What is learned is learned
    through the steps, to the second order, and begins around the mean rating, where the authors'
    code begins around 0. Categories and lists are read as in the paper, a number and a date by how
    far from the mean they are, and texts not at all. Items without any event have a rating too.
    """

    Config = MeLUConfig
    predicts_ratings = True
    reads_ratings = True
    trains_in_steps = True
    config: MeLUConfig
    people_: Mapping[str, Any]
    """The columns of people, as `Fields` writes them."""
    weights_: Weights
    norms_: Float[np.ndarray, " item"]
    """How far a rating of each item moves the layers (`evidence`)."""
    counts_: Int[np.ndarray, " item"]
    """Training ratings of each item."""
    metrics_: Mapping[str, Any]
    """Steps taken, the best of them and its validation loss, and whether time ended training; the
    loss of the mean rating on the same."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        from metarec.recommenders.melu_learning import Adapting  # PyTorch: only a fit needs it
        from metarec.recommenders.stepwise import learn

        check_rated(train, type(self).__name__)
        roles = ColumnRoles.fit(train.catalogue.frame, by_column(train.roles))
        items = Fields.of(TabularFeatures.fit(train.catalogue.frame, roles))
        if not items.parts:
            raise DataError(
                f"MeLU reads categories, numbers, dates and lists, and the items of {train.name!r} "
                "have none; take a row that reads texts, such as TextRidge"
            )
        users = TabularFeatures({}, {}, {}, {}, {})
        if train.users is not None and train.users.width:
            users = TabularFeatures.fit(train.users)
        self.people_ = Fields.of(users).to_dict()
        blocks = items.read(train.catalogue.frame)
        told = self._profiles(train.histories)

        def make(histories: Histories) -> Adapting:
            return Adapting(histories, told, blocks, self.config)

        read = np.concatenate(blocks, axis=1)
        found = learn(train, valid, read, self.config, self.running, make, self._error)
        level = mean_loss(train, found.judged)
        self.weights_, self.metrics_ = found.weights, {**found.metrics, "mean_loss": level}
        warn_where_nothing_is_learned(found.metrics["valid_loss"], level)
        own = in_double(found.weights)
        layers, person = [own[name] for name in LAYERS], self._person(own, train.histories)
        self.norms_ = evidence(layers, person, own["items"], train.histories)
        self.counts_ = train.item_counts

    def ask(
        self,
        events: Sequence[EventLike] = (),
        k: int = 5,
        *,
        candidates: Sequence[str] | None = None,
        sure: bool = False,
        at: float | None = None,
    ) -> Recommendations:
        """The `k` items to ask whoever did these events about, the most telling first.

        They are the paper's evidence candidates (section 3.4), the same for everybody but for what
        was rated before: `scores` are how far an item's gradient moves the layers, for an error of
        1, times its popularity, both as shares of the largest. With `sure` every candidate gets an
        answer, and popularity does not count. `at` is that of `Filters`.
        """
        k = list_length(k, self.catalogue)
        allowed = candidate_rows(candidates, self.catalogue, at)
        questions = np.setdiff1d(allowed, self._aligned([list(events)]).items)
        ties = ties_of(self.catalogue.vocabulary)
        worth = evidence_worth(self.norms_, self.counts_, sure=sure)
        best = questions[np.lexsort((ties[questions], -worth[questions]))[:k]]
        unknown = np.full(len(best), np.nan)
        return Recommendations(self.catalogue.vocabulary, best, worth[best], unknown)

    def _profiles(self, histories: Histories) -> list[Float[np.ndarray, "person width"]]:
        known = Fields.from_dict(self.people_)
        nobody = pl.DataFrame({"": pl.Series([None] * len(histories), dtype=pl.Null)})
        return known.read(nobody if histories.profiles is None else histories.profiles)

    def _person(self, own: Weights, histories: Histories) -> Float[np.ndarray, "person d_person"]:
        """What the layers read of each person."""
        blocks = self._profiles(histories)
        empty = [np.zeros((len(histories), 0))]
        return np.concatenate(
            empty + [block @ own[f"person.{n}"] for n, block in enumerate(blocks)], axis=1
        )

    def _error(
        self, weights: Weights, valid: Episodes, touched: Bool[np.ndarray, " item"]
    ) -> float:
        """The mean squared error of what is asked."""
        own = in_double(weights)
        squares = 0.0
        longest = int(max(valid.support.lengths.max(), valid.query.lengths.max(), 1))
        width = longest * (len(own["first.weight"]) + 2 * self.config.hidden)
        for part in pieces(len(valid), width, CELLS_AT_ONCE):
            few = valid.take(part)
            person, layers = self._own(own, few.support)
            items, values, real = padded(few.query)
            told = foretold(layers, person, own["items"][items])
            squares += float((np.where(real, told - values, 0.0) ** 2).sum())
        return squares / len(valid.query.items)

    def _own(
        self, own: Weights, support: Histories
    ) -> tuple[Float[np.ndarray, "person d_person"], Layers]:
        """What is read of each person, and the layers after the steps."""
        person = self._person(own, support)
        items, values, real = padded(support)
        layers = [np.repeat(own[name][None], len(support), axis=0) for name in LAYERS]
        x = beside(person, own["items"][items])
        for _ in range(self.config.inner_steps):
            slopes = gradient(layers, x, values, real)
            steps = zip(layers, slopes, strict=True)
            layers = [layer - self.config.inner_rate * slope for layer, slope in steps]
        return person, layers

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        own = in_double(self.weights_)
        scores = np.empty((len(histories), len(own["items"])))
        longest = max(int(histories.lengths.max(initial=0)), len(own["items"]))
        for part in pieces(len(histories), longest * self.config.hidden, CELLS_AT_ONCE):
            person, layers = self._own(own, histories.take(part))
            scores[part] = foretold(layers, person, own["items"][None])
        return scores


def mean_loss(train: Dataset, judged: Episodes) -> float | None:
    """The mean squared error of the mean rating; None where nothing is judged."""
    if not len(judged):
        return None
    return float(np.mean((judged.query.values - train.interactions["value"].mean()) ** 2))


def warn_where_nothing_is_learned(loss: float | None, level: float | None) -> None:
    """Say it aloud where the layers are no better than the mean rating."""
    if loss is not None and level is not None and loss >= level:
        warnings.warn(
            f"MeLU is no better on validation than the mean rating (mean squared error {loss:.4g}, "
            f"that of the mean {level:.4g}); raise learning_rate and steps, tune it, or take a row "
            "that needs less, such as UserItemBias",
            NothingLearnedWarning,
            stacklevel=4,
        )


def padded(
    histories: Histories,
) -> tuple[
    Int[np.ndarray, "person event"],
    Float[np.ndarray, "person event"],
    Bool[np.ndarray, "person event"],
]:
    """Items and values of each history, and which of them are events."""
    values = histories.values.astype(np.float64)
    return histories.padded(histories.items, 0), histories.padded(values, 0.0), histories.present


def beside(
    person: Float[np.ndarray, "person d_person"], items: Float[np.ndarray, "person event d_item"]
) -> Float[np.ndarray, "person event d"]:
    """What the layers read of each pair."""
    shape = (len(person), items.shape[1], person.shape[1])
    return np.concatenate([np.broadcast_to(person[:, None], shape), items], axis=2)


def foretold(
    layers: Layers,
    person: Float[np.ndarray, "person d_person"],
    items: Float[np.ndarray, "any item d_item"],
) -> Float[np.ndarray, "person item"]:
    """The rating of each item; what a layer reads of a person is found once."""
    first, bias, second, other, out, last = layers
    d = person.shape[1]
    mine = (person[:, None] @ first[:, :d]) + bias[:, None]
    inner = np.maximum(items @ first[:, d:] + mine, 0.0)
    inner = np.maximum(inner @ second + other[:, None], 0.0)
    return np.asarray((inner @ out)[:, :, 0] + last)


def gradient(
    layers: Layers,
    x: Float[np.ndarray, "person event d"],
    values: Float[np.ndarray, "person event"],
    real: Bool[np.ndarray, "person event"],
) -> Layers:
    """Of the mean squared error of each person's events, in each layer; 0 where there is none."""
    first, bias, second, other, out, last = layers
    one = np.maximum(x @ first + bias[:, None], 0.0)
    two = np.maximum(one @ second + other[:, None], 0.0)
    n = np.maximum(real.sum(axis=1, keepdims=True), 1)
    error = np.where(real, 2 * ((two @ out)[:, :, 0] + last - values) / n, 0.0)[:, :, None]
    at_two = error * out.transpose(0, 2, 1) * (two > 0)
    at_one = (at_two @ second.transpose(0, 2, 1)) * (one > 0)
    return (
        x.transpose(0, 2, 1) @ at_one,
        at_one.sum(axis=1),
        one.transpose(0, 2, 1) @ at_two,
        at_two.sum(axis=1),
        two.transpose(0, 2, 1) @ error,
        error.sum(axis=1),
    )
