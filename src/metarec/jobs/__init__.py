"""What runs long."""

from metarec.jobs.everyone import Written, recommend_to_file
from metarec.jobs.tuning import Choice, LogUniform, Tuned, Uniform, Whole, tune

__all__ = [
    "Choice",
    "LogUniform",
    "Tuned",
    "Uniform",
    "Whole",
    "Written",
    "recommend_to_file",
    "tune",
]
