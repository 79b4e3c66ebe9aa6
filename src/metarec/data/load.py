"""One door for all formats: look at the path, read, validate, index."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from metarec.contracts import DataError
from metarec.data.assembly import assemble
from metarec.data.dataset import Dataset, RepeatsRule
from metarec.data.folder import is_folder_format, read_folder
from metarec.data.problems import Report
from metarec.data.table import Tables

Format = Literal["folder"]

READERS: dict[str, Callable[[Path, Report], Tables | None]] = {
    "folder": read_folder,
}


def load(
    path: str | Path,
    *,
    lenient: bool = False,
    rejects: str | Path | None = None,
    repeats: RepeatsRule | None = None,
    format: Format | None = None,
) -> Dataset:
    """The shop at `path`: a folder of our own format, or one that MovieLens, RecBole or Amazon use.

    All problems of all files are raised together as one `InvalidData`. With `lenient` the bad rows
    are left out instead, a warning says how many, and `rejects` names a file (.jsonl, .csv or
    .parquet) that receives them with their problems; a problem of a whole file is still raised.
    `repeats` overrides the rule that the data names for repeated events.
    """
    if repeats is not None and repeats not in get_args(RepeatsRule):
        raise DataError(f"repeats must be one of {get_args(RepeatsRule)}, got {repeats!r}")
    place, report = Path(path), Report()
    if not place.exists():
        report.fail(str(path), "no such file or folder", "a folder of data", "check the path")
        report.raise_if_fatal()
    tables = READERS[format or detect(place)](place, report)
    if tables is None:
        report.raise_if_fatal()
    assert tables is not None, "a reader without tables reports why"
    return assemble(tables, report, folder=place, repeats=repeats, lenient=lenient, rejects=rejects)


def detect(place: Path) -> str:
    """The name of the format of the data at `place`."""
    if is_folder_format(place):
        return "folder"
    return "folder"  # says what is missing
