"""Reader of Amazon reviews: JSON Lines with metadata, of 2014, 2018 and 2023, plain or gzipped.

Read are the user, item, rating and time of each review, and of each item its title, description,
brand, categories and price; the reviews' texts are not. The times of 2023 are milliseconds and
become seconds with a fraction. One person often reviews a thing twice: the last review counts
(`repeats = "last"`).
"""

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from metarec.data.readers.tabular import read_table
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table, Tables

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
LICENCE = "Amazon reviews (UCSD): research use by custom, no redistribution"


def is_amazon(place: Path) -> bool:
    """True for a file of JSON Lines that speaks of ASINs, or a folder that holds JSON Lines."""
    if place.is_dir():
        return bool(json_files(place))
    return place.name.endswith(SUFFIXES) and b'asin"' in beginning(place)


def beginning(path: Path) -> bytes:
    """The first 64 KiB of a file, unpacked; nothing where it cannot be read."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return file.read(65_536)
    except (OSError, EOFError, zlib.error):
        return b""


def json_files(place: Path) -> list[Path]:
    """The files of JSON Lines at the place, in order of name."""
    inside = sorted(place.iterdir()) if place.is_dir() else [place]
    return [path for path in inside if path.name.endswith(SUFFIXES)]


def read_amazon(place: Path, report: Report) -> Tables:
    """The reviews, and the metadata from the file whose name starts with `meta_`."""
    files = json_files(place)
    reviews = [path for path in files if not path.name.startswith("meta_")]
    meta = [path for path in files if path.name.startswith("meta_")]
    if len(reviews) != 1 or len(meta) > 1:
        found = ", ".join(path.name for path in files) or "no JSON Lines"
        expected = "one file of reviews and at most one of metadata (meta_*)"
        report.fail(str(place), found, expected, "name the files so, one category a folder")
        return Tables(str(place), None)
    events = read_table(reviews[0], report)
    items = read_table(meta[0], report) if meta else None
    return Tables(
        name=reviews[0].name.split(".")[0],
        interactions=None if events is None else review_columns(events),
        items=None if items is None else item_columns(items),
        feedback="rating",
        clock="unix",
        repeats="last",
        licence=LICENCE,
    )


def first_of(frame: pl.DataFrame, names: Sequence[str]) -> str:
    """The first of the names that the frame has, else the first of all."""
    return next((name for name in names if name in frame.columns), names[0])


def review_columns(table: Table) -> Table:
    """User, item, value and time under our names, whichever year's names the file has."""
    own = {
        "user_id": first_of(table.frame, ("user_id", "reviewerID")),
        "item_id": first_of(table.frame, ("parent_asin", "asin")),
        "value": first_of(table.frame, ("rating", "overall")),
        "timestamp": first_of(table.frame, ("timestamp", "unixReviewTime")),
    }
    table = table.renamed(own)
    frame = table.frame.select(c for c in own if c in table.frame.columns)
    in_milliseconds = own["timestamp"] == "timestamp"
    if in_milliseconds and frame.schema.get("timestamp", pl.String).is_integer():
        frame = frame.with_columns(pl.col("timestamp") / 1000)
    return table.with_frame(frame)


def item_columns(table: Table) -> Table:
    """Item id, title, description, brand, categories and price, as far as they are there."""
    own = {
        "item_id": first_of(table.frame, ("parent_asin", "asin")),
        "brand": first_of(table.frame, ("brand", "store")),
        "categories": first_of(table.frame, ("categories", "category")),
    }
    table = table.renamed(own)
    frame = table.frame
    columns = [pl.col(c) for c in ("item_id", "title", "brand") if c in frame.columns]
    for name, made in (("description", text), ("categories", labels), ("price", amount)):
        if name in frame.columns:
            columns.append(made(name, frame.schema[name]))
    return table.with_frame(frame.select(columns))


def text(column: str, kind: pl.DataType) -> pl.Expr:
    """One text, of paragraphs where they are a list; null where it is empty."""
    whole = pl.col(column).list.join(" ") if isinstance(kind, pl.List) else pl.col(column)
    whole = whole.cast(pl.String).str.strip_chars()
    return pl.when(whole != "").then(whole).alias(column)


def labels(column: str, kind: pl.DataType) -> pl.Expr:
    """A list of labels; a list of paths (2014) is made flat, repeats left out."""
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.List):
        flat = pl.col(column).list.eval(pl.element().explode())
        return flat.list.unique(maintain_order=True)
    return pl.col(column) if isinstance(kind, pl.List) else pl.concat_list(column)


def amount(column: str, kind: pl.DataType) -> pl.Expr:
    """A price as a number; null for what names none, such as a range or a lack of one."""
    if kind.is_numeric():
        return pl.col(column).cast(pl.Float64)
    plain = pl.col(column).cast(pl.String).str.strip_chars().str.replace_all(r"[$,]", "")
    return plain.cast(pl.Float64, strict=False).alias(column)
