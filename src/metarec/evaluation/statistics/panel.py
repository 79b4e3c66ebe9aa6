"""Per-user values as a dense table (cell, user, seed): what intervals and tests work on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Float

FULL = -1
"""Stands for k = null (the whole support) where a number is needed."""
CELL = ["model", "k", "metric"]


@dataclass(frozen=True, eq=False)
class Panel:
    """All values of one scenario: `values[c, u, s]` is cell `c` for user `u` under seed `s`.

    `cells` has the columns model, k (`FULL` for the whole support) and metric. NaN where a user
    has no value.
    """

    scenario: str
    cells: pl.DataFrame
    values: Float[np.ndarray, "cell user seed"]


def panels(values: pl.DataFrame) -> Iterator[Panel]:
    """One panel a scenario, cells in order of appearance; measures without users are left out."""
    per_user = values.filter(pl.col("user_id").is_not_null())
    per_user = per_user.with_columns(pl.col("k").fill_null(FULL))
    for scenario in per_user["scenario"].unique(maintain_order=True):
        part = per_user.filter(pl.col("scenario") == scenario)
        cells = part.select(CELL).unique(maintain_order=True).with_row_index("cell")
        users = part.select("user_id").unique(maintain_order=True).with_row_index("user")
        seeds = part.select("seed").unique(maintain_order=True).with_row_index("place")
        coded = (
            part.join(cells, on=CELL, how="left", maintain_order="left")
            .join(users, on="user_id", how="left", maintain_order="left")
            .join(seeds, on="seed", how="left", maintain_order="left")
        )
        table = np.full((len(cells), len(users), len(seeds)), np.nan)
        where = tuple(coded[name].to_numpy() for name in ("cell", "user", "place"))
        table[where] = coded["value"].to_numpy()
        yield Panel(scenario, cells.drop("cell"), table)
