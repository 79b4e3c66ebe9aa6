"""What it costs to learn a person by showing: regret of policies on the synthetic shop's truth.

The heart is fitted to 800 people with its defaults; 120 others come as strangers, in each of three
shops. Each round a policy shows three items, the person answers as the truth says, and the heart
adapts to every event before the next round. Two worlds:

- ratings: all that is shown is rated, with noise, and not shown again; a list earns its expected
  stars, and is ordered by them.
- clicks: each place is clicked with a chance that the truth knows; what is clicked is not shown
  again, what is not may be. A list earns its expected clicks.

Regret is what somebody who knows the truth would have earned by then, less what was earned. Levels
of exploration are those that the service has where none is said; nothing was tuned.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Int
from scipy.special import stdtrit

from benchmarks.common import SEEDS, Goal, say, write
from metarec.contracts import Event, Outlook
from metarec.data import generate
from metarec.data.synthetic.truth import Truth
from metarec.encoders import HashEncoder
from metarec.evaluation.protocol.provenance import versions
from metarec.meta import MetaRecommender
from metarec.meta.person import Person
from metarec.policies import EpsilonGreedy, Greedy, SlatePolicy, exploring

PICTURE = Path(__file__).parents[1] / "docs" / "regret.png"
World = Literal["ratings", "clicks"]
KINDS: Mapping[World, Literal["rating", "implicit"]] = {"ratings": "rating", "clicks": "implicit"}
PEOPLE, STRANGERS, ITEMS = 800, 120, 400
ROUNDS, K, CANDIDATES, DRAWS = 20, 3, 200, 64
HALF_LIFE = 3.0
"""Of what was shown and not clicked, in rounds: a round stands for a day."""
POLICIES: Mapping[str, Callable[[], SlatePolicy[Outlook]]] = {
    "random": lambda: EpsilonGreedy(1.0),
    "greedy": Greedy,
    "epsilon_greedy": lambda: exploring("epsilon_greedy"),
    "ucb": lambda: exploring("ucb"),
    "thompson": lambda: exploring("thompson"),
}
COOLS = ", cooling off"
"""Behind a policy's name: what was shown and not clicked is lowered, by the rule of the service."""
COLOURS = {
    "random": "#bdc3c7",
    "greedy": "#2c7fb8",
    "epsilon_greedy": "#7f8c8d",
    "ucb": "#e67e22",
    "thompson": "#c0392b",
}


@dataclass
class Visit:
    """One stranger before one policy."""

    me: Person
    worth: Float[np.ndarray, " item"]
    """What each item earns, on average."""
    ids: np.ndarray
    rng: np.random.Generator
    gone: set[int] = field(default_factory=set)
    ignored: dict[int, list[int]] = field(default_factory=dict)
    """Rounds in which an item was shown and not taken."""

    def answer(self, world: World, shown: Int[np.ndarray, " place"]) -> None:
        """Let the person answer a list, and the heart adapt to each event."""
        for item in shown.tolist():
            if world == "ratings":
                stars = self.worth[item] + 0.35 * self.rng.standard_t(3)
                self.me = self.me.observe(self.ids[item], float(np.clip(round(stars), 1, 5)))
                self.gone.add(item)
            elif self.rng.random() < self.worth[item]:
                self.me = self.me.observe(Event(self.ids[item]))
                self.gone.add(item)


def main() -> None:
    found: dict[World, dict[str, list[np.ndarray]]] = {"ratings": {}, "clicks": {}}
    data = []
    for world in found:
        for seed in SEEDS:
            shop = generate(PEOPLE, ITEMS, KINDS[world], rng=seed).dataset
            data.append({"name": shop.name, "hash": shop.hash})
            model = MetaRecommender(HashEncoder()).fit(shop, rng=seed)
            worth = earned_by(world, seed)
            best = np.array([knowing(world, own, person) for person, own in enumerate(worth)])
            for name in named(world):
                curves = [visit(world, name, model, own, p) for p, own in enumerate(worth)]
                found[world].setdefault(name, []).append(np.cumsum(best - curves, axis=1))
            say(f"{world}, seed {seed} is done")
    regrets = {w: {n: np.concatenate(c) for n, c in own.items()} for w, own in found.items()}
    told = {w: {n: summary(curves) for n, curves in own.items()} for w, own in regrets.items()}
    write(
        "regret",
        None,
        goals(regrets),
        seeds=list(SEEDS),
        versions=dict(versions()),
        dataset=data,
        protocol={
            "people of the fit": PEOPLE,
            "strangers a shop": STRANGERS,
            "items": ITEMS,
            "places": K,
            "rounds": ROUNDS,
        },
        regret=told,
    )
    draw(told)


def named(world: World) -> list[str]:
    """The policies of a world; where everything is answered nothing cools off."""
    cooling = [name + COOLS for name in POLICIES if name != "random" and world == "clicks"]
    return [*POLICIES, *cooling]


