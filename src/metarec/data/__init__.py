"""What happened and what is on offer: datasets, readers, validation, splits, episodes."""

from metarec.data.catalogue import Catalogue
from metarec.data.cold_items import split_cold_items
from metarec.data.cold_split import split_cold
from metarec.data.dataset import Dataset, RepeatsRule, TimestampKind, ValueKind
from metarec.data.episodes import Episodes
from metarec.data.hashing import hash_of
from metarec.data.inspect import Histogram, Summary, inspect
from metarec.data.k_fold import split_k_fold
from metarec.data.leave_last_out import split_last_out
from metarec.data.load import convert, load, load_csv
from metarec.data.problems import DroppedRowsWarning, InvalidData, Problem
from metarec.data.pseudonymise import pseudonymise, pseudonymise_folder
from metarec.data.sampling import (
    PrefixBatch,
    RatingBatch,
    sample_prefix_batch,
    sample_rating_batch,
)
from metarec.data.save import save
from metarec.data.scenarios import split_scenarios
from metarec.data.splits import Split
from metarec.data.synthetic import Shop, generate, generate_to
from metarec.data.synthetic_truth import Truth
from metarec.data.time_split import split_time

__all__ = [
    "Catalogue",
    "Dataset",
    "DroppedRowsWarning",
    "Episodes",
    "Histogram",
    "InvalidData",
    "PrefixBatch",
    "Problem",
    "RatingBatch",
    "RepeatsRule",
    "Shop",
    "Split",
    "Summary",
    "TimestampKind",
    "Truth",
    "ValueKind",
    "convert",
    "generate",
    "generate_to",
    "hash_of",
    "inspect",
    "load",
    "load_csv",
    "pseudonymise",
    "pseudonymise_folder",
    "sample_prefix_batch",
    "sample_rating_batch",
    "save",
    "split_cold",
    "split_cold_items",
    "split_k_fold",
    "split_last_out",
    "split_scenarios",
    "split_time",
]
