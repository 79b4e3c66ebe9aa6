"""Episodic training through an updater: adapt on support, be judged on query."""

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
    for step in run.batches(sample, config.n_steps):
        terms = network.features(inputs.content, step.z, step.dropout)
        with named(run, inputs):
            loss = network.head.loss(network, terms, step, inputs, config)
        loss = loss + network.penalty(config, inputs.n_events)
        run.check(loss)
        rate = rate_now(config, run)
        descend(network, optimizer, loss, rate)
        run.note(loss=loss.detach(), learning_rate=rate)
        if valid is not None and run.judges_now:
            with named(run, inputs):
                judged = network.head.judge(network, inputs, valid, config)
            run.judge(judged)
    run.restore_best()
