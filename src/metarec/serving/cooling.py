"""What was shown and not taken comes less, for a while."""

from collections.abc import Iterable

from metarec.serving.store.impressions import Impression

HALF_LIFE_S = 3 * 86_400.0
"""After so long a showing counts half, where the request does not say otherwise."""
FORGOTTEN = 10
"""Half-lives after which a showing counts nothing: by then it is a thousandth."""


MOST = 1_000
"""Lists of one person that count, the newest ones."""


def lowered(shown: Iterable[Impression], now: float, half_life_s: float) -> dict[str, float]:
    """How many σ each item is lowered: Σ 2^(−age / half-life) over the showings that the person saw
    and did not take, the age being that of the list.

    σ is the standard deviation of the person's scores of all that may stand in the list, so that it
    says the same of every model.
    """
    found: dict[str, float] = {}
    for impression in shown:
        age = (now - impression.received) / half_life_s
        for position, item in enumerate(impression.items[: impression.seen], 1):
            if position not in impression.accepted:
                found[item] = found.get(item, 0.0) + 0.5**age
    return found