def earned_by(world: World, seed: int) -> Float[np.ndarray, "person item"]:
    """What each item earns with each stranger."""
    truth = Truth(PEOPLE + STRANGERS, ITEMS, KINDS[world], seed, "content")
    people = np.arange(PEOPLE, PEOPLE + STRANGERS)[:, None]
    told = truth(people, np.arange(ITEMS)[None, :])
    return told if world == "ratings" else 1 / (1 + np.exp(3.0 - 2.0 * told))


def visit(
    world: World, name: str, model: MetaRecommender, worth: Float[np.ndarray, " item"], person: int
) -> Float[np.ndarray, " round"]:
    """What one stranger's lists earn, round by round; chance is the same for every policy."""
    policy = POLICIES[name.removesuffix(COOLS)]()
    rng = np.random.default_rng([person, 1])
    ids = model.catalogue.ids
    own = Visit(model.adapt([]), worth, ids, np.random.default_rng([person, 0]))
    earned = np.empty(ROUNDS)
    everything = ITEMS if name == "random" else CANDIDATES
    for round_ in range(ROUNDS):
        outlook = own.me.outlook(
            everything,
            draws=DRAWS if name.startswith("thompson") else 0,
            rng=rng,
            rank_by="rating" if world == "ratings" else None,
            exclude=[ids[item] for item in own.gone],
            exclude_seen=False,
            lowered=cooled(own, ids, round_) if name.endswith(COOLS) else {},
        )
        assert outlook.found is not None
        shown = outlook.found.items[policy.act(outlook, K, rng).items[0]]
        earned[round_] = worth[shown].sum()
        own.answer(world, shown)
        for item in set(shown.tolist()) - own.gone:
            own.ignored.setdefault(item, []).append(round_)
    return earned


def cooled(own: Visit, ids: np.ndarray, now: int) -> dict[str, float]:
    """How far each item is lowered."""
    return {
        str(ids[item]): float(sum(0.5 ** ((now - at) / HALF_LIFE) for at in rounds))
        for item, rounds in own.ignored.items()
    }


def knowing(
    world: World, worth: Float[np.ndarray, " item"], person: int
) -> Float[np.ndarray, " round"]:
    """What the best lists earn, round by round."""
    rng, left = np.random.default_rng([person, 0]), worth.copy()
    earned = np.empty(ROUNDS)
    for round_ in range(ROUNDS):
        shown = np.argsort(-left, kind="stable")[:K]
        earned[round_] = worth[shown].sum()
        gone = shown if world == "ratings" else shown[rng.random(K) < worth[shown]]
        left[gone] = -np.inf
    return earned


def summary(curves: Float[np.ndarray, "person round"]) -> dict[str, list[float]]:
    """The mean over strangers after each round, with its 95 % interval."""
    mean, half = interval(curves)
    return {
        "mean": np.round(mean, 4).tolist(),
        "low": np.round(mean - half, 4).tolist(),
        "high": np.round(mean + half, 4).tolist(),
    }


def interval(values: Float[np.ndarray, "person ..."]) -> tuple[np.ndarray, np.ndarray]:
    """Means over people and half the width of their intervals."""
    n = len(values)
    return values.mean(axis=0), stdtrit(n - 1, 0.975) * values.std(axis=0, ddof=1) / n**0.5


def goals(regrets: Mapping[World, Mapping[str, np.ndarray]]) -> list[Goal]:
    found = []
    for world, own in regrets.items():
        last = {name: curves[:, -1] for name, curves in own.items()}
        told = ", ".join(f"{name} {values.mean():.2f}" for name, values in last.items())
        worst = max(v.mean() for name, v in last.items() if name != "random")
        met = bool(worst < 0.5 * last["random"].mean())
        found.append(
            Goal(
                f"regret after {ROUNDS} rounds, {world}: every policy below half of chance",
                told,
                met,
            )
        )
        for name in named(world):
            if name in ("random", "greedy"):
                continue
            mean, half = interval(last[name] - last["greedy"])
            said = f"{mean:+.2f} [{mean - half:+.2f}, {mean + half:+.2f}]"
            found.append(
                Goal(f"regret, {world}: {name}, not above greedy", said, bool(mean - half <= 0))
            )
    return found


def draw(told: Mapping[World, Mapping[str, Mapping[str, list[float]]]]) -> None:
    """The curves of both worlds, from what `summary` says."""
    units = {"ratings": "stars", "clicks": "clicks"}
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 3.4), dpi=100, layout="constrained")
    rounds = np.arange(1, ROUNDS + 1)
    for axis, (world, own) in zip(axes, told.items(), strict=True):
        for name, curve in own.items():
            colour = COLOURS[name.removesuffix(COOLS)]
            style = "--" if name.endswith(COOLS) else "-"
            axis.plot(rounds, curve["mean"], style, color=colour, label=name)
            axis.fill_between(
                rounds, curve["low"], curve["high"], color=colour, alpha=0.1, linewidth=0
            )
        axis.set_title(f"{world}: three items a round", fontsize=10)
        axis.set_xticks(range(5, ROUNDS + 1, 5))
        axis.set_xlabel("rounds")
        axis.set_ylabel(f"regret ({units[world]})")
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(PICTURE)


if __name__ == "__main__":
    main()
