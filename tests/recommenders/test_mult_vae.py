"""`MultVAE`: NumPy that is its network, and the bound that a step lowers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_networks import drawn_anew

from metarec.recommenders import MultVAEConfig
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.mult_vae import logits
from metarec.recommenders.mult_vae_learning import Autoencoding
from metarec.testing import planted_shop

PEOPLE = planted_shop(n_users=20).data.histories
CONFIG = MultVAEConfig(hidden=6, factors=3, dropout=0.0, batch=20)


def learner(config: MultVAEConfig = CONFIG) -> Autoencoding:
    found = Autoencoding(PEOPLE, config)
    drawn_anew(found.network)
    return found


def test_numpy_serves_what_the_network_learned() -> None:
    found = learner()
    some = PEOPLE.keep(PEOPLE.rows != 3)  # one without an event
    x = torch.from_numpy(history_matrix(some).toarray().astype(np.float32))
    with torch.no_grad():
        told = found.network.decode(found.network.encode(torch.nn.functional.normalize(x))[0])
    np.testing.assert_allclose(logits(found.frozen(), some), told.numpy(), rtol=1e-4, atol=1e-5)


def test_a_step_lowers_the_weighed_bound_as_it_is_written() -> None:
    found, drawn = learner(), (np.arange(4), 7)
    own = {n: w.astype(np.float64) for n, w in found.frozen().items()}
    x = history_matrix(PEOPLE.take(np.arange(4))).toarray()
    inner = np.tanh(x / np.sqrt(x.sum(1))[:, None] @ own["read.weight"].T + own["read.bias"])
    mean, log_variance = np.split(inner @ own["draw.weight"].T + own["draw.bias"], 2, axis=1)
    noise = torch.empty(4, 36).bernoulli_(1.0, generator=(rng := torch.Generator().manual_seed(7)))
    noise = torch.empty(4, 3).normal_(generator=rng).numpy()
    z = mean + noise * np.exp(log_variance / 2)
    told = np.tanh(z @ own["told.weight"].T + own["told.bias"])
    told = told @ own["items.weight"].T + own["items.bias"]
    log_shares = told - np.log(np.exp(told).sum(axis=1, keepdims=True))
    divergence = (np.exp(log_variance) + mean**2 - 1 - log_variance).sum(axis=1).mean() / 2
    likelihood = (x * log_shares).sum(axis=1).mean()
    for share, beta in ((0.0, 0.0), (0.25, 0.1), (0.5, 0.2), (0.9, 0.2)):
        expected = beta * divergence - likelihood
        assert found.loss(drawn, share).item() == pytest.approx(expected, rel=1e-4)
    at_once = learner(replace(CONFIG, anneal=0.0)).loss(drawn, 0.0).item()
    assert at_once == pytest.approx(0.2 * divergence - likelihood, rel=1e-4)


def test_of_what_is_read_a_share_is_hidden_and_the_rest_counts_more() -> None:
    hidden = learner(MultVAEConfig(hidden=6, factors=3, dropout=0.5, batch=20))
    drawn = [hidden.loss((np.arange(20), seed), 0.0).item() for seed in range(5)]
    assert len(set(drawn)) == 5
    people, seed = hidden.draw(np.random.default_rng(0))
    assert sorted(people.tolist()) == list(range(20))
    assert seed != hidden.draw(np.random.default_rng(1))[1]
