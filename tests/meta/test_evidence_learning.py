"""The trust in tables is what a slow and obvious way from the same shop to the same sums gives."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

import metarec as mr
from metarec.contracts import Dataset, Histories
from metarec.data import split_last_out
from metarec.meta.evidence import Contests, Evidence, Sample, learn_trust, spoken_of
from metarec.meta.evidence.counting import counted_tables, popularities
from metarec.meta.evidence.foretold import FORETOLD, Foretold
from metarec.meta.evidence.learning import Learned, learn_evidence, recounted, share_of_unseen
from metarec.meta.evidence.samples import Tables
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
KINDS = ("unix", "none", "arrivals", "folds")
GONE = (1, 5)


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


def taste(histories: Histories, habits: np.ndarray = HABITS) -> np.ndarray:
    """The mean habit of the items of a person; a level of the item where there are none."""
    weights = np.zeros((len(histories), OFFERED))
    np.add.at(weights, (histories.rows, histories.items), 1.0)
    return weights @ habits / (1.0 + histories.lengths[:, None]) + LEVEL


def blind(histories: Histories) -> np.ndarray:
    """That of a shop without some people and items."""
    return taste(histories, BLIND)


@cache
def samples_of(kind: str) -> list[Sample]:
    """Who is asked.

    Of the kind "arrivals" validation asks some people for what nobody has touched; of "folds" it is
    small, and other people are asked whom a shop without them and without two items knows nothing
    of.
    """
    split = split_last_out(shop("unix"))
    train, valid = split.train, split.valid
    if kind == "none":
        train = replace(train, clock=None)
    if kind == "arrivals":
        items = valid.query.items.copy()
        items[::3] = TAKEN + np.arange(len(items[::3])) % 3
        valid = replace(valid, query=replace(valid.query, items=items))
    if kind != "folds":
        return [Sample(train, valid, taste, alone=True)]
    users, items = (train.interactions[column].to_numpy() for column in ("user", "item"))
    fold = train.where((users % 2 == 0) & ~np.isin(items, GONE))
    others = valid.take(np.arange(1, len(valid), 2))
    support = others.support.keep(~np.isin(others.support.items, GONE))
    others = replace(others, support=support, candidates=train.touched)
    return [
        Sample(train, valid.take(np.arange(0, len(valid), 6)), taste),
        Sample(fold, others, blind),
    ]


@cache
def learned(kind: str) -> tuple[list[Sample], Learned]:
    """These, and what is learned of them, without a clock in small pieces."""
    samples = samples_of(kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("metarec.meta.evidence.learning.LEAST_QUERIES", 10)
        patch.setattr("metarec.meta.evidence.learning.ENOUGH_QUERIES", 20)
        if kind == "none":
            patch.setattr("metarec.meta.evidence.questions.CELLS_AT_ONCE", 1000)
        found = learn_evidence(samples, CONTENT, CONFIG, np.random.default_rng(6))
    assert found is not None
    return samples, found


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest) -> tuple[list[Sample], Learned]:
    return learned(request.param)


class Asked:
    """Every query of a sample on items `among` which all compete, by loops."""

    def __init__(self, sample: Sample, among: np.ndarray) -> None:
        valid = sample.valid
        candidates = valid.candidates
        competes = among if candidates is None else among & candidates
        self.people, self.person, self.target = valid.support, [], []
        self.rivals: dict[int, list[int]] = {}
        for person in range(len(valid)):
            own, query = (side.take([person]) for side in (valid.support, valid.query))
            asked = [item for item in query.items if among[item]]
            if asked:
                out = {*own.items.tolist(), *query.items.tolist()}
                self.rivals[person] = [i for i in np.flatnonzero(competes) if i not in out]
            self.target += asked
            self.person += [person for _ in asked]

    def contests(self, tables: Mapping[str, np.ndarray]) -> Contests:
        margins, query = [], []
        for at, (person, target) in enumerate(zip(self.person, self.target, strict=True)):
            for rival in self.rivals[person]:
                margins.append([t[person, rival] - t[person, target] for t in tables.values()])
                query.append(at)
        stacked, whose = np.reshape(margins, (-1, len(tables))), np.array(query, dtype=np.int64)
        return Contests(tuple(tables), stacked, whose, len(self.target))

    def sizes(self, name: str, table: np.ndarray) -> list[float]:
        """Spread of taste; of a table the best that each person could be shown."""
        if name == "taste":
            return [float(table[person].std()) for person in self.rivals]
        return [table[p, rivals].max() if rivals else 0.0 for p, rivals in self.rivals.items()]


Scores = Callable[[Sample], dict[str, np.ndarray]]


def trust(
    asked: list[tuple[Sample, Asked]], scores: Scores, learn: Learner = learn_trust
) -> tuple[np.ndarray, dict[str, float]]:
    """On one scale, and of each table as it is."""
    tables = [(one, scores(sample)) for sample, one in asked]
    names = list(tables[0][1])
    sizes = [[s for one, told in tables for s in one.sizes(name, told[name])] for name in names]
    scales = np.array([np.mean(each) for each in sizes])
    scales = np.where(scales > 1e-9, scales, 1.0)
    contests = Contests.joined([one.contests(told) for one, told in tables])
    weights = learn(replace(contests, margins=contests.margins / scales))
    return weights, dict(zip(names, weights / scales, strict=True))


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


def known(samples: list[Sample]) -> list[tuple[Sample, Asked]]:
    """Questions about touched items, of validation alone where these are enough."""
    asked = [(s, Asked(s, s.train.catalogue.offered & s.train.touched)) for s in samples]
    return asked[:1] if len(asked[0][1].target) >= 20 else asked


def every(sample: Sample) -> Asked:
    return Asked(sample, sample.train.catalogue.offered)


def told_by(found: Learned) -> list[Evidence]:
    """The learned trust in the tables of each sample."""
    return [found.of_sample(number) for number in range(len(found.tables))]


def arrivals(samples: list[Sample]) -> list[tuple[Sample, Asked]]:
    asked = [(s, Asked(s, s.train.catalogue.offered & ~s.train.touched)) for s in samples]
    return asked[:1] if len(asked[0][1].target) >= 20 else asked


def foretold(sample: Sample) -> Foretold:
    """What content says of how popular items are, learned on the sample's own training set."""
    return Foretold.of(CONTENT, popularities(sample.train)["popular"], sample.train.touched)


