"""A table of items alone, as `add_items`, `update_items` and `sync_items` take it: one door."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from metarec.contracts import AlikeItemWarning, Catalogue, Dataset, vocabulary_of
from metarec.contracts.vocabulary import forms_told
from metarec.contracts.wording import written
from metarec.data.column_names import Given
from metarec.data.load import load, require
from metarec.data.readers.delimited import check_text_options
from metarec.data.readers.frames import table_of
from metarec.data.readers.tabular import read_table
from metarec.data.validation.assembly import finite_content
from metarec.data.validation.content_types import typed_content
from metarec.data.validation.id_forms import with_listed_forms
from metarec.data.validation.naming import named
from metarec.data.validation.needed import has_columns
from metarec.data.validation.numbers_as_text import is_missing, written_numbers
from metarec.data.validation.offered import with_offered
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.remedies import Remedies
from metarec.data.validation.rows import with_distinct, with_ids, with_safe_paths
from metarec.data.validation.table import Table
from metarec.files.disk import reading

KEY = "item_id"


@dataclass(frozen=True, eq=False)
class Items:
    """Checked items, and what was understood of them without being told."""

    frame: pl.DataFrame
    """`item_id`, perhaps `offered`, and any content."""
    notes: tuple[str, ...] = ()


def items_of(given: Any, known: Catalogue | None = None, *, new: bool = False) -> Items:
    """The items of a Polars, pandas or Arrow table, checked as those of `from_frames` are.

    Columns that `known` items have as text stay text. Ids that differ from theirs in zeros at the
    start or in case alone are theirs, unless all are `new`. Raises InvalidData with every problem.
    """
    if isinstance(given, Items):
        return given
    report = Report(Remedies("frames"))
    table = table_of(given, "items", report)
    report.raise_if_fatal()
    return _checked(named(table, "items", report), known, report, new=new)


def read_items(
    path: str | Path,
    known: Catalogue | None = None,
    *,
    columns: Given | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    new: bool = False,
) -> Items:
    """The items of a file of any kind that `load_csv` reads, or of the folder of a shop."""
    place, report = Path(path), Report(Remedies("file"))
    check_text_options(separator, encoding)
    if place.is_dir():
        shop = load(place)
        offered = pl.Series("offered", shop.catalogue.offered)
        return Items(shop.catalogue.table.with_columns(offered), shop.notes)
    require(place, report, is_file=True)
    with reading(place):
        table = read_table(place, report, separator, encoding)
    report.raise_if_fatal()
    return _checked(named(table, "items", report, columns), known, report, new=new)


def _checked(table: Table | None, known: Catalogue | None, report: Report, *, new: bool) -> Items:
    report.raise_if_fatal()
    assert table is not None, "a table that cannot be read is a problem of its whole file"
    if not has_columns(table, (KEY,), report):
        raise report.invalid()
    table = with_offered(table, report)
    named_ids = with_ids(table, (KEY,), report)
    if named_ids is None:
        raise report.invalid()
    if known is not None and new:
        warn_of_alike(named_ids.frame[KEY].to_list(), known)
    elif known is not None:
        ids = pl.Series(known.ids.tolist(), dtype=pl.String)
        named_ids = with_listed_forms(named_ids, KEY, ids, "the model", report)
    safe = with_safe_paths(with_distinct(named_ids, KEY, report), Path(), report)
    texts = [] if known is None else _texts(known)
    typed = safe if safe.settled else typed_content(safe, report, KEY, *texts)
    typed = typed if known is None else _with_numbers(typed, known, report)
    finite = finite_content(typed, KEY, report)
    report.settle(lenient=False, rejects=None)
    frame = finite.frame
    empty = [name for name in frame.columns if frame[name].null_count() == len(frame)]
    nothing = [pl.lit(None).alias(name) for name in empty if name != KEY]
    return Items(frame.with_columns(nothing) if len(frame) else frame, tuple(report.said))


def under_known_ids(shop: Dataset, known: Catalogue, file: str) -> Dataset:
    """The shop under the ids of `known` items, where its own are these in another form."""
    ids = pl.Series(shop.catalogue.ids.tolist(), dtype=pl.String)
    report, table = (
        Report(),
        Table(pl.DataFrame({KEY: ids.gather(shop.interactions["item"])}), file),
    )
    listed = pl.Series(known.ids.tolist(), dtype=pl.String)
    found = with_listed_forms(table, KEY, listed, "the model", report).frame[KEY]
    theirs = dict(zip(table.frame[KEY], found, strict=True))
    renamed = [theirs.get(item_id, item_id) for item_id in shop.catalogue.ids]
    if not report.said or len(set(renamed)) < len(renamed):
        return shop
    catalogue = replace(shop.catalogue, ids=vocabulary_of(renamed))
    return replace(shop, catalogue=catalogue, notes=(*shop.notes, *report.said))


def warn_of_alike(ids: list[str], known: Catalogue) -> None:
    """Say that new items may be known ones whose ids a tool has changed."""
    if form := forms_told((i for i in ids if i not in known.row_of), known.vocabulary):
        warnings.warn(
            f"new items may be known ones under other ids ({form}); if they are, write their ids "
            f"as in the model, and use {written('update_items', 'metarec items update')}",
            AlikeItemWarning,
            stacklevel=5,  # add_items, where it is called
        )


def _with_numbers(table: Table, known: Catalogue, report: Report) -> Table:
    """The rows whose text is a number wherever the known items have numbers, read as such."""
    fix = "write the number, or nothing where it is not known"
    kinds = known.frame.schema
    for name, kind in table.frame.schema.items():
        if kind == pl.String and name in kinds and kinds[name].is_numeric():
            text = table.frame[name]
            numbers = written_numbers(text, table.decimal).numbers
            bad = text.is_not_null() & numbers.is_null() & ~is_missing(text).fill_null(False)
            check = Check("no number", name, pl.lit(bad), "a number, as the model has it", fix)
            kept = report.sift(table, [check])
            read = numbers.filter(~bad).alias(name)
            table = kept.with_frame(kept.frame.with_columns(read))
    return table


def _texts(known: Catalogue) -> list[str]:
    kinds = known.frame.schema.items()
    return [
        c for c, kind in kinds if kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum)
    ]
