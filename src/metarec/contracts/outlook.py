"""What a policy sees of the items that it may show: how good they seem, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from metarec.contracts.answers import Recommendations


@dataclass(frozen=True, eq=False)
class Outlook:
    """Candidates of some people: their scores, doubt, and scores under drawn tastes.

    Columns are candidates, in an order that decides between equal scores. A candidate whose score
    is NaN may not be shown.
    """

    scores: Float[np.ndarray, "person item"]
    stds: Float[np.ndarray, "person item"]
    """Standard deviations of the scores; NaN where the model does not know them."""
    draws: Float[np.ndarray, "person draw item"]
    """Scores under tastes drawn from what is believed of each person; there may be none."""
    found: Recommendations | None = None
    """The candidates of one person by name, in the order of the columns."""

    @property
    def allowed(self) -> Bool[np.ndarray, "person item"]:
        """What may be shown."""
        return np.isfinite(self.scores)
