"""Evaluation that can be believed: protocols, per-user values, intervals, corrected tests."""

from metarec.evaluation.background import ItemContent, categories_of
from metarec.evaluation.caveats import warnings_of
from metarec.evaluation.measures import Measure, better
from metarec.evaluation.report import write_report
from metarec.evaluation.results import Results, combine
from metarec.evaluation.results_file import load_results, save_results
from metarec.evaluation.runner import evaluate
from metarec.evaluation.significance import compare, holm, sign_flip_test, t_test
from metarec.evaluation.table import table
from metarec.evaluation.tuning import Choice, LogUniform, Tuned, Uniform, Whole, tune
from metarec.evaluation.verdict import Verdict, verdict

__all__ = [
    "Choice",
    "ItemContent",
    "LogUniform",
    "Measure",
    "Results",
    "Tuned",
    "Uniform",
    "Verdict",
    "Whole",
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
    "tune",
    "verdict",
    "warnings_of",
    "write_report",
]
