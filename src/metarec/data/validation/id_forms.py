"""Ids that tools have changed on the way: spaces around them, .0 at their end, zeros lost."""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from metarec.contracts.printing import counted
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

EXACT: Mapping[pl.DataType, int] = {pl.Float64(): 2**53, pl.Float32(): 2**24}
"""Whole numbers below it have one float each."""
UNSEEN = "\u200b"
ODD = rf"^\s|\s$|{UNSEEN}|\.0$|^[0-9](?:[.,][0-9]+)?[eE]\+"
"""Ids of which one is looked at more closely, and then all of them."""
ROUNDED = r"^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2}$"


def with_whole_ids(table: Table, columns: Sequence[str], report: Report) -> Table:
    """The table with ids that are whole numbers, and came as fractions or decimals, as such.

    pandas makes fractions of a column with a gap, and databases have no other whole numbers.
    """
    for column in columns:
        ids, own = table.frame[column], table.names.get(column, column)
        if not (ids.dtype.is_float() or ids.dtype.is_decimal()):
            continue
        if ids.dtype.is_float() and not (ids.abs() < EXACT.get(ids.dtype, 0)).all():
            continue
        whole = ids.cast(pl.Int128, strict=False)
        if not (whole.cast(ids.dtype) == ids).all() or whole.null_count() > ids.null_count():
            continue
        if ids.dtype.is_float():
            example = ids.drop_nulls().head(1)
            told = f" ({example[0]} is {str(int(example[0]))!r})" if len(example) else ""
            report.say(f"{table.file}: {own} holds whole numbers as fractions{told}")
        table = table.with_frame(table.frame.with_columns(whole.alias(column)))
    return table


def with_plain_ids(table: Table, column: str, each: pl.Series, report: Report) -> Table:
    """The table with ids of text without spaces around them and without the .0 of numbers.

    `each` are the distinct ids; where all are plain, the table itself comes back. A `.0` goes only
    where every id of the column is a number, so that none of them meant it.
    """
    ids, own = table.frame[column], table.names.get(column, column)
    if not each.str.contains(ODD).any():
        return table
    bare = ids.str.strip_chars()
    spaced = (ids != bare) & (bare != "")
    if n := int(spaced.sum()):
        example = ids.filter(spaced)[0]
        report.say(f"{table.file}: spaces around {counted(n, 'id')} of {own} go, as in {example!r}")
    if bare.str.contains(UNSEEN, literal=True).any():
        report.say(f"{table.file}: marks of no width in ids of {own} go")
        bare = bare.str.replace_all(UNSEEN, "", literal=True)
    changed = not ids.equals(bare)
    ids = bare
    say_rounded(ids, table, column, report)
    ended = ids.str.ends_with(".0")
    if ended.any() and ids.drop_nulls().str.contains(r"^[0-9]+(\.0)?$").all():
        example = ids.filter(ended)[0]
        n = int(ended.sum())
        told = f"the .0 of {counted(n, 'id')} of {own} goes: {example!r} is {example[:-2]!r}"
        report.say(f"{table.file}: {told}")
        ids, changed = ids.str.strip_suffix(".0"), True
    if not changed:
        return table
    return table.with_frame(table.frame.with_columns(ids.alias(column)))


def say_alike(ids: pl.Series, table: Table, column: str, report: Report) -> None:
    """Name ids that differ in case or accents alone, as people type them; each stays its own."""
    is_ascii = (ids.str.len_bytes() == ids.str.len_chars()).all()
    form = ids.str.to_lowercase() if is_ascii else folded(ids)
    alike = ids.filter(form.is_duplicated())
    if len(alike):
        own = table.names.get(column, column)
        same = ids.filter(form == form.filter(form.is_duplicated())[0])
        report.say(
            f"{table.file}: {counted(len(alike), 'id')} of {own} differ from others in case or "
            f"accents alone, as {same[0]!r} and {same[1]!r}, and count apart"
        )


def say_rounded(ids: pl.Series, table: Table, column: str, report: Report) -> None:
    """Name ids such as 1.23457E+12, which a spreadsheet made of longer numbers."""
    signed = ids.filter(ids.str.contains("+", literal=True).fill_null(False))  # which is rare
    rounded = signed.filter(signed.str.contains(ROUNDED))
    if len(rounded):
        own = table.names.get(column, column)
        report.say(
            f"{table.file}: {counted(len(rounded), 'id')} of {own} such as {rounded[0]!r} are "
            "numbers that a spreadsheet has rounded, so that several may have become one; export "
            "the column as text"
        )


def with_listed_forms(
    events: Table, column: str, listed: pl.Series, file: str, report: Report
) -> Table:
    """The events with the ids of `listed` where they differ in a form that tools change.

    Done where no two listed ids are the same in that form: numbers without the zeros at their
    start, and letters in one case and one form of Unicode. A person whose listed id has events too
    is another one.
    """
    for told, form in FORMS.items():
        events = with_form(events, column, listed, file, report, told, form)
    return events


def with_form(
    events: Table,
    column: str,
    listed: pl.Series,
    file: str,
    report: Report,
    told: str,
    form: Callable[[pl.Series], pl.Series],
) -> Table:
    """The events with the ids of `listed` that are the same in one form."""
    ids = events.frame[column]
    unknown = ids.filter(~ids.is_in(listed.implode())).unique(maintain_order=True).drop_nulls()
    known = pl.DataFrame({"meant": listed, "form": form(listed)}).drop_nulls()
    if not len(unknown) or known["form"].n_unique() < len(known):
        return events
    if column == "user_id":
        known = known.filter(~known["meant"].is_in(ids.implode()))
    found = pl.DataFrame({"id": unknown, "form": form(unknown)}).join(
        known, on="form", maintain_order="left"
    )
    if not len(found):
        return events
    unknown, meant = found["id"], found["meant"]
    n = int(ids.is_in(unknown.implode()).sum())
    own = events.names.get(column, column)
    report.say(
        f"{events.file}: {counted(n, 'row')} of {own} differ from {file} in {told} and "
        f"are taken for the same: {unknown[0]!r} is {meant[0]!r}"
    )
    return events.with_frame(events.frame.with_columns(pl.col(column).replace(unknown, meant)))


def without_zeros(ids: pl.Series) -> pl.Series:
    """Numbers without the zeros at their start; null for what is none."""
    return ids.set(~ids.str.contains("^[0-9]+$"), None).str.strip_chars_start("0")


def folded(ids: pl.Series) -> pl.Series:
    """Ids in small letters and one form of Unicode."""
    return ids.str.normalize("NFC").str.to_lowercase()


FORMS: Mapping[str, Callable[[pl.Series], pl.Series]] = {
    "zeros at the start": without_zeros,
    "case or accents": folded,
}
"""What tools change of the ids of one file and not of the other."""
