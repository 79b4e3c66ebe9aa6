"""Changes of operators: comparisons, arithmetic, logic, and what is left out between them."""

import ast
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tools.mutants.source import Edit, Source
from tools.mutants.walking import Above

COMPARISONS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
ARITHMETIC: dict[type[ast.AST], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Pow: ("**", "*"),
    ast.Mod: ("%", "*"),
}
BITS: dict[type[ast.AST], tuple[str, str]] = {
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
LOGIC: dict[type[ast.AST], tuple[str, str]] = {ast.And: ("and", "or"), ast.Or: ("or", "and")}
DROPPED: dict[type[ast.AST], str] = {
    ast.Add: "term dropped",
    ast.Sub: "term dropped",
    ast.Mult: "factor dropped",
    ast.Div: "factor dropped",
    ast.BitAnd: "condition dropped",
    ast.BitOr: "condition dropped",
}


def operators(node: ast.AST, above: Above, source: Source) -> Iterator[Edit]:
    """All changes of the operators of one node."""
    match node:
        case ast.Compare():
            yield from comparisons(node, source)
        case ast.BinOp() if not joins_texts(node) and not is_type(node):
            yield from arithmetic(node, source)
        case ast.AugAssign():
            yield from augmented(node, source)
        case ast.BoolOp():
            yield from logic(node, source)
        case ast.UnaryOp():
            yield from unary(node, source)


def comparisons(node: ast.Compare, source: Source) -> Iterator[Edit]:
    """The border of a comparison, or its truth where it has no border."""
    operands = [node.left, *node.comparators]
    for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
        old, new = COMPARISONS[type(operator)]
        start, gap = source.between(left, right)
        if "#" not in gap:
            at = start + len(gap[: gap.index(old)].encode())
            yield Edit("comparison", at, at + len(old), new, node)


def arithmetic(node: ast.BinOp, source: Source) -> Iterator[Edit]:
    """The operator turned round, and each side left out."""
    turns = ARITHMETIC | BITS
    if type(node.op) not in turns:
        return
    old, new = turns[type(node.op)]
    parts = split(source, node, [node.left, node.right], old)
    if not parts:
        return
    left, right = parts
    kind = "logic" if type(node.op) in BITS else "arithmetic"
    yield source.whole(kind, node, f"{left} {new} {right}")
    if dropped := DROPPED.get(type(node.op)):
        yield source.whole(dropped, node, left)
        if isinstance(node.op, ast.Add | ast.Mult | ast.BitAnd | ast.BitOr):
            yield source.whole(dropped, node, right)


def augmented(node: ast.AugAssign, source: Source) -> Iterator[Edit]:
    """`x += y` as `x -= y`."""
    turns = ARITHMETIC | BITS
    if type(node.op) in turns and not is_text(node.value):
        old, new = turns[type(node.op)]
        start, gap = source.between(node.target, node.value)
        at = start + gap.index(old)
        yield Edit("arithmetic", at, at + len(old), new, node)


def logic(node: ast.BoolOp, source: Source) -> Iterator[Edit]:
    """`and` for `or`, and each condition left out."""
    old, new = LOGIC[type(node.op)]
    parts = split(source, node, node.values, old)
    if parts:
        yield source.whole("logic", node, f" {new} ".join(parts))
        for i in range(len(parts)):
            rest = f" {old} ".join(parts[:i] + parts[i + 1 :])
            yield source.whole("condition dropped", node, rest)


def unary(node: ast.UnaryOp, source: Source) -> Iterator[Edit]:
    """`not x`, `~x` and `-x` as `x`."""
    sign = {ast.Not: ("not", "not removed"), ast.Invert: ("~", "not removed")}
    sign[ast.USub] = ("-", "sign dropped")
    if type(node.op) in sign and not isinstance(node.operand, ast.Constant):
        old, kind = sign[type(node.op)]
        yield source.whole(kind, node, source.of(node)[len(old) :].strip())


def split(
    source: Source, node: ast.expr, operands: Sequence[ast.expr], operator: str
) -> list[str] | None:
    """The texts of the operands with their brackets, or nothing where a comment stands between."""
    edges = [source.start(node)]
    for left, right in pairwise(operands):
        start, gap = source.between(left, right)
        if "#" in gap:
            return None
        at = start + gap.index(operator)
        edges += [at, at + len(operator)]
    edges.append(source.end(node))
    parts = zip(edges[::2], edges[1::2], strict=True)
    return [source.text(start, end).strip() for start, end in parts]


def is_text(node: ast.expr) -> bool:
    """True for a text or a literal list: arithmetic with it is only ever a type error."""
    return isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.ListComp) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


def joins_texts(node: ast.BinOp) -> bool:
    """True where a side is a text."""
    return is_text(node.left) or is_text(node.right)


def is_type(node: ast.BinOp) -> bool:
    """True for a union of types, `int | None`."""
    sides = [ast.unparse(side).split("[")[0].split(".")[-1] for side in (node.left, node.right)]
    named = [side == "None" or side[:1].isupper() or side in {"int", "str"} for side in sides]
    return isinstance(node.op, ast.BitOr) and ("None" in sides or all(named))
