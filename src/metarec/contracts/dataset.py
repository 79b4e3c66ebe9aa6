"""What happened and what was on offer, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import polars as pl
from jaxtyping import Bool, Int
from numpy.typing import NDArray

from metarec.contracts.catalogue import Catalogue
from metarec.contracts.dataset_checks import (
    check_choice,
    check_events,
    check_height,
    check_links,
    check_user_ids,
)
from metarec.contracts.errors import DataError
from metarec.contracts.event_kinds import EventKinds
from metarec.contracts.events import Event
from metarec.contracts.hashing import hash_of
from metarec.contracts.histories import Histories
from metarec.contracts.meaning import (
    Roles,
    Scale,
    check_kinds,
    check_roles,
    check_scale,
    kinds_of,
    recognised_scale,
    roles_of,
    scale_of,
)
from metarec.contracts.printing import counted, near_or_some
from metarec.contracts.wording import given

Feedback = Literal["rating", "implicit"]
Clock = Literal["unix", "order"]
RepeatsRule = Literal["keep", "last", "sum"]
EVENT_COLUMNS = ("user", "item", "value", "timestamp", "event")
"""The columns of `interactions` that have a meaning of their own."""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Interactions, items, users and optional triples and edges.

    `interactions` has the columns `user` and `item` (indices), `value` (Float32; 1 for implicit
    events without a weight), and where known `timestamp` (Int64 or Float64), `event` (String) and
    `text` (String: what the person wrote); any others are the events' context.
    All of it is checked when it is made: what does not fit is a `DataError` with its place.
    Rows are in the order of the source; `clock` says whether `timestamp` is a clock ("unix"),
    only the order within a user ("order"), or absent (None: the order of rows is taken).
    """

    name: str
    feedback: Feedback
    clock: Clock | None
    catalogue: Catalogue
    user_ids: NDArray[np.object_]
    interactions: pl.DataFrame
    users: pl.DataFrame | None = None
    """The profiles: row `u` belongs to `user_ids[u]`; None where there are none."""
    triples: pl.DataFrame | None = None
    """A knowledge graph: `head` and `tail` are ids of items or of other entities."""
    edges: pl.DataFrame | None = None
    repeats: RepeatsRule = "keep"
    declared_scale: Scale | None = None
    """Lowest and highest rating that may be given; None where they are recognised (`scale`)."""
    target_kinds: tuple[str, ...] = ()
    """The kinds of events that are to be foretold; all of them where none is named."""
    negative_kinds: tuple[str, ...] = ()
    """The kinds of events that speak against their item, such as "dislike"."""
    roles: Roles = field(default_factory=dict)
    """What columns of items are said to be: a role of `ROLES`, and its columns."""
    licence: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """How many rows of the source were left out, by reason; empty where all were taken."""
    notes: tuple[str, ...] = ()
    """What was understood of the source without being told: a sentence each, for people."""

    def __post_init__(self) -> None:
        check_choice("feedback", self.feedback, get_args(Feedback))
        check_choice("clock", self.clock, (*get_args(Clock), None))
        check_choice("repeats", self.repeats, get_args(RepeatsRule))
        if self.feedback == "rating" and self.repeats == "sum":
            either = f"{given('repeats', 'last')} or {given('repeats', 'keep')}"
            raise DataError(f"ratings cannot be summed; take {either}")
        check_user_ids(self.user_ids)
        n_users, n_items = len(self.user_ids), len(self.catalogue)
        check_events(self.interactions, self.feedback, self.clock, n_users, n_items)
        self._check_meaning()
        check_height("users", self.users, n_users, "user_ids")
        check_links("triples", self.triples, ("head", "relation", "tail"))
        check_links("edges", self.edges, ("user_id", "other_id"))

    def _check_meaning(self) -> None:
        """Settle and check what is declared of ratings, kinds and columns."""
        settled = vars(self)
        if self.declared_scale is not None:
            settled["declared_scale"] = scale_of(self.declared_scale)
        for name in ("target_kinds", "negative_kinds"):
            settled[name] = kinds_of(name, getattr(self, name))
        settled["roles"] = roles_of(self.roles)
        check_scale(self.interactions["value"], self.feedback, self.declared_scale)
        check_kinds(self.interactions, self.target_kinds, self.negative_kinds)
        check_roles(self.roles, self.catalogue.frame.columns)

    def __repr__(self) -> str:
        left_out = sum(self.dropped.values())
        parts = [
            repr(self.name),
            self.feedback,
            counted(len(self.interactions), "event"),
            counted(len(self.user_ids), "user"),
            counted(len(self.catalogue), "item"),
            *([f"{counted(left_out, 'row')} left out"] if left_out else []),
        ]
        return f"Dataset({', '.join(parts)})"

    @cached_property
    def hash(self) -> str:
        """Content hash of everything but the name and the licence, the items on offer included."""
        ids = pl.DataFrame({"user_id": pl.Series(self.user_ids.tolist(), dtype=pl.String)})
        rules = pl.DataFrame({"rules": [self.feedback, str(self.clock), *self._declared()]})
        offered = self.catalogue.offered
        optional = [f for f in (self.users, self.triples, self.edges) if f is not None]
        retired = [] if offered.all() else [pl.DataFrame({"offered": offered})]
        return hash_of(ids, rules, self.catalogue.table, self.interactions, *optional, *retired)

    def _declared(self) -> list[str]:
        """The rule of repeats, and what more is declared, as text."""
        more = {
            "scale": self.declared_scale,
            "target_kinds": self.target_kinds,
            "negative_kinds": self.negative_kinds,
            "roles": {role: columns for role, columns in self.roles.items() if columns},
        }
        return [self.repeats, *(f"{name} {said}" for name, said in more.items() if said)]

    @cached_property
    def scale(self) -> Scale:
        """Lowest and highest rating that may be given: as declared, else as recognised.

        Of implicit events, the smallest and the largest weight (0 and 1 where there are none).
        """
        if self.declared_scale is not None:
            return self.declared_scale
        values = self.interactions["value"]
        if self.feedback == "implicit" and len(values):
            return float(values.min()), float(values.max())  # type: ignore[arg-type]
        scale = recognised_scale(values)
        assert scale is not None, "checked when the dataset was made"
        return scale

    @cached_property
    def touched(self) -> Bool[np.ndarray, " item"]:
        """True for items with at least one event."""
        return self.item_counts > 0

    @cached_property
    def item_counts(self) -> NDArray[np.int64]:
        """Number of events of each item."""
        return np.bincount(self.interactions["item"].to_numpy(), minlength=len(self.catalogue))

    @property
    def event_kinds(self) -> EventKinds:
        """The kinds that are to be foretold, and those that speak against their item."""
        return EventKinds(self.target_kinds, self.negative_kinds)

    @cached_property
    def kind_names(self) -> tuple[str, ...]:
        """The kinds of events that there are, in order."""
        if "event" not in self.interactions.columns:
            return ()
        return tuple(sorted(self.interactions["event"].cast(pl.String).drop_nulls().unique()))

    def without_negative(self) -> "Dataset":
        """The dataset without the events that speak against their item: what may be learned."""
        if not set(self.kind_names) & set(self.negative_kinds):
            return self
        kinds = self.interactions["event"].cast(pl.String)
        return self.where(~kinds.is_in(self.negative_kinds).fill_null(False))

    def as_events(self) -> "Dataset":
        """Every rating as an event of weight 1: that it was given, not what it says."""
        events = self.interactions.with_columns(pl.lit(1.0, dtype=pl.Float32).alias("value"))
        return replace(self, feedback="implicit", declared_scale=None, interactions=events)

    @property
    def details(self) -> list[str]:
        """The columns of `interactions` that tell more of an event: its context, and `text`."""
        return [column for column in self.interactions.columns if column not in EVENT_COLUMNS]

    @cached_property
    def order(self) -> Int[np.ndarray, " event"]:
        """The row of `interactions` that each event of `histories` comes from."""
        by = ["user"] + (["timestamp"] if "timestamp" in self.interactions.columns else [])
        rows = self.interactions.select(*by, pl.int_range(pl.len()).alias("row"))
        return rows.sort(by, maintain_order=True)["row"].to_numpy()

    @cached_property
    def histories(self) -> Histories:
        """Every user's history in order of time, users in index order (some may be empty).

        Ties in time keep the order of the source's rows.
        """
        frame = self.interactions[self.order]
        users = frame["user"].to_numpy()
        counts = np.bincount(users, minlength=len(self.user_ids))
        if self.clock == "unix":
            times = frame["timestamp"].cast(pl.Float64).to_numpy()
        else:  # an order within one user is a place, and places are counted anew
            times = np.full(len(frame), np.nan)
        details = frame.select(self.details)
        kinds = np.full(len(frame), -1)
        if self.kind_names:
            coded = frame["event"].cast(pl.String)
            row_of = {name: row for row, name in enumerate(self.kind_names)}
            kinds = coded.replace_strict(row_of, default=-1, return_dtype=pl.Int64).to_numpy()
        return Histories(
            vocabulary=self.catalogue.vocabulary,
            items=frame["item"].to_numpy().astype(np.int64),
            values=frame["value"].to_numpy().astype(np.float64),
            times=times,
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            kinds=kinds,
            kind_names=self.kind_names,
            user_ids=self.user_ids,
            profiles=self.users,
            details=details if details.width else None,
        )

    def history(self, user_id: str) -> list[Event]:
        """The events of one user in order of time; raises DataError for an unknown user."""
        return self.histories.events(self.user_row(user_id))

    def user_row(self, user_id: str) -> int:
        """The row of a user in `histories`; raises DataError for an unknown one."""
        row = self._user_rows.get(user_id)
        if row is None:
            near = near_or_some(str(user_id), self.user_ids)
            raise DataError(f"{self.name} has no user {user_id!r}; {near}")
        return row

    @cached_property
    def _user_rows(self) -> dict[str, int]:
        return {str(user_id): row for row, user_id in enumerate(self.user_ids)}

    def where(self, mask: Bool[np.ndarray, " event"] | pl.Series) -> "Dataset":
        """The dataset with only the interactions where `mask` is true; all the rest stays."""
        part = object.__new__(Dataset)  # what was checked stays so with fewer events
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        vars(part).update(values, interactions=self.interactions.filter(pl.Series(mask)))
        if self.feedback == "rating":
            vars(part)["scale"] = self.scale
        return part
