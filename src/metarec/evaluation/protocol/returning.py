"""Whether a model's lists show what people had: what is better for it on validation."""

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Episodes, Recommender
from metarec.evaluation.protocol.answers import answer, users_of
from metarec.evaluation.protocol.attainable import in_support
from metarec.evaluation.protocol.background import Background
from metarec.evaluation.protocol.measures import choose
from metarec.metrics.proof import is_beyond_chance

MOST_PEOPLE = 1000
"""More tell the same."""
SURE = 2.0
"""Standard errors by which lists that show what people had must be better."""


def comes_back(train: Dataset, valid: Episodes) -> bool:
    """True where somebody is asked for what they had."""
    kinds = train.event_kinds
    return bool(in_support(kinds.asked(valid).query, kinds.had(valid.support)).any())


def clearly_better(ahead: Float[np.ndarray, " list"]) -> bool:
    """True where the mean of what lists are ahead is more than two standard errors above 0."""
    return len(ahead) >= 2 and is_beyond_chance(ahead, SURE, ddof=1)


def excludes_seen(model: Recommender, train: Dataset, valid: Episodes, k: int) -> bool:
    """False where people come back to what they had, and lists that show it have an NDCG@k that is
    larger by more than two standard errors."""
    if not comes_back(train, valid):
        return True
    n = len(valid)
    some = valid.take(np.unique(np.linspace(0, n - 1, min(n, MOST_PEOPLE)).astype(np.int64)))
    background, (codes, _) = Background.of(train), users_of(some)
    chosen = choose(["ndcg"], background)

    def gains(*, exclude_seen: bool) -> Float[np.ndarray, " user"]:
        measured = answer(model, some, codes, background, chosen, k, exclude_seen).measured
        return np.concatenate([*measured.values(), []])  # nothing of a model without lists

    ahead = gains(exclude_seen=False) - gains(exclude_seen=True)
    return not clearly_better(ahead[~np.isnan(ahead)])
