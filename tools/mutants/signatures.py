"""What the package's own callables cannot be called without."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator


class Signatures:
    """The arguments without a default, by the name of the function or the class.

    Leaving one of them out can only ever be a TypeError: such a mutant says nothing of the tests.
    """

    def __init__(self, trees: Iterable[ast.AST]) -> None:
        self._needed: dict[str, set[str]] = defaultdict(set)
        for tree in trees:
            for node in ast.walk(tree):
                for name, argument in needed_by(node):
                    self._needed[name].add(argument)

    def needs(self, function: str, argument: str) -> bool:
        """True where some callable of this name cannot go without the argument."""
        return argument in self._needed[function]


def needed_by(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Pairs of a callable's name and an argument that it cannot be called without."""
    if isinstance(node, ast.FunctionDef):
        positional = [*node.args.posonlyargs, *node.args.args]
        free = positional[: len(positional) - len(node.args.defaults)]
        named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        for argument in [*free, *(name for name, default in named if default is None)]:
            yield node.name, argument.arg
    elif isinstance(node, ast.ClassDef):
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and statement.value is None:
                yield node.name, ast.unparse(statement.target)
            elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                yield from ((node.name, argument) for _, argument in needed_by(statement))
