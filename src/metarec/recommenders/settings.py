"""What every dataclass of hyperparameters shares: texts that `help` shows, and numbers that are."""

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import TypeVar

import numpy as np

from metarec.contracts import DataError

Config = TypeVar("Config", bound=type)


def described(config: Config) -> Config:
    """Class decorator: the text under each field joins the class's own, so that `help` shows it."""
    texts = [f"{declared}\n{textwrap.indent(text, '    ')}" for declared, text in _fields(config)]
    config.__doc__ = "\n\n".join([inspect.cleandoc(config.__doc__ or ""), *texts])
    return config


def _fields(config: type) -> list[tuple[str, str]]:
    """Each field as it is declared, and the string under it; nothing where there is no source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(config)))
    except OSError:
        return []
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    return [
        (ast.unparse(field), inspect.cleandoc(text.value.value))
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    ]


def real_number(name: str, value: object) -> float:
    """`value` as a Python number, which can be saved; raises DataError where it is another thing.

    NaN passes; the bounds of the hyperparameter refuse it.
    """
    if isinstance(value, np.integer | np.floating):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{name} must be a number, got {value!r}")
    return value


def yes_or_no(name: str, value: object) -> bool:
    """`value` as a Python bool; raises DataError where it is another thing, if it counts as one."""
    if not isinstance(value, bool | np.bool_):
        raise DataError(f"{name} must be True or False, got {value!r}")
    return bool(value)
