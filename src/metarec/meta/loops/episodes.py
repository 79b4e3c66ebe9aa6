"""What a training loop reads: the catalogue's content, the profiles, and fixed episodes."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from metarec.contracts import Dataset, Episodes, EventKinds, Histories
from metarec.contracts.event_kinds import ANY_KIND
from metarec.meta.confidence import own_kinds
from metarec.meta.recency import ages
from metarec.meta.refusals import places_among


@dataclass(frozen=True, eq=False)
class Inputs:
    """The training set as tensors; rows of `content` are items, of `profiles` are users."""

    histories: Histories
    content: Float[Tensor, "item d_content"]
    profiles: Float[Tensor, "user d_profile"] | None
    no_profile: Float[Tensor, " d_profile"] | None
    """The features of a person of whom nothing is known."""
    counts: Float[Tensor, " item"]
    recency: str
    users: Int[np.ndarray, " user"]
    """Users that episodes are drawn from: those with at least two events, one to be foretold."""
    targets: Bool[np.ndarray, " event"] | None = None
    """The events of kinds that are to be foretold; None where all are."""
    event_kinds: EventKinds = ANY_KIND

    @property
    def touched(self) -> Float[Tensor, " item"]:
        """1 for items with an event in training, else 0."""
        return (self.counts > 0).float()

    def named(self, user: int | None) -> str:
        """Who a row of the training set is, for an error."""
        ids = self.histories.user_ids
        return "someone" if user is None or ids is None else f"user {str(ids[user])!r}"

    @property
    def n_events(self) -> int:
        """Number of training events."""
        return int(self.counts.sum())


@dataclass(frozen=True, eq=False)
class PaddedEpisodes:
    """Fixed episodes as padded arrays, for judging on validation."""

    items: Int[np.ndarray, "person event"]
    values: Float[np.ndarray, "person event"]
    kinds: Int[np.ndarray, "person event"]
    ages: Float[np.ndarray, "person event"]
    mask: Bool[np.ndarray, "person event"]
    had: Bool[np.ndarray, "person event"]
    """The events whose items do not compete; what was only looked at may still be bought."""
    query_items: Int[np.ndarray, "person query"]
    query_values: Float[np.ndarray, "person query"]
    query_mask: Bool[np.ndarray, "person query"]
    profile_rows: Int[np.ndarray, " person"]
    candidates: Bool[np.ndarray, " item"] | None
    """The items that compete (None: all)."""

    def first(self, n: int) -> "PaddedEpisodes":
        """The first `n` people."""
        return self.of(np.arange(min(n, len(self.items))))

    def of(self, people: Int[np.ndarray, " chosen"]) -> "PaddedEpisodes":
        """Some of the people, padded to the longest of them."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        competing = columns.pop("candidates")
        chosen = {name: column[people] for name, column in columns.items()}
        asked = chosen["query_mask"].sum(axis=1).max(initial=0)
        longest = chosen["mask"].sum(axis=1).max(initial=0)
        for name in chosen.keys() - {"profile_rows"}:
            chosen[name] = chosen[name][:, : asked if name.startswith("query") else longest]
        return PaddedEpisodes(**chosen, candidates=competing)


def pad_episodes(
    episodes: Episodes,
    recency: str,
    user_rows: dict[str, int],
    kind_names: tuple[str, ...] = (),
    event_kinds: EventKinds = ANY_KIND,
) -> PaddedEpisodes:
    """The episodes as padded arrays; `user_rows` finds a person's profile, -1 where unknown.

    `kind_names` are the kinds that the model knows, in the order of its rows; `event_kinds` says
    which are to be foretold.
    """
    support, query = episodes.support, episodes.query
    mask = support.present
    times = support.padded(support.times, 0.0)
    refused = support.padded(event_kinds.refused(support), False)
    old = ages(times, places_among(refused), mask & ~refused, recency)
    ids = support.user_ids
    profile_rows = [-1] * len(support) if ids is None else [user_rows.get(u, -1) for u in ids]
    return PaddedEpisodes(
        support.padded(support.items, 0),
        support.padded(support.values, 0.0),
        support.padded(own_kinds(support, kind_names), -1),
        old,
        mask,
        support.padded(event_kinds.foretold(support), False) | refused,
        query.padded(query.items, 0),
        query.padded(query.values, 0.0),
        query.present,
        np.array(profile_rows, dtype=np.int64),
        episodes.candidates,
    )


def profiles_of(
    inputs: Inputs, rows: Int[np.ndarray, " person"]
) -> Float[Tensor, "person d_profile"] | None:
    """Profile features of users, by row; those of "nothing is known" for row -1."""
    if inputs.profiles is None or inputs.no_profile is None:
        return None
    features = inputs.profiles[torch.from_numpy(np.maximum(rows, 0))]
    return torch.where(torch.from_numpy(rows >= 0)[:, None], features, inputs.no_profile)


def learned_counts(train: Dataset) -> Int[np.ndarray, " item"]:
    """Events of each item by users that episodes are drawn from: those with two or more events.

    An item that only one-event users touched teaches its residuals nothing, so it is untouched.
    """
    histories = train.histories
    learned = (histories.lengths >= 2)[histories.rows]
    return np.bincount(histories.items[learned], minlength=len(train.catalogue))
