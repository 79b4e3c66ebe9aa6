"""An item's text, composed from the columns of the catalogue."""

import re
from collections.abc import Sequence
from string import Formatter

import numpy as np
import polars as pl

from metarec.contracts import DataError
from metarec.encoders.cleaning import cleaned
from metarec.encoders.nested import innermost, leaves_of, text_of
from metarec.encoders.records import expanded
from metarec.encoders.roles import ColumnRoles

Part = tuple[str, str | None]
"""Literal text, and the column that follows it."""


def compose(
    frame: pl.DataFrame, template: str | None = None, columns: Sequence[str] | None = None
) -> list[str]:
    """One text a row, from `template` such as "{title} ({year}). {genres}".

    Without a template the text columns are joined by ". " in table order: those named, else those
    that `ColumnRoles` finds. Lists are joined by ", ", the fields of a struct are named as
    "{maker.name}". Each value is freed of HTML and brought to Unicode's form NFKC. A missing value
    is left out together with the brackets and punctuation around it; a row without any text gives
    "".
    """
    frame = expanded(frame)
    if template is None:
        names = ColumnRoles.fit(frame).columns("text") if columns is None else columns
        parts: list[Part] = [(". ", name) for name in names]
    else:
        parts = _parse(template)
    named = [name for _, name in parts if name is not None]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise DataError(
            f"the text template names the columns {missing}, which the items do not have; "
            f"they have {frame.columns}"
        )
    if not named:
        return [""] * len(frame)
    rows = pl.DataFrame([_as_text(frame[name]) for name in dict.fromkeys(named)]).rows(named=True)
    return [
        _tidy("".join(literal + ("" if name is None else row[name]) for literal, name in parts))
        for row in rows
    ]


def template_columns(template: str) -> list[str]:
    """The columns that a template names."""
    return [name for _, name in _parse(template) if name is not None]


def checked_template(template: object) -> None:
    """Refuse what is no template, before any item is read."""
    if template is None:
        return
    if not isinstance(template, str):
        raise DataError(f"template must be text such as '{{title}}. {{genres}}', got {template!r}")
    _parse(template)


def _parse(template: str) -> list[Part]:
    """The template as literal text, each piece with the column that follows it."""
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise DataError(f"the text template {template!r} is broken: {error}") from error
    if not any(name for _, name, _, _ in parsed):
        raise DataError(f"the text template {template!r} names no column; write {{title}}")
    if any(spec or conversion for _, _, spec, conversion in parsed):
        raise DataError(
            f"the text template {template!r} formats a column; write its name alone, as {{title}}"
        )
    return [(literal, name) for literal, name, _, _ in parsed]


def _as_text(column: pl.Series) -> pl.Series:
    kind = innermost(column.dtype)
    if kind in (pl.Struct, pl.Binary, pl.Object):
        raise DataError(
            f"column {column.name} holds {kind}, expected text, numbers or lists of them"
        )
    text = _joined(column) if column.dtype.is_nested() else text_of(column)
    return cleaned(text).fill_null("").str.strip_chars()


def _joined(lists: pl.Series) -> pl.Series:
    """The values inside the lists of each row, parted by commas; null where there are none."""
    rows, values = leaves_of(lists)
    there = pl.DataFrame({"row": rows, lists.name: text_of(values)}).drop_nulls()
    told = there.group_by("row").agg(pl.col(lists.name).str.join(", "))
    every = pl.DataFrame({"row": np.arange(len(lists))})
    return every.join(told, on="row", how="left", maintain_order="left")[lists.name]


_EMPTY_BRACKETS = re.compile(r"[(\[]\s*[)\]]")
_REPEATED_STOPS = re.compile(r"(?:[.,;:]\s*){2,}(?=\s|$|\w)")
_SPACES = re.compile(r"\s+")


def _tidy(text: str) -> str:
    """The text without what missing values leave behind: "()", ". . " and double spaces."""
    text = _EMPTY_BRACKETS.sub("", text)
    text = _REPEATED_STOPS.sub(". ", text)
    return _SPACES.sub(" ", text).strip(" .,;:") if text.strip(" .,;:()[]") else ""
