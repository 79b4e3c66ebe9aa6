"""Where people come back to what they had, lists show it; where they do not, they do not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Dataset, Episodes
from metarec.data import split_last_out

ITEMS, STAPLES = 40, 4


def grocery(back: float, *, people: int = 150, events: int = 16) -> Dataset:
    """Each person has a few staples; an event is on one of them with probability `back`."""
    rng = np.random.default_rng(5)
    rows = []
    for person in range(people):
        own = rng.choice(ITEMS, STAPLES, replace=False)
        for place in range(events):
            item = rng.choice(own) if rng.random() < back else rng.integers(ITEMS)
            rows.append((f"u{person:03}", f"i{item:02}", 1e9 + 1e5 * person + place))
    users, items, times = zip(*rows, strict=True)
    frame = pl.DataFrame({"user_id": users, "item_id": items, "timestamp": times})
    return mr.from_frames(frame, feedback="implicit")


def fitted(shop: Dataset, valid: Episodes | None = None) -> mr.MetaRecommender:
    config = mr.MetaConfig(d=4, steps=0)
    return mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(shop, valid)


@pytest.fixture(scope="module")
def split():
    return split_last_out(grocery(0.9))


@pytest.fixture(scope="module")
def model(split) -> mr.MetaRecommender:
    return fitted(split.train, split.valid)


def test_lists_of_a_grocery_show_what_people_had_and_hold_what_they_take(split, model):
    assert model.shows_seen
    assert "come back" in "\n".join(model.summary)
    results = mr.evaluate({"m": model}, split, metrics=["recall"], k=STAPLES + 1, curve=None)
    assert results.values["value"].mean() > 0.8  # nine in ten are staples, of which five are shown
    assert results.protocol["models"]["m"]["exclude_seen"] is False
    hidden = mr.evaluate(
        {"m": model}, split, metrics=["recall"], k=5, curve=None, exclude_seen=True
    )
    assert hidden.values["value"].mean() < 0.2


def test_what_the_caller_says_goes_before_what_was_learned(model):
    events = ["i03", "i07", "i03"]
    shown = model.recommend([events], ITEMS).ids[0].tolist()
    left_out = model.recommend([events], ITEMS, exclude_seen=True).ids[0].tolist()
    assert {"i03", "i07"} <= set(shown)
    assert not {"i03", "i07"} & set(left_out)
    person = model.adapt(events)
    assert person.recommend(ITEMS).ids.tolist() == shown
    assert person.recommend(ITEMS, exclude_seen=None).ids.tolist() == shown
    assert person.recommend(ITEMS, exclude_seen=True).ids.tolist() == [i for i in left_out if i]


def test_lists_of_what_is_new_stay_as_they_were(model):
    heart = model.hearts["implicit"]
    counted = tuple(t for t in heart.evidence.counted if t.name != "return")
    assert len(counted) == len(heart.evidence.counted) - 1
    before = replace(heart, evidence=replace(heart.evidence, counted=counted))
    histories = model._aligned([["i03", "i07", "i03"], ["i01"]])
    now, then = (h.scores(h.adapt_many(histories, None)) for h in (heart, before))
    had = np.zeros(now.shape, dtype=bool)
    had[histories.rows, histories.items] = True
    np.testing.assert_array_equal(now[~had], then[~had])
    (table,) = (t for t in heart.evidence.counted if t.name == "return")
    said = sum(f.weight * (f.decay**2 + f.decay**0) for f in table.fades)  # i03, now and two ago
    assert now[0, model.catalogue.row_of["i03"]] - then[0, model.catalogue.row_of["i03"]] == (
        pytest.approx(said)
    )
    assert said != 0


def test_having_had_it_is_a_reason_and_is_forgotten_with_its_event(model, tmp_path: Path):
    model.save(tmp_path / "model")
    loaded = mr.MetaRecommender.load(tmp_path / "model")
    assert loaded.shows_seen
    person = loaded.adapt(["i03", "i07"])
    told = person.explain("i03")
    assert told.reasons["had before"][0] != 0
    assert told.reasons["had before"][1] == 0
    parts = sum(float(np.sum(said)) for said in told.reasons.values())
    assert told.base + parts == pytest.approx(told.score)
    without = person.forget("i03").recommend(3)
    assert without.ids.tolist() == model.adapt(["i07"]).recommend(3).ids.tolist()


def test_an_item_that_came_later_is_come_back_to_as_well(model):
    more = model.add_items(pl.DataFrame({"item_id": ["new"]}))
    assert more.adapt(["new"]).explain("new").reasons["had before"][0] != 0


def test_where_nobody_takes_anything_new_there_is_a_model_all_the_same():
    shop = grocery(1.0, people=80)
    full = shop.where(  # without the events by which the staples were found
        shop.interactions.with_row_index()
        .select(pl.col("index").cum_count().over("user") > 0)
        .to_series()
    )
    split = split_last_out(full)
    model = fitted(split.train, split.valid)
    assert model.shows_seen
    (best,) = model.recommend([["i05", "i09", "i05"]], 2).ids
    assert set(best) == {"i05", "i09"}


def test_where_people_seldom_come_back_lists_leave_out_what_they_had():
    shop = grocery(0.0)
    split = split_last_out(shop)
    model = fitted(split.train, split.valid)
    assert not model.shows_seen
    results = mr.evaluate({"m": model}, split, metrics=["recall"], curve=None)
    assert results.protocol["models"]["m"]["exclude_seen"] is True
