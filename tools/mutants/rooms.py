"""Which tests are asked about a room, and in what order."""

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from tools.mutants.source import Mutant

TESTS_OF = {
    "contracts": ("data", "recommenders", "evaluation"),
    "data": ("shops",),
    "files": ("data", "encoders", "recommenders"),
    "ranking": ("recommenders",),
    "training": ("meta",),
}
"""Further folders of tests/ for rooms that are tested through others; tests/<room> comes first."""
NO_ROOMS = frozenset({"testing"})
"""Folders of the package that are tests themselves."""


def test_files(root: Path, room: str) -> list[list[Path]]:
    """The test files of a room, relative to the root: its own, and those of further folders."""
    parts = [(room,), TESTS_OF.get(room, ())]
    folders = [[root / "tests" / name for name in names] for names in parts]
    files = [[f for folder in part for f in sorted(folder.rglob("test_*.py"))] for part in folders]
    if not any(files):
        raise SystemExit(
            f"room {room}: expected tests in tests/{room}, found none; "
            "say in tools/mutants/rooms.py where they are"
        )
    return [[file.relative_to(root) for file in part] for part in files if part]


def other_files(root: Path, room: str) -> list[Path]:
    """All other test files, relative to the root."""
    own = {file for part in test_files(root, room) for file in part}
    every = [file.relative_to(root) for file in sorted((root / "tests").rglob("test_*.py"))]
    return [file for file in every if file not in own]


def nearest_first(root: Path, mutant: Mutant, files: Sequence[Path]) -> list[Path]:
    """The test files that speak of the mutated module first; of two alike the shorter one.

    A file named after the module is nearest, then one that uses the function that is changed, then
    those that use most of what the module defines.
    """
    stem = Path(mutant.path).stem
    defined, changed = names_in((root / mutant.path).read_bytes(), mutant.line)

    def distance(file: Path) -> tuple[bool, bool, int, int]:
        text = (root / file).read_text(encoding="utf-8")
        said = set(re.findall(r"\w+", text))
        return (
            stem not in file.stem,
            not changed & said,
            -len((defined | {stem}) & said),
            len(text),
        )

    return sorted(files, key=distance)


def names_in(data: bytes, line: int) -> tuple[set[str], set[str]]:
    """Public names of a module's functions and classes, and those around a line."""
    kinds = ast.FunctionDef | ast.ClassDef
    nodes = [n for n in ast.walk(ast.parse(data)) if isinstance(n, kinds) and n.name[0] != "_"]
    around = {n.name for n in nodes if n.lineno <= line <= (n.end_lineno or n.lineno)}
    return {n.name for n in nodes}, around
