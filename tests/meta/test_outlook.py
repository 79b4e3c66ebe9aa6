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


@pytest.fixture
def known(both: mr.MetaRecommender) -> mr.MetaRecommender:
    """Both heads, of which the choice is as unsure as to be seen."""
    changed = mr.MetaRecommender.__new__(mr.MetaRecommender)
    choice = both.hearts["implicit"]
    head = replace(choice.head, kappa=3.0, variance_factor=0.5, other_variance=0.2)
    vars(changed).update(vars(both), hearts={**both.hearts, "implicit": replace(choice, head=head)})
    return changed


@pytest.mark.parametrize("rank_by", ["both", "choice", "rating"])
def test_draws_spread_as_the_standard_deviations_say(
    known: mr.MetaRecommender, rank_by: mr.meta.RankBy
) -> None:
    outlook = known.adapt(some(known)).outlook(30, draws=20_000, rank_by=rank_by)
    mean, std = outlook.draws[0].mean(axis=0), outlook.draws[0].std(axis=0)
    np.testing.assert_allclose(std, outlook.stds[0], rtol=0.03)
    assert (np.abs(mean - outlook.scores[0]) < 5 * std / 20_000**0.5).all()


@pytest.mark.parametrize("rank_by", ["choice", "rating"])
def test_draws_move_together_as_taste_does(
    known: mr.MetaRecommender, rank_by: mr.meta.RankBy
) -> None:
    """Their covariance is (slope² factor) φA⁻¹φᵀ, but for what is each item's own."""
    me = known.adapt(some(known))
    outlook = me.outlook(15, draws=40_000, rank_by=rank_by)
    assert outlook.found is not None
    rows = outlook.found.items
    own = me._adaptations[{"choice": "implicit", "rating": "rating"}[rank_by]]
    features, head = own.heart.terms.features[rows], own.heart.head
    taste = head.slope**2 * head.variance_factor * features @ own.adapted.covariance() @ features.T
    drawn = np.cov(outlook.draws[0].T)
    apart = ~np.eye(15, dtype=bool)
    assert np.abs(drawn - taste)[apart].max() < 0.03 * drawn.max()
    assert np.abs(taste[apart]).max() > 0.06 * drawn.max()


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
    little = me.outlook(40, draws=2, exclude=[str(ids[1])], lowered={str(named.ids[3]): 1e-9})
    shift = little.scores - plain.scores
    moved = np.broadcast_to(shift[:, None], (1, 2, 40))
    np.testing.assert_allclose(little.draws - plain.draws, moved, atol=1e-13)
    assert little.scores[0, 3] < plain.scores[0, 3]
    assert last in plain.found.ids  # type: ignore[union-attr]
    for wrong, told in (
        ({"draws": -1}, "draws must be at least 0, got -1"),
        ({"draws": 1.5}, "draws must be a whole number"),
        ({"rng": "a"}, "rng must be a whole number of at least 0, got 'a'"),
        ({"rng": -1}, "rng must be at least 0, got -1"),
        ({"rng": None}, "rng must be a whole number"),
    ):
        with pytest.raises(DataError, match=told):
            me.outlook(3, **wrong)  # type: ignore[arg-type]
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
