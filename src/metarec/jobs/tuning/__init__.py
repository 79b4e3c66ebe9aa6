"""The settings of any model that do best on validation, by a search that goes on where it was."""

from metarec.jobs.tuning.search import Tuned, tune
from metarec.jobs.tuning.values import validation_value

__all__ = ["Tuned", "tune", "validation_value"]
