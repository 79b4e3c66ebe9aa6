"""Who wins, and how sure is it: the first line of every report."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from metarec.contracts import DataError
from metarec.evaluation.protocol.caveats import may_have_seen
from metarec.evaluation.protocol.measures import NEEDS_RATINGS
from metarec.evaluation.report.first_line import (
    Outcome,
    line_of_best,
    line_of_heart,
    lost_by_order,
    nothing_to_judge,
)
from metarec.evaluation.report.headline import (
    NOTHING,
    headline_of_best,
    headline_of_heart,
    headline_of_order,
)
from metarec.evaluation.report.table import rank_models
from metarec.evaluation.statistics.results import Results
from metarec.evaluation.statistics.significance import COMPARISONS, compare

ANSWERS_ALL = 0.999
"""A model that answers a smaller share of the pairs has no rating error to compare."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """Who wins, in a headline and in a line with the numbers, and the comparisons it rests on."""

    headline: str
    """At most twenty words, unless the models' names are longer."""
    line: str
    metric: str
    judged: str
    """The model that the line is about; empty where there was nothing to judge."""
    outcomes: dict[str, Outcome]
    """How it fares in each scenario."""
    comparisons: pl.DataFrame = field(repr=False)
    headline_metric: str = ""
    """What the headline is about, where that is another than `metric`."""

    def __str__(self) -> str:
        return self.line


def verdict(
    results: Results,
    heart: str | None = None,
    *,
    simple: Sequence[str] | None = None,
    metric: str | None = None,
) -> Verdict:
    """Whether `heart` beats every simple model, on the whole support of each scenario.

    `simple` names its rivals (None: all other models). It wins a scenario only if it is
    significantly better than each of them, corrected over rivals and scenarios; if any is
    significantly better the simple model wins; anything else is a tie. Without a heart, the model
    that is best in most scenarios is judged in the same way. A model that leaves pairs unanswered
    takes no part in a verdict on rating errors, and none that may have seen the test in any unless
    it is named. Where no `metric` is asked for and the verdict is on rating errors, scenarios that
    the heart loses by the order of its lists are told first. Where no scenario has two people to
    pair, the line says that there is nothing to judge, and `judged` is empty.
    """
    orders = [m for m in results.metrics if m.split("@")[0] == "ndcg"] if metric is None else []
    metric = main_metric(results) if metric is None else metric
    if not _has_values(results, metric):
        return _nothing_to_judge(metric)
    entrants, leaks = _entrants(results, metric), _leaks(results)
    clean = [m for m in entrants if m not in leaks]
    if heart is None and entrants and not clean:
        return _nothing_to_judge(metric, "every model may have seen the test")
    judged = _best(results, metric, clean) if heart is None else heart
    if judged not in entrants:
        raise DataError(f"{judged!r} has no complete {metric} in these results")
    named = [m for m in results.models if m not in leaks] if simple is None else simple
    others = [m for m in named if m != judged]
    rivals = [m for m in others if m in entrants]
    table = _compared(results, judged, rivals, metric)
    tested = table.filter(pl.col("p").is_not_nan())["scenario"].unique().to_list()
    if rivals and not tested:
        return _nothing_to_judge(metric)
    table = table.filter(pl.col("scenario").is_in(tested))
    outcomes = {
        s: _outcome(table.filter(pl.col("scenario") == s)) for s in results.scenarios if s in tested
    }
    if heart is None:
        line = line_of_best(judged, metric, table, outcomes)
        headline = headline_of_best(judged, metric, outcomes if rivals else {})
        return Verdict(headline, line, metric, judged, outcomes, table)
    line = line_of_heart(judged, metric, table, outcomes, len(others) - len(rivals))
    headline, about = headline_of_heart(judged, metric, table, outcomes), metric
    if metric in NEEDS_RATINGS and orders:
        lost = _lost_by_order(results, judged, others, orders[0])
        if not lost.is_empty():
            line = lost_by_order(judged, orders[0], lost) + line
            headline = headline_of_order(judged, orders[0], lost, results.scenarios)
            about = orders[0]
    if judged in leaks:
        line = f"{judged} may have seen the test, so this proves nothing: {line}"
        headline, about = f"{judged} may have seen the test, so this proves nothing.", metric
    return Verdict(headline, line, metric, judged, outcomes, table, about)


def _has_values(results: Results, metric: str) -> bool:
    of_metric = (pl.col("metric") == metric) & pl.col("k").is_null()
    return not results.values.filter(of_metric & pl.col("value").is_not_nan()).is_empty()


def _leaks(results: Results) -> list[str]:
    models = results.protocol.get("models", {})
    return [name for name, facts in models.items() if may_have_seen(facts)]


def _nothing_to_judge(metric: str, why: str = "") -> Verdict:
    line, none = nothing_to_judge(metric, why), pl.DataFrame(schema=COMPARISONS)
    return Verdict(NOTHING, line, metric, "", {}, none)


def _compared(results: Results, judged: str, rivals: Sequence[str], metric: str) -> pl.DataFrame:
    """`judged` against each rival on the whole support, corrected over rivals and scenarios."""
    family = f"{judged} against {len(rivals)} models on {metric} in every scenario"
    return compare(results, judged, rivals, metrics=[metric], k=[None], family=family)


def _lost_by_order(
    results: Results, judged: str, others: Sequence[str], metric: str
) -> pl.DataFrame:
    """The comparisons in which a simple model's lists are significantly better."""
    entrants = _entrants(results, metric)
    rivals = [m for m in others if m in entrants]
    if not rivals or judged not in entrants:
        return pl.DataFrame(schema=COMPARISONS)
    table = _compared(results, judged, rivals, metric)
    return table.filter(pl.col("significant") & ~pl.col("better"))


def main_metric(results: Results) -> str:
    """What the verdict is about unless told: MAE if measured, else nDCG, else the first."""
    for base in ("mae", "ndcg"):
        for metric in results.metrics:
            if metric.split("@")[0] == base:
                return metric
    return results.metrics[0] if results.metrics else "ndcg"


def _entrants(results: Results, metric: str) -> list[str]:
    summary = results.summary().filter(pl.col("k").is_null())
    measured = summary.filter(pl.col("metric") == metric)["model"].to_list()
    if metric not in NEEDS_RATINGS:
        return [m for m in results.models if m in measured]
    gaps = summary.filter((pl.col("metric") == "answered") & (pl.col("mean") < ANSWERS_ALL))
    silent = gaps["model"].to_list()
    return [m for m in results.models if m in measured and m not in silent]


def _best(results: Results, metric: str, entrants: Sequence[str]) -> str:
    if not entrants:
        raise DataError(f"no model has a complete {metric} in these results")
    whole = results.summary().filter(pl.col("k").is_null() & pl.col("model").is_in(list(entrants)))
    parts = [whole.filter(pl.col("scenario") == scenario) for scenario in results.scenarios]
    firsts = [rank_models(part, metric)[0] for part in parts if not part.is_empty()]
    return max(firsts, key=firsts.count)


def _outcome(table: pl.DataFrame) -> Outcome:
    significant = pl.col("significant")  # where neither way is better, no row is kept below
    if table.filter(significant & ~pl.col("better")).height:
        return "loses"
    if table.height and table.filter(significant & pl.col("better")).height == table.height:
        return "wins"
    return "ties"
