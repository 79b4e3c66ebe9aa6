"""Episodic training through an updater: adapt on support, be judged on query."""

import numpy as np
import torch

from metarec.meta.config import MetaConfig
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes
from metarec.meta.loops.steps import Step, draw_step
from metarec.meta.network import HeartNetwork
from metarec.meta.updaters.exploded import Exploded
from metarec.training.optimiser import descend, one_cycle
from metarec.training.run import Run


def train(
    network: HeartNetwork,
    inputs: Inputs,
    valid: PaddedEpisodes | None,
    config: MetaConfig,
    run: Run,
) -> None:
    """Meta-learn in place; early stopping by the head's own judgement on `valid`."""
    optimizer = torch.optim.Adam(network.groups(), lr=config.learning_rate)
    run.attach(network, optimizer)
    episodes = network.head.sampler(inputs, config)

    def sample(rng: np.random.Generator) -> Step[object]:
        return draw_step(inputs, config, rng, episodes)

    if run.step == 0 and not run.judged:
        network.head.begin(network, inputs, valid, config, run, sample)
    for step in run.batches(sample, config.n_steps):
        terms = network.features(inputs.content, step.z, step.dropout)
        try:
            loss = network.head.loss(network, terms, step, inputs, config)
        except Exploded as error:
            raise error.of(f"training step {run.step}, {inputs.named(error.user)}") from error
        loss = loss + network.penalty(config, inputs.n_events)
        descend(network, optimizer, loss, one_cycle(run.step, config.n_steps, config.learning_rate))
        if valid is not None and run.judges_now:
            run.judge(network.head.judge(network, inputs, valid, config))
    run.restore_best()
