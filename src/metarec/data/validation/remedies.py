"""How to tell us more, in the words of the place where a shop is being read."""

import json
import shlex
from dataclasses import dataclass
from typing import Literal

from metarec.contracts.wording import IN_A_SHELL, given
from metarec.data.column_names import TableKind


@dataclass(frozen=True)
class Remedies:
    """What can be said where: in a folder's own files, beside a file that is read, or of frames
    (whose `columns` are of all tables)."""

    source: Literal["folder", "file", "frames"] = "folder"

    def setting(self, name: str, value: object) -> str:
        """How a setting is given."""
        if self.source == "folder":
            return f"set {name} = {json.dumps(value)} in dataset.toml"
        return f"pass {self.option(name, value)}"

    def option(self, name: str, value: object) -> str:
        """A setting as an argument, which has other words in a shell."""
        return given(name, value)

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
