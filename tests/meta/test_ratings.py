"""The loss of a batch of episodes, in parts by length, is the loss of its users one by one."""

import numpy as np
import torch

import metarec as mr
from metarec.data import Split, sample_rating_batch
from metarec.meta.heads.value_training import events_loss, query_loss
from metarec.meta.loops.episodes import Inputs
from metarec.meta.loops.steps import draw_step, query_weights

from .networks import small_network


def test_the_loss_of_a_batch_is_the_weighed_mean_of_its_users(rating_split: Split):
    histories, config = rating_split.train.histories, mr.MetaConfig(d=4, batch_users=32)
    rng = np.random.default_rng(0)
    content = torch.from_numpy(rng.normal(size=(len(rating_split.train.catalogue), 5)))
    counts = torch.from_numpy(rating_split.train.item_counts)
    users = np.flatnonzero(histories.lengths >= 2)
    profiles = torch.from_numpy(rng.normal(size=(len(histories), 3)))
    inputs = Inputs(histories, content, profiles, torch.zeros(3).double(), counts, "none", users)
    network = small_network(len(content), 5, config, implicit=False, d_profile=3, mean=3.0).double()
    with torch.no_grad():
        network.prior.M.normal_(generator=torch.Generator().manual_seed(1))
    step = draw_step(
        inputs, config, rng, lambda u, r: sample_rating_batch(histories, u, r, max_events=150)
    )
    assert len(list(step.batch.by_length())) > 1
    terms = network.features(content, step.z.double())
    weights = query_weights(step.batch.query_mask, config)
    total = 0.0
    for row, user in enumerate(step.users):
        alone = sample_row(step.batch, row)
        losses = events_loss(network, terms, alone, np.array([user]), inputs)[0]
        total += float((losses.detach() * weights[row, : alone.width]).sum())
    whole = float(query_loss(network, terms, step, inputs, config).detach())
    np.testing.assert_allclose(whole, total / float(weights.sum()), rtol=1e-6)


def sample_row(batch, row):
    """One user's episode alone, without padding."""
    n = int(batch.event_mask[row].sum())
    columns = ("items", "values", "times", "kinds", "event_mask", "target_mask", "support_mask")
    return type(batch)(*(getattr(batch, name)[[row], :n] for name in columns))
