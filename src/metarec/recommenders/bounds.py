"""Checks of hyperparameters at the door: each names the field, what it allows and what came."""

from metarec.contracts import DataError


def at_least(low: float, **named: float) -> None:
    """Refuse a hyperparameter below `low`."""
    for name, value in named.items():
        if not value >= low:
            raise DataError(f"{name} must be at least {low}, got {value}")


def above(low: float, **named: float) -> None:
    """Refuse a hyperparameter that is not above `low`."""
    for name, value in named.items():
        if not value > low:
            raise DataError(f"{name} must be above {low}, got {value}")


def weight(**named: float) -> None:
    """Refuse a hyperparameter outside (0, 1]."""
    for name, value in named.items():
        if not 0 < value <= 1:
            raise DataError(f"{name} must be above 0 and at most 1, got {value}")
