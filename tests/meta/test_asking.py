"""Questions: the closed form of the expected fall against adapting on made-up answers."""

import numpy as np
import pytest

import metarec as mr
from metarec.meta.asking import answer_chances


def shown_variance(model: mr.MetaRecommender, person) -> float:
    """Σ_j q_j Var(φ_jᵀw), straight from each item's variance."""
    n = len(model.catalogue)
    q = answer_chances(model.heart, n)
    return float(q @ person.posterior.variance(model.heart.features[:n]) / q.sum())


def test_the_gain_of_a_question_is_the_fall_of_variance_that_an_answer_brings(
    ratings: mr.MetaRecommender,
):
    person = ratings.adapt([(str(ratings.catalogue.ids[3]), 4.0)])
    asked = person.ask(k=len(ratings.catalogue) - 1)
    item, gain = str(asked.ids[0]), float(asked.scores[0])
    chance = answer_chances(ratings.heart, len(ratings.catalogue))[ratings.catalogue.row_of[item]]
    for answer in (1.0, 5.0):  # the fall does not depend on the answer
        after = person.observe(item, answer)
        fall = shown_variance(ratings, person) - shown_variance(ratings, after)
        assert gain == pytest.approx(chance * fall, rel=1e-6)


def test_the_first_question_is_the_best_of_all_by_brute_force(ratings: mr.MetaRecommender):
    person = ratings.adapt([])
    before = shown_variance(ratings, person)
    gains = {}
    for item in map(str, ratings.catalogue.ids):
        chance = answer_chances(ratings.heart, len(ratings.catalogue))[
            ratings.catalogue.row_of[item]
        ]
        gains[item] = chance * (before - shown_variance(ratings, person.observe(item, 3.0)))
    assert person.ask(k=1).ids[0] == max(gains, key=gains.get)


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


def test_where_an_answer_is_sure_only_the_fall_counts(ratings: mr.MetaRecommender):
    person = ratings.adapt([])
    before = shown_variance(ratings, person)
    few = [str(item) for item in ratings.catalogue.ids[10:20]]
    falls = {i: before - shown_variance(ratings, person.observe(i, 3.0)) for i in few}
    asked = person.ask(k=1, candidates=few, sure=True)
    assert asked.ids[0] == max(falls, key=falls.get)
    assert asked.scores[0] == pytest.approx(max(falls.values()), rel=1e-6)
