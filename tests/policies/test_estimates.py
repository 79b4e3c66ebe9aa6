"""Estimates of one policy from the log of another: by hand, by theory, and on logged clicks."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import t as student

import metarec as mr
from metarec.contracts import DataError, Outlook
from metarec.policies import (
    UCB,
    EpsilonGreedy,
    Estimate,
    SlatePolicy,
    Slates,
    Thompson,
    doubly_robust,
    inverse_propensity,
    self_normalised,
)

REWARDS = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
LOGGED = np.array([[0.5, 0.2], [0.5, 0.4], [0.25, 0.5]])
TARGET = np.array([[0.25, 0.1], [0.5, 0.8], [0.5, 0.25]])
# weights                [.5, .5],   [1, 2],     [2, .5]


def test_inverse_propensity_by_hand() -> None:
    found = inverse_propensity(REWARDS, LOGGED, TARGET)
    terms = np.array([0.5, 2.0, 2.5])
    assert found.value == pytest.approx(5 / 3)
    half = student.ppf(0.975, 2) * terms.std(ddof=1) / 3**0.5
    assert (found.low, found.high) == pytest.approx((5 / 3 - half, 5 / 3 + half))
    assert (found.n, found.clipped) == (3, 0.0)
    assert found.effective == pytest.approx(6.5**2 / (2 * 0.25 + 1 + 4 + 4 + 0.25) / 2)
    held = inverse_propensity(REWARDS, LOGGED, TARGET, clip=1.0)
    assert held.value == pytest.approx((0.5 + 1.0 + 1.5) / 3)
    assert held.clipped == pytest.approx(2 / 6)


def test_self_normalised_by_hand() -> None:
    # place 1: (.5 + 0 + 2) / 3.5; place 2: (0 + 2 + .5) / 3
    found = self_normalised(REWARDS, LOGGED, TARGET)
    assert found.value == pytest.approx(2.5 / 3.5 + 2.5 / 3)
    first, second = 2.5 / 3.5, 2.5 / 3
    terms = [
        0.5 * (1 - first) / (3.5 / 3) + 0.5 * (0 - second),
        1.0 * (0 - first) / (3.5 / 3) + 2.0 * (1 - second),
        2.0 * (1 - first) / (3.5 / 3) + 0.5 * (1 - second),
    ]
    half = student.ppf(0.975, 2) * np.std(terms, ddof=1) / 3**0.5
    assert found.high - found.value == pytest.approx(half)


def test_doubly_robust_by_hand() -> None:
    foretold, expected = np.full((3, 2), 0.5), np.full((3, 2), 0.25)
    found = doubly_robust(REWARDS, LOGGED, TARGET, foretold=foretold, expected=expected)
    # .5 + .5·.5 - .5·.5 , .5 - 1·.5 + 2·.5 , .5 + 2·.5 + .5·.5
    assert found.value == pytest.approx((0.5 + 1.0 + 1.75) / 3)
    nothing = doubly_robust(
        REWARDS, LOGGED, TARGET, foretold=np.zeros((3, 2)), expected=np.zeros((3, 2))
    )
    assert nothing == inverse_propensity(REWARDS, LOGGED, TARGET)


def test_a_policy_from_its_own_log_is_its_mean() -> None:
    for estimate in (inverse_propensity, self_normalised):
        found = estimate(REWARDS, LOGGED, LOGGED)
        assert found.value == pytest.approx(4 / 3)
        assert found.effective == pytest.approx(3.0)


def test_a_place_that_nobody_saw_adds_nothing() -> None:
    gone = REWARDS.copy()
    gone[1, 1] = np.nan
    zero = np.nan_to_num(gone)
    for estimate in (inverse_propensity,):
        assert estimate(gone, LOGGED, TARGET).value == estimate(zero, LOGGED, TARGET).value
    empty = LOGGED.copy()
    empty[:, 1] = np.nan
    only = self_normalised(REWARDS, empty, TARGET)
    assert only.value == pytest.approx(2.5 / 3.5)


def test_what_cannot_be_evaluated_is_refused() -> None:
    with pytest.raises(DataError, match=r"a log without propensities"):
        inverse_propensity(REWARDS, np.zeros((3, 2)), TARGET)
    with pytest.raises(DataError, match=r"at most 1"):
        inverse_propensity(REWARDS, 2 * np.ones((3, 2)), TARGET)
    for wrong in (-0.1, 1.1):
        with pytest.raises(DataError, match=rf"target must be .* from 0 to 1, but .*{wrong}"):
            inverse_propensity(REWARDS, LOGGED, np.where(TARGET > 0, wrong, TARGET))
    with pytest.raises(DataError, match=r"rewards and target must be tables"):
        inverse_propensity(REWARDS, LOGGED, TARGET[:2])
    with pytest.raises(DataError, match="at least one impression"):
        self_normalised(REWARDS[:0], LOGGED[:0], TARGET[:0])
    with pytest.raises(DataError, match="clip"):
        inverse_propensity(REWARDS, LOGGED, TARGET, clip=0.0)
    for level in (95, 0, 1):
        with pytest.raises(DataError, match="level"):
            inverse_propensity(REWARDS, LOGGED, TARGET, level=level)
    assert np.isnan(inverse_propensity(REWARDS[:1], LOGGED[:1], TARGET[:1]).low)


class ShopOfTruth:
    """The synthetic shop's people before 12 candidates, of whom a model knows something."""

    k, items, people = 2, 12, 150

    def __init__(self) -> None:
        shop = mr.generate(users=self.people, items=40, kind="implicit", rng=4)
        worth = shop.truth(np.arange(self.people)[:, None], np.arange(self.items)[None, :])
        rng = np.random.default_rng(4)
        seen = worth + 0.7 * rng.normal(size=worth.shape)  # the model errs
        drawn = seen[:, None] + 0.7 * rng.normal(size=(self.people, 24, self.items))
        self.known: dict[SlatePolicy[Outlook], Slates] = {}
        self.outlook = Outlook(seen, np.full_like(worth, 0.7), drawn)
        places = np.array([0.0, -0.7])  # what stands lower is taken less
        logits = worth[:, None, :] + places[:, None] - 0.5
        self.chance = 1 / (1 + np.exp(-logits))  # (person, place, item)
        self.model = 1 / (1 + np.exp(-(seen[:, None, :] + places[:, None] - 0.8)))

    def value(self, policy: SlatePolicy[Outlook]) -> float:
        """What the policy truly earns an impression, on average over people."""
        table = policy.slates(self.outlook, self.k).table()
        return float((table * self.chance).sum(axis=(1, 2)).mean())

    def slates(self, policy: SlatePolicy[Outlook], who: np.ndarray) -> Slates:
        """The chances of these people's slates, found once a person."""
        if policy not in self.known:
            self.known[policy] = policy.slates(self.outlook, self.k)
        own = self.known[policy]
        return Slates(own.lists[who], own.allowed[who], own.epsilon)

    def replicate(
        self, logging: SlatePolicy[Outlook], target: SlatePolicy[Outlook], n: int, seed: int
    ) -> dict[str, Estimate]:
        """Each estimate from one log of `n` impressions."""
        rng = np.random.default_rng([9, seed])
        who = rng.integers(self.people, size=n)
        ours, other = (self.slates(policy, who) for policy in (logging, target))
        items = ours.draw(rng)
        at = (who[:, None], np.arange(self.k), items)
        rewards = (rng.random((n, self.k)) < self.chance[at]).astype(float)
        logged, wanted = (slates.at_places(items) for slates in (ours, other))
        cascade = [slates.up_to(items) for slates in (ours, other)]
        whole = [np.repeat(prefixes[:, -1:], self.k, axis=1) for prefixes in cascade]
        model = self.model[who]
        robust = doubly_robust(
            rewards,
            logged,
            wanted,
            foretold=self.model[at],
            expected=(other.table() * model).sum(axis=2),
        )
        return {
            "ips": inverse_propensity(rewards, logged, wanted),
            "snips": self_normalised(rewards, logged, wanted),
            "cascade": inverse_propensity(rewards, *cascade),
            "slate": inverse_propensity(rewards, *whole),
            "doubly robust": robust,
        }


