"""Episodes: a support set to adapt on, a query set to be judged on, for many users at once."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from jaxtyping import Bool, Int

from metarec.contracts.errors import DataError
from metarec.contracts.histories import Histories
from metarec.contracts.printing import counted


@dataclass(frozen=True, eq=False, repr=False)
class Episodes:
    """Tasks with fixed support and query: history `h` of `support` is judged on `h` of `query`.

    `candidates` names the rows of the vocabulary that may be ranked (None: all). Both sides share
    one vocabulary, so an index means the same item in both.
    """

    support: Histories
    query: Histories
    candidates: Bool[np.ndarray, " item"] | None = None

    def __post_init__(self) -> None:
        if len(self.support) != len(self.query):
            raise DataError(
                f"support has {len(self.support)} histories and query {len(self.query)}; "
                "each episode needs both"
            )
        if self.support.vocabulary != self.query.vocabulary:
            raise DataError("support and query must share one vocabulary")

    def __len__(self) -> int:
        return len(self.support)

    def __repr__(self) -> str:
        n_items = len(self.support.vocabulary)
        n_competing = n_items if self.candidates is None else int(self.candidates.sum())
        parts = [
            counted(len(self), "episode"),
            f"{len(self.support.items):,} support and {len(self.query.items):,} query events",
            f"{n_competing:,} of {counted(n_items, 'item')} compete",
        ]
        return f"Episodes({', '.join(parts)})"

    def take(self, episodes: Int[np.ndarray, " chosen"] | slice) -> "Episodes":
        """The chosen episodes, in the order given."""
        return replace(self, support=self.support.take(episodes), query=self.query.take(episodes))

    def at(self, k: int) -> "Episodes":
        """The same queries with only the first `k` support events of each person."""
        return replace(self, support=self.support.first(k))


def joined(parts: list[Histories]) -> Histories:
    """All histories of the parts, one part after another; they must share one vocabulary."""
    first = parts[0]
    if any(part.vocabulary != first.vocabulary for part in parts):
        raise DataError("histories can be joined only over one vocabulary")
    names = tuple(dict.fromkeys(name for part in parts for name in part.kind_names))
    ids = [part.user_ids for part in parts if part.user_ids is not None]
    profiles = [part.profiles for part in parts if part.profiles is not None]
    return replace(
        first,
        items=np.concatenate([part.items for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        times=np.concatenate([part.times for part in parts]),
        kinds=np.concatenate([kinds_in(names, part) for part in parts]),
        kind_names=names,
        offsets=np.concatenate([[0], np.cumsum(np.concatenate([p.lengths for p in parts]))]).astype(
            np.int64
        ),
        user_ids=np.concatenate(ids) if len(ids) == len(parts) else None,
        profiles=pl.concat(profiles) if len(profiles) == len(parts) else None,
        details=joined_details(parts),
    )


def kinds_in(names: tuple[str, ...], part: Histories) -> Int[np.ndarray, " event"]:
    """The kinds of a part's events as rows of `names`, which hold all of the part's."""
    rows = [names.index(name) for name in part.kind_names]
    return np.array([*rows, -1])[part.kinds]  # -1, no kind, is the last of these


def joined_details(parts: list[Histories]) -> pl.DataFrame | None:
    """The parts' details, with nulls for what a part does not know; None where none knows any."""
    known = [part.details for part in parts if part.details is not None]
    if not known:
        return None
    column = known[0].columns[0]
    frames = [
        pl.DataFrame({column: [None] * len(part.items)}) if part.details is None else part.details
        for part in parts
    ]
    return pl.concat(frames, how="diagonal_relaxed")
