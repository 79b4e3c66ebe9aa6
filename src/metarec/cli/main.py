"""The `metarec` command: verbs, exit codes and one-line errors.

Exit codes: 0 done, 1 something in your input (or our bug, which says so), 2 usage, 130 interrupted.
"""

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import NoReturn

import typer
from rich.console import Console

from metarec.cli import (
    advise,
    ask,
    data,
    demo,
    evaluate,
    fit,
    items,
    keys,
    recommend,
    serve,
    similar,
    store,
    tune,
)
from metarec.contracts import MetarecError
from metarec.contracts.version import __version__
from metarec.contracts.wording import shell_words

app = typer.Typer(
    name="metarec",
    help="A recommender that works from the first click. Start with: metarec demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.add_typer(data.app, name="data")
app.command()(advise.advise)
app.command()(fit.fit)
app.command()(tune.tune)
app.command()(evaluate.evaluate)
app.command()(recommend.recommend)
app.command()(similar.similar)
app.command()(ask.ask)
app.add_typer(items.app, name="items")
app.command()(serve.serve)
app.add_typer(store.app, name="store")
app.add_typer(keys.app, name="keys")

INTERRUPTED = "interrupted; nothing half-written was left"


@app.callback(invoke_without_command=True)
def _top(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    if version:
        typer.echo(f"metarec {__version__}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]  # welcome after any verb
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    def show(message: Warning | str, *_: object, **__: object) -> None:
        console.print(f"warning: {message}", markup=False)

    warnings.showwarning = show
    try:
        with shell_words():
            app(given, prog_name="metarec", standalone_mode=True)
    except KeyboardInterrupt:
        _stop(console, INTERRUPTED, 130)
    except SystemExit as end:  # typer may have turned the interrupt into an exit code
        if end.code == 130:
            _stop(console, INTERRUPTED, 130)
        raise
    except Exception as error:
        if debug:
            traceback.print_exc()
        _stop(console, f"error: {_told(error)}", 1)


def _stop(console: Console, message: str, code: int) -> NoReturn:
    console.print(message, markup=False)
    sys.exit(code)


def _told(error: Exception) -> str:
    """What is wrong, in one line wherever it is one thing."""
    if isinstance(error, MetarecError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return f"{where}{error.strerror}; {_remedy(error)}"
    if isinstance(error, MemoryError):
        return f"not enough memory ({error}); take less data, or smaller settings"
    first = next(iter(str(error).splitlines()), "")
    return f"unexpected {type(error).__name__}: {first}; --debug shows where"


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room there or choose another path"
    return "choose a path that can be read and written"
