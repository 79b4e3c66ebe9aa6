"""Evidence: tables of what one item says for another, and the trust in them."""

from metarec.meta.evidence.evidence import (
    TASTE,
    Evidence,
    Fade,
    Popular,
    Table,
    Untouched,
)
from metarec.meta.evidence.order import READ, Order
from metarec.meta.evidence.questions import Questions
from metarec.meta.evidence.samples import Sample
from metarec.meta.evidence.spoken import Spoken, spoken_of
from metarec.meta.evidence.trust import Contests, learn_trust

__all__ = [
    "READ",
    "TASTE",
    "Contests",
    "Evidence",
    "Fade",
    "Order",
    "Popular",
    "Questions",
    "Sample",
    "Spoken",
    "Table",
    "Untouched",
    "learn_trust",
    "spoken_of",
]
