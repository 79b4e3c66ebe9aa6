"""An item's text, composed from the columns of the catalogue."""

import re
from string import Formatter

import polars as pl

from metarec.contracts import DataError

Part = tuple[str, str | None]
"""Literal text, and the column that follows it."""
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
        parts: list[Part] = [(". ", name) for name in text_columns(frame)]
    else:
        parts = _parse(template)
    columns = [name for _, name in parts if name is not None]
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise DataError(
            f"the text template names the columns {missing}, which the items do not have; "
            f"they have {frame.columns}"
        )
    if not columns:
        return [""] * len(frame)
    rows = frame.select(_as_text(frame, name) for name in dict.fromkeys(columns)).rows(named=True)
    return [
        _tidy("".join(literal + ("" if name is None else row[name]) for literal, name in parts))
        for row in rows
    ]


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


def _as_text(frame: pl.DataFrame, name: str) -> pl.Expr:
    column, kind = pl.col(name), frame.schema[name]
    if kind.is_nested() and not isinstance(kind, pl.List):
        raise DataError(f"column {name} holds {kind}, expected text, numbers or lists of them")
    if kind.is_nested():
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
