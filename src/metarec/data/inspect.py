"""A dataset at a glance: counts, ranges, what is missing, and how events are spread."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Bool, Int

from metarec.contracts.dataset import Dataset
from metarec.contracts.histories import TEXT
from metarec.data.meanings import meanings

COUNT_EDGES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
VALUE_BINS = 10


@dataclass(frozen=True)
class Histogram:
    """How many there are from each edge up to the next; the last bin of counts is open."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """What there is in a dataset, as plain values."""

    name: str
    hash: str
    feedback: str
    clock: str | None
    repeats: str
    users: int
    items: int
    events: int
    triples: int
    items_in_triples: int
    """Items that a triple speaks of."""
    entities: int
    """What else triples speak of."""
    edges: int
    users_without_events: int
    items_without_events: int
    repeated_events: int
    """Events beyond the first of the same user on the same item."""
    density: float
    """Share of all pairs of a user and an item that have an event."""
    meanings: tuple[str, ...]
    """What the values and the kinds of events mean, a line each."""
    value_range: tuple[float, float] | None
    time_range: tuple[float, float] | None
    """First and last moment in seconds since 1970; None where there is no clock."""
    missing_content: dict[str, float]
    """Share of items without each column; an empty text or list is missing too."""
    missing_profile: dict[str, float]
    """Share of users without each column."""
    not_used: dict[str, str]
    """Why each column of the interactions beyond user, item, value, time and kind is not used."""
    events_per_user: Histogram
    events_per_item: Histogram
    values: Histogram
    dropped: dict[str, int]
    notes: tuple[str, ...]
    """What was understood of the source without being told."""

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON values."""
        return asdict(self)


def inspect(data: Dataset) -> Summary:
    """The summary of a dataset."""
    frame = data.interactions
    per_user = np.bincount(frame["user"].to_numpy(), minlength=len(data.user_ids))
    n_pairs = (frame["user"] * len(data.catalogue) + frame["item"]).n_unique()
    spoken_of = is_item(data)
    return Summary(
        name=data.name,
        hash=data.hash,
        feedback=data.feedback,
        clock=data.clock,
        repeats=data.repeats,
        users=len(data.user_ids),
        items=len(data.catalogue),
        events=len(frame),
        triples=0 if data.triples is None else len(data.triples),
        items_in_triples=int(spoken_of.sum()),
        entities=int((~spoken_of).sum()),
        edges=0 if data.edges is None else len(data.edges),
        users_without_events=int((per_user == 0).sum()),
        items_without_events=int((~data.touched).sum()),
        repeated_events=len(frame) - n_pairs,
        density=n_pairs / max(len(data.user_ids) * len(data.catalogue), 1),
        meanings=tuple(meanings(data)),
        value_range=range_of(frame["value"]),
        time_range=range_of(frame["timestamp"]) if data.clock == "unix" else None,
        missing_content=missing_shares(data.catalogue.frame),
        missing_profile={} if data.users is None else missing_shares(data.users),
        not_used={column: reason_of(column) for column in data.details},
        events_per_user=counts_histogram(per_user),
        events_per_item=counts_histogram(data.item_counts),
        values=values_histogram(frame["value"]),
        dropped=dict(data.dropped),
        notes=data.notes,
    )


def is_item(data: Dataset) -> Bool[np.ndarray, " entity"]:
    """True for the items among all that triples speak of."""
    if data.triples is None:
        return np.zeros(0, dtype=bool)
    ends = pl.concat([data.triples["head"], data.triples["tail"]]).unique()
    return np.asarray(data.catalogue.index(ends.to_list()) >= 0)


def reason_of(column: str) -> str:
    """Why a column that tells more of an event is kept and not used."""
    what = "what people wrote" if column == TEXT else "the events' context"
    return f"{what}: no model reads it yet"


def range_of(values: pl.Series) -> tuple[float, float] | None:
    """Smallest and largest value; None where there is none."""
    if not len(values):
        return None
    numbers = values.to_numpy()
    return float(numbers.min()), float(numbers.max())


def missing_shares(frame: pl.DataFrame) -> dict[str, float]:
    """Share of rows without a value, for each column."""
    shares = {}
    for name, kind in frame.schema.items():
        missing = pl.col(name).is_null()
        if kind == pl.String:
            missing |= pl.col(name).str.strip_chars() == ""
        elif isinstance(kind, pl.List):
            missing |= pl.col(name).list.len() == 0
        shares[name] = float(frame.select(missing.fill_null(True).mean()).item() or 0.0)
    return shares


def counts_histogram(counts: Int[np.ndarray, " owner"]) -> Histogram:
    """Users or items by their number of events."""
    found, _ = np.histogram(counts, bins=[*COUNT_EDGES, np.inf])
    return Histogram(tuple(float(e) for e in COUNT_EDGES), tuple(int(c) for c in found))


def values_histogram(values: pl.Series) -> Histogram:
    """Events by value: one bin a value where there are few, else ten of equal width."""
    counted = values.value_counts(sort=False).sort(values.name)
    if len(counted) <= 2 * VALUE_BINS:
        edges = tuple(float(v) for v in counted[values.name])
        return Histogram(edges, tuple(int(c) for c in counted["count"]))
    found, bins = np.histogram(values.to_numpy(), bins=VALUE_BINS)
    return Histogram(tuple(float(e) for e in bins), tuple(int(c) for c in found))
