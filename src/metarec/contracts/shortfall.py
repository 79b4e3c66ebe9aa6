"""Why a list is shorter than asked: where every other item of the catalogue went."""

from dataclasses import dataclass, fields

from metarec.contracts.printing import counted


@dataclass(frozen=True)
class Shortfall:
    """How many items each reason kept out of a list; with `found` they sum to the catalogue.

    An item counts once, by the first reason that holds.
    """

    asked: int
    """Places that were asked for."""
    found: int
    """Places that are filled."""
    not_offered: int
    not_candidates: int
    filtered: int
    excluded: int
    refused: int
    seen: int
    unscorable: int
    capped: int

    def __str__(self) -> str:
        told = [f"{getattr(self, name):,} {TOLD[name]}" for name in REASONS if getattr(self, name)]
        rest = ": " + ", ".join(told) if told else ""
        n_items = self.found + sum(getattr(self, name) for name in REASONS)
        return f"{self.found:,} of {self.asked:,} places; of {counted(n_items, 'item')}{rest}"


REASONS = tuple(field.name for field in fields(Shortfall))[2:]
"""The reasons in the order in which an item is asked for them."""
TOLD = {
    "not_offered": "not on offer",
    "not_candidates": "no candidates",
    "filtered": "left out by where",
    "excluded": "excluded",
    "refused": "refused before",
    "seen": "seen",
    "unscorable": "without a score",
    "capped": "beyond at_most",
}
