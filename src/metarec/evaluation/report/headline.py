"""The headline of a report: who wins, in at most twenty words; the first line says the rest."""

from collections.abc import Collection

import polars as pl

from metarec.evaluation.report.first_line import Outcome, hardest
from metarec.evaluation.report.words import metric_name

NOTHING = "Nothing to judge, so no model wins."
MOST_IN_TITLE = 6
"""Words of a page's title that a tab or a list of results still shows."""


def headline_of_heart(
    heart: str, metric: str, table: pl.DataFrame, outcomes: dict[str, Outcome]
) -> str:
    """How the heart fares against simple models."""
    by = f"by {metric_name(metric)}"
    if table.is_empty():
        return f"{heart} has no simple model to be compared with."
    if lost := _places(outcomes, "loses"):
        row = hardest(table.filter(pl.col("scenario").is_in(lost)), metric)
        return f"A simple model wins {by}: {row['against']} beats {heart}{_in(lost, outcomes)}."
    if tied := _places(outcomes, "ties"):
        return f"A simple model ties with {heart}{_in(tied, outcomes)} {by}."
    n_rivals = table["against"].n_unique()
    rivals = "the one simple model" if n_rivals == 1 else f"all {n_rivals} simple models"
    return f"{heart} wins{_in(outcomes, outcomes)} {by}: better than {rivals}."


def headline_of_order(heart: str, metric: str, lost: pl.DataFrame, scenarios: list[str]) -> str:
    """What is said first where a simple model's lists are better, in these of the scenarios."""
    where = _in(lost["scenario"].unique().to_list(), scenarios)
    row = hardest(lost, metric)
    return f"A simple model wins by {metric_name(metric)}: {row['against']} beats {heart}{where}."


def headline_of_best(best: str, metric: str, outcomes: dict[str, Outcome]) -> str:
    """How the model that is most often in front fares."""
    if not outcomes:
        return f"{best} is the only model measured."
    if set(outcomes.values()) == {"wins"}:
        return f"{best} wins{_in(outcomes, outcomes)} by {metric_name(metric)}."
    return f"No model wins everywhere; {best} is most often in front by {metric_name(metric)}."


def title_of(headline: str, dataset: str) -> str:
    """The page's title: the shop and as many words of the headline as a title holds.

    >>> title_of("A wins in all 4 scenarios by MAE.", "my shop")
    'my shop: A wins in all …'
    """
    words = f"{dataset}: {headline}".split()
    shown = " ".join(words[:MOST_IN_TITLE])
    return shown if len(words) <= MOST_IN_TITLE else f"{shown} …"


def _places(outcomes: dict[str, Outcome], outcome: Outcome) -> list[str]:
    return [scenario for scenario, found in outcomes.items() if found == outcome]


def _in(scenarios: Collection[str], of: Collection[str]) -> str:
    if len(of) == 1:
        return ""
    share = f"all {len(of)}" if len(scenarios) == len(of) else f"{len(scenarios)} of {len(of)}"
    return f" in {share} scenarios"
