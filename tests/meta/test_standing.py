"""A learned sum is judged beside each table alone, on people it was not learned on."""

import numpy as np
import pytest

import metarec as mr
from metarec.meta.evidence.standing import DEPTH, Standing, judged_trust, standing_of
from metarec.meta.evidence.trust import Contests, gains_of, the_best_alone
from metarec.meta.summary import summary_of

PEOPLE, RIVALS = 200, 30


def planted(strengths: list[float], seed: int = 0) -> tuple[Contests, np.ndarray]:
    """Two queries a person; table t places the target `strengths[t]` above its rivals."""
    rng = np.random.default_rng(seed)
    n = 2 * PEOPLE
    query = np.repeat(np.arange(n), RIVALS)
    margins = rng.normal(-np.array(strengths), 1.0, (n * RIVALS, len(strengths)))
    names = tuple(f"t{i}" for i in range(len(strengths)))
    return Contests(names, margins, query, n), np.repeat(np.arange(PEOPLE), 2)


def test_two_tables_that_each_know_something_are_ahead_of_both():
    contests, person = planted([1.0, 1.0])
    found = standing_of(contests, person, np.random.default_rng(0))
    assert found.people == PEOPLE
    assert found.low > 0
    assert found.own - found.alone == pytest.approx((found.low + found.high) / 2, abs=0.02)
    assert found.share > 0


def test_the_row_is_the_table_whose_lists_are_best_alone():
    contests, person = planted([0.2, 1.5, 0.0])
    found = standing_of(contests, person, np.random.default_rng(0))
    assert found.row == "t1"
    alone = gains_of(contests, np.array([0.0, 1.0, 0.0]), DEPTH)
    each = np.bincount(person, alone) / 2
    assert found.alone == pytest.approx(each.mean())
    assert (the_best_alone(contests) > 0).tolist() == [False, True, False]


@pytest.mark.parametrize(("learned", "share"), [([0.0, 9.0], 0.0), ([2.0, 0.0], 1.0)])
def test_weights_that_follow_chance_give_way_to_the_best_table_alone(
    monkeypatch, learned: list[float], share: float
):
    contests, person = planted([2.0, -2.0])
    monkeypatch.setattr(
        "metarec.meta.evidence.standing.learn_trust", lambda contests: np.array(learned)
    )
    found = standing_of(contests, person, np.random.default_rng(0))
    assert found.share == share
    assert found.own == found.alone


def test_trust_is_judged_on_people_it_was_not_learned_on(monkeypatch):
    contests, person = planted([1.0, 0.0])
    seen: list[int] = []

    def learned(part: Contests) -> np.ndarray:
        seen.append(part.n_queries)
        return np.array([1.0, 0.0])

    monkeypatch.setattr("metarec.meta.evidence.standing.learn_trust", learned)
    found = standing_of(contests, person, np.random.default_rng(0))
    assert seen == [PEOPLE, PEOPLE]  # two queries of half of the people
    assert found.own == found.alone


def test_ties_are_half_a_place_and_what_is_too_deep_gains_nothing():
    margins, query = np.array([[0.0], [-1.0], [1.0], [1.0]]), np.array([0, 0, 1, 1])
    contests = Contests(("t",), margins, query, 2)
    one = np.array([1.0])
    assert gains_of(contests, one).tolist() == pytest.approx([1 / np.log2(2.5), 1 / np.log2(4)])
    assert gains_of(contests, one, 2).tolist() == pytest.approx([1 / np.log2(2.5), 0.0])


def test_chosen_queries_keep_their_rivals():
    contests, _ = planted([1.0, 0.0])
    chosen = np.zeros(contests.n_queries, dtype=bool)
    chosen[[3, 7]] = True
    part = contests.some(chosen)
    assert part.n_queries == 2
    assert part.query.tolist() == [0] * RIVALS + [1] * RIVALS
    np.testing.assert_array_equal(part.margins[RIVALS:], contests.margins[contests.query == 7])


def test_a_fit_says_how_good_its_lists_are_and_what_carries_them(both: mr.MetaRecommender):
    told = {"standing": vars(Standing(9, 0.25, "next", 0.2, 0.01, 0.09, 0.5))}
    told["trust"] = {"taste": 1.0, "next": 3.0, "alike": 0.001}
    alone = summary_of(told)
    assert alone == [
        'lists: NDCG@10 0.250 on 9 held-out people, ahead of the best table alone ("next", 0.200) '
        "by 0.050 [+0.010, +0.090]",
        "carried by: next 75%, taste 25%",
    ]
    rated = summary_of({"choice": told, "valid_loss": 0.7, "rating_weight": 0.5})
    assert rated[:2] == alone
    assert "0.700 on held-out people" in rated[2]
    assert both.summary[-1].startswith("ratings: mean absolute error")
    assert summary_of({"steps": 3}) == []


def test_what_another_shop_knows_is_left_only_for_what_is_proven():
    contests, person = planted([1.0, 1.0])
    known = np.array([1.0, 0.0])
    learned, standing = judged_trust(contests, person, np.random.default_rng(0), known)
    assert standing.share > 0  # both tables are ahead of the one
    assert learned[1] > 0
    contests, person = planted([1.0, 0.0])  # the other table says nothing
    kept, standing = judged_trust(contests, person, np.random.default_rng(0), known * 2)
    assert standing.share == 0
    np.testing.assert_array_equal(kept, known * 2)
    assert standing.own == pytest.approx(standing.alone)
