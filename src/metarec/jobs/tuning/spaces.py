"""Where each setting may lie: its options, or a range of numbers."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metarec.contracts import DataError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

INSTALL = 'pip install "metarec[tune]"'
RANGE = ("low", "high", "log", "step")
EXAMPLE = "options such as [8, 16, 32], or a range such as {low: 0.01, high: 1.0, log: true}"

Space = Mapping[str, "Sequence[Any] | Mapping[str, Any] | BaseDistribution"]
"""Of each setting its options, a range {low, high, log, step}, or a distribution of Optuna."""


def check_optuna() -> None:
    """Refuse, with what to install, to search without Optuna."""
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise DataError(f"tuning needs Optuna; run: {INSTALL}") from error


def distributions_of(space: Space) -> dict[str, "BaseDistribution"]:
    """The space in the words of Optuna; raises DataError for what is no space."""
    return {name: _distribution_of(name, where) for name, where in space.items()}


def _distribution_of(name: str, where: Any) -> "BaseDistribution":
    from optuna.distributions import BaseDistribution, CategoricalDistribution

    if isinstance(where, BaseDistribution):
        return where
    if isinstance(where, Mapping):
        return _range_of(name, where)
    if isinstance(where, str) or not isinstance(where, Sequence) or not where:
        raise DataError(f"the space of {name} must be {EXAMPLE}; got {where!r}")
    odd = [one for one in where if not isinstance(one, bool | int | float | str | None)]
    if odd:
        raise DataError(
            f"the options of {name} must be numbers, text, true, false or null; got {odd[0]!r}"
        )
    for one in where:
        _check_finite(f"an option of {name}", one)
    return CategoricalDistribution(tuple(where))


def _range_of(name: str, where: Mapping[str, Any]) -> "BaseDistribution":
    from optuna.distributions import FloatDistribution, IntDistribution

    unknown = sorted(set(where) - set(RANGE))
    if unknown or "low" not in where or "high" not in where:
        known = f"{', '.join(unknown)} is not known of a range"
        told = known if unknown else "low or high is missing"
        raise DataError(f"the space of {name}: {told}; say {EXAMPLE}")
    for end, number in where.items():
        _check_finite(f"{end} of {name}", number)
    ends = (where["low"], where["high"])
    whole = all(isinstance(end, int) and not isinstance(end, bool) for end in ends)
    kind = IntDistribution if whole else FloatDistribution
    try:
        return kind(**where)
    except (TypeError, ValueError) as error:
        raise DataError(f"the space of {name}: {error}; say {EXAMPLE}") from error


def _check_finite(what: str, number: Any) -> None:
    if isinstance(number, float) and not math.isfinite(number):
        raise DataError(f"{what} must be a finite number, got {number}; say {EXAMPLE}")
