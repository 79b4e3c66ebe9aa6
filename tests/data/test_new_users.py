"""People held out entirely: who is asked, what is known, in which order, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from metarec.contracts import DataError, Dataset, Episodes
from metarec.data import generate, split_new_users

SHOP = generate(users=100, items=60, kind="implicit", rng=3).dataset


def people(episodes: Episodes) -> set[str]:
    assert episodes.query.user_ids is not None
    return set(episodes.query.user_ids.tolist())


def test_people_of_test_and_validation_are_not_in_train_and_the_others_are_whole() -> None:
    split = split_new_users(SHOP, users=0.2, valid=0.25)
    test, valid = people(split.test["new users"]), people(split.valid)
    assert (len(test), len(valid), test & valid) == (20, 20, set())
    events = dict(zip(SHOP.user_ids, SHOP.histories.lengths, strict=True))
    learned = dict(zip(split.train.user_ids, split.train.histories.lengths, strict=True))
    assert learned == {user: 0 if user in test | valid else events[user] for user in events}


def test_the_last_fifth_in_time_is_asked_and_all_before_is_known() -> None:
    episodes = split_new_users(SHOP).test["new users"]
    lengths = dict(zip(SHOP.user_ids, SHOP.histories.lengths, strict=True))
    assert episodes.query.user_ids is not None
    for row, user in enumerate(episodes.query.user_ids):
        known, asked = episodes.support.take([row]), episodes.query.take([row])
        assert len(known.items) + len(asked.items) == lengths[user]
        assert len(asked.items) == max(1, round(0.2 * lengths[user]))
        assert known.times.max() <= asked.times.min()


def test_in_a_drawn_order_the_same_people_are_asked_for_other_events() -> None:
    in_time = split_new_users(SHOP).test["new users"]
    drawn = split_new_users(SHOP, order="drawn").test["new users"]
    assert people(in_time) == people(drawn)
    assert np.array_equal(in_time.query.lengths, drawn.query.lengths)
    assert not np.array_equal(in_time.query.items, drawn.query.items)
    assert (drawn.support.take([0]).times.max() > drawn.query.take([0]).times.min()).all()


def without_clock(shop: Dataset) -> Dataset:
    return replace(shop, clock=None, interactions=shop.interactions.drop("timestamp"))


def test_without_a_clock_the_order_is_drawn_and_one_of_time_is_refused() -> None:
    timeless = without_clock(SHOP)
    split = split_new_users(timeless)
    assert split.settings["order"] == "drawn"
    assert split_new_users(SHOP).settings["order"] == "time"
    with pytest.raises(DataError, match=r"has no clock.*order='drawn'"):
        split_new_users(timeless, order="time")


def test_who_has_one_event_is_not_asked() -> None:
    once = SHOP.where(SHOP.histories.places[np.argsort(SHOP.order)] == 0)
    split = split_new_users(once)
    assert len(split.test["new users"]) == 0
    assert len(split.valid) == 0


@pytest.mark.parametrize(
    "wrong", [{"users": 0.0}, {"known": 0.0}, {"known": 1.0}, {"valid": 1.0}, {"order": "random"}]
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        split_new_users(SHOP, **wrong)  # type: ignore[arg-type]
