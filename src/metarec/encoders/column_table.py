"""One table of all that a shop brings: each column, what it is used as, and why or why not."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

import polars as pl

from metarec.contracts import Dataset, Encoder
from metarec.data.inspect import missing_shares, range_of, reason_of
from metarec.encoders.column_role import ColumnRole
from metarec.encoders.content import ContentFeatures, Plan
from metarec.encoders.reading import Reading
from metarec.encoders.records import expanded
from metarec.encoders.roles import ColumnRoles

SAMPLES = 3
LONGEST = 24
"""Characters of a sample that are shown."""
SHOWN_WHY = 46


@dataclass(frozen=True)
class ColumnUse:
    """One column of one table."""

    table: str
    column: str
    used_as: str
    """Roles, or "not used"."""
    why: str
    missing: float
    samples: tuple[str, ...]
    """The first three distinct values."""


@dataclass(frozen=True)
class ColumnTable:
    """The columns of all tables of a shop, and what the reader makes of its texts."""

    columns: tuple[ColumnUse, ...]
    reading: Reading | None
    """None for an encoder that cannot say."""

    @classmethod
    def of(cls, data: Dataset, encoder: Encoder) -> Self:
        """What a fit with `encoder` makes of each column; no vector is computed for it."""
        return cls.planned(data, Plan.of_shop(encoder, data))

    @classmethod
    def planned(cls, data: Dataset, plan: Plan) -> Self:
        """What a fit by this plan makes of each column."""
        rows = [*_events(data), *_content("items", plan.table, plan.roles)]
        if data.users is not None:
            profile = expanded(data.users)
            rows += _content("users", profile, _of_profile(ColumnRoles.fit(profile)))
        return cls(tuple(rows), plan.reading)

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        names = [f"{use.table}.{use.column}" for use in self.columns]
        wide = max(map(len, names), default=0)
        used = max((len(use.used_as) for use in self.columns), default=0)
        lines = [
            f"  {name:<{wide}}  {use.used_as:<{used}}  {_told(use)}"
            for name, use in zip(names, self.columns, strict=True)
        ]
        if self.reading is not None:
            lines.append(f"  texts of items: {self.reading}")
        if self.reading is not None and self.reading.needs_help:
            lines.append(
                f"  of {self.reading.unread:.0%} of the texts the reader knows less than half: a "
                "hashed reader reads all texts beside it"
            )
        return "\n".join(lines)


def content_told(encoder: Encoder, data: Dataset, tell: Callable[[str], None]) -> ContentFeatures:
    """The features of a shop's items, with progress; first `tell` gets the table of all columns."""
    plan = Plan.of_shop(encoder, data)
    tell(str(ColumnTable.planned(data, plan)))
    return ContentFeatures.planned(encoder, plan, progress=True)


def _told(use: ColumnUse) -> str:
    missing = f", {use.missing:.1%} missing" if use.missing else ""
    why = f"{use.why}{missing}"
    return f"{why:<{SHOWN_WHY}}  {' | '.join(use.samples)}".rstrip()


def _events(data: Dataset) -> Iterator[ColumnUse]:
    frame, items = data.interactions, data.catalogue
    yield _use("interactions", "user_id", "user", "", 0.0, _some(data.user_ids))
    yield _use("interactions", "item_id", "item", "", 0.0, _some(items.ids))
    for column in frame.columns[2:]:
        use, why = _of_events(data, column)
        if use:
            missing = frame[column].null_count() / max(1, len(frame))
            yield _use("interactions", column, use, why, missing, samples_of(frame[column]))


def _of_events(data: Dataset, column: str) -> tuple[str, str]:
    found = range_of(data.interactions[column]) if column in ("value", "timestamp") else None
    if column == "value":
        low, high = found or (0.0, 0.0)
        if data.feedback == "rating":
            scale = "{:g} to {:g}".format(*data.scale)
            return "rating", f"from {low:g} to {high:g}, on a scale of {scale}"
        if low == high == 1:  # nothing was said of weights
            return "", ""
        return "weight", f'from {low:g} to {high:g}; counts with value_weight = "log"'
    if column == "timestamp" and data.clock == "unix":
        first, last = (datetime.fromtimestamp(t, UTC) for t in found or (0.0, 0.0))
        return "clock", f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    if column == "timestamp":
        return "order", "places within one history"
    if column == "event":
        return "kind", "the kind of the event"
    return "not used", reason_of(column)


def _content(table: str, frame: pl.DataFrame, roles: ColumnRoles) -> Iterator[ColumnUse]:
    missing = missing_shares(frame)
    for name, role in roles.of.items():
        used = ", ".join(role.uses) if role.used else "not used"
        yield _use(table, name, used, role.reason, missing[name], samples_of(frame[name]))


def _of_profile(roles: ColumnRoles) -> ColumnRoles:
    """The roles of profiles, in which no text is read."""
    found: dict[str, ColumnRole] = {}
    for name, role in roles.of.items():
        others = tuple(use for use in role.uses if use != "text")
        free = "free text, which no profile reads"
        found[name] = ColumnRole(others, role.reason if others == role.uses or others else free)
    return ColumnRoles(found)


def _use(
    table: str, column: str, used: str, why: str, missing: float, samples: tuple[str, ...]
) -> ColumnUse:
    return ColumnUse(table, column, used, why, missing, samples)


def _some(ids: Any) -> tuple[str, ...]:
    return tuple(_short(str(value)) for value in ids[:SAMPLES])


def samples_of(column: pl.Series) -> tuple[str, ...]:
    """The first three distinct values of a column, shortened."""
    found: dict[str, None] = {}
    for value in column.drop_nulls().head(1000):
        found.setdefault(_short(_written(value)))
        if len(found) == SAMPLES:
            break
    return tuple(found)


def _written(value: Any) -> str:
    if isinstance(value, pl.Series | list):
        return ", ".join(map(_written, value))
    if isinstance(value, float):  # six digits of a clock tell nothing
        return f"{value:.15g}" if 1e6 <= abs(value) < 1e15 else f"{value:g}"
    return str(value)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
