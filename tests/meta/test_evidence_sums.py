"""What evidence says of each item as sums by loops, what is asked of it, and the trust in it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from metarec.contracts import Episodes, EventKinds, Histories, Vocabulary
from metarec.meta.evidence import (
    Contests,
    Evidence,
    Fade,
    Popular,
    Spoken,
    Table,
    Untouched,
    learn_trust,
    spoken_of,
)
from metarec.meta.evidence.alike import Alike, Likeness, Plain
from metarec.meta.evidence.questions import Questions
from metarec.meta.evidence.standing import standing_of
from metarec.meta.evidence.trust import (
    cross_entropy,
    gains_of,
    learn_beside,
    list_loss,
    the_best_alone,
)

N = 7
RNG = np.random.default_rng(6)
LOG = ([0, 3, 3], [], [5, 1, 2, 6, 0], [4])
NAMES = Vocabulary.of([f"i{item}" for item in range(N)])


def histories(log: Sequence[Sequence[int]], **columns: object) -> Histories:
    """Histories over seven items; a row of the vocabulary is the item's own number."""
    found = Histories.of([[f"i{item}" for item in own] for own in log])
    rows = np.array([int(name[1:]) for name in found.vocabulary], dtype=np.int64)
    return replace(found, vocabulary=NAMES, items=rows[found.items], **columns)


