"""What several evaluations rest on, put together: what all share, and where they differ."""

from collections.abc import Mapping, Sequence
from typing import Any

EACH = "each"


def merged(parts: Sequence[tuple[Mapping[str, Any], int]]) -> dict[str, Any]:
    """Facts that all parts share as they are; where they differ `{"each": [one a part]}`.

    The number beside a part's facts says of how many parts it was itself put together.
    """
    names = dict.fromkeys(name for facts, _ in parts for name in facts)
    return {name: _shared([(facts.get(name), n) for facts, n in parts]) for name in names}


def told(value: Any, form: str = "") -> str:
    """A fact in words, where parts differ one for each of them.

    >>> told(1200, ","), told({"each": [0, 1]})
    ('1,200', 'each 0, 1')
    """
    if isinstance(value, Mapping) and EACH in value:
        return "each " + ", ".join(told(one, form) for one in value[EACH])
    return format(value, form) if form else str(value)


def _shared(values: Sequence[tuple[Any, int]]) -> Any:
    first = values[0][0]
    if all(value == first for value, _ in values):
        return first
    if all(isinstance(value, Mapping) and EACH not in value for value, _ in values):
        return merged(values)
    each: list[Any] = []
    for value, n in values:
        each += value[EACH] if isinstance(value, Mapping) and EACH in value else [value] * n
    return {EACH: each}


def merged_models(parts: Sequence[tuple[Mapping[str, Any], int]]) -> dict[str, Any]:
    """The facts of every model of the parts; what it cannot do in one part it cannot do."""
    names = dict.fromkeys(name for models, _ in parts for name in models)
    return {name: _of_model([(m[name], n) for m, n in parts if name in m]) for name in names}


def _of_model(parts: Sequence[tuple[Mapping[str, Any], int]]) -> dict[str, Any]:
    flags = ("predicts_ratings", "serves_new_users", "has_uncertainty")
    every = {name: all(facts[name] for facts, _ in parts) for name in flags}
    fitted = [facts.get("fitted_on_train") for facts, _ in parts]
    worst = min(fitted, key=(False, None, True).index)
    return merged(parts) | every | {"fitted_on_train": worst}
