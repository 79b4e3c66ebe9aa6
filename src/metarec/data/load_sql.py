"""The door for shops that lie in a database."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from metarec.contracts import DataError
from metarec.contracts.dataset import Clock, Dataset, Feedback, RepeatsRule
from metarec.data.assembled import assembled
from metarec.data.column_names import Given
from metarec.data.declared import Declared
from metarec.data.readers.sql import connected, table_of_query
from metarec.data.validation.dates_as_text import DateOrder
from metarec.data.validation.handling import Handling
from metarec.data.validation.problems import Report
from metarec.data.validation.remedies import Remedies


def load_sql(
    interactions: str,
    items: str | None = None,
    users: str | None = None,
    *,
    url: str,
    feedback: Feedback | None = None,
    scale: Sequence[float] | None = None,
    clock: Clock | None = None,
    repeats: RepeatsRule | None = None,
    target_kinds: Sequence[str] | None = None,
    negative_kinds: Sequence[str] | None = None,
    roles: Mapping[str, Sequence[str]] | None = None,
    columns: Given | None = None,
    dates: DateOrder | None = None,
    name: str = "shop",
    lenient: bool = False,
    rejects: str | Path | None = None,
) -> Dataset:
    """A shop from the rows of queries, validated as files are; `url` says where the database is.

    `interactions="SELECT customer AS user_id, sku AS item_id, ... FROM orders ORDER BY day, id"`;
    the order of rows is that of the answer, so say it where it matters. `url` is one of SQLAlchemy:
    `sqlite:///shop.db`, `postgresql://user@host/database`. A password may stand in it, or in the
    environment (PGPASSWORD); it is never shown. Only queries that read are run. All else is said as
    in `from_frames`; problems count rows of the answer from 1.
    """
    if not isinstance(url, str) or not url:
        raise DataError("url must be text, such as sqlite:///shop.db")
    report, handling = Report(Remedies("frames")), Handling(repeats, lenient, rejects)
    asked: dict[str, str | None] = {"interactions": interactions, "items": items, "users": users}
    with connected(url) as connection:
        found = {
            place: table_of_query(connection, query, place, report)
            for place, query in asked.items()
            if query is not None or place == "interactions"
        }
    return assembled(
        found,
        report,
        Declared.of(feedback, scale, clock, target_kinds, negative_kinds, dates),
        columns=columns,
        name=name,
        roles=roles,
        handling=handling,
    )
