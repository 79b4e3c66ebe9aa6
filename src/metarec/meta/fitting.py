"""From a training set to learned numbers: the part of `fit` that needs PyTorch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray

from metarec.contracts import DataError
from metarec.data import Dataset, Episodes
from metarec.encoders import TabularFeatures
from metarec.meta.checkpoints import locked
from metarec.meta.config import MetaConfig
from metarec.meta.implicit import draw_scale, train_on_implicit
from metarec.meta.inputs import Inputs, pad_episodes, torch_seed
from metarec.meta.network import HeartNetwork
from metarec.meta.ratings import train_on_ratings, variance_scale
from metarec.meta.run import Run
from metarec.meta.starting import start_from_factors
from metarec.meta.streams import Purpose, stream
from metarec.meta.weighing import learned_counts, resolve_recency


@dataclass(frozen=True, eq=False)
class Learned:
    """What training gives, without a trace of PyTorch."""

    weights: dict[str, NDArray[np.float32]]
    no_profile: Float[np.ndarray, " d_profile"] | None
    variance_factor: float
    """Calibration; NaN where it could not be fitted to implicit events."""
    recency: str
    metrics: Mapping[str, Any]


def learn(
    train: Dataset,
    valid: Episodes,
    content: Float[np.ndarray, "item d_content"],
    profiles: TabularFeatures | None,
    config: MetaConfig,
    *,
    rng: int,
    folder: Path | None,
    progress: bool,
    fingerprint: str,
) -> Learned:
    """Meta-learn on `train`, stop and calibrate on `valid`."""
    inputs = _inputs(train, content, profiles, config)
    implicit = train.value == "implicit"
    if config.start == "factors" and not implicit:
        raise DataError(
            'start="factors" is for implicit events, and this shop has ratings; use "auto"'
        )
    if config.steps == 0 and not implicit:
        raise DataError(
            "steps=0 is for implicit events; a model of ratings starts at random and must train"
        )
    network = HeartNetwork(
        len(train.catalogue),
        content.shape[1],
        0 if inputs.profiles is None else inputs.profiles.shape[1],
        len(train.histories.kind_names),
        config,
        torch_seed(stream(rng, Purpose.NETWORK)),
        mean=0.0 if implicit else float(train.histories.values.mean()),
        implicit=implicit,
    )
    user_rows = {user_id: row for row, user_id in enumerate(train.user_ids)}
    judged = (
        pad_episodes(valid, inputs.recency, user_rows, train.histories.kind_names)
        if len(valid)
        else None
    )
    run = Run(
        rng=rng,
        folder=folder,
        progress=progress,
        patience=config.patience,
        judge_every=config.judge_every,
        # sums run in another order on another number of threads, or in another PyTorch
        fingerprint=f"{fingerprint}:{torch.get_num_threads()}:{torch.__version__}",
    )
    factor = np.nan if implicit else 1.0
    if implicit:
        if config.start != "random":
            start_from_factors(network, train, content, config, rng)
        with locked(folder):
            train_on_implicit(network, inputs, judged, config, run)
        if judged is not None:
            draws = stream(rng, Purpose.DRAWS)
            factor = draw_scale(network, inputs, judged, config, draws) ** 2
    else:
        with locked(folder):
            train_on_ratings(network, inputs, judged, config, run, train.scale)
        if judged is not None:
            factor = variance_scale(network, inputs, judged)
    return Learned(
        {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()},
        None if inputs.no_profile is None else inputs.no_profile.numpy(),
        factor,
        inputs.recency,
        {
            "steps": run.step,
            "best_step": run.best_step,
            "valid_loss": run.best if run.judged else None,
            "variance_factor": factor,
        },
    )


def _inputs(
    train: Dataset,
    content: Float[np.ndarray, "item d_content"],
    profiles: TabularFeatures | None,
    config: MetaConfig,
) -> Inputs:
    histories = train.histories
    users = np.flatnonzero(histories.lengths >= 2)
    if not len(users):
        raise DataError(
            "no user has two or more events, so there is nothing to adapt on and be judged on"
        )
    no_one, features = None, None
    if profiles is not None and train.users is not None:
        features = torch.from_numpy(profiles.transform(train.users))
        no_one = torch.from_numpy(profiles.transform(train.users.clear().clear(1)))[0]
    return Inputs(
        histories,
        torch.from_numpy(content),
        features,
        no_one,
        torch.from_numpy(learned_counts(train)).float(),
        resolve_recency(config, train),
        users,
    )
