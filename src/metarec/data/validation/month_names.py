"""Months by their names in languages that name them much alike, and by any beginning of these."""

import unicodedata
from collections.abc import Iterator, Mapping

NAMES = (
    "january januar januari janvier janeiro enero gennaio",
    "february februar februari fevrier fevereiro febrero febbraio",
    "march marz maerz mrz maart mrt mars marzo marco marts",
    "april avril abril aprile",
    "may mai mayo maggio mei maj maio",
    "june juni juin junio junho giugno",
    "july juli juillet julio julho luglio",
    "august augustus augusti aout agosto",
    "september septembre septiembre setiembre setembro settembre",
    "october oktober octobre octubre outubro ottobre",
    "november novembre noviembre novembro",
    "december dezember decembre diciembre dezembro dicembre",
)
"""Without accents: English, German, French, Spanish, Italian, Portuguese, Dutch and Nordic."""
SHORTEST = 3


def plain_letters(text: str) -> str:
    """Small letters without accents.

    >>> plain_letters("Août")
    'aout'
    """
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def beginnings() -> Iterator[tuple[str, int]]:
    """Every beginning of a name of at least three letters, with its month."""
    for month, names in enumerate(NAMES, 1):
        for name in names.split():
            yield from ((name[:end], month) for end in range(SHORTEST, len(name) + 1))


def of_one_month() -> Mapping[str, int]:
    """The beginnings that are of one month: `jui` of French is none."""
    months: dict[str, set[int]] = {}
    for beginning, month in beginnings():
        months.setdefault(beginning, set()).add(month)
    return {begun: month for begun, (month, *others) in months.items() if not others}


MONTHS = of_one_month()
