"""What an interrupted command says of how to go on."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def going_on(how: str) -> Iterator[None]:
    """Says `how` to go on, where the person ends the command inside."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(how, err=True)
        raise
