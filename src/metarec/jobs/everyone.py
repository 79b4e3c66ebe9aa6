"""Lists for everyone into one file, however many they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Unpack

import polars as pl
import pyarrow.parquet as pq

from metarec.contracts import (
    Catalogue,
    DataError,
    Filters,
    Histories,
    Recommender,
    whole_number,
)
from metarec.contracts.alignment import align
from metarec.contracts.printing import counted
from metarec.contracts.progress import progress_of
from metarec.contracts.vocabulary import forms_told
from metarec.files.atomic import whole_file
from metarec.ranking.candidates import candidate_rows
from metarec.ranking.columns import lowered_of
from metarec.ranking.exclusions import Exclusions, excluded_rows

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
    rank_by: str | None = None,
    **filters: Unpack[Filters],
) -> Written:
    """Write the `k` best items of each history to a .parquet, .csv or .jsonl file.

    Columns user_id (the place in `histories` where these name nobody), rank, item_id, title where
    the items have one, score, rating where the model foretells one, and std; a person without an
    item has no row. Memory does not grow with the number of people, and the file appears whole or
    not at all. `rank_by` is for models that have several orders, such as `MetaRecommender`.
    """
    path = Path(out)
    if path.suffix not in WRITERS:
        raise DataError(f"{path} must end in one of {', '.join(WRITERS)}, which says its format")
    if path.is_dir():
        raise DataError(f"{path} is a folder; name a file")
    whole_number("k", k)
    if not isinstance(histories, Histories):
        raise DataError(
            "histories must be Histories, such as shop.histories or Histories.of([[event, ...], "
            f"...]), got {type(histories).__name__}"
        )
    people = len(histories)
    known = _aligned(histories, model.catalogue)
    own = _known_only(filters, model.catalogue, people)
    if down := filters.get("lowered", {}):
        lowered_of(down, model.catalogue, people)  # what is wrong is told now, not after hours
    order: Any = {} if rank_by is None else {"rank_by": rank_by}
    rows = short = 0
    why = ""
    with (
        whole_file(path) as new,
        WRITERS[path.suffix](new) as append,
        progress_of("recommending", people, show=progress) as advance,
    ):
        for start in range(0, max(people, 1), PEOPLE_AT_ONCE):
            part = known.take(slice(start, start + PEOPLE_AT_ONCE))
            if own is not None:
                filters["exclude"] = own[start : start + PEOPLE_AT_ONCE]
            if not isinstance(down, Mapping):
                filters["lowered"] = down[start : start + PEOPLE_AT_ONCE]
            answer = model.recommend(part, k, **order, **filters)
            frame = _named(answer.to_frame(), start)
            append(frame)
            rows += len(frame)
            shortfalls = answer.shortfalls
            why = why or next((f"the first: {s}" for s in shortfalls.values()), "")
            short += len(shortfalls)
            advance(min(start + PEOPLE_AT_ONCE, people), None)
    return Written(people, rows, short, why)


def _aligned(histories: Histories, catalogue: Catalogue) -> Histories:
    """The histories in the rows of the catalogue; what is unknown is said once for everyone.

    Raises DataError where no event is on a known item: the file would say the same of everyone.
    """
    known = align(histories, catalogue, warn=False)
    if len(known.items) == len(histories.items):
        return known
    if len(known.items):
        return align(histories, catalogue)
    form = forms_told(histories.vocabulary, catalogue.vocabulary)
    told = form or f"its ids look like {str(catalogue.ids[0])!r}"
    raise DataError(
        f"none of the {len(histories.items):,} events is on an item of the model's catalogue "
        f"(such as {histories.vocabulary[0]!r}); {told}"
    )


def _known_only(
    filters: Filters, catalogue: Catalogue, people: int
) -> Sequence[Sequence[str]] | None:
    """Leaves unknown items out of the filters, which is said once and not of every batch.

    The lists of single people, if `exclude` is such, are the answer.
    """
    if (candidates := filters.get("candidates")) is not None:
        filters["candidates"] = catalogue.ids[candidate_rows(candidates, catalogue)].tolist()
    if (exclude := filters.get("exclude")) is None:
        return None
    excluded = excluded_rows(exclude, catalogue, people)
    if isinstance(excluded, Exclusions):
        ids = catalogue.ids[excluded.items].tolist()
        return [ids[start:stop] for start, stop in pairwise(excluded.offsets)]
    filters["exclude"] = catalogue.ids[excluded].tolist()
    return None


def _named(frame: pl.DataFrame, start: int) -> pl.DataFrame:
    """The rows with the names of people; what is not known is null in every format."""
    if "user_id" not in frame.columns:
        frame = frame.with_columns(user_id=(pl.col("history") + start).cast(pl.String))
    ordered = [c for c in ("user_id", "rank", "item_id", "title") if c in frame.columns]
    numbers = [c for c in ("score", "rating", "std") if c in frame.columns]
    return frame.select(*ordered, pl.col(numbers).fill_nan(None))


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
