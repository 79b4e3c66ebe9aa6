"""Changes of calls: arguments left out or swapped, another function, a transformation undone."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from tools.mutants.signatures import Signatures
from tools.mutants.source import Edit, Source
from tools.mutants.walking import LOOKS, Above

TWINS = [
    ("min", "max"),
    ("minimum", "maximum"),
    ("argmin", "argmax"),
    ("nanmin", "nanmax"),
    ("any", "all"),
]
METHODS = [
    ("floor", "ceil"),
    ("sum", "mean"),
    ("nansum", "nanmean"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
]
FUNCTION_TWINS = {a: b for pair in TWINS for a, b in (pair, pair[::-1])}
WHOLE = {
    *("sum", "len", "count_nonzero", "integers", "lexsort"),
    *("argmax", "argmin", "nanargmax", "nanargmin"),
}
"""What gives whole numbers: of floats no sum is ever made an `int`."""
METHOD_TWINS = FUNCTION_TWINS | {a: b for pair in METHODS for a, b in (pair, pair[::-1])}
UNDONE = {
    *("abs", "clip", "maximum", "minimum", "nan_to_num", "round", "rint", "floor", "ceil"),
    *("sqrt", "exp", "expm1", "log", "log1p", "log2", "softmax", "sigmoid", "normalize"),
    *("cumsum", "reversed", "sort", "sorted", "unique"),
}
"""Functions whose first argument has the form of their answer."""
UNDONE_METHODS = {
    *("abs", "clip", "clamp", "exp", "log", "round", "sqrt", "square", "cumsum"),
    *("copy", "detach", "drop_nulls", "fill_nan", "fill_null", "filter", "sort", "unique"),
    *("lower", "strip"),
}
"""Methods whose answer has the form of what they are called on."""


def calls(node: ast.AST, above: Above, source: Source, signatures: Signatures) -> Iterator[Edit]:
    """All changes of one call."""
    if isinstance(node, ast.Call):
        yield from left_out(node, source, signatures)
        yield from swapped(node, source)
        yield from twins(node, source)
        yield from undone(node, source)


def name_of(call: ast.Call) -> str:
    """The last part of what is called."""
    return ast.unparse(call.func).split(".")[-1]


def left_out(call: ast.Call, source: Source, signatures: Signatures) -> Iterator[Edit]:
    """Each argument given by name left out, unless the call could not be made without it."""
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    given = sorted(arguments, key=source.start)
    for i, argument in enumerate(given):
        if not isinstance(argument, ast.keyword) or not argument.arg or argument.arg in LOOKS:
            continue
        if signatures.needs(name_of(call), argument.arg):
            continue
        start, end = source.start(argument), source.end(argument)
        if i:
            before, gap = source.between(given[i - 1], argument)
            start = before + gap.rindex(",")
        elif len(given) > 1:
            end = source.start(given[1])
        else:  # alone: with the comma that may follow
            end = source.end(call) - 1
        if "#" not in source.text(start, end):
            yield Edit("argument left out", start, end, "", call)


def swapped(call: ast.Call, source: Source) -> Iterator[Edit]:
    """Two neighbouring names in each other's place, also in the keys of a lexsort."""
    arguments = call.args
    if name_of(call) == "lexsort" and arguments and isinstance(arguments[0], ast.Tuple):
        arguments = arguments[0].elts
    for left, right in pairwise(arguments):
        if name_of(call) in FUNCTION_TWINS:  # of any order
            continue
        if isinstance(left, ast.Name | ast.Attribute) and type(left) is type(right):
            first, second = source.of(left), source.of(right)
            between = source.between(left, right)[1]
            if first != second and "#" not in between:
                text = second + between + first
                start, end = source.start(left), source.end(right)
                yield Edit("arguments swapped", start, end, text, call)


def twins(call: ast.Call, source: Source) -> Iterator[Edit]:
    """The function's twin: min for max, int for round, descending for ascending."""
    match call.func:
        case ast.Name(id="int" | "round" as name) if len(call.args) == 1 and not whole(call):
            other = "int" if name == "round" else "round"
            yield source.whole("function swapped", call.func, other, call)
        case ast.Name(id="sorted") if "reverse" not in [k.arg for k in call.keywords]:
            before = source.text(source.start(call), source.end(call) - 1).rstrip().rstrip(",")
            yield source.whole("order turned", call, f"{before}, reverse=True)")
        case ast.Name(id=name) if name in FUNCTION_TWINS:
            yield source.whole("function swapped", call.func, FUNCTION_TWINS[name], call)
        case ast.Attribute(attr=name) if name in METHOD_TWINS:
            end = source.end(call.func)
            yield Edit("function swapped", end - len(name), end, METHOD_TWINS[name], call)


def whole(call: ast.Call) -> bool:
    """True where what is counted, drawn or looked up is a whole number before it is made one."""
    given = call.args[0]
    found = given.value if isinstance(given, ast.Subscript) else given
    return isinstance(found, ast.Call) and name_of(found) in WHOLE


def undone(call: ast.Call, source: Source) -> Iterator[Edit]:
    """The argument, or the object, as it was before the call."""
    match call.func:
        case ast.Name(id="min" | "max") if len(call.args) == 2:
            yield from kept(call, source)
        case ast.Name(id=name) if name in UNDONE:
            yield from kept(call, source)
        case ast.Attribute(value=value, attr=name) if is_module(value):
            yield from kept(call, source) if name in UNDONE else []
        case ast.Attribute(attr=name) if name in UNDONE_METHODS:
            text = source.text(source.start(call), source.end(call.func) - len(name))
            yield source.whole("transformation dropped", call, text.rstrip().rstrip("."))


def kept(call: ast.Call, source: Source) -> Iterator[Edit]:
    """What is left of a call when it does nothing: its first argument that is not a constant."""
    changing = [argument for argument in call.args if not isinstance(argument, ast.Constant)]
    for argument in changing[:1]:
        yield source.whole("transformation dropped", call, bracketed(argument, source))


def is_module(node: ast.expr) -> bool:
    """True for `np` and its kind, whose functions are no methods."""
    return ast.unparse(node) in {"np", "numpy", "torch", "math", "F", "functional", "scipy.special"}


def bracketed(node: ast.expr, source: Source) -> str:
    """The text of an argument where the call stood: in brackets unless it cannot come apart."""
    text = source.of(node)
    whole = ast.Name | ast.Constant | ast.Attribute | ast.Call | ast.Subscript | ast.List
    return text if isinstance(node, whole) else f"({text})"
