"""The filters of lists as options of the command line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from metarec.cli.mapping import words_of
from metarec.contracts import DataError, Filters

HowMany = Annotated[int, typer.Option(min=1, help="How many items.")]
Where = Annotated[
    str | None, typer.Option(help="Only such items: \"price < 20 and brand == 'Acme'\".")
]
Exclude = Annotated[
    str | None, typer.Option(help='Never these: "id,id", or a file with one a line.')
]
Candidates = Annotated[
    str | None, typer.Option(help='Only these: "id,id", or a file with one a line.')
]
Diversity = Annotated[float, typer.Option(help="From 0 to below 1: how unlike.")]
Boost = Annotated[
    str | None, typer.Option(help="A column of numbers: 1 lifts by a standard deviation.")
]
AtMost = Annotated[list[str] | None, typer.Option(help="At most so many of one value: brand=2.")]


def filters_of(
    *,
    where: str | None,
    exclude: str | None,
    candidates: str | None,
    diversity: float,
    boost: str | None,
    at_most: Sequence[str] | None,
    exclude_seen: bool | None = None,
    exclude_kinds: str | None = None,
) -> Filters:
    """What the options say, in the words of every `recommend`."""
    if exclude_kinds is not None and exclude_seen is False:
        raise DataError(
            "--exclude-kinds names what is left out, and --no-exclude-seen leaves all in"
        )
    asked: Filters = {} if exclude_seen is None else {"exclude_seen": exclude_seen}
    if exclude_kinds is not None:
        asked["exclude_seen"] = list(words_of(exclude_kinds))
        if not asked["exclude_seen"]:
            raise DataError(f"--exclude-kinds takes kinds, such as buy,cart, got {exclude_kinds!r}")
    if where is not None:
        asked["where"] = where
    if exclude is not None:
        asked["exclude"] = ids_of(exclude)
    if candidates is not None:
        asked["candidates"] = ids_of(candidates)
    if diversity:
        asked["diversity"] = diversity
    if boost is not None:
        asked["boost"] = boost
    if at_most:
        asked["at_most"] = dict(map(_cap, at_most))
    return asked


def ids_of(text: str) -> list[str]:
    """The ids of "a,b,c", or of a file that holds one a line."""
    file = Path(text)
    try:
        is_file = file.is_file()
    except OSError:  # longer than a name may be
        is_file = False
    if not is_file:
        return list(words_of(text))
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{file} must hold ids as UTF-8 text, one a line: {error}") from error
    return [line.strip() for line in lines if line.strip()]


def profile_of(text: str | None) -> dict[str, Any] | None:
    """The columns of a JSON object; None where nothing is said."""
    if text is None:
        return None
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"--profile is no JSON: {error}") from error
    if not isinstance(raw, dict):
        raise DataError(f'--profile must be a JSON object, such as {{"age": 30}}, got {text!r}')
    return raw


def _cap(text: str) -> tuple[str, int]:
    column, equals, most = text.rpartition("=")
    if not equals or not column or not most.strip().isdecimal():
        raise DataError(f"--at-most takes column=number, such as brand=2, got {text!r}")
    return column.strip(), int(most)
