"""Questions: the closed form of what an answer removes against adapting on made-up answers."""

from dataclasses import replace

import numpy as np
import pytest

import metarec as mr
from metarec.meta.asking import answer_chances


def doubts(person, shown: np.ndarray) -> np.ndarray:
    """Σ_j q_j Var(s_j) and the same of s_j minus the mean score, each by its own variance."""
    heart = person.model.heart
    q = answer_chances(heart, len(person.model.catalogue))[shown]
    q = q / q.sum()
    features = heart.terms.features[shown]
    differences = features - q @ features
    return np.array([q @ person.adapted.posterior.variance(v) for v in (features, differences)])


def share_removed(before, after, shown: np.ndarray) -> float:
    newcomer = doubts(before.model.adapt([]), shown)
    return float(np.mean((doubts(before, shown) - doubts(after, shown)) / newcomer))


def test_the_gain_of_a_question_is_the_share_of_doubt_that_an_answer_removes(
    ratings: mr.MetaRecommender,
):
    person = ratings.adapt([(str(ratings.catalogue.ids[3]), 4.0)])
    asked = person.ask(k=len(ratings.catalogue) - 1)
    item, gain = str(asked.ids[0]), float(asked.scores[0])
    shown = np.arange(len(ratings.catalogue))
    chance = answer_chances(ratings.heart, len(shown))[ratings.catalogue.row_of[item]]
    for answer in (1.0, 5.0):  # the fall does not depend on the answer
        removed = share_removed(person, person.observe(item, answer), shown)
        assert gain == pytest.approx(chance * removed, rel=1e-6)


@pytest.mark.parametrize("weighing", [{}, {"value_weight": "log"}])
def test_the_first_question_is_the_best_of_all_by_brute_force(model: mr.MetaRecommender, weighing):
    config = mr.MetaConfig(**{**vars(model.config), **weighing})
    person = replaced(model, config).adapt([])
    shown = np.arange(len(model.catalogue))
    chances = answer_chances(model.heart, len(shown))
    gains = [
        chance * share_removed(person, person.observe(str(item), 1.0), shown)
        for item, chance in zip(model.catalogue.ids, chances, strict=True)
    ]
    asked = person.ask(k=1)
    assert asked.ids[0] == model.catalogue.ids[np.argmax(gains)]
    assert asked.scores[0] == pytest.approx(max(gains), rel=1e-6)


def replaced(model: mr.MetaRecommender, config: mr.MetaConfig) -> mr.MetaRecommender:
    """The model as if it had been fitted with these settings."""
    other = mr.MetaRecommender(model.encoder, config)
    heart = model.heart
    confidence = replace(heart.confidence, value_weight=config.value_weight)
    changed = {heart.head.name: replace(heart, confidence=confidence)}
    other.__dict__.update(vars(model), hearts=changed, config=config)
    return other


def test_questions_never_repeat_nor_ask_what_is_known(model: mr.MetaRecommender):
    known = str(model.catalogue.ids[0])
    asked = model.adapt([(known, 4.0)]).ask(k=20)
    assert len(set(asked.ids)) == 20
    assert known not in asked.ids


def test_later_questions_take_earlier_ones_into_account(ratings: mr.MetaRecommender):
    # in plain loops: variances of scores and of differences from the mean score, one at a time
    heart, n = ratings.heart, len(ratings.catalogue)
    phi, chances = heart.terms.features[:n], answer_chances(heart, n)
    q = chances / chances.sum()
    center = sum(q[j] * phi[j] for j in range(n))
    C = np.linalg.inv(heart.prior.precision)
    whole = [
        sum(q[j] * v[j] @ C @ v[j] for j in range(n))
        for v in (phi, [phi[j] - center for j in range(n)])
    ]
    expected = []
    for _ in range(4):
        gains = []
        for i in range(n):
            told = C @ phi[i] / np.sqrt(heart.terms.noise[i] + phi[i] @ C @ phi[i])
            scores = sum(q[j] * (phi[j] @ told) ** 2 for j in range(n)) / whole[0]
            order = sum(q[j] * ((phi[j] - center) @ told) ** 2 for j in range(n)) / whole[1]
            asked_before = str(ratings.catalogue.ids[i]) in [item for item, _ in expected]
            gains.append(-1.0 if asked_before else chances[i] * (scores + order) / 2)
        best = int(np.argmax(gains))
        expected.append((str(ratings.catalogue.ids[best]), gains[best]))
        told = C @ phi[best] / np.sqrt(heart.terms.noise[best] + phi[best] @ C @ phi[best])
        C = C - chances[best] * np.outer(told, told)
    asked = ratings.adapt([]).ask(k=4)
    assert list(asked.ids) == [item for item, _ in expected]
    np.testing.assert_allclose(asked.scores, [gain for _, gain in expected])


def test_where_an_answer_is_sure_only_the_candidates_count(ratings: mr.MetaRecommender):
    person = ratings.adapt([])
    few = np.arange(10, 20)
    ids = [str(item) for item in ratings.catalogue.ids[few]]
    removed = [share_removed(person, person.observe(i, 3.0), few) for i in ids]
    asked = person.ask(k=1, candidates=ids, sure=True)
    assert asked.ids[0] == ids[np.argmax(removed)]
    assert asked.scores[0] == pytest.approx(max(removed), rel=1e-6)


def test_sure_answers_may_be_asked_for_one_by_one_or_all_at_once(ratings: mr.MetaRecommender):
    random = np.random.default_rng(0)
    for _ in range(10):
        ids = [str(item) for item in random.choice(ratings.catalogue.ids, 15, replace=False)]
        at_once = ratings.adapt([]).ask(5, candidates=ids, sure=True)
        person = ratings.adapt([])
        for item, gain in zip(at_once.ids, at_once.scores, strict=True):
            asked = person.ask(1, candidates=ids, sure=True)
            assert asked.ids[0] == item
            assert asked.scores[0] == pytest.approx(gain, rel=1e-9)
            person = person.observe(str(item), float(random.integers(1, 6)))


def test_one_candidate_alone_can_be_asked(ratings: mr.MetaRecommender):
    only = str(ratings.catalogue.ids[7])
    asked = ratings.adapt([]).ask(k=3, candidates=[only], sure=True)
    assert list(asked.ids) == [only]
    assert 0 < asked.scores[0] < 0.5  # there are no differences to learn of


def test_what_is_not_known_of_retired_items_does_not_count(ratings: mr.MetaRecommender):
    ids = [str(item) for item in ratings.catalogue.ids]
    person = ratings.retire_items(ids[10:]).adapt([])
    asked = person.ask(k=1)
    item = str(asked.ids[0])
    chance = answer_chances(ratings.heart, len(ids))[ratings.catalogue.row_of[item]]
    removed = share_removed(person, person.observe(item, 3.0), np.arange(10))
    assert asked.scores[0] == pytest.approx(chance * removed, rel=1e-6)
