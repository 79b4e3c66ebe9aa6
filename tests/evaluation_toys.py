"""Small shops, and models that answer by rule, for the tests of evaluation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from metarec.contracts import (
    Catalogue,
    Dataset,
    Episodes,
    Histories,
    Predictions,
    Recommendations,
    vocabulary_of,
)
from metarec.data.splits.split import Split


def catalogue_of(n_items: int) -> Catalogue:
    return Catalogue.of(pl.DataFrame({"item_id": [f"i{item}" for item in range(n_items)]}))


def dataset_of(
    rows: Sequence[tuple[int, int, float]], n_users: int, n_items: int, feedback: str = "rating"
) -> Dataset:
    frame = pl.DataFrame(
        rows, schema={"user": pl.Int64, "item": pl.Int64, "value": pl.Float32}, orient="row"
    )
    users = vocabulary_of(f"u{user}" for user in range(n_users))
    return Dataset("toy", feedback, None, catalogue_of(n_items), users, frame)  # type: ignore[arg-type]


def planted(
    seed: int = 0, n_users: int = 120, n_items: int = 40, feedback: str = "rating"
) -> Split:
    """Users with their own level, items with their own quality; half the users are new.

    Each new user has 10 events of support and 6 of query, in two scenarios of different users.
    """
    rng = np.random.default_rng(seed)
    level, quality = rng.normal(3.2, 0.6, n_users), rng.normal(0.0, 0.6, n_items)
    rows = []
    for user in range(n_users):
        for item in rng.permutation(n_items)[:16]:
            rating = level[user] + quality[item] + rng.normal(0, 0.7)
            rows.append((user, int(item), float(np.clip(np.round(rating), 1, 5))))
    data = dataset_of(rows, n_users, n_items, feedback)
    half, quarter = n_users // 2, n_users // 4
    train = data.where(data.interactions["user"] < half)
    scenarios = {
        "new users": np.arange(half, half + quarter),
        "new users, late": np.arange(half + quarter, n_users),
    }
    test = {name: _episodes(data, users) for name, users in scenarios.items()}
    valid = _episodes(data, np.arange(half // 2))
    settings = {"seed": seed}
    return Split("planted", train, valid, test, ("test users' events are not in train",), settings)


def _episodes(data: Dataset, users: np.ndarray) -> Episodes:
    histories = data.histories.take(users)
    return Episodes(histories.keep(histories.places < 10), histories.keep(histories.places >= 10))


def tiny(feedback: str = "rating") -> Split:
    """Items 0..4; in training 0 three times, 1 twice, 2 once. Users u3 and u4 are new."""
    rows = [(0, 0, 5), (0, 1, 3), (1, 0, 4), (1, 1, 2), (2, 0, 3), (2, 2, 1)]
    rows += [(3, 0, 5), (3, 1, 4), (3, 2, 2), (4, 1, 1), (4, 3, 5)]
    data = dataset_of([(u, i, float(v)) for u, i, v in rows], 5, 5, feedback)
    h = data.histories.take(np.array([3, 4]))
    episodes = Episodes(h.keep(h.places < 1), h.keep(h.places >= 1))
    train = data.where(data.interactions["user"] < 3)
    return Split("tiny", train, episodes, {"new users": episodes}, ("nothing",))


@dataclass(frozen=True, eq=False)
class ByRule:
    """A recommender whose score of an item, given a history, is a function."""

    catalogue: Catalogue
    rule: Callable[[Histories], np.ndarray]
    std: float = np.nan
    serves_new_users: bool = True
    has_uncertainty: bool = False
    predicts_ratings: bool = True

    def fit(self, train: Dataset, valid: Any = None, *, rng: int = 0) -> "ByRule":
        return self

    def score(self, histories: Any, ids: Sequence[str]) -> np.ndarray:
        return self.rule(Histories.of(histories))[:, self.catalogue.index(ids)]

    def predict(self, histories: Histories, query: Histories) -> Predictions:
        scores = self.rule(histories)[query.rows, query.items]
        stds = np.full(len(scores), self.std)
        return Predictions(scores, stds, stds)

    def recommend(
        self,
        histories: Any,
        k: int = 10,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[str] | None = None,
    ) -> Recommendations:
        scores = np.array(self.rule(histories), dtype=np.float64)
        if exclude_seen:
            scores[histories.rows, histories.items] = np.nan
        if candidates is not None:
            barred = np.ones(scores.shape[1], dtype=bool)
            barred[self.catalogue.index(candidates)] = False
            scores[:, barred] = np.nan
        order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), axis=1, kind="stable")[
            :, :k
        ]
        values = np.take_along_axis(scores, order, axis=1)
        items = np.where(np.isnan(values), -1, order)
        return Recommendations(
            self.catalogue.vocabulary, items, values, np.full(items.shape, np.nan)
        )

    def save(self, path: Any) -> None:
        raise NotImplementedError


def constant(split: Split, value: float = 3.0, **settings: Any) -> ByRule:
    n_items = len(split.train.catalogue)
    rule = lambda histories: np.full((len(histories), n_items), value)  # noqa: E731
    return ByRule(split.train.catalogue, rule, **settings)


def own_mean(split: Split, damping: float = 2.0, **settings: Any) -> ByRule:
    """The user's own mean drawn towards the training mean, plus the item's training quality."""
    train = split.train.interactions
    overall = float(train["value"].mean())  # type: ignore[arg-type]
    counts = split.train.item_counts
    sums = np.bincount(
        train["item"].to_numpy(), weights=train["value"].to_numpy() - overall, minlength=len(counts)
    )
    quality = sums / (counts + 5)

    def rule(histories: Histories) -> np.ndarray:
        residual = histories.values - overall - quality[histories.items]
        total = np.bincount(histories.rows, weights=residual, minlength=len(histories))
        own = total / (histories.lengths + damping)
        return overall + own[:, None] + quality[None, :]

    return ByRule(split.train.catalogue, rule, **settings)


def noisy(split: Split, seed: int = 0, size: float = 0.8) -> ByRule:
    """`own_mean` with noise of its own on every item."""
    base = own_mean(split)
    noise = np.random.default_rng(seed).normal(0, size, len(split.train.catalogue))
    return ByRule(split.train.catalogue, lambda histories: base.rule(histories) + noise)


def by_score(split: Split, *scores: float) -> ByRule:
    return ByRule(split.train.catalogue, lambda h: np.tile(np.array(scores, float), (len(h), 1)))
