"""The words of a verdict: one line that a reader can quote."""

from collections.abc import Sequence
from typing import Any, Literal

import polars as pl

from metarec.evaluation.protocol.measures import better
from metarec.evaluation.report.words import listed, metric_name, p_value, signed

Outcome = Literal["wins", "ties", "loses"]


def nothing_to_judge(metric: str, why: str = "") -> str:
    """What is said where no model can win."""
    why = why or f"no scenario has two people to judge ({metric_name(metric)})"
    return f"Nothing to judge: {why}, so no model wins."


def lost_by_order(judged: str, metric: str, lost: pl.DataFrame) -> str:
    """A sentence on the scenarios where a simple model's lists are significantly better."""
    row = hardest(lost, metric)
    where = [f"“{s}”" for s in lost["scenario"].unique(maintain_order=True)]
    return (
        f"By {metric_name(metric)} a simple model wins on {listed(where)}: {row['against']} beats "
        f"{judged} on “{row['scenario']}” ({_against(row)}). "
    )


def hardest(table: pl.DataFrame, metric: str) -> dict[str, Any]:
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


def line_of_heart(
    heart: str, metric: str, table: pl.DataFrame, outcomes: dict[str, Outcome], n_silent: int
) -> str:
    """How the heart fares against simple models; `n_silent` of them left pairs unanswered."""
    label = metric_name(metric)
    if table.is_empty():
        return f"{heart} has no simple model to be compared with ({label})."
    won, tied, lost = (_places(outcomes, o) for o in ("wins", "ties", "loses"))
    rest = f" {heart} wins {_in(won, outcomes)}." if won else ""
    rest = (f" It is a tie {_in(tied, outcomes)}." if tied and lost else "") + rest
    if lost:
        row = hardest(table.filter(pl.col("scenario").is_in(lost)), metric)
        lead = f"A simple model wins: {row['against']} beats {heart} on “{row['scenario']}”"
        others = [s for s in lost if s != row["scenario"]]
        more = f" Simple models also win {_in(others, outcomes)}." if others else ""
        return f"{lead} ({label} {_against(row)}).{more}{rest}"
    if tied:
        row = hardest(table.filter(pl.col("scenario").is_in(tied)), metric)
        lead = f"A simple model ties with {heart} {_in(tied, outcomes)}"
        return f"{lead} (closest: {row['against']}, {label} {_against(row)}).{rest}"
    row = hardest(table, metric)
    n_rivals = table["against"].n_unique()
    rivals = "the one simple model" if n_rivals == 1 else f"all {n_rivals} simple models"
    if n_silent:
        rivals += f" that answer every pair ({n_silent} {'does' if n_silent == 1 else 'do'} not)"
    return (
        f"By {label} {heart} wins {_in(won, outcomes)}: better than {rivals} "
        f"(closest: {row['against']}, {label} {_against(row)})."
    )


def line_of_best(best: str, metric: str, table: pl.DataFrame, outcomes: dict[str, Outcome]) -> str:
    """How the model that is most often in front fares against all others."""
    label = metric_name(metric)
    if table.is_empty():
        return f"{best} is the only model measured ({label})."
    row = hardest(table, metric)
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
