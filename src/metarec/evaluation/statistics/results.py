"""What an evaluation found: every user's values, and their summary with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from metarec.evaluation.statistics.bootstrap import DRAWS, intervals, means
from metarec.evaluation.statistics.merging import told
from metarec.evaluation.statistics.panel import FULL, panels

VALUES: dict[str, Any] = {
    "model": pl.String,
    "scenario": pl.String,
    "k": pl.Int64,
    "metric": pl.String,
    "user_id": pl.String,
    "value": pl.Float64,
    "seed": pl.Int64,
}
ATTAINABLE: dict[str, Any] = {
    "scenario": pl.String,
    "k": pl.Int64,
    "share": pl.Float64,
    "events": pl.Int64,
    "unavailable": pl.Int64,
    "seen": pl.Int64,
    "seed": pl.Int64,
}
SUMMARY: dict[Any, Any] = {
    "model": pl.String,
    "scenario": pl.String,
    "k": pl.Int64,
    "metric": pl.String,
    "mean": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "undefined": pl.Int64,
}
CALIBRATION: dict[str, Any] = {
    "model": pl.String,
    "scenario": pl.String,
    "k": pl.Int64,
    "group": pl.String,
    "level": pl.Float64,
    "observed": pl.Float64,
    "n": pl.Int64,
    "seed": pl.Int64,
}


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that an evaluation measured, and on what.

    `values` has one row for each model, scenario, support size `k` (null: the whole support),
    metric and user (null for a number of the whole system). `calibration` has the observed share
    inside the central interval for each promised `level` and group of query pairs. `attainable` has
    the share of each scenario's query events that a list could hold, and what it cannot hold.
    """

    values: pl.DataFrame
    calibration: pl.DataFrame
    dataset: Mapping[str, Any]
    protocol: Mapping[str, Any]
    versions: Mapping[str, str]
    comparisons: pl.DataFrame | None = None
    """What `compare` gave, kept beside the values it was made of."""
    trials: pl.DataFrame | None = None
    """What `tune` tried for each model."""
    attainable: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ATTAINABLE))
    """Empty where no list was judged."""

    def __repr__(self) -> str:
        people = self.values["user_id"].drop_nulls().n_unique()
        parts = f", {self.n_parts} parts" if self.n_parts > 1 else ""
        split = told(self.protocol.get("split"))
        return (
            f"Results({self.dataset.get('name')!r}, split {split}{parts}: "
            f"{_counted(self.models, 'model')}, {_counted(self.scenarios, 'scenario')}, "
            f"{_counted(self.metrics, 'metric')}, {people:,} people)"
        )

    @property
    def models(self) -> list[str]:
        """The models in the order they were evaluated."""
        return self.values["model"].unique(maintain_order=True).to_list()

    @property
    def scenarios(self) -> list[str]:
        """The scenarios in the order of the split."""
        return self.values["scenario"].unique(maintain_order=True).to_list()

    @property
    def metrics(self) -> list[str]:
        """The metrics in the order they were measured."""
        return self.values["metric"].unique(maintain_order=True).to_list()

    @property
    def seeds(self) -> list[int]:
        """The seeds of the fits, ascending."""
        measured = sorted(self.values["seed"].unique().to_list())
        return measured or list(self.protocol.get("seeds", []))

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The scenarios and seeds of each evaluation that was combined; of one, its own."""
        own = {"scenarios": self.scenarios, "seeds": self.seeds}
        return list(self.protocol.get("parts", [own]))

    @property
    def n_parts(self) -> int:
        """How many evaluations were combined into this one."""
        return len(self.parts)

    def summary(self, *, draws: int = DRAWS, rng: int = 0) -> pl.DataFrame:
        """Mean of each model, scenario, k and metric with its 95 % bootstrap interval.

        Users are resampled, and seeds where there are several. `n` counts the users with a value,
        `undefined` those without. A number of the whole system has no interval over users.
        """
        if (draws, rng) not in self._summaries:
            self._summaries[draws, rng] = self._summarise(draws, rng)
        return self._summaries[draws, rng]

    @cached_property
    def _summaries(self) -> dict[tuple[int, int], pl.DataFrame]:
        return {}

    def _summarise(self, draws: int, rng: int) -> pl.DataFrame:
        parts = [_summary_of_users(self.values, draws, rng), _summary_of_system(self.values)]
        keys = ["model", "scenario", "k", "metric"]
        order = self.values.select(keys).unique(maintain_order=True).with_row_index("order")
        order = order.with_columns(pl.col("k").fill_null(FULL))
        table = pl.concat(parts).join(order, on=keys, how="left").sort("order").drop("order")
        return table.with_columns(pl.col("k").replace(FULL, None))

    def with_comparisons(self, comparisons: pl.DataFrame) -> "Results":
        """The results with what `compare` found beside them."""
        return replace(self, comparisons=comparisons)

    def with_trials(self, trials: pl.DataFrame) -> "Results":
        """The results with the log of `tune` beside them."""
        return replace(self, trials=trials)


def _summary_of_users(values: pl.DataFrame, draws: int, rng: int) -> pl.DataFrame:
    tables = []
    for panel in panels(values):
        low, high = intervals(panel.values, draws=draws, rng=rng)
        n = (~np.isnan(panel.values)).any(axis=2).sum(axis=1)
        columns = {
            "scenario": [panel.scenario] * len(panel.cells),
            "mean": means(panel.values),
            "low": low,
            "high": high,
            "n": n,
            "undefined": panel.values.shape[1] - n,
        }
        tables.append(panel.cells.with_columns(pl.DataFrame(columns)).select(list(SUMMARY)))
    return pl.concat([_empty_summary(), *(table.cast(SUMMARY) for table in tables)])


def _summary_of_system(values: pl.DataFrame) -> pl.DataFrame:
    system = values.filter(pl.col("user_id").is_null()).with_columns(pl.col("k").fill_null(FULL))
    grouped = system.group_by(["model", "scenario", "k", "metric"], maintain_order=True)
    nan = pl.lit(float("nan"))
    table = grouped.agg(
        pl.col("value").mean().alias("mean"),
        nan.alias("low"),
        nan.alias("high"),
        pl.col("value").is_not_nan().sum().alias("n"),
        pl.col("value").is_nan().sum().alias("undefined"),
    )
    return pl.concat([_empty_summary(), table.select(list(SUMMARY)).cast(SUMMARY)])


def _empty_summary() -> pl.DataFrame:
    return pl.DataFrame(schema=SUMMARY)


def _counted(names: list[str], word: str) -> str:
    return f"{len(names)} {word}{'' if len(names) == 1 else 's'}"
