"""What a caller wants of a list is read once, and means the same for every model."""

import warnings
from inspect import currentframe, getframeinfo

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Catalogue, DataError, Filters, UnknownItemWarning
from metarec.contracts.alignment import align
from metarec.contracts.event_kinds import EventKinds
from metarec.contracts.shortfall import REASONS
from metarec.ranking import Wanted
from metarec.ranking.exclusions import OwnEvents
from metarec.ranking.lists import joined
from metarec.ranking.wanted import boosted

CATALOGUE = Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c", "d"]}))
NOBODY = align([[]], CATALOGUE)


def test_seen_items_go_unless_they_are_wanted():
    scores = np.array([[4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0]])
    people = align([["a"], ["d", "c"]], CATALOGUE)
    lists, missing = Wanted.of(2, {}, CATALOGUE).best(scores.copy(), people)
    assert lists.tolist() == [[1, 2], [1, 0]]
    assert missing is None
    lists, _ = Wanted.of(2, {"exclude_seen": False}, CATALOGUE).best(scores.copy(), people)
    assert lists.tolist() == [[0, 1], [3, 2]]


def test_what_was_had_long_ago_may_come_again():
    scores = np.array([[4.0, 3.0, 2.0, 1.0]])
    events = [mr.Event("a", t=10.0), mr.Event("b", t=20.0), mr.Event("c"), mr.Event("a", t=5.0)]
    people = align([events], CATALOGUE)
    for since, seen in ((10.0, "abc"), (10.5, "bc"), (21.0, "c"), (0.0, "abc")):
        lists, _ = Wanted.of(4, {"seen_since": since}, CATALOGUE).best(scores.copy(), people)
        left = [item for item in "abcd" if item not in seen]
        assert [CATALOGUE.ids[row] for row in lists[0] if row >= 0] == left
    kinds = EventKinds(target=("buy",), negative=("return",))
    told = [mr.Event("a", kind="buy", t=10.0), mr.Event("b", kind="return", t=1.0)]
    people = align([told], CATALOGUE)
    wanted = Wanted.of(4, {"seen_since": 11.0}, CATALOGUE, event_kinds=kinds)
    assert wanted.best(scores.copy(), people)[0].tolist() == [[0, 2, 3, -1]]
    with pytest.raises(DataError, match="seen_since must be a finite number, got 'today'"):
        Wanted.of(4, {"seen_since": "today"}, CATALOGUE)  # type: ignore[typeddict-item]


def test_named_items_are_lowered_by_standard_deviations():
    scores = np.array([[4.0, 3.0, 2.0, 1.0]])
    sigma = scores.std()
    for down, order in ((0.8, [0, 1, 2, 3]), (1.0, [1, 0, 2, 3]), (9.0, [1, 2, 3, 0])):
        wanted = Wanted.of(4, {"lowered": {"a": down, "unknown": 1.0}}, CATALOGUE)
        assert wanted.best(scores.copy(), NOBODY)[0].tolist() == [order]
        assert wanted.lifted(scores)[0, 0] == pytest.approx(4.0 - down * sigma)
    assert Wanted.of(4, {"lowered": {}}, CATALOGUE).lifted(scores) is scores
    shop = Catalogue.of(pl.DataFrame({"item_id": list("abcd"), "margin": [0.0, 0, 0, 2]}))
    both = Wanted.of(4, {"boost": "margin", "lowered": {"d": 0.5, "a": 1.0}}, shop)
    lifted = both.lifted(scores)[0]
    assert lifted.tolist() == pytest.approx([4 - sigma, 3.0, 2.0, 1 + 1.5 * sigma])
    for wrong, told in (({"a": float("nan")}, "got nan for 'a'"), (["a"], "must map item ids")):
        with pytest.raises(DataError, match=told):
            Wanted.of(4, {"lowered": wrong}, CATALOGUE)  # type: ignore[typeddict-item]


