"""Reading, validating and indexing a million events, against a plain Polars script.

The script does the same steps by hand.

    python -m benchmarks.reading [--data FOLDER] [--rounds N]

Both run in turns in one process; what counts is the ratio of their median CPU times. The memory is
the peak of a process of its own that loads the shop, in units of the event table's own buffers.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks.common import Goal, write
from benchmarks.memory import read_alone
from metarec.data import generate_to, load


def plain(folder: Path) -> pl.DataFrame:
    """Read, check and index as one would by hand; raises on the first thing that is wrong."""
    events = pl.read_parquet(folder / "interactions.parquet")
    items = pl.read_parquet(folder / "items.parquet")
    users = pl.read_parquet(folder / "users.parquet")
    checked = events.select(
        ids=((pl.col("user_id").str.strip_chars() == "") | pl.col("user_id").is_null()).sum()
        + ((pl.col("item_id").str.strip_chars() == "") | pl.col("item_id").is_null()).sum(),
        values=(pl.col("value").is_null() | ~pl.col("value").is_finite()).sum(),
        times=pl.col("timestamp").is_null().sum(),
    )
    assert checked.row(0) == (0, 0, 0)
    for frame, key in ((items, "item_id"), (users, "user_id")):
        assert not frame[key].is_duplicated().any()
        assert not frame[key].is_null().any()
    assert not items["image"].str.contains(r"^/|\.\.").any()
    user_rows = users.select("user_id").with_row_index("user")
    item_rows = items.select("item_id").with_row_index("item")
    indexed = events.join(user_rows, on="user_id", how="left", maintain_order="left")
    indexed = indexed.join(item_rows, on="item_id", how="left", maintain_order="left")
    assert not indexed["item"].has_nulls()
    assert not indexed["user"].has_nulls()
    pairs = indexed.select(pl.col("user").cast(pl.Int64) * len(items) + pl.col("item"))
    assert pairs.to_series().n_unique() == len(pairs)
    return indexed.select("user", "item", "value", "timestamp")


def cpu_time_s(function: Callable[[], object]) -> float:
    """CPU seconds of one call, all threads together."""
    start = time.process_time()
    function()
    return time.process_time() - start


def measure(folder: Path, rounds: int) -> dict[str, float]:
    """Median CPU seconds of both, in turns, and their ratio."""
    ours, theirs = [], []
    for turn in range(rounds + 1):
        pair = (cpu_time_s(lambda: load(folder)), cpu_time_s(lambda: plain(folder)))
        if turn:  # the first turn warms both up
            ours.append(pair[0])
            theirs.append(pair[1])
    metarec_s, plain_s = statistics.median(ours), statistics.median(theirs)
    return {"load_cpu_s": metarec_s, "plain_cpu_s": plain_s, "ratio": metarec_s / plain_s}


def with_images(folder: Path) -> None:
    """Name an image for each item, so that both sides have the same steps to do."""
    items = pl.read_parquet(folder / "items.parquet")
    path = pl.format("images/{}.jpg", "item_id").alias("image")
    items.with_columns(path).write_parquet(folder / "items.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    root = Path(os.environ.get("METAREC_DATA", Path(__file__).parents[2] / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=root / "movielens-1m")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.data
        if not (folder / "interactions.parquet").exists():
            folder = Path(scratch) / "shop"
            generate_to(folder, users=40_000, items=5_000)
            with_images(folder)
        data = load(folder)
        measured = measure(folder, options.rounds)
        alone = read_alone(folder)
    memory = alone["memory"] / alone["table"]
    facts = {"dataset": data.name, "events": len(data.interactions), **measured, "alone": alone}
    goals = [
        Goal(
            "reading, validating, indexing a million events: within 1.5x of plain Polars",
            f"{measured['ratio']:.2f}x",
            measured["ratio"] <= 1.5,
        ),
        Goal(
            "memory of reading a million events: within 4x of the table",
            f"{memory:.2f}x",
            memory <= 4.0,
        ),
    ]
    write("reading", None, goals, measured=facts)


if __name__ == "__main__":
    main()
