"""The headline says who wins in a few words, and never more than the first line."""

from html import unescape
from itertools import product

import polars as pl
import pytest
from tests.evaluation_toys import constant, own_mean, planted

from metarec.evaluation import evaluate, write_report
from metarec.evaluation.report.first_line import Outcome
from metarec.evaluation.report.headline import (
    headline_of_best,
    headline_of_heart,
    headline_of_order,
    title_of,
)

ROWS = pl.DataFrame(
    {
        "scenario": ["a", "a", "b", "b"],
        "against": ["R1", "R2", "R1", "R2"],
        "difference": [0.1, 0.4, 0.3, 0.2],
    }
)


@pytest.mark.parametrize(
    ("outcomes", "headline"),
    [
        (("wins", "wins"), "H wins in all 2 scenarios by MAE: better than all 2 simple models."),
        (("ties", "wins"), "A simple model ties with H in 1 of 2 scenarios by MAE."),
        (("ties", "ties"), "A simple model ties with H in all 2 scenarios by MAE."),
        (("loses", "ties"), "A simple model wins by MAE: R2 beats H in 1 of 2 scenarios."),
        (("wins", "loses"), "A simple model wins by MAE: R1 beats H in 1 of 2 scenarios."),
    ],
)
def test_the_worst_of_the_scenarios_is_the_news(outcomes, headline):
    found = dict(zip("ab", outcomes, strict=True))
    assert headline_of_heart("H", "mae", ROWS, found) == headline


def test_one_scenario_and_one_rival_are_not_counted():
    one = ROWS[:1]
    told = "H wins by nDCG@10: better than the one simple model."
    assert headline_of_heart("H", "ndcg@10", one, {"a": "wins"}) == told
    assert headline_of_heart("H", "mae", one[:0], {}) == (
        "H has no simple model to be compared with."
    )
    # of a metric that is better higher, the hardest rival has the smallest difference
    lost = headline_of_heart("H", "ndcg@10", ROWS[:2], {"a": "loses"})
    assert lost == "A simple model wins by nDCG@10: R1 beats H."


def test_lists_that_lose_are_told_with_their_share_of_the_scenarios():
    told = headline_of_order("H", "ndcg@10", ROWS[2:], ["a", "b", "c"])
    assert told == "A simple model wins by nDCG@10: R2 beats H in 1 of 3 scenarios."


def test_without_a_heart_the_best_wins_only_if_it_wins_everywhere():
    assert headline_of_best("B", "mae", {"a": "wins"}) == "B wins by MAE."
    assert headline_of_best("B", "mae", {}) == "B is the only model measured."
    mixed = headline_of_best("B", "mae", {"a": "wins", "b": "ties"})
    assert mixed == "No model wins everywhere; B is most often in front by MAE."


def test_a_headline_has_at_most_twenty_words():
    for first, last in product(("wins", "ties", "loses"), repeat=2):
        found: dict[str, Outcome] = {"a": first, "b": last}  # type: ignore[dict-item]
        for metric in ("mae", "list_ndcg_exponential@10"):
            told = headline_of_heart("A model", metric, ROWS, found)
            assert len(told.split()) <= 20
            assert len(headline_of_best("A model", metric, found).split()) <= 20
    told = headline_of_order("A model", "list_ndcg_exponential@10", ROWS, list("abc"))
    assert len(told.split()) <= 20


def test_a_title_has_six_words():
    assert title_of("B wins by MAE.", "shop") == "shop: B wins by MAE."
    assert (
        title_of("No model wins everywhere; B is.", "my shop")
        == "my shop: No model wins everywhere; …"
    )


def test_the_page_opens_with_the_headline_then_the_numbers(tmp_path):
    split = planted()
    models = {"own": own_mean(split), "flat": constant(split)}
    found = write_report(evaluate(models, split, rng=3), tmp_path / "r.html", heart="own")
    page = unescape((tmp_path / "r.html").read_text("utf-8"))
    assert found.headline == "own wins in all 2 scenarios by MAE: better than the one simple model."
    assert "<title>toy: own wins in all 2 …</title>" in page
    assert page.index(f">{found.headline}</h1>") < page.index(f">{found.line}</p>")
    assert "<dt>Seed</dt><dd>3</dd>" in page
    curves = [
        page.index(f"{name} by number of known events") for name in ("MAE ↓", "nDCG@3 of ratings ↑")
    ]
    assert curves == sorted(curves)
