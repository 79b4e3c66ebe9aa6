"""What the rating counts beside the choice is what loops over lists find best."""

from dataclasses import replace

import numpy as np
import pytest

from metarec.contracts import Dataset
from metarec.data import Split
from metarec.meta.blending import UNKNOWN, WEIGHTS, Rated, gained_by, learn_blend
from metarec.meta.evidence import Questions
from metarec.meta.ordering import Blend

Table = np.ndarray


def table_of(name: str, n_items: int):
    """Scores that a history changes, another table for each name."""
    rng = np.random.default_rng(sum(map(ord, name)))
    level, habits = rng.normal(size=n_items), rng.normal(size=(n_items, n_items)) / 3

    def scores(histories):
        weights = np.zeros((len(histories), n_items))
        np.add.at(weights, (histories.rows, histories.items), 1.0)
        return level + weights @ habits

    return scores


def retired(train: Dataset, place: int) -> Dataset:
    """One of the touched items, and one of the others, are no longer offered."""
    gone = [np.flatnonzero(touched)[place] for touched in (train.touched, ~train.touched)]
    catalogue = train.catalogue
    return replace(train, catalogue=catalogue.retire(catalogue.ids[gone].tolist()))


@pytest.fixture(scope="module")
def shops(rating_split: Split) -> list[Rated]:
    """Two halves of the people; every other one of what is asked is an item that nobody touched,
    and three items do not compete."""
    train, valid = rating_split.train, rating_split.test["new users, known items"]
    n_items = len(train.catalogue)
    items, untouched = valid.query.items.copy(), np.flatnonzero(~train.touched)
    items[::2] = untouched[np.arange(len(items[::2])) % len(untouched)]
    candidates = np.arange(n_items) % 23 != 5
    valid = replace(valid, query=replace(valid.query, items=items), candidates=candidates)
    halves = [np.arange(len(valid))[half::2] for half in (0, 1)]
    return [
        Rated(
            retired(train, 2 + half),
            valid.take(people),
            table_of(f"a{half}", n_items),
            table_of(f"b{half}", n_items),
        )
        for half, people in enumerate(halves)
    ]


def gained(one: Rated, total: Table, among: np.ndarray) -> float:
    """The gain of what is asked of some items, in lists of twenty places, by loops."""
    (low, high), found, valid = one.train.scale, 0.0, one.valid
    assert valid.candidates is not None
    for person in range(len(valid)):
        had, query = valid.support.take([person]), valid.query.take([person])
        out = {*had.items.tolist(), *query.items.tolist()}
        for item, value in zip(query.items, query.values, strict=True):
            if among[item]:
                own = total[person, item]
                competing = np.flatnonzero(among & valid.candidates)
                rivals = [total[person, i] for i in competing if i not in out]
                ahead = sum(1.0 * (r > own) + 0.5 * (r == own) for r in rivals)
                gain = 2 ** (4 * (value - low) / (high - low)) - 1
                found += gain / np.log2(2 + ahead) if ahead < 20 else 0.0
    return found


def among_of(one: Rated, *, touched: bool) -> np.ndarray:
    return one.train.catalogue.offered & (one.train.touched == touched)


def test_both_weights_are_where_loops_over_all_lists_gain_most(shops, monkeypatch):
    monkeypatch.setattr("metarec.meta.evidence.questions.CELLS_AT_ONCE", 1000)
    monkeypatch.setattr("metarec.meta.blending.LEAST_QUERIES", 1)
    blend = learn_blend(shops, np.random.default_rng(0))
    ratings = shops[0].train.histories.values
    assert (blend.level, blend.spread) == pytest.approx((ratings.mean(), ratings.std()))
    found = {}
    for touched in (True, False):
        gains = np.zeros(len(WEIGHTS))
        for one in shops:
            logits, rated = (scores(one.valid.support) for scores in (one.choice, one.value))
            levels = (rated - ratings.mean()) / ratings.std()
            among = among_of(one, touched=touched)
            gains += [gained(one, logits + b * levels, among) for b in WEIGHTS]
        found[touched] = WEIGHTS[int(np.argmax(gains))]
        np.testing.assert_allclose(gained_by(questions(shops, touched=touched), blend), gains)
    assert (blend.weight, blend.weight_of_untouched) == (found[True], found[False])
    assert found[True] != found[False]
    assert UNKNOWN not in found.values()


def questions(shops: list[Rated], *, touched: bool) -> list[tuple[Rated, Questions]]:
    rng = np.random.default_rng(0)
    return [
        (one, Questions.of(one.valid, one.train.event_kinds, among_of(one, touched=touched), rng))
        for one in shops
    ]


