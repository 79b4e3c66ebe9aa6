"""How often lists are accepted: by the policy that showed them, and as another would have fared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from metarec.policies import EXPLORING, Estimate, inverse_propensity, self_normalised
from metarec.serving.store.impressions import Impression


@dataclass(frozen=True)
class Acceptance:
    """What is known of one policy; None where nothing is."""

    policy: str
    seen: int
    """Its own lists of which something was told."""
    accepted: int
    """Places of these that were taken."""
    own: Estimate | None
    """Accepted places a list, of its own lists."""
    reward: Estimate | None
    """Reward a list, of its own lists of which a reward was told."""
    inverse_propensity: Estimate | None
    """Accepted places a list if it had shown all lists, from those whose chances are known."""
    self_normalised: Estimate | None


def acceptance_of(impressions: Sequence[Impression]) -> list[Acceptance]:
    """What lists with feedback tell of each policy. A list that nobody told of says nothing, and a
    place that was not seen was not accepted."""
    told = [one for one in impressions if one.chances is not None]
    return [_of(name, told) for name in EXPLORING]


def _of(name: str, told: Sequence[Impression]) -> Acceptance:
    own = [one for one in told if one.chances is not None and one.chances.policy == name]
    other = [one for one in told if one.chances is not None and name in one.chances.others]
    earned = [sum(one.rewards.values()) for one in own if one.rewards]
    accepted = [float(len(one.accepted)) for one in own]
    ips = snips = None
    if other:
        taken, logged, target = _tables(name, other)
        ips = inverse_propensity(taken, logged, target)
        snips = self_normalised(taken, logged, target)
    return Acceptance(
        name, len(own), int(sum(accepted)), _mean(accepted), _mean(earned), ips, snips
    )


def _tables(
    name: str, impressions: Sequence[Impression]
) -> tuple[Float[np.ndarray, "impression place"], ...]:
    """What was accepted, how likely it was shown, and how likely under the policy of a name; NaN
    where a list has no such place."""
    longest = max(len(one.items) for one in impressions)
    taken, logged, target = (np.full((len(impressions), longest), np.nan) for _ in range(3))
    for row, one in enumerate(impressions):
        assert one.chances is not None, "evaluable lists have chances"
        n = len(one.items)
        taken[row, :n] = [place in one.accepted for place in range(1, n + 1)]
        logged[row, :n], target[row, :n] = one.chances.places, one.chances.others[name]
    return taken, logged, target


def _mean(values: Sequence[float]) -> Estimate | None:
    """The mean with its interval."""
    if not values:
        return None
    told = np.array(values, dtype=np.float64)[:, None]
    return inverse_propensity(told, np.ones_like(told), np.ones_like(told))
