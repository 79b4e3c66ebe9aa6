"""The errors and warnings that a caller may want to tell apart, and checks at the door."""

import operator
from typing import SupportsIndex

import numpy as np


class MetarecError(Exception):
    """Base of the errors a caller may want to catch."""


class DataError(MetarecError, ValueError):
    """The caller's data or argument is wrong; the message says where and what to do."""


class DivergedError(DataError, FloatingPointError):
    """Steps led to no finite number: the data, or the length of the steps, does not allow them."""


class NotFittedError(MetarecError, RuntimeError, AttributeError):
    """The model was asked to recommend before `fit`.

    To Python an attribute that only a fitted model has is not there yet (`hasattr` is False).
    """


class UnsupportedError(MetarecError, TypeError):
    """The model cannot answer this kind of question by its nature."""


class UnknownKindWarning(UserWarning):
    """An event of a kind that the model has not met, where kinds say what speaks for an item."""


class UnknownItemWarning(UserWarning):
    """Events about items outside the catalogue, or candidates outside it, were left out."""


class NothingLearnedWarning(UserWarning):
    """A fitted model foretells validation no better than one number for all would."""


class AlikeItemWarning(UserWarning):
    """An added item has the id of a known one but for what tools change, such as zeros."""


class MissingValueWarning(UserWarning):
    """Items were left out because a value that a filter asks for is missing."""


def whole_number(name: str, value: object, least: int = 1) -> int:
    """`value` as an int; raises DataError where it is another thing or below `least`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, SupportsIndex):
        raise DataError(f"{name} must be a whole number of at least {least}, got {value!r}")
    number = operator.index(value)
    if number < least:
        raise DataError(f"{name} must be at least {least}, got {number}")
    return number
