"""What a caller wants of a list is read once, and means the same for every model."""

import warnings
from inspect import currentframe, getframeinfo

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Catalogue, DataError, UnknownItemWarning
from metarec.contracts.alignment import align
from metarec.ranking import Wanted

CATALOGUE = Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c", "d"]}))
NOBODY = align([[]], CATALOGUE)


def test_seen_items_go_unless_they_are_wanted():
    scores = np.array([[4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0]])
    people = align([["a"], ["d", "c"]], CATALOGUE)
    lists, missing = Wanted.of(2, {}, CATALOGUE).best(scores.copy(), people)
    assert lists.tolist() == [[1, 2], [1, 0]]
    assert missing is None
    lists, _ = Wanted.of(2, {"exclude_seen": False}, CATALOGUE).best(scores.copy(), people)
    assert lists.tolist() == [[0, 1], [3, 2]]


def test_only_candidates_compete_and_there_may_be_too_few():
    wanted = Wanted.of(3, {"candidates": ["d", "b"]}, CATALOGUE)
    lists, missing = wanted.best(np.array([[9.0, 1.0, 8.0, 2.0]]), NOBODY)
    assert lists.tolist() == [[3, 1, -1]]
    assert missing is not None
    assert missing.tolist() == [[0, 2, 0, 0, 0, 0, 0, 0]]
    gone = Wanted.of(2, {}, CATALOGUE.retire(["a"]))
    assert gone.best(np.array([[9.0, 1.0, 8.0, 2.0]]), NOBODY)[0].tolist() == [[2, 3]]


def test_a_word_that_no_list_knows_is_refused():
    told = r"does not know \['a', 'z'\]; it takes k and \['at_most"
    with pytest.raises(DataError, match=told):
        Wanted.of(2, {"z": 1, "a": 2}, CATALOGUE)  # type: ignore[typeddict-unknown-key]


def test_a_warning_of_unknown_candidates_points_at_the_caller():
    shop = mr.generate(users=30, items=20, kind="implicit", rng=0).dataset
    model = mr.MetaRecommender(mr.HashEncoder(d=4), mr.MetaConfig(d=2, steps=1)).fit(shop)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        frame = currentframe()
        assert frame is not None
        model.recommend([[]], 2, candidates=["nothing"])
        line = getframeinfo(frame).lineno - 1
    (warning,) = [w for w in told if w.category is UnknownItemWarning]
    assert (warning.filename, warning.lineno) == (__file__, line)
