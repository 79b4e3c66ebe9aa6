"""The nodes of a file where a change would mean something: no texts, types, imports or progress."""

import ast
import re
from collections.abc import Iterator

SPOKEN = re.compile(r"(^|\.|_)(print|progress|console|advance|echo|logger|secho)\b")
"""Calls that only tell a person how far something is."""
TEXTS = re.compile(r"^__(repr|str|rich|rich_console)__$|^_repr_|progress")
"""Functions that only make text for a person."""
LOOKS = {
    *("bbox_inches", "color", "dpi", "figsize", "fontsize", "label", "linewidth", "indent"),
    *("help", "metavar", "rich_help_panel", "encoding", "repr", "stacklevel", "strict"),
}
"""Arguments that decide about looks, or about what cannot happen."""
SKIPPED = (
    ast.Import
    | ast.ImportFrom
    | ast.Raise  # the text of an error; that it is raised is a statement of the branch
    | ast.Assert
    | ast.JoinedStr
    | ast.Global
    | ast.Nonlocal
    | ast.pattern
)
Above = tuple[ast.AST, ...]
"""The nodes around a node, outermost first."""


def walk(node: ast.AST, above: Above = ()) -> Iterator[tuple[ast.AST, Above]]:
    """Every node that may be changed, with those around it."""
    if not is_skipped(node):
        if not (isinstance(node, ast.If) and is_guard(node)):
            yield node, above
        for child in children(node):
            yield from walk(child, (*above, node))


def is_skipped(node: ast.AST) -> bool:
    """True for what no test has to notice."""
    match node:
        case ast.FunctionDef(name=name, decorator_list=decorators):
            overloads = any("overload" in ast.unparse(d) for d in decorators)
            return overloads or bool(TEXTS.search(name))
        case ast.Expr(value=ast.Call(func=function)):
            return bool(SPOKEN.search(ast.unparse(function)))
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec" | "cast")):
            return True
        case ast.keyword(arg=name):
            return name in LOOKS
    return isinstance(node, SKIPPED)


def is_guard(node: ast.If) -> bool:
    """True for what only a type checker, or only the command line, enters."""
    names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
    return bool(names & {"TYPE_CHECKING", "__name__"})


def children(node: ast.AST) -> Iterator[ast.AST]:
    """What may be changed inside a node: neither annotations, decorators nor base classes."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from [node.args, *node.body]
        case ast.ClassDef():
            yield from node.body
        case ast.arguments():
            yield from [*node.defaults, *(d for d in node.kw_defaults if d)]
        case ast.AnnAssign():
            yield from [node.value] if node.value else []
        case ast.If() if is_guard(node):
            yield from node.orelse
        case ast.Call() if ast.unparse(node.func).endswith("warn"):
            return
        case _:
            yield from ast.iter_child_nodes(node)
