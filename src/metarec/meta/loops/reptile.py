"""Reptile: everyone's numbers move towards where people's events lead (Nichol et al. 2018, eq. 1).

The mean of θ − θ_u over people stands for a gradient, and goes through the same optimiser. Nothing
is asked of a query, so the items and all that the loss would teach stay at their start.
"""

import torch

from metarec.meta.config import MetaConfig
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes
from metarec.meta.loops.steps import begun, named, rate_now
from metarec.meta.network import HeartNetwork
from metarec.training.optimiser import descend
from metarec.training.run import Run


def train(
    network: HeartNetwork,
    inputs: Inputs,
    valid: PaddedEpisodes | None,
    config: MetaConfig,
    run: Run,
) -> None:
    """Meta-learn in place; early stopping by the head's own judgement on `valid`."""
    optimizer, sample = begun(network, inputs, valid, config, run)
    with torch.no_grad():
        terms = network.features(inputs.content, inputs.touched)
    for step in run.batches(sample, config.n_steps):
        support, profiles = network.head.task(network, terms, step, inputs, config)
        with named(run, inputs):
            loss = network.distance(terms, support, profiles)
        run.check(loss)
        rate = rate_now(config, run)
        descend(network, optimizer, loss, rate)
        run.note(loss=loss.detach(), learning_rate=rate)
        if valid is not None and run.judges_now:
            with named(run, inputs):
                judged = network.head.judge(network, inputs, valid, config)
            run.judge(judged)
    run.restore_best()
