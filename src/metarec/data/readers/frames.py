"""Any library's table as a Polars frame: Polars, pandas, Arrow, or a SciPy sparse matrix."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl

from metarec.contracts import DataError
from metarec.contracts.wording import written
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

TAKEN = (
    "a Polars DataFrame or LazyFrame, a pandas DataFrame, an Arrow table (or anything with "
    "__arrow_c_stream__)"
)


def table_of(given: Any, name: str, report: Report) -> Table | None:
    """The frame as a table whose rows count from 0; a column that cannot be read is reported."""
    file = written(f"the frame {name}", f"the frame {name}", name)
    if isinstance(given, pl.LazyFrame):
        given = collected(given, name)
    if isinstance(given, pl.DataFrame):
        return Table(given, file, first=0)
    if is_pandas(given):
        return from_pandas(given, file, report)
    if not hasattr(given, "__arrow_c_stream__") or isinstance(given, pl.Series):
        raise DataError(f"{name} must be {TAKEN}, got {kind_of(given)}")
    try:
        return Table(pl.DataFrame(given), file, first=0)
    except Exception as error:  # each library that speaks Arrow fails in its own way
        raise DataError(f"{name}, {kind_of(given)}, could not be read: {error}") from error


def collected(frame: pl.LazyFrame, name: str) -> pl.DataFrame:
    """The rows of a lazy frame."""
    try:
        return frame.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0]
        raise DataError(f"the lazy frame {name} could not be collected: {said}") from error


def kind_of(given: Any) -> str:
    """The type of a value as people write it."""
    return f"{type(given).__module__.split('.')[0]}.{type(given).__name__}"


def is_pandas(given: Any) -> bool:
    """True for a DataFrame of pandas, or of a class derived from it; pandas is not imported."""
    return any(
        base.__module__.split(".")[0] == "pandas" and base.__name__ == "DataFrame"
        for base in type(given).__mro__
    )


def from_pandas(frame: Any, file: str, report: Report) -> Table:
    """A pandas DataFrame: missing values are null, and a named index becomes columns.

    Rows count from 0, whatever the index. A column of Python objects is read where they are all of
    one kind.
    """
    named = [name for name in frame.index.names if name is not None]
    if any(name not in frame.columns for name in named):
        frame = frame.reset_index(level=[n for n in named if n not in frame.columns])
    names = [str(name) for name in frame.columns]
    for name in {name for name in names if names.count(name) > 1}:
        fix = "give each column a name of its own"
        report.fail(file, f"{names.count(name)} columns of that name", "one", fix, name)
        return Table(pl.DataFrame(), file, first=0)
    series = [
        pandas_column(frame.iloc[:, place], name, file, report) for place, name in enumerate(names)
    ]
    columns = [column for column in series if column is not None]
    height = pl.DataFrame(height=len(frame)) if not columns else pl.DataFrame(columns)
    return Table(height, file, first=0)


def pandas_column(column: Any, name: str, file: str, report: Report) -> pl.Series | None:
    """One column; None, with a problem reported, where its values are of several kinds."""
    try:
        if hasattr(column, "sparse"):
            column = column.sparse.to_dense()
        if str(column.dtype).startswith("period"):
            column = column.dt.to_timestamp()  # its first moment; Arrow would count periods
        if str(column.dtype) == "object" and any(isinstance(v, uuid.UUID) for v in column):
            column = column.map(str, na_action="ignore")  # Arrow would make bytes of them
        return pl.Series(name, pl.from_pandas(column, nan_to_null=True))
    except Exception as error:  # pandas, NumPy, Arrow and Polars each fail in their own way
        mixed = first_of_another_kind(column) if str(column.dtype) == "object" else None
        said = " ".join(str(error).split())[:120] or type(error).__name__
        found = f"{column.dtype} that cannot be read ({said})" if mixed is None else mixed
        fix = f"write one kind of values, such as {name} as text: .astype('string')"
        report.fail(file, found, "values of one kind", fix, name)
        return None


def first_of_another_kind(values: Iterable[Any], start: int = 0) -> str | None:
    """Where Python's objects first are of another kind than in the first filled row.

    Rows count from `start`. Whole numbers and fractions are of one kind.
    """
    kinds = [(row, type(value)) for row, value in enumerate(values, start) if not is_missing(value)]
    for row, kind in kinds:
        first = kinds[0][1]
        if kind is not first and {kind, first} != {int, float}:
            return f"{first.__name__} in row {kinds[0][0]} and {kind.__name__} in row {row}"
    return None


def is_missing(value: Any) -> bool:
    """True for None, NaN, NaT and pandas.NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def is_sparse(given: Any) -> bool:
    """True for a sparse matrix or array of SciPy."""
    import scipy.sparse as sp

    return bool(sp.issparse(given))


def from_sparse(
    matrix: Any,
    user_ids: Sequence[Any] | None,
    item_ids: Sequence[Any] | None,
    feedback: str | None,
    report: Report,
) -> Table:
    """The stored cells of a matrix of people and items as events, person after person.

    Cells that are stored twice are summed, as SciPy reads them. A stored zero is no event where
    events are implicit, and is counted; of ratings it is a rating.
    """
    ids = [ids_for(user_ids, matrix, 0, "user_ids"), ids_for(item_ids, matrix, 1, "item_ids")]
    cells = matrix.tocsr(copy=True)
    cells.sum_duplicates()
    cells = cells.tocoo()
    rows, columns, values = cells.row, cells.col, np.asarray(cells.data)
    if feedback == "implicit":
        report.note("stored zero of the matrix", int((values == 0).sum()))
        rows, columns, values = rows[values != 0], columns[values != 0], values[values != 0]
    elif feedback is None and not (values == 1).all():
        raise DataError(
            "a matrix does not say what its numbers mean: pass feedback='rating' if they are "
            "ratings, or feedback='implicit' if they are counts or weights"
        )
    table = pl.DataFrame(
        {
            "user_id": ids[0].gather(rows.astype(np.int64)),
            "item_id": ids[1].gather(columns.astype(np.int64)),
            "value": values,
        }
    )
    return Table(table, "the matrix (its stored cells)", first=0)


def ids_for(ids: Sequence[Any] | None, matrix: Any, axis: int, name: str) -> pl.Series:
    """The ids of a matrix's rows or columns; refuses another number of them than it has."""
    side = ("rows", "columns")[axis]
    if ids is None:
        raise DataError(
            f"a matrix needs {name}=, the ids of its {matrix.shape[axis]:,} {side} in order"
        )
    listed = [value.item() if isinstance(value, np.generic) else value for value in ids]
    if len(listed) != matrix.shape[axis]:
        raise DataError(
            f"{name} must be the ids of the matrix's {matrix.shape[axis]:,} {side}, got "
            f"{len(listed):,}"
        )
    if wrong := [v for v in listed if isinstance(v, bool) or not isinstance(v, str | int)]:
        raise DataError(f"{name} must be text or whole numbers, got {wrong[0]!r}")
    column = pl.Series(name, [str(value) for value in listed], dtype=pl.String)
    if column.n_unique() < len(column):
        again = column.filter(~column.is_first_distinct())[0]
        raise DataError(f"{name} must be distinct, and {again!r} stands in them twice")
    return column
