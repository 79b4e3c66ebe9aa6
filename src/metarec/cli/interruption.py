"""What an interrupted command says of how to go on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import typer

Options = ParamSpec("Options")
Answer = TypeVar("Answer")


@contextmanager
def going_on(how: str) -> Iterator[None]:
    """Says `how` to go on, where the person ends the command inside."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(how, err=True)
        raise


def begins_anew(verb: Callable[Options, Answer]) -> Callable[Options, Answer]:
    """The verb, which keeps nothing of what it had done where the person ends it, and says so."""

    @wraps(verb)
    def command(*given: Options.args, **named: Options.kwargs) -> Answer:
        with going_on("the same command begins anew"):
            return verb(*given, **named)

    return command
