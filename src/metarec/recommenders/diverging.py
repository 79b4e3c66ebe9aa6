"""Factors of implicit that are no numbers, as one error that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from metarec.contracts import DivergedError


@contextmanager
def factors_told(remedy: str) -> Iterator[None]:
    """Raises DivergedError where implicit finds NaN among the factors that it learned inside."""
    from implicit.recommender_base import ModelFitError  # heavy: only a fit needs it

    try:
        yield
    except ModelFitError as error:
        raise DivergedError(f"the factors are no numbers after the fit; {remedy}") from error
