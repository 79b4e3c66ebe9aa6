"""Meta-training in batches against a loop that adapts one user after another, as MeLU's does.

Both train the same model on the same synthetic shop with the same loss, optimiser and episodes a
step, at a constant rate, in one process on one core; the loop does one Python pass a user, on that
user's items alone. What counts is the CPU time each needs to come to the same validation error.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from benchmarks.common import Goal, say, write
from metarec.data import Split, generate, split_cold
from metarec.data.sampling import RatingBatch
from metarec.encoders import ContentFeatures, HashEncoder
from metarec.meta import MetaConfig
from metarec.meta.features.network import TorchTerms
from metarec.meta.heads.value_training import LearnedValue, absolute_error, crps, predict
from metarec.meta.loops.episodes import Inputs, pad_episodes
from metarec.meta.loops.steps import Step, draw_step, query_weights
from metarec.meta.network import HeartNetwork, TorchSupport, new_network

CONFIG = MetaConfig(profile=False)
"""The defaults: 128 episodes a step."""
STEPS = 160
JUDGE_EVERY = 10
LEAST_LOOP_TASKS_A_SECOND = 150.0


@dataclass
class Curve:
    """CPU seconds of training and validation error at each judgement."""

    seconds: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    def time_to(self, error: float) -> float:
        """CPU seconds until the error is first reached, infinite if never."""
        reached = [s for s, e in zip(self.seconds, self.errors, strict=True) if e <= error]
        return reached[0] if reached else float("inf")


def main() -> None:
    torch.set_num_threads(1)
    split = split_cold(generate(users=3000, items=1000, rng=1).dataset, rng=0)
    inputs = inputs_of(split)
    batched = train(split, inputs, batch_gradients)
    looped = train(split, inputs, loop_gradients)
    target = max(min(batched.errors), min(looped.errors))
    ratio = looped.time_to(target) / batched.time_to(target)
    loop_rate = STEPS * CONFIG.batch_users / looped.seconds[-1]
    batch_rate = STEPS * CONFIG.batch_users / batched.seconds[-1]
    say(f"loop {loop_rate:.0f} tasks/s, batches {batch_rate:.0f} tasks/s, to MAE {target:.4f}")
    fair = loop_rate >= LEAST_LOOP_TASKS_A_SECOND
    write(
        "training_speed",
        None,
        [
            Goal(
                "meta-training: same validation MAE at least 10x sooner than a loop over users",
                f"{ratio:.1f}x ({batch_rate:.0f} tasks/s; the loop {loop_rate:.0f})",
                ratio >= 10 and fair,
            )
        ],
        loop=vars(looped),
        batches=vars(batched),
        target_mae=target,
    )


def inputs_of(split: Split) -> Inputs:
    frame = split.train.catalogue.frame
    content = ContentFeatures.fit(HashEncoder(), frame).encode(frame)
    return Inputs(
        histories=split.train.histories,
        content=torch.from_numpy(content),
        profiles=None,
        no_profile=None,
        counts=torch.from_numpy(split.train.item_counts).float(),
        recency="none",
        users=np.flatnonzero(split.train.histories.lengths >= 2),
    )


Gradients = Callable[[HeartNetwork, Inputs, Step[RatingBatch]], None]


def train(split: Split, inputs: Inputs, gradients: Gradients) -> Curve:
    """The same training with either way to compute the gradient of a step."""
    head = LearnedValue(split.train.scale, float(split.train.histories.values.mean()))
    network = new_network(
        len(split.train.catalogue),
        {"content": inputs.content.shape[1]},
        d_profile=0,
        kinds=0,
        config=CONFIG,
        rng=torch.Generator().manual_seed(0),
        head=head,
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=CONFIG.learning_rate)
    valid = pad_episodes(split.valid, "none", {})
    sample = head.sampler(inputs, CONFIG)
    curve, spent = Curve(), 0.0
    for number in range(STEPS):
        started = time.process_time()
        step = draw_step(inputs, CONFIG, np.random.default_rng([0, number]), sample)
        optimizer.zero_grad()
        gradients(network, inputs, step)
        optimizer.step()
        spent += time.process_time() - started
        if (number + 1) % JUDGE_EVERY == 0:
            curve.seconds.append(spent)
            curve.errors.append(absolute_error(network, inputs, valid, split.train.scale))
    return curve


def batch_gradients(network: HeartNetwork, inputs: Inputs, step: Step[RatingBatch]) -> None:
    terms = network.features(inputs.content, step.z)
    loss = network.head.loss(network, terms, step, inputs, CONFIG)
    (loss + network.penalty(CONFIG, inputs.n_events)).backward()


def loop_gradients(network: HeartNetwork, inputs: Inputs, step: Step[RatingBatch]) -> None:
    """One user after another: their items' features, their solve, their gradient."""
    weights = query_weights(step.batch.query_mask, CONFIG)
    total = float(weights.sum())
    for row in range(len(step.users)):
        real = step.batch.event_mask[row]
        items = torch.from_numpy(step.batch.items[row][real])
        values = torch.from_numpy(step.batch.values[row][real]).float()
        adapts = torch.from_numpy(step.batch.support_mask[row][real])
        terms = own_terms(network, inputs, items, step.z)
        posterior = network.adapt(terms, TorchSupport(terms, values, adapts.float()))
        mean, variance = predict(terms, posterior)
        loss = crps(mean, variance, values)[~adapts] * weights[row][real][~adapts]
        (loss.sum() / total).backward()  # type: ignore[no-untyped-call]
    network.penalty(CONFIG, inputs.n_events).backward()  # type: ignore[no-untyped-call]


def own_terms(
    network: HeartNetwork, inputs: Inputs, items: torch.Tensor, z: torch.Tensor
) -> TorchTerms:
    """The terms of one user's items alone."""
    features, content, own = network.features, inputs.content[items], z[items]
    learned = features.g(content) + own[:, None] * features.v[items]
    constant = features.gamma.expand(len(items), 1)
    offsets = features.mean + features.t(content)[:, 0] + own * features.beta[items]
    open_ = torch.nn.functional.softplus(features.tau(content)[:, 0])
    unsure = 1 / (1 / open_ + torch.where(own > 0, features.told[items], 0.0))
    noise = torch.exp(features.n(content)[:, 0] + own * features.nu[items])
    return TorchTerms(torch.cat([learned, constant], dim=1), offsets, unsure, noise)


if __name__ == "__main__":
    main()
