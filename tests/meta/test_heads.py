"""What each head says of events and items, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import metarec as mr
from metarec.contracts import DataError, Event, Histories
from metarec.meta.confidence import Confidence, own_kinds
from metarec.meta.features.content_network import BlockMap, ContentNetwork
from metarec.meta.features.terms import ROW_BLOCK, ItemTerms
from metarec.meta.heads import ChoiceHead, ValueHead
from metarec.meta.prior import LearnedPrior

TERMS = ItemTerms(
    features=np.array([[1.0, 0.5], [2.0, 0.5]]),
    offsets=np.array([3.0, 4.0]),
    unsure=np.array([0.0, 0.5]),
    noise=np.array([1.0, 2.0]),
    popularity=np.array([0.5, 0.0]),
)
ROWS = np.array([1, 0])


def test_a_rating_is_a_level_and_a_taste_with_noise():
    head = ValueHead((1.0, 5.0), 4.0)
    assert head.targets(np.array([5.0]), np.array([3.0])).tolist() == [2.0]
    assert head.precisions(np.array([3.0]), np.array([2.0])).tolist() == [1.5]
    assert head.scores(np.array([2.5]), np.array([3.0])).tolist() == [5.5]
    assert head.shown(np.array([5.5, 0.5, 3.0])).tolist() == [5.0, 1.0, 3.0]
    assert head.slope == 1.0
    # item 1: variance 0.75 + 0.5 of what content does not tell; factor 4: std 2 √1.25, 2 √3.25
    std, observed = head.stds(np.array([0.75, 1.0]), TERMS, ROWS)
    np.testing.assert_allclose(std, [2 * 1.25**0.5, 2.0])
    np.testing.assert_allclose(observed, [2 * 3.25**0.5, 2 * 2**0.5])


def test_a_choice_is_a_slope_and_an_offset_without_noise():
    head = ChoiceHead(kappa=3.0, variance_factor=0.25)
    assert head.targets(np.array([7.0, 0.1]), np.array([9.0, 9.0])).tolist() == [1.0, 1.0]
    assert head.precisions(np.array([3.0]), np.array([2.0])).tolist() == [3.0]
    assert head.scores(np.array([2.0]), np.array([0.5])).tolist() == [6.5]
    assert head.shown(np.array([-9.0, 99.0])).tolist() == [-9.0, 99.0]
    assert head.slope == 3.0
    std, observed = head.stds(np.array([4.0, 1.0]), TERMS, ROWS)
    np.testing.assert_allclose(std, [3.0, 1.5])  # 3 √(0.25 · 4), 3 √(0.25 · 1)
    assert np.isnan(observed).all()


@pytest.mark.parametrize("value", [1.0, 5.0])
def test_the_ends_of_the_scale_are_ratings(value: float):
    assert ValueHead((1.0, 5.0), 1.0).check(Event("a", value)).value == value


@pytest.mark.parametrize(
    ("value", "said"), [(0.99, "from 1 to 5"), (5.01, "5"), (None, "needs one")]
)
def test_what_is_no_rating_is_refused(value, said: str):
    with pytest.raises(DataError, match=said):
        ValueHead((1.0, 5.0), 1.0).check(Event("a", value))


def test_a_choice_weighs_one_where_nothing_is_told_and_more_than_nothing():
    head = ChoiceHead(1.0, 1.0)
    assert head.check(Event("a")).value == 1.0
    assert head.check(Event("a", 0.2)).value == 0.2
    for value in (0.0, -1.0):
        with pytest.raises(DataError, match="weight of an event must be above 0"):
            head.check(Event("a", value))


CONFIDENCE = Confidence("place", 0.2, 0.5, ("buy", "view"), np.array([3.0, 0.5]), "log")


def test_confidence_is_that_of_kind_value_and_age():
    values, kinds = np.array([0.0, 1.0, 1.0]), np.array([0, 1, -1])
    expected = [3.0, 0.5 * (1 + np.log(2)), 1 + np.log(2)]
    np.testing.assert_allclose(CONFIDENCE.undated(values, kinds), expected)
    alike = replace(CONFIDENCE, value_weight="none")
    np.testing.assert_allclose(alike.undated(values, kinds), [3.0, 0.5, 1.0])
    np.testing.assert_allclose(CONFIDENCE.of_age(np.array([0.0, 1.0, 2.0])), [1.0, 0.6, 0.4])
    assert replace(CONFIDENCE, recency="none").of_age(np.array([7.0])).tolist() == [1.0]
    assert CONFIDENCE.kind_row == {"buy": 0, "view": 1}


def test_kinds_are_found_by_name_and_unknown_ones_count_as_none():
    histories = Histories.of(
        [[("a", 1.0, "view"), ("a", 1.0, "gift"), ("a", 1.0), ("a", 1.0, "buy")]]
    )
    assert own_kinds(histories, ("buy", "view")).tolist() == [1, -1, -1, 0]
    assert own_kinds(histories, ()).tolist() == [-1, -1, -1, -1]


def test_a_profile_moves_the_prior_of_each_person():
    prior = LearnedPrior(np.array([1.0, 0.0]), np.array([[0.0, 2.0]]), np.diag([2.0, 4.0]))
    assert prior.of(None).mean.tolist() == [1.0, 0.0]
    assert prior.of(np.array([[3.0], [0.0]])).mean.tolist() == [[1.0, 6.0], [1.0, 0.0]]
    np.testing.assert_allclose(prior.covariance, np.diag([0.5, 0.25]))
    nobody = replace(prior, profile_map=np.zeros((0, 2)))
    assert nobody.of(np.zeros((2, 0))).mean.tolist() == [1.0, 0.0]


def test_terms_are_padded_to_blocks_and_new_items_stand_behind_the_known():
    padded = TERMS.padded()
    assert padded.features.shape == (ROW_BLOCK, 2)
    assert not padded.features[2:].any()
    assert padded.d == 2
    wider = padded.followed_by(TERMS, 2)
    assert wider.offsets[:5].tolist() == [3.0, 4.0, 3.0, 4.0, 0.0]
    assert wider.features.shape == (ROW_BLOCK, 2)
    exact = ItemTerms(*(np.ones((ROW_BLOCK, 2)), *[np.ones(ROW_BLOCK)] * 4)).padded()
    assert exact.features.shape == (ROW_BLOCK, 2)


def test_blocks_of_content_together_are_one_matrix():
    rng = torch.Generator().manual_seed(0)
    whole, content = torch.randn(5, 3, generator=rng), torch.randn(4, 5, generator=rng)
    blocks = BlockMap({"text": 2, "table": 3}, whole)
    torch.testing.assert_close(blocks(content), content @ whole)
    torch.testing.assert_close(BlockMap({"text": 5}, whole)(content), content @ whole)
    other = torch.randn(5, 3, generator=rng)
    blocks.set(other)
    torch.testing.assert_close(blocks(content), content @ other)
    assert [tuple(matrix.shape) for matrix in blocks.matrices()] == [(2, 3), (3, 3)]


def test_the_penalty_is_the_squared_distance_from_the_start_of_every_block():
    network = ContentNetwork({"text": 2, "table": 1}, 2, torch.Generator().manual_seed(0), hidden=3)
    weights, level = torch.ones(3, 2), torch.tensor([5.0, 6.0])
    network.start_at(weights, level)
    assert network.hidden is not None
    assert network.output is not None
    with torch.no_grad():
        network.hidden.set(torch.zeros(3, 3))
        assert network.penalty().item() == 0.0
        torch.testing.assert_close(network.bias, level)
        network.linear.set(weights + 2.0)  # six weights, 2 off each
        assert network.penalty().item() == 24.0
        network.hidden.set(torch.ones(3, 3))
        network.output.fill_(2.0)  # nine of 1 and six of 2
        assert network.penalty().item() == 24.0 + 9.0 + 24.0


def test_a_network_keeps_what_was_learned_of_a_block_by_its_name():
    shop = mr.generate(users=30, items=20, rng=0).dataset
    model = mr.MetaRecommender(mr.HashEncoder(d=4), mr.MetaConfig(d=2, steps=1)).fit(shop)
    shapes = {
        k: v.shape
        for k, v in model._weights[model.heart.head.name].items()
        if k.startswith("g.linear.of.")
    }
    widths = model._content.blocks
    assert shapes == {f"g.linear.of.{name}": (width, 2) for name, width in widths.items()}
    assert model._content.encode(shop.catalogue.frame).shape[1] == sum(widths.values())
