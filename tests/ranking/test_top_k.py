"""The best k by a loop over a sorted list, ties and gaps included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from metarec.contracts import Vocabulary
from metarec.ranking.ties import tie_keys, ties_of
from metarec.ranking.top_k import best_rows, top_k

SCORES = st.sampled_from([0.0, 1.0, 1.5, -2.0, np.nan, -np.inf, np.inf])


def by_sorting(scores: list[float], k: int, ties: list[int]) -> list[int]:
    shown = [i for i, s in enumerate(scores) if not np.isnan(s) and s != -np.inf]
    best = sorted(shown, key=lambda i: (-scores[i], ties[i]))[:k]
    return best + [-1] * (k - len(best))


@given(arrays.arrays(float, st.tuples(st.integers(0, 3), st.integers(0, 12)), elements=SCORES),
       st.integers(1, 6), st.randoms(use_true_random=False))  # fmt: skip
def test_the_best_are_those_of_a_sorted_list(scores, k, random):
    ties = list(range(scores.shape[1]))
    random.shuffle(ties)
    found = top_k(scores, k, np.array(ties, dtype=np.int64))
    assert found.shape == (len(scores), k)
    assert found.tolist() == [by_sorting(row, k, ties) for row in scores.tolist()]


def test_many_equals_at_the_border_leave_better_ones_alone():
    scores = np.array([[1.0] * 9 + [2.0], [1.0] * 10])
    ties = np.arange(10)[::-1].copy()
    assert top_k(scores, 3, ties).tolist() == [[9, 8, 7], [9, 8, 7]]


def test_nothing_to_rank_is_an_empty_list():
    assert top_k(np.zeros((2, 0)), 3, np.zeros(0, dtype=np.int64)).tolist() == [[-1] * 3] * 2
    assert top_k(np.zeros((0, 4)), 3, np.arange(4)).shape == (0, 3)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        top_k(np.zeros((1, 1)), 0, np.arange(1))


def test_allowed_rows_compete_among_themselves():
    scores, ties = np.array([[5.0, 1.0, 3.0, 3.0]]), np.array([0, 1, 3, 2])
    assert best_rows(scores, 3, np.array([1, 2, 3]), ties).tolist() == [[3, 2, 1]]
    assert best_rows(scores, 2, np.array([1]), ties).tolist() == [[1, -1]]
    assert best_rows(scores, 2, np.zeros(0, dtype=np.int64), ties).tolist() == [[-1, -1]]
    assert best_rows(scores, 2, np.arange(4), ties).tolist() == [[0, 3]]


def test_the_order_of_ties_is_made_once_and_follows_from_the_ids():
    vocabulary = Vocabulary.of(["a", "b", "c", "d", "e"])
    assert ties_of(vocabulary) is ties_of(vocabulary)
    keys = dict(zip(vocabulary.ids, tie_keys(vocabulary.ids), strict=True))
    assert list(keys.values()) == [1, 3, 4, 0, 2]  # as every table that was ever published had it
    fewer = Vocabulary.of(["e", "a", "c"])
    ranked = [i for _, i in sorted(zip(ties_of(fewer), fewer.ids, strict=True))]
    assert ranked == [i for i in sorted(keys, key=keys.__getitem__) if i in "eac"]
    assert tie_keys(vocabulary.ids, 1).tolist() != tie_keys(vocabulary.ids).tolist()


def test_of_a_long_row_the_same_are_best(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 40, (4, 2000)).astype(float)
    scores[0, ::2] = np.nan
    scores[1, :1990] = np.nan
    scores[2, 7:] = -np.inf
    scores[3] = 1.0
    ties = rng.permutation(2000)
    for stretch, k in ((256, 3), (64, 3), (10, 20), (7, 35)):
        monkeypatch.setattr("metarec.ranking.top_k.STRETCH", stretch)
        monkeypatch.setattr("metarec.ranking.top_k.LEAST_STRETCHES", 2)
        found = top_k(scores, k, ties)
        assert found.tolist() == [by_sorting(row, k, ties.tolist()) for row in scores.tolist()]


@pytest.mark.parametrize("n_allowed", [100, 900])
def test_equals_among_some_of_the_catalogue_are_not_lost(n_allowed: int):
    rng = np.random.default_rng(1)
    ties = rng.permutation(1000)
    allowed = np.sort(rng.permutation(1000)[:n_allowed])
    scores = np.where(np.arange(1000) % 3, 0.0, 1.0)
    expected = [row for row in np.argsort(ties) if row in allowed and row % 3 == 0][:5]
    assert best_rows(scores[None], 5, allowed, ties).tolist() == [expected]