def test_each_person_may_have_items_lowered_of_their_own():
    scores = np.array([[4.0, 3.0, 2.0, 1.0], [4.0, 3.0, 2.0, 1.0], [1.0, 3.0, 2.0, 4.0]])
    each = [{"a": 1.0}, {}, {"b": 2.5, "d": 0.25, "unknown": 1.0}]
    for boosts in ({}, {"boost": "margin"}):
        asked: Filters = {**boosts, "lowered": each}  # type: ignore[typeddict-item]
        shop = Catalogue.of(pl.DataFrame({"item_id": list("abcd"), "margin": [0.0, 0, 0, 2]}))
        many = Wanted.of(4, asked, shop, people=3)
        for first, people in ((0, 3), (1, 2), (2, 1)):
            part = scores[first : first + people]
            lifted = many.lifted(part, first)
            rest = align([[]] * people, shop)
            lists, _ = many.best(part.copy(), rest, first)
            for row in range(people):
                own: Filters = {**boosts, "lowered": each[first + row]}  # type: ignore[typeddict-item]
                alone = Wanted.of(4, own, shop)
                assert (lifted[row] == alone.lifted(part[row : row + 1])[0]).all()
                assert (
                    lists[row].tolist()
                    == alone.best(part[row : row + 1].copy(), NOBODY)[0][0].tolist()
                )
    for wrong, told in (([{}, {}], "one for each of 3 people, got 2 of"), ("abc", "must map")):
        with pytest.raises(DataError, match=told):
            Wanted.of(4, {"lowered": wrong}, CATALOGUE, people=3)  # type: ignore[typeddict-item]


def test_only_candidates_compete_and_there_may_be_too_few():
    wanted = Wanted.of(3, {"candidates": ["d", "b"]}, CATALOGUE)
    lists, missing = wanted.best(np.array([[9.0, 1.0, 8.0, 2.0]]), NOBODY)
    assert lists.tolist() == [[3, 1, -1]]
    assert missing is not None
    assert missing.tolist() == [[0, 2, 0, 0, 0, 0, 0, 0]]
    gone = Wanted.of(2, {}, CATALOGUE.retire(["a"]))
    assert gone.best(np.array([[9.0, 1.0, 8.0, 2.0]]), NOBODY)[0].tolist() == [[2, 3]]


def counts(missing, row: int = 0) -> dict[str, int]:
    named = zip(REASONS, missing[row].tolist(), strict=True)
    return {reason: count for reason, count in named if count}


def test_every_item_that_is_not_shown_counts_once_by_the_first_reason_that_holds():
    table = pl.DataFrame({"item_id": list("abcdefgh"), "brand": list("xxxxyyyy")})
    shop = Catalogue.of(table).retire(["a"])
    filters = {"candidates": list("abcdefg"), "where": "item_id != 'b'", "at_most": {"brand": 1}}
    wanted = Wanted.of(9, {**filters, "exclude": ["b", "c"]}, shop)  # type: ignore[typeddict-item]
    scores = np.array([[9.0, 8, 7, 6, np.nan, 4, 3, 2], [9.0, 8, 7, 6, 5, -np.inf, 3, 2]])
    lists, missing = wanted.best(scores, align([["d", "a"], []], shop))
    assert [[shop.ids[i] for i in row if i >= 0] for row in lists] == [["f"], ["d", "e"]]
    common = {"not_offered": 1, "not_candidates": 1, "filtered": 1, "excluded": 1}
    assert counts(missing, 0) == {**common, "seen": 1, "unscorable": 1, "capped": 1}
    assert counts(missing, 1) == {**common, "unscorable": 1, "capped": 1}


