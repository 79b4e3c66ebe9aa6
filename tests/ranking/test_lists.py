"""From scores to lists: what is told of an item is told of that item, in every part of a batch."""

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, Histories, Recommendations, UnknownItemWarning
from metarec.ranking import Wanted
from metarec.ranking.lists import Scored, best_lists, given_lists

IDS = ["a", "b", "c", "d"]
CATALOGUE = Catalogue.of(pl.DataFrame({"item_id": IDS}))
HISTORIES = Histories.of([IDS, ["b"], ["c"], ["a"]]).take(slice(1, 4))
SCORES = np.array([[1.0, 2, 3, np.nan], [4, 3, 2, 1], [np.nan, 5, 7, 6]])
CHUNKS = [slice(0, 2), slice(2, 3)]


def scored(histories: Histories, *, rated: bool) -> Scored:
    """Shown is half of a score; a std is a hundred times and a rating ten times its item's row."""
    scores = SCORES[[["b", "c", "a"].index(IDS[item]) for item in histories.items]]
    return Scored(
        scores.copy(),
        lambda some: some / 2,
        lambda rows: 100.0 * rows,
        (lambda rows: 10.0 * rows) if rated else None,
    )


def told(found: Recommendations, person: int) -> list[tuple]:
    """Item, score, std and rating in each place, None where there is none."""
    one, rows = found[person], []
    ratings = np.full(len(one.ids), np.nan) if one.ratings is None else one.ratings
    for row in zip(one.ids, one.scores, one.stds, ratings, strict=True):
        rows.append(tuple(None if value != value else value for value in row))
    return rows


@pytest.mark.parametrize("rated", [False, True])
def test_all_that_is_named_is_told_of_each_person_and_what_is_unknown_stands_last(rated: bool):
    with pytest.warns(UnknownItemWarning):
        found = given_lists(
            ["c", "x", "d", "a"],
            CATALOGUE,
            HISTORIES,
            CHUNKS,
            lambda histories: scored(histories, rated=rated),
        )
    rating = {item: 10.0 * row if rated else None for row, item in enumerate(IDS)}
    assert told(found, 0) == [
        ("c", 1.5, 200, rating["c"]),
        ("a", 0.5, 0, rating["a"]),
        ("x", None, None, None),
        ("d", None, 300, rating["d"]),
    ]
    assert [row[:3] for row in told(found, 1)] == [
        ("a", 2.0, 0), ("c", 1.0, 200), ("d", 0.5, 300), ("x", None, None)
    ]  # fmt: skip
    assert [row[:3] for row in told(found, 2)] == [
        ("c", 3.5, 200), ("d", 3.0, 300), ("x", None, None), ("a", None, 0)
    ]  # fmt: skip
    assert (found.ratings is not None) == rated


@pytest.mark.parametrize("rated", [False, True])
def test_the_best_are_told_with_their_own_scores_stds_and_ratings(rated: bool):
    wanted = Wanted.of(3, {}, CATALOGUE)
    found = best_lists(
        wanted, CATALOGUE, HISTORIES, CHUNKS, lambda histories: scored(histories, rated=rated)
    )
    rating = {item: 10.0 * row if rated else None for row, item in enumerate(IDS)}
    assert told(found, 0) == [("c", 1.5, 200, rating["c"]), ("a", 0.5, 0, rating["a"])]
    assert [row[:2] for row in told(found, 1)] == [("a", 2.0), ("b", 1.5), ("d", 0.5)]
    assert told(found, 2) == [
        ("c", 3.5, 200, rating["c"]), ("d", 3.0, 300, rating["d"]), ("b", 2.5, 100, rating["b"])
    ]  # fmt: skip
    assert found[0].why_short == "2 of 3 places; of 4 items: 1 seen, 1 without a score"
    assert found[1].why_short == found[2].why_short == ""
    assert (found.ratings is not None) == rated


def test_of_nobody_there_are_no_lists():
    nobody = HISTORIES.take(slice(0))
    best = best_lists(Wanted.of(3, {}, CATALOGUE), CATALOGUE, nobody, [], pytest.fail)
    given = given_lists(["a", "b"], CATALOGUE, nobody, [], pytest.fail)
    assert (best.items.shape, given.items.shape) == ((0, 3), (0, 2))
    assert best.ratings is given.ratings is None
