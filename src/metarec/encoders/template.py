"""An item's text, composed from the columns of the catalogue."""

import re
from string import Formatter

import polars as pl

from metarec.contracts import DataError

FILE_COLUMNS = ("image", "audio")
"""Columns of the folder format that hold relative paths, not text."""


def text_columns(frame: pl.DataFrame) -> list[str]:
    """The columns that hold text by default: strings and lists of strings, in table order."""
    return [
        name
        for name, kind in frame.schema.items()
        if (kind == pl.String or kind == pl.List(pl.String)) and name not in FILE_COLUMNS
    ]


def compose(frame: pl.DataFrame, template: str | None = None) -> list[str]:
    """One text a row, from `template` such as "{title} ({year}). {genres}".

    Without a template the text columns are joined by ". " in table order. Lists are joined by
    ", ". A missing value is left out together with the brackets and punctuation around it; a row
    without any text gives "".
    """
    if template is None:
        columns = text_columns(frame)
        template = ". ".join("{" + name + "}" for name in columns)
    else:
        columns = [name for _, name, _, _ in Formatter().parse(template) if name]
        missing = [name for name in columns if name not in frame.columns]
        if missing:
            raise DataError(
                f"the text template names the columns {missing}, which the items do not have; "
                f"they have {frame.columns}"
            )
    if not columns:
        return [""] * len(frame)
    rows = frame.select(_as_text(frame, name) for name in dict.fromkeys(columns)).rows(named=True)
    return [_tidy(template.format(**row)) for row in rows]


def _as_text(frame: pl.DataFrame, name: str) -> pl.Expr:
    column = pl.col(name)
    if frame.schema[name].is_nested():
        column = column.list.eval(pl.element().cast(pl.String)).list.join(", ")
    return column.cast(pl.String).fill_null("").str.strip_chars().alias(name)


_EMPTY_BRACKETS = re.compile(r"[(\[]\s*[)\]]")
_REPEATED_STOPS = re.compile(r"(?:[.,;:]\s*){2,}(?=\s|$|\w)")
_SPACES = re.compile(r"\s+")


def _tidy(text: str) -> str:
    """The text without what missing values leave behind: "()", ". . " and double spaces."""
    text = _EMPTY_BRACKETS.sub("", text)
    text = _REPEATED_STOPS.sub(". ", text)
    return _SPACES.sub(" ", text).strip(" .,;:") if text.strip(" .,;:()[]") else ""