def test_an_item_refused_or_excluded_is_not_shown_and_not_counted_as_seen():
    kinds = EventKinds(("buy",), ("return",))
    people = align([[mr.Event("a", kind="return"), mr.Event("b", kind="view")],
                    [mr.Event("c", kind="buy"), mr.Event("d", kind="buy")]], CATALOGUE)  # fmt: skip
    scores = np.array([[4.0, 3, 2, 1]] * 2)
    filters: Filters = {"exclude": [["c"], ["d"]]}
    wanted = Wanted.of(4, filters, CATALOGUE, people=2, event_kinds=kinds)
    lists, missing = wanted.best(scores.copy(), people)
    assert lists.tolist() == [[1, 3, -1, -1], [0, 1, -1, -1]]
    assert counts(missing, 0) == {"refused": 1, "excluded": 1}
    assert counts(missing, 1) == {"seen": 1, "excluded": 1}
    second = people.take(slice(1, 2))
    assert wanted.best(scores[1:].copy(), second, first=1)[0].tolist() == [[0, 1, -1, -1]]
    free = Wanted.of(4, {"exclude_seen": False}, CATALOGUE, event_kinds=kinds)
    assert free.best(scores.copy(), people)[0].tolist() == [[1, 2, 3, -1], [0, 1, 2, 3]]


def test_a_list_that_is_full_but_shorter_than_asked_says_what_is_missing():
    lists, missing = Wanted.of(9, {}, CATALOGUE).best(np.array([[4.0, 3, 2, 1]]), NOBODY)
    assert lists.tolist() == [[0, 1, 2, 3]]
    assert missing is not None
    assert not missing.any()


def test_parts_of_a_batch_are_joined_in_their_order_and_full_parts_miss_nothing():
    some = np.arange(2 * len(REASONS)).reshape(2, -1)
    assert joined([(3, None), (1, None)]) is None
    table = joined([(1, None), (2, some)])
    assert table is not None
    assert table.dtype == some.dtype
    np.testing.assert_array_equal(table, [[0] * len(REASONS), *some])


def test_one_list_has_the_scores_of_the_model_and_leaves_the_callers_alone():
    scores = np.array([1.0, 4, 3, np.nan])
    events = OwnEvents.on(np.array([1]))
    answer = Wanted.of(4, {}, CATALOGUE).one(scores, events, CATALOGUE)
    assert (list(answer.ids), answer.scores.tolist()) == (["c", "a"], [3, 1])
    assert scores[1] == 4
    assert answer.why_short == "2 of 4 places; of 4 items: 1 seen, 1 without a score"


def test_a_word_that_no_list_knows_is_refused():
    told = r"does not know \['a', 'z'\]; it takes k and \['at', 'at_most"
    with pytest.raises(DataError, match=told):
        Wanted.of(2, {"z": 1, "a": 2}, CATALOGUE)  # type: ignore[typeddict-unknown-key]


def test_a_warning_of_unknown_candidates_points_at_the_caller():
    shop = mr.generate(users=30, items=20, kind="implicit", rng=0).dataset
    model = mr.MetaRecommender(mr.HashEncoder(d=4), mr.MetaConfig(d=2, steps=1)).fit(shop)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        frame = currentframe()
        assert frame is not None
        model.recommend([[]], 2, candidates=["nothing"])
        line = getframeinfo(frame).lineno - 1
    (warning,) = [w for w in told if w.category is UnknownItemWarning]
    assert (warning.filename, warning.lineno) == (__file__, line)


@pytest.mark.parametrize("equal", [[1e6, 1e6 + 1e-9], [0.0, 0.0], [1e-17, -1e-17], [-1e6, -1e6]])
def test_where_scores_are_equal_but_for_rounding_the_boost_alone_decides(equal: list[float]):
    scores, boost, allowed = np.array([[*equal, 5e6]]), np.array([0.5, -0.5, 0.0]), np.arange(2)
    found = boosted(scores, boost, allowed)
    np.testing.assert_allclose(found - scores, [boost], atol=1e-9)
    spread = boosted(np.array([[2.0, 4.0, 9.0]]), boost, allowed)
    np.testing.assert_allclose(spread, [[2.5, 3.5, 9.0]])
    small = boosted(np.array([[2e-9, 4e-9, 9.0]]), boost, allowed)
    np.testing.assert_allclose(small, [[2.5e-9, 3.5e-9, 9.0]])
