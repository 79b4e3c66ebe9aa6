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
from metarec.data.sampling import RatingBatch, sample_rating_batch
from metarec.encoders import ContentFeatures, HashEncoder
from metarec.meta import MetaConfig
from metarec.meta.heads.value_training import absolute_error, crps, predict, query_loss
from metarec.meta.loops.episodes import Inputs, Step, draw_step, pad_episodes, query_weights
from metarec.meta.network import HeartNetwork, ItemTerms, Support

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
    network = HeartNetwork(
        len(split.train.catalogue),
        inputs.content.shape[1],
        0,
        0,
        CONFIG,
        torch.Generator().manual_seed(0),
        mean=float(split.train.histories.values.mean()),
        implicit=False,
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=CONFIG.learning_rate)
    valid = pad_episodes(split.valid, "none", {})
    curve, spent = Curve(), 0.0
    for number in range(STEPS):
        started = time.process_time()
        rng = np.random.default_rng([0, number])
        step = draw_step(
            inputs,
            CONFIG,
            rng,
            lambda users, rng=rng: sample_rating_batch(
                inputs.histories, users, rng, max_events=CONFIG.max_events
            ),
        )
        optimizer.zero_grad()
        gradients(network, inputs, step)
        optimizer.step()
        spent += time.process_time() - started
        if (number + 1) % JUDGE_EVERY == 0:
            curve.seconds.append(spent)
            curve.errors.append(absolute_error(network, inputs, valid, split.train.scale))
    return curve


def batch_gradients(network: HeartNetwork, inputs: Inputs, step: Step[RatingBatch]) -> None:
    terms = network.items(inputs.content, step.z)
    loss = query_loss(network, terms, step, inputs, CONFIG)
    (loss + network.penalty(CONFIG, inputs.n_events)).backward()  # type: ignore[no-untyped-call]


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
        posterior = network.adapt(terms, Support(terms, values, adapts.float()))
        mean, variance = predict(terms, posterior)
        loss = crps(mean, variance, values)[~adapts] * weights[row][real][~adapts]
        (loss.sum() / total).backward()
    network.penalty(CONFIG, inputs.n_events).backward()  # type: ignore[no-untyped-call]


def own_terms(
    network: HeartNetwork, inputs: Inputs, items: torch.Tensor, z: torch.Tensor
) -> ItemTerms:
    """The terms of one user's items alone."""
    content, own = inputs.content[items], z[items]
    learned = network.g(content) + own[:, None] * network.v[items]
    constant = network.gamma.expand(len(items), 1)
    offsets = network.mean + network.t(content)[:, 0] + own * network.beta[items]
    unsure = (1 - own) * torch.nn.functional.softplus(network.tau(content)[:, 0])
    noise = torch.exp(network.n(content)[:, 0] + own * network.nu[items])
    return ItemTerms(torch.cat([learned, constant], dim=1), offsets, unsure, noise)


if __name__ == "__main__":
    main()
