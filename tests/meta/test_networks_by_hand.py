"""What a network is before training, and what it computes, by NumPy."""

import numpy as np
import pytest
import torch
from scipy.special import erf

import metarec as mr
from metarec.contracts import Episodes, EventKinds, Histories
from metarec.meta.loops.episodes import Inputs, pad_episodes, profiles_of
from metarec.meta.loops.steps import PROFILE_DROPOUT, query_weights

from .networks import small_network

RNG = np.random.default_rng(3)


def test_a_fresh_network_is_small_at_random_and_says_nothing_yet_beyond_it():
    config = mr.MetaConfig(d=40, hidden=6)
    network = small_network(300, 90, config, implicit=False, d_profile=3, kinds=2, mean=3.5)
    features = network.features
    spread = {"v": 0.01, "g.linear.of.all": 0.3 / 90**0.5, "g.hidden.of.all": 0.3 / 90**0.5}
    spread["t.hidden.of.all"] = 0.3 / 90**0.5
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    for name, expected in spread.items():
        found = state.pop(f"features.{name}")
        assert found.std() == pytest.approx(expected, rel=0.1)
        assert abs(found.mean()) < 0.2 * expected
    assert np.isposinf(state.pop("features.told")).all()  # residuals, once learned, tell all
    given = {"features.gamma": 0.4, "features.mean": 3.5, "features.tau.bias": -1.0}
    for name, value in given.items():
        assert state.pop(name).tolist() in (pytest.approx(value), [pytest.approx(value)])
    silent = {name for name, value in state.items() if not value.any()}
    told = {name for name in state if name not in silent}
    assert all(name.startswith(("head.", "confidence.")) for name in told)
    assert {"prior.m", "prior.M", "confidence.log_confidence", "features.beta"} <= silent
    assert {f"features.{part}.linear.of.all" for part in ("t", "tau", "n")} <= silent
    assert features.v_start.shape == features.v.shape
    assert not any("start" in name for name in state)
    assert network.confidence.old.item() == 2.0  # ε 0.88: old ratings count almost as new ones
    assert network.confidence.decay.item() == -2.0
    choice = small_network(3, 2, config, implicit=True)
    assert choice.confidence.old.item() == -2.0  # ε 0.12
    assert choice.confidence.decay.item() == pytest.approx(-0.85)  # ρ 0.7
    assert choice.head.log_kappa.item() == 1.0
    phi = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]])
    start = torch.eye(3) + phi.mT @ phi / 2  # λ and α at 1
    assert torch.allclose(choice.head.prior_precision(phi), start)


def filled(network: torch.nn.Module) -> dict[str, np.ndarray]:
    """Random numbers for every weight, and what they are."""
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(torch.from_numpy(RNG.normal(size=weights.shape)) / 3)
    return {name: value.double().numpy() for name, value in network.state_dict().items()}


@pytest.mark.parametrize("hidden", [0, 4])
def test_the_terms_of_items_are_what_the_formulas_say(hidden: int):
    config = mr.MetaConfig(d=3, hidden=hidden)
    network = small_network(5, 6, config, implicit=False, mean=2.5).features
    w = filled(network)
    content = RNG.normal(size=(5, 6)).astype(np.float32)
    z = np.array([1.0, 0.0, 1.0, 0.0, 1.0])

    def mapped(name: str, *, deep: bool) -> np.ndarray:
        said = content @ w[f"{name}.linear.of.all"] + w[f"{name}.bias"]
        if hidden and deep:
            units = content @ w[f"{name}.hidden.of.all"]
            said = said + units * 0.5 * (1 + erf(units / 2**0.5)) @ w[f"{name}.output"]
        return said

    found = network(torch.from_numpy(content), torch.from_numpy(z).float())
    learned = mapped("g", deep=True) + z[:, None] * w["v"]
    expected = {
        "features": np.hstack([learned, np.full((5, 1), w["gamma"])]),
        "offsets": 2.5 + mapped("t", deep=True)[:, 0] + z * w["beta"],
        "unsure": (1 - z) * np.log1p(np.exp(mapped("tau", deep=False)[:, 0])),
        "noise": np.exp(mapped("n", deep=False)[:, 0] + z * w["nu"]),
    }
    for name, value in expected.items():
        given = getattr(found, name).detach().numpy()
        np.testing.assert_allclose(given, value, rtol=1e-5, atol=1e-6, err_msg=name)
    rows = torch.tensor([[4, 0], [1, 1]])
    some = found.of(rows)
    for name in expected:
        torch.testing.assert_close(getattr(some, name), getattr(found, name)[rows])


def test_dropout_is_drawn_from_its_generator_and_only_where_it_is_asked_for():
    config = mr.MetaConfig(d=3, hidden=4, dropout=0.5)
    network = small_network(5, 6, config, implicit=False).features
    filled(network)
    content, z = torch.randn(5, 6), torch.ones(5)

    def features(seed: int | None) -> torch.Tensor:
        rng = None if seed is None else torch.Generator().manual_seed(seed)
        found: torch.Tensor = network(content, z, rng).features.detach()
        return found

    assert torch.equal(features(1), features(1))
    assert not torch.equal(features(1), features(2))
    assert not torch.equal(features(1), features(None))


