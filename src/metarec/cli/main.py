"""The `metarec` command: verbs, exit codes and one-line errors.

Exit codes: 0 done, 1 something in your input, 2 usage, 130 interrupted.
"""

import sys
import traceback
import warnings
from collections.abc import Sequence

import typer
from rich.console import Console

from metarec import __version__
from metarec.cli import ask, data, demo, evaluate, fit, recommend
from metarec.contracts import MetarecError

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
app.command()(fit.fit)
app.command()(evaluate.evaluate)
app.command()(recommend.recommend)
app.command()(ask.ask)


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
        app(given, standalone_mode=True)
    except KeyboardInterrupt:
        console.print("interrupted; nothing half-written was left", markup=False)
        sys.exit(130)
    except (MetarecError, OSError) as error:
        if debug:
            traceback.print_exc()
        console.print(f"error: {error}", markup=False)
        sys.exit(1)