def sparse(seed: int) -> sp.csr_array:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(N, N)) * (rng.random((N, N)) < 0.6)
    return sp.csr_array(table.astype(np.float32))


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Two tables of one decay, one of two, one without trust, and two untouched items."""
    content = np.random.default_rng(1).normal(size=(N, 5))
    likeness = Likeness.of(content, width=3)
    return Evidence(
        taste=1.5,
        counted=(
            Table("next", sparse(1), (Fade(0.5, 2.0),)),
            Table("follow", sparse(2), (Fade(0.5, 3.0),)),
            Table("together", sparse(3), (Fade(0.9, 0.7), Fade(1.0, 0.6))),
            Table("next long", sparse(4), (Fade(0.8, 0.0),)),
        ),
        popular=Popular(np.linspace(0, 1, N), {"popular": 1.0}, 0.8, 1.6),
        likeness=likeness,
        alike=Alike.of(likeness.directions(content), keep=4),
        plain=Plain.of(content, width=4),
        alike_fades=(Fade(0.7, 1.1), Fade(1.0, 0.2)),
        untouched=Untouched(
            rows=np.array([False] * 5 + [True] * 2),
            offset=-0.3,
            likeness=(Fade(0.7, 0.4), Fade(1.0, 0.9)),
            near=0.6,
            plain=0.35,
            taste=0.25,
        ),
        ordered=True,
    )


def said_of(evidence: Evidence, own: Sequence[int], item: int) -> dict[str, np.ndarray]:
    """What each event of one history says, table by table."""
    ages = np.arange(len(own))[::-1]
    matrices = {table.name: table.matrix.toarray().astype(float) for table in evidence.counted}
    fades = {table.name: table.fades for table in evidence.counted}
    matrices["alike"] = evidence.alike.matrix.toarray().astype(float)
    fades["alike"] = evidence.untouched.likeness if item >= 5 else evidence.alike_fades
    said = {
        name: sum(fade.weight * fade.decay**ages for fade in fades[name]) * matrix[list(own), item]
        for name, matrix in matrices.items()
    }
    if item >= 5:
        for weight, told in ((0.6, evidence.alike), (0.35, evidence.plain)):
            directions = told.directions.astype(float) / 4000
            said["alike"] = said["alike"] + weight * directions[list(own)] @ directions[item]
    return said


def expected_logits(evidence: Evidence) -> np.ndarray:
    table = np.zeros((len(LOG), N))
    for person, own in enumerate(LOG):
        fades = 1.0 / (1.0 + len(own) / 3.0)
        for item in range(N):
            said = said_of(evidence, own, item)
            table[person, item] = (0.8 + 1.6 * fades) * item / 6 - 0.3 * (item >= 5)
            table[person, item] += sum(part.sum() for part in said.values())
    return table


def test_what_is_said_is_the_sum_over_tables_and_events(evidence: Evidence):
    spoken = spoken_of(histories(LOG), ordered=True)
    assert spoken.ages.tolist() == [2, 1, 0, 4, 3, 2, 1, 0, 0]
    np.testing.assert_allclose(evidence.logits(spoken), expected_logits(evidence), atol=1e-12)
    assert evidence.trust.tolist() == [1.5] * 5 + [0.25] * 2
    loose = spoken_of(histories(LOG), ordered=False)
    assert loose.ages.tolist() == [0.0] * 9


def test_reasons_and_base_of_one_item_sum_to_what_is_said_of_it(evidence: Evidence):
    expected = expected_logits(evidence)
    for person, own in enumerate(LOG):
        ages = np.arange(len(own))[::-1].astype(float)
        for item in range(N):
            said = said_of(evidence, own, item)
            found = evidence.reasons(np.array(own, dtype=np.int64), ages, item)
            often = said["next"] + said["follow"] + said["next long"]
            assert set(found) == {"often next", "goes together", "reads alike"}
            np.testing.assert_allclose(found["often next"], often, atol=1e-12)
            np.testing.assert_allclose(found["goes together"], said["together"], atol=1e-12)
            np.testing.assert_allclose(found["reads alike"], said["alike"], atol=1e-12)
            total = evidence.base(item, len(own)) + sum(part.sum() for part in found.values())
            assert total == pytest.approx(expected[person, item], abs=1e-12)


def test_items_that_come_later_are_untouched_and_known_by_content_alone(evidence: Evidence):
    content = np.random.default_rng(9).normal(size=(2, 5))
    wider = evidence.with_items(content)
    assert wider.untouched.rows.tolist() == [False] * 5 + [True] * 4
    assert wider.untouched.rows.dtype == bool
    assert wider.popular.known.tolist() == [*evidence.popular.known, 0.0, 0.0]
    for table, before in zip(wider.counted, evidence.counted, strict=True):
        assert table.matrix.shape == (N + 2, N + 2)
        assert table.matrix.nnz == before.matrix.nnz
        np.testing.assert_array_equal(table.matrix.toarray()[:N, :N], before.matrix.toarray())
    directions = evidence.likeness.directions(content)
    told = evidence.alike.with_items(directions)
    np.testing.assert_array_equal(wider.alike.matrix.toarray(), told.matrix.toarray())
    other = evidence.with_changed(np.array([1, 6]), content)
    told = evidence.alike.with_changed(np.array([1, 6]), directions)
    np.testing.assert_array_equal(other.alike.matrix.toarray(), told.matrix.toarray())
    assert other.untouched is evidence.untouched


ASKED = ([1, 2], [0, 6], [3], [4, 4])


def questions(declared: EventKinds | None = None, **columns: object) -> Questions:
    query = histories(ASKED, values=np.arange(1.0, 8.0))
    offered = np.array([True] * 6 + [False])
    candidates = np.arange(N) != 2
    episodes = Episodes(histories(LOG, **columns), query, candidates)
    return Questions.of(episodes, declared or EventKinds(), offered, np.random.default_rng(0))


def test_a_question_leaves_out_what_is_had_and_all_that_is_asked():
    asked = questions()
    assert asked.person.tolist() == [0, 0, 1, 2, 3, 3]  # the last item is not offered
    assert asked.targets.tolist() == [1, 2, 0, 3, 4, 4]
    assert asked.values.tolist() == [1, 2, 3, 5, 6, 7]
    assert asked.candidates.tolist() == [True, True, False, True, True, True, False]
    out = [set(own) | set(query) for own, query in zip(LOG, ASKED, strict=True)]
    assert [set(np.flatnonzero(row)) for row in asked.out.toarray()] == out
    no_more = np.zeros(N, dtype=bool)
    every = Questions.of(
        Episodes(histories(LOG), histories(ASKED)), EventKinds(), ~no_more, np.random.default_rng(0)
    )
    assert every.candidates.all()
    assert len(every) == 7


def test_where_target_kinds_are_declared_what_was_looked_at_stays_a_rival():
    bought = np.array([0, 1, 0, 1, 1, 1, 1, 0, 0])
    asked = questions(EventKinds(target=("buy",)), kinds=bought, kind_names=("view", "buy"))
    support = asked.support.items.tolist()
    assert support == [item for own in LOG for item in own]  # all of it is listened to
    out = [set(np.flatnonzero(row)) for row in asked.out.toarray()]
    assert out == [{3, 1, 2}, {0, 6}, {5, 1, 2, 6, 3}, {4}]


def test_of_too_many_questions_some_are_drawn_and_people_without_any_go(
    monkeypatch: pytest.MonkeyPatch,
):
    every = questions()
    monkeypatch.setattr("metarec.meta.evidence.questions.MOST_QUERIES", 6)
    assert len(questions()) == 6
    monkeypatch.setattr("metarec.meta.evidence.questions.MOST_QUERIES", 3)
    some = questions()
    chosen = np.sort(np.random.default_rng(0).choice(6, 3, replace=False))
    people = np.unique(every.person[chosen])
    assert some.targets.tolist() == every.targets[chosen].tolist()
    assert people[some.person].tolist() == every.person[chosen].tolist()
    assert len(some.support) == len(people) < 4
    own = [item for person in people for item in LOG[person]]
    assert some.support.items.tolist() == own
    np.testing.assert_array_equal(some.out.toarray(), every.out.toarray()[people])


@pytest.mark.parametrize("cells", [1, 2 * 5 * N, 3 * 5 * N + 1, 10**6])
def test_questions_in_parts_are_the_same_questions(cells: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("metarec.meta.evidence.questions.CELLS_AT_ONCE", cells)
    asked, start = questions(), 0
    for part in asked.parts(5):
        n = len(part.support)
        assert n == min(max(1, cells // (5 * N)), 4 - start)
        people = slice(start, start + n)
        here = (asked.person >= start) & (asked.person < start + n)
        assert part.support.items.tolist() == asked.support.take(people).items.tolist()
        assert (part.person + start).tolist() == asked.person[here].tolist()
        assert part.targets.tolist() == asked.targets[here].tolist()
        assert part.values.tolist() == asked.values[here].tolist()
        np.testing.assert_array_equal(part.out.toarray(), asked.out.toarray()[people])
        start += n
    assert start == 4


def test_people_are_cut_to_none_one_two_and_five_of_their_newest_events():
    long = [[0, 1, 2, 3, 4, 5, 6]] * 6
    asked = replace(questions(), support=histories(long))
    cut = asked.cut().support
    expected = [[], [6], [5, 6], [2, 3, 4, 5, 6], [], [6]]
    assert [cut.take(np.array([h])).items.tolist() for h in range(6)] == expected


def test_a_contest_is_held_among_all_that_compete_and_the_targets_margin_is_0():
    asked = questions()
    tables = {name: RNG.normal(size=(4, N)) for name in ("one", "two")}
    found = asked.contests(tables)
    rows, expected = [], []
    for query, (person, target) in enumerate(zip(asked.person, asked.targets, strict=True)):
        for item in range(N):
            if asked.candidates[item] and not asked.out.toarray()[person, item]:
                rows.append(query)
                expected.append([s[person, item] - s[person, target] for s in tables.values()])
    assert found.names == ("one", "two")
    assert found.query.tolist() == rows
    assert found.n_queries == 6
    np.testing.assert_allclose(found.margins, expected)


def test_rivals_are_the_best_of_each_table_that_is_asked():
    one = np.array([[9.0, 8, 7, 6, 5, 4], [0, 1, 2, 3, 4, 5]])
    two = -one
    out = np.zeros((2, 6), dtype=bool)
    out[0, 0] = True
    target = np.array([1, 0])

    def found(top: int, **options: object) -> list[list[int]]:
        given = Contests.of({"one": one, "two": two}, out, target, top=top, **options)
        told = one[given.query, target[given.query]] + given.margins[:, 0]
        items = np.nonzero(one[given.query] == told[:, None])[1]
        return [items[given.query == query].tolist() for query in (0, 1)]

    assert found(2) == [[2, 4, 5], [1, 4, 5]]
    assert found(2, rivals_from=["one"]) == [[2], [4, 5]]
    assert found(99) == [[2, 3, 4, 5], [1, 2, 3, 4, 5]]
    many = Contests.of({"one": RNG.normal(size=(1, 300))}, np.zeros((1, 300), bool), target[:1])
    assert 99 <= len(many.query) <= 100


def small_contests(seed: int, n: int = 40) -> Contests:
    rng = np.random.default_rng(seed)
    tables = {name: rng.normal(size=(n, 12)) for name in ("good", "bad")}
    targets = rng.integers(0, 12, n)
    tables["good"][np.arange(n), targets] += 1.5
    tables["bad"][np.arange(n), targets] -= 1.0
    return Contests.of(tables, np.zeros((n, 12), dtype=bool), targets)


def test_contests_are_joined_query_behind_query():
    parts = [small_contests(seed, n) for seed, n in ((0, 5), (1, 3), (2, 4))]
    found = Contests.joined(parts)
    assert found.n_queries == 12
    assert found.names == ("good", "bad")
    start = 0
    for part in parts:
        here = (found.query >= start) & (found.query < start + part.n_queries)
        np.testing.assert_array_equal(found.margins[here], part.margins)
        np.testing.assert_array_equal(found.query[here] - start, part.query)
        start += part.n_queries


def test_losses_are_those_of_loops_also_beside_what_is_fixed():
    given, weights = small_contests(3), np.array([0.9, 0.4])
    for fixed in (None, RNG.normal(size=len(given.query)) + 30.0):
        sums = given.margins @ weights + (0.0 if fixed is None else fixed)
        own = [sums[given.query == query] for query in range(given.n_queries)]
        entropy = np.mean([np.log(1.0 + np.exp(s).sum()) for s in own])
        ranks = np.array([(1.0 / (1.0 + np.exp(-s))).sum() for s in own])
        assert cross_entropy(given, weights, fixed)[0] == pytest.approx(entropy)
        assert list_loss(given, weights, fixed)[0] == pytest.approx(
            -np.mean(1 / np.log2(2 + ranks))
        )
    far = np.full(len(given.query), 2000.0)
    assert np.isfinite(cross_entropy(given, weights, far)[0])


def test_trust_stands_where_the_list_is_best_on_the_scale_of_logits():
    good_alone = learn_trust(small_contests(4, n=150))
    assert good_alone[0] > 0
    assert good_alone[1] == 0.0  # what foretells the opposite is not turned round
    given = small_contests(5, n=150)
    given = replace(given, margins=given.margins * [1.0, -1.0])
    found = learn_trust(given)
    entropies = [cross_entropy(given, found * factor)[0] for factor in (0.97, 1.0, 1.03)]
    assert entropies[1] == min(entropies)

    def best_list(ratio: float) -> float:
        scaled = (list_loss(given, found * [scale, scale * ratio])[0] for scale in SCALES)
        return min(scaled)

    # of most likely targets the ratio is 1.8 times as large
    assert best_list(1.0) < min(best_list(0.6), best_list(1.8)) - 0.003


SCALES = np.exp(np.linspace(-1, 4, 60))


def test_beside_logits_that_are_fixed_trust_stands_where_the_target_is_likeliest():
    given = small_contests(5, n=150)
    fixed = given.margins[:, 0] * 0.5
    found = learn_beside(given, fixed)
    loss, slopes = cross_entropy(given, found, fixed)
    assert found[0] > 0.1
    assert abs(slopes[0]) < 1e-4
    assert found[1] == 0.0
    assert slopes[1] > 0
    assert loss < cross_entropy(given, np.zeros(2), fixed)[0]


def test_where_nothing_foretells_there_is_no_trust():
    given = small_contests(6)
    backwards = replace(given, margins=np.abs(given.margins))
    assert learn_trust(backwards).tolist() == [0.0, 0.0]


def test_the_events_of_a_person_count_by_age_and_add_up():
    spoken = Spoken(np.array([0, 1, 1]), np.array([2, 2, 2]), np.array([1.0, 2.0, 0.0]), 3)
    expected = np.zeros((3, 4))
    expected[0, 2], expected[1, 2] = 0.5, 1.25
    np.testing.assert_allclose(spoken.weights(0.5, 4).toarray(), expected)


def test_gains_are_those_of_ranks_and_a_tie_is_half_ahead():
    given = Contests(
        ("one",),
        np.array([[1.0], [0.0], [-1.0], [2.0], [3.0]]),
        np.array([0, 0, 0, 1, 1]),
        3,
    )
    expected = 1 / np.log2([3.5, 4.0, 2.0])
    np.testing.assert_allclose(gains_of(given, np.ones(1)), expected)
    np.testing.assert_allclose(gains_of(given, np.ones(1), 2), [expected[0], 0.0, 1.0])
    second = given.some(np.array([False, True, True]))
    assert second.n_queries == 2
    assert second.query.tolist() == [0, 0]
    assert second.margins.tolist() == [[2.0], [3.0]]


def test_the_best_table_alone_is_a_logit():
    given = small_contests(7, n=100)
    found = the_best_alone(given)
    assert found[0] > 0
    assert found[1] == 0.0
    entropies = [cross_entropy(given, found * factor)[0] for factor in (0.97, 1.0, 1.03)]
    assert entropies[1] == min(entropies)
    other = the_best_alone(replace(given, margins=given.margins[:, ::-1]))
    np.testing.assert_allclose(other, found[::-1], rtol=1e-6)


def test_the_sum_of_evidence_is_judged_on_people_it_was_not_learned_on():
    given = small_contests(8, n=120)
    person = np.repeat(np.arange(40), 3)
    rng = np.random.default_rng(2)
    second = rng.permutation(40) % 2 == 1
    shares = (1.0, 0.75, 0.5, 0.25, 0.0)
    mine = np.zeros((5, 120))
    for half in (False, True):
        taught = second[person] == half
        weights, best = (learn(given.some(taught)) for learn in (learn_trust, the_best_alone))
        for row, share in enumerate(shares):
            mixed = share * weights + (1 - share) * best
            mine[row, ~taught] = gains_of(given, mixed, 10)[~taught]
    rows = np.stack([gains_of(given, alone, 10) for alone in np.eye(2)], axis=1)
    all_own, each = mine.reshape(5, 40, 3).mean(2), rows.reshape(40, 3, 2).mean(1)
    own = all_own[all_own.mean(1).argmax()]
    found = standing_of(given, person, np.random.default_rng(2))
    assert (found.people, found.row) == (40, "good")
    assert found.own == pytest.approx(own.mean())
    assert found.alone == pytest.approx(each[:, 0].mean())
    ahead = own - each[:, 0]
    drawn = [ahead[rng.integers(0, 40, 40)].mean() for _ in range(1000)]
    assert [found.low, found.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]).tolist())
    assert found.share == shares[int(all_own.mean(1).argmax())]
    wide = 2.5 * ahead.std() / 40**0.5
    assert found.low == pytest.approx(ahead.mean() - wide, abs=wide)


def test_tables_as_plain_numbers_say_what_sparse_ones_say(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
):
    spoken = spoken_of(histories([[0, 1, 2], [], [3, 3]]), ordered=True)
    told = []
    for full in (0.0, 1.0):
        monkeypatch.setattr("metarec.meta.evidence.evidence.FULL", full)
        fresh = replace(evidence)  # without what was cached
        told.append(fresh.logits(spoken))
        assert isinstance(fresh._by_decay[1], np.ndarray) == (full == 0.0)
    np.testing.assert_allclose(told[0], told[1], rtol=1e-12)