def test_equal_scores_are_half_a_place_ahead_and_the_twentieth_place_is_the_last(shops):
    """Of 30 items the target stands behind some and beside others."""
    one, blend = shops[0], learn_blend(shops, np.random.default_rng(0))
    train, valid = one.train, one.valid.take([0])
    first = valid.query.keep(np.arange(len(valid.query.items)) == 1)
    among = np.zeros(len(train.catalogue), dtype=bool)
    others = np.setdiff1d(np.arange(len(among)), [*first.items, *valid.support.items])[:29]
    among[[*first.items, *others]] = True
    valid = replace(valid, query=first, candidates=None)
    gain = 2 ** (4 * (first.values[0] - train.scale[0]) / (train.scale[1] - train.scale[0])) - 1
    for ahead, beside, place in ((0, 0, 0), (3, 2, 4), (18, 2, 19), (18, 3, 19.5), (19, 2, None)):
        scores = np.zeros((1, len(among)))
        scores[0, others[:ahead]], scores[0, others[ahead + beside :]] = 1.0, -1.0
        rated = replace(
            one,
            valid=valid,
            choice=lambda _, scores=scores: scores,
            value=lambda _: np.full((1, len(among)), blend.level),
        )
        asked = Questions.of(valid, train.event_kinds, among, np.random.default_rng(0))
        expected = 0.0 if place is None else gain / np.log2(2 + place)
        np.testing.assert_allclose(gained_by([(rated, asked)], blend), expected)


def test_weights_ascend_from_none_at_all_and_none_is_far_from_the_next():
    assert WEIGHTS[0] == 0.0
    ratios = np.array(WEIGHTS[2:]) / WEIGHTS[1:-1]
    assert (ratios > 1).all()
    assert (ratios <= 2).all()


def asked(shops: list[Rated], *, touched: bool) -> int:
    return sum(int(among_of(one, touched=touched)[one.valid.query.items].sum()) for one in shops)


def test_where_too_little_is_asked_a_weight_is_a_guess_or_that_of_touched_items(shops, monkeypatch):
    n, m = asked(shops, touched=True), asked(shops, touched=False)
    assert 50 < m < n
    learned = learn_blend(shops, np.random.default_rng(0))
    for least, known, new in ((m, 1, 1), (m + 1, 1, 0), (n, 1, 0), (n + 1, 0, 0)):
        monkeypatch.setattr("metarec.meta.blending.LEAST_QUERIES", least)
        found = learn_blend(shops, np.random.default_rng(0))
        weight = learned.weight if known else UNKNOWN
        assert found.weight == weight
        assert found.weight_of_untouched == (learned.weight_of_untouched if new else weight)
    assert learned.weight_of_untouched != learned.weight


def test_shops_share_the_questions_that_are_asked_at_most(shops, monkeypatch):
    monkeypatch.setattr("metarec.meta.blending.MOST_QUERIES", 61)
    monkeypatch.setattr("metarec.meta.blending.LEAST_QUERIES", 60)
    assert learn_blend(shops, np.random.default_rng(0)).weight != UNKNOWN  # 30 of each
    monkeypatch.setattr("metarec.meta.blending.LEAST_QUERIES", 61)
    assert learn_blend(shops, np.random.default_rng(0)).weight == UNKNOWN


def test_ratings_that_are_all_alike_have_a_spread_above_nothing(shops):
    one = shops[0]
    flat = replace(one.train, interactions=one.train.interactions.with_columns(value=3.0))
    blend = learn_blend(
        [replace(one, train=flat, valid=one.valid.take([0]))], np.random.default_rng(0)
    )
    assert (blend.weight, blend.level, blend.spread) == (UNKNOWN, 3.0, 1e-6)


def test_what_another_shop_weighs_stays_where_few_people_are_asked(shops, monkeypatch):
    known = Blend(0.7, 0.2, level=9.0, spread=9.0)
    learned = learn_blend(shops, np.random.default_rng(0))
    n = sum(len(one.valid) for one in shops)
    monkeypatch.setattr("metarec.meta.blending.ENOUGH_PEOPLE", n + 1)
    kept = learn_blend(shops, np.random.default_rng(0), known)
    assert (kept.weight, kept.weight_of_untouched) == (0.7, 0.2)
    assert (kept.level, kept.spread) == (learned.level, learned.spread)
    monkeypatch.setattr("metarec.meta.blending.ENOUGH_PEOPLE", n)
    assert learn_blend(shops, np.random.default_rng(0), known) == learned
