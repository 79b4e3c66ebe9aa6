"""How what a reader writes is named where they stand: in Python, a shell, or an HTTP request."""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Place = Literal["python", "shell", "request"]
PLACE: ContextVar[Place] = ContextVar("place", default="python")


@contextmanager
def shell_words() -> Iterator[None]:
    """While it lasts, arguments and calls are named as the command line has them."""
    with _words("shell"):
        yield


@contextmanager
def request_words() -> Iterator[None]:
    """While it lasts, arguments and calls are named as the service has them over HTTP."""
    with _words("request"):
        yield


@contextmanager
def _words(place: Place) -> Iterator[None]:
    token = PLACE.set(place)
    try:
        yield
    finally:
        PLACE.reset(token)


def written(python: str, shell: str, request: str | None = None) -> str:
    """One of several ways to write the same; in a request as in Python where nothing else is said.

    >>> with request_words():
    ...     written("add_items", "metarec items add", "POST /v1/items"), written("k", "--k")
    ('POST /v1/items', 'k')
    """
    said = {"python": python, "shell": shell, "request": python if request is None else request}
    return said[PLACE.get()]


def argument(name: str) -> str:
    """An argument by its name.

    >>> argument("at_most")
    'at_most'
    >>> with shell_words():
    ...     argument("at_most")
    '--at-most'
    """
    return written(name, f"--{name.replace('_', '-')}")


def given(name: str, value: object) -> str:
    """An argument with a value.

    >>> given("target_kinds", ["buy", "order"])
    'target_kinds=["buy", "order"]'
    >>> with shell_words():
    ...     given("target_kinds", ["buy", "order"])
    '--target-kinds buy,order'
    >>> with shell_words():
    ...     given("lenient", True), given("scale", [1.0, 7.0])
    ('--lenient', '--scale 1,7')
    """
    if value is True:
        return written(f"{name}=True", argument(name))
    told = ",".join(map(_word, value)) if isinstance(value, list) else _word(value)
    return written(
        f"{name}={json.dumps(value, ensure_ascii=False)}", f"{argument(name)} {shlex.quote(told)}"
    )


def lower(what: str, setting: str) -> str:
    """What to do where training leads to no number.

    >>> lower("the learning rate", "learning_rate")
    'lower the learning rate: the setting learning_rate'
    """
    return f"lower {what}: {written(f'the setting {setting}', f'--set {setting}=NUMBER')}"


def _word(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
