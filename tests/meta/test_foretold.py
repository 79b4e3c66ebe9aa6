"""How popular new items will be, by what they read."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.data import Split, split_cold
from metarec.evaluation import evaluate
from metarec.meta.evidence.foretold import PENALTIES, Foretold
from metarec.recommenders import ContentKNN, PredictedPopularity

from .networks import with_evidence

RNG = np.random.default_rng(3)
CONTENT = RNG.normal(size=(40, 6))
POPULAR = 0.5 + CONTENT @ RNG.normal(size=6) / 10 + RNG.normal(size=40) / 5
TOUCHED = np.arange(40) % 4 > 0


def ridge(content: np.ndarray, popular: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    centre = content.mean(axis=0)
    own = content - centre
    gram = own.T @ own + penalty * (own**2).sum() * np.eye(content.shape[1])
    return np.linalg.solve(gram, own.T @ (popular - popular.mean())), centre


def test_it_is_the_ridge_of_touched_items_with_the_least_error_of_those_left_out():
    content, popular = CONTENT[TOUCHED], POPULAR[TOUCHED]
    told = []
    for penalty in PENALTIES:
        slopes, centre = ridge(content, popular, penalty)
        own = content - centre
        power = penalty * (own**2).sum()
        hat = own @ np.linalg.solve(own.T @ own + power * np.eye(6), own.T) + 1 / len(own)
        left = (popular - popular.mean() - own @ slopes) / (1 - np.diag(hat))
        told.append((float((left**2).sum()), penalty))
    slopes, centre = ridge(content, popular, min(told)[1])
    found = Foretold.of(CONTENT, POPULAR, TOUCHED)
    np.testing.assert_allclose(found.said, (CONTENT - centre) @ slopes, atol=1e-12)
    np.testing.assert_allclose(found.said[TOUCHED].mean(), 0.0, atol=1e-12)
    other = Foretold.of(CONTENT, np.where(TOUCHED, POPULAR, 9.0), TOUCHED)
    np.testing.assert_array_equal(found.said, other.said)


def test_of_many_items_the_most_popular_teach_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("metarec.meta.evidence.foretold.MANY_ITEMS", 12)
    best = np.flatnonzero(TOUCHED)[np.argsort(-POPULAR[TOUCHED])[:12]]
    few = np.isin(np.arange(40), best)
    np.testing.assert_allclose(
        Foretold.of(CONTENT, POPULAR, TOUCHED).said,
        Foretold.of(CONTENT, POPULAR, few).said,
        atol=1e-12,
    )


def test_what_is_read_of_an_item_depends_on_its_own_content_alone(monkeypatch: pytest.MonkeyPatch):
    found = Foretold.of(CONTENT, POPULAR, TOUCHED)
    more = RNG.normal(size=(5, 6))
    wider = found.with_items(more)
    np.testing.assert_array_equal(wider.said[:40], found.said)
    np.testing.assert_array_equal(wider.said[40:], [found.read(row[None])[0] for row in more])
    np.testing.assert_array_equal(
        found.with_changed(np.array([3]), more[:1]).said[3], wider.said[40]
    )
    np.testing.assert_array_equal(
        np.delete(found.with_changed(np.array([3]), more[:1]).said, 3), np.delete(found.said, 3)
    )
    monkeypatch.setattr("metarec.meta.evidence.foretold.CELLS_AT_ONCE", 12)
    np.testing.assert_array_equal(found.read(CONTENT), found.said)


@cache
def alike() -> tuple[Split, mr.MetaRecommender]:
    """A shop where everyone likes the same, which a word tells, and what is learned of it."""
    rng = np.random.default_rng(1)
    quality = rng.integers(0, 4, size=120)
    words = [f"q{q} w{rng.integers(9)} w{rng.integers(9)}" for q in quality]
    chance = 3.0**quality / (3.0**quality).sum()
    taken = [rng.choice(120, size=14, replace=False, p=chance) for _ in range(150)]
    events = pl.DataFrame(
        {
            "user_id": [f"u{person}" for person in range(150) for _ in range(14)],
            "item_id": [f"i{item}" for own in taken for item in own],
        }
    )
    items = pl.DataFrame({"item_id": [f"i{item}" for item in range(120)], "title": words})
    split = split_cold(mr.from_frames(events, items, feedback="implicit"), rng=0)
    config = mr.MetaConfig(d=4, steps=0)
    return split, mr.MetaRecommender(mr.HashEncoder(d=64), config).fit(split.train, split.valid)


def test_where_tastes_do_not_differ_new_items_stand_by_how_popular_they_will_be(tmp_path: Path):
    split, model = alike()
    evidence = model.heart.evidence
    assert evidence is not None
    assert evidence.foretold is not None
    rows = {
        "heart": model,
        "without": _without(model),
        "foretold": PredictedPopularity(mr.HashEncoder(d=64)).fit(split.train),
        "alike": ContentKNN(mr.HashEncoder(d=64)).fit(split.train),
    }
    scenario = "known users, new items"
    told = evaluate(
        rows, replace(split, test={scenario: split.test[scenario]}), metrics=["ndcg"], curve=None
    )
    mean = {name: told.values.filter(told.values["model"] == name)["value"].mean() for name in rows}
    assert mean["heart"] > max(mean["without"], mean["alike"]) + 0.02
    assert mean["heart"] > 0.95 * mean["foretold"]
    model.save(tmp_path / "m")
    again, ids = mr.load_model(tmp_path / "m"), list(model.catalogue.ids)
    np.testing.assert_array_equal(again.score([[]], ids), model.score([[]], ids))


def _without(model: mr.MetaRecommender) -> mr.MetaRecommender:
    return with_evidence(model, replace(model.heart.evidence, foretold=None))


def test_it_is_due_to_no_event_and_an_added_item_has_that_of_its_twin():
    split, model = alike()
    new = np.flatnonzero(~split.train.touched)
    ids = [str(item) for item in split.train.catalogue.ids]
    person = model.adapt([(ids[row], 1.0) for row in np.flatnonzero(split.train.touched)[:3]])
    twin = split.train.catalogue.table[int(new[0])].with_columns(item_id=pl.lit("twin"))
    grown = model.add_items(twin.drop("offered", strict=False))
    for row in new[:3]:
        told = person.explain(ids[row])
        assert told.base + told.shares.sum() == pytest.approx(told.score, abs=1e-9)
        bare = _without(model).adapt(person.came).explain(ids[row])
        foretold = model.heart.evidence.foretold
        assert told.base - bare.base == pytest.approx(foretold.weight * foretold.said[row])
        np.testing.assert_allclose(told.shares, bare.shares, atol=1e-12)
    scores = grown.adapt(person.came).score([ids[new[0]], "twin"])
    assert scores[0] == scores[1]
