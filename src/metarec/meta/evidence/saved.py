"""Evidence as the state of a saved model, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import scipy.sparse as sp

from metarec.meta.evidence.alike import Alike, Likeness, Plain
from metarec.meta.evidence.cells import Cells
from metarec.meta.evidence.evidence import Evidence, Fade, Popular, Table, Untouched
from metarec.meta.evidence.foretold import Foretold
from metarec.meta.evidence.order import Order

PARTS: Mapping[str, type[Any]] = {
    "popular": Popular,
    "likeness": Likeness,
    "alike": Alike,
    "plain": Plain,
    "untouched": Untouched,
}


def evidence_state(evidence: Evidence) -> dict[str, Any]:
    """Arrays, sparse matrices and JSON values that `evidence_from` makes the same evidence of."""
    state = _columns(evidence)
    state["counted"] = [_columns(table) for table in evidence.counted]
    state |= {name: _columns(state[name]) for name in PARTS}
    cells, order = state["alike"].pop("cells"), state.pop("order")
    if (foretold := state.pop("foretold")) is not None:
        state["foretold"] = _columns(foretold)
    if order is not None:
        state["order"] = order.state()
    return state if cells is None else state | {"cells": _columns(cells)}


def evidence_from(state: Mapping[str, Any]) -> Evidence:
    """The evidence that was saved."""
    parts = {name: kind(**state[name]) for name, kind in PARTS.items()}
    parts["untouched"] = replace(
        parts["untouched"], likeness=_fades_from(state["untouched"]["likeness"])
    )
    state = dict(state)
    cells, order = state.pop("cells", None), state.pop("order", None)
    parts["order"] = None if order is None else Order.of_state(order)
    foretold = state.pop("foretold", None)
    parts["foretold"] = None if foretold is None else Foretold(**foretold)
    parts["alike"] = replace(
        parts["alike"],
        matrix=sp.csr_array(parts["alike"].matrix),
        cells=None if cells is None else Cells(**cells),
    )
    counted = tuple(
        Table(table["name"], sp.csr_array(table["matrix"]), _fades_from(table["fades"]))
        for table in state["counted"]
    )
    alike = _fades_from(state["alike_fades"])
    return Evidence(**{**state, **parts, "counted": counted, "alike_fades": alike})


def _fades_from(state: Sequence[Mapping[str, float]]) -> tuple[Fade, ...]:
    return tuple(Fade(**fade) for fade in state)


def _columns(part: Any) -> dict[str, Any]:
    columns = {field.name: getattr(part, field.name) for field in fields(part)}
    return {
        name: [asdict(fade) for fade in value] if isinstance(value, tuple) else value
        for name, value in columns.items()
    }