PAIRS = [
    (EpsilonGreedy(0.4), UCB(1.0, 0.0)),
    (Thompson(1.0, 0.3), EpsilonGreedy(0.1)),
]


def held(logging: SlatePolicy[Outlook], target: SlatePolicy[Outlook], n: int) -> pl.DataFrame:
    """How often intervals hold the truth, and how wide they are, of 100 replications."""
    shop = ShopOfTruth()
    truth = shop.value(target)
    rows = [
        {
            "way": way,
            "held": found.low <= truth <= found.high,
            "width": (found.high - found.low) / truth,
            "error": found.value / truth - 1,
        }
        for seed in range(100)
        for way, found in shop.replicate(logging, target, n, seed).items()
    ]
    return pl.DataFrame(rows).group_by("way", maintain_order=True).mean()


@pytest.mark.parametrize(("logging", "target"), PAIRS[:1])
def test_intervals_hold_the_truth(
    logging: SlatePolicy[Outlook], target: SlatePolicy[Outlook]
) -> None:
    found = held(logging, target, 400)
    for way, share, _, error in found.filter(pl.col("way") != "slate").iter_rows():
        assert 0.88 <= share <= 0.99, way
        assert abs(error) < 0.04, way


@pytest.mark.slow
@pytest.mark.parametrize(("logging", "target"), PAIRS)
def test_intervals_a_tenth_wide_hold_the_truth(
    logging: SlatePolicy[Outlook], target: SlatePolicy[Outlook]
) -> None:
    """At 12,000 impressions; whole slates need more, which is what the assumption is for."""
    found = held(logging, target, 12_000)
    narrow = found.filter(pl.col("width") <= 0.1)
    assert {"ips", "snips", "doubly robust"} <= set(narrow["way"])
    for way, share, _, error in narrow.iter_rows():
        assert 0.90 <= share <= 0.99, way
        assert abs(error) < 0.01, way
    width = dict(found.select("way", "width").iter_rows())
    assert width["doubly robust"] < width["ips"] < width["cascade"] < width["slate"]


