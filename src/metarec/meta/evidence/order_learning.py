"""From a training set to what the order of a history says, at a trust of 1."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Episodes, Running
from metarec.meta.evidence.counting import has_order
from metarec.meta.evidence.order import Order
from metarec.meta.evidence.questions import ENOUGH_QUERIES
from metarec.recommenders.sasrec_config import SASRecConfig
from metarec.training.streams import Purpose, stream

NO_CHOICE = "no choice head is learned, beside which it would stand"
NO_TRUST = "lists are as good without it"
NO_ORDER = "no order is told"
TOO_FEW = f"fewer than {ENOUGH_QUERIES} validation events on known items teach its trust"


@dataclass(frozen=True, eq=False)
class LearnedOrder:
    """What a fit found of the order of histories."""

    order: Order | None
    """None where it is left out."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """How it was learned, or why it was left out, as JSON values; nothing where it was not asked
    for."""

    def told(self, served: Order | None) -> dict[str, Any]:
        """The metrics of a model that serves this much of it."""
        if not self.facts:
            return {}
        useless = self.order is not None and served is None
        return {"order": {**self.facts, **({"left_out": NO_TRUST} if useless else {})}}


def left_out(why: str) -> LearnedOrder:
    """No order, and why."""
    return LearnedOrder(None, {"left_out": why})


def learn_order(
    train: Dataset,
    valid: Episodes,
    content: Float[np.ndarray, "item d_content"],
    config: SASRecConfig,
    running: Running,
) -> LearnedOrder:
    """The network of `SASRec`, learned on `train` and stopped on `valid`.

    Only where validation alone teaches its trust, so that no fold has to learn a network of its
    own. People held out for validation are not among those it is learned from, at the end neither.
    """
    if not has_order(train):
        return left_out(NO_ORDER)
    asked = (train.catalogue.offered & train.touched)[valid.query.items]
    if asked.sum() < ENOUGH_QUERIES:
        return left_out(TOO_FEW)
    from metarec.recommenders.sequence_fitting import learn  # PyTorch: only a fit needs it

    taken = replace(valid, support=train.event_kinds.support(valid.support))
    seed = int(stream(running.rng, Purpose.ORDER).integers(2**62))
    learned = learn(train, taken, content, config, replace(running, rng=seed))
    known = train.touched
    return LearnedOrder(
        Order(config, known, learned.vectors[known], learned.weights), learned.metrics
    )
