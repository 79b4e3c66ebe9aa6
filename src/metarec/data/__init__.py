"""What happened and what is on offer: datasets, readers, validation, splits, episodes."""

from metarec.data.catalogue import Catalogue
from metarec.data.dataset import Dataset, RepeatsRule, TimestampKind, ValueKind
from metarec.data.episodes import Episodes
from metarec.data.hashing import hash_of

__all__ = [
    "Catalogue",
    "Dataset",
    "Episodes",
    "RepeatsRule",
    "TimestampKind",
    "ValueKind",
    "hash_of",
]
