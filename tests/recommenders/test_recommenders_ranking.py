"""From scores to lists: exclusion, ties, and histories from outside."""

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from metarec.contracts import Catalogue, DataError, Histories, UnknownItemWarning, vocabulary_of
from metarec.contracts.alignment import align
from metarec.ranking.candidates import candidate_rows, checked_flag, list_length
from metarec.ranking.ties import tie_keys
from metarec.ranking.top_k import top_k
from metarec.recommenders.interactions import event_weights, history_matrix

FEW_LEVELS = st.sampled_from([0.0, 1.0, 2.0, -np.inf, np.nan])


def test_the_best_come_first_and_nan_never() -> None:
    scores = np.array([[0.1, np.nan, 0.9, 0.5], [np.nan, -np.inf, np.nan, np.nan]])
    assert top_k(scores, 3, np.arange(4)).tolist() == [[2, 3, 0], [-1, -1, -1]]


def test_ties_go_to_the_smaller_key_also_across_the_last_place() -> None:
    assert top_k(np.ones((1, 4)), 2, np.array([3, 1, 0, 2])).tolist() == [[2, 1]]


@given(
    arrays(float, st.tuples(st.integers(0, 4), st.integers(0, 40)), elements=FEW_LEVELS), st.data()
)
def test_top_k_equals_sorting_everything(scores: np.ndarray, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, 45))
    ties = np.array(data.draw(st.permutations(range(scores.shape[1]))), dtype=np.int64)
    for row, found in zip(scores, top_k(scores, k, ties), strict=True):
        usable = [i for i in range(len(row)) if row[i] > -np.inf]
        ranked = sorted(usable, key=lambda i: (-row[i], ties[i]))[:k]
        assert found.tolist() == ranked + [-1] * (k - len(ranked))


def test_a_constant_scorer_ranks_like_chance() -> None:
    ids = vocabulary_of(str(i) for i in range(1000))
    first = top_k(np.zeros((1, 1000)), 100, tie_keys(ids))[0]
    # uniform places: mean 499.5, standard error of the mean of 100 about 29
    assert abs(first.mean() - 499.5) < 90
    assert abs(np.corrcoef(tie_keys(ids), np.arange(1000))[0, 1]) < 0.1


def test_tie_order_follows_the_ids_and_not_their_places() -> None:
    ids = vocabulary_of("abcdef")
    moved = vocabulary_of("fxbdayce")
    order = list(ids[np.argsort(tie_keys(ids))])
    assert [i for i in moved[np.argsort(tie_keys(moved))] if i in ids] == order


def test_the_seed_changes_the_tie_order() -> None:
    ids = vocabulary_of(str(i) for i in range(50))
    assert not np.array_equal(tie_keys(ids, 0), tie_keys(ids, 1))


CATALOGUE = Catalogue.of(pl.DataFrame({"item_id": list("abcd")})).retire(["d"])


def test_align_leaves_unknown_events_out_and_keeps_the_rest_in_order() -> None:
    with pytest.warns(UnknownItemWarning, match="2 events about 2 items .* x, y"):
        aligned = align([["b", "x", "a"], ["y"], ["c", "b"]], CATALOGUE)
    assert aligned.items.tolist() == [1, 0, 2, 1]
    assert aligned.offsets.tolist() == [0, 2, 2, 4]


def test_align_can_be_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert align([["x"]], CATALOGUE, warn=False).lengths.tolist() == [0]


def test_align_copes_with_people_without_events() -> None:
    assert align([[], []], CATALOGUE).offsets.tolist() == [0, 0, 0]
    assert align([], CATALOGUE).offsets.tolist() == [0]


def test_candidates_are_offered_known_and_counted_once() -> None:
    assert candidate_rows(None, CATALOGUE).tolist() == [0, 1, 2]
    assert candidate_rows(["c", "a", "c", "d"], CATALOGUE).tolist() == [0, 2]
    with pytest.warns(UnknownItemWarning, match="2 of 3 candidates .* the first is 'zz'"):
        assert candidate_rows(["zz", "a", "y"], CATALOGUE).tolist() == [0]
    for array in (np.array(["c", "a"]), pl.Series(["c", "a"]), ("c", "a"), CATALOGUE.ids[[2, 0]]):
        assert candidate_rows(array, CATALOGUE).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ("abc", "sequence of item ids, such as a list, got one string 'abc'"),
        ({"a": 1}, "sequence of item ids, such as a list, got dict"),
        (iter("a"), "got str_ascii_iterator|got str_iterator"),
        (["a", ["b"]], r"hold item ids, which are strings, got \['b'\] at place 1"),
        ([1], "hold item ids, which are strings, got 1 at place 0"),
        (np.array([["a"]]), "hold item ids, which are strings"),
        (5, "got int"),
    ],
)
def test_candidates_are_a_sequence_of_strings(ids: object, told: str) -> None:
    with pytest.raises(DataError, match=told):
        candidate_rows(ids, CATALOGUE)  # type: ignore[arg-type]


def test_a_retired_item_does_not_come_back_with_items_that_are_added() -> None:
    wider = CATALOGUE.append(pl.DataFrame({"item_id": ["e"]}))
    assert candidate_rows(None, wider).tolist() == [0, 1, 2, 4]
    assert candidate_rows(["d", "e"], wider).tolist() == [4]


def test_a_flag_is_true_or_false_and_nothing_else() -> None:
    assert checked_flag("f", np.True_) is True
    assert checked_flag("f", False) is False
    for value in ("buy", "", 1, 0, None, ["buy"]):
        with pytest.raises(DataError, match="f must be True or False, got"):
            checked_flag("f", value)


def test_a_list_is_as_long_as_asked_or_as_the_catalogue() -> None:
    assert [list_length(k, CATALOGUE) for k in (1, 4, 5, 10**30, np.int64(2))] == [1, 4, 4, 4, 2]
    with pytest.raises(DataError, match="k must be at least 1, got 0"):
        list_length(0, CATALOGUE)
    assert list_length(3, Catalogue.of(pl.DataFrame({"item_id": []}))) == 1


def test_the_newest_event_of_an_item_counts_once() -> None:
    histories = align([["a", "b", "a"], [], ["c"]], CATALOGUE)
    # ages 2, 1, 0: the older a is replaced by the newer
    np.testing.assert_allclose(event_weights(histories, 0.5), [0, 0.5, 1, 1])
    dense = history_matrix(histories, 0.5).toarray()
    np.testing.assert_allclose(dense, [[1, 0.5, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])


def test_without_recency_a_history_is_a_set() -> None:
    histories = align([["a", "b", "a"]], CATALOGUE)
    assert history_matrix(histories).toarray().tolist() == [[1, 1, 0, 0]]


def test_events_too_old_to_matter_weigh_nothing() -> None:
    histories = Histories.of([[str(i) for i in range(40)]])
    weights = event_weights(histories, 0.5)
    assert (weights > 0).sum() == 20  # 2 ** -19 is the last above a millionth
    assert weights[-1] == 1
