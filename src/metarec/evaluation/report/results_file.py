"""Results on disk: `results.json` with the numbers to quote, `per_user.parquet` beside it."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from metarec.contracts import DataError
from metarec.evaluation.protocol.caveats import warnings_of
from metarec.evaluation.statistics.results import ATTAINABLE, CALIBRATION, VALUES, Results
from metarec.evaluation.statistics.significance import COMPARISONS
from metarec.files.atomic import whole_file

RESULTS = "results.json"
PER_USER = "per_user.parquet"
FORMER = {"value": "feedback", "timestamp": "clock"}
"""Names of facts of the dataset in results written before they had their own."""


def save_results(results: Results, folder: str | Path) -> Path:
    """Write both files into the folder and give the path of `results.json`.

    Each file appears whole or not at all. A number that does not exist is null.
    """
    target = Path(folder)
    written = {
        "dataset": dict(results.dataset),
        "protocol": {"warnings": warnings_of(results), **results.protocol},
        "seed": results.seeds[0],
        "versions": dict(results.versions),
        "results": _rows(results.summary()),
        "comparisons": _rows(results.comparisons),
        "trials": _rows(results.trials),
        "calibration": _rows(results.calibration),
        "attainable": _rows(results.attainable),
    }
    text = json.dumps(written, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    with whole_file(target / PER_USER) as new:
        results.values.write_parquet(new)
    with whole_file(target / RESULTS) as new:
        new.write_text(text, encoding="utf-8")
    return target / RESULTS


def load_results(folder: str | Path) -> Results:
    """The results that `save_results` wrote to the folder, equal in every value."""
    source = Path(folder)
    for name in (RESULTS, PER_USER):
        if not (source / name).is_file():
            raise DataError(f"{source} holds no {name}; give the folder of an evaluation")
    try:
        written = json.loads((source / RESULTS).read_text(encoding="utf-8"))
        values = pl.read_parquet(source / PER_USER)
        written["protocol"].pop("warnings", None)  # they follow from the rest
        return Results(
            values=values.select(list(VALUES)),
            calibration=_frame(written["calibration"], CALIBRATION),
            dataset={FORMER.get(key, key): fact for key, fact in written["dataset"].items()},
            protocol=written["protocol"],
            versions=written["versions"],
            comparisons=_frame(written["comparisons"], COMPARISONS)
            if written["comparisons"]
            else None,
            trials=_frame(written["trials"], TRIALS) if written["trials"] else None,
            attainable=_frame(written.get("attainable", []), ATTAINABLE),
        )
    except (json.JSONDecodeError, KeyError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{source} does not hold results of metarec: {error}") from error


TRIALS: dict[str, Any] = {
    "model": pl.String,
    "trial": pl.Int64,
    "settings": pl.String,
    "objective": pl.String,
    "value": pl.Float64,
    "best": pl.Boolean,
    "state": pl.String,
}


def _rows(frame: pl.DataFrame | None) -> list[dict[str, Any]]:
    if frame is None:
        return []
    return [{name: _json(cell) for name, cell in row.items()} for row in frame.to_dicts()]


def _json(cell: Any) -> Any:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _frame(rows: list[dict[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """The rows as a frame; a number that was null is NaN again."""
    floats = [name for name, kind in schema.items() if kind == pl.Float64]
    frame = pl.DataFrame(rows, schema=dict(schema))
    return frame.with_columns(pl.col(floats).fill_null(float("nan")))
