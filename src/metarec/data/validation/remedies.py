"""How to tell us more, in the words of the place where a shop is being read."""

import json
import shlex
from dataclasses import dataclass
from typing import Literal

from metarec.data.column_names import TableKind


@dataclass(frozen=True)
class Remedies:
    """What can be said where: in a folder's own files, in a call of Python, or in a shell."""

    where: Literal["folder", "call", "shell"] = "folder"

    def setting(self, name: str, value: str) -> str:
        """How a setting is given."""
        if self.where == "folder":
            return f"set {name} = {json.dumps(value)} in dataset.toml"
        return f"pass {self.option(name, value)}"

    def option(self, name: str, value: str) -> str:
        """A setting as an argument, which a folder has not."""
        if self.where == "shell":
            return f"--{name.replace('_', '-')} {shlex.quote(value)}"
        return f"{name}={json.dumps(value, ensure_ascii=False)}"

    def dates(self) -> str:
        """How it is said whether the day or the month comes first."""
        if self.where == "folder":
            return "write them as 2024-12-31"
        both = (self.option("dates", first) for first in ("day-first", "month-first"))
        return f"pass {' or '.join(both)}"

    def column(self, ours: str, own: str | None, table: TableKind = "interactions") -> str:
        """How a column of a table, perhaps `own`, is said to be one of ours."""
        if self.where == "folder":
            example = "" if own is None else f", such as {own}"
            return f"rename the column that holds it to {ours}{example}"
        name = "NAME" if own is None else own
        if self.where == "shell":
            place = "" if table == "interactions" else f"{table}."
            return f"say which holds it, such as --map {shlex.quote(f'{place}{ours}={name}')}"
        before = {"interactions": "", "items": "item_", "users": "user_"}[table]
        return f"say which holds it, such as {before}columns={json.dumps({ours: name})}"
