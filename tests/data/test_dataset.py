"""A dataset made by hand is checked as strictly as one that is read."""

import copy
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError, Dataset, vocabulary_of
from metarec.data import generate

GOOD: dict[str, Any] = {
    "user": [0, 0, 1],
    "item": [0, 2, 1],
    "value": [3.0, 4.0, 5.0],
    "timestamp": [10, 20, 30],
    "event": ["view", None, "buy"],
}


def shop(**changes: Any) -> Dataset:
    """Two users, three items and three events, with `changes` to the arguments."""
    arguments = {
        "name": "hand",
        "feedback": "rating",
        "clock": "unix",
        "catalogue": Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c"]})),
        "user_ids": vocabulary_of(["u", "v"]),
        "interactions": pl.DataFrame(GOOD),
        "users": pl.DataFrame({"age": [3, None]}),
    } | changes
    return Dataset(**arguments)


def with_column(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame(GOOD | columns, strict=False)


def test_a_sound_dataset_is_taken() -> None:
    assert len(shop().histories.items) == 3
    assert len(shop(interactions=pl.DataFrame(GOOD).clear()).histories.items) == 0
    assert shop(users=pl.DataFrame()).user_ids[1] == "v"


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (
            {"item": [0, 7, 1]},
            "row 1 .*column item: found 7, expected a row of the catalogue .0 to 2",
        ),
        ({"item": [0, 3, 1]}, "row 1 .*column item: found 3"),
        ({"user": [0, 0, 2]}, "row 2 .*column user: found 2, expected a row of user_ids .0 to 1"),
        ({"user": [-1, 0, 1]}, "row 0 .*column user: found -1"),
        ({"item": [-2, -1, 1]}, "row 0 .*column item: found -2, .*2 rows are wrong"),
        ({"item": [0, None, 1]}, "row 1 .*column item: found None"),
        ({"user": [None, 0, 1]}, "row 0 .*column user: found None"),
        ({"item": [0.0, 1.0, 2.0]}, "column item: found Float64, expected whole numbers"),
        ({"user": ["u", "u", "v"]}, "column user: found String, expected whole numbers"),
        ({"value": [3.0, float("nan"), 5.0]}, "row 1 .*column value: found nan, expected a finite"),
        ({"value": [3.0, 4.0, float("-inf")]}, "row 2 .*column value: found -inf"),
        ({"value": [None, 4.0, 5.0]}, "row 0 .*column value: found None"),
        ({"value": ["3", "4", "5"]}, "column value: found String, expected numbers"),
        ({"timestamp": [10, None, 30]}, "row 1 .*column timestamp: found None"),
        ({"timestamp": [10.0, 20.0, float("nan")]}, "row 2 .*column timestamp: found nan"),
        ({"timestamp": ["a", "b", "c"]}, "column timestamp: found String, expected numbers"),
        ({"event": [1, 2, 3]}, "column event: found Int64, expected text"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_and_column(columns: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=f"^interactions, {told}"):
        shop(interactions=with_column(**columns))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"feedback": "ratings"}, "feedback must be one of 'rating', 'implicit', got 'ratings'"),
        ({"clock": "timer"}, "clock must be one of 'unix', 'order', None, got 'timer'"),
        ({"repeats": "first"}, "repeats must be one of .*got 'first'"),
        ({"user_ids": ["u", "v"]}, "user_ids must be a one-dimensional array"),
        ({"user_ids": np.array(["u", "v"])}, "user_ids must be a one-dimensional array.*<U1"),
        ({"user_ids": np.array([["u", "v"]], dtype=object)}, "of shape .1, 2."),
        ({"user_ids": vocabulary_of(["u", "u"])}, "user_ids, row 1: found 'u' again"),
        ({"user_ids": np.array(["u", 7], dtype=object)}, "user_ids must be strings.*got 7"),
        ({"user_ids": vocabulary_of(["u", ""])}, "user_ids must be strings.*got ''"),
        ({"user_ids": vocabulary_of(["u"]), "users": None}, "column user: found 1, .*0 to 0"),
        ({"users": pl.DataFrame({"age": [3]})}, "users must have 2 rows.*got 1"),
        ({"triples": pl.DataFrame({"head": ["a"]})}, "triples need a column 'relation'"),
        ({"edges": pl.DataFrame({"user_id": ["u"]})}, "edges need a column 'other_id'"),
        ({"interactions": pl.DataFrame(GOOD).drop("timestamp")}, "needs a column 'timestamp'"),
        (
            {"feedback": "implicit", "interactions": with_column(value=[1.0, 0.0, 2.0])},
            "row 1 .*column value: found 0.0, expected a weight above 0",
        ),
    ],
)
def test_a_part_that_does_not_fit_is_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        shop(**changes)


def test_a_change_is_checked_like_a_new_dataset() -> None:
    with pytest.raises(DataError, match="column item: found 9"):
        replace(shop(), interactions=with_column(item=[0, 1, 9]))


def test_a_part_keeps_everything_but_the_events_and_computes_anew() -> None:
    data = generate(30, 20).dataset
    whole = (data.hash, data.item_counts.sum(), len(data.histories.items))  # all are cached now
    part = data.where(data.interactions["user"] == 3)
    assert part.hash != whole[0]
    assert part.item_counts.sum() == len(part.histories.items) == len(part.interactions)
    assert part.users is data.users
    again = replace(data, interactions=part.interactions)
    assert again.hash == part.hash == pickle.loads(pickle.dumps(part)).hash == copy.copy(part).hash


def test_a_user_has_a_history_of_events_and_an_unknown_one_has_neighbours() -> None:
    data = shop()
    first = str(data.user_ids[0])
    assert data.history(first) == data.histories.events(0)
    assert [event.kind for event in data.history(first)] == ["view", None]
    with pytest.raises(
        DataError, match=f"hand has no user '{first}x'; the nearest ids are '{first}'"
    ):
        data.history(f"{first}x")
