"""What each column of a table is used as, decided once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

from metarec.encoders.column_role import ColumnRole, Role, not_used
from metarec.encoders.role_as_told import checked_roles, told_role
from metarec.encoders.role_by_content import role_of


@dataclass(frozen=True)
class ColumnRoles:
    """The role of each column of a table whose structs stand as columns of their own."""

    of: Mapping[str, ColumnRole]

    @classmethod
    def fit(cls, frame: pl.DataFrame, told: Mapping[str, Role] | None = None) -> Self:
        """The role of each column; `told` are those that the shop names, which are obeyed."""
        told = checked_roles(told or {}, frame.columns)
        return cls(
            {
                name: told_role(frame[name], told[name]) if name in told else role_of(frame[name])
                for name in frame.columns
            }
        )

    def columns(self, *roles: Role) -> list[str]:
        """The columns that are used as one of `roles`, in table order."""
        return [name for name, role in self.of.items() if set(role.uses) & set(roles)]

    def templated(self, named: Collection[str]) -> Self:
        """The roles where a template says which columns are the text, and no other is."""
        found = {}
        for name, role in self.of.items():
            others = tuple(use for use in role.uses if use != "text")
            if name in named:
                found[name] = ColumnRole(("text", *others), "the template names it")
            elif "text" in role.uses and not others:
                found[name] = not_used("text that the template does not name")
            else:
                found[name] = ColumnRole(others, role.reason)
        return type(self)(found)

    def to_list(self) -> list[list[object]]:
        """Name, roles and reason of each column, as JSON values."""
        return [[name, list(role.uses), role.reason] for name, role in self.of.items()]

    @classmethod
    def from_list(cls, raw: Iterable[tuple[str, list[Role], str]]) -> Self:
        """The roles that `to_list` wrote."""
        return cls({name: ColumnRole(tuple(uses), reason) for name, uses, reason in raw})
