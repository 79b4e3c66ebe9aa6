"""A shop from single files, whatever their columns are called, and any source as a folder."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from metarec.contracts import DataError
from metarec.contracts.dataset import Clock, Dataset, Feedback, RepeatsRule
from metarec.contracts.wording import argument, written
from metarec.data.column_names import Given
from metarec.data.declared import Declared
from metarec.data.load import finish, load, require
from metarec.data.readers.amazon import is_amazon
from metarec.data.readers.delimited import read_delimited
from metarec.data.save import check_target, save
from metarec.data.validation.dates_as_text import DateOrder
from metarec.data.validation.handling import Handling
from metarec.data.validation.problems import Report
from metarec.data.validation.remedies import Remedies

Format = Literal["folder", "movielens", "recbole", "amazon", "csv"]


def load_csv(
    path: str | Path,
    columns: Given | None = None,
    *,
    items: str | Path | None = None,
    item_columns: Given | None = None,
    users: str | Path | None = None,
    user_columns: Given | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    dates: DateOrder | None = None,
    feedback: Feedback | None = None,
    scale: Sequence[float] | None = None,
    clock: Clock | None = None,
    target_kinds: Sequence[str] = (),
    negative_kinds: Sequence[str] = (),
    lenient: bool = False,
    rejects: str | Path | None = None,
    repeats: RepeatsRule | None = None,
) -> Dataset:
    """The events of one file: delimited text, JSON Lines or Parquet, gzipped or not.

    Columns are recognised by the names that people use, and separators, decimal commas, dates and
    UTF-16 by what the file holds; `notes` of the dataset say how each was understood. `columns`
    maps our names to the file's where that is wrong: `columns={"user_id": "uid"}` reads users from
    `uid`, and `{"timestamp": None}` says that there is no such column. With a rating the events are
    ratings, with a quantity or without a value implicit. `items` and `users` are files of the same
    kinds with what is known of both. `dates` says what comes first in dates such as 12/11/2024
    where none of them tells.
    """
    place, report = Path(path), Report(Remedies("file"))
    handling = Handling(repeats, lenient, rejects)
    beside = [None if file is None else Path(file) for file in (items, users)]
    for file in (place, *beside):
        if file is not None:
            require(file, report, is_file=True)
    declared = Declared.of(feedback, scale, clock, target_kinds, negative_kinds, dates)
    reader = partial(
        read_delimited,
        columns=columns,
        items=beside[0],
        item_columns=item_columns,
        users=beside[1],
        user_columns=user_columns,
        separator=separator,
        encoding=encoding,
    )
    return finish(lambda at, to: declared.over(reader(at, to)), place, report, handling)


def convert(
    source: str | Path,
    target: str | Path,
    *,
    format: Format | None = None,
    mapping: Given | None = None,
    lenient: bool = False,
    rejects: str | Path | None = None,
    repeats: RepeatsRule | None = None,
    **options: Any,
) -> Dataset:
    """The dataset at `source`, written to the folder `target` in our own format.

    A single file is read as `load_csv` does, whose further arguments go with it; `mapping` maps our
    column names to the file's. Other sources are read as `load` does.
    """
    check_target(Path(target), overwrite=False)
    given = {name for name, value in options.items() if value not in (None, ())}
    given |= set() if mapping is None else {"mapping"}
    if format is None and Path(source).is_file() and (given or not is_amazon(Path(source))):
        format = "csv"
    if format == "csv":
        data = load_csv(
            source, mapping, lenient=lenient, rejects=rejects, repeats=repeats, **options
        )
    elif given:
        raise DataError(
            f"{_written(min(given))} goes with a single file and {source} is "
            f"{'a folder' if format is None else format}; a folder says it in its dataset.toml"
        )
    else:
        data = load(source, format=format, lenient=lenient, rejects=rejects, repeats=repeats)
    save(data, target)
    return data


def _written(name: str) -> str:
    """An argument of `convert`, of which a shell has one option for all columns."""
    return written(name, "--map") if name.endswith(("mapping", "columns")) else argument(name)
