"""An updater as the state of a saved model, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from metarec.meta.updaters import UPDATERS
from metarec.meta.updaters.inner_loop import InnerLoop
from metarec.meta.updaters.network_updater import NetworkUpdater
from metarec.meta.updaters.updater import Updater


def updater_state(updater: Updater) -> dict[str, Any]:
    """Arrays and JSON values that `updater_from` makes the same updater of."""
    named = {"class": type(updater).__name__}
    if not isinstance(updater, NetworkUpdater):
        return named
    return {
        **named,
        "numbers": dict(updater.numbers),
        "landmarks": updater.landmarks,
        "scales": list(updater.scales),
        "loop": asdict(updater.loop),
        "spread": list(updater.spread),
    }


def updater_from(state: Mapping[str, Any]) -> Updater:
    """The updater of this state; its class is one that `UPDATERS` knows."""
    kind: Any = UPDATERS[state["class"]]
    if not issubclass(kind, NetworkUpdater):
        return kind()
    return kind(
        state["numbers"],
        state["landmarks"],
        tuple(state["scales"]),
        InnerLoop(**state["loop"]),
        tuple(state["spread"]),
    )
