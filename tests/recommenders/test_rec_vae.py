"""`RecVAE`: NumPy that is its network, the bound that a step lowers, and whose turn it is."""

import numpy as np
import pytest
import torch
from drawn_networks import drawn_anew
from scipy.stats import norm

from metarec.recommenders import RecVAEConfig
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.rec_vae import logits, swish
from metarec.recommenders.rec_vae_learning import Alternating
from metarec.testing import planted_shop

PEOPLE = planted_shop(n_users=20).data.histories
CONFIG = RecVAEConfig(hidden=6, factors=3, dropout=0.0, gamma=0.3, batch=10)


def learner(config: RecVAEConfig = CONFIG) -> Alternating:
    found = Alternating(PEOPLE, config)
    drawn_anew(found.network)
    return found


def told_of(found: Alternating, name: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of an encoder in a loop over its layers, as the paper draws them."""
    encoder = getattr(found.network, name).double()
    layers, inner = [], torch.tensor(x / np.linalg.norm(x, axis=1, keepdims=True))
    for read, even in zip(encoder.read, encoder.even, strict=True):
        told = read(inner) + sum(layers)
        told = told * torch.sigmoid(told)
        apart = told - told.mean(1, keepdim=True)
        told = apart / torch.sqrt((apart**2).mean(1, keepdim=True) + 0.1)
        inner = told * even.weight + even.bias
        layers.append(inner)
    mean, log_variance = encoder.draw(inner).detach().numpy().T.reshape(2, 3, -1)
    encoder.float()
    return mean.T, np.exp(log_variance.T / 2)


def test_numpy_serves_what_the_network_learned() -> None:
    found = learner()
    some = PEOPLE.keep(PEOPLE.rows != 3)  # one without an event
    x = torch.from_numpy(history_matrix(some).toarray().astype(np.float32))
    with torch.no_grad():
        told = found.network.items(found.network.encoder(torch.nn.functional.normalize(x))[0])
    np.testing.assert_allclose(logits(found.frozen(), some), told.numpy(), rtol=1e-3, atol=1e-5)
    assert not any(name.startswith("before") or name == "step" for name in found.frozen())


def test_swish_is_zero_far_below_and_itself_far_above() -> None:
    np.testing.assert_allclose(swish(np.array([-1e4, 0.0, 1e4])), [0.0, 0.0, 1e4], atol=1e-9)


def test_a_step_of_the_encoder_lowers_the_bound_under_the_composite_prior() -> None:
    found, drawn = learner(), (np.arange(4), 7)
    found.network.step += 1  # so that the copy stays another encoder
    x = history_matrix(PEOPLE.take(np.arange(4))).toarray()
    mean, std = told_of(found, "encoder", x)
    before = told_of(found, "before", x)
    rng = torch.Generator().manual_seed(7)
    torch.empty(4, 36).bernoulli_(1.0, generator=rng)
    z = mean + torch.empty(4, 3).normal_(generator=rng).numpy() * std
    own = {n: w.astype(np.float64) for n, w in found.frozen().items()}
    told = z @ own["items.weight"].T + own["items.bias"]
    likelihood = (x * (told - np.log(np.exp(told).sum(axis=1, keepdims=True)))).sum(axis=1)
    prior = 0.15 * norm.pdf(z) + 0.75 * norm.pdf(z, *before) + 0.1 * norm.pdf(z, 0, np.exp(5))
    divergence = (norm.logpdf(z, mean, std) - np.log(prior)).sum(axis=1)
    expected = (0.3 * x.sum(axis=1) * divergence - likelihood).mean()
    loss = found.loss(drawn, 0.0)
    assert loss.item() == pytest.approx(expected, rel=1e-3)
    loss.backward()
    learns = {name for name, w in found.network.named_parameters() if w.grad is not None}
    assert learns == {n for n, _ in found.network.named_parameters() if n.startswith("encoder")}


def test_three_passes_of_the_encoder_and_one_of_the_decoder_and_then_it_is_remembered() -> None:
    found, turns, copied = learner(), [], []
    for seed in range(20):  # 20 people in batches of 10: two steps a pass
        found.network.zero_grad(set_to_none=True)
        with torch.no_grad():
            found.network.encoder.draw.bias += 1
        found.loss(found.draw(np.random.default_rng(seed)), 0.0).backward()
        turns.append("d" if found.network.encoder.draw.bias.grad is None else "e")
        assert (found.network.items.bias.grad is None) == (turns[-1] == "e")
        same = torch.equal(found.network.encoder.draw.bias, found.network.before.draw.bias)
        copied.append(same)
    assert "".join(turns) == "eeeeeedd" * 2 + "eeee"
    assert [step for step, same in enumerate(copied) if same] == [0, 8, 16]


def test_the_decoder_reads_whole_histories_and_lowers_their_likelihood() -> None:
    found = learner(RecVAEConfig(hidden=6, factors=3, dropout=0.9, gamma=0.3, batch=10))
    found.network.step += 6
    x = history_matrix(PEOPLE.take(np.arange(10))).toarray()
    mean, std = told_of(found, "encoder", x)
    rng = torch.Generator().manual_seed(7)
    z = mean + torch.empty(10, 3).normal_(generator=rng).numpy() * std
    own = {n: w.astype(np.float64) for n, w in found.frozen().items()}
    told = z @ own["items.weight"].T + own["items.bias"]
    likelihood = (x * (told - np.log(np.exp(told).sum(axis=1, keepdims=True)))).sum(axis=1)
    loss = found.loss((np.arange(10), 7), 0.0).item()
    assert loss == pytest.approx(-likelihood.mean(), rel=1e-3)
