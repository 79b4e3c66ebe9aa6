"""Evidence as the state of a saved model, and back."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import scipy.sparse as sp

from metarec.meta.evidence.alike import Alike, Likeness
from metarec.meta.evidence.evidence import Evidence, Popular, Table, Untouched

PARTS: Mapping[str, type[Any]] = {
    "popular": Popular,
    "likeness": Likeness,
    "alike": Alike,
    "untouched": Untouched,
}


def evidence_state(evidence: Evidence) -> dict[str, Any]:
    """Arrays, sparse matrices and JSON values that `evidence_from` makes the same evidence of."""
    state = _columns(evidence)
    state["counted"] = [_columns(table) for table in evidence.counted]
    return state | {name: _columns(state[name]) for name in PARTS}


def evidence_from(state: Mapping[str, Any]) -> Evidence:
    """The evidence that was saved."""
    parts = {name: kind(**state[name]) for name, kind in PARTS.items()}
    parts["alike"] = replace(parts["alike"], matrix=sp.csr_array(parts["alike"].matrix))
    counted = [{**table, "matrix": sp.csr_array(table["matrix"])} for table in state["counted"]]
    return Evidence(**{**state, **parts, "counted": tuple(Table(**table) for table in counted)})


def _columns(part: Any) -> dict[str, Any]:
    return {field.name: getattr(part, field.name) for field in fields(part)}