def mixed(share: float) -> Learner:
    """The learned weights, and beside them the best table alone."""
    return lambda contests: share * learn_trust(contests) + (1 - share) * the_best_alone(contests)


def test_trust_in_tables_is_learned_on_one_scale(case):
    samples, found = case
    evidence, train = found.evidence, samples[0].train
    ordered = train.clock is not None
    popular = popularities(train)

    def scores(sample: Sample) -> dict[str, np.ndarray]:
        people = sample.valid.support
        tables = {"taste": sample.taste(people)}
        for name, matrix in counted_tables(sample.train, CONFIG).items():
            tables |= heard(name, matrix, people, ordered=ordered)
        tables |= heard("alike", evidence.alike.matrix, people, ordered=ordered)
        own = popularities(sample.train)
        return tables | {name: np.tile(told, (len(people), 1)) for name, told in own.items()}

    asked = known(samples)
    assert len(asked) == len(samples)
    assert found.standing.people == sum(len(one.rivals) for _, one in asked)
    weights, weight = trust(asked, scores, mixed(found.standing.share))
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
    told = sum(part * popular[name] for name, part in parts.items())
    np.testing.assert_allclose(evidence.popular.known, told, rtol=1e-4, atol=1e-9)
    names = list(scores(samples[0]))
    assert found.trust == pytest.approx(dict(zip(names, weights, strict=True)), rel=1e-4, abs=1e-9)
    assert evidence.ordered == ordered
    assert evidence.untouched.rows.tolist() == [False] * TAKEN + [True] * 3


