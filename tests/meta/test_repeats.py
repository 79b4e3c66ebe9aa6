"""What a person had is not recommended again, so no loss asks for it."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

import metarec as mr
from metarec.contracts import Dataset, Episodes
from metarec.data import sample_prefix_batch, sample_rating_batch
from metarec.meta.heads.choice_losses import next_event_loss, other_events_loss
from metarec.meta.holding_out import hold_out_users
from metarec.meta.loops.episodes import Inputs
from metarec.meta.loops.steps import draw_step

from .networks import small_network


@pytest.fixture(scope="module")
def shop() -> Dataset:
    """Every event of a user comes twice, at once: a view and a purchase."""
    once = mr.generate(users=120, items=60, kind="implicit", rng=3).dataset
    twice = once.interactions[np.repeat(np.arange(len(once.interactions)), 2)]
    return replace(once, interactions=twice)


@pytest.mark.parametrize("prefixes", [True, False])
def test_events_on_items_of_the_support_do_not_count_in_the_loss(shop: Dataset, prefixes: bool):
    config = mr.MetaConfig(d=4, batch_users=16, max_events=30)
    rng = np.random.default_rng(0)
    content = torch.from_numpy(rng.normal(size=(len(shop.catalogue), 5))).float()
    counts = torch.from_numpy(shop.item_counts).float()
    users = np.flatnonzero(shop.histories.lengths >= 2)
    inputs = Inputs(shop.histories, content, None, None, counts, "place", users)
    network = small_network(len(content), 5, config, implicit=True)

    def sample(people: np.ndarray, rng: np.random.Generator):
        if prefixes:
            return sample_prefix_batch(shop.histories, people, rng, max_events=30, prefixes=4)
        return sample_rating_batch(shop.histories, people, rng, max_events=30)

    step = draw_step(inputs, config, rng, sample)
    batch = step.batch
    terms = network.features(content, step.z)
    if prefixes:
        new = batch.position_mask.copy()
        for user, position in zip(*np.nonzero(new), strict=True):
            at = batch.positions[user, position]
            new[user, position] = batch.items[user, at] not in batch.items[user, :at]
        assert 0 < new.sum() < batch.position_mask.sum()
        only_new = replace(batch, position_mask=new)
        losses = [
            next_event_loss(network, terms, step, b, inputs, config) for b in (batch, only_new)
        ]
        fewer = new & (np.arange(len(new)) > np.nonzero(new)[0][0])[:, None]
        other = replace(batch, position_mask=fewer)
        assert next_event_loss(network, terms, step, other, inputs, config) != losses[0]
    else:
        new = batch.query_mask.copy()
        for user, at in zip(*np.nonzero(new), strict=True):
            new[user, at] = batch.items[user, at] not in batch.items[user, batch.support_mask[user]]
        assert 0 < new.sum() < batch.query_mask.sum()
        only_new = replace(batch, event_mask=new | batch.support_mask)
        losses = [
            other_events_loss(network, terms, step, b, inputs, config) for b in (batch, only_new)
        ]
    assert torch.isfinite(losses[0])
    torch.testing.assert_close(losses[0], losses[1])


def test_validation_held_out_asks_only_for_what_is_new(shop: Dataset):
    _, episodes = hold_out_users(shop, rng=0)
    assert len(episodes) > 5
    assert (episodes.query.lengths > 0).all()
    for person in range(len(episodes)):
        support, query = (
            side.items[side.offsets[person] : side.offsets[person + 1]]
            for side in (episodes.support, episodes.query)
        )
        assert not set(support) & set(query)


@pytest.mark.slow
def test_training_on_repeats_learns_what_comes_next():
    once = mr.generate(users=400, items=60, kind="implicit", rng=3).dataset
    twice = once.interactions[np.repeat(np.arange(len(once.interactions)), 2)]
    config = mr.MetaConfig(d=6, steps=200, judge_every=200)
    model = mr.MetaRecommender(mr.HashEncoder(d=8), config)
    learned = model.fit(replace(once, interactions=twice))
    assert learned.metrics["valid_loss"] < 0.95 * np.log(60)


def test_a_repeat_alone_is_no_query_on_what_is_new_and_still_teaches_to_come_back(shop: Dataset):
    histories = shop.histories
    repeats = Episodes(histories, histories.keep(histories.places == 0))
    model = mr.MetaRecommender(mr.HashEncoder(d=8), mr.MetaConfig(d=4, steps=0)).fit(shop, repeats)
    assert model.metrics["valid_loss"] is None
    assert model.shows_seen


def test_a_shop_where_nobody_goes_on_to_something_new_still_fits(shop: Dataset):
    first = shop.where(
        shop.interactions.select(pl.int_range(pl.len()).over("user") < 2).to_series()
    )
    model = mr.MetaRecommender(mr.HashEncoder(d=8), mr.MetaConfig(d=4, steps=3)).fit(first)
    assert np.isfinite(model.adapt([]).recommend(3).scores).all()
