"""The formulas alone: one idea a file, one number a user, NaN where there is none."""

from metarec.metrics.auc import auc
from metarec.metrics.average_precision import average_precision
from metarec.metrics.calibration import calibration_curve, covered
from metarec.metrics.coverage import catalogue_coverage, interest_coverage
from metarec.metrics.crps import crps_gaussian
from metarec.metrics.diversity import intra_list_diversity
from metarec.metrics.hit_rate import hit_rate
from metarec.metrics.like_accuracy import like_accuracy
from metarec.metrics.ndcg import ndcg, ndcg_exponential
from metarec.metrics.novelty import history_novelty, novelty
from metarec.metrics.popularity_bias import gini, popularity_lift
from metarec.metrics.precision_recall import f1, precision, recall
from metarec.metrics.rating_error import mae, rmse
from metarec.metrics.rating_list import list_ndcg, list_ndcg_exponential
from metarec.metrics.reciprocal_rank import mrr
from metarec.metrics.serendipity import serendipity

__all__ = [
    "auc",
    "average_precision",
    "calibration_curve",
    "catalogue_coverage",
    "covered",
    "crps_gaussian",
    "f1",
    "gini",
    "history_novelty",
    "hit_rate",
    "interest_coverage",
    "intra_list_diversity",
    "like_accuracy",
    "list_ndcg",
    "list_ndcg_exponential",
    "mae",
    "mrr",
    "ndcg",
    "ndcg_exponential",
    "novelty",
    "popularity_lift",
    "precision",
    "recall",
    "rmse",
    "serendipity",
]
