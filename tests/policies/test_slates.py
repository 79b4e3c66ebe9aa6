"""Propensities are exact: those of every slate, counted one by one, and the frequencies of acts."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from metarec.contracts import DataError, Outlook, UnsupportedError
from metarec.policies import (
    EXPLORING,
    UCB,
    EpsilonGreedy,
    Greedy,
    SlatePolicy,
    Slates,
    Thompson,
    exploring,
)

OVER_OUTLOOKS = [Greedy(), EpsilonGreedy(0.3), UCB(1.5, 0.2), Thompson(1.0, 0.15), Thompson(2.0, 0)]


def outlook(
    people: int, items: int, seed: int = 0, draws: int = 8, barred: int = 0, spread: float = 0.7
) -> Outlook:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(people, items))
    stds = spread * rng.uniform(0.5, 1.5, size=scores.shape)
    drawn = scores[:, None] + stds[:, None] * rng.normal(size=(people, draws, items))
    for person in range(people):
        scores[person, rng.choice(items, barred, replace=False)] = np.nan
    return Outlook(scores, stds, drawn)


def by_counting(policy: SlatePolicy[Outlook], context: Outlook, k: int, person: int) -> dict:  # type: ignore[type-arg]
    """The probability of every slate of one person, by the words of the definition."""
    scores, stds = context.scores[person], context.stds[person]
    allowed = [i for i in range(len(scores)) if not np.isnan(scores[i])]
    if isinstance(policy, Thompson):
        tables = [scores + policy.scale * (draw - scores) for draw in context.draws[person]]
    else:
        tables = [scores + (policy.beta * stds if isinstance(policy, UCB) else 0.0)]
    every = list(permutations(allowed, min(k, len(allowed))))
    found = dict.fromkeys(every, policy.epsilon / len(every))
    for table in tables:
        best = sorted(allowed, key=lambda i: (-table[i], i))[:k]
        found[tuple(best)] += (1 - policy.epsilon) / len(tables)
    return found


@pytest.mark.parametrize("policy", OVER_OUTLOOKS)
@pytest.mark.parametrize(("items", "barred", "k"), [(5, 0, 3), (5, 2, 2), (4, 2, 3), (3, 0, 1)])
def test_propensities_are_those_of_every_slate_counted(
    policy: SlatePolicy[Outlook], items: int, barred: int, k: int
) -> None:
    context = outlook(3, items, seed=items, barred=barred)
    table = policy.slates(context, k).table()
    for person in range(3):
        counted = by_counting(policy, context, k, person)
        assert sum(counted.values()) == pytest.approx(1.0, abs=1e-12)
        places = np.zeros((k, items))
        for slate, chance in counted.items():
            places[np.arange(len(slate)), list(slate)] += chance
        np.testing.assert_allclose(table[person], places, atol=1e-12, rtol=0)
        for slate in counted:
            shown = np.full((3, k), -1)
            shown[person, : len(slate)] = slate
            found = policy.propensity(context, shown)
            assert found.slates[person] == pytest.approx(counted[slate], abs=1e-12)
            for place in range(len(slate)):
                assert found.places[person, place] == pytest.approx(
                    places[place, slate[place]], abs=1e-12
                )
                same = [c for s, c in counted.items() if s[: place + 1] == slate[: place + 1]]
                assert found.prefixes[person, place] == pytest.approx(sum(same), abs=1e-12)
            assert np.isnan(found.places[person, len(slate) :]).all()


@given(st.integers(0, 2**31), st.floats(0, 1), st.integers(1, 4), st.integers(0, 2))
def test_chances_sum_to_one_at_every_place(seed: int, epsilon: float, k: int, barred: int) -> None:
    context = outlook(2, 5, seed=seed, draws=3, barred=barred)
    table = Thompson(1.0, epsilon).slates(context, k).table()
    filled = np.arange(k) < 5 - barred
    np.testing.assert_allclose(table.sum(axis=2), np.broadcast_to(filled, (2, k)), atol=1e-12)
    assert (table[np.isnan(context.scores)[:, None, :].repeat(k, axis=1)] == 0).all()


def test_what_no_policy_may_show_has_no_chance() -> None:
    context = outlook(1, 4, barred=0)
    context.scores[0, 3] = np.nan
    policy = EpsilonGreedy(1.0)
    barred, short = ([1, 3], [1, -1])
    for shown, left in ((barred, 1 / 3), (short, 1 / 3)):
        found = policy.propensity(context, np.array([shown]))
        assert found.slates.tolist() == [0.0]
        assert found.prefixes[0, 0] == pytest.approx(left)
    assert policy.propensity(context, np.array([barred])).places[0, 1] == 0.0


@pytest.mark.parametrize("policy", OVER_OUTLOOKS)
@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ([[0, 1], [2, 2]], "slate 1 shows column 2 twice"),
        ([[0, 1, 2], [2, 0, 2]], "slate 1 shows column 2 twice"),
        ([[0, 4], [1, 2]], "slate 0 has 4 of 4 candidates at place 1"),
        ([[0, -2], [1, 2]], "slate 0 has -2 at place 1"),
        ([[0, 1]], "of 2 people it has 1 slates"),
        ([0, 1], r"got int64 of shape \(2,\)"),
        ([[0.0, 1.0], [1.0, 2.0]], "got float64"),
        ([[], []], "at least one place"),
    ],
)
def test_what_is_no_slate_of_the_candidates_is_refused(
    policy: SlatePolicy[Outlook], shown: object, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        policy.propensity(outlook(2, 4), shown)  # type: ignore[arg-type]
    assert np.isfinite(policy.propensity(outlook(2, 4), np.array([[0, 1], [2, -1]])).slates).all()


@pytest.mark.parametrize("rng", [0, "a", None, np.random.RandomState(0)])
def test_a_policy_draws_from_a_generator_alone(rng: object) -> None:
    for policy in OVER_OUTLOOKS:
        with pytest.raises(DataError, match="rng must be a generator that goes on"):
            policy.act(outlook(2, 4), 2, rng)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", OVER_OUTLOOKS)
def test_each_person_is_answered_as_if_alone(policy: SlatePolicy[Outlook]) -> None:
    context = outlook(6, 7, barred=1)
    shown = policy.act(context, 3, np.random.default_rng(0)).items
    together = policy.propensity(context, shown)
    for person in range(6):
        own = Outlook(*(a[[person]] for a in (context.scores, context.stds, context.draws)))
        alone = policy.propensity(own, shown[[person]])
        np.testing.assert_array_equal(alone.places[0], together.places[person])
        np.testing.assert_array_equal(alone.prefixes[0], together.prefixes[person])


@pytest.mark.parametrize("policy", OVER_OUTLOOKS)
def test_the_same_seed_is_the_same_act(policy: SlatePolicy[Outlook]) -> None:
    context = outlook(50, 8)
    first, again, other = (policy.act(context, 3, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.items, again.items)
    np.testing.assert_array_equal(first.propensities.places, again.propensities.places)
    assert isinstance(policy, Greedy) or (first.items != other.items).any()
    found = policy.propensity(context, first.items)
    np.testing.assert_array_equal(found.places, first.propensities.places)


def frequencies_agree(policy: SlatePolicy[Outlook], acts: int, items: int, k: int) -> float:
    """The p value of χ² over 20 contexts, all slates that are expected five times or more."""
    context = outlook(20, items, draws=6)
    many = Outlook(
        *(np.repeat(a, acts, axis=0) for a in (context.scores, context.stds, context.draws))
    )
    shown = policy.act(many, k, np.random.default_rng(3)).items.reshape(20, acts, k)
    statistic, freedom = 0.0, 0
    for person in range(20):
        expected = {s: acts * c for s, c in by_counting(policy, context, k, person).items()}
        seen: dict[tuple[int, ...], int] = {}
        for slate in map(tuple, shown[person].tolist()):
            seen[slate] = seen.get(slate, 0) + 1
        assert all(expected[slate] > 0 for slate in seen)
        often = [s for s, e in expected.items() if e >= 5]
        rest = sum(expected.values()) - sum(expected[s] for s in often)
        cells = [(seen.get(s, 0), expected[s]) for s in often]
        if rest >= 5:
            cells.append((acts - sum(n for n, _ in cells), rest))
        statistic += sum((n - e) ** 2 / e for n, e in cells)
        freedom += len(cells) - 1
    return float(chi2.sf(statistic, freedom))


@pytest.mark.parametrize("policy", [EpsilonGreedy(0.3), UCB(1.5, 0.2), Thompson(1.0, 0.15)])
def test_slates_come_as_often_as_their_propensities_say(policy: SlatePolicy[Outlook]) -> None:
    assert frequencies_agree(policy, 500, 4, 2) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("policy", [EpsilonGreedy(0.3), UCB(1.5, 0.2), Thompson(1.0, 0.15)])
def test_five_thousand_acts_in_each_of_twenty_contexts(policy: SlatePolicy[Outlook]) -> None:
    assert frequencies_agree(policy, 5_000, 5, 3) > 1e-4


def test_what_was_said_to_be_likely_is_likely_under_fresh_draws() -> None:
    """Every act has draws of its own; at each place what a candidate was said to be shown with is
    how often it was, bin by bin of what was said."""
    rng = np.random.default_rng(5)
    acts, items, k = 4_000, 6, 2
    scores = np.repeat(rng.normal(size=(1, items)), acts, axis=0)
    stds = np.full_like(scores, 0.5)
    drawn = scores[:, None] + 0.5 * rng.normal(size=(acts, 4, items))
    context, policy = Outlook(scores, stds, drawn), Thompson(1.0, 0.2)
    said = policy.slates(context, k).table()
    shown = policy.act(context, k, rng).items
    came = shown[:, :, None] == np.arange(items)
    bins = np.digitize(said, [0.1, 0.3, 0.5, 0.7])
    for number in np.unique(bins):
        inside = bins == number
        n, mean = inside.sum(), said[inside].mean()
        assert abs(came[inside].mean() - mean) < 4 * np.sqrt(mean * (1 - mean) / n)


def test_epsilon_one_shows_anything_alike() -> None:
    context = outlook(2, 4)
    slates = EpsilonGreedy(1.0).slates(context, 2)
    np.testing.assert_allclose(slates.table(), 0.25)
    for shown in product(range(4), repeat=2):
        chance = slates.up_to(np.array([shown, shown]))[:, -1]
        assert chance == pytest.approx(0.0 if shown[0] == shown[1] else 1 / 12)


def test_a_log_of_the_greedy_list_tells_of_nothing_else() -> None:
    context = outlook(4, 5)
    acted = Greedy().act(context, 2, np.random.default_rng(0))
    assert not acted.evaluable
    assert acted.propensities.slates.tolist() == [1.0] * 4
    assert Greedy().propensity(context, acted.items[:, ::-1]).slates.tolist() == [0.0] * 4
    np.testing.assert_array_equal(acted.items, np.argsort(-context.scores, axis=1)[:, :2])
    assert EpsilonGreedy(0.1).act(context, 2, np.random.default_rng(0)).evaluable
    assert not Thompson(1.0, 0.0).evaluable
    assert not UCB(1.0).evaluable


def test_equal_scores_keep_the_order_of_the_candidates() -> None:
    context = Outlook(np.zeros((1, 4)), np.zeros((1, 4)), np.zeros((1, 2, 4)))
    for policy in (Greedy(), UCB(1.0), Thompson(1.0, 0.0)):
        assert policy.act(context, 3, np.random.default_rng(0)).items.tolist() == [[0, 1, 2]]


def test_ucb_takes_what_could_well_be_best() -> None:
    context = Outlook(np.array([[1.0, 0.8, 0.0]]), np.array([[0.1, 0.4, 0.2]]), np.empty((1, 0, 3)))
    shown = [
        UCB(beta).act(context, 1, np.random.default_rng(0)).items[0, 0] for beta in (0, 0.5, 1)
    ]
    assert shown == [0, 0, 1]


def test_what_a_model_does_not_know_is_said() -> None:
    context = outlook(2, 4, draws=0)
    unsure = Outlook(context.scores, np.full((2, 4), np.nan), np.full((2, 3, 4), np.nan))
    with pytest.raises(
        UnsupportedError, match=r"UCB needs standard deviations.*epsilon-greedy needs none"
    ):
        UCB(1.0).slates(unsure, 2)
    with pytest.raises(UnsupportedError, match=r"Thompson needs draws of the scores"):
        Thompson().slates(unsure, 2)
    with pytest.raises(DataError, match="draws=64"):
        Thompson().slates(context, 2)
    assert UCB(0.0).slates(unsure, 2).lists.shape == (2, 1, 2)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), True, "half"])
def test_settings_that_are_none_are_refused(wrong: float) -> None:
    for make in (EpsilonGreedy, lambda e: UCB(1.0, e), lambda e: Thompson(1.0, e)):
        with pytest.raises(DataError, match="epsilon must be a number from 0 to 1"):
            make(wrong)
    with pytest.raises(DataError, match="exploration must be a number from 0 to 1"):
        exploring("thompson", wrong)


def test_a_factor_that_is_none_is_refused() -> None:
    for make in (UCB, Thompson):
        for wrong in (-1.0, float("inf"), float("nan")):
            with pytest.raises(DataError, match="must be a finite number of at least 0"):
                make(wrong)


def test_every_policy_is_greedy_where_nothing_is_explored() -> None:
    context = outlook(5, 6)
    best = Greedy().act(context, 3, np.random.default_rng(0)).items
    for name in EXPLORING:
        acted = exploring(name, 0.0).act(context, 3, np.random.default_rng(0))
        np.testing.assert_array_equal(acted.items, best)
        assert not acted.evaluable
        assert exploring(name).evaluable == (name != "greedy")
    with pytest.raises(DataError, match="there are greedy, epsilon_greedy, ucb, thompson"):
        exploring("softmax")


def test_a_policy_over_outlooks_has_nothing_of_its_own_to_learn() -> None:
    context = outlook(1, 3)
    policy = Thompson()
    assert policy.learn(context, np.array([[0]]), np.array([[1.0]])) is policy


def test_nothing_to_show_is_an_empty_slate() -> None:
    context = Outlook(np.full((1, 2), np.nan), np.zeros((1, 2)), np.zeros((1, 1, 2)))
    acted = EpsilonGreedy(0.5).act(context, 2, np.random.default_rng(0))
    assert acted.items.tolist() == [[-1, -1]]
    assert np.isnan(acted.propensities.places).all()
    assert Slates(acted.items[:, None], context.allowed, 0.5).n.tolist() == [0]
