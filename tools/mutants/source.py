"""A source file, its syntax tree, and changes of it as replaced text."""

import ast
from bisect import bisect_right
from dataclasses import dataclass
from typing import TypeAlias

Spanned: TypeAlias = ast.expr | ast.stmt | ast.keyword
"""Nodes that know where they stand."""


@dataclass(frozen=True)
class Edit:
    """One replacement, before it is known which file it is of; offsets are bytes."""

    kind: str
    start: int
    end: int
    text: str
    shown: Spanned
    """What a reader is shown, before and after."""


@dataclass(frozen=True)
class Mutant:
    """One replacement in one file, and how it is told in a line."""

    path: str
    line: int
    line_text: str
    kind: str
    old: str
    new: str
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """The whole file with the replacement made."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}: {self.change}"

    @property
    def change(self) -> str:
        """The expression or statement before and after."""
        return f"{self.old} -> {self.new}"


class Source:
    """The text of a file, addressed by the nodes of its tree."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self.tree = ast.parse(data)
        self._lines = data.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def start(self, node: Spanned) -> int:
        """Where the node begins: syntax trees count bytes, not letters."""
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: Spanned) -> int:
        """Where the node ends, without brackets around it."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.data[start:end].decode()

    def of(self, node: Spanned) -> str:
        """The text of a node."""
        return self.text(self.start(node), self.end(node))

    def between(self, left: Spanned, right: Spanned) -> tuple[int, str]:
        """Where the text between two nodes begins, and that text."""
        start = self.end(left)
        return start, self.text(start, self.start(right))

    def mutant(self, edit: Edit) -> Mutant:
        """The edit as a mutant of this file."""
        start, end = self.start(edit.shown), self.end(edit.shown)
        before = self.text(start, end)
        after = self.text(start, edit.start) + edit.text + self.text(edit.end, end)
        line = bisect_right(self._starts, edit.start)
        return Mutant(
            path=self.path,
            line=line,
            line_text=self._lines[line - 1].decode().strip(),
            kind=edit.kind,
            old=" ".join(before.split()),
            new=" ".join(after.split()),
            start=edit.start,
            end=edit.end,
            text=edit.text,
        )

    def whole(self, kind: str, node: Spanned, text: str, shown: Spanned | None = None) -> Edit:
        """The edit that replaces a whole node."""
        return Edit(kind, self.start(node), self.end(node), text, shown or node)
