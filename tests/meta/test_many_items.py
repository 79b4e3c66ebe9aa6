"""A shop of many items is learned and served without anything that grows with their square."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

import metarec as mr
from metarec.contracts import Episodes, Histories, Vocabulary
from metarec.contracts.alignment import align
from metarec.contracts.event_kinds import ANY_KIND
from metarec.meta.evidence import cells
from metarec.meta.evidence.alike import Alike
from metarec.meta.evidence.next import next_after
from metarec.meta.evidence.questions import Questions
from metarec.meta.evidence.saved import evidence_from, evidence_state
from metarec.meta.evidence.spoken import Spoken, said_by, spoken_of
from metarec.meta.evidence.together import together
from metarec.meta.evidence.trust import Contests
from metarec.meta.heads.choice_validation import ranks_of

from .many import directions_of, expect_same


@pytest.fixture(scope="module")
def large() -> mr.MetaRecommender:
    """Of 220 items, which are many."""
    shop = mr.generate(users=100, items=220, kind="implicit", rng=1).dataset
    config = mr.MetaConfig(d=3, steps=0, neighbours=20, exact_items=50)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cells, "LOOKED", 60)
        patched.setattr(cells, "ROOTS", 2.0)
        patched.setattr("metarec.meta.evidence.alike.ALL_PAIRS", 200)
        for module in ("evidence", "next", "spoken", "trust"):
            patched.setattr(f"metarec.meta.evidence.{module}.MANY_ITEMS", 200)
        return mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(shop)


def test_answers_by_the_few_rows_of_events_are_those_of_whole_tables(
    large: mr.MetaRecommender, few_are_many: None
):
    ids = large.catalogue.ids.tolist()
    people = [[ids[3], ids[200], ids[3]], [], [ids[9]], ids[40:60]]
    spoken = spoken_of(align(people, large.catalogue), ordered=True)
    evidence = large.heart.evidence
    assert evidence is not None
    by_rows = evidence.logits(spoken)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("metarec.meta.evidence.evidence.MANY_ITEMS", 1000)
        whole = evidence.logits(spoken)
    assert np.ptp(whole) > 0.1
    np.testing.assert_allclose(by_rows, whole, rtol=1e-12, atol=1e-12)


def test_a_model_of_many_items_says_how_many_of_the_nearest_it_finds_and_is_saved_with_its_cells(
    large: mr.MetaRecommender, few_are_many: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cells, "LOOKED", 60)
    evidence, recall = large.heart.evidence, large.metrics["neighbours"]["recall"]
    assert evidence is not None
    assert 0.3 < recall < 1.0
    assert recall == evidence.alike.recall()
    assert f"{recall:.0%} of the nearest items" in " ".join(large.summary)
    again = evidence_from(evidence_state(evidence)).alike
    more = directions_of(3, d=again.directions.shape[1], seed=4)
    expect_same(again.with_items(more), evidence.alike.with_items(more))


def test_next_solves_for_the_columns_of_the_most_touched_and_counts_the_others(
    monkeypatch: pytest.MonkeyPatch,
):
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(60), 8)
    items = np.minimum(rng.geometric(0.15, len(people)) - 1, 19)
    histories = shop_of(people, items, 20)
    exact, settings = np.arange(5), {"decay": 0.5, "l2": 3.0, "keep": 20}
    whole = next_after(histories, exact=exact, **settings).toarray()
    counted = next_after(histories, exact=np.arange(0), **settings).toarray()
    monkeypatch.setattr("metarec.meta.evidence.next.MANY_ITEMS", 12)
    counts = np.bincount(items, minlength=20)
    solved = np.argsort(-counts, kind="stable")[:12]
    others = np.setdiff1d(np.arange(20), solved)
    found = next_after(histories, exact=exact, **settings).toarray()
    np.testing.assert_allclose(found[:5, solved], whole[:5, solved], atol=1e-6)
    np.testing.assert_allclose(found[:5, others], counted[:5, others], atol=1e-6)
    np.testing.assert_allclose(found[5:], whole[5:], atol=1e-6)
    assert np.abs(counted[:5, others] - whole[:5, others]).max() > 1e-3


def test_ranks_are_those_of_a_stable_sort_however_they_are_found(
    monkeypatch: pytest.MonkeyPatch,
):
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, (4, 30)).astype(np.float32)
    scores[0, :5] = -np.inf
    scores[3] = rng.normal(size=30)
    asked, mask = rng.integers(0, 30, (4, 3)), rng.random((4, 3)) < 0.7
    mask[1] = False
    places = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    expected = np.where(mask, np.take_along_axis(places, asked, axis=1), 0)
    assert np.array_equal(ranks_of(scores, asked, mask), expected)
    monkeypatch.setattr("metarec.meta.heads.choice_validation.MANY_ITEMS", 10)
    assert np.array_equal(ranks_of(scores, asked, mask), expected)


def test_a_step_of_many_items_takes_fewer_people():
    config = mr.MetaConfig()
    assert [config.within(n).batch_users for n in (100, 131_072, 262_144, 9_000_000)] == [
        128,
        128,
        64,
        16,
    ]
    assert mr.MetaConfig(batch_users=5).within(9_000_000).batch_users == 5


def test_of_many_items_fewer_queries_are_asked(monkeypatch: pytest.MonkeyPatch):
    shop = mr.generate(users=60, items=50, kind="implicit", rng=1).dataset
    episodes = Episodes(shop.histories, shop.histories)
    for most, scores, n in ((400, 1, 300), (400, 50 * 350, 350), (400, 10**9, 400)):
        monkeypatch.setattr("metarec.meta.evidence.questions.MOST_SCORES", scores)
        among, rng = np.ones(50, dtype=bool), np.random.default_rng(0)
        assert len(Questions.of(episodes, ANY_KIND, among, rng, most=most)) == n


def test_a_person_of_many_items_has_the_scores_of_a_batch(
    large: mr.MetaRecommender, monkeypatch: pytest.MonkeyPatch
):
    events = large.catalogue.ids[:4].tolist()
    whole = large.adapt(events).score(large.catalogue.ids.tolist())
    monkeypatch.setattr("metarec.meta.updaters.closed_form.MANY_ITEMS", 100)
    by_column = large.adapt(events).score(large.catalogue.ids.tolist())
    assert np.ptp(whole) > 0.01
    np.testing.assert_allclose(by_column, whole, rtol=1e-12, atol=1e-12)


def test_together_of_too_many_sums_is_not_solved_among_people(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    histories = shop_of(np.repeat(np.arange(20), 6), rng.integers(0, 30, 120), 30)
    settings = {"l2": 3.0, "keep": 30, "exact": np.arange(5)}
    counted = together(histories, **settings).toarray()
    for products, same in ((30 * 120, False), (30 * 120 - 1, True)):
        monkeypatch.setattr("metarec.meta.evidence.together.MOST_PRODUCTS", products)
        found = together(histories, **settings, most_people=20).toarray()
        assert np.allclose(found, counted, atol=1e-6) == same


def test_what_a_table_of_many_items_says_is_that_of_a_product(few_are_many: None):
    rng = np.random.default_rng(0)
    matrix = sp.csr_array(sp.random_array((300, 300), density=0.1, rng=rng, dtype=np.float32))
    people = np.array([0, 0, 0, 2, 2])
    spoken = Spoken(people, np.array([5, 5, 299, 0, 7]), np.array([2.0, 1, 0, 1, 0]), 3)
    expected = (spoken.weights(0.7, 300) @ matrix).toarray()
    np.testing.assert_allclose(said_by(matrix, spoken, 0.7), expected, rtol=1e-12)


def test_of_many_items_the_rivals_are_the_same_best(few_are_many: None):
    rng = np.random.default_rng(0)
    tables = {"one": rng.normal(size=(3, 300)), "two": np.maximum(rng.normal(size=(3, 300)), 1.0)}
    out, targets = rng.random((3, 300)) < 0.2, np.array([4, 9, 20])
    found = Contests.of(tables, out, targets, top=7)
    for person, target in enumerate(targets):
        rivals = set()
        for scores in tables.values():
            order = np.lexsort((np.arange(300), -scores[person] + 1e9 * out[person]))
            rivals |= set(order[:7].tolist())
        expected = np.array(sorted(rivals - {int(target)}))
        margins = [s[person, expected] - s[person, target] for s in tables.values()]
        np.testing.assert_allclose(found.margins[found.query == person], np.stack(margins, axis=1))


def shop_of(people: np.ndarray, items: np.ndarray, n_items: int) -> Histories:
    """Histories of these people, who stand together, over so many items."""
    lengths = np.bincount(people)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    nothing = np.full(len(items), np.nan)
    ids = Vocabulary.of([f"i{item}" for item in range(n_items)])
    return Histories(ids, items, np.ones(len(items)), nothing, offsets, np.full(len(items), -1))


def test_thirty_thousand_items_take_no_square_of_numbers(monkeypatch: pytest.MonkeyPatch):
    n, square = 30_000, 30_000**2
    monkeypatch.setattr(cells, "LOOKED", 500)
    monkeypatch.setattr(cells, "ROOTS", 4.0)
    monkeypatch.setattr("metarec.meta.evidence.alike.ALL_PAIRS", 20_000)
    rng = np.random.default_rng(0)
    histories = shop_of(np.repeat(np.arange(3000), 5), rng.integers(0, n, 15_000), n)
    exact, directions = np.arange(200), directions_of(n, 300)
    tracemalloc.start()
    Alike.of(directions, keep=20)
    next_after(histories, decay=0.5, l2=3.0, keep=20, exact=exact)
    together(histories, l2=3.0, keep=20, exact=exact)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < square / 4  # bytes, and a number takes 4 or 8
