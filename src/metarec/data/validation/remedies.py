"""How to tell us more, in the words of the place where a shop is being read."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from metarec.contracts.wording import argument, given, written
from metarec.data.column_names import TableKind


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
        return written("the call", "the command")

    def setting(self, name: str, value: object) -> str:
        """How a setting is given."""
        if self.source == "folder":
            return f"set {name} = {json.dumps(value)} in dataset.toml"
        return f"pass {given(name, value)}"

    def name(self, name: str) -> str:
        """What a setting is called."""
        return name if self.source == "folder" else argument(name)

    @property
    def lenient(self) -> str:
        """How rows with a problem are left out, by a command that can: of those that read a folder,
        few do."""
        if self.source == "folder":
            return written(
                "load it with lenient=True", "run metarec data convert SHOP NEW --lenient"
            )
        return f"pass {given('lenient', True)}"

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
        both = (given("dates", first) for first in ("day-first", "month-first"))
        return f"pass {' or '.join(both)}"

    def no_column(self, ours: str) -> str:
        """How it is said that a table has none of our columns, whatever another is called."""
        if self.source == "folder":
            return "give the column another name"
        return "pass " + written(f'columns={{"{ours}": None}}', f"--map {ours}=")

    def column(self, ours: str, own: str | None, table: TableKind = "interactions") -> str:
        """How a column of a table, perhaps `own`, is said to be one of ours."""
        if self.source == "folder":
            example = "" if own is None else f", such as {own}"
            return f"rename the column that holds it to {ours}{example}"
        told = self.mapping({ours: "NAME" if own is None else own}, table)
        return f"say which holds it, such as {told}"

    def fields(self, paths: Mapping[str, str], table: TableKind) -> str:
        """How fields of records, by their paths, are said to be columns of ours."""
        if self.source == "folder":
            columns = ", ".join(f"{path} as {ours}" for ours, path in paths.items())
            return f"write these fields as columns: {columns}"
        return f"say so: {self.mapping(paths, table)}"

    def mapping(self, columns: Mapping[str, str], table: TableKind) -> str:
        """How our names are mapped to a table's own, outside a folder."""
        before = {"interactions": "", "items": "item_", "users": "user_"}[table]
        place = "" if table == "interactions" else f"{table}."
        if self.source == "frames":  # of which one argument says the columns of all
            before = place = ""
        pairs = [f"--map {shlex.quote(f'{place}{o}={own}')}" for o, own in columns.items()]
        arguments = f"{before}columns={json.dumps(dict(columns), ensure_ascii=False)}"
        return written(arguments, " ".join(pairs))
