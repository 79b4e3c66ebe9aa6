"""What an event on the item itself counts, by loops over people, queries and rivals."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from metarec.meta.evidence import Contests, Sample
from metarec.meta.evidence.returning import Returns, learn_return
from metarec.meta.evidence.trust import learn_beside
from tests.meta.test_evidence_learning import learned, total

DECAYS = (0.7, 0.95, 1.0)


def coming_back(every: int) -> Sample:
    """Of every so many people one is asked for what they had, before what is new to them."""
    (sample,), _ = learned("unix")
    valid = sample.valid
    items = valid.query.items.copy()
    for row in range(0, len(items), every):
        own = valid.support.take([int(valid.query.rows[row])]).items
        if len(own):
            items[row] = own[row % len(own)]
    return replace(sample, repeating=replace(valid, query=replace(valid.query, items=items)))


def learn(sample: Sample) -> Returns | None:
    evidence = learned("unix")[1].evidence
    return learn_return(evidence, sample, np.random.default_rng(0))


class Loops:
    """The same by loops: what each query's rivals are ahead by, and who had what."""

    def __init__(self, sample: Sample) -> None:
        evidence, asked = learned("unix")[1].evidence, sample.repeating
        assert asked is not None
        people, offered = asked.support, sample.train.catalogue.offered
        known = total(evidence, sample, people)
        self.margins, self.query, self.new_rival, self.back = [], [], [], []
        for person, target in zip(asked.query.rows, asked.query.items, strict=True):
            if not offered[target]:
                continue
            had = people.take([int(person)]).items.tolist()
            own = np.zeros((known.shape[1], len(DECAYS)))
            for age, item in enumerate(reversed(had)):
                own[item] += [decay**age for decay in DECAYS]
            wanted = asked.query.take([int(person)]).items
            for rival in np.flatnonzero(offered):
                if rival not in wanted:
                    said = known[person, rival] - known[person, target]
                    self.margins.append([said, *(own[rival] - own[target])])
                    self.query.append(len(self.back))
                    self.new_rival.append(rival not in had)
            self.back.append(target in had)

    def weights(self) -> np.ndarray:
        margins, n = np.array(self.margins), len(self.back)
        scales = np.abs(margins[:, 1:]).max(axis=0)
        own = margins[:, 1:] / scales
        both = Contests(tuple("abcdef"), np.hstack([own, -own]), np.array(self.query), n)
        found = learn_beside(both, margins[:, 0])
        return (found[:3] - found[3:]) / scales

    def gains(self, weights: np.ndarray, *, new: bool) -> np.ndarray:
        """1 / log2(1 + rank) among all rivals, or among those that are new to the person."""
        ahead = np.zeros(len(self.back))
        for margin, query, is_new in zip(self.margins, self.query, self.new_rival, strict=True):
            beyond = margin[0] + np.dot(margin[1:], weights)
            ahead[query] += (beyond > 0) * (is_new or not new)
        gained = np.where(ahead < 10, 1 / np.log2(2 + ahead), 0.0)
        return np.where(self.back, 0.0, gained) if new else gained


@pytest.mark.parametrize("every", [1, 2, 9])
def test_what_it_counts_to_have_had_an_item_and_whether_it_is_shown(monkeypatch, every: int):
    monkeypatch.setattr("metarec.meta.evidence.returning.LEAST_QUERIES", 5)
    sample = coming_back(every)
    found, loops = learn(sample), Loops(sample)
    assert found is not None
    assert [fade.decay for fade in found.table.fades] == list(DECAYS)
    weights = np.array([fade.weight for fade in found.table.fades])
    np.testing.assert_allclose(weights, loops.weights(), rtol=0.03)  # the best are nearly a line
    np.testing.assert_array_equal(found.table.matrix.toarray(), np.eye(len(sample.train.catalogue)))
    ahead = loops.gains(weights, new=False) - loops.gains(0 * weights, new=True)
    sure = ahead.mean() / (ahead.std(ddof=1) / np.sqrt(len(ahead)))
    assert sure > 2
    assert found.shown
    for border, expected in ((sure - 1e-6, True), (sure + 1e-6, False)):
        monkeypatch.setattr("metarec.evaluation.protocol.returning.SURE", border)
        assert learn(sample).shown is expected


def test_too_few_who_come_back_teach_nothing(monkeypatch):
    sample = coming_back(3)
    n = sum(Loops(sample).back)
    assert n > 10
    monkeypatch.setattr("metarec.meta.evidence.returning.LEAST_QUERIES", n)
    assert learn(sample) is not None
    assert learn(replace(sample, repeating=None)) is None
    bought = sample.train.interactions.with_columns(event=pl.lit("buy"))
    buying = replace(sample.train, interactions=bought, target_kinds=("buy",))
    assert learn(replace(sample, train=buying)) is None
    monkeypatch.setattr("metarec.meta.evidence.returning.LEAST_QUERIES", n + 1)
    assert learn(sample) is None
    nobody = replace(sample, repeating=sample.repeating.take(np.zeros(0, dtype=np.int64)))
    assert learn(nobody) is None


def test_few_people_at_a_time_are_the_same(monkeypatch):
    monkeypatch.setattr("metarec.meta.evidence.returning.LEAST_QUERIES", 5)
    sample = coming_back(2)
    expected = learn(sample)
    monkeypatch.setattr("metarec.meta.evidence.questions.CELLS_AT_ONCE", 500)
    assert [fade.weight for fade in learn(sample).table.fades] == pytest.approx(
        [fade.weight for fade in expected.table.fades]
    )
