"""How an updater goes from everyone's numbers to a person's, as settings say it."""

from dataclasses import dataclass

INNER = {
    "inner_steps": "steps",
    "inner_rate": "rate",
    "first_order": "first_order",
    "decision_width": "width",
}
"""The settings of a model that some updaters read, and what an inner loop calls them."""


@dataclass(frozen=True)
class InnerLoop:
    """What an updater reads, with what is usual where nothing is said."""

    steps: int = 5
    rate: float = 1.0
    first_order: bool = False
    width: int = 32

    @property
    def remedy(self) -> str:
        """What to do where it explodes."""
        return (
            f"fit with a lower inner_rate (now {self.rate:g}) or fewer inner_steps "
            f"(now {self.steps})"
        )
