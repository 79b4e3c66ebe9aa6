"""The command line: one file a verb; no mathematics here."""

from metarec.cli.main import main

__all__ = ["main"]
