"""The door for tables that are already in memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metarec.contracts import DataError
from metarec.contracts.dataset import Clock, Dataset, Feedback, RepeatsRule
from metarec.data.assembled import assembled
from metarec.data.column_names import Given
from metarec.data.declared import Declared
from metarec.data.readers.frames import TAKEN, from_sparse, is_sparse, table_of
from metarec.data.validation.dates_as_text import DateOrder
from metarec.data.validation.handling import Handling
from metarec.data.validation.problems import Report
from metarec.data.validation.remedies import Remedies
from metarec.data.validation.table import Table


def from_frames(
    interactions: Any,
    items: Any = None,
    users: Any = None,
    *,
    triples: Any = None,
    feedback: Feedback | None = None,
    scale: Sequence[float] | None = None,
    clock: Clock | None = None,
    repeats: RepeatsRule | None = None,
    target_kinds: Sequence[str] | None = None,
    negative_kinds: Sequence[str] | None = None,
    roles: Mapping[str, Sequence[str]] | None = None,
    columns: Given | None = None,
    dates: DateOrder | None = None,
    user_ids: Sequence[Any] | None = None,
    item_ids: Sequence[Any] | None = None,
    name: str = "shop",
    lenient: bool = False,
    rejects: str | Path | None = None,
) -> Dataset:
    """A shop from tables in memory, validated as files are: equal content, equal `hash`.

    Each table is a Polars frame (eager or lazy), a pandas DataFrame, or an Arrow table.
    `interactions` has the columns user_id, item_id and, where they are known, value, timestamp,
    event, text and any context; `items` has item_id and any content, `users` has user_id and any
    profile, `triples` (a knowledge graph over item ids) head, relation and tail.
    `columns={"user_id": "customer_no"}` says which columns of yours are ours, in whichever
    table they stand (`{"items.item_id": "sku"}`: in that one), and `roles={"ignore": ["tags"]}`
    what columns of items are to be used as: text, category, number, list, date, vector, image,
    audio or ignore. `interactions` may also be a SciPy sparse matrix of people and items, with
    their ids as `user_ids` and `item_ids`. `dates` says what comes first in dates such as
    12/11/2024. What is not said is inferred as for files. Problems name the frame, the column, and
    the row, counted from 0 (`frame[row]`, `.iloc[row]`).

    >>> import polars as pl
    >>> bought = pl.DataFrame({"customer": ["ann", "ben"], "sku": ["00123", "00124"]})
    >>> from_frames(bought, columns={"user_id": "customer", "item_id": "sku"})
    Dataset('shop', implicit, 2 events, 2 users, 2 items)
    """
    report, handling = Report(Remedies("frames")), Handling(repeats, lenient, rejects)
    events: Table | None
    if is_sparse(interactions):
        events = from_sparse(interactions, user_ids, item_ids, feedback, report)
        feedback = feedback or "implicit"  # all ones say nothing but that there was an event
    elif user_ids is not None or item_ids is not None:
        raise DataError(
            "user_ids and item_ids go with a SciPy sparse matrix; interactions must be one, or "
            f"{TAKEN} with the columns user_id and item_id"
        )
    else:
        events = table_of(interactions, "interactions", report)
    found: dict[str, Table | None] = {
        "interactions": events,
        "items": None if items is None else table_of(items, "items", report),
        "users": None if users is None else table_of(users, "users", report),
        "triples": None if triples is None else table_of(triples, "triples", report),
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
