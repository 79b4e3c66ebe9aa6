"""Which tests call the function that a mutant changes."""

import ast
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.rooms import nearest_first
from tools.mutants.source import Mutant

Place = tuple[str, int]
"""A file below the root, and the line where a function begins."""


@dataclass(frozen=True)
class Reached:
    """The tests that call each function, those first that call the fewest others.

    Only what a test calls in its own process is seen: a mutant that no test but one of another
    process could notice counts as alive.
    """

    root: Path
    files: Sequence[Path]
    tests: dict[Place, list[str]]

    @classmethod
    def of(
        cls, called: Mapping[str, Sequence[Place]], root: Path, files: Sequence[Path]
    ) -> "Reached":
        """From what `tools.mutants.warm` wrote down of each test while these files were run."""
        tests = defaultdict(list)
        for name in sorted(called, key=lambda name: len(called[name])):
            for path, line in called[name]:
                tests[path, line].append(name)
        return cls(root, files, dict(tests))

    def by(self, mutant: Mutant) -> list[str]:
        """What to ask about a mutant.

        Of what is run at import, what no test calls by itself and what is kept from its first call
        on, these are all files, the nearest first.
        """
        function = function_around(ast.parse((self.root / mutant.path).read_bytes()), mutant.line)
        names = [] if function is None else self._that_call(mutant.path, function)
        if not names:
            return [str(file) for file in nearest_first(self.root, mutant, self.files)]
        whole = [name for name in names if "::" not in name]
        single = [name for name in names if "::" in name and name.split("::")[0] not in whole]
        return [*single, *whole]

    def _that_call(self, path: str, function: ast.FunctionDef) -> list[str]:
        if any("cache" in ast.unparse(decorator) for decorator in function.decorator_list):
            return []
        begin = min([function.lineno, *(d.lineno for d in function.decorator_list)])
        return self.tests.get((path, begin), [])


def function_around(tree: ast.AST, line: int) -> ast.FunctionDef | None:
    """The innermost function whose body holds the line; its defaults are evaluated outside."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    around = [f for f in functions if f.body[0].lineno <= line <= (f.end_lineno or line)]
    return max(around, key=lambda function: function.lineno, default=None)
