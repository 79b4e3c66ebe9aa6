"""The last lines of a fit say what carries lists, and of ratings only where there are some."""

import pytest

from metarec.meta.summary import summary_of


@pytest.mark.parametrize(
    ("trust", "told"),
    [
        ({"a": 99.0, "b": 1.0}, ["carried by: a 99%, b 1%"]),
        ({"a": 99.1, "b": 0.9}, ["carried by: a 99%"]),
        ({"a": 1.0, "b": 3.0}, ["carried by: b 75%, a 25%"]),
        ({"a": 0.0, "b": 0.0}, []),
        ({}, []),
    ],
)
def test_what_carries_lists_is_told_from_one_per_cent_on(trust: dict[str, float], told: list[str]):
    assert summary_of({"trust": trust}) == told
    assert summary_of({"choice": {"trust": trust}, "trust": {"other": 1.0}}) == told


def test_of_ratings_is_told_only_where_they_stand_beside_the_choice():
    rated = {"choice": {}, "valid_loss": 0.71, "rating_weight": 0.5}
    (line,) = summary_of(rated)
    assert line == (
        "ratings: mean absolute error 0.710 on held-out people; a standard deviation of them "
        "weighs 0.5 beside the choice"
    )
    assert summary_of({**rated, "valid_loss": None}) == []
    assert summary_of({"valid_loss": 0.7, "rating_weight": 0.5}) == []
