"""The standing of a sum beside each table, by loops over people."""

import numpy as np
import pytest

from metarec.meta.evidence.standing import Standing, standing_of
from metarec.meta.evidence.trust import Contests

PEOPLE = 180


def planted(strengths: list[float]) -> tuple[Contests, np.ndarray]:
    """One to three queries a person, whose rows stand mixed; table t places the target
    `strengths[t]` above its thirty rivals."""
    rng = np.random.default_rng(1)
    person = rng.permutation(np.repeat(np.arange(PEOPLE), np.arange(PEOPLE) % 3 + 1))
    query = np.repeat(np.arange(len(person)), 30)
    margins = rng.normal(-np.array(strengths), 1.0, (len(query), len(strengths)))
    names = tuple(f"t{place}" for place in range(len(strengths)))
    return Contests(names, margins, query, len(person)), 7 + 3 * person


def gains(contests: Contests, weights: list[float]) -> np.ndarray:
    """1 / log2(1 + rank) of each target, 0 behind the tenth place."""
    ahead = np.zeros(contests.n_queries)
    for query, margin in zip(contests.query, contests.margins @ weights, strict=True):
        ahead[query] += margin > 0
    return np.where(ahead < 10, 1 / np.log2(2 + ahead), 0.0)


def by_person(contests: Contests, person: np.ndarray, weights: list[float]) -> np.ndarray:
    told = gains(contests, weights)
    return np.array([told[person == one].mean() for one in np.unique(person)])


def learned(monkeypatch: pytest.MonkeyPatch, of_all: list[float], alone: list[float]) -> None:
    for name, weights in (("learn_trust", of_all), ("the_best_alone", alone)):
        monkeypatch.setattr(
            f"metarec.meta.evidence.standing.{name}", lambda _, weights=weights: np.array(weights)
        )


def test_the_means_are_over_people_and_the_interval_is_that_of_the_mean_difference(monkeypatch):
    contests, person = planted([0.9, 0.5])
    learned(monkeypatch, [1.0, 0.6], [1.0, 0.0])
    monkeypatch.setattr("metarec.meta.evidence.standing.DRAWS", 30_000)
    found = standing_of(contests, person, np.random.default_rng(0))
    mixed, row = (by_person(contests, person, weights) for weights in ([1, 0.6], [1, 0]))
    assert (found.people, found.row, found.share) == (PEOPLE, "t0", 1.0)
    assert (found.own, found.alone) == pytest.approx((mixed.mean(), row.mean()))
    width = 1.96 * (mixed - row).std() / PEOPLE**0.5
    mean = (mixed - row).mean()
    assert found.low == pytest.approx(mean - width, abs=0.04 * width)
    assert found.high == pytest.approx(mean + width, abs=0.04 * width)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_the_share_is_the_quarter_whose_lists_gain_most(monkeypatch, share: float):
    contests, person = planted([1 - share, share])
    learned(monkeypatch, [0.0, 1.0], [1.0, 0.0])
    own = {
        part: by_person(contests, person, [1 - part, part]).mean()
        for part in (0.0, 0.25, 0.5, 0.75, 1.0)
    }
    assert max(own, key=own.__getitem__) == share
    found = standing_of(contests, person, np.random.default_rng(0))
    assert (found.share, found.own) == (share, pytest.approx(own[share]))


@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_every_person_is_drawn(monkeypatch, ahead: int):
    """The sum is ahead of both tables for one person alone, whom each lets down by one rival."""
    margins = np.full((6, 2), -1.0)
    margins[2 * ahead] = 1.0, -3.0
    margins[2 * ahead + 1] = -3.0, 1.0
    contests = Contests(("a", "b"), margins, np.repeat(np.arange(3), 2), 3)
    learned(monkeypatch, [1.0, 1.0], [1.0, 1.0])
    found = standing_of(contests, np.array([4, 5, 6]), np.random.default_rng(0))
    assert (found.own, found.row, found.low) == (1.0, "a", 0.0)
    assert found.high >= 2 / 3 * (1 - 1 / np.log2(3))


def test_a_standing_says_whether_the_sum_is_ahead():
    assert str(Standing(1200, 0.25, "next", 0.2, 0.01, 0.09, 0.5)) == (
        'NDCG@10 0.250 on 1,200 held-out people, ahead of the best table alone ("next", 0.200) '
        "by 0.050 [+0.010, +0.090]"
    )
    short = str(Standing(9, 0.2, "next", 0.25, -0.09, 0.01, 0.5))
    assert 'short of the best table alone ("next", 0.250) by 0.050 [-0.090, +0.010]' in short
    assert "ahead of" in str(Standing(9, 0.2, "next", 0.2, -0.09, 0.01, 0.5))
