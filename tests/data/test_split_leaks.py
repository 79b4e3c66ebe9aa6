"""Nobody's held-out events reach another person: proved by altering them, and by removing them.

A split that looks at how many events there are, or at who comes first, moves when rows go. So the
rows are taken out of the source before it is split again, and what is left is compared to the bit.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from split_toys import pairs, same

from metarec.contracts import DataError, Dataset, Episodes, Histories
from metarec.data import (
    Split,
    generate,
    split_cold,
    split_cold_items,
    split_k_fold,
    split_last_out,
    split_new_users,
    split_scenarios,
    split_time,
)
from metarec.data.splits.cold_split import KNOWN_KNOWN, KNOWN_NEW, NEW_KNOWN, NEW_NEW
from metarec.data.splits.split import OWN_EVENTS_ALONE

SHOPS = {
    "ratings": generate(users=120, items=60).dataset,
    "clicks": generate(users=120, items=60, kind="implicit", rng=1).dataset,
}


def scenarios_of(data: Dataset) -> pl.DataFrame:
    """Every fourth user and every second item are cold."""
    users = pl.Series(data.user_ids.tolist()).gather(data.interactions["user"])
    items = pl.Series(data.catalogue.ids.tolist()).gather(data.interactions["item"])
    cold_user, cold_item = pl.col("user") % 4 == 3, pl.col("item") % 2 == 1
    name = (
        pl.when(cold_user & cold_item)
        .then(pl.lit("user_and_item_cold_state"))
        .when(cold_user)
        .then(pl.lit("user_cold_state"))
        .when(cold_item)
        .then(pl.lit("item_cold_state"))
        .otherwise(pl.lit("warm_state"))
    )
    table = data.interactions.select(
        name.alias("scenario"), users.alias("user_id"), items.alias("item_id")
    )
    return table.unique(maintain_order=True)


def melu(data: Dataset) -> Split:
    return split_scenarios(data, scenarios_of(data), draws=2, queries=3, least=5)


SPLITS: dict[str, Callable[[Dataset], Split]] = {
    "last out": split_last_out,
    "fold 3": lambda data: split_k_fold(data)[2],
    "cold": split_cold,
    "cold items": split_cold_items,
    "new users": split_new_users,
    "new users, drawn": lambda data: split_new_users(data, order="drawn"),
    "scenarios": melu,
}


def named(histories: Histories) -> pl.DataFrame:
    """User, item and time of each event, which tell an event of these shops from every other."""
    assert histories.user_ids is not None
    columns = {"user": histories.user_ids[histories.rows].tolist(), "time": histories.times}
    return pl.DataFrame(columns | {"item": histories.vocabulary[histories.items].tolist()})


def theirs(data: Dataset, queries: Histories, but: str | None) -> np.ndarray:
    """True for the rows of the source that are query events of anybody `but` one user."""
    rows = pl.DataFrame(
        {
            "user": data.user_ids[data.interactions["user"].to_numpy()].tolist(),
            "time": data.interactions["timestamp"].cast(pl.Float64),
            "item": data.catalogue.ids[data.interactions["item"].to_numpy()].tolist(),
        }
    )
    asked = named(queries).filter(pl.col("user") != (but or ""))
    found = rows.select(pl.struct(rows.columns).is_in(asked.select(pl.struct(rows.columns))
                        .to_series().implode()))  # fmt: skip
    mask: np.ndarray = found.to_series().to_numpy()
    assert mask.sum() > 0
    return mask


def removed(data: Dataset, queries: Histories, but: str | None) -> Dataset:
    """The source without those rows."""
    return data.where(~theirs(data, queries, but))


def altered(data: Dataset, queries: Histories, but: str | None) -> Dataset:
    """The source with other values in those rows."""
    mask = pl.lit(pl.Series(theirs(data, queries, but)))
    value = pl.when(mask).then(6 - pl.col("value")).otherwise("value").cast(pl.Float32)
    return replace(data, interactions=data.interactions.with_columns(value.alias("value")))


def rows_of(train: Dataset, user_id: str) -> pl.DataFrame:
    return train.interactions.filter(pl.lit(pl.Series(train.user_ids == user_id)
                                     .gather(train.interactions["user"])))  # fmt: skip


def of_user(episodes: Episodes, user_id: str) -> Episodes:
    assert episodes.query.user_ids is not None
    return episodes.take(np.flatnonzero(episodes.query.user_ids == user_id))


def assert_mine_unmoved(before: Split, after: Split, me: str) -> None:
    """My rows of train, and every support and query of mine, are equal to the bit."""
    assert rows_of(before.train, me).equals(rows_of(after.train, me))
    for name, episodes in (("valid", before.valid), *before.test.items()):
        mine = of_user(episodes, me)
        again = of_user(after.valid if name == "valid" else after.test[name], me)
        assert same(mine.support, again.support)
        assert same(mine.query, again.query)


@pytest.mark.parametrize("change", [removed, altered])
@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("shop", SHOPS)
def test_other_peoples_test_events_do_not_move_mine(shop: str, name: str, change: Any) -> None:
    data, split = SHOPS[shop], SPLITS[name]
    before = split(data)
    judged = 0
    for episodes in before.test.values():
        assert episodes.query.user_ids is not None
        everybody = np.unique(episodes.query.user_ids.astype(str))
        for me in everybody[[0, len(everybody) // 2]]:
            judged += len(of_user(episodes, me))
            assert_mine_unmoved(before, split(change(data, episodes.query, me)), me)
    assert judged >= 2


@pytest.mark.parametrize("name", SPLITS)
def test_the_splits_that_claim_it_are_those_that_are_proved(name: str) -> None:
    made = SPLITS[name](SHOPS["ratings"])
    claimed = OWN_EVENTS_ALONE in made.excludes
    assert claimed or (
        name == "scenarios" and any("altered or removed" in c for c in made.excludes)
    )
    assert OWN_EVENTS_ALONE not in split_time(SHOPS["ratings"]).excludes


@pytest.mark.parametrize("change", [removed, altered])
@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("cold", NEW_KNOWN),
        ("cold", KNOWN_NEW),
        ("cold", NEW_NEW),
        ("cold items", "cold items"),
        ("new users", "new users"),
        ("new users, drawn", "new users"),
        ("scenarios", "user_cold_state"),
        ("scenarios", "item_cold_state"),
        ("scenarios", "user_and_item_cold_state"),
    ],
)
def test_test_events_that_train_cannot_know_change_nothing_in_it(
    shop: str, name: str, scenario: str, change: Any
) -> None:
    data, split = SHOPS[shop], SPLITS[name]
    before = split(data)
    after = split(change(data, before.test[scenario].query, None))
    assert before.train.interactions.equals(after.train.interactions)


@pytest.mark.parametrize(
    ("name", "scenario"),
    [("cold", KNOWN_KNOWN), ("last out", "next event"), ("fold 3", "fold 3 of 5")],
)
def test_where_a_known_history_is_cut_its_own_events_decide_and_that_is_not_denied(
    name: str, scenario: str
) -> None:
    data, split = SHOPS["ratings"], SPLITS[name]
    before = split(data)
    after = split(removed(data, before.test[scenario].query, None))
    gone = len(before.train.interactions) != len(after.train.interactions)
    assert gone, "train is the same without the test events; the claim may be made stronger"


def test_other_values_after_the_border_move_nothing_in_a_split_by_time() -> None:
    data = SHOPS["ratings"]
    before = split_time(data)
    after = split_time(altered(data, before.test["later events"].query, None))
    assert before.train.interactions.equals(after.train.interactions)
    assert same(before.test["later events"].support, after.test["later events"].support)


@pytest.mark.parametrize("min_events", [2, 3, 6])
def test_no_last_two_events_of_a_judged_user_are_in_train(min_events: int) -> None:
    data = SHOPS["clicks"]
    split = split_last_out(data, min_events=min_events)
    judged = data.histories.lengths >= min_events
    left = split.train.histories.lengths
    assert (left == np.where(judged, data.histories.lengths - 2, data.histories.lengths)).all()
    first = data.histories.keep(data.histories.places < np.repeat(left, data.histories.lengths))
    assert same(split.train.histories, first)


def test_a_pair_in_the_warm_state_and_in_a_test_scenario_is_refused() -> None:
    data = SHOPS["ratings"]
    table = scenarios_of(data)
    twice = table.filter(pl.col("scenario") == "user_cold_state").head(2)
    both = pl.concat([table, twice.with_columns(scenario=pl.lit("warm_state"))])
    with pytest.raises(DataError, match="2 events are both in 'warm_state' and in 'user_cold"):
        split_scenarios(data, both, draws=1)


def test_no_event_of_a_scenario_is_in_train() -> None:
    split = melu(SHOPS["clicks"])
    for episodes in split.test.values():
        assert not pairs(split.train) & (pairs(episodes.query) | pairs(episodes.support))
