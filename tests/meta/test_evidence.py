"""Tables of evidence against brute force, the trust in them, and what a model says with them."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.optimize import check_grad

import metarec as mr
from metarec.contracts import Histories
from metarec.data import split_last_out
from metarec.meta.evidence import Contests, learn_trust
from metarec.meta.evidence.alike import Alike, Likeness
from metarec.meta.evidence.follow import follow
from metarec.meta.evidence.next import FAINTEST, next_after
from metarec.meta.evidence.together import together
from metarec.meta.evidence.trust import cross_entropy, list_loss

from .networks import without_evidence

N = 9
RNG = np.random.default_rng(5)
LOG = [[f"{item}" for item in RNG.integers(0, N, length)] for length in (7, 1, 12, 4, 9, 30)]
EVERY = np.arange(N)


@pytest.fixture(scope="module")
def histories() -> Histories:
    """Six histories with repeats over nine items, rows in the order of their names."""
    found = Histories.of([[(item, 1.0) for item in own] for own in LOG])
    names = mr.contracts.Vocabulary.of([f"{item}" for item in EVERY])
    return replace(found, vocabulary=names, items=names.index(found.vocabulary)[found.items])


def sequences() -> list[list[int]]:
    return [[int(item) for item in own] for own in LOG]


def is_target(histories: Histories) -> np.ndarray:
    return np.arange(len(histories.items)) % 3 != 0


@pytest.mark.parametrize("window", [1, 4])
@pytest.mark.parametrize("some", [False, True])
def test_follow_is_the_share_of_times_that_it_came_after(
    histories: Histories, window: int, some: bool
):
    targets = is_target(histories) if some else None
    expected, events, place = np.zeros((N, N)), np.zeros(N), 0
    for own in sequences():
        for at, item in enumerate(own):
            events[item] += 1
            for back in range(1, min(window, at) + 1):
                if targets is None or targets[place + at]:
                    expected[own[at - back], item] += 1
        place += len(own)
    found = follow(histories, window=window, keep=N, targets=targets).toarray()
    np.testing.assert_allclose(found, expected / np.maximum(events, 1)[:, None])
    kept = follow(histories, window=window, keep=2, targets=targets).toarray()
    assert ((kept > 0).sum(axis=1) <= 2).all()
    assert (kept.max(axis=1) == found.max(axis=1)).all()


def prefixes(histories: Histories, decay: float, targets: np.ndarray | None):
    """X and Y of every event that has one before it, by loops."""
    rows, asked, place = [], [], 0
    for own in sequences():
        for at, item in enumerate(own):
            x = np.zeros(N)
            for back in range(1, at + 1):
                weight = decay ** (back - 1)
                if weight >= FAINTEST - 1e-12:
                    x[own[at - back]] += weight
            if targets is None or targets[place + at]:
                rows.append(x)
                asked.append(np.eye(N)[item])
        place += len(own)
    return np.array(rows), np.array(asked)


@pytest.mark.parametrize("decay", [0.4, 0.8])
@pytest.mark.parametrize("some", [False, True])
@pytest.mark.parametrize("full", [0.0, 0.5, 1.0], ids=["full", "mixed", "sparse"])
def test_next_is_the_ridge_of_what_came_next_on_what_came_before(
    histories: Histories, decay: float, some: bool, full: float, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("metarec.meta.evidence.next.FULL", full)
    targets = is_target(histories) if some else None
    x, y = prefixes(histories, decay, targets)
    expected = np.linalg.solve(x.T @ x + 3.0 * np.eye(N), x.T @ y)
    found = next_after(histories, decay=decay, l2=3.0, keep=N, exact=EVERY, targets=targets)
    np.testing.assert_allclose(found.toarray(), expected, atol=2e-6)
    exact = np.array([1, 4, 8])
    part = next_after(histories, decay=decay, l2=3.0, keep=N, exact=exact, targets=targets)
    among = np.linalg.solve(x[:, exact].T @ x[:, exact] + 3.0 * np.eye(3), x[:, exact].T @ y)
    np.testing.assert_allclose(part.toarray()[exact], among, atol=2e-6)
    alone = (x.T @ y) / ((x**2).sum(axis=0) + 3.0)[:, None]
    rest = np.setdiff1d(EVERY, exact)
    np.testing.assert_allclose(part.toarray()[rest], alone[rest], atol=2e-6)


def test_together_is_the_ridge_of_each_item_on_all_others(histories: Histories):
    held = np.array([[item in own for item in range(N)] for own in sequences()], dtype=float)
    expected = np.zeros((N, N))
    for item in range(N):
        others = np.delete(EVERY, item)
        x = held[:, others]
        solved = np.linalg.solve(x.T @ x + 2.0 * np.eye(N - 1), x.T @ held[:, item])
        expected[others, item] = solved
    found = together(histories, l2=2.0, keep=N, exact=EVERY)
    np.testing.assert_allclose(found.toarray(), expected, atol=2e-6)
    wanted = EVERY % 2 == 0
    some = together(histories, l2=2.0, keep=N, exact=EVERY, wanted=wanted).toarray()
    np.testing.assert_allclose(some, expected * wanted, atol=2e-6)
    none = together(histories, l2=2.0, keep=N, exact=EVERY[:0]).toarray()
    pairs = held.T @ held
    plain = (pairs - np.diag(np.diag(pairs))) / (np.diag(pairs) + 2.0)[:, None]
    np.testing.assert_allclose(none, plain, atol=2e-6)


def test_alike_tells_the_nearest_by_how_far_they_are_beyond_the_first_left_out():
    directions = Likeness.of(RNG.normal(size=(40, 6)), width=6).directions(RNG.normal(size=(40, 6)))
    found = Alike.of(directions, keep=5)
    near = directions.astype(float) @ directions.astype(float).T / 4000**2
    np.fill_diagonal(near, 0.0)
    floor = np.maximum(np.sort(near, axis=1)[:, -6], 0.0)
    expected = np.maximum(near - floor[:, None], 0.0)
    np.testing.assert_allclose(found.matrix.toarray(), expected, atol=1e-6)
    assert ((found.matrix.toarray() > 0).sum(axis=1) <= 5).all()


def test_items_that_come_later_are_told_as_if_they_had_always_been_there():
    content = RNG.normal(size=(40, 6))
    content[17] = content[3]
    directions = Likeness.of(content, width=6).directions(content)
    found = Alike.of(directions, keep=8)
    wider = found.with_items(directions[[17]])
    matrix = wider.matrix.toarray()
    others = np.setdiff1d(np.arange(40), [3, 17])
    np.testing.assert_array_equal(matrix[others, 40], matrix[others, 17])
    np.testing.assert_array_equal(matrix[:40, :40], found.matrix.toarray())
    moved = found.with_changed(np.array([5]), directions[[17]])
    np.testing.assert_array_equal(
        moved.matrix.toarray()[others, 5][others != 5],
        found.matrix.toarray()[others, 17][others != 5],
    )


def contests(n: int = 60) -> Contests:
    rng = np.random.default_rng(0)
    tables = {name: rng.normal(size=(n, 20)) for name in ("good", "noise", "fair")}
    targets = rng.integers(0, 20, n)
    tables["good"][np.arange(n), targets] += 2.0
    tables["fair"][np.arange(n), targets] += 1.0
    return Contests.of(tables, np.zeros((n, 20), dtype=bool), targets, top=20)


@pytest.mark.parametrize("loss", [cross_entropy, list_loss])
@pytest.mark.parametrize("beside", [False, True])
def test_the_gradients_of_trust_are_those_of_differences(loss, beside: bool):
    given, at = contests(), np.array([0.7, 0.2, 0.4])
    fixed = RNG.normal(size=len(given.query)) if beside else None
    wrong = check_grad(lambda a: loss(given, a, fixed)[0], lambda a: loss(given, a, fixed)[1], at)
    assert wrong < 1e-5


def test_cross_entropy_is_that_of_a_softmax_over_rivals_and_target():
    given, weights = contests(), np.array([0.7, 0.2, 0.4])
    margins = given.margins @ weights
    expected = np.mean(
        [np.log1p(np.exp(margins[given.query == query]).sum()) for query in range(60)]
    )
    assert cross_entropy(given, weights)[0] == pytest.approx(expected)


def test_trust_goes_to_what_foretells_and_not_to_noise():
    good, noise, fair = learn_trust(contests(3000))
    assert good > fair > 4 * noise
    assert noise >= 0


def test_items_that_are_out_and_other_targets_are_no_rivals():
    scores = np.array([[5.0, 4.0, 3.0, 2.0]])
    out = np.array([[True, False, False, False]])
    given = Contests.of({"one": scores}, out, np.array([2]), top=3)
    assert given.margins[:, 0].tolist() == [1.0, -1.0]


@pytest.fixture(scope="module")
def planted() -> tuple[mr.Dataset, mr.MetaRecommender]:
    """Three hundred people who go round circles of items, in a file that says an order."""
    rng = np.random.default_rng(1)
    n, rows = 40, []
    for person in range(300):
        item = int(rng.integers(0, n))
        for place in range(8):
            rows.append((f"u{person}", f"i{item:02}", place))
            item = (item + 1) % n if rng.random() < 0.8 else int(rng.integers(0, n))
    users, items, places = zip(*rows, strict=True)
    log = pl.DataFrame({"user_id": users, "item_id": items, "timestamp": places})
    shop = mr.from_frames(log, feedback="implicit", clock="order")
    split = split_last_out(shop)
    config = mr.MetaConfig(d=4, steps=0, neighbours=20)
    return shop, mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(split.train, split.valid)


def test_an_order_that_people_follow_is_foretold(planted: tuple[mr.Dataset, mr.MetaRecommender]):
    _, model = planted
    split = split_last_out(planted[0])
    test = split.test["next event"]
    first = model.recommend(test.support, k=1).items[:, 0]
    alone = without_evidence(model).recommend(test.support, k=1).items[:, 0]
    asked = test.query.items
    assert np.mean(first == asked) > 0.6
    assert np.mean(alone == asked) < 0.4


def test_reasons_and_base_sum_to_the_score_and_effects_are_what_is_lost(
    planted: tuple[mr.Dataset, mr.MetaRecommender],
):
    _, model = planted
    history = ["i03", "i04", "i10", "i04"]
    person = model.adapt(history)
    for item in ("i05", "i20"):
        told = person.explain(item)
        assert set(told.reasons) == {"taste", "often next", "goes together", "reads alike"}
        parts = sum(said.sum() for said in told.reasons.values())
        assert told.base + parts == pytest.approx(told.score, abs=1e-9)
        assert told.score == pytest.approx(person.score([item])[0], abs=1e-12)
        for place in range(len(history)):
            without = model.adapt(history[:place] + history[place + 1 :]).score([item])[0]
            assert told.score - told.effects[place] == pytest.approx(without, abs=1e-9)
    assert person.explain("i05").reasons["often next"].argmax() == 3


def test_a_shop_without_an_order_has_no_table_of_one(
    planted: tuple[mr.Dataset, mr.MetaRecommender],
):
    shop, _ = planted
    events = shop.interactions.drop("timestamp")
    loose = replace(shop, clock=None, interactions=events)
    config = mr.MetaConfig(d=4, steps=0)
    model = mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(loose)
    told = model.heart.evidence
    assert told is not None
    assert [table.name for table in told.counted] == ["together"]
    assert {fade.decay for fade in (*told.counted[0].fades, *told.alike_fades)} == {1.0}
    once, other = (model.score([own], ["i05"]) for own in (["i03", "i04"], ["i04", "i03"]))
    alone = without_evidence(model)
    tabled = once - told.taste * alone.score([["i03", "i04"]], ["i05"])
    swapped = other - told.taste * alone.score([["i04", "i03"]], ["i05"])
    np.testing.assert_allclose(tabled, swapped, atol=1e-12)
