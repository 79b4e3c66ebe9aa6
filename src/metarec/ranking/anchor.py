"""The item that others are asked to be like, in a condition on those: `price < anchor.price`."""

import ast
import math
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from jaxtyping import Int
from numpy import ndarray

from metarec.contracts import Catalogue, DataError
from metarec.contracts.wording import argument
from metarec.ranking.fields import with_fields

NAME = "anchor"
Anchor = Mapping[str, Any]
"""The columns of one item."""


class Missing(ast.Constant):
    """A value that the anchor has not: whatever is compared with it cannot be told."""


def anchor_of(catalogue: Catalogue, rows: Int[ndarray, " basket"]) -> Anchor | None:
    """The columns of an item that stands alone; None of a basket of several."""
    if len(rows) != 1:
        return None
    return with_fields(catalogue.table[rows.tolist()]).to_dicts()[0]


class Anchored(ast.NodeTransformer):
    """A condition with the anchor's values in place of their names."""

    def __init__(self, anchor: Anchor | None, columns: Mapping[str, Any], why_none: str) -> None:
        self.anchor, self.columns, self.why_none = anchor, columns, why_none

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """The value that a name such as `anchor.price` stands for."""
        path = path_of(node)
        if path is None or path in self.columns or not path.startswith(f"{NAME}."):
            return node
        name = path.removeprefix(f"{NAME}.")
        if self.anchor is None:
            raise DataError(f"{argument('where')} names {path}; {self.why_none}")
        if name not in self.anchor:
            raise DataError(
                f"{argument('where')} names {path}; the items have {sorted(self.columns)}"
            )
        value = self.anchor[name]
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return ast.copy_location(Missing(None), node)
        if isinstance(value, date | time):
            value = value.isoformat()
        if not isinstance(value, str | int | float):
            raise DataError(
                f"{argument('where')} can compare one value, and {path} holds "
                f"{type(value).__name__}"
            )
        return ast.copy_location(ast.Constant(value), node)


def path_of(node: ast.expr) -> str | None:
    """The name of a column, or of a field of records as `maker.name`."""
    if isinstance(node, ast.Attribute):
        before = path_of(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None
