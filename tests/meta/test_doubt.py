"""How sure a choice is: learned of the served sum, or not known, and said."""

from copy import copy
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax, polygamma

import metarec as mr
from metarec.data import Split, split_cold
from metarec.data.synthetic.truth import Truth
from metarec.meta import doubt
from metarec.meta.doubt import Taken, draws, pairs
from metarec.meta.heads import ChoiceHead
from metarec.meta.summary import summary_of

RNG = np.random.default_rng(1)
FEATURES = RNG.normal(size=(6, 2))


def person(seed: int, rows: tuple[int, ...] = (0, 1, 3, 4, 5)) -> Taken:
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(np.cov(rng.normal(size=(2, 9))))
    return Taken(np.array(rows), rng.normal(size=len(rows)), np.array([0, 2, 3]), root)


def test_all_that_a_person_took_is_explained_by_one_draw_of_taste(monkeypatch):
    monkeypatch.setattr(draws, "DRAWS", 6)
    one = person(2)
    table = draws.log_likelihoods(one, FEATURES, np.random.default_rng(7))
    noise = np.random.default_rng(7).standard_normal((2, draws.DRAWS // 2))
    for row, temperature in enumerate(draws.TEMPERATURES):
        for column, scale in enumerate(draws.scales()):
            each = []
            for eps in [*noise.T, *-noise.T]:
                moved = FEATURES[one.rows] @ (one.root @ eps)
                log_p = log_softmax(temperature * one.logits + scale * moved)
                each.append(np.exp(log_p[one.places].sum()))
            assert table[row, column] == pytest.approx(np.log(np.mean(each)), abs=1e-9)


@pytest.mark.parametrize("true", [0.16, 0.64])
def test_the_spread_that_people_were_drawn_with_is_found(true: float):
    rng = np.random.default_rng(0)
    features, people = rng.normal(size=(120, 3)), []
    for _ in range(150):
        logits = rng.normal(size=120)
        tastes = logits + true * features @ (2 * rng.normal(size=3))
        took = np.argsort(-(tastes + rng.gumbel(size=120)))[:6]
        people.append(Taken(np.arange(120), logits, np.sort(took), 2 * np.eye(3)))
    found = doubt.draw_scale(people, features, rng)
    assert abs(np.log2(found / true)) <= 0.75


def test_pairs_on_alike_items_are_counted_beside_those_expected():
    directions = np.eye(6)[[0, 0, 1, 1, 2, 2]]
    one = Taken(
        np.arange(6), np.log([1.0, 2.0, 3.0, 4.0, 5.0, 5.0]), np.array([0, 1, 2]), np.eye(2)
    )
    ((seen, expected),) = pairs._pairs(directions, [one], 1)
    assert seen == 2  # 0 beside 1, and 1 beside 0
    assert expected == pytest.approx(2 * (0.1 / 0.95 + 0.05 / 0.9 + 0.2 / 0.85))


def test_an_error_that_all_share_is_seen_where_two_people_take_one_item():
    alike = [replace(person(2), logits=np.zeros(5), places=np.array([0, 1, 2])) for _ in range(3)]
    # 3 items of 6 ordered pairs of people; expected 6 pairs · 5 items · (3/5)²
    assert pairs.shared_variance([alike], 6) == pytest.approx(np.log(18 / 10.8))
    apart = [replace(alike[0], places=np.array([at])) for at in (0, 1, 2)]
    assert pairs.shared_variance([apart], 6) == 0.0


def test_what_is_beyond_taste_is_a_variance_of_the_logarithm_of_a_gamma(monkeypatch):
    monkeypatch.setattr(pairs, "_excess", lambda people, content, read: 0.5 if read else 0.2)
    assert pairs.own_variance([], np.zeros((6, 1))) == pytest.approx(polygamma(1, 2.0))
    monkeypatch.setattr(pairs, "_excess", lambda people, content, read: float("nan"))
    assert np.isnan(pairs.own_variance([], np.zeros((6, 1))))


def test_the_nearest_of_an_item_are_others_than_itself():
    near = pairs.nearest(np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]), np.array([0, 2]), 1)
    assert near.tolist() == [[1], [1]]


