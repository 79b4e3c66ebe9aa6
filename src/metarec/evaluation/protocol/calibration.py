"""Promised against observed: predictive intervals overall, by known item and by their width."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Bool, Float

from metarec.evaluation.protocol.pairs import RatedPairs
from metarec.metrics import calibration_curve

LEVELS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
HEADLINE = np.array([0.9])
DECILES = 10
SHARES: dict[str, Any] = {
    "group": pl.String,
    "level": pl.Float64,
    "observed": pl.Float64,
    "n": pl.Int64,
}


def calibration_of(pairs: RatedPairs) -> pl.DataFrame:
    """Columns group, level, observed, n: the whole curve for "all", the 90 % point by group.

    Groups are "known items" and "new items" (an event in training or none), and "width 1" to
    "width 10", the deciles of the predictive standard deviation, narrow to wide.
    """
    usable = np.isfinite(pairs.stds) & np.isfinite(pairs.scores) & np.isfinite(pairs.observed)
    observed, mean, std = (table[usable] for table in (pairs.observed, pairs.scores, pairs.stds))
    rows: list[tuple[str, float, float, int]] = []
    for group, members, levels in _groups(std, pairs.known[usable]):
        curve = calibration_curve(observed[members], mean[members], std[members], levels)
        n = int(members.sum())
        rows += [(group, float(p), float(c), n) for p, c in zip(levels, curve, strict=True) if n]
    return pl.DataFrame(rows, schema=SHARES, orient="row")


def _groups(
    std: Float[np.ndarray, " pair"], known: Bool[np.ndarray, " pair"]
) -> Iterator[tuple[str, Bool[np.ndarray, " pair"], Float[np.ndarray, " level"]]]:
    yield "all", np.ones(len(std), dtype=bool), LEVELS
    yield "known items", known, HEADLINE
    yield "new items", ~known, HEADLINE
    if len(std) < DECILES or std.min() == std.max():
        return
    edges = np.quantile(std, np.arange(1, DECILES) / DECILES)
    decile = np.searchsorted(edges, std, side="left")  # equal widths share a group
    for place in range(DECILES):
        yield f"width {place + 1}", decile == place, HEADLINE