def total(evidence: Evidence, sample: Sample, people: Histories) -> np.ndarray:
    told = evidence.logits(spoken_of(people, ordered=evidence.ordered))
    return evidence.trust * sample.taste(people) + told


def test_popularity_for_newcomers_is_learned_after_a_few_events(case):
    samples, found = case
    contests = []
    for (sample, asked), evidence in zip(known(samples), told_by(found), strict=True):
        valid = sample.valid
        sizes = dict.fromkeys(range(len(valid)), 0)
        sizes |= {person: (0, 1, 2, 5)[at % 4] for at, person in enumerate(asked.rivals)}
        kept = [
            np.arange(length) >= length - sizes[person]
            for person, length in enumerate(valid.support.lengths)
        ]
        cut = valid.support.keep(np.concatenate(kept))
        before = replace(evidence, popular=replace(evidence.popular, at_first=0.0))
        fades = 1.0 / (1.0 + cut.lengths / 3.0)
        tables = {
            "all": total(before, sample, cut),
            "popular": fades[:, None] * evidence.popular.known,
        }
        contests.append(asked.contests(tables))
    (at_first,) = beside(Contests.joined(contests))
    assert found.evidence.popular.at_first == pytest.approx(at_first, rel=1e-4)
    assert at_first > 0


def test_each_sample_hears_the_same_trust_in_tables_of_its_own():
    samples, found = learned("folds")
    assert told_by(found)[0].counted[0].matrix.shape == (OFFERED, OFFERED)
    for sample, told in zip(samples, told_by(found), strict=True):
        assert told.untouched.rows.tolist() == (~sample.train.touched).tolist()
        tables = counted_tables(sample.train, CONFIG)
        for table, own in zip(told.counted, found.evidence.counted, strict=True):
            np.testing.assert_array_equal(table.matrix.toarray(), tables[table.name].toarray())
            assert table.fades == own.fades
    assert told_by(found)[1].untouched.rows[list(GONE)].all()
    assert not found.evidence.untouched.rows[list(GONE)].any()


@pytest.mark.parametrize("kind", ["arrivals", "folds"])
def test_trust_in_content_is_learned_where_untouched_items_compete(kind: str):
    samples, found = learned(kind)
    evidence, ordered = found.evidence, True
    unit = [told.directions.astype(float) / 4000 for told in (evidence.alike, evidence.plain)]
    near, plain = (sp.csr_array(directions @ directions.T) for directions in unit)

    def scores(sample: Sample) -> dict[str, np.ndarray]:
        people = sample.valid.support
        tables = {"taste": sample.taste(people)}
        tables |= heard("alike", evidence.alike.matrix, people, ordered=ordered)
        tables |= {"near": said(near, 1.0, people), "plain": said(plain, 1.0, people)}
        return tables | {FORETOLD: np.tile(foretold(sample).said, (len(people), 1))}

    asked = arrivals(samples)
    assert sum(len(one.target) for _, one in asked) >= 10
    assert found.of_content.people == sum(len(one.rivals) for _, one in asked)
    weight = trust(asked, scores, mixed(found.of_content.share))[1]
    untouched = evidence.untouched
    assert untouched.taste == pytest.approx(weight["taste"], rel=1e-3, abs=1e-6)
    likeness = [fade.weight for fade in untouched.likeness]
    expected = [weight["alike"], weight["alike, all"]]
    assert likeness == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert untouched.near == pytest.approx(weight["near"], rel=1e-3, abs=1e-6)
    assert untouched.plain == pytest.approx(weight["plain"], rel=1e-3, abs=1e-6)
    assert any(weight.values())
    assert weight[FORETOLD] == pytest.approx(0.0, abs=1e-6)
    assert evidence.foretold is None


