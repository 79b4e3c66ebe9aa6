"""Questions: the closed form of the expected fall against adapting on made-up answers."""

import numpy as np
import pytest

import metarec as mr
from metarec.meta.asking import answer_chances


def doubts(model: mr.MetaRecommender, person, shown: np.ndarray) -> np.ndarray:
    """Σ_j q_j Var(s_j) and the same of s_j minus the mean score, each by its own variance."""
    q = answer_chances(model.heart, len(model.catalogue))[shown]
    q = q / q.sum()
    features = model.heart.features[shown]
    differences = features - q @ features
    return np.array([q @ person.posterior.variance(v) for v in (features, differences)])


def share_removed(model: mr.MetaRecommender, before, after, shown: np.ndarray) -> float:
    then = doubts(model, before, shown)
    return float(np.mean(1 - doubts(model, after, shown) / then))


def test_the_gain_of_a_question_is_the_share_of_doubt_that_an_answer_removes(
    ratings: mr.MetaRecommender,
):
    person = ratings.adapt([(str(ratings.catalogue.ids[3]), 4.0)])
    asked = person.ask(k=len(ratings.catalogue) - 1)
    item, gain = str(asked.ids[0]), float(asked.scores[0])
    shown = np.arange(len(ratings.catalogue))
    chance = answer_chances(ratings.heart, len(shown))[ratings.catalogue.row_of[item]]
    for answer in (1.0, 5.0):  # the fall does not depend on the answer
        removed = share_removed(ratings, person, person.observe(item, answer), shown)
        assert gain == pytest.approx(chance * removed, rel=1e-6)


def test_the_first_question_is_the_best_of_all_by_brute_force(ratings: mr.MetaRecommender):
    person = ratings.adapt([])
    shown = np.arange(len(ratings.catalogue))
    chances = answer_chances(ratings.heart, len(shown))
    gains = [
        chance * share_removed(ratings, person, person.observe(str(item), 3.0), shown)
        for item, chance in zip(ratings.catalogue.ids, chances, strict=True)
    ]
    assert person.ask(k=1).ids[0] == ratings.catalogue.ids[np.argmax(gains)]


def test_questions_never_repeat_nor_ask_what_is_known(model: mr.MetaRecommender):
    known = str(model.catalogue.ids[0])
    asked = model.adapt([(known, 4.0)]).ask(k=20)
    assert len(set(asked.ids)) == 20
    assert known not in asked.ids


def test_later_questions_take_earlier_ones_into_account(ratings: mr.MetaRecommender):
    # Asked alone, each question would be ranked by its own gain; greedy gains can only be smaller
    # than those, since an earlier answer has told part of it.
    alone = ratings.adapt([]).ask(k=1).scores[0]
    gains = ratings.adapt([]).ask(k=10).scores
    assert gains[0] == pytest.approx(alone)
    assert (np.diff(gains) <= 1e-12).all()


def test_where_an_answer_is_sure_only_the_candidates_count(ratings: mr.MetaRecommender):
    person = ratings.adapt([])
    few = np.arange(10, 20)
    ids = [str(item) for item in ratings.catalogue.ids[few]]
    removed = [share_removed(ratings, person, person.observe(i, 3.0), few) for i in ids]
    asked = person.ask(k=1, candidates=ids, sure=True)
    assert asked.ids[0] == ids[np.argmax(removed)]
    assert asked.scores[0] == pytest.approx(max(removed), rel=1e-6)


def test_one_candidate_alone_can_be_asked(ratings: mr.MetaRecommender):
    only = str(ratings.catalogue.ids[7])
    asked = ratings.adapt([]).ask(k=3, candidates=[only], sure=True)
    assert list(asked.ids) == [only]
    assert 0 < asked.scores[0] < 0.5  # there are no differences to learn of


def test_what_is_not_known_of_retired_items_does_not_count(ratings: mr.MetaRecommender):
    ids = [str(item) for item in ratings.catalogue.ids]
    narrower = ratings.retire_items(ids[10:])
    person = narrower.adapt([])
    asked = person.ask(k=1)
    item = str(asked.ids[0])
    after = person.observe(item, 3.0)
    chance = answer_chances(narrower.heart, len(ids))[narrower.catalogue.row_of[item]]
    removed = share_removed(narrower, person, after, np.arange(10))
    assert asked.scores[0] == pytest.approx(chance * removed, rel=1e-6)
