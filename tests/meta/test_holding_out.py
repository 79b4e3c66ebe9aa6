"""Who is held out where the caller gives no validation, and what of a validation is asked."""

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Dataset, Episodes, EventKinds, Histories
from metarec.data import Split
from metarec.meta import holding_out
from metarec.meta.holding_out import (
    Taught,
    checked_validation,
    folds_of,
    hold_out_users,
    without_repeats,
)


def shop(n: int, events: int = 3, *, rating: bool = False) -> Dataset:
    """`n` people with so many events each on items of their own, and one with a single event."""
    rows = [(f"u{person:04}", f"i{place}") for person in range(n) for place in range(events)]
    users, items = zip(*rows, ("zz", "i0"), strict=True)
    log = {"user_id": users, "item_id": items}
    if rating:
        log["rating"] = [1.0 + row % 5 for row in range(len(users))]
    return mr.from_frames(
        pl.DataFrame(log), feedback="rating" if rating else "implicit", clock="order"
    )


@pytest.mark.parametrize(("n", "held"), [(3, 0), (60, 15), (80, 20), (81, 20), (420, 21), (1, 0)])
def test_a_twentieth_of_those_who_can_be_judged_is_held_out(n: int, held: int):
    train, episodes = hold_out_users(shop(n, rating=True), 0)
    assert len(episodes) == held
    assert len(train.interactions) == 3 * (n - held) + 1


def test_no_more_than_five_hundred_are_held_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("metarec.meta.holding_out.MOST_USERS", 7)
    assert len(hold_out_users(shop(60, rating=True), 0)[1]) == 7
    monkeypatch.undo()
    assert holding_out.MOST_USERS == 500


@pytest.mark.parametrize("rating", [False, True])
def test_all_events_of_those_held_out_are_support_or_query_and_none_is_left(rating: bool):
    whole = shop(100, events=6, rating=rating)
    train, episodes = hold_out_users(whole, 3)
    assert len(episodes) == 20
    left = set(train.interactions["user"].to_list())
    assert len(left) == 81
    own = np.setdiff1d(np.arange(100), list(left))
    before = whole.histories.take(own)
    shuffled = 0
    for person in range(20):
        support = episodes.support.take([person]).items.tolist()
        query = episodes.query.take([person]).items.tolist()
        items = before.take([person]).items.tolist()
        assert sorted(support + query) == sorted(items)
        assert query
        shuffled += support + query != items
    assert bool(shuffled) == rating  # implicit events keep their order
    assert len(set(episodes.support.lengths.tolist())) > 2
    again = hold_out_users(whole, 3)[1]
    assert again.support.items.tolist() == episodes.support.items.tolist()
    other = hold_out_users(whole, 4)[1]
    assert other.support.items.tolist() != episodes.support.items.tolist()


@pytest.mark.parametrize("bought", [1, 3])
def test_only_people_with_an_event_that_is_foretold_are_held_out(bought: int):
    log = pl.DataFrame(
        {
            "user_id": [f"u{row // 3:02}" for row in range(120)],
            "item_id": [f"i{row % 3}" for row in range(120)],
            "event": ["buy" if row < 30 and row % 3 < bought else "view" for row in range(120)],
        }
    )
    data = mr.from_frames(log, feedback="implicit", clock="order", target_kinds=["buy"])
    train, episodes = hold_out_users(data, 0)
    gone = set(range(40)) - set(train.interactions["user"].to_list())
    assert len(gone) == 2  # a quarter of ten
    assert gone <= set(range(10))
    if bought == 3:  # a single one may be in the support
        assert len(episodes) == 2


def test_two_events_are_enough_to_be_held_out():
    assert len(hold_out_users(shop(60, events=2, rating=True), 0)[1]) == 15
    assert not len(hold_out_users(shop(60, events=1, rating=True), 0)[1])


