"""What runs long."""

from metarec.jobs.everyone import Written, recommend_to_file
from metarec.jobs.tuning import Tuned, tune

__all__ = [
    "Tuned",
    "Written",
    "recommend_to_file",
    "tune",
]
