"""Episodes: a support set to adapt on, a query set to be judged on, for many users at once."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from metarec.contracts import DataError, Histories


@dataclass(frozen=True, eq=False)
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
        if self.support.vocabulary is not self.query.vocabulary:
            raise DataError("support and query must share one vocabulary")

    def __len__(self) -> int:
        return len(self.support)

    def take(self, episodes: Int[np.ndarray, " chosen"] | slice) -> "Episodes":
        """The chosen episodes, in the order given."""
        return replace(self, support=self.support.take(episodes), query=self.query.take(episodes))

    def at(self, k: int) -> "Episodes":
        """The same queries with only the first `k` support events of each person."""
        return replace(self, support=self.support.first(k))
