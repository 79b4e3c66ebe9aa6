"""Lists for everyone into one file, however many they are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Unpack

import polars as pl
import pyarrow.parquet as pq

from metarec.contracts import DataError, Filters, Histories, Recommender, whole_number
from metarec.contracts.printing import counted
from metarec.contracts.progress import progress_of
from metarec.files.atomic import whole_file
from metarec.ranking.exclusions import is_nested

PEOPLE_AT_ONCE = 1000
"""Lists held in memory at once."""
Append = Callable[[pl.DataFrame], None]


@dataclass(frozen=True)
class Written:
    """What was written."""

    people: int
    rows: int
    short: int
    """People whose lists are shorter than asked."""
    first_short: str
    """Why the first of these is; empty where there are none."""

    def __str__(self) -> str:
        short = f"; {self.short:,} have short lists, {self.first_short}" if self.short else ""
        return f"{counted(self.rows, 'row')} for {counted(self.people, 'person', 'people')}{short}"


def recommend_to_file(
    model: Recommender,
    histories: Histories,
    out: str | Path,
    k: int = 10,
    *,
    progress: bool = False,
    **filters: Unpack[Filters],
) -> Written:
    """Write the `k` best items of each history to a .parquet, .csv or .jsonl file.

    Columns user_id (the place in `histories` where these name nobody), rank, item_id, title where
    the items have one, score and std; a person without an item has no row. Memory does not grow
    with the number of people, and the file appears whole or not at all.
    """
    path, people = Path(out), len(histories)
    if path.suffix not in WRITERS:
        raise DataError(f"{path} must end in one of {', '.join(WRITERS)}, which says its format")
    if path.is_dir():
        raise DataError(f"{path} is a folder; name a file")
    whole_number("k", k)
    exclude = filters.get("exclude")
    own = is_nested(exclude)
    rows = short = 0
    why = ""
    with (
        whole_file(path) as new,
        WRITERS[path.suffix](new) as append,
        progress_of("recommending", people, show=progress) as advance,
    ):
        for start in range(0, max(people, 1), PEOPLE_AT_ONCE):
            part = histories.take(slice(start, start + PEOPLE_AT_ONCE))
            if own:
                filters["exclude"] = exclude[start : start + PEOPLE_AT_ONCE]  # type: ignore[index]
            answer = model.recommend(part, k, **filters)
            frame = _named(answer.to_frame(), start)
            append(frame)
            rows += len(frame)
            shortfalls = answer.shortfalls
            why = why or next((f"the first: {s}" for s in shortfalls.values()), "")
            short += len(shortfalls)
            advance(min(start + PEOPLE_AT_ONCE, people), None)
    return Written(people, rows, short, why)


def _named(frame: pl.DataFrame, start: int) -> pl.DataFrame:
    """The rows with the names of people; what is not known is null in every format."""
    if "user_id" not in frame.columns:
        frame = frame.with_columns(user_id=(pl.col("history") + start).cast(pl.String))
    ordered = [c for c in ("user_id", "rank", "item_id", "title") if c in frame.columns]
    return frame.select(*ordered, pl.col("score").fill_nan(None), pl.col("std").fill_nan(None))


@contextmanager
def _parquet(path: Path) -> Iterator[Append]:
    writer: Any = None

    def append(frame: pl.DataFrame) -> None:
        nonlocal writer
        table = frame.to_arrow()
        if writer is None:
            writer = pq.ParquetWriter(path, table.schema)
        writer.write_table(table)

    try:
        yield append
    finally:
        if writer is not None:
            writer.close()


@contextmanager
def _csv(path: Path) -> Iterator[Append]:
    with path.open("wb") as file:
        yield lambda frame: frame.write_csv(file, include_header=_is_new(file))


@contextmanager
def _json_lines(path: Path) -> Iterator[Append]:
    with path.open("wb") as file:
        yield lambda frame: frame.write_ndjson(file)


def _is_new(file: IO[bytes]) -> bool:
    return file.tell() == 0


WRITERS = {".parquet": _parquet, ".csv": _csv, ".jsonl": _json_lines}
"""How rows are appended, by the suffix of the file."""
