"""Changes of statements: one removed, or an answer that is the question."""

import ast
from collections.abc import Iterator

from tools.mutants.source import Edit, Source
from tools.mutants.walking import Above


def statements(node: ast.AST, above: Above, source: Source) -> Iterator[Edit]:
    """All changes of one statement."""
    match node:
        case ast.If():
            raised = [s for s in [*node.body, *node.orelse] if isinstance(s, ast.Raise)]
            yield from (source.whole("statement removed", s, "pass") for s in raised)
        case ast.AugAssign() | ast.Continue() | ast.Break() | ast.Expr(value=ast.Call()):
            yield source.whole("statement removed", node, "pass")
        case ast.Assign(targets=[ast.Subscript()]):
            yield source.whole("statement removed", node, "pass")
        case ast.Return(value=ast.expr() as value):
            yield from unchanged(value, above, source)


def unchanged(value: ast.expr, above: Above, source: Source) -> Iterator[Edit]:
    """An argument of the answer's own type returned as it came."""
    function = next(
        (n for n in reversed(above) if isinstance(n, ast.FunctionDef | ast.Lambda)), None
    )
    if not isinstance(function, ast.FunctionDef) or function.returns is None:
        return
    used = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} - {ast.unparse(value)}
    wanted = ast.unparse(function.returns).strip("'")
    for argument in [*function.args.posonlyargs, *function.args.args]:
        own = ast.unparse(argument.annotation).strip("'") if argument.annotation else ""
        if argument.arg == "self":
            around = [n.name for n in above if isinstance(n, ast.ClassDef)]
            own = wanted if wanted == "Self" else (around or [""])[-1]
        if argument.arg in used and own == wanted:
            yield source.whole("returned unchanged", value, argument.arg)
