"""What a person refused lowers what is like it, and what they took is as old with it as without."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarec as mr
from metarec.contracts import Catalogue, Dataset, Event, vocabulary_of
from metarec.meta.heads.choice_start import set_refusals
from metarec.meta.holding_out import Taught
from metarec.meta.person import Person
from metarec.testing.planted_shop import TOPICS

from .networks import fitted_network
from .orders import parts_of, with_order

GROUP = 12
"""Items of each of three groups, which read alike; everyone takes of the first."""
DISLIKE = "dislike"
DAY = 86_400.0
IDS = [f"item-{item}" for item in range(3 * GROUP)]


def shop(n_users: int = 80, rng: int = 0) -> Dataset:
    """People take of one of two groups, and often say of the other that they dislike it before."""
    random = np.random.default_rng(rng)
    rows = []
    for user in range(n_users):
        own, other = (GROUP, 2 * GROUP) if user % 2 else (2 * GROUP, GROUP)
        history = [(int(item), "buy") for item in random.permutation(GROUP)[: user % 3]]
        history += [(other + int(item), DISLIKE) for item in random.permutation(GROUP)[:2]]
        history += [(own + int(item), "buy") for item in random.permutation(GROUP)[:7]]
        rows += [(user, item, 1.0, n * DAY, kind) for n, (item, kind) in enumerate(history)]
    names = {"user": pl.Int64, "item": pl.Int64, "value": pl.Float32}
    names |= {"timestamp": pl.Float64, "event": pl.String}
    titles = [" ".join(random.permutation(TOPICS[item // GROUP])) for item in range(len(IDS))]
    return Dataset(
        name="refusing",
        feedback="implicit",
        clock="unix",
        catalogue=Catalogue.of(pl.DataFrame({"item_id": IDS, "title": titles})),
        user_ids=vocabulary_of(f"u{user:03}" for user in range(n_users)),
        interactions=pl.DataFrame(rows, schema=names, orient="row"),
        negative_kinds=(DISLIKE,),
    )


def fit(data: Dataset, **settings: object) -> mr.MetaRecommender:
    config = {"d": 4, "steps": 0, "evidence": False} | settings
    model = mr.MetaRecommender(mr.HashEncoder(d=16), mr.MetaConfig(**config))  # type: ignore[arg-type]
    return model.fit(data, rng=0)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return shop()


@pytest.fixture(scope="module")
def model(data: Dataset) -> mr.MetaRecommender:
    return fit(data)


@pytest.fixture(scope="module", params=["place", "clock", "none"])
def aged(data: Dataset, request: pytest.FixtureRequest) -> mr.MetaRecommender:
    """By what the age of an event counts, which is set by hand so that it matters."""
    fitted = fit(data, recency=request.param)
    (name, heart), *_ = fitted.hearts.items()
    confidence = replace(heart.confidence, eps=0.2, rho=0.6, of_kind=np.array([1.0, 0.7]))
    fitted.hearts = {name: replace(heart, confidence=confidence)}
    return fitted


def bought(*items: int) -> list[Event]:
    return [Event(IDS[item], kind="buy") for item in items]


def disliked(item: int) -> Event:
    return Event(IDS[item], kind=DISLIKE)


def by_group(scores: np.ndarray) -> np.ndarray:
    return scores.reshape(3, GROUP)


@pytest.mark.parametrize("taken", [[], [0, 1], [13, 14], [25, 26, 27]])
def test_after_a_refusal_its_whole_group_falls_below_where_it_was_to_the_others(
    model: mr.MetaRecommender, taken: list[int]
) -> None:
    before, after = bought(*taken), [*bought(*taken), disliked(30)]
    moved = by_group(model.adapt(after).score(IDS) - model.adapt(before).score(IDS))
    assert moved[2].max() < moved[:2].min()
    assert moved[2].max() < 0


def test_lists_of_those_who_refused_something_are_better_with_it(
    model: mr.MetaRecommender,
) -> None:
    """Most of a list is of the group that was not refused, for people known by nothing else."""
    people = [[*bought(0, 1), disliked(other)] for other in range(GROUP, 3 * GROUP)]
    groups = {  # of all ten places, how many are of the group that is really theirs
        heard: np.mean(
            [
                np.sum(model.recommend([history], 10).items[0] // GROUP == own)
                for history, own in zip(told, [2] * GROUP + [1] * GROUP, strict=True)
            ]
        )
        for heard, told in {True: people, False: [history[:2] for history in people]}.items()
    }
    assert groups[True] > groups[False] + 0.8


def test_all_numbers_of_many_people_are_those_of_one_by_one(aged: mr.MetaRecommender) -> None:
    histories = [
        [disliked(30)],
        [disliked(30), *bought(1, 13), disliked(2), *bought(14)],
        bought(1, 13),
        [],
        [Event(IDS[3], kind="buy", t=9 * DAY), Event(IDS[30], kind=DISLIKE, t=4 * DAY)],
        [Event(IDS[3], kind="buy", t=2 * DAY), disliked(20), Event(IDS[4], t=DAY)],
    ]
    scores, lists = aged.score(histories, IDS), aged.recommend(histories, 5)
    for row, history in enumerate(histories):
        person = aged.adapt(history)
        np.testing.assert_allclose(person.score(IDS), scores[row], atol=1e-9)
        alone = person.recommend(5)
        np.testing.assert_array_equal(alone.items, lists.items[row])
        np.testing.assert_allclose(alone.stds, lists.stds[row], atol=1e-9)


MOMENTS = st.one_of(st.none(), st.integers(0, 6).map(lambda day: day * DAY))
EVENTS = st.builds(
    Event,
    st.sampled_from([IDS[item] for item in (1, 2, 13, 14, 30, 31)]),
    kind=st.sampled_from(["buy", DISLIKE]),
    t=MOMENTS,
    value=st.just(1.0),
)


@settings(max_examples=25)
@given(
    history=st.lists(EVENTS, max_size=6),
    now=st.one_of(st.none(), st.integers(0, 9)),
)
def test_a_person_who_refuses_keeps_every_promise(
    aged: mr.MetaRecommender, history: list[Event], now: int | None
) -> None:
    assert_every_promise(aged, history, None if now is None else float(now))


def test_beside_tables_a_refusal_moves_taste_alone_and_keeps_every_promise(data: Dataset) -> None:
    """However much tables are trusted here, the head counts as much as they do together; what
    reads the order of events does not read a refusal either."""
    model = fit(data, evidence=True)
    evidence = model.heart.evidence
    assert evidence is not None
    model.hearts = {"implicit": replace(model.heart, evidence=replace(evidence, taste=1.0))}
    history = [disliked(30), *bought(1, 13), disliked(2), *bought(14), disliked(31)]
    assert_every_promise(model, history, None)
    assert_every_promise(model, history, 7.0)
    reading = with_order(model)
    assert_every_promise(reading, history, None)
    read, without = (reading.adapt(told).explain("item-32") for told in (history, takes(history)))
    assert read.together == pytest.approx(without.together)
    told = model.adapt(history).explain("item-32")
    refused = np.array([event.kind == DISLIKE for event in told.events])
    assert told.reasons["taste"][refused].all()
    for reason, said in told.reasons.items():
        assert reason == "taste" or not said[refused].any()
    moved = by_group(model.score([history], IDS)[0] - model.adapt(takes(history)).score(IDS))
    assert moved[2].max() < moved[1].min()


def assert_every_promise(aged: mr.MetaRecommender, history: list[Event], moment: float | None):
    whole = aged.adapt(history, now=moment)
    one_by_one = aged.adapt([], now=moment)
    for event in history:
        one_by_one = one_by_one.observe(event)
    np.testing.assert_allclose(one_by_one.score(IDS), whole.score(IDS), atol=1e-9)
    np.testing.assert_allclose(
        aged.score([history], IDS)[0], aged.adapt(history).score(IDS), atol=1e-9
    )
    assert_taken_is_as_old(whole, aged.adapt(takes(history), now=moment))
    told = whole.explain("item-32")
    assert sorted(map(repr, told.events)) == sorted(map(repr, whole.came))
    assert parts_of(told) == pytest.approx(told.score, abs=1e-9)
    for event, effect in zip(told.events, told.effects, strict=True):
        place = next(n for n, came in enumerate(whole.came) if came is event)
        rest = aged.adapt([*history[:place], *history[place + 1 :]], now=moment)
        assert effect == pytest.approx(told.score - rest.score(["item-32"])[0], abs=1e-9)
    for item in {event.item for event in history}:
        left = [event for event in history if event.item != item]
        np.testing.assert_array_equal(
            whole.forget(item).score(IDS), aged.adapt(left, now=moment).score(IDS)
        )


def takes(history: Sequence[Event]) -> list[Event]:
    return [event for event in history if event.kind != DISLIKE]


def assert_taken_is_as_old(whole: Person, alone: Person) -> None:
    support, own = whole._first.support, alone._first.support
    kept = ~whole._seen.refused
    np.testing.assert_array_equal(support.rows[kept], own.rows)
    np.testing.assert_array_equal(support.precisions[kept], own.precisions)


def test_a_refusal_is_as_old_as_what_was_taken_after_it(aged: mr.MetaRecommender) -> None:
    """By place; by clock it is never newer than the newest that was taken."""
    person = aged.adapt(
        [
            Event(IDS[30], kind=DISLIKE, t=0.0),
            Event(IDS[1], kind="buy", t=2 * DAY),
            Event(IDS[31], kind=DISLIKE, t=3 * DAY),
            Event(IDS[2], kind="buy", t=7 * DAY),
            Event(IDS[32], kind=DISLIKE, t=9 * DAY),
        ]
    )
    ages = {"place": [2, 1, 0], "clock": [7, 4, 0], "none": [0, 0, 0]}[
        aged.heart.confidence.recency
    ]
    known = aged.heart.confidence
    expected = 0.7 * known.of_age(np.array(ages, dtype=np.float64))
    seen, support = person._seen, person._first.support
    np.testing.assert_allclose(support.precisions[seen.refused], expected)
    assert (support.targets[seen.refused] == -1).all()
    assert (support.targets[~seen.refused] == 1).all()


def test_after_old_and_new_refusals_one_more_event_is_as_if_all_had_come_at_once(
    aged: mr.MetaRecommender,
) -> None:
    """By clock a refusal that is newer than all that was taken ages less than the others."""
    history = [
        Event(IDS[30], kind=DISLIKE, t=1 * DAY),
        Event(IDS[1], kind="buy", t=2 * DAY),
        Event(IDS[31], kind=DISLIKE, t=5 * DAY),
    ]
    new = Event(IDS[2], kind="buy", t=7 * DAY)
    np.testing.assert_allclose(
        aged.adapt(history).observe(new).score(IDS),
        aged.adapt([*history, new]).score(IDS),
        atol=1e-9,
    )


def test_a_refusal_is_never_asked_for_and_touches_nothing(data: Dataset) -> None:
    """A group that people do nothing but refuse stays a group that nobody has touched."""
    names, refused = data.interactions["event"], data.interactions["item"] >= 2 * GROUP
    odd = data.where((names == DISLIKE) & refused | (names == "buy") & ~refused)
    taught = Taught.of(odd, None, 0)
    assert not taught.train.touched[2 * GROUP :].any()
    assert (taught.valid.query.items < 2 * GROUP).all()
    heard = taught.valid.support
    assert odd.event_kinds.refused(heard).any()
    fitted = fit(odd)
    assert (fitted.heart.terms.popularity[2 * GROUP : 3 * GROUP] == 0).all()
    assert not fitted._weights["implicit"]["told"][2 * GROUP :].any()


def test_held_out_people_have_refused_before_they_are_asked(data: Dataset) -> None:
    """Of an order, what came before; their takes and questions are those of a shop without."""
    with_, without = (
        Taught.of(data, None, 0).valid,
        Taught.of(data.without_negative(), None, 0).valid,
    )
    kinds = data.event_kinds
    supports = kinds.support(with_.support)
    np.testing.assert_array_equal(supports.items, without.support.items)
    np.testing.assert_array_equal(with_.query.items, without.query.items)
    refused = kinds.refused(with_.support)
    for row, user_id in enumerate(with_.support.user_ids.tolist()):
        own = data.histories.take([data.user_row(user_id)])
        n = supports.lengths[row]
        asked_at = np.flatnonzero(~kinds.refused(own))[n]  # the first that is asked for
        before = own.items[:asked_at]
        told = with_.support.take([row])
        np.testing.assert_array_equal(told.items, before)
    assert refused.any()
    unordered = replace(data, clock=None, interactions=data.interactions.drop("timestamp"))
    told = Taught.of(unordered, None, 0).valid.support
    counts = np.bincount(told.rows[kinds.refused(told)], minlength=len(told))
    assert (counts == 2).all()


def test_what_a_refusal_counts_is_left_only_for_what_is_clearly_better(
    model: mr.MetaRecommender,
) -> None:
    network = fitted_network(model)
    weight = network.confidence.log_confidence

    def lists(best: float, gain: float) -> np.ndarray:
        near = -abs(weight[1].exp().item() - best)
        return np.array([near, near + gain]) if best else np.array([near, -near])

    usual = weight.detach().clone()
    set_refusals(network, lambda: lists(3.0, 0.0))
    assert weight[1].exp().item() == pytest.approx(3.0)
    set_refusals(network, lambda: lists(0.0, 0.0))  # one person gains what another loses
    assert weight[1].exp().item() == pytest.approx(3.0)
    assert weight[0] == usual[0]


def test_a_saved_model_hears_refusals_as_before_and_says_so(
    model: mr.MetaRecommender, tmp_path: Path
) -> None:
    model.save(tmp_path / "model")
    again = mr.load_model(tmp_path / "model")
    history = [*bought(1, 13), disliked(30)]
    np.testing.assert_array_equal(again.score([history], IDS), model.score([history], IDS))
    assert repr(again) == repr(model)
    assert "160 negative events heard" in repr(model)
    assert repr(again.adapt(history)) == "Person(3 events, 1 of them negative)"
    assert any("counts against" in line and "dislike 0.3" in line for line in model.summary)


def test_heads_of_a_rating_shop_know_kinds_by_the_same_rows_and_ratings_hear_no_refusal() -> None:
    """Negative kinds come first in the alphabet, and one of them nobody has."""
    random = np.random.default_rng(0)
    rows = []
    for user in range(40):
        items = random.permutation(3 * GROUP)[:6]
        rows += [
            (user, int(item), float(1 + (user + item) % 5), "a refusal" if n == 2 else "rate")
            for n, item in enumerate(items)
        ]
    names = {"user": pl.Int64, "item": pl.Int64, "value": pl.Float32, "event": pl.String}
    rated = replace(
        shop(40),
        feedback="rating",
        clock=None,
        negative_kinds=("a refusal", "absent"),
        interactions=pl.DataFrame(rows, schema=names, orient="row"),
    )
    config = mr.MetaConfig(d=3, steps=2, evidence=False)
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(rated, rng=0)
    ratings, choice = model.hearts.values()
    assert ratings.confidence.kind_names == choice.confidence.kind_names == (
        "rate", "a refusal", "absent",
    )  # fmt: skip
    assert not ratings.confidence.hears_refusals
    assert choice.confidence.of_refusals["absent"] == pytest.approx(0.3)
    taken = [Event(IDS[3], 4.0, "rate"), Event(IDS[20], 2.0)]
    refused = Event(IDS[30], 1.0, "a refusal")
    one, other = model.adapt([*taken, refused]), model.adapt(taken)
    for rank_by, same in (("rating", True), ("choice", False), ("both", False)):
        scores = [person.score(IDS, rank_by=rank_by) for person in (one, other)]  # type: ignore[arg-type]
        assert np.array_equal(*scores) == same
        many = model.score([[*taken, refused]], IDS, rank_by=rank_by)[0]  # type: ignore[arg-type]
        np.testing.assert_allclose(scores[0], many, atol=1e-9)
        told = one.explain(IDS[5], rank_by=rank_by)  # type: ignore[arg-type]
        assert parts_of(told) == pytest.approx(told.score, abs=1e-9)
    seen = other.observe(refused)
    np.testing.assert_allclose(seen.score(IDS), one.score(IDS), atol=1e-9)
