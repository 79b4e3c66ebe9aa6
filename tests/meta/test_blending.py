"""What the rating counts beside the choice is what loops over lists find best."""

from dataclasses import replace

import numpy as np
import pytest

from metarec.contracts import Dataset, Episodes
from metarec.data import Split
from metarec.meta.blending import UNKNOWN, WEIGHTS, learn_blend

Table = np.ndarray


@pytest.fixture(scope="module")
def shop(rating_split: Split) -> tuple[Dataset, Episodes]:
    """One item is no longer offered, and three do not compete."""
    train, valid = rating_split.train, rating_split.test["new users, known items"]
    offered = train.catalogue.offered.copy()
    offered[np.flatnonzero(train.touched)[7]] = False
    candidates = np.ones(len(offered), dtype=bool) if valid.candidates is None else valid.candidates
    candidates = candidates & (np.arange(len(offered)) % 23 != 5)
    catalogue = train.catalogue.retire(train.catalogue.ids[~offered])
    return replace(train, catalogue=catalogue), replace(valid, candidates=candidates)


def table_of(name: str, n_items: int):
    """Scores that a history changes, another table for each name."""
    rng = np.random.default_rng(sum(map(ord, name)))
    level, habits = rng.normal(size=n_items), rng.normal(size=(n_items, n_items)) / 3

    def scores(histories):
        weights = np.zeros((len(histories), n_items))
        np.add.at(weights, (histories.rows, histories.items), 1.0)
        return level + weights @ habits

    return scores


def gained(train: Dataset, valid: Episodes, total: Table) -> float:
    """The gain of all that was asked, in lists of twenty places, by loops."""
    (low, high), found = train.scale, 0.0
    assert valid.candidates is not None
    among = train.touched & train.catalogue.offered
    for person in range(len(valid)):
        had, query = valid.support.take([person]), valid.query.take([person])
        out = {*had.items.tolist(), *query.items.tolist()}
        for item, value in zip(query.items, query.values, strict=True):
            if among[item]:
                own = total[person, item]
                rivals = [
                    total[person, i]
                    for i in np.flatnonzero(among & valid.candidates)
                    if i not in out
                ]
                ahead = sum(1.0 * (r > own) + 0.5 * (r == own) for r in rivals)
                gain = 2 ** (4 * (value - low) / (high - low)) - 1
                found += gain / np.log2(2 + ahead) if ahead < 20 else 0.0
    return found


@pytest.mark.parametrize("names", ["ab", "cd"])
def test_the_weight_is_where_loops_over_all_lists_gain_most(shop, names: str, monkeypatch):
    monkeypatch.setattr("metarec.meta.evidence.questions.CELLS_AT_ONCE", 1000)
    train, valid = shop
    choice, value = (table_of(name, len(train.catalogue)) for name in names)
    blend = learn_blend(train, valid, choice, value, np.random.default_rng(0))
    ratings = train.histories.values
    assert (blend.level, blend.spread) == pytest.approx((ratings.mean(), ratings.std()))
    logits, rated = choice(valid.support), value(valid.support)
    levels = (rated - ratings.mean()) / ratings.std()
    gains = [gained(train, valid, logits + b * levels) for b in WEIGHTS]
    assert blend.weight == WEIGHTS[int(np.argmax(gains))]


def test_a_validation_of_too_few_events_teaches_no_weight(shop, monkeypatch):
    train, valid = shop
    among = train.touched & train.catalogue.offered
    asked = int(among[valid.query.items].sum())
    assert 50 < asked < len(valid.query.items)
    scores = table_of("a", len(train.catalogue))
    for least, known in ((asked + 1, False), (asked, True)):
        monkeypatch.setattr("metarec.meta.blending.LEAST_QUERIES", least)
        found = learn_blend(
            train, valid, scores, lambda h: -9 * scores(h), np.random.default_rng(0)
        )
        assert (found.weight != UNKNOWN) == known
        assert found.spread > 0


def test_ratings_that_are_all_alike_have_a_spread_above_nothing(shop):
    train, valid = shop
    same = train.interactions.with_columns(value=3.0)
    flat = replace(train, interactions=same)
    scores = table_of("a", len(train.catalogue))
    blend = learn_blend(flat, valid.take([0]), scores, scores, np.random.default_rng(0))
    assert (blend.weight, blend.level, blend.spread) == (UNKNOWN, 3.0, 1e-6)
