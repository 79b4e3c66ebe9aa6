"""Is a difference more than chance: paired intervals, paired tests, correction over a family."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import DataError
from metarec.contracts.pieces import pieces
from metarec.evaluation.protocol.measures import better
from metarec.evaluation.statistics.bootstrap import DRAWS, intervals, means
from metarec.evaluation.statistics.panel import FULL, Panel, panels
from metarec.evaluation.statistics.results import Results

Test = Literal["t", "sign_flip"]
ALPHA = 0.05
FLAT = 1e-14
"""Differences that vary by less than this share of their mean are one number."""
FLIPS = 9_999
SIGNS_AT_ONCE = 8_000_000


def compare(
    results: Results,
    model: str,
    against: Sequence[str] | None = None,
    *,
    metrics: Sequence[str] | None = None,
    scenarios: Sequence[str] | None = None,
    k: Sequence[int | None] | None = None,
    family: str = "all comparisons",
    test: Test = "t",
    draws: int = DRAWS,
    rng: int = 0,
) -> pl.DataFrame:
    """`model` minus each other model, for each scenario, k and metric, over the same users.

    `low` and `high` bound the difference at 95 % (users and seeds resampled together, in pairs);
    `p` tests it over users, each user's seeds averaged; `p_holm` is corrected over all rows of this
    call, the `family`. `significant` asks for both: p_holm below 0.05 and an interval without
    zero. `better` is null where neither direction is. The t-test is the default because its p has
    no floor, so it survives a large family; "sign_flip" is its check without normality.
    """
    others = [m for m in results.models if m != model] if against is None else list(against)
    for name in [model, *others]:
        if name not in results.models:
            raise DataError(f"no model {name!r} in these results, only {results.models}")
    wanted = results.values.filter(pl.col("model").is_in([model, *others]))
    if metrics is not None:
        wanted = wanted.filter(pl.col("metric").is_in(list(metrics)))
    if scenarios is not None:
        wanted = wanted.filter(pl.col("scenario").is_in(list(scenarios)))
    if k is not None:
        wanted = wanted.filter(pl.col("k").fill_null(FULL).is_in([_number(size) for size in k]))
    tables = [_differences(p, model, others, test, draws, rng) for p in panels(wanted)]
    table = pl.concat([pl.DataFrame(schema=_DIFFERENCES), *tables])
    p_holm = holm(table["p"].to_numpy())
    clear = (pl.col("low") > 0) | (pl.col("high") < 0)
    return table.with_columns(
        pl.lit(family).alias("family"),
        pl.Series("p_holm", p_holm, dtype=pl.Float64),
        pl.col("k").replace(FULL, None),
    ).with_columns(((pl.col("p_holm") < ALPHA) & clear).alias("significant"))


def t_test(differences: Float[np.ndarray, "cell user"]) -> Float[np.ndarray, " cell"]:
    """Two-sided p of a paired t-test for a mean difference of zero; NaN with fewer than two users.

    Differences that are all the same number but not zero get 0, all zero get 1.
    """
    from scipy.stats import ttest_1samp  # takes as long to import as all the rest of metarec

    filled = np.where(np.isnan(differences), 0.0, differences)
    n = (~np.isnan(differences)).sum(axis=1)
    mean = filled.sum(axis=1) / np.maximum(n, 1)
    spread = np.abs(np.where(np.isnan(differences), 0.0, differences - mean[:, None]))
    # below rounding of the mean itself there is no spread to divide by
    flat = spread.max(axis=1, initial=0.0) <= FLAT * np.abs(mean)
    p = np.where(n >= 2, np.where(mean == 0, 1.0, 0.0), np.nan)
    tested = (n >= 2) & ~flat
    found = ttest_1samp(differences[tested], 0.0, axis=1, nan_policy="omit")
    p[tested] = np.asarray(found.pvalue)
    return p


def sign_flip_test(
    differences: Float[np.ndarray, "cell user"], *, flips: int = FLIPS, rng: int = 0
) -> Float[np.ndarray, " cell"]:
    """Two-sided p of the paired randomisation test: models swapped user by user at random.

    (1 + flips at least as far from zero) / (1 + flips), so never below 1 / (1 + flips). NaN with
    fewer than two users.
    """
    present = ~np.isnan(differences)
    filled = np.where(present, differences, 0.0)
    observed = np.abs(filled.sum(axis=1))
    # rounding must not decide whether a mirrored sum counts as equally far
    observed = observed * (1 - 1e-12)
    generator = np.random.default_rng(rng)
    extreme = np.zeros(len(differences))
    for part in pieces(flips, differences.shape[1], SIGNS_AT_ONCE):
        size = (part.stop - part.start, differences.shape[1])
        signs = generator.integers(2, size=size, dtype=np.int8) * 2.0 - 1.0
        extreme += (np.abs(signs @ filled.T) >= observed).sum(axis=0)  # (flip, cell) -> (cell,)
    return np.where(present.sum(axis=1) >= 2, (1 + extreme) / (1 + flips), np.nan)


def holm(p: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    """Holm's corrected p-values [Hol79]: chance of any false claim in the family stays below.

    NaN stays NaN and does not count as a member.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03]))
    array([0.03, 0.06,  nan, 0.06])
    """
    corrected = np.full(len(p), np.nan)
    members = np.flatnonzero(~np.isnan(p))
    order = members[np.argsort(p[members], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factors))
    return corrected


def _differences(
    panel: Panel, model: str, others: Sequence[str], test: Test, draws: int, rng: int
) -> pl.DataFrame:
    """One row for each other model and each k and metric that both have."""
    row_of = {cell: row for row, cell in enumerate(panel.cells.iter_rows())}
    pairs = [
        (name, k, metric, row_of[model, k, metric], row_of[name, k, metric])
        for name in others
        for (m, k, metric) in row_of
        if m == model and (name, k, metric) in row_of
    ]
    if not pairs:
        return pl.DataFrame(schema=_DIFFERENCES)
    mine, theirs = np.array([[a, b] for *_, a, b in pairs]).T
    difference = panel.values[mine] - panel.values[theirs]  # (pair, user, seed)
    low, high = intervals(difference, draws=draws, rng=rng)
    by_user = _mean_over_seeds(difference)
    p = t_test(by_user) if test == "t" else sign_flip_test(by_user, rng=rng)
    mean = means(difference)
    return pl.DataFrame(
        {
            "scenario": [panel.scenario] * len(pairs),
            "k": [k for _, k, _, _, _ in pairs],
            "metric": [metric for _, _, metric, _, _ in pairs],
            "model": [model] * len(pairs),
            "against": [name for name, *_ in pairs],
            "difference": mean,
            "low": low,
            "high": high,
            "p": p,
            "n": (~np.isnan(by_user)).sum(axis=1),
            "better": [_better(m, d) for (_, _, m, _, _), d in zip(pairs, mean, strict=True)],
        },
        schema=_DIFFERENCES,
    )


def _mean_over_seeds(
    values: Float[np.ndarray, "cell user seed"],
) -> Float[np.ndarray, "cell user"]:
    n_cells, n_users, n_seeds = values.shape
    # (cell, user, seed) -> (cell * user, 1, seed): every user a cell of its own, and back
    return means(values.reshape(n_cells * n_users, 1, n_seeds)).reshape(n_cells, n_users)


def _better(metric: str, difference: float) -> bool | None:
    way = better(metric)
    if way == "neither" or np.isnan(difference):
        return None
    return bool(difference > 0) if way == "higher" else bool(difference < 0)


def _number(k: int | None) -> int:
    return FULL if k is None else k


_DIFFERENCES: dict[str, Any] = {
    "scenario": pl.String,
    "k": pl.Int64,
    "metric": pl.String,
    "model": pl.String,
    "against": pl.String,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p": pl.Float64,
    "n": pl.Int64,
    "better": pl.Boolean,
}
COMPARISONS: dict[str, Any] = {
    **_DIFFERENCES,
    "family": pl.String,
    "p_holm": pl.Float64,
    "significant": pl.Boolean,
}
"""The columns that `compare` gives."""
