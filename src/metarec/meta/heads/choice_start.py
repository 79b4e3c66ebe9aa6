"""Where the scalars of the choice head are set before training, or instead of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from metarec.contracts import Episodes
from metarec.meta.config import MetaConfig
from metarec.meta.heads.choice_validation import parts_of, supports_of
from metarec.meta.loops.episodes import Inputs, pad_episodes, profiles_of
from metarec.meta.network import HeartNetwork
from metarec.metrics.proof import is_beyond_chance

HALF_LIVES: dict[str, tuple[float, ...]] = {
    "none": (),
    "place": (0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0),
    "clock": (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0),
}
"""Where ρ may be set, as the age at which an event counts half: events, or days."""
FLOORS = (0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 0.95)
"""Where ε may be set; with the last, age hardly counts."""
FIRST_FLOOR = 2
"""The floor beside which the half-life is searched first."""
ROUNDS = 2
"""How often both are searched, each beside the other; all pairs would cost twice as long."""
REFUSALS = (0.0, 0.1, 1.0, 3.0, 10.0)
"""Where the confidence of a negative kind may be set."""
SURE = 2.0
"""Standard errors by which lists must gain by another confidence of a negative kind."""
MEAN_SHARE = 0.1
"""What of people's mean weights m is where training does not learn it."""
MEAN_PEOPLE = 1000


@torch.no_grad()
def set_prior_mean(
    network: HeartNetwork, inputs: Inputs, config: MetaConfig, rng: np.random.Generator
) -> None:
    """Set m to a tenth of people's mean weights: who has no event yet is shown what many like.

    Training learns m; without it all items would score alike. The whole mean is what softmax
    would have, but it costs those with events: on MovieLens-100k NDCG@10 of validation falls from
    0.118 to 0.107, and not at all with a tenth.
    """
    n = min(MEAN_PEOPLE, len(inputs.users))
    some = inputs.histories.take(np.sort(rng.choice(inputs.users, n, replace=False)))
    some = inputs.event_kinds.support(some)
    nothing = some.keep(np.zeros(len(some.items), dtype=bool))
    people = pad_episodes(Episodes(some, nothing), inputs.recency, {}, inputs.histories.kind_names)
    network.prior.m.zero_()
    total = torch.zeros_like(network.prior.m)
    terms = network.features(inputs.content, inputs.touched)
    for part in parts_of(people, terms):
        support, _ = supports_of(network, terms, part, config)
        posterior = network.posterior(terms, support, profiles_of(inputs, part.profile_rows))
        total += posterior.mean.sum(dim=0)
    network.prior.m.copy_(MEAN_SHARE * total / n)


@torch.no_grad()
def set_slope(network: HeartNetwork, loss: Callable[[], float]) -> None:
    """Set κ where `loss` is least: features that are not random have a scale already."""
    slopes = np.log(np.geomspace(1.0, 300.0, 13))
    set_to_least([network.head.log_kappa], [[slope] for slope in slopes], loss)


@torch.no_grad()
def set_recency(network: HeartNetwork, loss: Callable[[], float], recency: str) -> None:
    """Set ρ where `loss` is least, then ε, and both once more, if the age of an event is to be
    weighed."""
    decays = np.log(np.expm1(np.log(2) / np.array(HALF_LIVES[recency])))
    floors = np.log(np.array(FLOORS) / (1 - np.array(FLOORS)))
    if len(decays):
        _fill([network.confidence.old], [floors[FIRST_FLOOR]])
        for _ in range(ROUNDS):
            set_to_least([network.confidence.decay], [[decay] for decay in decays], loss)
            set_to_least([network.confidence.old], [[floor] for floor in floors], loss)


@contextmanager
def unheard_refusals(network: HeartNetwork) -> Iterator[None]:
    """What counts beside refusals is searched without them, as if there were none."""
    confidence = network.confidence
    told = confidence.log_confidence.detach().clone()
    with torch.no_grad():
        confidence.log_confidence[confidence.refused] = -torch.inf
    yield
    with torch.no_grad():
        confidence.log_confidence.copy_(told)


@torch.no_grad()
def set_refusals(network: HeartNetwork, lists: Callable[[], Float[np.ndarray, " person"]]) -> None:
    """Set what an event of each negative kind counts where `lists` are best; 0 leaves it out.

    As it was where no other number is clearly better: a few people tell little of it.
    """
    with np.errstate(divide="ignore"):
        grid = np.log(REFUSALS)
    for kind in network.confidence.refused:
        own = network.confidence.log_confidence[kind]
        best, most, usual = own.item(), 0.0, lists()
        for number in grid:
            own.fill_(number)
            gained = lists() - usual
            if is_beyond_chance(gained, SURE) and gained.mean() > most:
                best, most = number, gained.mean()
        own.fill_(best)


def set_to_least(
    scalars: Sequence[Tensor], grid: Sequence[Sequence[float]], loss: Callable[[], float]
) -> None:
    """Set the scalars to the place of the grid where `loss` is least."""
    losses = []
    for numbers in grid:
        _fill(scalars, numbers)
        losses.append(loss())
    _fill(scalars, grid[int(np.nanargmin(losses))])


def _fill(scalars: Sequence[Tensor], numbers: Sequence[float]) -> None:
    for scalar, number in zip(scalars, numbers, strict=True):
        scalar.fill_(float(number))
