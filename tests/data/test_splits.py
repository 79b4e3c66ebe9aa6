"""Each split holds out what it says; `test_split_leaks` proves that nothing reaches others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from split_toys import pairs, same

from metarec.contracts import Catalogue, DataError, Dataset, Episodes, Histories
from metarec.data import (
    DroppedRowsWarning,
    Split,
    generate,
    load,
    split_cold,
    split_cold_items,
    split_k_fold,
    split_last_out,
    split_new_users,
    split_scenarios,
    split_time,
)
from metarec.data.splits.cold_split import KNOWN_KNOWN, KNOWN_NEW, NEW_KNOWN, NEW_NEW


@pytest.fixture(scope="module")
def ratings() -> Dataset:
    return generate(users=150, items=80).dataset


@pytest.fixture(scope="module")
def clicks() -> Dataset:
    return generate(users=150, items=80, kind="implicit", rng=1).dataset


def tiny(clock: str | None = "unix", feedback: str = "rating") -> Dataset:
    """User u: a b c d in time; user v: c a; user w: b."""
    events = pl.DataFrame(
        {
            "user": [0, 0, 0, 0, 1, 1, 2],
            "item": [3, 0, 1, 2, 2, 0, 1],
            "value": pl.Series([4, 1, 2, 3, 3, 1, 2], dtype=pl.Float32),
            "timestamp": [40, 10, 20, 30, 25, 35, 15],
        }
    )
    items = pl.DataFrame({"item_id": ["a", "b", "c", "d"]})
    ids = np.array(["u", "v", "w"], dtype=object)
    return Dataset("tiny", feedback, clock, Catalogue.of(items), ids, events)  # type: ignore[arg-type]


def all_queries(split: Split) -> set[tuple[str, str]]:
    return set().union(*(pairs(e.query) for e in split.test.values()), pairs(split.valid.query))


class TestLastOut:
    def test_the_last_two_events_are_the_questions(self) -> None:
        split = split_last_out(tiny())
        test, valid = split.test["next event"], split.valid
        assert pairs(test.query) == {("u", "d")}
        assert pairs(valid.query) == {("u", "c")}
        assert [e.item for e in test.support.events(0)] == ["a", "b", "c"]
        assert [e.item for e in valid.support.events(0)] == ["a", "b"]
        train = {("u", "a"), ("u", "b"), ("v", "c"), ("v", "a"), ("w", "b")}
        assert pairs(split.train) == train

    def test_users_with_two_events_are_judged_on_request(self) -> None:
        split = split_last_out(tiny(), min_events=2)
        assert pairs(split.test["next event"].query) == {("u", "d"), ("v", "a")}
        assert ("v", "c") not in pairs(split.train)
        with pytest.raises(DataError, match="at least 2"):
            split_last_out(tiny(), min_events=1)

    def test_a_support_ends_where_its_query_begins(self, clicks: Dataset) -> None:
        split = split_last_out(clicks)
        for episodes in (split.valid, *split.test.values()):
            support, query = episodes.support, episodes.query
            newest = support.times[support.offsets[1:] - 1]
            assert (newest <= query.times[query.offsets[:-1]]).all()


def shop_of(counts: list[int], n_items: int, **columns: object) -> Dataset:
    """User k has `counts[k]` events, on items 0, 1, 2, ... in this order."""
    users = np.repeat(np.arange(len(counts)), counts)
    items = np.concatenate([np.arange(count) for count in counts]) % n_items
    events = pl.DataFrame({"user": users, "item": items, "value": np.ones(len(users)), **columns})
    catalogue = Catalogue.of(pl.DataFrame({"item_id": [f"i{n}" for n in range(n_items)]}))
    ids = np.array([f"u{n}" for n in range(len(counts))], dtype=object)
    clock = "unix" if "timestamp" in columns else None
    return Dataset("counted", "rating", clock, catalogue, ids, events)  # type: ignore[arg-type]


def asked_by(episodes: Episodes) -> dict[str, int]:
    """Number of query events of each judged user."""
    assert episodes.query.user_ids is not None
    return dict(zip(episodes.query.user_ids, episodes.query.lengths.tolist(), strict=True))


class TestTime:
    def test_the_clock_divides(self) -> None:
        split = split_time(tiny(), valid=0.2, test=0.3)
        assert split.settings["borders_s"] == [25.0, 35.0]
        assert pairs(split.train) == {("u", "a"), ("u", "b"), ("w", "b")}
        assert pairs(split.valid.query) == {("u", "c"), ("v", "c")}
        test = split.test["later events"]
        assert pairs(test.query) == {("u", "d"), ("v", "a")}
        assert pairs(test.support) == {("u", "a"), ("u", "b"), ("u", "c"), ("v", "c")}

    @pytest.mark.parametrize("timestamp", ["order", None])
    def test_an_order_is_no_clock(self, timestamp: str | None) -> None:
        with pytest.raises(DataError, match="needs a clock"):
            split_time(tiny(timestamp))

    @pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (-0.1, 0.1), (0.1, 0.0), (0.1, 1.0)])
    def test_shares_that_leave_nothing_are_refused(self, valid: float, test: float) -> None:
        with pytest.raises(DataError):
            split_time(tiny(), valid=valid, test=test)

    def test_every_train_event_is_earlier_than_every_question(self, ratings: Dataset) -> None:
        split = split_time(ratings)
        assert split.train.histories.times.max() < split.valid.query.times.min()
        test = split.test["later events"]
        assert split.valid.query.times.max() < test.query.times.min()
        assert test.support.times.max() < test.query.times.min()
        assert 0.05 < len(test.query.items) / len(ratings.interactions) < 0.15
        assert len(split.train.interactions) + len(all_queries(split)) == len(ratings.interactions)


class TestTiesAtTheBorders:
    """Ten events of one user, at the clocks given."""

    def split(self, clocks: list[int], **shares: float) -> Split:
        return split_time(shop_of([10], 10, timestamp=clocks), **shares)

    def test_a_tie_over_both_borders_names_the_clock_and_what_to_do(self) -> None:
        told = "no event for the validation: 4 of 10 events have the clock 7, .*valid=0"
        with pytest.raises(DataError, match=told):
            self.split([1, 2, 3, 4, 5, 6, 7, 7, 7, 7])

    def test_without_validation_the_same_tie_is_the_test(self) -> None:
        clocks = [1, 2, 3, 4, 5, 6, 7, 7, 7, 7]
        with pytest.warns(UserWarning, match=r"the test has 40\.0% .* 10\.0% .* clock 7"):
            split = self.split(clocks, valid=0.0)
        assert len(split.valid) == 0
        assert split.test["later events"].query.times.tolist() == [7, 7, 7, 7]

    def test_a_tie_that_leaves_nothing_to_learn_from_is_refused(self) -> None:
        with pytest.raises(DataError, match=r"for the training: 10 of 10 .* smaller shares"):
            self.split([1] * 10, valid=0.0)

    def test_a_part_that_ties_make_much_larger_is_said(self) -> None:
        with pytest.warns(UserWarning, match=r"the validation has 50\.0% .* where 10\.0%"):
            split = self.split([1, 2, 3, 4, 5, 5, 5, 5, 5, 6])
        assert len(split.valid.query.items) == 5

    def test_ties_inside_a_part_and_a_tie_of_two_are_nothing_to_speak_of(self) -> None:
        split = self.split([1, 1, 1, 1, 1, 2, 3, 4, 4, 5], valid=0.2)
        assert split.settings["borders_s"] == [4.0, 5.0]
        assert split.train.histories.times.tolist() == [1, 1, 1, 1, 1, 2, 3]
        assert split.valid.query.times.tolist() == [4, 4]

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize(
        ("first", "tied", "test", "said"),
        [(5, 15, 0.4, False), (4, 16, 0.4, True), (7, 3, 0.1, False), (6, 4, 0.1, True)],
    )
    def test_half_less_one_and_twice_more_one_are_still_the_size(
        self, first: int, tied: int, test: float, said: bool
    ) -> None:
        """Of 20, 12 are asked to learn from: 5 (12 / 2 - 1) will do. Of 10, one: 3 will do."""
        clocks = [*range(first), *[99] * tied]
        data = shop_of([len(clocks)], len(clocks), timestamp=clocks)
        if not said:
            assert len(split_time(data, valid=0.0, test=test).train.interactions) == first
            return
        with pytest.raises(UserWarning, match="events have the clock 99"):
            split_time(data, valid=0.0, test=test)

    def test_a_shop_without_events_is_refused(self) -> None:
        empty = shop_of([10], 10, timestamp=list(range(10)))
        with pytest.raises(DataError, match="no event to split"):
            split_time(empty.where(np.zeros(10, dtype=bool)))


class TestKFold:
    def test_each_event_is_asked_for_once(self, ratings: Dataset) -> None:
        splits = split_k_fold(ratings, folds=4)
        asked = [pairs(e.query) for split in splits for e in split.test.values()]
        assert sum(map(len, asked)) == len(ratings.interactions)
        assert set().union(*asked) == pairs(ratings)

    def test_the_folds_of_each_user_are_level(self, ratings: Dataset) -> None:
        for split in split_k_fold(ratings, folds=4):
            (episodes,) = split.test.values()
            total = episodes.query.lengths + episodes.support.lengths
            assert (np.abs(episodes.query.lengths - total / 4) < 1).all()

    def test_no_question_is_in_train_or_support(self, ratings: Dataset) -> None:
        for split in split_k_fold(ratings):
            assert not all_queries(split) & pairs(split.train)
            (test,) = split.test.values()
            assert not pairs(test.query) & pairs(test.support)
            assert not pairs(split.valid.query) & pairs(split.valid.support)

    def test_people_with_one_event_are_spread_over_the_folds_and_asked_once(self) -> None:
        data = shop_of([1] * 400, 1)
        asked = [asked_by(e) for s in split_k_fold(data, folds=4) for e in s.test.values()]
        assert [70 < len(users) < 130 for users in asked] == [True] * 4
        assert sorted(user for users in asked for user in users) == sorted(data.user_ids)
        for split in split_k_fold(data, folds=4):
            (test,) = split.test.values()
            assert (test.support.lengths == 0).all()
            assert len(split.valid) == 0  # a tenth of one event is none
            assert len(split.train.interactions) + len(test) == 400

    def test_the_share_for_validation_is_rounded_and_not_cut(self) -> None:
        # of five folds four are left: 16, 12 and 4 events, of which 1.6, 1.2 and 0.4 are asked for
        for split in split_k_fold(shop_of([20, 15, 5], 20), folds=5):
            assert asked_by(split.valid) == {"u0": 2, "u1": 1}

    def test_one_fold_is_refused(self) -> None:
        with pytest.raises(DataError, match="folds"):
            split_k_fold(tiny(), folds=1)


@pytest.fixture(scope="module", params=["ratings", "clicks"])
def cold_data(request) -> Dataset:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def cold(cold_data: Dataset) -> Split:
    return split_cold(cold_data)


class TestCold:
    def test_the_shares_are_as_asked(self, cold_data: Dataset, cold: Split) -> None:
        new_items = cold.test[NEW_NEW].candidates
        known_items = cold.test[NEW_KNOWN].candidates
        assert new_items is not None
        assert known_items is not None
        assert new_items.sum() == 16
        assert known_items.sum() == 80 - 16 - 6
        assert len(set(cold.test[NEW_KNOWN].query.user_ids)) == 30  # type: ignore[arg-type]

    def test_no_event_of_a_new_user_is_in_train(self, cold: Split) -> None:
        train = {user for user, _ in pairs(cold.train)}
        for name in (NEW_KNOWN, NEW_NEW):
            assert not train & {user for user, _ in pairs(cold.test[name].query)}
        in_valid = {user for user, _ in pairs(cold.valid.query)}
        assert 10 <= len(in_valid - train) <= 12

    def test_no_event_on_a_new_item_is_in_train_or_a_support(self, cold: Split) -> None:
        new = cold.test[KNOWN_NEW].candidates
        known = cold.test[KNOWN_KNOWN].candidates
        assert new is not None
        assert known is not None
        assert not new[cold.train.interactions["item"].to_numpy()].any()
        assert known[cold.train.interactions["item"].to_numpy()].all()
        for episodes in (cold.valid, *cold.test.values()):
            assert known[episodes.support.items].all()
        for name in (KNOWN_NEW, NEW_NEW):
            assert new[cold.test[name].query.items].all()

    def test_no_question_is_in_train(self, cold: Split) -> None:
        def events(histories: Histories) -> set[tuple[int, float]]:
            # the shop's times are whole seconds of three years: user and time name an event
            assert histories.user_ids is not None
            return set(zip(histories.user_ids[histories.rows], histories.times, strict=True))

        train = events(cold.train.histories)
        for episodes in (cold.valid, *cold.test.values()):
            assert not train & events(episodes.query)
            assert not events(episodes.support) & events(episodes.query)

    def test_validation_mixes_new_users_and_new_items(self, cold: Split) -> None:
        known = cold.test[KNOWN_KNOWN].candidates
        assert known is not None
        on_known = known[cold.valid.query.items]
        assert on_known.any()
        assert not on_known.all()
        assert cold.valid.candidates is not None
        assert cold.valid.candidates[cold.valid.query.items].all()

    def test_a_support_is_of_the_same_user_and_without_the_question(
        self, cold_data: Dataset, cold: Split
    ) -> None:
        real = pairs(cold_data)
        for episodes in (cold.valid, *cold.test.values()):
            assert pairs(episodes.support) <= real
            assert np.array_equal(episodes.support.user_ids, episodes.query.user_ids)  # type: ignore[arg-type]
            if cold_data.feedback == "rating":  # an implicit event may come again
                assert not pairs(episodes.support) & pairs(episodes.query)

    def test_a_known_users_support_is_the_training_history(self, cold: Split) -> None:
        train = cold.train.histories
        for name in (KNOWN_KNOWN, KNOWN_NEW):
            support = cold.test[name].support
            rows = np.flatnonzero(np.isin(train.user_ids, support.user_ids))  # type: ignore[arg-type]
            again = train.take(rows)
            assert np.array_equal(again.user_ids, support.user_ids)  # type: ignore[arg-type]
            assert pairs(again) == pairs(support)
            assert len(again.items) == len(support.items)

    def test_a_known_user_needs_five_events_and_is_asked_for_a_rounded_tenth(self) -> None:
        counts = [1, 4, 5, 6, 14, 16, 26]
        cold = split_cold(shop_of(counts, 26), users=0.0, items=0.0, valid=0.0)
        # 0.5, 0.6, 1.4, 1.6 and 2.6 events, at least one
        expected = {"u2": 1, "u3": 1, "u4": 1, "u5": 2, "u6": 3}
        assert asked_by(cold.test[KNOWN_KNOWN]) == expected
        left = cold.train.histories.lengths.tolist()
        assert left == [1, 4, 4, 5, 13, 14, 23]

    def test_shares_of_users_and_items_are_rounded_and_not_cut(self) -> None:
        cold = split_cold(shop_of([9] * 9, 9), users=0.3, items=0.3, valid=0.3)
        # 2.7 of 9 are new in the test, and 1.8 of the other 6 in the validation
        assert len(asked_by(cold.test[NEW_KNOWN])) == 3
        assert cold.test[NEW_NEW].candidates.sum() == 3  # type: ignore[union-attr]
        assert cold.test[KNOWN_KNOWN].candidates.sum() == 4  # type: ignore[union-attr]
        assert len(cold.train.interactions["user"].unique()) == 4

    def test_only_known_users_learn_and_are_asked_for_the_new_items_of_validation(
        self, cold_data: Dataset, cold: Split
    ) -> None:
        train = {user for user, _ in pairs(cold.train)}
        assert len(train) == 150 - 30 - 12  # a fifth for the test, a tenth of the rest
        known = cold.test[KNOWN_KNOWN].candidates
        assert known is not None
        for row in range(len(cold.valid)):
            one = cold.valid.take(np.array([row]))
            (user,) = {user for user, _ in pairs(one.query)}
            assert known[one.query.items].all() == (user not in train)
            assert known[one.query.items].any() == (user not in train)

    def test_a_new_user_is_asked_for_ten_events_or_half(self, cold: Split) -> None:
        episodes = cold.test[NEW_KNOWN]
        total = episodes.support.lengths + episodes.query.lengths
        expected = np.where(total >= 20, 10, np.maximum(1, total // 2))
        assert np.array_equal(episodes.query.lengths, expected)

    def test_the_learning_curve_keeps_questions_and_grows_supports(self, cold: Split) -> None:
        episodes = cold.test[NEW_KNOWN]
        for k in (0, 1, 5):
            short = episodes.at(k)
            assert same(short.query, episodes.query)
            assert np.array_equal(short.support.lengths, np.minimum(episodes.support.lengths, k))
            assert short.support.events(0) == episodes.support.events(0)[:k]

    def test_seeds_differ_and_a_seed_repeats(self, cold_data: Dataset, cold: Split) -> None:
        again, other = split_cold(cold_data), split_cold(cold_data, rng=1)
        assert again.train.interactions.equals(cold.train.interactions)
        assert not other.train.interactions.equals(cold.train.interactions)

    def test_implicit_events_in_order_are_known_from_the_oldest(self, clicks: Dataset) -> None:
        episodes = split_cold(clicks).test[NEW_KNOWN]
        for row in range(len(episodes)):
            times = [event.t for event in episodes.support.events(row)]
            assert times == sorted(times)  # type: ignore[type-var]
            if times:
                assert times[-1] <= min(e.t for e in episodes.query.events(row))  # type: ignore[type-var,operator]

    def test_ratings_are_known_in_a_drawn_order(self, ratings: Dataset) -> None:
        support = split_cold(ratings).test[NEW_KNOWN].support
        steps = np.diff(support.times)[np.diff(support.rows) == 0]
        assert 0.3 < (steps < 0).mean() < 0.7

    @pytest.mark.parametrize("wrong", [{"users": 1.0}, {"items": -0.1}, {"queries": 0}])
    def test_wrong_settings_are_refused(self, wrong) -> None:
        with pytest.raises(DataError):
            split_cold(tiny(), **wrong)

    def test_no_share_of_users_leaves_those_scenarios_empty(self, ratings: Dataset) -> None:
        cold = split_cold(ratings, users=0.0)
        assert len(cold.test[NEW_KNOWN]) == 0
        assert len(cold.test[KNOWN_NEW]) > 0


class TestColdItems:
    def test_held_out_items_compete_among_themselves(self, clicks: Dataset) -> None:
        split = split_cold_items(clicks)
        test = split.test["cold items"]
        held = test.candidates
        assert held is not None
        assert held.sum() == 16
        assert not held[split.train.interactions["item"].to_numpy()].any()
        assert held[test.query.items].all()
        assert held[split.valid.query.items].all()
        assert not held[test.support.items].any()

    def test_the_halves_are_disjoint_and_whole(self, ratings: Dataset) -> None:
        split = split_cold_items(ratings)
        test, valid = pairs(split.test["cold items"].query), pairs(split.valid.query)
        assert not test & valid
        assert test | valid | pairs(split.train) == pairs(ratings)
        assert 0.35 < len(test) / len(test | valid) < 0.65

    def test_repeated_events_are_told_apart(self) -> None:
        events = pl.DataFrame({"user": [0] * 400, "item": [0, 1, 2, 3] * 100})
        data = replace(
            tiny(feedback="implicit"),
            interactions=events.with_columns(value=pl.lit(1.0)),
            clock=None,
        )
        split = split_cold_items(data, items=0.5)
        assert 60 < len(split.test["cold items"].query.items) < 140


@pytest.fixture(scope="module")
def shop_data() -> Dataset:
    return generate(users=400, items=120, rng=2).dataset


@pytest.fixture(scope="module")
def table(shop_data: Dataset) -> pl.DataFrame:
    """Users and items with an odd row number are cold."""
    events = shop_data.interactions
    cold_user, cold_item = pl.col("user") % 4 == 3, pl.col("item") % 2 == 1
    users, items = (
        pl.Series(shop_data.user_ids.tolist()),
        pl.Series(shop_data.catalogue.ids.tolist()),
    )
    return events.select(
        pl.when(cold_user & cold_item)
        .then(pl.lit("user_and_item_cold_state"))
        .when(cold_user)
        .then(pl.lit("user_cold_state"))
        .when(cold_item)
        .then(pl.lit("item_cold_state"))
        .otherwise(pl.lit("warm_state"))
        .alias("scenario"),
        users.gather(events["user"]).alias("user_id"),
        items.gather(events["item"]).alias("item_id"),
        "value",
    )


@pytest.fixture(scope="module")
def melu(shop_data: Dataset, table: pl.DataFrame) -> Split:
    return split_scenarios(shop_data, table, draws=4)


class TestScenarios:
    def test_the_right_users_are_judged_in_every_draw(self, table, melu: Split) -> None:
        for name, episodes in melu.test.items():
            inside = table.filter(pl.col("scenario") == name)
            sizes = inside.group_by("user_id").len().filter(pl.col("len").is_between(13, 100))
            ids = episodes.query.user_ids
            assert ids is not None
            assert len(episodes) == 4 * len(sizes)
            assert set(ids) == set(sizes["user_id"])
            assert (episodes.query.lengths == 10).all()

    def test_support_and_query_are_the_users_events_of_that_scenario(self, table, melu) -> None:
        for name, episodes in melu.test.items():
            inside = table.filter(pl.col("scenario") == name)
            real = set(zip(inside["user_id"], inside["item_id"], strict=True))
            assert pairs(episodes.query) | pairs(episodes.support) <= real
            for row in range(0, len(episodes), 7):
                one = episodes.take(np.array([row]))
                assert not pairs(one.query) & pairs(one.support)
                me = one.query.user_ids[0]
                assert pairs(one.query) | pairs(one.support) == {p for p in real if p[0] == me}

    def test_draws_differ(self, melu: Split) -> None:
        episodes = melu.test["user_cold_state"]
        n = len(episodes) // 4
        first, second = (episodes.take(slice(d * n, d * n + n)) for d in (0, 1))
        assert np.array_equal(first.query.user_ids, second.query.user_ids)  # type: ignore[arg-type]
        assert pairs(first.query) != pairs(second.query)

    def test_train_is_warm_without_the_held_out_users_and_items(self, table, melu) -> None:
        warm = table.filter(pl.col("scenario") == "warm_state")
        train = pairs(melu.train)
        assert train < set(zip(warm["user_id"], warm["item_id"], strict=True))
        asked = pairs(melu.valid.query) | pairs(melu.valid.support)
        users, items = ({p[side] for p in train} for side in (0, 1))
        assert all(user not in users or item not in items for user, item in asked)
        assert not train & asked
        for episodes in melu.test.values():
            assert not train & (pairs(episodes.query) | pairs(episodes.support))

    def test_validation_asks_for_held_out_users_and_for_held_out_items(
        self, shop_data, table
    ) -> None:
        split = split_scenarios(shop_data, table, draws=1, queries=2, least=3, valid=0.3)
        train = pairs(split.train)
        users, items = ({pair[side] for pair in train} for side in (0, 1))
        asked = pairs(split.valid.query) | pairs(split.valid.support)
        new_users = {(user, item) for user, item in asked if user not in users}
        new_items = {(user, item) for user, item in asked if item not in items}
        assert len(new_users - new_items) > 50
        assert len(new_items - new_users) > 50
        assert new_users | new_items == asked

    def test_validation_in_numbers_where_everybody_takes_everything(self) -> None:
        data = shop_of([10] * 12, 10)
        users, items = data.interactions["user"].to_numpy(), data.interactions["item"].to_numpy()
        table = pl.DataFrame(
            {
                "scenario": np.where(users < 10, "warm_state", "user_cold_state"),
                "user_id": data.user_ids[users].tolist(),
                "item_id": data.catalogue.ids[items].tolist(),
            }
        )
        split = split_scenarios(data, table, draws=1, queries=2, least=3, most=10, valid=0.27)
        # 2.7 of 10 warm users and of 10 warm items are held out, rounded: 7 x 7 events are learned
        train = pairs(split.train)
        learners, learned = ({pair[side] for pair in train} for side in (0, 1))
        assert (len(train), len(learners), len(learned)) == (49, 7, 7)
        asked = pairs(split.valid.query) | pairs(split.valid.support)
        assert len({pair for pair in asked if pair[0] not in learners}) == 3 * 7
        assert len({pair for pair in asked if pair[1] not in learned}) == 7 * 3
        assert len(asked) == 42

    def test_judged_are_users_with_least_to_most_events_both_included(self) -> None:
        counts = [2, 3, 12, 13, 14, 99, 100, 101]
        data = shop_of([*counts, 5], 101)
        user = np.repeat(np.arange(9), [*counts, 5])
        table = pl.DataFrame(
            {
                "scenario": np.where(user == 8, "warm_state", "user_cold_state"),
                "user_id": data.user_ids[user].tolist(),
                "item_id": data.catalogue.ids[data.interactions["item"].to_numpy()].tolist(),
            }
        )
        split = split_scenarios(data, table, draws=1, valid=0.0)
        assert asked_by(split.test["user_cold_state"]) == dict.fromkeys(
            ["u3", "u4", "u5", "u6"], 10
        )
        split = split_scenarios(data, table, draws=1, valid=0.0, queries=2, least=3, most=12)
        assert asked_by(split.test["user_cold_state"]) == {"u1": 2, "u2": 2}

    def test_without_validation_the_whole_warm_state_is_learned(self, shop_data, table) -> None:
        split = split_scenarios(shop_data, table, draws=1, valid=0.0)
        assert len(split.train.interactions) == (table["scenario"] == "warm_state").sum()
        assert len(split.valid) == 0

    def test_draws_are_fixed_in_a_file(self, shop_data, table, melu: Split, tmp_path: Path) -> None:
        path = tmp_path / "draws.parquet"
        written = split_scenarios(shop_data, table, draws=4, draws_file=path)
        stored = pl.read_parquet(path)
        assert stored.columns == ["scenario", "draw", "user_id", "item_id"]
        read = split_scenarios(shop_data, table, draws=4, draws_file=path)
        other_seed = split_scenarios(shop_data, table, draws=4, draws_file=path, rng=9)
        for name, episodes in melu.test.items():
            assert same(written.test[name].query, episodes.query)
            assert same(read.test[name].query, episodes.query)
            assert same(read.test[name].support, episodes.support)
            assert pairs(other_seed.test[name].query) == pairs(episodes.query)

    def test_a_file_of_other_draws_is_refused(self, shop_data, table, tmp_path: Path) -> None:
        path = tmp_path / "draws.parquet"
        split_scenarios(shop_data, table, draws=1, draws_file=path)
        with pytest.raises(DataError, match="remove the file"):
            split_scenarios(shop_data, table, draws=2, draws_file=path)
        pl.DataFrame({"x": [1]}).write_parquet(path)
        with pytest.raises(DataError, match="must have the columns"):
            split_scenarios(shop_data, table, draws=2, draws_file=path)

    def test_a_few_absent_rows_are_said_and_many_are_refused(self, shop_data, table) -> None:
        missing = shop_data.where(np.arange(len(shop_data.interactions)) != 5)
        with pytest.warns(DroppedRowsWarning, match="1 of the scenarios'"):
            split_scenarios(missing, table, draws=1)
        half = shop_data.where(np.arange(len(shop_data.interactions)) % 2 == 0)
        with pytest.raises(DataError, match="load the dataset"):
            split_scenarios(half, table, draws=1)

    @pytest.mark.parametrize("wrong", [{"draws": 0}, {"queries": 20}, {"most": 5}, {"valid": 1.0}])
    def test_wrong_settings_are_refused(self, shop_data, table, wrong) -> None:
        with pytest.raises(DataError):
            split_scenarios(shop_data, table, **wrong)

    def test_a_table_without_the_warm_state_is_refused(self, shop_data, table) -> None:
        with pytest.raises(DataError, match="warm_state"):
            split_scenarios(shop_data, table.filter(pl.col("scenario") != "warm_state"))
        with pytest.raises(DataError, match="columns"):
            split_scenarios(shop_data, table.drop("scenario"))

    @pytest.mark.slow
    def test_the_published_numbers_of_users_are_met_on_movielens_1m(self, real_data: Path) -> None:
        folder = real_data / "movielens-1m"
        with pytest.warns(DroppedRowsWarning, match="3 of the scenarios' 1,000,209"):
            split = split_scenarios(load(folder), folder / "scenarios.parquet", draws=2)
        users = {name: len(set(e.query.user_ids)) for name, e in split.test.items()}  # type: ignore[arg-type]
        assert users == {
            "user_cold_state": 668,
            "item_cold_state": 2863,
            "user_and_item_cold_state": 723,
        }


@pytest.mark.parametrize(
    "split",
    [
        split_last_out,
        split_time,
        split_cold,
        split_cold_items,
        split_new_users,
        lambda data: split_k_fold(data)[0],
    ],
)
def test_every_split_keeps_catalogue_and_users_and_states_its_leaks(split, ratings) -> None:
    made = split(ratings)
    assert made.train.catalogue is ratings.catalogue
    assert made.train.user_ids is ratings.user_ids
    assert len(made.excludes) >= 2
    for episodes in (made.valid, *made.test.values()):
        assert (episodes.query.lengths > 0).all()
        assert episodes.support.vocabulary == ratings.catalogue.vocabulary


def test_the_newest_warm_items_can_be_the_ones_held_out_for_validation():
    from metarec.contracts import Catalogue, Dataset

    items = pl.DataFrame(
        {"item_id": [f"i{n}" for n in range(10)], "year": [1990 + n for n in range(9)] + [None]}
    )
    users, chosen = np.divmod(np.arange(200), 10)
    events = pl.DataFrame(
        {"user": users, "item": chosen, "value": np.ones(200, dtype=np.float32)}
    ).cast({"user": pl.Int32, "item": pl.Int32})
    ids = np.array([f"u{n}" for n in range(20)], dtype=object)
    shop = Dataset("toy", "rating", None, Catalogue.of(items), ids, events)
    table = pl.DataFrame(
        {
            "scenario": np.where(users < 10, "warm_state", "user_cold_state"),
            "user_id": ids[users].tolist(),
            "item_id": [f"i{n}" for n in chosen],
        }
    )
    split = split_scenarios(
        shop, table, draws=1, queries=2, least=2, most=10, valid=0.19, newest="year"
    )
    # of i0..i9 the newest 1.9, rounded, are i8 (1998) and i7 (1997); i9 has no year: old
    assert sorted(np.flatnonzero(~split.train.touched)) == [7, 8]
    with pytest.raises(DataError, match="number column"):
        split_scenarios(shop, table, least=10, queries=2, newest="colour")
