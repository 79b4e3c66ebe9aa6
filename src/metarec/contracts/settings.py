"""What each setting of a recommender may be: said in its annotation, checked when it is made."""

import ast
import inspect
import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from numbers import Real
from types import NoneType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeGuard,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from metarec.contracts.errors import DataError, whole_number


@dataclass(frozen=True)
class Bound:
    """Where a number may lie; without a limit, anywhere that is finite."""

    above: float | None = None
    least: float | None = None
    most: float | None = None
    below: float | None = None

    def holds(self, number: float) -> bool:
        """True if the number lies inside."""
        low = self.above is None or number > self.above
        high = self.most is None or number <= self.most
        outside = self.below is not None and number >= self.below
        return low and high and not outside and (self.least is None or number >= self.least)

    def __str__(self) -> str:
        told = {
            "above": self.above,
            "at least": self.least,
            "at most": self.most,
            "below": self.below,
        }
        return " and ".join(
            f"{words} {limit}" for words, limit in told.items() if limit is not None
        )


Count = Annotated[int, Bound(least=1)]
CountOrNone = Annotated[int, Bound(least=0)]
Number = Annotated[float, Bound()]
NotNegative = Annotated[float, Bound(least=0)]
Positive = Annotated[float, Bound(above=0)]
Weight = Annotated[float, Bound(above=0, most=1)]
Share = Annotated[float, Bound(least=0, most=1)]
Part = Annotated[float, Bound(least=0, below=1)]


class Settings:
    """Base of a frozen dataclass of settings; `help` shows the text that stands under each field.

    A field is a bool, a `Literal`, text, one of the numbers above, or settings of a part (each may
    be `| None`). NumPy's numbers become Python's; anything else raises DataError.
    """

    texts: ClassVar[Mapping[str, str]] = {}
    """What each field says of itself."""
    declarations: ClassVar[Mapping[str, str]] = {}
    """Each field as it is written, with its default."""

    def __init_subclass__(cls) -> None:
        declared = _declared_fields(cls)
        cls.texts = {**cls.texts, **{name: text for name, _, text in declared}}
        cls.declarations = {**cls.declarations, **{name: line for name, line, _ in declared}}
        told = [
            f"{line}\n{textwrap.indent(cls.texts[name], '    ')}"
            for name, line in cls.declarations.items()
        ]
        cls.__doc__ = "\n\n".join([inspect.cleandoc(cls.__doc__ or ""), *told])

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
    if hint is bool and not isinstance(value, bool | np.bool_):
        raise DataError(f"{name} must be True or False, got {value!r}")
    if hint is bool:
        return bool(value)
    if origin is Literal and value not in parts:
        raise DataError(f"{name} must be one of {parts}, got {value!r}")
    if hint is str and not isinstance(value, str):
        raise DataError(f"{name} must be text, got {value!r}")
    if NoneType in parts:
        return None if value is None else checked(name, value, parts[0])
    if _is_settings(hint) and not isinstance(value, hint):
        raise DataError(f"{name} must be a {hint.__name__}, got {value!r}")
    return value


def parts_of(kind: type[Any]) -> dict[str, type[Settings]]:
    """The fields of a class of settings that are settings of a part themselves."""
    hints = get_type_hints(kind)
    found = {
        name: next(filter(_is_settings, (hint, *get_args(hint))), None)
        for name, hint in hints.items()
    }
    return {name: part for name, part in found.items() if part is not None}


def _is_settings(hint: Any) -> TypeGuard[type[Settings]]:
    return isinstance(hint, type) and issubclass(hint, Settings)


def _number(name: str, value: Any, bound: Bound) -> float:
    try:
        number = (
            math.nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
        )
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise DataError(f"{name} must be a finite number {bound}".rstrip() + f", got {value!r}")
    if not bound.holds(number):
        raise DataError(f"{name} must be {bound}, got {value!r}")
    return number


def _declared_fields(cls: type) -> list[tuple[str, str, str]]:
    """Name, declaration and text of each field; nothing where the source cannot be read."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError):
        return []
    return [
        (field.target.id, ast.unparse(field), inspect.cleandoc(under.value.value))
        for field, under in pairwise(getattr(tree, "body", []))
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(under, ast.Expr) and isinstance(under.value, ast.Constant)
        if isinstance(under.value.value, str)
    ]
