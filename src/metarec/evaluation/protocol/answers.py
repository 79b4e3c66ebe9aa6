"""One model's answers to one set of episodes, as one value a user and metric."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy.typing import NDArray

from metarec.contracts import Episodes, Recommender
from metarec.evaluation.protocol.background import Background
from metarec.evaluation.protocol.calibration import SHARES, calibration_of
from metarec.evaluation.protocol.lists import Relevance, ranked_lists
from metarec.evaluation.protocol.measures import NEEDS_INTERVALS, NEEDS_RATINGS, Chosen
from metarec.evaluation.protocol.pairs import rated_pairs


@dataclass(frozen=True, eq=False)
class Answers:
    """One model's values in one scenario at one support size: `measured[metric][user]`."""

    measured: Mapping[str, Float[np.ndarray, " user"]]
    system: Mapping[str, float]
    calibration: pl.DataFrame


def answer(
    model: Recommender,
    episodes: Episodes,
    users: NDArray[np.int64],
    background: Background,
    chosen: Chosen,
    k: int,
    exclude_seen: bool,
    relevance: Relevance = "event",
) -> Answers:
    """One model's values for each user of the episodes, its draws averaged."""
    measured: dict[str, Float[np.ndarray, " episode"]] = {}
    system: dict[str, float] = {}
    calibration = pl.DataFrame(schema=SHARES)
    if chosen.ranking:
        lists = ranked_lists(
            model, episodes, background, k=k, exclude_seen=exclude_seen, relevance=relevance
        )
        for measure in chosen.ranking:
            values = measure.formula(lists)
            if measure.system:
                system[f"{measure.name}@{k}"] = float(values[0])
            else:
                measured[f"{measure.name}@{k}"] = values
    if chosen.rating:
        pairs = rated_pairs(model, episodes, background)
        rates = model.predicts_ratings
        certain = rates and pairs.has_intervals
        for rated in chosen.rating:
            able = rates or rated.name not in NEEDS_RATINGS
            if able and (certain or rated.name not in NEEDS_INTERVALS):
                measured[rated.name] = rated.formula(pairs)
        if certain:
            calibration = calibration_of(pairs)
    averaged = {name: mean_by_user(values, users) for name, values in measured.items()}
    return Answers(averaged, system, calibration)


def users_of(episodes: Episodes) -> tuple[NDArray[np.int64], pl.Series]:
    """Each episode's user as a code, and the id of each code; episodes without ids stand alone."""
    ids = episodes.query.user_ids
    if ids is None:
        ids = episodes.support.user_ids
    named = [str(i) for i in (range(len(episodes)) if ids is None else ids)]
    column = pl.DataFrame({"user_id": pl.Series(named, dtype=pl.String)})
    unique = column.unique(maintain_order=True)["user_id"]
    row_of = {user_id: row for row, user_id in enumerate(unique)}
    return np.array([row_of[name] for name in named], dtype=np.int64), unique


def mean_by_user(
    values: Float[np.ndarray, " episode"], users: NDArray[np.int64]
) -> Float[np.ndarray, " user"]:
    """The mean of each user's episodes that have a value, NaN where none has."""
    n_users = int(users.max(initial=-1)) + 1
    present = ~np.isnan(values)
    totals = np.bincount(users[present], weights=values[present], minlength=n_users)
    counts = np.bincount(users[present], minlength=n_users)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
