"""LinUCB is the paper's algorithm 1, and learns what each item is worth in a context."""

import numpy as np
import pytest

from metarec.contracts import DataError
from metarec.policies import UCB, EpsilonGreedy, LinUCB, Thompson


def by_the_paper(
    contexts: np.ndarray, items: np.ndarray, rewards: np.ndarray, x: np.ndarray, alpha: float
) -> list[float]:
    """Li and others 2010, algorithm 1, item by item in loops: the bound of each in context x."""
    bounds = []
    for item in range(3):
        A, b = np.eye(2), np.zeros(2)
        for context, shown, reward in zip(contexts, items, rewards, strict=True):
            if shown == item:
                A += np.outer(context, context)
                b += reward * context
        theta = np.linalg.inv(A) @ b
        bounds.append(float(theta @ x + alpha * np.sqrt(x @ np.linalg.inv(A) @ x)))
    return bounds


def test_the_bounds_are_those_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    contexts, items = rng.normal(size=(9, 2)), rng.integers(3, size=9)
    rewards, x = rng.normal(size=9), rng.normal(size=2)
    policy = LinUCB(3, 2, beta=0.7)
    for n in range(0, 9, 3):  # in three batches
        part = slice(n, n + 3)
        policy = policy.learn(contexts[part], items[part, None], rewards[part, None])
    outlook = policy.outlook(x[None])
    bounds = outlook.scores[0] + 0.7 * outlook.stds[0]
    np.testing.assert_allclose(bounds, by_the_paper(contexts, items, rewards, x, 0.7))
    shown = policy.act(x[None], 3, np.random.default_rng(0)).items[0]
    assert shown.tolist() == np.argsort(-bounds).tolist()


def test_what_nobody_saw_teaches_nothing() -> None:
    x = np.ones((1, 2))
    policy = LinUCB(4, 2)
    unseen = policy.learn(x, np.array([[1, 2, -1]]), np.array([[1.0, np.nan, 5.0]]))
    same = policy.learn(x, np.array([[1]]), np.array([[1.0]]))
    np.testing.assert_array_equal(unseen.outlook(x).scores, same.outlook(x).scores)
    assert policy.outlook(x).scores.tolist() == [[0.0] * 4]  # learning made a new policy


def test_it_finds_the_best_item_of_each_context() -> None:
    rng = np.random.default_rng(1)
    theta = rng.normal(size=(5, 3))
    policy = LinUCB(5, 3, beta=1.0, epsilon=0.05)
    regrets = []
    for _ in range(40):
        x = rng.normal(size=(20, 3))
        worth = x @ theta.T
        acted = policy.act(x, 1, rng)
        earned = np.take_along_axis(worth, acted.items, 1)
        assert acted.evaluable
        policy = policy.learn(x, acted.items, earned + 0.3 * rng.normal(size=earned.shape))
        regrets.append(float((worth.max(axis=1) - earned[:, 0]).mean()))
    assert np.mean(regrets[-10:]) < 0.15 * regrets[0]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DataError, match=r"\(people, 2\), got shape \(1, 3\)"):
        LinUCB(2, 2).act(np.ones((1, 3)), 1, np.random.default_rng(0))
    with pytest.raises(DataError, match="finite"):
        LinUCB(2, 2).outlook(np.array([[np.nan, 1.0]]))
    for shown, said in (
        (np.array([[0], [1]]), "of 1 people it has 2 slates"),
        (np.array([[2]]), "slate 0 has 2 of 2 candidates at place 0"),
        (np.array([[0, 1]]), "learn needs one reward a place"),
        (np.array([[1, 1]]), "slate 0 shows column 1 twice"),
    ):
        with pytest.raises(DataError, match=said):
            LinUCB(2, 2).learn(np.ones((1, 2)), shown, np.ones((1, 1)))
    for settings in ((0, 2, 1.0), (2, 0, 1.0), (2, 2, 0.0)):
        with pytest.raises(DataError, match="at least 1 item"):
            LinUCB(settings[0], settings[1], penalty=settings[2])


def test_what_is_not_said_is_as_in_the_paper() -> None:
    policy = LinUCB(n_items=2, d=3)
    assert (policy.beta, policy.epsilon, policy.penalty) == (1.0, 0.0, 1.0)
    assert (UCB().beta, UCB().epsilon) == (1.0, 0.0)
    assert (Thompson().scale, Thompson().epsilon) == (1.0, 0.05)
    assert EpsilonGreedy().epsilon == 0.1
