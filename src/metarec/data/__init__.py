"""What happened and what is on offer: datasets, readers, validation, splits, episodes."""

from metarec.data.from_frames import from_frames
from metarec.data.inspect import Histogram, Summary, inspect
from metarec.data.load import load
from metarec.data.load_csv import convert, load_csv
from metarec.data.load_sql import load_sql
from metarec.data.pooling import pool_shops
from metarec.data.pseudonymise import pseudonymise, pseudonymise_folder
from metarec.data.sampling import (
    PrefixBatch,
    RatingBatch,
    sample_prefix_batch,
    sample_rating_batch,
)
from metarec.data.save import save
from metarec.data.splits.cold_items import split_cold_items
from metarec.data.splits.cold_split import split_cold
from metarec.data.splits.k_fold import split_k_fold
from metarec.data.splits.leave_last_out import split_last_out
from metarec.data.splits.new_users import split_new_users
from metarec.data.splits.scenarios import split_scenarios
from metarec.data.splits.split import Split
from metarec.data.splits.time_split import split_time
from metarec.data.synthetic.shop import Shop, generate, generate_to
from metarec.data.synthetic.truth import Truth
from metarec.data.validation.invalid_data import InvalidData, Problem
from metarec.data.validation.problems import DroppedRowsWarning

__all__ = [
    "DroppedRowsWarning",
    "Histogram",
    "InvalidData",
    "PrefixBatch",
    "Problem",
    "RatingBatch",
    "Shop",
    "Split",
    "Summary",
    "Truth",
    "convert",
    "from_frames",
    "generate",
    "generate_to",
    "inspect",
    "load",
    "load_csv",
    "load_sql",
    "pool_shops",
    "pseudonymise",
    "pseudonymise_folder",
    "sample_prefix_batch",
    "sample_rating_batch",
    "save",
    "split_cold",
    "split_cold_items",
    "split_k_fold",
    "split_last_out",
    "split_new_users",
    "split_scenarios",
    "split_time",
]
