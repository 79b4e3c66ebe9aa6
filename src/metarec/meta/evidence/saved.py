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
from metarec.recommenders.sasrec_config import SASRecConfig

PARTS: Mapping[str, type[Any]] = {
    "popular": Popular,
    "likeness": Likeness,
    "alike": Alike,
    "plain": Plain,
    "untouched": Untouched,
}
OPTIONAL: Mapping[str, type[Any]] = {"order": Order, "foretold": Foretold}
"""Parts that a model need not have, and an earlier one had not."""


def evidence_state(evidence: Evidence) -> dict[str, Any]:
    """Arrays, sparse matrices and JSON values that `evidence_from` makes the same evidence of."""
    state = _columns(evidence)
    state["counted"] = [_columns(table) for table in evidence.counted]
    state |= {name: _columns(state[name]) for name in PARTS}
    cells = state["alike"].pop("cells")
    for name in OPTIONAL:
        if (part := state.pop(name)) is not None:
            state[name] = _columns(part)
    return state if cells is None else state | {"cells": _columns(cells)}


def evidence_from(state: Mapping[str, Any]) -> Evidence:
    """The evidence that was saved."""
    parts = {name: kind(**state[name]) for name, kind in PARTS.items()}
    parts["untouched"] = replace(
        parts["untouched"], likeness=_fades_from(state["untouched"]["likeness"])
    )
    state = dict(state)
    cells = state.pop("cells", None)
    parts |= {name: kind(**state[name]) for name, kind in OPTIONAL.items() if name in state}
    if "order" in parts:
        parts["order"] = replace(parts["order"], config=SASRecConfig(**state["order"]["config"]))
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
    return {name: _told(value) for name, value in columns.items()}


def _told(value: Any) -> Any:
    """Fades and settings as JSON values; all else as it is."""
    if isinstance(value, tuple):
        return [asdict(fade) for fade in value]
    return asdict(value) if isinstance(value, SASRecConfig) else value
