"""What a caller wants of a list, read once and applied to every table of scores."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Catalogue, DataError, Filters
from metarec.ranking.candidates import candidate_rows, checked_flag, list_length
from metarec.ranking.ties import ties_of
from metarec.ranking.top_k import best_rows


@dataclass(frozen=True, eq=False)
class Wanted:
    """How long lists are, and which items may stand in them."""

    k: int
    allowed: Int[np.ndarray, " candidate"]
    """Rows of the catalogue, ascending."""
    exclude_seen: bool
    ties: Int[np.ndarray, " item"]

    @classmethod
    def of(cls, k: int, filters: Filters, catalogue: Catalogue) -> Self:
        """The caller's words for this catalogue; raises DataError for what they cannot mean."""
        known = Filters.__annotations__
        if unknown := sorted(filters.keys() - known):
            raise DataError(f"recommend does not know {unknown}; it takes k and {sorted(known)}")
        return cls(
            list_length(k, catalogue),
            candidate_rows(filters.get("candidates"), catalogue),
            checked_flag("exclude_seen", filters.get("exclude_seen", True)),
            ties_of(catalogue.vocabulary),
        )

    def best(
        self,
        scores: Float[np.ndarray, "history item"],
        rows: Int[np.ndarray, " event"],
        items: Int[np.ndarray, " event"],
    ) -> Int[np.ndarray, "history rank"]:
        """Rows of the best items of each history, best first, -1 where none is left.

        `rows` and `items` are the histories' events; what may not be shown becomes NaN in `scores`.
        """
        if self.exclude_seen:
            scores[rows, items] = np.nan
        return best_rows(scores, self.k, self.allowed, self.ties)
