"""The trust in tables is what a slow and obvious way from the same shop to the same sums gives."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

import metarec as mr
from metarec.contracts import Dataset, Episodes, Histories
from metarec.data import split_last_out
from metarec.meta.evidence import Contests, Evidence, learn_trust, spoken_of
from metarec.meta.evidence.counting import counted_tables, popularities
from metarec.meta.evidence.learning import Learned, learn_evidence, recounted
from metarec.meta.evidence.trust import learn_beside, the_best_alone

PEOPLE, TAKEN, OFFERED = 90, 14, 17
CONFIG = mr.MetaConfig(neighbours=6, exact_items=9)
RNG = np.random.default_rng(4)
ANGLES = 2 * np.pi * np.arange(OFFERED) / TAKEN
CONTENT = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1) + RNG.normal(size=(OFFERED, 2)) / 10
HABITS = np.cos(ANGLES - ANGLES[:, None]) + RNG.normal(size=(OFFERED, OFFERED))
BLIND = np.cos(ANGLES - ANGLES[:, None]) + RNG.normal(size=(OFFERED, OFFERED)) / 3
LEVEL = RNG.normal(size=OFFERED) / 3
Learner = Callable[[Contests], np.ndarray]
SEEDS = {"unix": 6, "none": 30, "arrivals": 12}


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
def shops_of(kind: str) -> tuple[Dataset, Episodes]:
    """Training set and validation.

    Of the kind "arrivals" validation asks some people for what nobody has touched.
    """
    split = split_last_out(shop("unix"))
    train, valid = split.train, split.valid
    if kind == "none":
        train = replace(train, clock=None)
    if kind == "arrivals":
        items = valid.query.items.copy()
        items[::3] = TAKEN + np.arange(len(items[::3])) % 3
        valid = replace(valid, query=replace(valid.query, items=items))
    return train, valid


@cache
def learned(kind: str) -> tuple[Dataset, Episodes, Learned]:
    """These, and what is learned of them, without a clock in small pieces."""
    train, valid = shops_of(kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("metarec.meta.evidence.learning.LEAST_QUERIES", 10)
        if kind == "none":
            patch.setattr("metarec.meta.evidence.questions.CELLS_AT_ONCE", 1000)
        rng = np.random.default_rng(SEEDS[kind])
        found = learn_evidence(train, valid, CONTENT, taste, CONFIG, rng)
    assert found is not None
    return train, valid, found


@pytest.fixture(params=list(SEEDS))
def case(request: pytest.FixtureRequest) -> tuple[Dataset, Episodes, Learned]:
    return learned(request.param)


class Asked:
    """Every query on items `among` which all compete, by loops; of these those `on` others."""

    def __init__(self, valid: Episodes, among: np.ndarray, on: np.ndarray | None = None) -> None:
        on = np.ones(OFFERED, dtype=bool) if on is None else on
        self.person, self.target = [], []
        self.rivals: dict[int, list[int]] = {}
        for person in range(len(valid)):
            own, query = (side.take([person]) for side in (valid.support, valid.query))
            asked = [item for item in query.items if among[item]]
            if asked:
                out = {*own.items.tolist(), *query.items.tolist()}
                competing = np.flatnonzero(among & on)
                self.rivals[person] = [item for item in competing if item not in out]
            self.target += [item for item in asked if on[item]]
            self.person += [person for item in asked if on[item]]

    def contests(self, tables: Mapping[str, np.ndarray]) -> Contests:
        margins, query = [], []
        for at, (person, target) in enumerate(zip(self.person, self.target, strict=True)):
            for rival in self.rivals[person]:
                margins.append([t[person, rival] - t[person, target] for t in tables.values()])
                query.append(at)
        return Contests(tuple(tables), np.array(margins), np.array(query), len(self.target))

    def scale(self, name: str, table: np.ndarray) -> float:
        """Spread of taste; of a table the mean of the best that a person could be shown."""
        if name == "taste":
            return float(np.mean([table[person].std() for person in self.rivals]))
        best = [table[p, rivals].max() if rivals else 0.0 for p, rivals in self.rivals.items()]
        return float(np.mean(best))

    def trust(
        self, tables: Mapping[str, np.ndarray], learn: Learner = learn_trust
    ) -> tuple[np.ndarray, dict[str, float]]:
        """On one scale, and of each table as it is."""
        scales = np.array([self.scale(name, table) for name, table in tables.items()])
        scales = np.where(scales > 1e-9, scales, 1.0)
        contests = self.contests(tables)
        weights = learn(replace(contests, margins=contests.margins / scales))
        return weights, dict(zip(tables, weights / scales, strict=True))


def said(matrix: sp.csr_array, decay: float, people: Histories) -> np.ndarray:
    table = matrix.toarray().astype(float)
    found = np.zeros((len(people), len(table)))
    for row, item, place in zip(people.rows, people.items, people.places, strict=True):
        found[row] += decay ** (people.lengths[row] - 1 - place) * table[item]
    return found


def beside(contests: Contests) -> np.ndarray:
    """Trust in all but the first, whose own is 1."""
    rest = replace(contests, names=contests.names[1:], margins=contests.margins[:, 1:])
    return learn_beside(rest, contests.margins[:, 0])


DECAYS = {
    "follow": (0.5,),
    "follow wide": (0.8,),
    "next": (0.5,),
    "next long": (0.9,),
    "together": (0.9, 1.0),
    "alike": (0.7, 1.0),
}


def heard(
    name: str, matrix: sp.csr_array, people: Histories, *, ordered: bool
) -> dict[str, np.ndarray]:
    """The scores of one table by each decay."""
    return {
        f"{name}, all" if decay == 1.0 else name: said(matrix, decay, people)
        for decay in (DECAYS[name] if ordered else (1.0,))
    }


def competing(train: Dataset) -> np.ndarray:
    return train.catalogue.offered & train.touched


def test_trust_in_tables_is_learned_on_one_scale(case):
    train, valid, found = case
    evidence, ordered = found.evidence, train.clock is not None
    tables = {"taste": taste(valid.support)}
    for name, matrix in counted_tables(train, CONFIG).items():
        tables |= heard(name, matrix, valid.support, ordered=ordered)
    tables |= heard("alike", evidence.alike.matrix, valid.support, ordered=ordered)
    popular = popularities(train)
    tables |= {name: np.tile(known, (len(valid), 1)) for name, known in popular.items()}
    share = found.standing.share

    def mixed(contests):
        return share * learn_trust(contests) + (1 - share) * the_best_alone(contests)

    weights, weight = Asked(valid, competing(train)).trust(tables, mixed)
    assert evidence.taste == pytest.approx(weight["taste"], rel=1e-4, abs=1e-9)
    fades = {table.name: table.fades for table in evidence.counted}
    fades["alike"] = evidence.alike_fades
    for name, told in fades.items():
        decays = DECAYS[name] if ordered else (1.0,)
        assert tuple(fade.decay for fade in told) == decays
        for fade in told:
            expected = weight[f"{name}, all" if fade.decay == 1.0 else name]
            assert fade.weight == pytest.approx(expected, rel=1e-4, abs=1e-9)
    always = sum(weight[name] for name in popular)
    assert evidence.popular.always == pytest.approx(always, rel=1e-4, abs=1e-12)
    parts = {name: weight[name] / always if always else name == "popular" for name in popular}
    known = sum(part * popular[name] for name, part in parts.items())
    np.testing.assert_allclose(evidence.popular.known, known, rtol=1e-4, atol=1e-9)
    assert found.trust == pytest.approx(dict(zip(tables, weights, strict=True)), rel=1e-4, abs=1e-9)
    assert evidence.ordered == ordered
    assert evidence.untouched.rows.tolist() == [False] * TAKEN + [True] * 3


def total(evidence: Evidence, people: Histories) -> np.ndarray:
    told = evidence.logits(spoken_of(people, ordered=evidence.ordered))
    return evidence.trust * taste(people) + told


def test_popularity_for_newcomers_is_learned_after_a_few_events(case):
    train, valid, found = case
    evidence = found.evidence
    asked = Asked(valid, competing(train))
    sizes = dict.fromkeys(range(len(valid)), 0)
    sizes |= {person: (0, 1, 2, 5)[at % 4] for at, person in enumerate(asked.rivals)}
    kept = [
        np.arange(length) >= length - sizes[person]
        for person, length in enumerate(valid.support.lengths)
    ]
    cut = valid.support.keep(np.concatenate(kept))
    before = replace(evidence, popular=replace(evidence.popular, at_first=0.0))
    fades = 1.0 / (1.0 + cut.lengths / 3.0)
    tables = {"all": total(before, cut), "popular": fades[:, None] * evidence.popular.known}
    (at_first,) = beside(asked.contests(tables))
    assert evidence.popular.at_first == pytest.approx(at_first, rel=1e-4)
    assert at_first > 0


@cache
def hidden_of(kind: str, seed: int) -> np.ndarray:
    """The items that are hidden, by what is drawn after halves and resamples of the people."""
    train, valid = shops_of(kind)
    rng, n = np.random.default_rng(seed), len(Asked(valid, competing(train)).rivals)
    rng.permutation(n)
    for _ in range(1000):
        rng.integers(0, n, n)
    return train.touched & (rng.random(OFFERED) < 0.1)


@pytest.mark.parametrize("kind", list(SEEDS))
def test_trust_in_content_is_learned_where_untouched_items_compete(kind: str):
    train, valid, found = learned(kind)
    evidence, hidden = found.evidence, hidden_of(kind, SEEDS[kind])
    asked = Asked(valid, competing(train), hidden)
    if kind == "arrivals":
        hidden = None
        asked = Asked(valid, train.catalogue.offered & ~train.touched)
    assert len(asked.target) >= 10
    tables = {"taste": taste(valid.support, hidden)}
    ordered = train.clock is not None
    tables |= heard("alike", evidence.alike.matrix, valid.support, ordered=ordered)
    weight = asked.trust(tables)[1]
    assert evidence.untouched.taste == pytest.approx(weight["taste"], rel=1e-3, abs=1e-6)
    likeness = [fade.weight for fade in evidence.untouched.likeness]
    assert likeness == pytest.approx(list(weight.values())[1:], rel=1e-3, abs=1e-6)
    assert any(weight.values())


@pytest.mark.parametrize("kind", list(SEEDS))
def test_the_level_of_untouched_items_is_learned_on_hidden_ones_among_all(kind: str):
    train, valid, found = learned(kind)
    evidence, people, hidden = found.evidence, valid.support, hidden_of(kind, SEEDS[kind])
    told = np.zeros((len(people), OFFERED))
    for table in evidence.counted:
        matrix = table.matrix.toarray().astype(float)
        matrix[hidden] = matrix[:, hidden] = 0.0
        for fade in table.fades:
            told += fade.weight * said(sp.csr_array(matrix), fade.decay, people)
    for known, new in zip(evidence.alike_fades, evidence.untouched.likeness, strict=True):
        weights = np.where(hidden, new.weight, known.weight)
        told += weights * said(evidence.alike.matrix, known.decay, people)
    fades = 1.0 / (1.0 + people.lengths[:, None] / 3.0)
    popular = evidence.popular
    told += np.where(hidden, 0.0, (popular.always + popular.at_first * fades) * popular.known)
    own = np.where(hidden, evidence.untouched.taste, evidence.taste) * taste(people, hidden)
    level = np.tile(hidden.astype(float), (len(people), 1))
    tables = {"all": own + told, "up": level, "down": -level}
    up, down = beside(Asked(valid, competing(train)).contests(tables))
    assert evidence.untouched.offset == pytest.approx(up - down, rel=1e-3)
    assert up != down


def test_a_validation_of_fewer_than_fifty_events_teaches_nothing():
    train, valid, _ = learned("unix")
    able = np.flatnonzero(competing(train)[valid.query.items])
    for n, expected in ((49, True), (50, False)):
        rng = np.random.default_rng(0)
        found = learn_evidence(train, valid.take(able[:n]), CONTENT, taste, CONFIG, rng)
        assert (found is None) == expected


def test_counting_more_events_keeps_the_trust():
    found = learned("unix")[2]
    more = shop("unix")
    again = recounted(found.evidence, more, CONFIG)
    tables, popular = counted_tables(more, CONFIG), popularities(more)
    for table, before in zip(again.counted, found.evidence.counted, strict=True):
        assert (table.name, table.fades) == (before.name, before.fades)
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


def test_where_nothing_is_hidden_untouched_items_count_like_others():
    train, valid, _ = learned("unix")
    seed = next(seed for seed in range(99) if not hidden_of("unix", seed).any())
    again = learn_evidence(train, valid, CONTENT, taste, CONFIG, np.random.default_rng(seed))
    assert again is not None
    untouched = again.evidence.untouched
    assert untouched.taste == (again.evidence.taste or 1.0)
    assert untouched.likeness == again.evidence.alike_fades
    assert untouched.offset == 0.0