def open_bandit(policy: str) -> pl.DataFrame:
    roots = [os.environ.get("METAREC_DATA"), Path(__file__).parents[3] / "shared" / "data"]
    for root in roots:
        if root and (Path(root) / "open-bandit-men").is_dir():
            return pl.read_csv(Path(root) / "open-bandit-men" / policy / "men.csv")
    pytest.skip("needs open-bandit-men; set METAREC_DATA to the folder that holds it")


@pytest.mark.slow
def test_the_clicks_of_one_real_policy_from_the_log_of_the_other() -> None:
    """Open Bandit, men: uniform chance and Bernoulli Thompson over 34 items at 3 places."""
    logs = {name: open_bandit(name) for name in ("random", "bts")}
    n_items = logs["random"]["item_id"].n_unique()
    often = logs["bts"].group_by("position", "item_id").len()
    often = often.with_columns(share=pl.col("len") / pl.col("len").sum().over("position"))
    shares = logs["random"].join(
        often, on=["position", "item_id"], how="left", maintain_order="left"
    )
    targets = {
        "bts": np.full(len(logs["bts"]), 1 / n_items),  # of the random policy, on the log of bts
        "random": shares["share"].fill_null(0.0).to_numpy(),  # and the other way round
    }
    for name, other in (("bts", "random"), ("random", "bts")):
        log = logs[name]
        clicks = log["click"].to_numpy()[:, None].astype(float)
        logged = log["propensity_score"].to_numpy()[:, None]
        truth = logs[other]["click"].to_numpy().astype(float)
        error = truth.std() / len(truth) ** 0.5
        for estimate in (inverse_propensity, self_normalised):
            found = estimate(clicks, logged, targets[name][:, None])
            wide = (found.high - found.low) / 2 / 1.96
            print(f"{other} from {name}, {estimate.__name__}: {found}; truth {truth.mean():.5f}")
            assert abs(found.value - truth.mean()) < 2.6 * np.hypot(wide, error)
            assert wide < truth.mean()
            assert found.effective > 500
