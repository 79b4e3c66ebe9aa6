"""The order of a history: what it says, how it is learned and weighed, and where it is left out."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import metarec as mr
from metarec.contracts import DataError, Dataset, Episodes, Histories, Running
from metarec.contracts.running import SHORTEST_S
from metarec.meta.evidence import READ, Order, Sample, Spoken
from metarec.meta.evidence.learning import Learned, learn_evidence, recounted
from metarec.meta.evidence.order_learning import (
    NO_CHOICE,
    NO_ORDER,
    NO_TRUST,
    TOO_FEW,
    LearnedOrder,
    learn_order,
)
from metarec.meta.evidence.saved import evidence_from, evidence_state
from metarec.meta.holding_out import Taught
from metarec.meta.saved import state_of
from metarec.meta.summary import summary_of
from metarec.recommenders import SASRecConfig
from metarec.recommenders.sequence_batches import Sampler
from metarec.recommenders.sequence_serving import FrozenNetwork
from metarec.training.checkpoints import CHECKPOINT

from .networks import assert_same_numbers, with_evidence
from .orders import (
    LEARNED,
    Kind,
    asked,
    config,
    drawn_order,
    ids_of,
    ordered_shop,
    triples,
)

BRIEF = replace(LEARNED, steps=6)
KNOWN = np.array([True, True, False, True, True, True, True, False])
PEOPLE = [[0, 4, 2, 6], [], [7, 2], [3, 3, 5, 1, 0, 6, 4, 1], [5]]
"""Rows of items, some of which the network does not know; one history is longer than it reads."""


def spoken(people: list[list[int]]) -> Spoken:
    lengths = [len(own) for own in people]
    items = np.array([item for own in people for item in own], dtype=np.int64)
    return Spoken(
        np.repeat(np.arange(len(people)), lengths), items, np.zeros(len(items)), len(people)
    )


def said(order: Order, people: list[list[int]]) -> np.ndarray:
    table = np.zeros((len(people), len(order.known)))
    order.add(spoken(people), table)
    return table


def by_hand(order: Order, own: list[int]) -> np.ndarray:
    """The formula, item by item."""
    rows = {item: row for row, item in enumerate(np.flatnonzero(order.known).tolist())}
    read = np.array([rows[item] for item in own if item in rows], dtype=np.int64)
    network = FrozenNetwork(order.config, order.vectors, order.weights)
    h = network.after(read, np.array([len(read)]))[0]
    logits = {item: float(h @ order.vectors[row].astype(np.float64)) for item, row in rows.items()}
    mean = sum(logits.values()) / len(logits)
    table = np.zeros(len(order.known))
    for item, logit in logits.items():
        table[item] = order.weight * (logit - mean)
    return table


@pytest.mark.parametrize("network", ["transformer", "gru", "lstm"])
def test_what_is_said_is_the_formula_one_by_one_and_together(network: Kind) -> None:
    order = drawn_order(KNOWN, network)
    table = said(order, PEOPLE)
    np.testing.assert_allclose(table, [by_hand(order, own) for own in PEOPLE], atol=1e-9)
    np.testing.assert_allclose(table, [said(order, [own])[0] for own in PEOPLE], atol=1e-9)
    assert not table[:, ~KNOWN].any()
    assert np.abs(table[:, KNOWN]).min() > 1e-6
    np.testing.assert_allclose(table.mean(axis=1), 0, atol=1e-12)


def test_base_and_what_was_moved_are_what_is_said_of_one_item() -> None:
    order = drawn_order(KNOWN)
    table, read = said(order, PEOPLE), order.read(spoken(PEOPLE))
    for row in range(len(KNOWN)):
        np.testing.assert_allclose(
            order.base(row) + order.moved(read, row), table[:, row], atol=1e-9
        )
        assert order.base(row) == pytest.approx(table[1, row], abs=1e-9)
        assert order.moved(read, row)[1] == pytest.approx(0, abs=1e-9)  # nobody, nothing


def test_of_more_items_nothing_is_said_and_events_on_them_are_not_read() -> None:
    order = drawn_order(KNOWN)
    wider = order.with_items(11)
    table = said(wider, [[*own, 9] for own in PEOPLE])
    np.testing.assert_array_equal(table[:, :8], said(order, PEOPLE))
    assert not table[:, 8:].any()


def test_an_order_is_saved_to_the_bit_and_only_where_there_is_one(
    ordered: mr.MetaRecommender, both: mr.MetaRecommender, tmp_path: Path
) -> None:
    ordered.save(tmp_path / "model")
    loaded = mr.MetaRecommender.load(tmp_path / "model")
    assert ordered.order is not None
    assert loaded.order is not None
    assert_same_numbers(loaded.heart, ordered.heart)
    assert loaded.order.config == ordered.order.config
    assert "order" not in state_of(both.hearts["implicit"])["evidence"]
    evidence = both.hearts["implicit"].evidence
    assert evidence is not None
    assert evidence_from(evidence_state(evidence)).order is None


def test_many_are_served_as_each_alone_in_a_shop_of_many_items(
    ordered: mr.MetaRecommender, few_are_many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metarec.meta.evidence.evidence.MANY_ITEMS", 20)
    ids = [str(item) for item in ordered.catalogue.ids]
    people = [[ids[(3 * h + place) % 70] for place in range(h)] for h in range(9)]
    together = ordered.score(people, ids)
    alone = [ordered.adapt(own).score(ids) for own in people]
    np.testing.assert_allclose(together, alone, atol=1e-9)
    without = replace(ordered.heart.evidence, order=None)  # type: ignore[type-var]
    assert np.abs(together - with_evidence(ordered, without).score(people, ids)).max() > 0.01


def test_only_the_order_of_a_history_moves_what_all_events_say_together(
    ordered: mr.MetaRecommender,
) -> None:
    ids = [str(item) for item in ordered.catalogue.ids]
    item, history = ids[20], ids[30:34]
    one, other = (ordered.adapt(own).explain(item) for own in (history, history[::-1]))
    assert list(one.together) == [READ]
    assert one.together[READ] != pytest.approx(other.together[READ], abs=1e-3)
    assert f"{READ} {one.together[READ]:+.3f}, score" in repr(one)
    assert ordered.adapt([]).explain(item).together == {READ: pytest.approx(0, abs=1e-12)}
    assert len(one.to_frame()) == len(history)
    unknown = ids[int(np.flatnonzero(~ordered.order.known)[0])]  # type: ignore[union-attr]
    assert ordered.adapt(history).explain(unknown).together == {READ: 0.0}


def test_every_item_that_is_explained_reads_the_history_once(
    ordered: mr.MetaRecommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [str(item) for item in ordered.catalogue.ids]
    person = ordered.adapt(ids[30:37])
    person.explain(ids[0])

    read, real = [], Order.read

    def watched(self: Order, spoken: Spoken) -> Any:
        read.append(spoken)
        return real(self, spoken)

    monkeypatch.setattr(Order, "read", watched)
    person.explain(ids[1])
    assert read == []
    ordered.adapt(ids[30:37]).explain(ids[1])
    assert read


@pytest.fixture(scope="module")
def shop() -> Dataset:
    return ordered_shop()


@pytest.fixture(scope="module")
def taught(shop: Dataset) -> Taught:
    return Taught.of(shop, asked(shop), 0)


@pytest.fixture(scope="module")
def found(taught: Taught) -> LearnedOrder:
    return learn(taught)


def learn(taught: Taught, settings: SASRecConfig = LEARNED, **how: Any) -> LearnedOrder:
    content = np.random.default_rng(0).normal(size=(len(taught.train.catalogue), 4))
    return learn_order(taught.train, taught.valid, content, settings, Running(**how))


def no_taste(n_items: int, histories: Histories) -> np.ndarray:
    return np.zeros((len(histories), n_items))


def weighed(taught: Taught, order: Order | None, rng: int = 0) -> Learned:
    """The trust in tables and an order, beside a head that says nothing."""
    n_items = len(taught.train.catalogue)
    taste = partial(no_taste, n_items)
    samples = [Sample(taught.train, taught.valid, taste, order=order, alone=True)]
    samples.append(Sample(taught.train, taught.valid.take(slice(0, 60)), taste))
    content = np.random.default_rng(0).normal(size=(n_items, 4)).astype(np.float32)
    learned = learn_evidence(samples, content, mr.MetaConfig(d=4), np.random.default_rng(rng))
    assert learned is not None
    return learned


def test_where_the_order_decides_it_is_learned_and_trusted_beyond_all_tables(
    taught: Taught, found: LearnedOrder
) -> None:
    with_it, without = weighed(taught, found.order), weighed(taught, None)
    assert with_it.trust["order"] > max(v for name, v in with_it.trust.items() if name != "order")
    assert "order" not in without.trust
    held = triples(200, rng=5)
    told, target = spoken([own[:-1] for own in held]), np.array([own[-1] for own in held])
    hits = {
        name: np.mean(unseen(learned.evidence.logits(told), held).argmax(axis=1) == target)
        for name, learned in (("with", with_it), ("without", without))
    }
    assert hits["with"] > 0.75
    assert hits["without"] < 0.6  # tables know the two that may follow, and not which


def unseen(logits: np.ndarray, held: list[list[int]]) -> np.ndarray:
    for row, own in zip(logits, held, strict=True):
        row[own[:-1]] = -np.inf
    return logits


def test_its_weight_is_its_trust_by_the_mean_of_what_it_says_at_most(
    taught: Taught, found: LearnedOrder
) -> None:
    assert found.order is not None
    learned = weighed(taught, found.order)
    assert learned.evidence.order is not None
    held = triples(350, 1)  # whose last event is asked for
    table = said(found.order, [own[:-1] for own in held])[:, : len(found.order.known)]
    table[:, ~(taught.train.touched & taught.train.catalogue.offered)] = -np.inf
    for row, own in zip(table, held, strict=True):
        row[own] = -np.inf  # what they had, and what is asked for, does not compete
    scale = table.max(axis=1).mean()
    assert learned.evidence.order.weight == pytest.approx(learned.trust["order"] / scale)


def test_folds_go_without_it_and_counting_anew_leaves_it(
    shop: Dataset, taught: Taught, found: LearnedOrder
) -> None:
    learned = weighed(taught, found.order)
    order = learned.evidence.order
    assert learned.of_sample(0).order is order is not None
    assert learned.of_sample(1).order is None
    assert recounted(learned.evidence, shop, mr.MetaConfig(d=4)).order is order


def test_what_nobody_trusts_is_not_served_and_the_metrics_say_so(
    taught: Taught, found: LearnedOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found.order is not None
    mute = replace(found.order, vectors=np.ones_like(found.order.vectors))  # all items alike
    learned = weighed(taught, mute)
    assert learned.trust["order"] == 0
    assert learned.evidence.order is None
    told = found.told(learned.evidence.order)
    assert told == {"order": {**found.facts, "left_out": NO_TRUST}}
    assert summary_of(told) == [f"order of the history: left out, {NO_TRUST}"]
    assert found.told(found.order) == {"order": dict(found.facts)}
    assert summary_of(found.told(found.order)) == []


@pytest.mark.parametrize("broken", ["clock", "few", "untouched"])
def test_where_too_little_is_told_no_network_is_trained(
    broken: str, taught: Taught, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sampler, "draw", None)  # whoever trains fails
    if broken == "clock":
        taught = replace(taught, train=replace(taught.train, clock=None))
    if broken == "few":
        taught = replace(taught, valid=taught.valid.take(slice(0, 299)))
    if broken == "untouched":
        query = taught.valid.query
        query = replace(query, items=np.where(np.arange(350) < 51, 21, query.items))
        taught = replace(taught, valid=replace(taught.valid, query=query))
    left = learn(taught)
    assert left.order is None
    assert left.told(None) == {"order": {"left_out": NO_ORDER if broken == "clock" else TOO_FEW}}


def test_three_hundred_are_enough(taught: Taught) -> None:
    assert learn(replace(taught, valid=taught.valid.take(slice(0, 300))), BRIEF).order is not None


def test_killed_it_goes_on_to_the_same_bits_and_another_seed_or_setting_is_refused(
    taught: Taught, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learn(taught, BRIEF)
    draw, steps = Sampler.draw, []

    def killed(self: Sampler, rng: np.random.Generator) -> Any:
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return draw(self, rng)

    monkeypatch.setattr(Sampler, "draw", killed)
    with pytest.raises(KeyboardInterrupt):
        learn(taught, BRIEF, folder=tmp_path)
    again = learn(taught, BRIEF, folder=tmp_path)
    assert len(steps) == 1 + 6
    assert again.order is not None
    assert whole.order is not None
    assert again.facts == whole.facts
    np.testing.assert_array_equal(again.order.vectors, whole.order.vectors)
    for name, weights in whole.order.weights.items():
        np.testing.assert_array_equal(again.order.weights[name], weights)
    for other in (partial(learn, taught, LEARNED), partial(learn, taught, BRIEF, rng=1)):
        with pytest.raises(DataError, match="checkpoint of another run"):
            other(folder=tmp_path)


def test_another_seed_learns_otherwise_and_time_may_end_it(taught: Taught) -> None:
    brief, other = learn(taught, BRIEF), learn(taught, BRIEF, rng=1)
    assert brief.order is not None
    assert other.order is not None
    assert not np.array_equal(brief.order.vectors, other.order.vectors)
    cut = learn(taught, LEARNED, time_s=SHORTEST_S)
    assert cut.facts["cut_by_time"]
    (line,) = summary_of({"order": dict(cut.facts)})
    assert line == "order of the history: time ended its training before it was done"


def test_refusals_of_validation_are_not_read_and_the_seed_is_not_that_of_the_heads(
    taught: Taught, monkeypatch: pytest.MonkeyPatch
) -> None:
    support = taught.valid.support
    kinds = np.where(support.places == 1, 1, 0)
    mixed = replace(support, kinds=kinds, kind_names=("buy", "return"))
    events = taught.train.interactions.with_columns(event=pl.lit("buy"))
    train = replace(taught.train, interactions=events, negative_kinds=("return",))
    seen: list[Episodes] = []

    def caught(data: Any, valid: Episodes, *rest: Any) -> Any:
        seen.append(valid)
        assert rest[-1].rng not in (0, 7)  # heads draw by that of the fit
        raise KeyboardInterrupt

    monkeypatch.setattr("metarec.recommenders.sequence_fitting.learn", caught)
    with pytest.raises(KeyboardInterrupt):
        learn(replace(taught, train=train, valid=replace(taught.valid, support=mixed)), rng=7)
    np.testing.assert_array_equal(seen[0].support.items, support.items[support.places != 1])


@pytest.fixture(scope="module")
def fitted(
    shop: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[mr.MetaRecommender, Path]:
    folder = tmp_path_factory.mktemp("run")
    encoder = mr.HashEncoder(d=8)
    model = mr.MetaRecommender(encoder, config()).fit(shop, asked(shop), folder=folder)
    return model, folder


def test_a_fit_says_that_it_reads_the_order_and_what_carries_it(
    fitted: tuple[mr.MetaRecommender, Path],
) -> None:
    model, folder = fitted
    assert "; implicit, 22 items, order of the history, validation loss" in repr(model)
    assert any("carried by: order" in line for line in model.summary)
    assert model.metrics["order"]["steps"] == LEARNED.steps
    assert (folder / CHECKPOINT).exists()
    assert (folder / "order" / CHECKPOINT).exists()
    right = 0
    for own in triples(60, rng=6):
        right += model.adapt(ids_of(own[:-1])).recommend(1).ids[0] == ids_of(own)[-1]
    assert right > 45  # of 60, of which tables know half


def test_a_new_item_is_served_beside_it_and_changed_content_changes_nothing_of_it(
    fitted: tuple[mr.MetaRecommender, Path],
) -> None:
    model, _ = fitted
    ids = [str(item) for item in model.catalogue.ids]
    new = model.catalogue.table[:1].with_columns(item_id=pl.Series(["new"]))
    wider = model.add_items(new)
    person = wider.adapt([*ids[:2], "new"])
    assert person.explain("new").together == {READ: 0.0}
    told = person.explain(ids[5])
    assert told.together == pytest.approx(model.adapt(ids[:2]).explain(ids[5]).together)
    other = model.update_items(
        model.catalogue.table[5:6].with_columns(title=model.catalogue.table["title"][:1])
    )
    assert other.order is model.order


def test_the_time_that_heads_leave_is_its_own_and_its_folder_is_below(
    shop: Dataset, taught: Taught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model, seen = mr.MetaRecommender(mr.HashEncoder(d=8), config()), []

    def caught(train: Any, valid: Any, content: Any, settings: Any, running: Running) -> Any:
        seen.append(running)
        return LearnedOrder(None)

    monkeypatch.setattr("metarec.meta.learning.learn_order", caught)
    model.hearts = {"implicit": None}  # type: ignore[dict-item]
    content = np.zeros((22, 0))
    for end in (None, time.monotonic() + 50, time.monotonic() - 1):
        model._learned_order(taught, content, Running(folder=tmp_path, time_s=99.0), end)
    assert [running.folder for running in seen] == [tmp_path / "order"] * 3
    assert seen[0].time_s is None
    assert 40 < seen[1].time_s < 50
    assert seen[2].time_s == SHORTEST_S
    model.hearts = {}
    assert model._learned_order(taught, content, Running(), None).facts == {"left_out": NO_CHOICE}
    plain = mr.MetaRecommender(mr.HashEncoder(d=8), config(order=None))
    assert plain._learned_order(taught, content, Running(), None).told(None) == {}


def test_a_gpu_is_for_the_network_alone_and_its_lack_is_told_at_once(
    shop: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(mr.MetaRecommender, "_learn", None)
    with pytest.raises(DataError, match="device must be 'cpu' here: PyTorch finds no CUDA device"):
        mr.MetaRecommender(config=config()).fit(shop, device="cuda")
    with pytest.raises(DataError, match="device must be 'cpu', on which MetaRecommender is fitted"):
        mr.MetaRecommender().fit(shop, device="cuda")
    assert mr.MetaRecommender().devices == ("cpu",)


def test_settings_of_the_order_are_settings_and_stand_among_evidence() -> None:
    with pytest.raises(DataError, match="order must be a SASRecConfig, got"):
        mr.MetaConfig(order={"d": 8})  # type: ignore[arg-type]
    with pytest.raises(DataError, match="use evidence=True, or order=None"):
        mr.MetaConfig(order=LEARNED, evidence=False)
    assert mr.MetaConfig(order=LEARNED).beside_ratings().order == LEARNED
