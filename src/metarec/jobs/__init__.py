"""What runs long."""

from metarec.jobs.tuning import Choice, LogUniform, Tuned, Uniform, Whole, tune

__all__ = ["Choice", "LogUniform", "Tuned", "Uniform", "Whole", "tune"]
