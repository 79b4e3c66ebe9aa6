"""A heart as the state of a saved model, and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from metarec.contracts import DataError
from metarec.meta.confidence import Confidence
from metarec.meta.evidence.saved import evidence_from, evidence_state
from metarec.meta.features.terms import ItemTerms
from metarec.meta.heads import HEADS
from metarec.meta.heart import Heart
from metarec.meta.prior import LearnedPrior, ResidualPrior
from metarec.meta.updaters import UPDATERS
from metarec.meta.updaters.saved import updater_from, updater_state

State = Mapping[str, Any]


def state_of(heart: Heart) -> State:
    """Arrays and JSON values that `heart_from` makes the same heart of."""
    parts = (heart.terms, heart.prior, heart.confidence)
    return {
        "head": _columns(heart.head),
        **{name: _columns(part) for name, part in zip(PARTS, parts, strict=True)},
        "updater": updater_state(heart.updater),
        **({} if heart.evidence is None else {"evidence": evidence_state(heart.evidence)}),
        **({} if heart.residuals is None else {"residuals": _columns(heart.residuals)}),
        **({"warm": heart.warm} if len(heart.warm) else {}),
    }


def heart_from(name: str, state: State) -> Heart:
    """The heart whose head is called `name`; names resolve inside metarec alone."""
    updater = state["updater"]["class"]
    if name not in HEADS or updater not in UPDATERS:
        raise DataError(
            f"the saved model has a head {name!r} with an updater {updater!r}; this version knows "
            f"{sorted(HEADS)} and {sorted(UPDATERS)}"
        )
    parts = {part: kind(**_tuples(state[part])) for part, kind in PARTS.items()}
    head: Any = HEADS[name]
    told, residuals = state.get("evidence"), state.get("residuals")
    return Heart(
        head(**_tuples(state["head"])),
        **parts,
        updater=updater_from(state["updater"]),
        evidence=None if told is None else evidence_from(told),
        residuals=None if residuals is None else ResidualPrior(**residuals),
        **({"warm": state["warm"]} if "warm" in state else {}),
    )


PARTS: Mapping[str, type[Any]] = {
    "terms": ItemTerms,
    "prior": LearnedPrior,
    "confidence": Confidence,
}


def _tuples(columns: State) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in columns.items()}


def _columns(part: Any) -> dict[str, Any]:
    return {field.name: getattr(part, field.name) for field in fields(part)}
