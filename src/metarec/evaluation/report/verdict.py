"""Who wins, and how sure is it: the first line of every report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from metarec.contracts import DataError
from metarec.evaluation.protocol.caveats import may_have_seen
from metarec.evaluation.protocol.measures import NEEDS_RATINGS, better
from metarec.evaluation.report.words import listed, metric_name, p_value, signed
from metarec.evaluation.statistics.results import Results
from metarec.evaluation.statistics.significance import COMPARISONS, compare

Outcome = Literal["wins", "ties", "loses"]
ANSWERS_ALL = 0.999
"""A model that answers a smaller share of the pairs has no rating error to compare."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """One line on who wins, and the comparisons it rests on."""

    line: str
    metric: str
    judged: str
    """The model that the line is about; empty where there was nothing to judge."""
    outcomes: dict[str, Outcome]
    """How it fares in each scenario."""
    comparisons: pl.DataFrame = field(repr=False)


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
        line = _line_of_best(judged, metric, table, outcomes)
    else:
        line = _line_of_heart(judged, metric, table, outcomes, len(others) - len(rivals))
        if metric in NEEDS_RATINGS and orders:
            line = _lost_by_order(results, judged, others, orders[0]) + line
        if judged in leaks:
            line = f"{judged} may have seen the test, so this proves nothing: {line}"
    return Verdict(line, metric, judged, outcomes, table)


def _has_values(results: Results, metric: str) -> bool:
    of_metric = (pl.col("metric") == metric) & pl.col("k").is_null()
    return not results.values.filter(of_metric & pl.col("value").is_not_nan()).is_empty()


def _leaks(results: Results) -> list[str]:
    models = results.protocol.get("models", {})
    return [name for name, facts in models.items() if may_have_seen(facts)]


def _nothing_to_judge(metric: str, why: str = "") -> Verdict:
    why = why or f"no scenario has two people to judge ({metric_name(metric)})"
    line = f"Nothing to judge: {why}, so no model wins."
    return Verdict(line, metric, "", {}, pl.DataFrame(schema=COMPARISONS))


def _compared(results: Results, judged: str, rivals: Sequence[str], metric: str) -> pl.DataFrame:
    """`judged` against each rival on the whole support, corrected over rivals and scenarios."""
    family = f"{judged} against {len(rivals)} models on {metric} in every scenario"
    return compare(results, judged, rivals, metrics=[metric], k=[None], family=family)


def _lost_by_order(results: Results, judged: str, others: Sequence[str], metric: str) -> str:
    """A sentence on the scenarios where a simple model's lists are significantly better."""
    entrants = _entrants(results, metric)
    rivals = [m for m in others if m in entrants]
    if not rivals or judged not in entrants:
        return ""
    table = _compared(results, judged, rivals, metric)
    lost = table.filter(pl.col("significant") & ~pl.col("better"))
    if lost.is_empty():
        return ""
    row = _hardest(lost, metric)
    where = [f"“{s}”" for s in lost["scenario"].unique(maintain_order=True)]
    return (
        f"By {metric_name(metric)} a simple model wins on {listed(where)}: {row['against']} beats "
        f"{judged} on “{row['scenario']}” ({_against(row)}). "
    )


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
    summary = results.summary().filter(
        pl.col("k").is_null() & (pl.col("metric") == metric) & pl.col("model").is_in(list(entrants))
    )
    if summary.is_empty():
        raise DataError(f"no model has a complete {metric} in these results")
    descending = better(metric) != "lower"
    winners = summary.sort("mean", descending=descending, nulls_last=True)
    firsts = winners.group_by("scenario", maintain_order=True).first()["model"].to_list()
    return max(firsts, key=firsts.count)


def _outcome(table: pl.DataFrame) -> Outcome:
    significant = pl.col("significant") & pl.col("better").is_not_null()
    if table.filter(significant & ~pl.col("better")).height:
        return "loses"
    if table.height and table.filter(significant & pl.col("better")).height == table.height:
        return "wins"
    return "ties"


def _hardest(table: pl.DataFrame, metric: str) -> dict[str, Any]:
    """The comparison with the rival that did best."""
    sign = -1 if better(metric) == "lower" else 1
    return table.sort(sign * pl.col("difference")).row(0, named=True)


def _against(row: dict[str, Any]) -> str:
    ends = f"[{signed(row['low'])}, {signed(row['high'])}]"
    return f"{signed(row['difference'])} {ends}, {p_value(row['p_holm'])}"


def _places(outcomes: dict[str, Outcome], outcome: Outcome) -> list[str]:
    return [scenario for scenario, found in outcomes.items() if found == outcome]


def _in(scenarios: Sequence[str], outcomes: dict[str, Outcome]) -> str:
    if len(scenarios) == len(outcomes) > 1:
        return f"in all {len(outcomes)} scenarios"
    return f"on {listed([f'“{scenario}”' for scenario in scenarios])}"


def _line_of_heart(
    heart: str, metric: str, table: pl.DataFrame, outcomes: dict[str, Outcome], n_silent: int
) -> str:
    label = metric_name(metric)
    if table.is_empty():
        return f"{heart} has no simple model to be compared with ({label})."
    won, tied, lost = (_places(outcomes, o) for o in ("wins", "ties", "loses"))
    rest = f" {heart} wins {_in(won, outcomes)}." if won else ""
    rest = (f" It is a tie {_in(tied, outcomes)}." if tied and lost else "") + rest
    if lost:
        row = _hardest(table.filter(pl.col("scenario").is_in(lost)), metric)
        lead = f"A simple model wins: {row['against']} beats {heart} on “{row['scenario']}”"
        others = [s for s in lost if s != row["scenario"]]
        more = f" Simple models also win {_in(others, outcomes)}." if others else ""
        return f"{lead} ({label} {_against(row)}).{more}{rest}"
    if tied:
        row = _hardest(table.filter(pl.col("scenario").is_in(tied)), metric)
        lead = f"A simple model ties with {heart} {_in(tied, outcomes)}"
        return f"{lead} (closest: {row['against']}, {label} {_against(row)}).{rest}"
    row = _hardest(table, metric)
    n_rivals = table["against"].n_unique()
    rivals = "the one simple model" if n_rivals == 1 else f"all {n_rivals} simple models"
    if n_silent:
        rivals += f" that answer every pair ({n_silent} {'does' if n_silent == 1 else 'do'} not)"
    return (
        f"By {label} {heart} wins {_in(won, outcomes)}: better than {rivals} "
        f"(closest: {row['against']}, {label} {_against(row)})."
    )


def _line_of_best(best: str, metric: str, table: pl.DataFrame, outcomes: dict[str, Outcome]) -> str:
    label = metric_name(metric)
    if table.is_empty():
        return f"{best} is the only model measured ({label})."
    row = _hardest(table, metric)
    won, tied, lost = (_places(outcomes, o) for o in ("wins", "ties", "loses"))
    if not tied and not lost:
        return (
            f"{best} wins {_in(won, outcomes)} (closest: {row['against']}, "
            f"{label} {_against(row)})."
        )
    parts = [f"clearly {_in(won, outcomes)}"] if won else []
    parts += [f"level with others {_in(tied, outcomes)}"] if tied else []
    parts += [f"behind {_in(lost, outcomes)}"] if lost else []
    lead = f"{best} is most often in front, but no model wins everywhere"
    return f"{lead}: {'; '.join(parts)} (closest: {row['against']}, {label} {_against(row)})."
