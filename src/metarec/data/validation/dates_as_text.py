"""Dates and times as text: ISO 8601 with and without zones, and the ways in which people write."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from metarec.data.validation.month_names import MONTHS, plain_letters

DateOrder = Literal["day-first", "month-first"]

CLOCK = (
    r"(?:[ T,]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:[.,](?P<part>[0-9]+))?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?(?:\[[\w/+-]+\])?)?\s*$"
)
"""A time of day; Java writes the name of a zone in brackets behind its distance to UTC."""
ISO = r"^\s*(?P<year>[0-9]{4})[-/.]?(?P<month>[0-9]{2})[-/.]?(?P<day>[0-9]{2})" + CLOCK
TOGETHER = r"^\s*([0-9]{8})[ T]?([0-9]{2})([0-9]{2})"
WITHOUT_MARKS = (
    (TOGETHER + r"(\D.*)?$", "${1} ${2}:${3}${4}"),
    (TOGETHER + r"([0-9]{2})(\D.*)?$", "${1} ${2}:${3}:${4}${5}"),
)
"""Days, hours and minutes in one number, and with seconds, and how they are parted."""
YEAR_FIRST = (
    (r"^(\s*[0-9]{4})\s*年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*日?", "${1}-${2}-${3} "),
    (r"^(\s*[0-9]{4}[-/.])([0-9][-/.])", "${1}0${2}"),
    (r"^(\s*[0-9]{4}[-/.][0-9]{2}[-/.])([0-9])([^0-9]|$)", "${1}0${2}${3}"),
)
"""Years, months and days in other signs, and in one digit, and how they are written with two."""
CTIME = (
    r"^\s*[A-Za-z]{3}\s+([A-Za-z]{3})\s+([0-9]{1,2})\s+([0-9:.]+)\s+((?:UTC|GMT|Z|[+-][0-9]{4})\s+)?"
    r"([0-9]{4})\s*$"
)
"""Years at the end, behind the clock: Fri Aug 25 13:55:02 -0700 2017."""
NUMBERS = (
    r"^\s*(?P<first>[0-9]{1,2})(?P<mark>[./-])(?P<second_number>[0-9]{1,2})[./-]"
    r"(?P<year>[0-9]{4}|[0-9]{2})" + CLOCK
)
WITH_NAME = (
    r"^\s*(?:[\pL]{2,}[.,]*\s+)?(?:(?P<before>[0-9]{1,2})(?:st|nd|rd|th|er|º)?)?"
    r"(?:[ .-]+de\s+|[ .-]*)(?P<name>[\pL]{3,})(?:\s+del?\s+|[ .,-]*)"
    r"(?:(?P<after>[0-9]{1,2})(?:st|nd|rd|th)?[ ,-]+)?(?P<year>[0-9]{4}|[0-9]{2})" + CLOCK
)
"""31 Dec 2024, Tuesday, December 31st, 2024, 1. März 2024, 3 de mayo de 2024, 01-MAY-24."""
NAMED_ZONE = r":[0-9]{2}(?:[.,][0-9]+)?\s*([A-Z][A-Za-z]+/[\w/+-]+|[A-Z]{2,5})(?:\s+[0-9]{4})?\s*$"
"""A clock with a zone by its name: 2024-05-01 10:00 Europe/Paris, Fri Aug 25 13:55:02 PDT 2017."""
MONTH_FIRST = "with the month first"
DATES = (("%Y-%m-%d", "dates"), ("%d.%m.%Y", "dates with the day first"))
DAYS_AND_MONTHS = tuple(
    (f"{first}{mark}{second}{mark}%Y", told)
    for mark in "/-"
    for first, second, told in (
        ("%d", "%m", "dates with the day first"),
        ("%m", "%d", f"dates {MONTH_FIRST}"),
    )
)
CLOCKS = (
    "",
    *(
        f"{between}{time}{zone}"
        for between in " T"
        for time in ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f")
        for zone in ("", "Z", "%z")
    ),
)
SHORT_YEAR = 100
"""Below it a year is written with two digits, and is one of this century."""
WITHOUT_ZONE = ", those without a zone as UTC"


class AmbiguousDates(ValueError):
    """No date of the column says whether the day or the month comes first; the first of them."""


class ContradictedOrder(ValueError):
    """A date that has no such day or month in the order that was said, and would in the other."""


@dataclass(frozen=True)
class Moments:
    """A column of text read as moments."""

    times: pl.Series
    """Datetimes in microseconds of UTC; null where a cell is none."""
    told: str
    """How the text was understood."""


def moments_of(text: pl.Series, order: DateOrder | None = None) -> Moments | None:
    """The moments of a column, in the one way of writing in which most cells are dates.

    None where fewer than half of the filled cells are dates. `order` says what comes first in
    12/11/2024, and `ContradictedOrder` is raised where a date can only be of the other; without it
    any date of the column with a number above 12 tells, and `AmbiguousDates` is raised where none
    does.
    """
    quick = alike(text, order)
    if quick is not None:
        return quick
    each = text.unique(maintain_order=True)
    filled = len(each) - each.null_count()
    for read in (iso, in_numbers, with_name):
        parts, told = read(each, order)
        times = put_together(parts)
        n_read = len(times) - times.null_count()
        if n_read and n_read >= filled / 2:
            zoned = (parts["zone"].fill_null("") != "") | parts["hour"].is_null()
            told += "" if zoned.filter(times.is_not_null()).all() else WITHOUT_ZONE
            of = pl.DataFrame({"text": each, "time": times})
            joined = text.to_frame("text").join(
                of, on="text", how="left", maintain_order="left", nulls_equal=True
            )
            return Moments(joined["time"], told)
    return None


def alike(text: pl.Series, order: DateOrder | None) -> Moments | None:
    """The moments of a column in which all cells are written by one format; else None."""
    first = text.drop_nulls().head(1)
    for dates, told in (*DATES, *DAYS_AND_MONTHS):
        for clock in CLOCKS:
            if parsed(first, dates + clock).null_count():
                continue
            if dates not in dict(DAYS_AND_MONTHS):
                overruled = dates.startswith("%d") and order == "month-first"
                return None if overruled else whole(text, dates + clock, told)
            mark = dates[2]
            both = [whole(text, d + clock, t) for d, t in DAYS_AND_MONTHS if d[2] == mark]
            fitting = [m for m in both if m is not None and order in (None, order_of(m))]
            if len(fitting) > 1:
                raise AmbiguousDates(first[0])
            return fitting[0] if fitting else None
    return None


def order_of(moments: Moments) -> DateOrder:
    """What comes first in dates that were read."""
    return "month-first" if MONTH_FIRST in moments.told else "day-first"


def whole(text: pl.Series, form: str, told: str) -> Moments | None:
    """The moments by one format; None where a filled cell has another."""
    times = parsed(text, form)
    if times.null_count() > text.null_count() or (times.dt.year() < SHORT_YEAR).any():
        return None
    zoned = form.endswith(("z", "Z")) or ":" not in form
    return Moments(times, told + ("" if zoned else WITHOUT_ZONE))


def parsed(text: pl.Series, form: str) -> pl.Series:
    """Cells of one format as moments; null for others."""
    if ":" not in form:
        return text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    times = text.str.to_datetime(form, strict=False, time_unit="us")
    return times.dt.replace_time_zone(None) if form.endswith("z") else times


def iso(text: pl.Series, order: DateOrder | None) -> tuple[pl.DataFrame, str]:
    """Years first: 2024-12-31, 2024-12-31T08:00:00.5+01:00, 20241231, 20241231T080000Z."""
    for form, parted in (*WITHOUT_MARKS, *YEAR_FIRST):
        text = text.str.replace(form, parted)
    return found(text, ISO), "dates"


def in_numbers(text: pl.Series, said: DateOrder | None) -> tuple[pl.DataFrame, str]:
    """Days and months as numbers: 31.12.2024, 12/31/2024 08:00, 31-12-24."""
    order = said
    parts = found(text, NUMBERS)
    first, second = (parts[c].cast(pl.Int64) for c in ("first", "second_number"))
    dotted = bool((parts["mark"] == ".").any())
    if order is None and not dotted and len(first.drop_nulls()):
        if (first > 12).any():
            order = "day-first"
        elif (second > 12).any():
            order = "month-first"
        else:
            raise AmbiguousDates(text.filter(first.is_not_null())[0])
    day, month = (second, first) if order == "month-first" else (first, second)
    contradicts = ((month > 12) & (day <= 12)).fill_null(False)
    if said is not None and contradicts.any():
        raise ContradictedOrder(text.filter(contradicts)[0])
    parts = parts.with_columns(day.alias("day"), month.alias("month"))
    told = MONTH_FIRST if order == "month-first" else "with the day first"
    return parts, f"dates {told}"


def with_name(text: pl.Series, order: DateOrder | None) -> tuple[pl.DataFrame, str]:
    """Months by their names: 31 Dec 2024, December 31, 2024, Tue Dec 31 08:00:00 2024."""
    parts = found(text.str.replace(CTIME, "${2} ${1} ${5} ${3} ${4}"), WITH_NAME)
    names = parts["name"].drop_nulls().unique()
    month = {name: MONTHS[plain] for name in names if (plain := plain_letters(name)) in MONTHS}
    months = parts["name"].replace_strict(month, default=None, return_dtype=pl.Int64)
    both = pl.col("before").is_not_null() & pl.col("after").is_not_null()
    day = pl.when(~both).then(pl.coalesce("before", "after")).alias("day")
    return parts.with_columns(day, months.alias("month")), "dates"


def found(text: pl.Series, pattern: str) -> pl.DataFrame:
    """The named parts of the cells that fit the pattern; null for the others."""
    return text.str.extract_groups(pattern).struct.unnest()


def put_together(parts: pl.DataFrame) -> pl.Series:
    """Moments of UTC from their parts; null where the parts are of no day or no hour."""

    def number(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.Int64)

    year, hour = number("year"), number("hour").fill_null(0)
    half = pl.col("half").str.to_lowercase().str.slice(0, 1)
    shift = pl.when(half.is_null() | (half == "")).then(hour)
    hour = shift.otherwise(hour % 12 + 12 * (half == "p").cast(pl.Int64))
    part = pl.col("part").fill_null("").str.pad_end(6, "0").str.slice(0, 6)
    date = pl.concat_str(
        pl.when(pl.col("year").str.len_chars() <= 2)
        .then(year + 2000)
        .otherwise(year)
        .cast(pl.String)
        .str.zfill(4),
        *(number(c).cast(pl.String).str.zfill(2) for c in ("month", "day")),
        separator="-",
    )
    day = date.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    clock = pl.duration(
        hours=hour,
        minutes=number("minute").fill_null(0),
        seconds=number("second").fill_null(0),
        microseconds=part.cast(pl.Int64),
    )
    in_a_day = (hour < 24) & (number("minute").fill_null(0) < 60)
    digits = pl.col("zone").str.replace_all(r"[^0-9]", "").str.pad_end(4, "0")
    minutes = digits.str.slice(0, 2).cast(pl.Int64) * 60 + digits.str.slice(2, 2).cast(pl.Int64)
    ahead = pl.when(pl.col("zone").str.starts_with("-")).then(-minutes).otherwise(minutes)
    moment = day + clock - pl.duration(minutes=ahead.fill_null(0))
    return parts.select(pl.when(in_a_day).then(moment).alias("timestamp")).to_series()
