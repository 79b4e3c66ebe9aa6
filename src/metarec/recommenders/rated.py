"""What a row that learns from ratings asks of a shop."""

from metarec.contracts import DataError, Dataset


def check_rated(train: Dataset, model: str) -> None:
    """Raises DataError where events have no ratings, of which all that `model` learns is made."""
    if train.feedback != "rating":
        raise DataError(
            f"{model} learns from ratings, and the events of {train.name!r} are implicit; load "
            "them as ratings, or take a row that reads events, such as IALS, EASE or UserKNN"
        )
