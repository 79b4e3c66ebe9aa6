"""What may stand in a list: the words that every `recommend` takes."""

from collections.abc import Sequence
from typing import TypedDict


class Filters(TypedDict, total=False):
    """The words; each may be left out. `metarec.ranking.Wanted` gives them their meaning."""

    exclude_seen: bool
    """Leave out what is in the person's own history (True where it is not said)."""
    candidates: Sequence[str] | None
    """The item ids that may stand in the list; None: all on offer. An unknown id warns."""