def test_a_choice_is_as_unsure_as_taste_and_what_lies_beyond_it():
    head = ChoiceHead(kappa=3.0, variance_factor=0.25, other_variance=7.0)
    std, _ = head.stds(np.array([4.0, 0.0]), None, np.array([0, 1]))  # type: ignore[arg-type]
    np.testing.assert_allclose(std, [4.0, 7.0**0.5])


@pytest.fixture(scope="module")
def served(implicit: mr.MetaRecommender) -> mr.MetaRecommender:
    """A model whose logits are unsure by taste, and by a half beyond it."""
    heart = implicit.heart
    assert isinstance(heart.head, ChoiceHead)
    head = replace(heart.head, variance_factor=0.04, other_variance=0.5)
    model = copy(implicit)
    model.hearts = {"implicit": replace(heart, head=head)}
    return model


def test_people_are_as_unsure_together_as_one_by_one(served: mr.MetaRecommender):
    ids = served.catalogue.ids
    people = [[ids[0]], [ids[3], ids[4]], []]
    found = served.recommend(people, k=5)
    assert (found.stds > 0.5**0.5).all()
    for row, events in enumerate(people):  # together as one by one
        alone = served.adapt(events).recommend(k=5)
        assert list(alone.ids) == list(served.catalogue.ids[found.items[row]])
        np.testing.assert_allclose(alone.stds, found.stds[row], rtol=1e-9)


def test_a_saved_model_is_as_unsure(served: mr.MetaRecommender, tmp_path):
    served.save(tmp_path / "m")
    loaded = mr.load_model(tmp_path / "m")
    np.testing.assert_array_equal(
        loaded.recommend([[]], k=3).stds, served.recommend([[]], k=3).stds
    )


def test_too_few_people_tell_nothing_and_the_fit_says_so(
    implicit_split: Split, monkeypatch: pytest.MonkeyPatch
):
    config = mr.MetaConfig(d=3, steps=0, evidence=False)
    model, least = mr.MetaRecommender(mr.HashEncoder(d=8), config), 1
    for known in (True, False):
        monkeypatch.setattr("metarec.meta.doubt.learning.LEAST_PEOPLE", least)
        fitted = model.fit(implicit_split.train)
        assert np.isfinite(fitted.recommend([[]], k=3).stds).all() == known
        said = [line for line in fitted.summary if line.startswith("how sure lists are")]
        assert len(said) == (0 if known else 1)
        least = 1000


def test_of_a_model_of_ratings_nothing_is_said_of_how_sure_its_choice_is():
    unknown = {"variance_factor": float("nan"), "other_variance": float("nan"), "doubt_people": 3}
    assert len(summary_of(unknown)) == 1
    assert summary_of({"choice": unknown}) == []


@pytest.mark.slow
@pytest.mark.parametrize("evidence", [True, False])
def test_intervals_of_the_best_items_hold_the_truth_of_a_planted_shop(evidence: bool):
    """Each person's logits less their mean over the 50, as a softmax tells no level."""
    shop = mr.generate(users=1000, items=300, kind="implicit", rng=3)
    split = split_cold(shop.dataset, rng=0)
    model = mr.MetaRecommender(mr.HashEncoder(d=64), mr.MetaConfig(steps=0, evidence=evidence))
    model = model.fit(split.train, split.valid)
    people = np.arange(0, 1000, 10)
    served = model.recommend(shop.dataset.histories.take(people), k=50, exclude_seen=False)
    truth = true_logits(shop.truth, people)
    told = served.scores - served.scores.mean(axis=1, keepdims=True)
    true = np.take_along_axis(truth, served.items, axis=1)
    true -= true.mean(axis=1, keepdims=True)
    held = np.mean(np.abs(told - true) <= 1.645 * served.stds)
    assert 0.75 <= held <= 0.97


def true_logits(truth: Truth, people: np.ndarray) -> np.ndarray:
    """The log of the chance of each item at the end: taken from slates of four."""
    rng, appeal = np.random.default_rng(0), truth.items.appeal / truth.items.appeal.sum()
    worth = np.exp(3 * truth(people[:, None], np.arange(truth.n_items)))
    others = rng.choice(truth.n_items, (200, 3), p=appeal)
    rivals = worth[:, others].sum(axis=2)
    taken = [
        (own[:, None] / (own[:, None] + at)).mean(axis=1)
        for own, at in zip(worth, rivals, strict=True)
    ]
    return np.log(appeal * np.array(taken))
