"""Who is asked to learn how much each part of a model counts."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

import metarec as mr
from metarec.data import Split
from metarec.meta.heart import Heart
from metarec.meta.holding_out import Taught, folds_of
from metarec.meta.ordering import CHOICE, VALUE
from metarec.meta.samples import Asked, asked_of


@pytest.fixture(scope="module")
def split() -> Split:
    return mr.split_cold(mr.generate(users=120, items=60, rng=4).dataset, rng=0)


def asked(
    split: Split, monkeypatch: pytest.MonkeyPatch, enough: int, of_folds: int
) -> tuple[list[Asked], list[Mapping[str, Taught]]]:
    """With heads that are never looked at; what the choice is asked decides."""
    taught = [
        Taught.of(split.train, split.valid.take(np.arange(3)), 0),
        Taught.of(split.train.as_events(), split.valid, 0),
    ]
    monkeypatch.setattr("metarec.meta.samples.ENOUGH_QUERIES", enough)
    monkeypatch.setattr("metarec.meta.samples.ENOUGH_OF_FOLDS", of_folds)
    started: list[Mapping[str, Taught]] = []

    def start(folds: Mapping[str, Taught]) -> Mapping[str, Heart]:
        started.append(folds)
        return dict.fromkeys(folds)  # type: ignore[arg-type]

    hearts: Mapping[str, Heart] = dict.fromkeys((VALUE, CHOICE))  # type: ignore[arg-type]
    return asked_of(taught, hearts, start, 0), started


def queries(found: Asked, *, touched: bool) -> int:
    taught = found.taught[-1]
    return int(np.sum(taught.train.touched[taught.valid.query.items] == touched))


def test_a_validation_that_asks_enough_is_asked_alone(split, monkeypatch):
    found, started = asked(split, monkeypatch, 1, 10**9)
    assert len(found) == 1
    assert not started
    assert found[0].taught[0].train is split.train
    touched = queries(found[0], touched=True)
    found, _ = asked(split, monkeypatch, touched + 1, 1)
    untouched = queries(found[0], touched=False)
    assert len(found) == 1 + (untouched < touched + 1)


@pytest.mark.parametrize(
    ("touched", "untouched", "enough"),
    [(5, 5, True), (5, 9, True), (4, 9, False), (5, 4, False), (4, 4, False)],
)
def test_five_questions_of_each_kind_are_enough_where_five_are(
    split, monkeypatch, touched: int, untouched: int, enough: bool
):
    query = split.valid.query
    known = split.train.touched[query.items]
    kept = np.zeros(len(known), dtype=bool)
    kept[np.flatnonzero(known)[:touched]] = kept[np.flatnonzero(~known)[:untouched]] = True
    few = replace(split, valid=replace(split.valid, query=query.keep(kept)))
    found, _ = asked(few, monkeypatch, 5, 10**9)
    assert (queries(found[0], touched=True), queries(found[0], touched=False)) == (
        touched,
        untouched,
    )
    assert (len(found) == 1) is enough


def test_folds_are_asked_until_they_ask_enough(split, monkeypatch):
    found, started = asked(split, monkeypatch, 10**9, 10**9)
    assert len(found) == 6
    first = sum(queries(one, touched=True) for one in found[:2])
    arrivals = queries(found[0], touched=False)
    monkeypatch.setattr("metarec.meta.samples.ENOUGH_QUERIES", arrivals)
    few, _ = asked(split, monkeypatch, min(arrivals, queries(found[0], touched=True) + 1), first)
    assert len(few) == 2
    for one, (train, _) in zip(found[1:], folds_of(split.train, 0), strict=True):
        assert one.taught[-1].train.feedback == "implicit"
        own = set(one.taught[-1].train.interactions["user"].to_list())
        assert own == set(train.interactions["user"].to_list())
    assert [set(folds) for folds in started] == [{VALUE, CHOICE}] + [{CHOICE}] * 4
    assert started[0][VALUE].train.feedback == "rating"
    assert [set(one.hearts) for one in found[1:]] == [set(folds) for folds in started]


def test_a_fit_that_holds_out_by_itself_asks_folds_until_there_are_people_enough(monkeypatch):
    """What few people are asked, much as it may be, teaches their taste and not trust."""
    shop = mr.generate(users=120, items=60, rng=4).dataset.as_events()
    taught = [Taught.of(shop, None, 0)]
    monkeypatch.setattr("metarec.meta.samples.ENOUGH_QUERIES", 0)
    monkeypatch.setattr("metarec.meta.samples.ENOUGH_OF_FOLDS", 1)
    hearts: Mapping[str, Heart] = dict.fromkeys((CHOICE,))  # type: ignore[arg-type]

    def asked_people(enough: int, of_folds: int, own: list[Taught]) -> list[int]:
        monkeypatch.setattr("metarec.meta.samples.ENOUGH_PEOPLE", enough)
        monkeypatch.setattr("metarec.meta.samples.PEOPLE_OF_FOLDS", of_folds)
        found = asked_of(own, hearts, lambda folds: dict.fromkeys(folds), 0)  # type: ignore[arg-type]
        queries = [one.taught[-1].valid.query.keep(known(one)) for one in found]
        return [len(np.unique(query.rows)) for query in queries]

    def known(found: Asked) -> np.ndarray:
        own = found.taught[-1]
        return own.train.touched[own.valid.query.items]

    (people,) = asked_people(1, 10**9, taught)
    assert asked_people(people, 10**9, taught) == [people]
    each = asked_people(people + 1, 10**9, taught)
    assert len(each) == 6
    assert each[0] == people
    both = sum(each[:2])
    assert asked_people(people + 1, both, taught) == each[:2]
    assert asked_people(people + 1, both + 1, taught) == each[:3]
    given = [Taught.of(taught[0].train, taught[0].valid, 0)]
    assert asked_people(10**9, 10**9, given) == [people]