@pytest.mark.parametrize("rating", [False, True])
def test_folds_go_without_people_and_items_of_their_own(rating: bool):
    rows = [
        (f"u{person:03}", f"i{(person + place) % 40}")
        for person in range(90)
        for place in range(30)
    ]
    log = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    log = log.with_columns(rating=pl.lit(3.0)) if rating else log
    shop = mr.from_frames(log, feedback="rating" if rating else "implicit", clock="order")
    people, items = [], []
    for train, valid in folds_of(shop, 1):
        left = set(train.interactions["user"].to_list())
        people.append(set(range(90)) - left)
        items.append(set(np.flatnonzero(~train.touched).tolist()))
        if rating:  # of events, what is in the support is not asked for
            assert len(valid) == len(people[-1])
        assert not set(valid.support.items) & items[-1]
        assert set(valid.query.items) & items[-1]
        assert valid.candidates.all()
        # half of the supports are all of a history but a few events
        asked = valid.query.lengths
        assert 0.4 < np.mean(asked <= 11) < 0.95
        assert np.median(asked) < 15
    assert len(people) == 5
    assert [len(own) for own in items] == [4] * 5
    for groups in (people, items):
        assert len(set.union(*groups)) == sum(map(len, groups))
    assert set.union(*people) == set(range(90))
    again = [valid.query.items.tolist() for _, valid in folds_of(shop, 1)]
    assert again == [valid.query.items.tolist() for _, valid in folds_of(shop, 1)]
    assert again != [valid.query.items.tolist() for _, valid in folds_of(shop, 2)]


def test_a_fold_asks_no_more_people_than_a_hold_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("metarec.meta.holding_out.MOST_USERS", 7)
    for train, valid in folds_of(shop(60), 0):
        assert len(valid) == 7
        left = set(train.interactions["user"].to_list())
        assert len(left - {60}) == 60 - 7


def test_those_held_out_stand_in_the_order_of_users_each_with_their_own_events():
    rows = [(f"u{person:03}", f"i{person:03}{half}") for person in range(80) for half in "ab"]
    log = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    shop = mr.from_frames(log.with_columns(rating=pl.lit(3.0)), feedback="rating")
    held = [hold_out_users(shop, 0), *folds_of(shop, 0)]
    assert [len(valid) for _, valid in held] == [20, *[16] * 5]
    for train, valid in held:
        people = []
        for row in range(len(valid)):
            both = [side.take([row]).items for side in (valid.support, valid.query)]
            owners = {item[1:4] for item in shop.catalogue.ids[np.concatenate(both)]}
            assert len(owners) == 1
            people.append(int(owners.pop()))
        assert people == sorted(people)
        assert not set(people) & set(train.interactions["user"].to_list())


@pytest.mark.parametrize("rating", [False, True])
def test_who_takes_one_item_again_and_again_is_asked_for_it_in_ratings_alone(rating: bool):
    log = pl.DataFrame({"user_id": [f"u{row // 4:02}" for row in range(400)], "item_id": "tea"})
    log = log.with_columns(rating=pl.lit(3.0)) if rating else log
    shop = mr.from_frames(
        log, feedback="rating" if rating else "implicit", clock="order", repeats="keep"
    )
    train, valid = hold_out_users(shop, 0)
    assert len(set(train.interactions["user"].to_list())) == 80
    if rating:
        assert len(valid) == 20
        assert (valid.support.lengths + valid.query.lengths == 4).all()
    else:  # only those without a support can be asked, and once
        assert 0 < len(valid) < 20
        assert not valid.support.lengths.any()
        assert (valid.query.lengths == 1).all()


def test_half_of_the_supports_of_a_hold_out_are_small():
    found = hold_out_users(shop(400, events=60, rating=True), 0)[1]
    assert np.median(found.support.lengths) < 15


def test_supports_are_learned_from_in_the_order_in_which_they_are_served():
    log = pl.DataFrame({"user_id": [f"u{row // 9:02}" for row in range(900)]})
    log = log.with_columns(
        item_id=pl.Series([f"i{row % 9}" for row in range(900)]),
        timestamp=pl.Series([1.6e9 + 86_400 * (row * 7 % 9) for row in range(900)]),
        rating=pl.lit(3.0),
    )
    shop = mr.from_frames(log, feedback="rating")
    given, shuffled = Taught.of(shop, None, 0), hold_out_users(shop, 0)[1]
    assert given.given is shop
    assert len(given.train.interactions) == 9 * 80
    sorted_ones = [np.sort(shuffled.support.take([row]).times).tolist() for row in range(20)]
    for valid, ordered in ((given.valid, True), (shuffled, False)):
        times = [valid.support.take([row]).times.tolist() for row in range(20)]
        assert (times == sorted_ones) is ordered
    np.testing.assert_array_equal(given.valid.query.items, shuffled.query.items)
    again = Taught.of(shop, shuffled, 0)
    assert again.train is again.given is shop
    np.testing.assert_array_equal(again.valid.support.items, given.valid.support.items)


@pytest.mark.parametrize(("n", "events", "folds"), [(1, 3, 0), (4, 1, 0), (2, 3, 2), (5, 3, 5)])
def test_a_shop_too_small_for_a_fold_has_none(n: int, events: int, folds: int):
    assert len(list(folds_of(shop(n, events), 0))) == folds


