"""What `MeLU` asks: gradients by hand and by PyTorch, popularity, and who was asked before."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from metarec.contracts import UnknownItemWarning
from metarec.data import generate
from metarec.recommenders import MeLU, MeLUConfig
from metarec.recommenders.melu_asking import evidence, evidence_worth, gradient_norms
from metarec.recommenders.melu_config import LAYERS
from metarec.recommenders.weights import in_double

QUICK: dict[str, Any] = {"d": 4, "hidden": 6, "steps": 20, "batch": 8, "learning_rate": 1e-2}
SHOP = generate(users=40, items=30, rng=2).dataset


@pytest.fixture(scope="module")
def model() -> MeLU:
    return MeLU(MeLUConfig(**QUICK)).fit(SHOP)


def test_a_gradient_by_hand() -> None:
    """x = (1, 2); first layer sums to 3 and -1, so one = (3, 0); second: two = (6, 0); out (5, 7).

    Back comes 5 to the open half of the second layer and 5 * 2 = 10 to that of the first. Slopes:
    out: (6, 0) and 1; second: 3 * 5 and 5; first: (1, 2) * 10 and 10.
    """
    layers = [
        np.array([[1.0, 1.0], [1.0, -1.0]]),
        np.zeros(2),
        np.array([[2.0, 0.0], [0.0, 1.0]]),
        np.zeros(2),
        np.array([[5.0], [7.0]]),
        np.zeros(1),
    ]
    squares = 36 + 1 + 15**2 + 25 + 10**2 + 20**2 + 100
    found = gradient_norms(layers, np.array([[1.0, 2.0]]))
    np.testing.assert_allclose(found, [np.sqrt(squares)], rtol=1e-12)


def test_the_worth_of_an_item_is_its_mean_gradient_times_its_popularity(model: MeLU) -> None:
    own = in_double(model.weights_)
    person = model._person(own, SHOP.histories)
    total, count = np.zeros(30), np.zeros(30)
    for row, item in zip(SHOP.histories.rows, SHOP.histories.items, strict=True):
        x = torch.tensor(np.concatenate([person[row], own["items"][item]]))
        parts = [torch.tensor(own[name], requires_grad=True) for name in LAYERS]
        inner = torch.relu(torch.relu(x @ parts[0] + parts[1]) @ parts[2] + parts[3])
        slopes = torch.autograd.grad((inner @ parts[4] + parts[5])[0], parts)
        total[item] += float(torch.sqrt(sum((s**2).sum() for s in slopes)))  # type: ignore[arg-type]
        count[item] += 1
    norms = total / np.maximum(count, 1)
    worth = norms / norms.max() * count / count.max()
    found = model.ask(k=30)
    np.testing.assert_allclose(found.scores, worth[found.items], rtol=1e-9)
    assert (np.diff(found.scores) <= 0).all()
    assert sorted(found.items) == list(range(30))
    sure = model.ask(k=30, sure=True)
    np.testing.assert_allclose(sure.scores, (norms / norms.max())[sure.items], rtol=1e-9)
    assert sure.items.tolist() != found.items.tolist()


def test_pieces_of_any_size_find_the_same(model: MeLU, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metarec.recommenders.melu_asking.CELLS_AT_ONCE", 1)
    own = in_double(model.weights_)
    layers, person = [own[name] for name in LAYERS], model._person(own, SHOP.histories)
    found = evidence(layers, person, own["items"], SHOP.histories)
    np.testing.assert_allclose(found, model.norms_, rtol=1e-12)


def test_what_was_rated_is_not_asked_again_and_only_candidates_are(model: MeLU) -> None:
    first = model.ask(k=3).ids.tolist()
    later = model.ask([(first[0], 4.0)], 3)
    assert later.ids.tolist()[:2] == first[1:]
    few = model.ask(k=5, candidates=[first[2], first[1]])
    assert few.ids.tolist() == first[1:]
    with pytest.warns(UnknownItemWarning, match="1 of 2 candidates"):
        assert model.ask(k=5, candidates=[first[1], "no"]).ids.tolist() == [first[1]]


def test_what_nobody_rated_is_asked_last_and_a_saved_model_asks_the_same(tmp_path: Path) -> None:
    fewer = SHOP.where(SHOP.interactions["item"] != 7)
    model = MeLU(MeLUConfig(**QUICK)).fit(fewer)
    asked = model.ask(k=30)
    assert asked.items[-1] == 7
    assert asked.scores[-1] == 0
    model.save(tmp_path / "m")
    again = MeLU.load(tmp_path / "m").ask(k=30)
    np.testing.assert_array_equal(again.items, asked.items)
    np.testing.assert_array_equal(again.scores, asked.scores)


def test_worth_counts_popularity_only_where_an_answer_is_not_sure() -> None:
    norms, counts = np.array([4.0, 2.0, 0.0]), np.array([1, 10, 0])
    np.testing.assert_allclose(evidence_worth(norms, counts, sure=False), [0.1, 0.5, 0.0])
    np.testing.assert_allclose(evidence_worth(norms, counts, sure=True), [1.0, 0.5, 0.0])
