"""The trust in tables is what a slow and obvious way from the same shop to the same sums gives."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

import metarec as mr
from metarec.contracts import Dataset, Episodes, Histories
from metarec.data import split_last_out
from metarec.meta.evidence import Contests, Evidence, Untouched, learn_trust, spoken_of
from metarec.meta.evidence.counting import counted_tables, popularities
from metarec.meta.evidence.learning import Learned, learn_evidence, recounted

PEOPLE, TAKEN, OFFERED = 90, 14, 17
CONFIG = mr.MetaConfig(neighbours=6, exact_items=9)
RNG = np.random.default_rng(4)
ANGLES = 2 * np.pi * np.arange(OFFERED) / TAKEN
CONTENT = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1) + RNG.normal(size=(OFFERED, 2)) / 10
HABITS = np.cos(ANGLES - ANGLES[:, None]) + RNG.normal(size=(OFFERED, OFFERED))
BLIND = np.cos(ANGLES - ANGLES[:, None]) + RNG.normal(size=(OFFERED, OFFERED)) / 3
LEVEL = RNG.normal(size=OFFERED) / 3
SEEDS = {"unix": 12, "none": 11}
"""One lowers what nobody has touched, the other lifts it."""


def shop(clock: str) -> Dataset:
    """People who go round fourteen items, one no longer offered; three more are, alike to some."""
    rng = np.random.default_rng(2)
    rows = []
    for person in range(PEOPLE):
        item = int(rng.integers(0, TAKEN))
        for place in range(int(rng.integers(3, 9))):
            rows.append((f"u{person:02}", f"i{item:02}", 1e9 + 1e5 * person + 1e3 * place))
            item = (item + 1) % TAKEN if rng.random() < 0.6 else int(rng.beta(1, 2) * TAKEN)
    users, items, times = zip(*rows, strict=True)
    columns = {"user_id": users, "item_id": items}
    if clock != "none":
        columns["timestamp"] = times
    ids = [f"i{item:02}" for item in range(OFFERED)]
    catalogue = pl.DataFrame({"item_id": ids, "offered": [item != 3 for item in range(OFFERED)]})
    return mr.from_frames(pl.DataFrame(columns), catalogue, feedback="implicit")


def taste(histories: Histories, hidden: np.ndarray | None = None) -> np.ndarray:
    """The mean habit of the items of a person; a level of the item where there are none."""
    weights = np.zeros((len(histories), OFFERED))
    np.add.at(weights, (histories.rows, histories.items), 1.0)
    habits = HABITS if hidden is None else np.where(hidden, BLIND, HABITS)
    return weights @ habits / (1.0 + histories.lengths[:, None]) + LEVEL


@cache
def learned(clock: str) -> tuple[Dataset, Episodes, Learned]:
    """Training set, validation, and what is learned of them, without a clock in small pieces."""
    split = split_last_out(shop("unix"))
    train, valid = split.train, split.valid
    if clock == "none":
        train = replace(train, clock=None)
    with pytest.MonkeyPatch.context() as patch:
        if clock == "none":
            patch.setattr("metarec.meta.evidence.questions.CELLS_AT_ONCE", 1000)
        rng = np.random.default_rng(SEEDS[clock])
        found = learn_evidence(train, valid, CONTENT, taste, CONFIG, rng)
    assert found is not None
    return train, valid, found


@pytest.fixture(params=["unix", "none"])
def case(request: pytest.FixtureRequest) -> tuple[Dataset, Episodes, Learned]:
    return learned(request.param)


class Asked:
    """Every query with all items that compete, by loops."""

    def __init__(self, valid: Episodes, offered: np.ndarray) -> None:
        self.support, self.target, self.rivals = [], [], []
        for person in range(len(valid)):
            own = valid.support.take([person])
            query = valid.query.take([person])
            for target in query.items:
                out = {*own.items.tolist(), *query.items.tolist()}
                self.support.append(person)
                self.target.append(target)
                self.rivals.append([i for i in range(OFFERED) if offered[i] and i not in out])
        self.people = valid.support

    def contests(self, tables: Mapping[str, np.ndarray]) -> Contests:
        margins, query = [], []
        for at, (person, target) in enumerate(zip(self.support, self.target, strict=True)):
            for rival in self.rivals[at]:
                margins.append([t[person, rival] - t[person, target] for t in tables.values()])
                query.append(at)
        return Contests(tuple(tables), np.array(margins), np.array(query), len(self.target))

    def scale(self, name: str, table: np.ndarray) -> float:
        """Spread of taste; of a table the mean of the best that a person could be shown."""
        if name == "taste":
            return float(np.mean([row.std() for row in table]))
        first = {person: self.rivals[at] for at, person in enumerate(self.support)}
        return float(np.mean([table[person, first[person]].max() for person in first]))


def said(matrix: sp.csr_array, decay: float, people: Histories) -> np.ndarray:
    table = matrix.toarray().astype(float)
    found = np.zeros((len(people), len(table)))
    for row, item, place in zip(people.rows, people.items, people.places, strict=True):
        found[row] += decay ** (people.lengths[row] - 1 - place) * table[item]
    return found


def beside(contests: Contests) -> np.ndarray:
    """Trust in all but the first, whose own is 1."""
    rest = replace(contests, names=contests.names[1:], margins=contests.margins[:, 1:])
    start = np.zeros(len(rest.names))
    return learn_trust(rest, fixed=contests.margins[:, 0], start=start)


DECAYS = {"follow": 0.5, "follow wide": 0.8, "next": 0.5, "next long": 0.9, "together": 0.9}


def test_trust_in_tables_is_learned_on_one_scale(case):
    train, valid, found = case
    asked, evidence = Asked(valid, train.catalogue.offered), found.evidence
    ordered = train.clock is not None
    tables = {"taste": taste(valid.support)}
    for name, matrix in counted_tables(train, CONFIG).items():
        tables[name] = said(matrix, DECAYS[name] if ordered else 1.0, valid.support)
    tables["alike"] = said(evidence.alike.matrix, 0.7 if ordered else 1.0, valid.support)
    popular = popularities(train)
    tables |= {name: np.tile(known, (len(valid), 1)) for name, known in popular.items()}
    scales = np.array([asked.scale(name, table) for name, table in tables.items()])
    contests = asked.contests(tables)
    weights = learn_trust(replace(contests, margins=contests.margins / scales))
    weight = dict(zip(tables, weights / scales, strict=True))
    assert {table.name: table.weight for table in evidence.counted} == pytest.approx(
        {name: weight[name] for name in counted_tables(train, CONFIG)}, rel=1e-4, abs=1e-9
    )
    assert evidence.taste == pytest.approx(weight["taste"], rel=1e-4, abs=1e-9)
    assert evidence.alike_weight == pytest.approx(weight["alike"], rel=1e-4, abs=1e-9)
    always = sum(weight[name] for name in popular)
    assert evidence.popular.always == pytest.approx(always, rel=1e-4)
    known = sum(weight[name] * popular[name] for name in popular) / always
    np.testing.assert_allclose(evidence.popular.known, known, rtol=1e-4, atol=1e-9)
    assert found.trust == pytest.approx(dict(zip(tables, weights, strict=True)), rel=1e-4, abs=1e-9)
    assert evidence.ordered == ordered
    assert [table.decay for table in evidence.counted] == [
        DECAYS[table.name] if ordered else 1.0 for table in evidence.counted
    ]
    assert evidence.alike_decay == (0.7 if ordered else 1.0)
    assert evidence.untouched.rows.tolist() == [False] * TAKEN + [True] * 3


def total(evidence: Evidence, people: Histories) -> np.ndarray:
    told = evidence.logits(spoken_of(people, ordered=evidence.ordered))
    return evidence.trust * taste(people) + told


def test_popularity_for_newcomers_is_learned_after_a_few_events(case):
    train, valid, found = case
    evidence = found.evidence
    sizes = [(0, 1, 2, 5)[person % 4] for person in range(len(valid))]
    cut = valid.support.keep(
        np.concatenate(
            [
                np.arange(length) >= length - size
                for length, size in zip(valid.support.lengths, sizes, strict=True)
            ]
        )
    )
    before = replace(
        evidence,
        popular=replace(evidence.popular, at_first=0.0),
        untouched=Untouched(evidence.untouched.rows, 0.0, 1.0, evidence.taste),
    )
    fades = 1.0 / (1.0 + cut.lengths / 3.0)
    tables = {"all": total(before, cut), "popular": fades[:, None] * evidence.popular.known}
    (at_first,) = beside(Asked(valid, train.catalogue.offered).contests(tables))
    assert evidence.popular.at_first == pytest.approx(at_first, rel=1e-4)
    assert at_first > 0


def test_what_lifts_untouched_items_is_learned_on_items_that_are_hidden(case):
    train, valid, found = case
    evidence, people = found.evidence, valid.support
    touched = np.arange(OFFERED) < TAKEN
    seed = SEEDS[train.clock or "none"]
    hidden = touched & (np.random.default_rng(seed).random(OFFERED) < 0.1)
    assert hidden.any()
    told = np.zeros((len(people), OFFERED))
    for table in evidence.counted:
        matrix = table.matrix.toarray().astype(float)
        matrix[hidden] = matrix[:, hidden] = 0.0
        told += table.weight * said(sp.csr_array(matrix), table.decay, people)
    alike = evidence.alike_weight * said(evidence.alike.matrix, evidence.alike_decay, people)
    told += np.where(hidden, 0.0, alike)
    fades = 1.0 / (1.0 + people.lengths[:, None] / 3.0)
    popular = evidence.popular
    told += np.where(hidden, 0.0, (popular.always + popular.at_first * fades) * popular.known)
    own = taste(people, hidden)
    tables = {
        "all": np.where(hidden, 0.0, evidence.taste * own) + told,
        "taste": hidden * own,
        "likeness": np.where(hidden, alike, 0.0),
        "up": np.tile(hidden.astype(float), (len(people), 1)),
        "down": -np.tile(hidden.astype(float), (len(people), 1)),
    }
    trust, likeness, up, down = beside(Asked(valid, train.catalogue.offered).contests(tables))
    assert evidence.untouched.taste == pytest.approx(trust, rel=1e-3, abs=1e-6)
    assert evidence.untouched.likeness == pytest.approx(likeness, rel=1e-3, abs=1e-6)
    assert evidence.untouched.offset == pytest.approx(up - down, rel=1e-3)


def test_a_validation_of_fewer_than_fifty_events_teaches_nothing():
    train, valid, _ = learned("unix")
    for n, expected in ((49, True), (50, False)):
        found = learn_evidence(
            train, valid.take(np.arange(n)), CONTENT, taste, CONFIG, np.random.default_rng(0)
        )
        assert (found is None) == expected


def test_counting_more_events_keeps_the_trust():
    found = learned("unix")[2]
    more = shop("unix")
    again = recounted(found.evidence, more, CONFIG)
    tables, popular = counted_tables(more, CONFIG), popularities(more)
    for table, before in zip(again.counted, found.evidence.counted, strict=True):
        assert (table.name, table.decay, table.weight) == (before.name, before.decay, before.weight)
        np.testing.assert_array_equal(table.matrix.toarray(), tables[table.name].toarray())
    known = sum(part * popular[name] for name, part in again.popular.parts.items())
    np.testing.assert_allclose(again.popular.known, known)
    assert again.popular.parts == found.evidence.popular.parts
    assert again.popular.always == found.evidence.popular.always
    few = replace(more, interactions=more.interactions.filter(pl.col("item") != 0))
    assert recounted(found.evidence, few, CONFIG).untouched.rows.tolist() == [
        item == 0 or item >= TAKEN for item in range(OFFERED)
    ]
    assert again.untouched.likeness == found.evidence.untouched.likeness


def test_where_no_target_is_hidden_untouched_items_count_like_others(case):
    train, valid, found = case
    seed = next(s for s in range(99) if (np.random.default_rng(s).random(OFFERED) >= 0.1).all())
    again = learn_evidence(train, valid, CONTENT, taste, CONFIG, np.random.default_rng(seed))
    assert again is not None
    untouched = again.evidence.untouched
    assert untouched.taste == pytest.approx(found.evidence.taste or 1.0)
    assert (untouched.offset, untouched.likeness) == (0.0, 1.0)
