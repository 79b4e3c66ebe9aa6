"""Changes of values: constants, defaults, axes, borders of slices and forced conditions."""

import ast
from collections.abc import Iterator

from tools.mutants.source import Edit, Source, Spanned
from tools.mutants.walking import Above

AXES = frozenset({"axis", "dim"})
ORDERS = frozenset({"ascending", "descending", "largest", "reverse"})
SIDES = {"left": "right", "right": "left", "inner": "left"}
PLAIN = ast.Name | ast.Constant | ast.Attribute | ast.Call | ast.Subscript


def values(node: ast.AST, above: Above, source: Source) -> Iterator[Edit]:
    """All changes of one value."""
    match node:
        case ast.Constant():
            yield from constants(node, above, source)
        case ast.Slice():
            yield from slices(node, source)
        case ast.Subscript(slice=ast.Slice(None, None, ast.UnaryOp(ast.USub()))):
            yield source.whole("order turned", node, source.of(node.value))
        case ast.If() | ast.IfExp() | ast.While():
            allowed = ["False"] if isinstance(node, ast.While) else ["True", "False"]
            yield from forced(node.test, allowed, source)
        case ast.comprehension():
            for condition in node.ifs:
                yield from forced(condition, ["True", "False"], source)


def constants(node: ast.Constant, above: Above, source: Source) -> Iterator[Edit]:
    """A number moved, a flag turned, a choice replaced by another one."""
    negative = isinstance(above[-1], ast.UnaryOp)
    around = above[:-1] if negative else above
    if isinstance(around[-1], ast.Slice):
        return
    kind = kind_of(around)
    moved = chosen(node, around) if isinstance(node.value, str) else shifted(node.value, negative)
    if kind == "axis":
        moved = {"0": "1", "1": "0", "2": "1"}.get(source.of(node))
    if moved:
        yield source.whole(kind, node, moved, shown_of(node, above))


def kind_of(around: Above) -> str:
    """What the constant is for, by what stands around it."""
    match around[-1]:
        case ast.keyword(arg=name) if name in AXES:
            return "axis"
        case ast.keyword(arg=name) if name in ORDERS:
            return "order turned"
        case ast.arguments():
            return "default"
        case ast.AnnAssign() if isinstance(around[-2], ast.ClassDef):
            return "default"
    return "constant"


def shifted(value: object, negative: bool) -> str | None:
    """The number or flag next to this one."""
    match value:
        case bool():
            return str(not value)
        case int():
            return str({0: 1, 1: 2 if negative else 0}.get(value, value + 1))
        case float():
            return repr(value * 1.5 or 1.0)
    return None


def chosen(node: ast.Constant, around: Above) -> str | None:
    """Another of the choices that a text is one of, or nothing for a text that is not a choice."""
    match around[-1]:
        case ast.keyword(arg="side" | "how"):
            other = SIDES.get(str(node.value))
            return f'"{other}"' if other else None
        case ast.AnnAssign(annotation=ast.Subscript(value=ast.Name("Literal"), slice=choices)):
            texts = [str(c.value) for c in ast.walk(choices) if isinstance(c, ast.Constant)]
            others = [text for text in texts if text != node.value]
            return f'"{others[0]}"' if others else None
    return None


def shown_of(node: ast.Constant, above: Above) -> Spanned:
    """The smallest thing around a constant that tells a reader what it is for."""
    for around in reversed(above):
        if isinstance(around, ast.UnaryOp):
            continue
        if isinstance(around, ast.expr | ast.keyword | ast.Return | ast.Assign | ast.AnnAssign):
            return around
        break
    return node


def slices(node: ast.Slice, source: Source) -> Iterator[Edit]:
    """Each border of a slice moved by one."""
    if not node.lower and not node.upper:
        return
    if node.lower:
        yield moved_border(node.lower, "+ 1", node, source)
    else:
        yield Edit("slice border", source.start(node), source.start(node), "1", node)
    if node.upper:
        yield moved_border(node.upper, "- 1", node, source)
    elif not node.step:
        yield Edit("slice border", source.end(node), source.end(node), "-1", node)


def moved_border(border: ast.expr, by: str, node: ast.Slice, source: Source) -> Edit:
    """The border one further in: a number as a number, anything else as a sum."""
    match border:
        case ast.Constant(value=int(n)):
            text = str(n + (1 if by == "+ 1" else -1))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(n))):
            text = f"-{n - 1 if by == '+ 1' and n > 1 else n + 1}"
        case _:
            whole = source.of(border)
            text = f"{whole} {by}" if isinstance(border, PLAIN) else f"({whole}) {by}"
    return source.whole("slice border", border, text, node)


def forced(test: ast.expr, allowed: list[str], source: Source) -> Iterator[Edit]:
    """A condition that always or never holds, unless it is a constant or gives a name."""
    names = any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(test))
    if not names and not isinstance(test, ast.Constant):
        for text in allowed:
            yield source.whole("condition forced", test, text)
