"""One door for all formats: look at the path, read, validate, index."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from metarec.contracts import DataError
from metarec.contracts.dataset import Dataset, RepeatsRule
from metarec.contracts.wording import written
from metarec.data.readers.amazon import is_amazon, read_amazon
from metarec.data.readers.folder import is_folder_format, read_folder
from metarec.data.readers.movielens import is_movielens, read_movielens
from metarec.data.readers.recbole import is_recbole, read_recbole
from metarec.data.validation.assembly import assemble
from metarec.data.validation.handling import Handling
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Tables
from metarec.files.disk import reading

Reader = Callable[[Path, Report], Tables]

READERS: dict[str, tuple[Callable[[Path], bool], Reader]] = {
    "folder": (is_folder_format, read_folder),
    "movielens": (is_movielens, read_movielens),
    "recbole": (is_recbole, read_recbole),
    "amazon": (is_amazon, read_amazon),
}


def load(
    path: str | Path,
    *,
    lenient: bool = False,
    rejects: str | Path | None = None,
    repeats: RepeatsRule | None = None,
    format: Literal["folder", "movielens", "recbole", "amazon"] | None = None,
) -> Dataset:
    """The shop at `path`: a folder of our own format, or one of MovieLens, RecBole or Amazon.

    All problems of all files are raised together as one `InvalidData`. With `lenient` the bad rows
    are left out instead, a warning says how many, and `rejects` names a file (.jsonl, .csv or
    .parquet) that receives them with their problems; a problem of a whole file is still raised.
    `repeats` overrides the rule that the data names for repeated events. For single files see
    `load_csv`.
    """
    place, report = Path(path), Report()
    handling = Handling(repeats, lenient, rejects)
    if format is not None and format not in READERS:
        raise DataError(f"format must be one of {', '.join(READERS)}, got {format!r}")
    require(place, report)
    refuse_model(place)
    with reading(place):
        reader = READERS[format or detect(place)][1]
    return finish(reader, place, report, handling)


def require(place: Path, report: Report, *, is_file: bool = False) -> None:
    """Raise if there is nothing at the path, or a folder where one file is read."""
    expected = "a file of delimited text" if is_file else "a folder of data"
    with reading(place):
        there = place.exists()
    if not there:
        report.fail(str(place), "no such file or folder", expected, "check the path")
    elif is_file and place.is_dir():
        fix = "name the file; load reads a folder"
        report.fail(str(place), "a folder", expected, fix)
    report.raise_if_fatal()


def refuse_model(place: Path) -> None:
    """Raise if the path holds a saved model, whose parts look like tables."""
    if (place / "config.json").is_file() and any(place.glob("*.safetensors")):
        raise DataError(
            f"{place} holds a saved model (config.json, *.safetensors) and no shop; "
            "name the folder of the data"
        )


def detect(place: Path) -> str:
    """The name of the format of the data at the path; a mere folder counts as our own."""
    for name, (fits, _) in READERS.items():
        if fits(place):
            return name
    if not place.is_dir():
        shop = shlex.quote(f"{place.name.split('.')[0]}-shop")
        command = f"metarec data convert {shlex.quote(str(place))} {shop}"
        raise DataError(
            f"{place} is a single file, and a shop is a folder; make one by\n    {command}\n"
            "with --items FILE for what is known of the items"
            + written(" (in Python, load_csv reads it)", "")
        )
    return "folder"  # whose reader says what is missing


def finish(reader: Reader, place: Path, report: Report, handling: Handling) -> Dataset:
    """Read, validate and index."""
    with reading(place):
        tables = reader(place, report)
    folder = place if place.is_dir() else place.parent
    return assemble(tables, report, folder=folder, handling=handling)
