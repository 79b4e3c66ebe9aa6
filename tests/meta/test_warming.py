"""Cold items warm up from the people who touched them: the symmetric solve, and what follows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Dataset, Histories, UnsupportedError
from metarec.data import Split
from metarec.meta.warming.met import met_by
from metarec.meta.warming.residuals import residuals_of
from metarec.meta.warming.warming_items import people_moments

from .conftest import SMALL
from .networks import assert_same_numbers


@pytest.fixture(scope="module")
def shops(rating_split: Split, implicit_split: Split) -> dict[str, Dataset]:
    """All that people did, of which the training sets are a part."""
    kinds = {"ratings": "rating", "implicit": "implicit"}
    return {
        name: mr.generate(users=150, items=70, kind=kind, rng=3).dataset  # type: ignore[arg-type]
        for name, kind in kinds.items()
    }


def cold_of(model: mr.MetaRecommender) -> np.ndarray:
    return model._cold(model.heart.head.name)


def apart(shop: Dataset, cold: np.ndarray, n: int) -> tuple[Histories, Histories, Histories]:
    """Events on known items; these and `n` of each cold item; and those beyond ten."""
    histories = shop.histories
    on_cold = cold[histories.items]
    events = np.flatnonzero(on_cold)
    events = events[
        np.lexsort((np.random.default_rng(0).random(len(events)), histories.items[events]))
    ]
    places = np.zeros(len(histories.items), dtype=int)
    counts = np.bincount(histories.items[events], minlength=len(cold))
    before = np.cumsum(counts) - counts
    places[events] = np.arange(len(events)) - before[histories.items[events]]
    told = ~on_cold | (places < n)
    return histories.keep(~on_cold), histories.keep(told), histories.keep(on_cold & (places >= 10))


@pytest.mark.parametrize("name", ["ratings", "implicit"])
def test_people_are_known_by_all_else_that_they_did(
    name: str, request: pytest.FixtureRequest, shops: dict[str, Dataset]
):
    model: mr.MetaRecommender = request.getfixturevalue(name)
    heart, cold = model.heart, cold_of(model)
    rows = np.zeros(len(heart.terms.offsets), dtype=bool)
    rows[: len(cold)] = cold
    _, histories, _ = apart(shops[name], cold, 3)
    histories = histories.take(np.arange(12))
    met = met_by(heart, *model._as_served(histories), rows)
    assert met.n_people == 12
    assert len(met.items) > 5
    for person in np.unique(met.people):
        own, mine = histories.take(np.array([person])), met.where(met.people == person)
        support, _ = heart.heard(own, np.zeros(len(own.items), dtype=bool))
        known = ~cold[support.rows]
        phi = heart.terms.features[support.rows[known]]
        c, y = support.precisions[known], support.targets[known]
        prior = heart.prior.of(model._features_of_many(own))
        A = prior.precision + (phi * c[:, None]).T @ phi
        w = np.linalg.solve(A, prior.precision @ prior.mean.reshape(-1) + phi.T @ (c * y))
        rows, b = support.rows[~known], support.precisions[~known]
        np.testing.assert_array_equal(mine.items, rows)
        np.testing.assert_allclose(mine.states, [[*w[:-1], 1.0]] * len(rows), atol=1e-9)
        cold_phi = heart.terms.features[rows]
        surprises = support.targets[~known] - cold_phi @ w
        np.testing.assert_allclose(mine.surprises, surprises, atol=1e-9)
        open_ = 1 / b + (cold_phi * np.linalg.solve(A, cold_phi.T).T).sum(1)
        np.testing.assert_allclose(mine.precisions, 1 / open_, rtol=1e-9)


@pytest.mark.parametrize("name", ["ratings", "implicit"])
def test_warming_gives_a_new_model_and_leaves_all_other_items_as_they_were(
    name: str, request: pytest.FixtureRequest, shops: dict[str, Dataset], tmp_path: Path
):
    model: mr.MetaRecommender = request.getfixturevalue(name)
    cold = cold_of(model)
    known, histories, _ = apart(shops[name], cold, 3)
    one = int(np.flatnonzero(cold & (np.bincount(histories.items, minlength=len(cold)) > 0))[0])
    histories = histories.keep(~cold[histories.items] | (histories.items == one))
    ids = model.catalogue.ids.tolist()
    before = model.score(known, ids)
    warmed = model.warm(histories)
    np.testing.assert_array_equal(model.score(known, ids), before)
    after = warmed.score(known, ids)
    assert np.abs(after[:, one] - before[:, one]).max() > 1e-3
    others = np.arange(len(ids)) != one
    np.testing.assert_array_equal(after[:, others], before[:, others])
    assert_same_numbers(warmed.warm(histories).heart, warmed.heart)  # anew from content
    shuffled = histories.take(np.random.default_rng(0).permutation(len(histories)))
    np.testing.assert_allclose(model.warm(shuffled).score(known, ids), after, atol=1e-6)
    warmed.save(tmp_path / "model")
    again = mr.load_model(tmp_path / "model")
    assert_same_numbers(again.heart, warmed.heart)
    assert_same_numbers(again.warm(histories).heart, warmed.heart)
    assert_same_numbers(model.warm(known).heart, model.heart)  # nobody touched a cold item


def test_the_parts_in_which_people_are_folded_in_change_nothing(
    ratings: mr.MetaRecommender, shops: dict[str, Dataset], monkeypatch: pytest.MonkeyPatch
):
    _, histories, _ = apart(shops["ratings"], cold_of(ratings), 5)
    whole = ratings.warm(histories).heart.terms
    monkeypatch.setattr("metarec.meta.answering.CELLS_AT_ONCE", 1)
    parts = ratings.warm(histories).heart.terms
    np.testing.assert_allclose(parts.features, whole.features, atol=1e-6)
    np.testing.assert_allclose(parts.offsets, whole.offsets, atol=1e-6)


def test_what_warmed_up_is_the_solve_to_the_numbers_that_are_kept(
    ratings: mr.MetaRecommender, shops: dict[str, Dataset]
):
    heart, cold = ratings.heart, cold_of(ratings)
    rows = np.zeros(len(heart.terms.offsets), dtype=bool)
    rows[: len(cold)] = cold
    _, histories, _ = apart(shops["ratings"], cold, 5)
    assert heart.residuals is not None
    met = met_by(heart, *ratings._as_served(histories), rows)
    found = residuals_of(heart.residuals, met, heart.terms.features)
    warm = ratings.warm(histories).heart.terms
    moved = warm.features[found.items] - heart.terms.features[found.items]
    np.testing.assert_allclose(moved[:, :-1], found.mean[:, :-1], atol=1e-6)
    np.testing.assert_array_equal(moved[:, -1], 0.0)
    level = warm.offsets[found.items] - heart.terms.offsets[found.items]
    np.testing.assert_allclose(level, found.mean[:, -1], atol=1e-6)
    shares = found.open_share(heart.residuals, people_moments(heart.prior))
    np.testing.assert_allclose(
        warm.unsure[found.items], heart.terms.unsure[found.items] * shares, rtol=1e-5
    )


@pytest.fixture(scope="module")
def planted() -> tuple[mr.MetaRecommender, Dataset]:
    """A shop whose content tells nothing of how items are liked, and a model of it that never saw a
    fifth of them."""
    rng = np.random.default_rng(0)
    taste, own = rng.normal(size=(200, 2)), rng.normal(size=(80, 3)) * [0.5, 0.5, 0.7]
    user, item = np.nonzero(rng.random((200, 80)) < 0.4)
    said = 3 + own[item, 2] + (taste[user] * own[item, :2]).sum(1) + rng.normal(0, 0.4, len(user))
    events = pl.DataFrame(
        {
            "user_id": [f"u{u}" for u in user],
            "item_id": [f"i{i}" for i in item],
            "value": np.clip(said, 1, 5),
        }
    )
    items = pl.DataFrame({"item_id": [f"i{i}" for i in range(80)], "title": ["thing"] * 80})
    shop = mr.from_frames(events, items, feedback="rating", scale=(1.0, 5.0))
    kept = ~np.isin(shop.interactions["item"].to_numpy(), np.arange(0, 80, 5))
    config = mr.MetaConfig(d=3, steps=0, choice=False)
    return mr.MetaRecommender(mr.HashEncoder(d=4), config).fit(shop.where(kept)), shop


def test_a_fit_learns_how_far_items_are_from_what_content_tells(
    planted: tuple[mr.MetaRecommender, Dataset],
):
    learned = planted[0].heart.residuals
    assert learned is not None
    assert learned.left == 0.0
    level = np.sqrt(learned.covariance[-1, -1])
    assert 0.45 < level < 1.0  # 0.7 was planted


def test_the_error_on_cold_items_falls_with_their_events(
    planted: tuple[mr.MetaRecommender, Dataset],
):
    (model, shop), errors, stds, held = planted, [], [], []
    cold = cold_of(model)
    for n in (0, 1, 2, 5, 10):
        known, told, asked = apart(shop, cold, n)
        found = model.warm(told).predict(known, asked)
        far = np.abs(found.scores - asked.values)
        errors.append(far.mean())
        stds.append(found.stds.mean())
        held.append((far < 1.645 * found.predictive_stds).mean())
    assert len(asked.items) > 300
    assert (np.diff(errors) < 0).all()
    assert errors[-1] < 0.6 * errors[0]
    assert (np.diff(stds) < 0).all()
    assert min(held) > 0.8  # of intervals that are to hold nine in ten


def test_lists_of_cold_items_are_better_for_some_once_others_have_met_them(
    implicit: mr.MetaRecommender, shops: dict[str, Dataset]
):
    cold, histories = cold_of(implicit), shops["implicit"].histories
    ids = implicit.catalogue.ids[cold].tolist()
    row = np.cumsum(cold) - 1
    asked = histories.take(np.arange(75)).keep(cold[histories.take(np.arange(75)).items])
    known = histories.take(np.arange(75)).keep(~cold[histories.take(np.arange(75)).items])
    gains = []
    for n in (0, 75):
        model = implicit.warm(histories.take(np.arange(75, 75 + n)))
        model = replace_evidence(model)
        scores = model.score(known, ids)
        ranks = (-scores).argsort(axis=1).argsort(axis=1)
        gains.append((1 / np.log2(2 + ranks[asked.rows, row[asked.items]])).mean())
    assert gains[1] > gains[0] + 0.02


def replace_evidence(model: mr.MetaRecommender) -> mr.MetaRecommender:
    """The model with its posterior alone."""
    other = model.retire_items([])
    other.hearts = {name: replace(heart, evidence=None) for name, heart in model.hearts.items()}
    return other


def test_an_item_that_came_later_warms_up_and_keeps_it_when_its_content_changes(
    planted: tuple[mr.MetaRecommender, Dataset],
):
    ratings, _ = planted
    frame = ratings.catalogue.frame[[3]].with_columns(pl.Series("item_id", ["late"]))
    wider = ratings.add_items(frame)
    people = [
        [(str(ratings.catalogue.ids[i]), 3.0) for i in (1, 2, 5)] + [("late", 5.0)]
        for _ in range(9)
    ]
    warmed = wider.warm(people)
    me = [(str(ratings.catalogue.ids[4]), 3.0)]
    level = [model.adapt(me).score(["late"])[0] for model in (wider, warmed)]
    assert level[1] > level[0] + 0.1
    same = warmed.update_items(frame)
    assert same.adapt(me).score(["late"])[0] == level[1]
    later = warmed.add_items(frame.with_columns(pl.Series("item_id", ["later"])))
    assert later.adapt(me).score(["later"])[0] == pytest.approx(level[0], abs=1e-12)
    assert later.adapt(me).score(["late"])[0] == level[1]


def test_both_heads_warm_up_and_tables_stay(both: mr.MetaRecommender, shops: dict[str, Dataset]):
    cold = both._cold("rating")
    _, histories, _ = apart(shops["ratings"], cold, 5)
    warmed = both.warm(histories)
    for name, heart in both.hearts.items():
        moved = np.abs(warmed.hearts[name].terms.features - heart.terms.features).max(axis=1)
        assert (moved[: len(cold)][cold] > 0).sum() > 5
        assert not moved[: len(cold)][~cold].any()
    assert warmed.hearts["implicit"].evidence is both.hearts["implicit"].evidence


def test_a_model_whose_people_are_no_closed_form_says_what_to_use(rating_split: Split):
    config = mr.MetaConfig(**{**SMALL, "steps": 1}, updater="ANIL")
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(rating_split.train)
    with pytest.raises(UnsupportedError, match='fit with updater="ClosedForm"'):
        model.warm([[]])