def test_confidence_and_prior_are_what_the_formulas_say():
    network = small_network(5, 6, mr.MetaConfig(d=3), implicit=True, d_profile=2, kinds=3)
    w = filled(network)
    ages, kinds = np.array([[0.0, 1.0, 7.5]]), torch.tensor([[-1, 0, 2]])
    eps = 1 / (1 + np.exp(-w["confidence.old"]))
    rho = np.exp(-np.log1p(np.exp(w["confidence.decay"])))
    found = network.confidence.of_age(torch.from_numpy(ages)).detach().numpy()
    np.testing.assert_allclose(found, eps + (1 - eps) * rho**ages, rtol=1e-6)
    known = np.exp(w["confidence.log_confidence"])
    found = network.confidence.of_kind(kinds).detach().numpy()
    np.testing.assert_allclose(found, [[1.0, known[0], known[2]]], rtol=1e-6)
    profiles = RNG.normal(size=(4, 2)).astype(np.float32)
    found = network.prior(torch.from_numpy(profiles)).detach().numpy()
    np.testing.assert_allclose(found, w["prior.m"] + profiles @ w["prior.M"], rtol=1e-5, atol=1e-6)
    assert torch.equal(network.prior(None), network.prior.m)


def test_episodes_are_padded_behind_and_find_profiles_and_kinds():
    support = Histories.of(
        [
            [("a", 1.0, "buy", 86400.0 * 3), ("b", 2.0, "view", 86400.0 * 5)],
            [],
            [("b", 3.0, "odd", 0.0)],
        ]
    )
    support = mr.contracts.Histories(**{**vars_of(support), "user_ids": ids("u", "x", "v")})
    query = Histories(**{**vars_of(support), "items": 1 - support.items})
    found = pad_episodes(
        Episodes(support, query, np.array([True, False])),
        "clock",
        {"v": 4, "u": 2},
        ("view", "buy"),
        EventKinds(target=("buy",)),
    )
    assert found.items.tolist() == [[0, 1], [0, 0], [1, 0]]
    assert found.values.tolist() == [[1, 2], [0, 0], [3, 0]]
    assert found.kinds.tolist() == [[1, 0], [-1, -1], [-1, -1]]
    assert found.ages.tolist() == [[2, 0], [0, 0], [0, 0]]
    assert found.mask.tolist() == [[True, True], [False, False], [True, False]]
    assert found.had.tolist() == [[True, False], [False, False], [False, False]]
    assert found.query_items.tolist() == [[1, 0], [0, 0], [0, 0]]
    assert found.query_values.tolist() == found.values.tolist()
    assert found.query_mask.tolist() == found.mask.tolist()
    assert found.profile_rows.tolist() == [2, -1, 4]
    two = found.first(2)
    assert two.profile_rows.tolist() == [2, -1]
    assert two.items.tolist() == [[0, 1], [0, 0]]
    assert two.candidates is found.candidates
    nothing_told = found.of(np.array([1]))
    assert nothing_told.items.shape == nothing_told.had.shape == (1, 0)
    assert nothing_told.query_mask.shape == (1, 0)
    assert found.of(np.array([1, 2])).mask.tolist() == [[False], [True]]
    nobody = pad_episodes(
        Episodes(*(Histories(**{**vars_of(side), "user_ids": None}) for side in (support, query))),
        "none",
        {"u": 1},
    )
    assert nobody.profile_rows.tolist() == [-1] * 3


def vars_of(histories: Histories) -> dict[str, object]:
    names = Histories.__dataclass_fields__
    return {name: getattr(histories, name) for name in names}


def ids(*names: str) -> np.ndarray:
    return np.array(names, dtype=object)


def test_a_hidden_profile_is_that_of_nobody():
    profiles, nobody = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([9.0, 8.0])
    empty = Histories.of([])
    counts, users = torch.tensor([0.0, 2.0, 5.0]), np.array([0])
    inputs = Inputs(empty, torch.zeros(3, 2), profiles, nobody, counts, "none", users)
    found = profiles_of(inputs, np.array([1, -1, 0]))
    assert found is not None
    assert found.tolist() == [[3, 4], [9, 8], [1, 2]]
    assert inputs.touched.tolist() == [0, 1, 1]
    assert inputs.n_events == 7
    without = Inputs(empty, torch.zeros(3, 2), None, None, counts, "none", users)
    assert profiles_of(without, np.array([0])) is None
    assert PROFILE_DROPOUT == 0.1


def test_a_query_weighs_by_how_many_its_person_has():
    asked = np.array(
        [[True, True, False, True, True], [False] * 5, [False, True, False, False, False]]
    )
    for evenness, weights in ((0.0, (1, 1)), (0.5, (0.5, 1)), (1.0, (0.25, 1))):
        found = query_weights(asked, mr.MetaConfig(evenness=evenness)).numpy()
        expected = asked * np.array([[weights[0]], [0], [weights[1]]])
        np.testing.assert_allclose(found, expected)
