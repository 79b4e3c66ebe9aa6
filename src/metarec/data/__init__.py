"""What happened and what is on offer: datasets, readers, validation, splits, episodes."""

from metarec.data.catalogue import Catalogue
from metarec.data.cold_items import split_cold_items
from metarec.data.cold_split import split_cold
from metarec.data.dataset import Dataset, RepeatsRule, TimestampKind, ValueKind
from metarec.data.episodes import Episodes
from metarec.data.hashing import hash_of
from metarec.data.k_fold import split_k_fold
from metarec.data.leave_last_out import split_last_out
from metarec.data.load import load
from metarec.data.problems import DroppedRowsWarning, InvalidData, Problem
from metarec.data.sampling import (
    PrefixBatch,
    RatingBatch,
    sample_prefix_batch,
    sample_rating_batch,
)
from metarec.data.scenarios import split_scenarios
from metarec.data.splits import Split
from metarec.data.time_split import split_time

__all__ = [
    "Catalogue",
    "Dataset",
    "DroppedRowsWarning",
    "Episodes",
    "InvalidData",
    "PrefixBatch",
    "Problem",
    "RatingBatch",
    "RepeatsRule",
    "Split",
    "TimestampKind",
    "ValueKind",
    "hash_of",
    "load",
    "sample_prefix_batch",
    "sample_rating_batch",
    "split_cold",
    "split_cold_items",
    "split_k_fold",
    "split_last_out",
    "split_scenarios",
    "split_time",
]
