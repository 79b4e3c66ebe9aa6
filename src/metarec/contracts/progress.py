"""How long work tells how far it is: a bar to who watches, a line a minute to a pipe or a log."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVERY_S = 60.0
Advance = Callable[[int, str | None], None]
"""Says how many steps are done, and a new name for what is done; None keeps the old."""
Item = TypeVar("Item")


@contextmanager
def progress_of(what: str, total: int, *, show: bool, done: int = 0) -> Iterator[Advance]:
    """Tells on the standard error how far `what` is of `total` steps; silent without `show`."""
    if not show:
        yield lambda done, what: None
    elif sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        bar = Progress(
            *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True
        )
        with bar:
            task = bar.add_task(what, total=total, completed=done)
            yield lambda done, what: bar.update(task, completed=done, description=what)
    else:
        yield _lines(what, total)


def tracked(items: Iterable[Item], what: str, *, show: bool) -> Iterator[Item]:
    """The items of a collection, telling how many of them are done."""
    total = len(items) if isinstance(items, Sized) else 0
    with progress_of(what, total, show=show) as advance:
        for done, item in enumerate(items, 1):
            yield item
            advance(done, None)


def _lines(what: str, total: int) -> Advance:
    started = told = time.monotonic()

    def advance(done: int, described: str | None) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= EVERY_S:
            told = now
            minutes = (now - started) / 60
            print(
                f"{described or what}: {done:,} of {total:,} after {minutes:.0f} min",
                file=sys.stderr,
                flush=True,
            )

    return advance
