"""Queries are of the kinds that a shop wants foretold; all kinds but negative ones are support."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError, Dataset, Episodes, Histories, vocabulary_of
from metarec.contracts.event_kinds import EventKinds
from metarec.data import (
    Split,
    load,
    sample_prefix_batch,
    sample_rating_batch,
    split_cold,
    split_k_fold,
    split_last_out,
    split_time,
)
from metarec.data.splits.cold_items import split_cold_items
from metarec.evaluation import evaluate
from metarec.recommenders import EASE, Popularity

KINDS = ("view", "view", "buy", "view", "return", "buy", "view")


def shop(n_users: int = 40, **changes: object) -> Dataset:
    """Everybody: two views, a purchase, a view, a return, a purchase, a view."""
    rng = np.random.default_rng(0)
    n = len(KINDS)
    events = pl.DataFrame(
        {
            "user": np.repeat(np.arange(n_users), n),
            "item": np.concatenate([rng.permutation(20)[:n] for _ in range(n_users)]),
            "value": np.ones(n * n_users, dtype=np.float32),
            "timestamp": 10**9 + np.tile(np.arange(n), n_users) * 10 + np.arange(n * n_users) // n,
            "event": KINDS * n_users,
        }
    )
    catalogue = Catalogue.of(pl.DataFrame({"item_id": [f"i{i}" for i in range(20)]}))
    users = vocabulary_of(f"u{u}" for u in range(n_users))
    settings = {"target_kinds": ("buy",), "negative_kinds": ("return",)} | changes
    return Dataset("kinds", "implicit", "unix", catalogue, users, events, **settings)  # type: ignore[arg-type]


def names(histories: Histories) -> list[str]:
    return [histories.kind_names[kind] for kind in histories.kinds]


SPLITS = {
    "last": lambda data: [split_last_out(data)],
    "time": lambda data: [split_time(data, valid=0.3, test=0.3)],
    "folds": lambda data: split_k_fold(data, folds=2, valid=0.6),
    "cold": lambda data: [split_cold(data)],
    "cold items": lambda data: [split_cold_items(data)],
}


def all_episodes(split: Split) -> list[Episodes]:
    return [split.valid, *split.test.values()]


@pytest.mark.parametrize("how", SPLITS)
def test_every_query_is_a_target_and_views_are_support(how: str) -> None:
    for split in SPLITS[how](shop()):
        for episodes in all_episodes(split):
            assert set(names(episodes.query)) == {"buy"}
            assert "view" in names(episodes.support)
        assert "view" in set(split.train.interactions["event"])


@pytest.mark.parametrize("how", SPLITS)
def test_without_targets_only_negative_events_are_no_queries(how: str) -> None:
    asked = [
        kind
        for split in SPLITS[how](shop(target_kinds=()))
        for episodes in all_episodes(split)
        for kind in names(episodes.query)
    ]
    assert set(asked) == {"buy", "view"}


def test_the_last_purchase_is_asked_for_and_nothing_after_it_is_known() -> None:
    split = split_last_out(shop())
    (test,) = split.test.values()
    assert names(test.support.take(slice(1))) == ["view", "view", "buy", "view", "return"]
    assert names(split.valid.support.take(slice(1))) == ["view", "view"]
    assert split.train.interactions.filter(user=0)["event"].to_list() == ["view", "view"]
    data = shop(1)
    one = split_last_out(data.where(data.interactions["timestamp"] < 10**9 + 50))
    assert len(one.valid) == len(one.test["next event"]) == 0
    assert len(one.train.interactions) == 5  # learned from, and not judged


def test_a_known_user_of_the_cold_split_knows_nothing_after_the_first_query() -> None:
    split = split_cold(shop(), users=0.2, items=0.0, valid=0.0)
    for episodes in split.test.values():
        for support, query in zip(
            np.split(episodes.support.times, episodes.support.offsets[1:-1]),
            np.split(episodes.query.times, episodes.query.offsets[1:-1]),
            strict=True,
        ):
            assert not len(support) or support.max() < query.min()


def test_a_part_of_time_without_a_target_is_refused() -> None:
    with pytest.raises(DataError, match=r"of the test has a kind .*foretold \(buy\)"):
        split_time(shop(), valid=0.5, test=0.02)


@pytest.mark.parametrize("most", [3, 50])
def test_training_asks_for_targets_alone(most: int) -> None:
    data = shop()
    targets = data.event_kinds.foretold(data.histories)
    rng, everyone = np.random.default_rng(0), np.arange(40)
    buy = data.histories.kind_names.index("buy")
    prefix = sample_prefix_batch(
        data.histories, everyone, rng, max_events=most, prefixes=2, targets=targets
    )
    at = np.take_along_axis(prefix.kinds, prefix.positions, 1)
    assert (at[prefix.position_mask] == buy).all()
    there = ((prefix.kinds == buy) & prefix.event_mask).sum(axis=1)
    np.testing.assert_array_equal(prefix.position_mask.sum(axis=1), np.minimum(there, 2))
    rated = sample_rating_batch(data.histories, everyone, rng, max_events=most, targets=targets)
    assert (rated.kinds[rated.query_mask] == buy).all()
    assert (rated.kinds[rated.support_mask & rated.event_mask] != buy).any()


def test_kinds_that_histories_do_not_name_are_met_by_no_event() -> None:
    kinds = EventKinds(("buy",), ("return",))
    plain = Histories.of([["a", "b"]])
    assert not kinds.foretold(plain).any()
    assert kinds.support(plain).items.tolist() == [0, 1]
    assert EventKinds((), ("return",)).foretold(plain).all()


@pytest.mark.slow
def test_purchases_of_a_real_shop_are_foretold_from_its_views(real_data: Path) -> None:
    data = replace(load(real_data / "retailrocket"), target_kinds=("buy",))
    split = split_last_out(data)
    for episodes in all_episodes(split):
        assert len(episodes) == 488
        assert set(names(episodes.query)) == {"buy"}
    models = {"EASE": EASE().fit(split.train), "popularity": Popularity().fit(split.train)}
    results = evaluate(models, split, curve=None, k=100, metrics=["recall"])
    assert results.attainable["share"].item() > 0.6  # what was viewed before may be shown
    recall = {row["model"]: row["mean"] for row in results.summary().to_dicts()}
    assert recall["EASE"] > 2 * recall["popularity"]


def test_what_is_learned_from_has_no_negative_event() -> None:
    data = shop()
    learned = data.without_negative()
    assert set(learned.interactions["event"]) == {"view", "buy"}
    assert len(learned.interactions) == 6 * 40
    plain = shop(negative_kinds=())
    assert plain.without_negative() is plain
