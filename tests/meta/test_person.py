"""What falls out of the one posterior: each line of the contract as a property."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import metarec as mr
from metarec.contracts import DataError, Histories, UnknownItemWarning

from .orders import parts_of

many = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DAY = 86_400.0


@st.composite
def histories(draw: st.DrawFn, most: int = 8) -> list[tuple[int, float]]:
    rows = draw(st.lists(st.integers(0, 69), max_size=most, unique=True))
    return [(row, draw(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0]))) for row in rows]


def events(model: mr.MetaRecommender, history: list[tuple[int, float]]) -> list[mr.Event]:
    rating = model.predicts_ratings
    clock = model.heart.confidence.recency == "clock"
    return [
        mr.Event(
            str(model.catalogue.ids[row]),
            value if rating else 1.0,
            None,
            1e9 + 3 * DAY * place if clock else None,
        )
        for place, (row, value) in enumerate(history)
    ]


@many
@given(history=histories())
def test_observing_one_by_one_equals_adapting_on_all(
    model: mr.MetaRecommender, history: list[tuple[int, float]]
):
    done = events(model, history)
    person = model.adapt([])
    for event in done:
        person = person.observe(event)
    at_once = model.adapt(done)
    np.testing.assert_allclose(
        person.adapted.posterior.mean, at_once.adapted.posterior.mean, atol=1e-8
    )
    np.testing.assert_allclose(
        person.adapted.posterior.factor,
        at_once.adapted.posterior.factor,
        atol=1e-8,
    )
    ids = list(model.catalogue.ids)
    np.testing.assert_allclose(person.score(ids), at_once.score(ids), atol=1e-8)


@many
@given(history=histories(), which=st.integers(0, 7))
def test_forgetting_equals_never_having_seen_bit_for_bit(
    model: mr.MetaRecommender, history: list[tuple[int, float]], which: int
):
    if not history:
        return
    done = events(model, history)
    gone = done[which % len(done)].item
    person = model.adapt(done[:1])
    for event in done[1:]:
        person = person.observe(event)
    ids = list(model.catalogue.ids)
    rest = model.adapt([event for event in done if event.item != gone])
    np.testing.assert_array_equal(person.forget(gone).score(ids), rest.score(ids))
    np.testing.assert_array_equal(person.forget(gone).predict(ids).stds, rest.predict(ids).stds)


def test_forgetting_takes_every_event_of_the_item(ratings: mr.MetaRecommender):
    a, b = map(str, ratings.catalogue.ids[:2])
    person = ratings.adapt([(a, 5.0), (b, 2.0), (a, 1.0)]).forget(a)
    assert [event.item for event in person.events] == [b]
    with pytest.raises(DataError, match="no event on item"):
        person.forget(a)


@many
@given(history=histories(), row=st.integers(0, 69))
def test_base_and_shares_sum_to_the_score(
    model: mr.MetaRecommender, history: list[tuple[int, float]], row: int
):
    person = model.adapt(events(model, history))
    told = person.explain(str(model.catalogue.ids[row]))
    assert parts_of(told) == pytest.approx(told.score, abs=1e-9)
    shown = model.ordering().shown(told.score, model.hearts)
    assert person.score([told.item])[0] == pytest.approx(shown, abs=1e-12)


@many
@given(history=histories(), row=st.integers(0, 69))
def test_an_effect_is_the_score_minus_the_score_without_the_event(
    model: mr.MetaRecommender, history: list[tuple[int, float]], row: int
):
    done = events(model, history)
    item = str(model.catalogue.ids[row])
    told = model.adapt(done).explain(item)
    for place in range(len(done)):
        without = model.adapt(done[:place] + done[place + 1 :]).explain(item)
        assert told.effects[place] == pytest.approx(told.score - without.score, abs=1e-8)


@many
@given(history=histories(), row=st.integers(0, 69))
def test_variance_never_grows_with_an_event_at_fixed_now(
    model: mr.MetaRecommender, history: list[tuple[int, float]], row: int
):
    now = 2e9 if model.heart.confidence.recency == "clock" else 50.0
    ids = list(model.catalogue.ids)
    done = events(model, [*history, (row, 3.0)])
    fewer = model.adapt(done[:-1], now=now).predict(ids).stds
    more = model.adapt(done, now=now).predict(ids).stds
    assert (more <= fewer + 1e-12).all()


def test_without_events_a_person_is_the_prior(model: mr.MetaRecommender):
    person = model.adapt([])
    prior = model.heart.prior.of(model.profile_features(None))
    np.testing.assert_array_equal(person.adapted.posterior.mean, prior.mean)
    np.testing.assert_allclose(
        person.adapted.posterior.factor @ person.adapted.posterior.factor.T,
        prior.precision,
        atol=1e-10,
    )


@many
@given(people=st.lists(histories(), min_size=1, max_size=4))
def test_many_at_once_equal_one_by_one(
    model: mr.MetaRecommender, people: list[list[tuple[int, float]]]
):
    done = [events(model, history) for history in people]
    together = model.recommend(done, k=5)
    for row, history in enumerate(done):
        alone = model.adapt(history).recommend(k=5)
        assert list(together[row].ids) == list(alone.ids)
        np.testing.assert_allclose(together[row].scores, alone.scores, atol=1e-9)
        np.testing.assert_allclose(together[row].stds, alone.stds, atol=1e-9)


def test_unknown_items_are_nan_in_place(model: mr.MetaRecommender):
    first, last = str(model.catalogue.ids[0]), str(model.catalogue.ids[-1])
    person = model.adapt([])
    scores = person.score([first, "no such item", last])
    assert np.isnan(scores).tolist() == [False, True, False]
    predicted = person.predict(["no such item", first])
    assert np.isnan(predicted.scores).tolist() == [True, False]
    assert np.isnan(predicted.stds).tolist() == [True, False]
    with pytest.raises(DataError, match="add_items"):
        person.explain("no such item")
    with pytest.raises(DataError, match="add_items"):
        person.observe("no such item", 3.0)


def test_events_on_unknown_items_are_left_out_with_a_warning(model: mr.MetaRecommender):
    known = str(model.catalogue.ids[0])
    with pytest.warns(UnknownItemWarning, match="no such item"):
        person = model.adapt([("no such item", 5.0), (known, 4.0)])
    assert [event.item for event in person.events] == [known]


def test_a_retired_item_is_never_recommended_but_still_counts(ratings: mr.MetaRecommender):
    best = str(ratings.adapt([]).recommend(k=1).ids[0])
    without = ratings.retire_items([best])
    assert best not in without.adapt([]).recommend(k=len(ratings.catalogue)).ids
    assert best in ratings.adapt([]).recommend(k=1).ids  # the old value is as it was
    np.testing.assert_array_equal(
        without.adapt([(best, 1.0)]).adapted.posterior.mean,
        ratings.adapt([(best, 1.0)]).adapted.posterior.mean,
    )


def test_ratings_are_shown_inside_their_scale(ratings: mr.MetaRecommender):
    ids = list(map(str, ratings.catalogue.ids))
    delighted = ratings.adapt([(item, 5.0) for item in ids[:30]])
    shown = delighted.score(ids)
    assert shown.max() <= 5.0
    assert shown.min() >= 1.0
    assert delighted.recommend(k=5).scores.max() <= 5.0


def test_an_old_event_counts_less_than_a_new_one(clocked: mr.MetaRecommender):
    a, b = map(str, clocked.catalogue.ids[:2])
    day = 86_400.0
    person = clocked.adapt([mr.Event(a, 1.0, None, 0.0), mr.Event(b, 1.0, None, 400 * day)])
    older, newer = person.explain(a), person.explain(b)
    assert older.shares[0] / older.shares.sum() < newer.shares[1] / newer.shares.sum()


def test_events_out_of_order_of_their_clock_are_put_in_order(clocked: mr.MetaRecommender):
    a, b = map(str, clocked.catalogue.ids[:2])
    early, late = mr.Event(a, 1.0, None, 1e9), mr.Event(b, 1.0, None, 1.1e9)
    ids = list(clocked.catalogue.ids)
    there = clocked.adapt([early, late]).score(ids)
    np.testing.assert_array_equal(there, clocked.adapt([late, early]).score(ids))
    np.testing.assert_array_equal(there, clocked.adapt([late]).observe(early).score(ids))


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_an_error(model: mr.MetaRecommender, k: int):
    with pytest.raises(DataError, match="k must be at least 1"):
        model.adapt([]).recommend(k=k)
    with pytest.raises(DataError, match="k must be at least 1"):
        model.adapt([]).ask(k=k)


def test_more_than_there_is_gives_all_there_is(model: mr.MetaRecommender):
    a = str(model.catalogue.ids[0])
    found = model.adapt([(a, 3.0)]).recommend(k=1000)
    assert len(found.ids) == len(model.catalogue) - 1
    assert a not in found.ids


def test_candidates_limit_the_list(model: mr.MetaRecommender):
    some = [str(i) for i in model.catalogue.ids[10:15]]
    found = model.adapt([]).recommend(k=10, candidates=some)
    assert sorted(found.ids) == sorted(some)
    for answer in (model.adapt([]).recommend, model.adapt([]).ask):
        with pytest.warns(UnknownItemWarning, match="1 of 2 candidates .* 'no such item'"):
            assert answer(3, candidates=["no such item", some[0]]).ids.tolist() == some[:1]


@pytest.mark.parametrize("k", [1.5, "a", None, True, float("nan"), 0])
def test_how_many_is_a_whole_number(model: mr.MetaRecommender, k):
    person, item = model.adapt([]), str(model.catalogue.ids[0])
    wanted = "k must be at least 1" if k == 0 else "k must be a whole number of at least 1"
    for ask in (
        lambda: person.recommend(k),
        lambda: person.ask(k),
        lambda: model.recommend([[]], k),
        lambda: model.similar(item, k),
    ):
        with pytest.raises(DataError, match=wanted):
            ask()


DAYS = [None, 0.0, -5 * DAY, 3 * DAY, 400 * DAY]


@many
@given(
    rows=st.lists(st.integers(0, 69), min_size=1, max_size=6, unique=True),
    data=st.data(),
)
def test_mixed_clocks_and_a_fixed_now_change_neither_equality_nor_sum(
    implicit: mr.MetaRecommender,
    ordered: mr.MetaRecommender,
    clocked: mr.MetaRecommender,
    rows: list[int],
    data: st.DataObject,
):
    model = data.draw(st.sampled_from([implicit, ordered, clocked]))
    now = data.draw(st.sampled_from([None, 0.0, 2.0, 100 * DAY, 500 * DAY]))
    done = [
        mr.Event(str(model.catalogue.ids[row]), 1.0, None, data.draw(st.sampled_from(DAYS)))
        for row in rows
    ]
    person = model.adapt([], now=now)
    for event in done:
        person = person.observe(event)
    at_once = model.adapt(done, now=now)
    ids = list(model.catalogue.ids)
    np.testing.assert_allclose(person.score(ids), at_once.score(ids), atol=1e-8)
    for someone in (person, at_once):
        told = someone.explain(str(ids[0]))
        assert parts_of(told) == pytest.approx(told.score, abs=1e-9)


def test_where_places_tell_ages_a_clock_changes_no_age(implicit: mr.MetaRecommender):
    ids = [str(item) for item in implicit.catalogue.ids]
    for days in ([0, 5, 400], [None, 5, 400], [0, None, 400], [0, 5, None]):
        times = [None if day is None else day * DAY for day in days]
        came = [mr.Event(ids[row], 1.0, None, t) for row, t in enumerate(times)]
        person = implicit.adapt(came[:2]).observe(came[2])
        undated = implicit.adapt([replace(event, t=None) for event in came])
        np.testing.assert_allclose(person.score(ids), undated.score(ids), atol=1e-8)


def test_a_late_event_among_undated_ones_is_in_order_however_it_came(model: mr.MetaRecommender):
    # dated places hold clocks in order, the undated event stays third: b, a, c
    a, b, c = (str(model.catalogue.ids[row]) for row in range(3))
    events = [mr.Event(a, 4.0, None, 3 * DAY), mr.Event(b, 2.0, None, 0.0), mr.Event(c, 3.0)]
    at_once = model.adapt(events)
    one_by_one = model.adapt([])
    for event in events:
        one_by_one = one_by_one.observe(event)
    assert [event.item for event in at_once.events] == [b, a, c]
    ids = [str(item) for item in model.catalogue.ids]
    np.testing.assert_allclose(one_by_one.score(ids), at_once.score(ids), atol=1e-8)
    np.testing.assert_allclose(model.score([events], ids)[0], at_once.score(ids), atol=1e-8)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("i1", "sequence of events"),
        (None, "sequence of events"),
        ([("i0000001", 99.0)], "from 1 to 5"),
        (["i0000001"], "needs one"),
        ([("i0000001", float("nan"))], "finite"),
        ([("i0000001", 3.0, None, "2020")], "must be finite"),
        ([3], "must be an item id"),
    ],
)
def test_events_that_are_none_get_one_clear_error(ratings: mr.MetaRecommender, given, said: str):
    with pytest.raises(DataError, match=said):
        ratings.adapt(given)


def test_observing_wants_a_rating_of_a_rating_model(ratings: mr.MetaRecommender):
    a = str(ratings.catalogue.ids[0])
    with pytest.raises(DataError, match="needs one"):
        ratings.adapt([]).observe(a)
    with pytest.raises(DataError, match="either one whole event"):
        ratings.adapt([]).observe((a, 4.0), 5.0)


@many
@given(
    rows=st.lists(st.integers(0, 69), min_size=1, max_size=7, unique=True),
    data=st.data(),
)
def test_forgetting_and_effects_are_exact_however_the_events_came(
    ratings: mr.MetaRecommender,
    implicit: mr.MetaRecommender,
    ordered: mr.MetaRecommender,
    clocked: mr.MetaRecommender,
    rows: list[int],
    data: st.DataObject,
):
    """Clocks out of order, undated events among them: as if the event had never come."""
    model = data.draw(st.sampled_from([ratings, implicit, ordered, clocked]))
    now = data.draw(st.sampled_from([None, 2.0, 100 * DAY]))
    value = 4.0 if model.predicts_ratings else 1.0
    done = [
        mr.Event(str(model.catalogue.ids[row]), value, None, data.draw(st.sampled_from(DAYS)))
        for row in rows
    ]
    person = model.adapt(done[:1], now=now)
    for event in done[1:]:
        person = person.observe(event)
    ids = [str(item) for item in model.catalogue.ids]
    told = person.explain(ids[0])
    for gone in done:
        rest = model.adapt([event for event in done if event is not gone], now=now)
        without = person.forget(gone.item)
        np.testing.assert_array_equal(without.score(ids), rest.score(ids))
        np.testing.assert_array_equal(without.predict(ids).stds, rest.predict(ids).stds)
        assert without.events == rest.events
        place = [event.item for event in told.events].index(gone.item)
        expected = told.score - rest.explain(ids[0]).score
        assert told.effects[place] == pytest.approx(expected, abs=1e-9)


def test_the_reasons_of_a_long_history_fit_in_memory(ordered: mr.MetaRecommender):
    ids = [str(item) for item in ordered.catalogue.ids]
    person = ordered.adapt([(ids[place % 50], 1.0) for place in range(2000)])
    person.adapted  # noqa: B018 what is measured is the explanation alone
    tracemalloc.start()
    told = person.explain(ids[60])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert parts_of(told) == pytest.approx(told.score, abs=1e-9)
    assert peak < 64e6  # events² · d would be 224 MB


@pytest.mark.parametrize("now", [float("nan"), float("inf"), "today", [1.0]])
def test_the_moment_to_look_from_is_a_finite_number(ratings: mr.MetaRecommender, now: object):
    with pytest.raises(DataError, match="now must be a finite number, got"):
        ratings.adapt([], now=now)


def test_a_person_is_a_value_whatever_the_caller_does_to_the_profile(ratings: mr.MetaRecommender):
    ids = [str(item) for item in ratings.catalogue.ids]
    profile = {"age": 20, "income": "low"}
    before = ratings.adapt([(ids[0], 4.0)], profile=profile)
    profile["age"] = 80
    alike = ratings.adapt([(ids[0], 4.0)], profile={"age": 20, "income": "low"})
    np.testing.assert_array_equal(before.score(ids), alike.score(ids))
    np.testing.assert_array_equal(
        before.observe(ids[1], 2.0).score(ids), alike.observe(ids[1], 2.0).score(ids)
    )
    with pytest.raises(TypeError):
        before.profile["age"] = 3


def test_a_field_of_a_profile_is_called_as_the_model_knows_it(ratings: mr.MetaRecommender):
    with pytest.raises(DataError, match=r"the profile has \['age\.years'\]; the model knows"):
        ratings.adapt([], profile={"age": {"years": 30}})


@pytest.mark.parametrize("value", [{1, 2}, object(), [[1]], ["a", [1]]])
def test_a_profile_holds_plain_values(ratings: mr.MetaRecommender, value):
    with pytest.raises(DataError, match="the profile's age must be text, a number or a list"):
        ratings.adapt([], profile={"age": value})


def test_a_profile_has_numbers_where_the_model_knows_numbers(ratings: mr.MetaRecommender):
    for odd in ("thirty", float("inf")):
        with pytest.raises(DataError, match=f"the profile's age must be a number, .* got {odd!r}"):
            ratings.adapt([], profile={"age": odd})


def test_an_event_without_a_rating_is_never_the_worst_rating(ratings: mr.MetaRecommender):
    known = str(ratings.catalogue.ids[0])
    for bare in (known, (known,), mr.Event(known)):
        for ask in (
            lambda e: ratings.adapt([e]),
            lambda e: ratings.recommend([[e]]),
            lambda e: ratings.score([[e]], [known]),
        ):
            with pytest.raises(DataError, match=f"{known}.* needs one"):
                ask(bare)


def test_a_prediction_keeps_its_order_beyond_the_scale(ratings: mr.MetaRecommender):
    ids = [str(item) for item in ratings.catalogue.ids]
    delighted = [(item, 5.0) for item in ids[:30]]
    person = ratings.adapt(delighted)
    alone = person.predict(ids).scores
    assert alone.max() > 5.0
    assert (np.clip(alone, 1.0, 5.0) == person.score(ids)).all()
    support = Histories.of([delighted])
    asked = Histories.of([[(item, 3.0) for item in ids]])
    np.testing.assert_allclose(ratings.predict(support, asked).scores, alone, atol=1e-9)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"i0000001": 5.0}, r"list\(events.items\(\)\)"),
        ({"i0000001"}, "a set has no order"),
        (b"i0000001", "for one"),
    ],
)
def test_what_is_no_sequence_of_events_is_refused(ratings: mr.MetaRecommender, given, said: str):
    with pytest.raises(DataError, match=said):
        ratings.adapt(given)


def test_a_rank_of_many_has_the_deviations_of_each_alone(model: mr.MetaRecommender):
    ids = [*map(str, model.catalogue.ids[:5]), "unknown"]
    done = [(ids[1], 4.0), (ids[3], 2.0)]
    with pytest.warns(UnknownItemWarning):
        many = model.rank([[], done], ids)
    for row, history in enumerate(([], done)):
        alone = model.adapt(history).predict(ids[:5]).stds
        expected = [alone[ids.index(str(item))] for item in many.ids[row][:5]]
        np.testing.assert_allclose(many.stds[row], [*expected, np.nan], rtol=1e-9)
