"""How good a model is on validation, as one number."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metarec.contracts import DataError, Dataset, Episodes, Recommender
from metarec.contracts.wording import given
from metarec.data import Split
from metarec.evaluation.protocol.answers import answer, users_of
from metarec.evaluation.protocol.background import Background
from metarec.evaluation.protocol.measures import choose
from metarec.evaluation.protocol.returning import excludes_seen


@dataclass(frozen=True, eq=False)
class Asked:
    """What the settings of a model are judged by; it goes to other processes as it is."""

    make: Callable[..., Recommender]
    """The unfitted model of some settings, by name."""
    splits: Sequence[Split]
    objective: str
    k: int
    rng: int
    exclude_seen: bool | None

    def value(self, settings: Mapping[str, Any], number: int) -> float:
        """That of a model of these settings on the validation of one split, NaN if nobody has one.

        The test of a split is not looked at.
        """
        split = self.splits[number]
        model = self.make(**settings).fit(split.train, split.valid, rng=self.rng)
        return validation_value(
            model,
            split.train,
            split.valid,
            self.objective,
            self.k,
            exclude_seen=self.exclude_seen,
        )


def validation_value(
    model: Recommender,
    train: Dataset,
    valid: Episodes,
    objective: str,
    k: int = 10,
    *,
    exclude_seen: bool | None = None,
) -> float:
    """The mean of a measure over the users of the validation episodes, NaN if nobody has one."""
    background = Background.of(train)
    codes, _ = users_of(valid)
    chosen = choose([objective], background)
    if exclude_seen is None:
        exclude_seen = excludes_seen(model, train, valid, k)
    measured = answer(model, valid, codes, background, chosen, k, exclude_seen).measured
    if not measured:
        raise DataError(
            f"{type(model).__name__} cannot be tuned on {objective}: it foretells no ratings; "
            f"choose {given('objective', 'ndcg')} or another measure of lists, or another model"
        )
    values = next(iter(measured.values()))
    present = ~np.isnan(values)
    return float(values[present].mean()) if present.any() else math.nan
