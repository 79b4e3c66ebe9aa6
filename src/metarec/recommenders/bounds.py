"""What each setting of a recommender may be: said in its annotation, checked when it is made."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from numbers import Real
from types import NoneType
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from metarec.contracts import DataError, whole_number


@dataclass(frozen=True)
class Bound:
    """Where a number may lie; without a limit, anywhere that is finite."""

    above: float | None = None
    least: float | None = None
    most: float | None = None

    def holds(self, number: float) -> bool:
        """True if the number lies inside."""
        low = self.above is None or number > self.above
        high = self.most is None or number <= self.most
        return low and high and (self.least is None or number >= self.least)

    def __str__(self) -> str:
        told = {"above": self.above, "at least": self.least, "at most": self.most}
        return " and ".join(
            f"{words} {limit}" for words, limit in told.items() if limit is not None
        )


Count = Annotated[int, Bound(least=1)]
Number = Annotated[float, Bound()]
NotNegative = Annotated[float, Bound(least=0)]
Positive = Annotated[float, Bound(above=0)]
Weight = Annotated[float, Bound(above=0, most=1)]


class Settings:
    """Base of a frozen dataclass of settings; `help` shows the text that stands under each field.

    A field is a `Count`, `Number`, `NotNegative`, `Positive` or `Weight` (each may be `| None`), or
    a `Literal`. NumPy numbers become Python's; anything else raises DataError.
    """

    texts: ClassVar[Mapping[str, str]] = {}
    """What each field says of itself."""

    def __init_subclass__(cls) -> None:
        cls.texts = {**cls.texts, **_texts_under_fields(cls)}
        told = [f"{name}: {' '.join(text.split())}" for name, text in cls.texts.items()]
        cls.__doc__ = "\n".join([inspect.cleandoc(cls.__doc__ or ""), "", *told])

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self), include_extras=True)
        for field in fields(self):  # type: ignore[arg-type]
            value = checked(field.name, getattr(self, field.name), hints[field.name])
            object.__setattr__(self, field.name, value)


def checked(name: str, value: Any, hint: Any) -> Any:
    """`value` as the annotation says it is; raises DataError where it is not."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        kind, bound = parts
        whole = kind is int
        return whole_number(name, value, bound.least) if whole else _number(name, value, bound)
    if origin is Literal and value not in parts:
        raise DataError(f"{name} must be one of {parts}, got {value!r}")
    if NoneType in parts:
        return None if value is None else checked(name, value, parts[0])
    return value


def _number(name: str, value: Any, bound: Bound) -> float:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not abs(value) <= sys.float_info.max:
        raise DataError(f"{name} must be a finite number {bound}".rstrip() + f", got {value!r}")
    number = float(value)
    if not bound.holds(number):
        raise DataError(f"{name} must be {bound}, got {value!r}")
    return number


def _texts_under_fields(cls: type) -> dict[str, str]:
    """The string under each field of the class, empty where the source cannot be read."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError):
        return {}
    return {
        field.target.id: under.value.value
        for field, under in pairwise(getattr(tree, "body", []))
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(under, ast.Expr) and isinstance(under.value, ast.Constant)
        if isinstance(under.value.value, str)
    }
