"""A condition on items as text, such as `price < 20 and brand == "Acme"`, read and never run.

Python's own parser gives the tree; what is not named here is refused. Columns stand by their names,
or as col("unit price"), fields of records as maker.name, and those of the item that others are to
be like as anchor.price; values are text, numbers, True and False; dates are written as text.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

import polars as pl

from metarec.contracts import DataError
from metarec.contracts.wording import argument
from metarec.ranking.anchor import Anchor, Anchored, Missing, path_of

LONGEST = 2000
ALLOWED = (
    'columns, text, numbers, True, False, == != < <= > >=, in [..], "x" in column, is None, '
    'and, or, not; a column with a space in its name is col("unit price")'
)
NO_NUMBERS = frozenset({"nan", "inf", "infinity"})
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
MOMENTS: Mapping[Any, Callable[[str], Any]] = {
    pl.Date: date.fromisoformat,
    pl.Datetime: datetime.fromisoformat,
    pl.Time: time.fromisoformat,
}


def parse_where(
    text: str,
    schema: Mapping[str, pl.DataType],
    anchor: Anchor | None = None,
    *,
    why_none: str = "anchor is the one item of similar, and this list has none",
) -> pl.Expr:
    """The expression that `text` says of a table with these columns; `anchor.price` in it is what
    the `anchor` has, and where there is none the error says why."""
    if len(text) > LONGEST:
        raise DataError(
            f"{argument('where')} has {len(text):,} characters, at most {LONGEST:,} are read"
        )
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        told = error.msg if isinstance(error, SyntaxError) else type(error).__name__
        if re.search(r"[^=!<>]=[^=]", text):
            told += ", equal is =="
        raise DataError(
            f"{argument('where')} cannot be read: {text!r} ({told}); it takes {ALLOWED}"
        ) from error
    tree = Anchored(anchor, schema, why_none).visit(tree)
    return _Reader(text, schema).condition(tree.body)


class _Reader:
    """One text and the columns that it may speak of."""

    def __init__(self, text: str, schema: Mapping[str, pl.DataType]) -> None:
        self.text, self.schema = text, schema

    def condition(self, node: ast.expr) -> pl.Expr:
        """True, false or null of each item."""
        if isinstance(node, ast.BoolOp):
            parts = [self.condition(part) for part in node.values]
            both = pl.all_horizontal if isinstance(node.op, ast.And) else pl.any_horizontal
            return both(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self.condition(node.operand)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            steps = zip(sides, node.ops, sides[1:], strict=False)
            return pl.all_horizontal([self.comparison(*step) for step in steps])
        name = self.column(node)
        if name is None:
            raise self.refused(node)
        if self.schema[name] != pl.Boolean:
            raise DataError(
                f"{argument('where')}: the column {name} alone says neither yes nor no, it holds "
                f"{self.schema[name]}; compare it with a value"
            )
        return pl.col(name)

    def comparison(self, left: ast.expr, how: ast.cmpop, right: ast.expr) -> pl.Expr:
        """One step of `a < b < c`."""
        if isinstance(how, ast.Is | ast.IsNot):
            name = self.column(left)
            if name is None or not (isinstance(right, ast.Constant) and right.value is None):
                raise self.refused(left)
            column = pl.col(name)
            return column.is_null() if isinstance(how, ast.Is) else column.is_not_null()
        if isinstance(how, ast.In | ast.NotIn):
            inside = self.membership(left, right)
            return inside if isinstance(how, ast.In) else ~inside
        ours, theirs = self.column(left), self.column(right)
        if ours is None and theirs is None:
            raise self.refused(left)
        sides = [
            pl.col(name) if name is not None else self.value(node, other)
            for name, node, other in ((ours, left, theirs), (theirs, right, ours))
        ]
        compared: pl.Expr = COMPARISONS[type(how)](*sides)
        return compared

    def membership(self, left: ast.expr, right: ast.expr) -> pl.Expr:
        """`column in [..]`, or `"x" in column` of a list or a text."""
        name, holder = self.column(left), self.column(right)
        if name is not None and isinstance(right, ast.List | ast.Tuple | ast.Set):
            wanted = [pl.col(name) == self.value(part, name) for part in right.elts]
            return pl.any_horizontal(wanted) if wanted else pl.lit(value=False)
        if holder is None or not isinstance(left, ast.Constant):
            raise self.refused(left)
        kind = self.schema[holder]
        part: Any = left.value
        if isinstance(kind, pl.List) and _fits(part, kind.inner):
            return pl.col(holder).list.contains(part)
        if kind == pl.String and isinstance(part, str):
            return pl.col(holder).str.contains(part, literal=True)
        raise DataError(f"{argument('where')}: {part!r} cannot be in {holder}, which holds {kind}")

    def column(self, node: ast.expr) -> str | None:
        """The column that is named here; None for anything else."""
        if isinstance(node, ast.Name | ast.Attribute) and (path := path_of(node)) is not None:
            name = path
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "col"
            and len(node.args) == 1
            and not node.keywords
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            name = node.args[0].value
        else:
            return None
        if name not in self.schema and name.lower() in NO_NUMBERS:
            raise no_end(name)
        if name not in self.schema:
            raise DataError(
                f"{argument('where')} names the column {name!r}; the items have "
                f"{sorted(self.schema)}"
            )
        return name

    def value(self, node: ast.expr, beside: str | None) -> pl.Expr:
        """A text, number, True or False that can be compared with the column beside it."""
        if isinstance(node, Missing):
            return pl.lit(None)
        negative = False
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            negative, node = True, node.operand
        if isinstance(node, ast.Name) and node.id.lower() in NO_NUMBERS:
            raise no_end(node.id)
        known = isinstance(node, ast.Constant) and isinstance(node.value, str | int | float)
        if not known or beside is None or (negative and not _is_number(node.value)):  # type: ignore[attr-defined]
            raise self.refused(node)
        value, kind = node.value, self.schema[beside]  # type: ignore[attr-defined]
        if isinstance(value, float) and math.isinf(value):
            raise no_end(ast.get_source_segment(self.text.strip(), node) or "inf")
        if isinstance(value, int) and value >= 2**63:
            raise self.refused(node)
        if not _fits(value, kind):
            raise DataError(
                f"{argument('where')} compares {beside}, which holds {kind}, with {value!r}"
            )
        if isinstance(value, str) and kind.is_temporal():
            try:
                return pl.lit(MOMENTS[kind.base_type()](value))
            except (KeyError, ValueError) as error:
                raise DataError(
                    f"{argument('where')} compares {beside}, which holds {kind}, with {value!r}; "
                    'dates are written as "2026-01-31", moments as "2026-01-31T18:30"'
                ) from error
        return pl.lit(-value if negative else value)

    def refused(self, node: ast.expr) -> DataError:
        """The error about a part that has no meaning here."""
        part = ast.get_source_segment(self.text.strip(), node) or self.text
        return DataError(f"{argument('where')} cannot take {part!r} here; it takes {ALLOWED}")


def no_end(written: str) -> DataError:
    """The error of a range that ends where no number is."""
    return DataError(
        f"{argument('where')}: nothing can be compared with {written}; write a number, or leave "
        "this end of the range out (is None, is not None: whether a value is there)"
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(value: object, kind: Any) -> bool:
    """True for a value that a column of this type can be compared with."""
    if isinstance(value, bool):
        return kind == pl.Boolean
    if _is_number(value):
        return bool(kind.is_numeric())
    texts = (pl.Categorical, pl.Enum)
    return bool(kind == pl.String or isinstance(kind, texts) or kind.is_temporal())
