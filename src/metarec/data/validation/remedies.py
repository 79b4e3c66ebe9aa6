"""How to tell us more, in the words of the place where a shop is being read."""

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from metarec.data.column_names import TableKind

IN_A_SHELL: ContextVar[bool] = ContextVar("in_a_shell", default=False)


@contextmanager
def shell_words() -> Iterator[None]:
    """While it lasts, options are named as the command line has them."""
    token = IN_A_SHELL.set(True)
    try:
        yield
    finally:
        IN_A_SHELL.reset(token)


@dataclass(frozen=True)
class Remedies:
    """What can be said where: in a folder's own files, beside a file that is read, or of frames
    (whose `columns` are of all tables)."""

    source: Literal["folder", "file", "frames"] = "folder"

    @property
    def place(self) -> str:
        """Where settings are said."""
        if self.source == "folder":
            return "dataset.toml"
        return "the command" if IN_A_SHELL.get() else "the call"

    def setting(self, name: str, value: object) -> str:
        """How a setting is given."""
        if self.source == "folder":
            return f"set {name} = {json.dumps(value)} in dataset.toml"
        return f"pass {self.option(name, value)}"

    def option(self, name: str, value: object) -> str:
        """A setting as an argument, which has other words in a shell."""
        if not IN_A_SHELL.get():
            return f"{name}={json.dumps(value, ensure_ascii=False)}"
        told = ",".join(map(shown, value)) if isinstance(value, list) else shown(value)
        return f"--{name.replace('_', '-')} {shlex.quote(told)}"

    def flag(self, name: str) -> str:
        """A setting that is only there or not."""
        return f"--{name}" if IN_A_SHELL.get() else f"{name}=True"

    def role(self, role: str, columns: Sequence[str]) -> str:
        """How columns of items are said to be something."""
        told = json.dumps(list(columns), ensure_ascii=False)
        if self.source == "folder":
            return f"write {role} = {told} under [items] of dataset.toml"
        return f"pass roles={{{json.dumps(role)}: {told}}}"

    def dates(self) -> str:
        """How it is said whether the day or the month comes first."""
        if self.source == "folder":
            return "write them as 2024-12-31"
        both = (self.option("dates", first) for first in ("day-first", "month-first"))
        return f"pass {' or '.join(both)}"

    def no_column(self, ours: str) -> str:
        """How it is said that a table has none of our columns, whatever another is called."""
        if self.source == "folder":
            return "give the column another name"
        return f"pass --map {ours}=" if IN_A_SHELL.get() else f'pass columns={{"{ours}": None}}'

    def column(self, ours: str, own: str | None, table: TableKind = "interactions") -> str:
        """How a column of a table, perhaps `own`, is said to be one of ours."""
        if self.source == "folder":
            example = "" if own is None else f", such as {own}"
            return f"rename the column that holds it to {ours}{example}"
        name = "NAME" if own is None else own
        if IN_A_SHELL.get():
            place = "" if table == "interactions" or self.source == "frames" else f"{table}."
            return f"say which holds it, such as --map {shlex.quote(f'{place}{ours}={name}')}"
        if self.source == "frames":
            return f"say which holds it, such as columns={json.dumps({ours: name})}"
        before = {"interactions": "", "items": "item_", "users": "user_"}[table]
        return f"say which holds it, such as {before}columns={json.dumps({ours: name})}"


def shown(value: object) -> str:
    """A value as a word of the command line."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)