def episodes_of(support: list[list[str]], query: list[list[str]]) -> Episodes:
    """Episodes over four items."""
    every = [["a", "b", "c", "d"]]
    both = Histories.of([*every, *support, *query])
    people = np.arange(1, 1 + len(support))
    return Episodes(both.take(people), both.take(people + len(support)))


def test_a_query_asks_once_for_each_item_that_is_not_had():
    found = without_repeats(
        episodes_of([["a"], ["b"], []], [["a", "b", "c", "b"], ["a", "c", "a"], ["d", "d"]]),
        EventKinds(),
    )
    asked = [[event.item for event in found.query.events(person)] for person in range(3)]
    assert asked == [["b", "c"], ["a", "c"], ["d"]]
    support = [[event.item for event in found.support.events(person)] for person in range(3)]
    assert support == [["a"], ["b"], []]


def test_a_validation_keeps_its_people_and_loses_what_cannot_be_asked():
    log = pl.DataFrame({"user_id": ["u"] * 4, "item_id": list("abcd")})
    data = mr.from_frames(log, feedback="implicit", clock="order")
    given = episodes_of([["a"], ["b"]], [["a", "c"], ["b"]])
    found = checked_validation(data, given)
    assert len(found) == 2
    assert [event.item for event in found.query.events(0)] == ["c"]
    back = given.take(np.array([1]))
    assert len(checked_validation(data, back)) == 0  # who comes back to what they had alone
    nothing = Episodes(back.support, back.query.keep(np.zeros(1, dtype=bool)))
    with pytest.raises(mr.DataError, match="none of the 1 validation episodes has a query event"):
        checked_validation(data, nothing)
    assert len(checked_validation(data, given.take(np.array([], dtype=np.int64)))) == 0
    rated = mr.from_frames(log.with_columns(rating=pl.lit(3.0)), feedback="rating")
    assert len(checked_validation(rated, given).query.items) == 3
    other = mr.from_frames(log.head(3), feedback="implicit")
    with pytest.raises(mr.DataError, match="valid must be episodes over train's catalogue"):
        checked_validation(other, given)


def pairs_of(histories: Histories) -> list[tuple[str, str]]:
    assert histories.user_ids is not None
    whose = histories.user_ids[histories.rows].tolist()
    return list(zip(whose, histories.vocabulary[histories.items].tolist(), strict=True))


def test_ratings_are_judged_on_as_many_known_people_by_a_tenth_of_what_they_rated():
    given = shop(80, 25, rating=True)
    alone = Taught.of(given, None, 3)
    both = alone.beside_known(3)
    n = len(alone.valid)
    assert len(both.valid) == 2 * n == 40
    new, known = both.valid.take(slice(n)), both.valid.take(slice(n, None))
    for one, other in ((new.support, alone.valid.support), (new.query, alone.valid.query)):
        assert pairs_of(one) == pairs_of(other)
        assert one.values.tolist() == other.values.tolist()
    assert known.query.lengths.tolist() == [2] * n
    assert known.support.lengths.tolist() == [23] * n
    asked, told = set(pairs_of(known.query)), set(pairs_of(known.support))
    learned = pairs_of(both.train.histories)
    assert len(set(learned)) == len(learned) == len(pairs_of(alone.train.histories)) - 2 * n
    assert told <= set(learned)
    assert not asked & set(learned)
    assert asked | set(learned) == set(pairs_of(alone.train.histories))
    assert {user for user, _ in asked}.isdisjoint(user for user, _ in pairs_of(new.query))
    places = {item for _, item in asked}
    assert len(places) > 10  # whichever, not the first or the last of a history
    again, other = (pairs_of(alone.beside_known(seed).valid.query) for seed in (3, 4))
    assert again == pairs_of(both.valid.query) != other


def test_only_a_fit_that_holds_out_ratings_itself_asks_known_people(
    rating_split: Split, monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []
    beside = Taught.beside_known

    def noted(self: Taught, rng: int) -> Taught:
        asked.append(rng)
        return beside(self, rng)

    monkeypatch.setattr(Taught, "beside_known", noted)
    config = mr.MetaConfig(d=2, steps=0, choice=False, evidence=False)
    model = mr.MetaRecommender(mr.HashEncoder(d=8), config)
    model.fit(rating_split.train, rating_split.valid)
    model.fit(rating_split.train.as_events())
    assert asked == []
    model.fit(rating_split.train, rng=5)
    assert asked == [5]
