"""What the names of kinds of events tell: which are spellings of one, and which say no."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

REFUSAL = re.compile(
    r"(?:^|_)(?:return|refund|dis_?like|unlike|skip|cancel|cancell|cancellation|hide|hidden|block|"
    r"reject|rejection|refuse|refusal|complain|complaint|downvote|thumbs?_?down|unfollow|"
    r"unsubscribe|not_?interested|chargeback|remove|removal)(?:s|d|ed|ped)?(?:_|$)"
)
"""What people call it when somebody turns an item down or gives it back."""


def spellings(kinds: Iterable[str]) -> list[list[str]]:
    """The kinds by what they are called whatever the case and the spaces around them.

    >>> spellings(["view", "buy", "Buy"])
    [['Buy', 'buy'], ['view']]
    """
    return [list(alike) for _, alike in groupby(sorted(kinds, key=_key), key=_plain)]


def refusals(kinds: Iterable[str]) -> list[str]:
    """The kinds that look like a return or a refusal.

    >>> refusals(["view", "Refund", "thumbs-down", "item_returned", "blockbuster", "returning"])
    ['Refund', 'thumbs-down', 'item_returned']
    """
    return [kind for kind in kinds if REFUSAL.search(re.sub(r"[\s-]+", "_", _plain(kind)))]


def several(kinds: Iterable[str]) -> list[Sequence[str]]:
    """Those of the kinds that are spelt in several ways."""
    return [alike for alike in spellings(kinds) if len(alike) > 1]


def _plain(kind: str) -> str:
    return kind.strip().casefold()


def _key(kind: str) -> tuple[str, str]:
    return _plain(kind), kind
