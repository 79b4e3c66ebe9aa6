"""How what a reader writes is named where they stand: in Python, or in a shell."""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

IN_A_SHELL: ContextVar[bool] = ContextVar("in_a_shell", default=False)


@contextmanager
def shell_words() -> Iterator[None]:
    """While it lasts, arguments and calls are named as the command line has them."""
    token = IN_A_SHELL.set(True)
    try:
        yield
    finally:
        IN_A_SHELL.reset(token)


def written(python: str, shell: str) -> str:
    """One of two ways to write the same."""
    return shell if IN_A_SHELL.get() else python


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


def _word(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
