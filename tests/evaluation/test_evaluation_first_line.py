"""Every sentence that a verdict may say, word for word."""

import polars as pl
import pytest

from metarec.evaluation.report.first_line import (
    line_of_best,
    line_of_heart,
    lost_by_order,
    nothing_to_judge,
)

UP, DOWN = "ndcg@10", "mae"


def table_of(*rows: tuple[str, str, float]) -> pl.DataFrame:
    """Rows (scenario, against, difference) whose interval is 0.01 to either side."""
    frame = pl.DataFrame(list(rows), schema=["scenario", "against", "difference"], orient="row")
    return frame.with_columns(
        low=pl.col("difference") - 0.01, high=pl.col("difference") + 0.01, p_holm=pl.lit(0.034)
    )


RESULT = table_of(("s", "x", 0.2), ("s", "y", 0.1), ("t", "x", -0.3), ("t", "y", 0.4))
OF_X = "x, nDCG@10 −0.300 [−0.310, −0.290], p = 0.034"


@pytest.mark.parametrize(
    ("outcomes", "n_silent", "line"),
    [
        (
            {"s": "wins", "t": "wins"},
            0,
            "By nDCG@10 H wins in all 2 scenarios: better than all 2 simple models "
            f"(closest: {OF_X}).",
        ),
        (
            {"s": "wins", "t": "wins"},
            1,
            "By nDCG@10 H wins in all 2 scenarios: better than all 2 simple models that answer "
            f"every pair (1 does not) (closest: {OF_X}).",
        ),
        (
            {"s": "wins", "t": "wins"},
            2,
            "By nDCG@10 H wins in all 2 scenarios: better than all 2 simple models that answer "
            f"every pair (2 do not) (closest: {OF_X}).",
        ),
        (
            {"s": "wins", "t": "ties"},
            0,
            f"A simple model ties with H on “t” (closest: {OF_X}). H wins on “s”.",
        ),
        (
            {"s": "ties", "t": "ties"},
            0,
            f"A simple model ties with H in all 2 scenarios (closest: {OF_X}).",
        ),
        (
            {"s": "wins", "t": "loses"},
            0,
            "A simple model wins: x beats H on “t” (nDCG@10 −0.300 [−0.310, −0.290], p = 0.034). "
            "H wins on “s”.",
        ),
        (
            {"s": "ties", "t": "loses"},
            0,
            "A simple model wins: x beats H on “t” (nDCG@10 −0.300 [−0.310, −0.290], p = 0.034). "
            "It is a tie on “s”.",
        ),
        (
            {"s": "loses", "t": "loses"},
            0,
            "A simple model wins: x beats H on “t” (nDCG@10 −0.300 [−0.310, −0.290], p = 0.034). "
            "Simple models also win on “s”.",
        ),
        (
            {"s": "loses", "t": "wins"},
            0,
            "A simple model wins: y beats H on “s” (nDCG@10 +0.100 [+0.090, +0.110], p = 0.034). "
            "H wins on “t”.",
        ),
    ],
)
def test_what_is_said_of_the_heart(outcomes, n_silent: int, line: str):
    assert line_of_heart("H", UP, RESULT, outcomes, n_silent) == line


def test_of_an_error_the_closest_rival_has_the_largest_difference():
    won = {"s": "wins", "t": "wins"}
    assert line_of_heart("H", DOWN, RESULT, won, 0).endswith(
        "(closest: y, MAE +0.400 [+0.390, +0.410], p = 0.034)."
    )


def test_one_rival_in_one_scenario_is_said_as_such():
    one = table_of(("s", "x", 0.2))
    assert line_of_heart("H", UP, one, {"s": "wins"}, 0) == (
        "By nDCG@10 H wins on “s”: better than the one simple model "
        "(closest: x, nDCG@10 +0.200 [+0.190, +0.210], p = 0.034)."
    )


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        ({"s": "wins", "t": "wins"}, f"B wins in all 2 scenarios (closest: {OF_X})."),
        (
            {"s": "wins", "t": "ties"},
            "B is most often in front, but no model wins everywhere: clearly on “s”; level with "
            f"others on “t” (closest: {OF_X}).",
        ),
        (
            {"s": "ties", "t": "loses"},
            "B is most often in front, but no model wins everywhere: level with others on “s”; "
            f"behind on “t” (closest: {OF_X}).",
        ),
        (
            {"s": "wins", "t": "loses"},
            "B is most often in front, but no model wins everywhere: clearly on “s”; behind on "
            f"“t” (closest: {OF_X}).",
        ),
    ],
)
def test_what_is_said_of_the_best(outcomes, line: str):
    assert line_of_best("B", UP, RESULT, outcomes) == line


def test_who_is_alone_is_compared_with_nobody():
    none = table_of().clear()
    assert line_of_heart("H", DOWN, none, {}, 0) == (
        "H has no simple model to be compared with (MAE)."
    )
    assert line_of_best("B", UP, none, {}) == "B is the only model measured (nDCG@10)."


def test_a_loss_by_the_order_names_every_scenario_and_the_worst_rival():
    assert lost_by_order("H", UP, RESULT) == (
        "By nDCG@10 a simple model wins on “s” and “t”: x beats H on “t” "
        "(−0.300 [−0.310, −0.290], p = 0.034). "
    )


def test_nothing_to_judge_says_why():
    assert nothing_to_judge(DOWN) == (
        "Nothing to judge: no scenario has two people to judge (MAE), so no model wins."
    )
    assert nothing_to_judge(DOWN, "it rains") == "Nothing to judge: it rains, so no model wins."
