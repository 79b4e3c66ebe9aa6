"""Evaluation that can be believed: protocols, per-user values, intervals, corrected tests."""

from metarec.evaluation.protocol.background import ItemContent, categories_of
from metarec.evaluation.protocol.caveats import warnings_of
from metarec.evaluation.protocol.measures import Measure, better
from metarec.evaluation.protocol.runner import evaluate
from metarec.evaluation.report.page import write_report
from metarec.evaluation.report.results_file import load_results, save_results
from metarec.evaluation.report.table import table
from metarec.evaluation.report.verdict import Verdict, verdict
from metarec.evaluation.statistics.combining import combine
from metarec.evaluation.statistics.results import Results
from metarec.evaluation.statistics.significance import compare, holm, sign_flip_test, t_test

__all__ = [
    "ItemContent",
    "Measure",
    "Results",
    "Verdict",
    "better",
    "categories_of",
    "combine",
    "compare",
    "evaluate",
    "holm",
    "load_results",
    "save_results",
    "sign_flip_test",
    "t_test",
    "table",
    "verdict",
    "warnings_of",
    "write_report",
]
