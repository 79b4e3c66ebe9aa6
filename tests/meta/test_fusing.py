"""The other ways of an ensemble: by hand, and where they do not apply."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.optimize import minimize

import metarec as mr
from metarec.contracts import Recommender
from metarec.data import Split, split_k_fold, split_last_out
from metarec.meta import EnsembleConfig
from metarec.meta.fusing import fused, reciprocal_ranks, stacked, stacking, votes
from metarec.recommenders import (
    EASE,
    BiasedMF,
    BiasedMFConfig,
    ContentKNN,
    EASEConfig,
    ItemMean,
    Popularity,
    RatedItemKNN,
    RatedItemKNNConfig,
)
from metarec.testing import RecommenderContract, planted_shop

NAN = np.nan
TABLE = np.array([[3.0, NAN, 5.0, 3.0], [NAN, NAN, NAN, NAN], [1.0, 2.0, 3.0, 4.0]])


class TestEnsembleOfRatings(RecommenderContract):
    feedback = "rating"
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        members = {
            "factors": BiasedMF(BiasedMFConfig(factors=6, l2=0.1, sweeps=4)),
            "items": RatedItemKNN(RatedItemKNNConfig(neighbours=10, shrinkage=1.0)),
        }
        return mr.Ensemble(members, EnsembleConfig(by="ratings"))


@pytest.fixture(scope="module")
def rated() -> Split:
    return split_k_fold(planted_shop("rating", n_users=90).data, folds=4, valid=0.3)[0]


@pytest.fixture(scope="module")
def taken() -> Split:
    return split_last_out(planted_shop(n_users=90).data)


def test_equals_share_their_rank_and_what_has_no_score_adds_nothing() -> None:
    found = reciprocal_ranks(TABLE)
    np.testing.assert_allclose(found[0], [1 / 62.5, 0, 1 / 61, 1 / 62.5])
    assert not found[1].any()
    np.testing.assert_allclose(found[2], [1 / 64, 1 / 63, 1 / 62, 1 / 61])


def test_a_vote_is_for_one_of_the_ten_best_and_ranks_tell_equal_votes_apart() -> None:
    scores = np.arange(12.0)[None]
    found = votes(scores)[0]
    assert np.floor(found).tolist() == [0.0] * 2 + [1.0] * 10
    assert (np.diff(found) > 0).all()
    assert votes(TABLE)[1].tolist() == [0.0] * 4
    assert (votes(TABLE)[0] >= 1).tolist() == [True, False, True, True]


def test_a_sum_is_over_who_knows_and_nobody_knows_what_none_can_score() -> None:
    other = np.array([[NAN, NAN, 1.0, 2.0]] * 3)
    found = fused("ranks", [TABLE, other], np.array([1.0, 2.0]))
    assert np.isnan(found[0]).tolist() == [False, True, False, False]
    assert found[0, 2] == pytest.approx(1 / 61 + 2 / 62)
    assert found[1, 3] == pytest.approx(2 / 61)


@pytest.mark.parametrize("by", ["scores", "ranks", "votes"])
def test_ways_that_learn_nothing_count_every_member_alike(by: str, taken: Split) -> None:
    members = {"often": Popularity(), "with": EASE(EASEConfig(l2=5.0))}
    found = mr.Ensemble(members, EnsembleConfig(by=by)).fit(taken.train, taken.valid)
    assert found.metrics_ == {"weights": {"often": 1.0, "with": 1.0}}
    assert f"by={by!r}" in repr(found)
    people, ids = taken.valid.support, [str(i) for i in taken.train.catalogue.ids]
    tables = [member.score(people, ids) for member in found.members.values()]
    told = {"ranks": reciprocal_ranks, "votes": votes}
    if by == "scores":
        middle = [np.nan_to_num(t - np.nanmean(t, axis=1, keepdims=True)) for t in tables]
        expected = sum(t / spread for t, spread in zip(middle, found.spreads_, strict=True))
        np.testing.assert_allclose(
            found.spreads_, [np.nanstd(t, axis=1).mean() for t in tables], rtol=0.01
        )
    else:
        expected = sum(told[by](table) for table in tables)
    known = np.isfinite(tables).any(axis=0)
    np.testing.assert_allclose(found.score(people, ids), np.where(known, expected, NAN))


def test_a_way_that_learns_nothing_holds_nobody_out(taken: Split) -> None:
    members = {"often": Popularity(), "with": EASE()}
    for by, held in (("scores", False), ("ranks", False), ("votes", False), ("trust", True)):
        found = mr.Ensemble(members, EnsembleConfig(by=by)).fit(taken.train)
        counted = found.members["often"].counts_.sum()
        assert (counted < len(taken.train.interactions)) == held


def test_stacking_is_least_squares_under_weights_of_no_minus() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(3.5, 1.0, 400)
    members = np.stack([truth + rng.normal(0, s, 400) for s in (0.5, 1.0, 1.5)])
    members[2] = 7 - members[2]  # says the contrary
    level, weights = stacking(members, truth)

    def error(x: np.ndarray) -> float:
        return float(np.sum((truth - x[0] - x[1:] @ members) ** 2))

    bounds = [(None, None), *[(0, None)] * 3]
    best = minimize(error, np.zeros(4), bounds=bounds, method="L-BFGS-B", tol=1e-14)
    np.testing.assert_allclose([level, *weights], best.x, atol=1e-4)
    assert weights[0] > weights[1] > 0.0 == weights[2]


def test_too_few_ratings_teach_no_weights_and_unknown_ones_nothing() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(3.5, 1.0, 60)
    members = np.stack([truth, truth + rng.normal(0, 1.0, 60)])
    level, weights = stacking(members[:, :49], truth[:49])
    assert (level, weights.tolist()) == (0.0, [0.5, 0.5])
    members[1, :5] = NAN
    for found, expected in zip(
        stacking(members, truth), stacking(members[:, 5:], truth[5:]), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_of_what_a_member_does_not_know_it_says_what_the_others_say() -> None:
    ratings = np.array([[4.0, NAN, NAN], [2.0, 3.0, NAN]])
    found = stacked(0.5, np.array([0.5, 0.25]), ratings)
    np.testing.assert_allclose(found, [0.5 + 2.0 + 0.5, 0.5 + 1.5 + 0.75, NAN])


def test_stacked_ratings_foretell_new_ratings_better_than_each_member(rated: Split) -> None:
    members = {
        "mean": ItemMean(),
        "factors": BiasedMF(BiasedMFConfig(factors=3, l2=0.3)),
        "items": RatedItemKNN(),
    }
    model = mr.Ensemble(members, EnsembleConfig(by="ratings")).fit(rated.train, rated.valid)
    (asked,) = rated.test.values()
    truth = asked.query.values

    def error(of: Recommender) -> float:
        return float(np.mean((of.predict(asked.support, asked.query).scores - truth) ** 2))

    assert model.predicts_ratings
    assert error(model) < min(error(member) for member in model.members.values())
    said = [m.predict(asked.support, asked.query).scores for m in model.members.values()]
    expected = stacked(model.level_, model.weights_, np.stack(said))
    np.testing.assert_allclose(model.predict(asked.support, asked.query).scores, expected)


def test_without_validation_weights_are_learned_on_a_tenth_and_members_on_all(
    rated: Split,
) -> None:
    members = {"mean": ItemMean(), "items": RatedItemKNN()}
    model = mr.Ensemble(members, EnsembleConfig(by="ratings")).fit(rated.train)
    whole = RatedItemKNN().fit(rated.train)
    np.testing.assert_array_equal(model.members["items"].levels_, whole.levels_)
    split = split_k_fold(rated.train, folds=10, valid=0.0, rng=0)[0]
    (asked,) = split.test.values()
    told = [m.fit(split.train).predict(asked.support, asked.query) for m in members.values()]
    level, weights = stacking(np.stack([t.scores for t in told]), asked.query.values)
    assert model.metrics_ == {
        "weights": dict(zip(members, weights.tolist(), strict=True)),
        "level": level,
        "queries": len(asked.query.items),
    }


class Timed(ItemMean):
    """Notes how long it may take each time that it is fitted."""

    given: ClassVar[list[float | None]] = []

    def _fit(self, *parts: Any) -> None:
        super()._fit(*parts)
        self.given.append(self.running.time_s)


def test_time_is_shared_by_members_and_by_the_fits_before_and_after_stacking(rated: Split) -> None:
    members = {"one": Timed(), "other": Timed()}
    Timed.given.clear()
    mr.Ensemble(members, EnsembleConfig(by="ratings")).fit(rated.train, time_s=400.0)
    assert Timed.given == pytest.approx([100.0, 400 / 3, 200.0, 400.0], abs=20.0)


def test_who_foretells_no_rating_and_events_without_ratings_are_refused(
    rated: Split, taken: Split
) -> None:
    members = {"factors": BiasedMF(), "alike": ContentKNN(mr.HashEncoder(d=8))}
    model = mr.Ensemble(members, EnsembleConfig(by="ratings"))
    with pytest.raises(mr.DataError, match=r"member 'alike' \(ContentKNN\) foretells none; leave"):
        model.fit(rated.train, rated.valid)
    two = {"often": Popularity(), "with": EASE()}
    with pytest.raises(mr.DataError, match='Ensemble by="ratings" learns from ratings, and the'):
        mr.Ensemble(two, EnsembleConfig(by="ratings")).fit(taken.train, taken.valid)
    with pytest.raises(mr.DataError, match="by must be one of"):
        EnsembleConfig(by="luck")  # type: ignore[arg-type]


def test_the_way_is_saved(taken: Split, tmp_path: Path) -> None:
    members = {"often": Popularity(), "with": EASE()}
    model = mr.Ensemble(members, EnsembleConfig(by="votes")).fit(taken.train, taken.valid)
    model.save(tmp_path / "m")
    loaded = mr.load_model(tmp_path / "m")
    assert loaded.config == model.config
    people = taken.valid.support
    np.testing.assert_array_equal(
        loaded.recommend(people, 5).scores, model.recommend(people, 5).scores
    )
    assert model.similar("item-4").scores.shape == (10,)
