"""What the disk refuses, as one error that names the place and the way out."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from safetensors import SafetensorError

from metarec.contracts import DataError


@contextmanager
def reading(place: str | Path) -> Iterator[None]:
    """Turns what the system says while something is read into a `DataError`."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{told(error, place)} cannot be read: {reason(error)}; check the path and its "
            "permissions"
        ) from error


@contextmanager
def writing(place: str | Path) -> Iterator[None]:
    """Turns what the system says while something is written into a `DataError`.

    Polars and safetensors hand on some of it, such as a full disk, as errors of their own.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError, SafetensorError) as error:
        raise DataError(
            f"{place} cannot be written: {reason(error)}; make room, or choose a folder that can "
            "be written to"
        ) from error


def read_parquet(path: str | Path, needed: set[str]) -> pl.DataFrame:
    """A Parquet file that has the needed columns, whatever else it has."""
    try:
        with reading(path):
            frame = pl.read_parquet(path, glob=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} is no Parquet file: {reason(error)}") from error
    if not needed <= set(frame.columns):
        raise DataError(f"{path} must have the columns {sorted(needed)}, got {frame.columns}")
    return frame


def told(error: OSError, place: str | Path) -> str:
    """The place that the error is about, as far as it says."""
    return str(place if error.filename is None else error.filename)


def reason(error: Exception) -> str:
    """What went wrong in one line; what the system said, where the error tells of that.

    >>> reason(ValueError("I/O error: File too large (os error 27)\\nand more"))
    'File too large'
    >>> reason(ValueError('IoError(Os { code: 28, kind: StorageFull, message: "what?" })'))
    'No space left on device'
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if told := re.search(r"\(os error (\d+)\)|Os { code: (\d+)", str(error)):
        return os.strerror(int(told[1] or told[2]))  # so the writers in Rust say it
    return str(error).splitlines()[0] if str(error) else type(error).__name__
