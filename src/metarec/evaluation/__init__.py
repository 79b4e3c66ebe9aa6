"""Evaluation that can be believed: protocols, per-user values, intervals, corrected tests."""

from metarec.evaluation.background import ItemContent, categories_of
from metarec.evaluation.measures import Measure, better
from metarec.evaluation.results import Results, combine
from metarec.evaluation.runner import evaluate
from metarec.evaluation.significance import compare

__all__ = [
    "ItemContent",
    "Measure",
    "Results",
    "better",
    "categories_of",
    "combine",
    "compare",
    "evaluate",
]