@pytest.mark.parametrize("kind", ["arrivals", "folds"])
def test_the_level_of_untouched_items_is_that_of_what_nobody_has_had_yet(kind: str):
    samples, found = learned(kind)
    contests, new = [], []
    for sample, told in zip(samples, told_by(found), strict=True):
        rows, asked, people = told.untouched.rows, every(sample), sample.valid.support
        if not rows[asked.target].any():
            continue
        before = replace(told, untouched=replace(told.untouched, offset=0.0))
        level = np.tile(rows.astype(float), (len(people), 1))
        tables = {"all": total(before, sample, people), "up": level, "down": -level}
        contests.append(asked.contests(tables))
        new += rows[asked.target].tolist()
    up, down = beside(Contests.joined(contests))
    assert up != down
    train = samples[0].train
    counts = np.bincount(train.interactions["item"].to_numpy())
    share = max(np.sum(counts == 1), 0.5) / len(train.interactions)
    asked_for = np.mean(new)
    offset = up - down + np.log(share / (1 - share)) - np.log(asked_for / (1 - asked_for))
    assert found.evidence.untouched.offset == pytest.approx(offset, rel=1e-3)


def test_the_share_of_the_unseen_is_that_of_events_alone_on_their_item():
    log = pl.DataFrame({"user_id": list("abcdef"), "item_id": list("xxyzzw")})
    assert share_of_unseen(mr.from_frames(log, feedback="implicit")) == pytest.approx(2 / 6)
    twice = mr.from_frames(log.filter(pl.col("item_id").is_in(["x", "z"])), feedback="implicit")
    assert share_of_unseen(twice) == pytest.approx(0.5 / 4)
    once = mr.from_frames(log.unique("item_id"), feedback="implicit")
    assert share_of_unseen(once) == 0.5


def test_samples_share_the_queries_but_validation_alone_has_them_all(
    monkeypatch: pytest.MonkeyPatch,
):
    samples, found = learned("folds")
    monkeypatch.setattr("metarec.meta.evidence.samples.MOST_QUERIES", 8)
    content, rng = (found.evidence.alike, found.evidence.plain), np.random.default_rng(0)
    for alone, known in ((False, 4), (True, 8)):
        sample = replace(samples[1], alone=alone)
        tables = Tables.of(sample, *content, CONTENT, CONFIG, rng, 2)
        assert len(tables.known) == known
        assert len(tables.arrivals) == len(tables.every) == 4


def test_a_validation_of_fewer_than_fifty_events_teaches_nothing():
    (sample,) = samples_of("unix")
    able = np.flatnonzero(
        (sample.train.catalogue.offered & sample.train.touched)[sample.valid.query.items]
    )
    for n, expected in ((49, True), (50, False)):
        few = replace(sample, valid=sample.valid.take(able[:n]))
        found = learn_evidence([few], CONTENT, CONFIG, np.random.default_rng(0))
        assert (found is None) == expected


def test_counting_more_events_keeps_the_trust():
    found = learned("unix")[1]
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


@pytest.mark.parametrize("kind", ["unix", "none"])
def test_where_nobody_asks_for_untouched_items_they_count_like_others(kind: str):
    evidence = learned(kind)[1].evidence
    assert evidence.untouched.taste == (evidence.taste or 1.0)
    assert evidence.untouched.likeness == evidence.alike_fades
    assert evidence.untouched.near == evidence.untouched.plain == 0.0
    assert evidence.untouched.offset == 0.0


def test_the_level_of_untouched_items_is_learned_anew_whatever_another_shop_says():
    """Where enough are asked for them; else it stays as it was there."""
    samples, found = learned("arrivals")
    known = found.evidence
    higher = replace(known, untouched=replace(known.untouched, offset=known.untouched.offset + 7))
    offsets = {}
    for least in (10, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("metarec.meta.evidence.learning.LEAST_QUERIES", least)
            patch.setattr("metarec.meta.evidence.learning.ENOUGH_QUERIES", 20)
            for name, told in (("known", known), ("higher", higher)):
                rng = np.random.default_rng(6)
                again = learn_evidence(samples, CONTENT, CONFIG, rng, told)
                assert again is not None
                offsets[least, name] = again.evidence.untouched.offset
    assert offsets[10, "higher"] == pytest.approx(offsets[10, "known"])
    assert offsets[10**9, "known"] == known.untouched.offset
    assert offsets[10**9, "higher"] == higher.untouched.offset
