"""What a policy sees of a person: scores, doubt and draws of the numbers that lists go by."""

from dataclasses import replace

import numpy as np
import pytest

import metarec as mr
from metarec.contracts import DataError
from metarec.policies import EXPLORING, Greedy, exploring


def some(model: mr.MetaRecommender) -> list[tuple[str, float]]:
    ids = model.catalogue.ids
    return [(ids[0], 5.0), (ids[3], 2.0), (ids[8], 4.0)]


def test_an_outlook_is_the_list_with_the_numbers_it_goes_by(model: mr.MetaRecommender) -> None:
    me = model.adapt(some(model))
    outlook, listed = me.outlook(20, draws=3), me.recommend(20)
    assert outlook.found is not None
    np.testing.assert_array_equal(outlook.found.items, listed.items)
    np.testing.assert_array_equal(outlook.found.scores, listed.scores)
    assert (outlook.scores.shape, outlook.draws.shape) == ((1, 20), (1, 3, 20))
    assert (np.diff(outlook.scores[0]) <= 0).all()
    raw = me._ranking(None).scores[listed.items]
    np.testing.assert_allclose(outlook.scores[0], raw, atol=1e-12)


@pytest.mark.parametrize("rank_by", ["both", "choice", "rating"])
def test_draws_spread_as_the_standard_deviations_say(
    both: mr.MetaRecommender, rank_by: mr.meta.RankBy
) -> None:
    known = mr.MetaRecommender.__new__(mr.MetaRecommender)
    hearts = dict(both.hearts)
    choice = hearts["implicit"]
    hearts["implicit"] = replace(
        choice, head=replace(choice.head, variance_factor=0.5, other_variance=0.2)
    )
    vars(known).update(vars(both), hearts=hearts)
    outlook = known.adapt(some(both)).outlook(30, draws=20_000, rank_by=rank_by)
    mean, std = outlook.draws[0].mean(axis=0), outlook.draws[0].std(axis=0)
    np.testing.assert_allclose(std, outlook.stds[0], rtol=0.03)
    assert (np.abs(mean - outlook.scores[0]) < 5 * std / 20_000**0.5).all()


def test_draws_move_together_as_taste_does(ratings: mr.MetaRecommender) -> None:
    me = ratings.adapt(some(ratings))
    outlook = me.outlook(15, draws=20_000)
    assert outlook.found is not None
    features = me.adapted.terms.features[outlook.found.items]  # type: ignore[attr-defined]
    heart = ratings.heart
    covariance = features @ me.adapted.covariance() @ features.T
    covariance += np.diag(heart.terms.unsure[outlook.found.items])
    drawn = np.cov(outlook.draws[0].T)
    expected = heart.head.variance_factor * covariance
    assert np.abs(drawn - expected).max() < 0.05 * expected.max()


def test_the_same_seed_is_the_same_draws(ratings: mr.MetaRecommender) -> None:
    me = ratings.adapt(some(ratings))
    first, again, other = (me.outlook(10, draws=4, rng=s).draws for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_filters_say_what_may_be_shown_and_what_is_lifted(ratings: mr.MetaRecommender) -> None:
    me = ratings.adapt(some(ratings))
    ids = ratings.catalogue.ids
    named = me.recommend(40, exclude=[str(ids[1])])
    last = str(named.ids[-1])
    lowered = {str(named.ids[0]): 0.5, "nobody": 1.0}
    outlook = me.outlook(40, draws=2, exclude=[str(ids[1])], lowered=lowered)
    listed = me.recommend(40, exclude=[str(ids[1])], lowered=lowered)
    assert outlook.found is not None
    np.testing.assert_array_equal(outlook.found.items, listed.items)
    assert (np.diff(outlook.scores[0]) <= 0).all()
    place = outlook.found.ids.tolist().index(named.ids[0])
    may = np.flatnonzero(~np.isin(ids, [ids[i] for i in (0, 1, 3, 8)]))
    raw = me._ranking(None).scores
    sigma = raw[may].std()
    assert outlook.scores[0, place] == pytest.approx(raw[named.items[0]] - 0.5 * sigma)
    plain = me.outlook(40, draws=2, exclude=[str(ids[1])])
    assert last in plain.found.ids  # type: ignore[union-attr]
    with pytest.raises(DataError, match="takes no diversity, at_most"):
        me.outlook(diversity=0.5, at_most={"year": 1})


def test_policies_act_on_a_person(ratings: mr.MetaRecommender) -> None:
    me = ratings.adapt(some(ratings))
    outlook = me.outlook(draws=16)
    best = me.recommend(5).items
    for name in EXPLORING:
        acted = exploring(name).act(outlook, 5, np.random.default_rng(0))
        assert (acted.propensities.places > 0).all()
    assert outlook.found is not None
    greedy = Greedy().act(outlook, 5, np.random.default_rng(0)).items[0]
    np.testing.assert_array_equal(outlook.found.items[greedy], best)


def test_an_updater_without_a_distribution_has_no_draws(ratings: mr.MetaRecommender) -> None:
    from metarec.meta.updaters.network_updater import NetworkAdapted

    drawn = NetworkAdapted.draw(None, np.arange(3), 2, np.random.default_rng(0))  # type: ignore[arg-type]
    assert np.isnan(drawn).all()
    assert drawn.shape == (2, 3)
