"""Whether a model's lists show what people had: what is better for it on validation."""

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Episodes, Recommender
from metarec.evaluation.protocol.answers import answer, users_of
from metarec.evaluation.protocol.background import Background
from metarec.evaluation.protocol.measures import choose

MOST_PEOPLE = 1000
"""More tell the same."""
SURE = 2.0
"""Standard errors by which lists that show what people had must be better."""


def comes_back(train: Dataset, valid: Episodes) -> bool:
    """True where somebody is asked for what they had."""
    n_items = len(train.catalogue)
    had, query = train.event_kinds.had(valid.support), train.event_kinds.asked(valid).query
    return bool(np.isin(query.rows * n_items + query.items, had.rows * n_items + had.items).any())


def excludes_seen(model: Recommender, train: Dataset, valid: Episodes, k: int) -> bool:
    """False where people come back to what they had, and lists that show it have an NDCG@k that is
    larger by more than two standard errors."""
    if not comes_back(train, valid):
        return True
    n = len(valid)
    some = valid.take(np.unique(np.linspace(0, n - 1, min(n, MOST_PEOPLE)).astype(np.int64)))
    without, shown = (_gains(model, train, some, k, exclude_seen=way) for way in (True, False))
    ahead = (shown - without)[~np.isnan(shown - without)]
    return len(ahead) < 2 or not ahead.mean() > SURE * ahead.std(ddof=1) / np.sqrt(len(ahead))


def _gains(
    model: Recommender, train: Dataset, valid: Episodes, k: int, *, exclude_seen: bool
) -> Float[np.ndarray, " user"]:
    background = Background.of(train)
    codes, _ = users_of(valid)
    chosen = choose(["ndcg"], background)
    measured = answer(model, valid, codes, background, chosen, k, exclude_seen).measured
    return np.concatenate([*measured.values(), []])  # nothing of a model without lists
