"""From a training set to learned numbers: the part of `fit` that needs PyTorch."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from metarec.contracts import DataError, Dataset, Episodes, Histories, Running
from metarec.encoders import TabularFeatures
from metarec.meta.confidence import own_kinds
from metarec.meta.config import MetaConfig
from metarec.meta.fitted import Learned
from metarec.meta.freezing import freeze
from metarec.meta.heads.choice_training import LearnedChoice
from metarec.meta.heads.value_start import start_from_levels
from metarec.meta.heads.value_training import LearnedValue
from metarec.meta.loops import episodic, reptile
from metarec.meta.loops.episodes import Inputs, learned_counts, pad_episodes
from metarec.meta.loops.steps import torch_seed
from metarec.meta.moving.beginning import Beginning
from metarec.meta.network import new_network
from metarec.meta.profiles import of_nobody
from metarec.meta.recency import resolve_recency
from metarec.meta.starting import start_from_factors, start_from_prior
from metarec.training.checkpoints import locked
from metarec.training.run import Run
from metarec.training.streams import Purpose, stream


def learn(
    train: Dataset,
    heard: Dataset,
    valid: Episodes,
    content: Float[np.ndarray, "item d_content"],
    blocks: Mapping[str, int],
    profiles: TabularFeatures | None,
    config: MetaConfig,
    running: Running,
    *,
    fingerprint: str,
    beginning: Beginning | None = None,
) -> Learned:
    """Meta-learn on `train`, stop and calibrate on `valid`; `blocks` are those of the content.

    `heard` is `train` with the events that speak against their item; training starts at the
    `beginning`, where there is one.
    """
    rng = running.rng
    kind = LearnedChoice if train.feedback == "implicit" else LearnedValue
    if kind is LearnedChoice:
        config = config.within(len(train.catalogue))
    inputs = _inputs(train, heard if kind.hears_refusals else train, content, profiles, config)
    head = _head(train)
    kind_names = inputs.histories.kind_names
    network = new_network(
        len(train.catalogue),
        blocks,
        0 if inputs.profiles is None else inputs.profiles.shape[1],
        len(kind_names),
        config,
        torch_seed(stream(rng, Purpose.NETWORK)),
        head,
        [kind_names.index(kind) for kind in train.negative_kinds if head.hears_refusals],
    )
    user_rows = {user_id: row for row, user_id in enumerate(train.user_ids)}
    judged = (
        pad_episodes(valid, inputs.recency, user_rows, kind_names, train.event_kinds)
        if len(valid)
        else None
    )
    run = Run.of(
        running,
        fingerprint=fingerprint,
        called=f"{'choice' if kind is LearnedChoice else 'value'}.d{config.n_features}",
        patience=config.patience,
        judge_every=config.judge_every,
    )
    if beginning is not None:
        start_from_prior(network, beginning)
    elif config.start != "random":
        start = start_from_factors if isinstance(head, LearnedChoice) else start_from_levels
        start(network, train, content, config, rng)
    network.begin(network.features(inputs.content, inputs.touched))
    network.features.told[inputs.touched == 0] = 0.0
    begun = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with locked(run.folder):
        loop = reptile if config.items_stay else episodic
        loop.train(network, inputs, judged, config, run)
    if judged is not None and config.start != "random" and isinstance(head, LearnedValue):
        head.settle(network, inputs, judged, begun, run)
    factor = head.calibrate(network, inputs, judged, config, stream(rng, Purpose.DRAWS))
    weights = {k: v.numpy() for k, v in network.features.state_dict().items()}
    return Learned(
        freeze(network, weights, train, content, blocks, config, head.frozen(factor), inputs),
        weights,
        None if inputs.no_profile is None else inputs.no_profile.numpy(),
        {
            **run.facts(),
            "variance_factor": factor,
            **network.updater.facts(),
        },
    )


def _head(train: Dataset) -> LearnedChoice | LearnedValue:
    if train.feedback == "implicit":
        return LearnedChoice()
    return LearnedValue(train.scale, float(train.histories.values.mean()))


def _inputs(
    train: Dataset,
    heard: Dataset,
    content: Float[np.ndarray, "item d_content"],
    profiles: TabularFeatures | None,
    config: MetaConfig,
) -> Inputs:
    histories = _of_kinds(heard, (*train.kind_names, *train.negative_kinds))
    told_apart = bool(train.target_kinds) or heard is not train
    targets = train.event_kinds.foretold(histories) if told_apart else None
    able = train.histories.lengths >= 2
    if targets is not None:
        able &= np.bincount(histories.rows[targets], minlength=len(histories)) > 0
    users = np.flatnonzero(able)
    if not len(users):
        kinds = f", one of the kinds {', '.join(train.target_kinds)}" if train.target_kinds else ""
        raise DataError(
            f"no user has two or more events{kinds}, so there is nothing to adapt on and be judged "
            "on"
        )
    no_one, features = None, None
    if profiles is not None and train.users is not None:
        features = torch.from_numpy(profiles.transform(train.users))
        no_one = torch.from_numpy(of_nobody(profiles, train.users))
    return Inputs(
        histories,
        torch.from_numpy(content),
        features,
        no_one,
        torch.from_numpy(learned_counts(train)).float(),
        resolve_recency(config, train),
        users,
        targets,
        train.event_kinds,
    )


def _of_kinds(heard: Dataset, kind_names: tuple[str, ...]) -> Histories:
    """The histories with their kinds as rows of these names, which every head knows them by."""
    own = heard.histories
    return replace(own, kinds=own_kinds(own, kind_names), kind_names=kind_names)
