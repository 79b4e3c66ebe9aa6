"""What is worked on in pieces is the same whatever the size of a piece."""

import numpy as np
import pytest
import torch

import metarec as mr
from metarec.meta.config import MetaConfig
from metarec.meta.features.freezing import item_terms, row_product
from metarec.meta.features.network import FeatureNetwork
from metarec.meta.heads import choice_validation

from .networks import numbers_of


@pytest.mark.parametrize("name", ["clocked", "ordered"])
@pytest.mark.parametrize("events_at_once", [1, 3, 7])
def test_effects_are_those_of_all_events_left_out_at_once(
    name: str,
    events_at_once: int,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
):
    model: mr.MetaRecommender = request.getfixturevalue(name)
    ids = model.catalogue.ids
    person = model.adapt([(ids[row], 1.0, None, 86400.0 * row) for row in range(7)])
    whole = person.explain(ids[9]).effects
    cells = events_at_once * 7 * model.heart.terms.d
    monkeypatch.setattr("metarec.meta.adaptation.CELLS_AT_ONCE", cells)
    again = model.adapt([(ids[row], 1.0, None, 86400.0 * row) for row in range(7)])
    np.testing.assert_allclose(again.explain(ids[9]).effects, whole, atol=1e-12)
    assert np.count_nonzero(whole) == 7


def test_people_are_served_together_as_far_as_their_own_events_take_memory(
    clocked: mr.MetaRecommender, monkeypatch: pytest.MonkeyPatch
):
    cells = 8 * max(len(clocked.catalogue), clocked.heart.terms.d**2)
    monkeypatch.setattr("metarec.meta.answering.CELLS_AT_ONCE", cells)
    short, long = ([mr.Event(clocked.catalogue.ids[0])] * n for n in (1, cells))
    people = mr.Histories.of([short, short, long, short, short])
    served = list(clocked._chunks(people))
    assert served == [slice(0, 2), slice(2, 3), slice(3, 5)]


@pytest.mark.parametrize("cells", [1, 2 * 12, 4_000_000])
def test_a_product_by_rows_is_that_of_matrices(cells: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("metarec.meta.features.freezing.CELLS_AT_ONCE", cells)
    rows, matrix = torch.randn(5, 4, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)
    torch.testing.assert_close(row_product(rows, matrix), rows @ matrix)


def test_people_of_validation_and_of_the_start_may_come_in_pieces(
    monkeypatch: pytest.MonkeyPatch,
):
    shop = mr.generate(users=60, items=30, kind="implicit", rng=1).dataset
    config = mr.MetaConfig(d=3, steps=0, evidence=False)
    whole = mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(shop)
    monkeypatch.setattr(choice_validation, "CELLS_AT_ONCE", 7 * 70)
    monkeypatch.setattr(choice_validation, "FEWEST_AT_ONCE", 1)
    parts = mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(shop)
    assert parts.metrics["valid_loss"] == pytest.approx(whole.metrics["valid_loss"], rel=1e-4)
    one, other = numbers_of(parts.heart), numbers_of(whole.heart)
    np.testing.assert_allclose(one["prior.mean"], other["prior.mean"], rtol=1e-4, atol=1e-6)


def test_terms_are_the_same_bits_alone_and_at_any_place_of_a_table():
    content = np.random.default_rng(0).normal(size=(37, 5))
    config = MetaConfig(d=3)
    network = FeatureNetwork(37, {"content": 5}, config, torch.Generator().manual_seed(0), mean=3.0)
    with torch.no_grad():
        for part in (network.tau, network.n, network.t):
            for matrix in part.linear.matrices():
                matrix.normal_(generator=torch.Generator().manual_seed(1))
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    nobody = np.full(37, -1)
    whole = item_terms(weights, {"content": 5}, config, content, nobody)
    for row in range(37):
        alone = item_terms(weights, {"content": 5}, config, content[[row]], nobody[:1])
        for name in ("features", "offsets", "unsure", "noise"):
            assert np.array_equal(getattr(alone, name)[0], getattr(whole, name)[row]), (row, name)
