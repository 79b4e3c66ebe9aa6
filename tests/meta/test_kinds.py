"""What is to be foretold is learned and shown; what a person refused is neither."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Dataset, Episodes, Event, Histories, Recommender, vocabulary_of
from metarec.data import split_last_out
from metarec.evaluation import evaluate
from metarec.meta.holding_out import checked_validation, hold_out_users
from metarec.recommenders import EASE, Popularity
from metarec.testing import planted_shop

BOUGHT = range(7, 10)
"""Places inside a topic of what is bought after looking at others."""
REFUSED = "dislike"


def kinds_shop(n_users: int = 60, rng: int = 0) -> Dataset:
    """Views of one topic lead to purchases in it, on items that nobody looks at."""
    random = np.random.default_rng(rng)
    rows = []
    for user in range(n_users):
        first = user % 3 * 12
        seen, bought = first + random.permutation(7), first + 7 + random.permutation(3)
        history = [(item, "view") for item in seen[:3]] + [(bought[0], "buy")]
        history += [(item, "view") for item in seen[3:6]] + [(bought[1], "buy")]
        history.insert(2, ((first + 20) % 36, REFUSED))
        rows += [(user, int(item), 1.0, kind) for item, kind in history]
    names = {"user": pl.Int64, "item": pl.Int64, "value": pl.Float32, "event": pl.String}
    return Dataset(
        name="kinds",
        feedback="implicit",
        clock=None,
        catalogue=planted_shop().data.catalogue,
        user_ids=vocabulary_of(f"u{user}" for user in range(n_users)),
        interactions=pl.DataFrame(rows, schema=names, orient="row"),
        target_kinds=("buy",),
        negative_kinds=(REFUSED,),
    )


def heart(**settings: object) -> mr.MetaRecommender:
    config = {"d": 8, "steps": 20, "judge_every": 10, "batch_users": 32} | settings
    return mr.MetaRecommender(mr.HashEncoder(d=16), mr.MetaConfig(**config))  # type: ignore[arg-type]


def test_an_effect_is_exact_where_events_of_some_kind_count_less():
    shop = kinds_shop()
    model = heart(recency="place").fit(shop, rng=0)
    kinds = ["view", "buy", REFUSED, "view", "buy"]
    done = [Event(f"item-{place}", kind=kind) for place, kind in enumerate(kinds)]
    told = model.adapt(done).explain("item-9")
    for place in range(len(done)):
        rest = model.adapt(done[:place] + done[place + 1 :]).explain("item-9")
        assert told.effects[place] == pytest.approx(told.score - rest.score, abs=1e-9)


MAKERS = {"heart": heart, "EASE": EASE, "popularity": Popularity}
LIKES = [Event("item-2", kind="view"), Event("item-3", kind="view")]
MIXED = [LIKES[0], Event("item-5", kind=REFUSED), LIKES[1], Event("item-8", kind="buy")]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return kinds_shop()


@pytest.fixture(scope="module", params=MAKERS)
def model(request: pytest.FixtureRequest, data: Dataset) -> Recommender:
    return MAKERS[request.param]().fit(data, rng=0)


@pytest.fixture(scope="module")
def fitted(data: Dataset) -> mr.MetaRecommender:
    return heart().fit(data, rng=0)


def test_a_row_leaves_negative_events_out_and_says_how_many(data: Dataset) -> None:
    without = data.where(data.interactions["event"] != REFUSED)
    one, other = EASE().fit(data, rng=0), EASE().fit(without, rng=0)
    ids = data.catalogue.ids.tolist()
    np.testing.assert_array_equal(one.score([LIKES], ids), other.score([LIKES], ids))
    assert "60 negative events left out" in repr(one)
    assert "negative" not in repr(other)


def test_what_was_refused_is_never_shown_and_moves_no_row(model: Recommender) -> None:
    ids = model.catalogue.ids.tolist()
    positive = [event for event in MIXED if event.kind != REFUSED]
    query = Histories.of([["item-5", "item-6"]])
    told = [model.predict(Histories.of([h]), query).scores for h in (MIXED, positive)]
    heard = isinstance(model, mr.MetaRecommender)
    if not heard:
        np.testing.assert_array_equal(model.score([MIXED], ids), model.score([positive], ids))
        np.testing.assert_array_equal(*told)
    for seen in (True, False):
        lists = model.recommend([MIXED, positive], 36, exclude_seen=seen).ids.tolist()
        assert "item-5" not in lists[0]
        assert "item-5" in lists[1]
        without = [[item for item in ids if item not in (None, "item-5")] for ids in lists]
        assert heard or without[0] == without[1]
    assert (model.recommend([MIXED], 3, candidates=["item-5"]).items == -1).all()


def test_what_was_looked_at_may_still_be_bought_and_what_was_bought_is_not_shown(
    model: Recommender,
) -> None:
    (shown,) = model.recommend([MIXED], 36).ids.tolist()
    assert {"item-2", "item-3"} <= set(shown)
    assert "item-8" not in shown


def test_a_saved_model_keeps_the_kinds(model: Recommender, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model")  # type: ignore[attr-defined]
    assert repr(again) == repr(model)
    for seen in (True, False):
        lists = [m.recommend([MIXED], 30, exclude_seen=seen).ids.tolist() for m in (model, again)]
        assert lists[0] == lists[1]


def test_a_person_is_the_batch_and_keeps_what_was_refused(fitted: mr.MetaRecommender) -> None:
    me = fitted.adapt(MIXED)
    ids = fitted.catalogue.ids.tolist()
    for seen in (True, False):
        one = me.recommend(20, exclude_seen=seen)
        many = fitted.recommend([MIXED], 20, exclude_seen=seen)
        assert one.ids.tolist() == [i for i in many.ids[0].tolist() if i is not None]
    np.testing.assert_allclose(me.score(ids), fitted.score([MIXED], ids)[0], rtol=1e-6)
    assert me.came == tuple(fitted.checked(event) for event in MIXED)
    assert me.events == me.came
    assert repr(me) == "Person(4 events, 1 of them negative)"
    shares = me.explain("item-9")
    assert shares.base + shares.shares.sum() == pytest.approx(shares.score)
    assert shares.events[1].kind == REFUSED
    assert "item-5" not in me.ask(36).ids.tolist()


def test_forgetting_a_refusal_is_never_having_refused(fitted: mr.MetaRecommender) -> None:
    positive = [event for event in MIXED if event.kind != REFUSED]
    ids = fitted.catalogue.ids.tolist()
    me, never = fitted.adapt(MIXED).forget("item-5"), fitted.adapt(positive)
    np.testing.assert_array_equal(me.score(ids), never.score(ids))
    assert me.recommend(36).ids.tolist() == never.recommend(36).ids.tolist()


def test_observing_a_refusal_hides_the_item(fitted: mr.MetaRecommender) -> None:
    before = fitted.adapt(LIKES)
    after = before.observe("item-5", kind=REFUSED)
    ids = fitted.catalogue.ids.tolist()
    assert "item-5" in before.recommend(36).ids.tolist()
    assert "item-5" not in after.recommend(36).ids.tolist()
    later = after.observe("item-6", kind="view").observe("item-1", kind=REFUSED)
    whole = [*LIKES, MIXED[1], Event("item-6", kind="view"), Event("item-1", kind=REFUSED)]
    np.testing.assert_allclose(later.score(ids), fitted.adapt(whole).score(ids), rtol=1e-9)


def test_an_undated_refusal_among_dated_events_changes_no_order(fitted: mr.MetaRecommender) -> None:
    dated = [Event("item-2", kind="view", t=30.0), Event("item-3", kind="view", t=10.0)]
    mixed = [Event("item-5", kind=REFUSED), dated[0], Event("item-6", kind=REFUSED), dated[1]]
    taken = [event for event in fitted.adapt(mixed).events if event.kind != REFUSED]
    assert [event.item for event in taken] == ["item-3", "item-2"]
    ids = fitted.catalogue.ids.tolist()
    one, many = fitted.adapt(mixed).score(ids), fitted.score([mixed], ids)
    np.testing.assert_allclose(one, many[0], rtol=1e-6)


@pytest.mark.slow
def test_purchases_that_views_lead_to_are_foretold_where_they_are_the_target() -> None:
    data = kinds_shop(150)
    found = {}
    for targets in ((), ("buy",)):
        shop = replace(data, target_kinds=targets)
        model = heart(steps=300, judge_every=50).fit(shop, rng=0)
        views = [[Event(f"item-{12 * t + n}", kind="view") for n in (2, 3, 4)] for t in range(3)]
        lists = model.recommend(views, 3).items
        bought = [12 * t + place for t in range(3) for place in BOUGHT]
        found[targets] = len(set(lists.ravel()) & set(bought))
    assert found["buy",] >= 8 > found[()]


def test_what_was_looked_at_counts_for_buying_it_and_explain_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("metarec.meta.samples.ENOUGH_QUERIES", 300)
    monkeypatch.setattr("metarec.meta.samples.ENOUGH_OF_FOLDS", 100)
    rng = np.random.default_rng(0)
    rows = []
    for person in range(80):
        looked = rng.permutation(30)[:5]
        rows += [(f"u{person:02}", f"i{item:02}", "view") for item in looked]
        rows.append((f"u{person:02}", f"i{rng.choice(looked):02}", "buy"))
    log = pl.DataFrame(rows, schema=["user_id", "item_id", "event"], orient="row")
    shop = mr.from_frames(log, feedback="implicit", clock="order", target_kinds=("buy",))
    model = mr.MetaRecommender(mr.HashEncoder(d=8), mr.MetaConfig(d=4, steps=0)).fit(shop)
    person = model.adapt([mr.Event("i03", kind="view"), mr.Event("i17", kind="view")])
    assert set(person.recommend(k=2).ids) == {"i03", "i17"}
    told = person.explain("i03")
    assert told.reasons["looked at before"][0] > 0
    assert told.reasons["looked at before"][1] == 0
    parts = sum(said.sum() for said in told.reasons.values())
    assert told.base + parts == pytest.approx(told.score, abs=1e-9)
    without = model.adapt([mr.Event("i17", kind="view")]).score(["i03"])[0]
    assert told.score - told.effects[0] == pytest.approx(without, abs=1e-9)
    plain = model.fit(replace(shop, target_kinds=()))
    assert "looked at before" not in plain.adapt(["i03"]).explain("i05").reasons


def test_held_out_users_are_asked_for_purchases(data: Dataset) -> None:
    _, episodes = hold_out_users(data.without_negative(), 0)
    given = data.histories.take(np.arange(10))
    half = Episodes(given.keep(given.places < 6), given.keep(given.places >= 6))
    for valid in (episodes, checked_validation(data, half)):
        assert len(valid.query.items)
        kinds = valid.query.kind_names
        assert {kinds[kind] for kind in valid.query.kinds} == {"buy"}


def test_a_shop_where_nobody_has_a_target_cannot_be_fitted(data: Dataset) -> None:
    views = data.where(data.interactions["event"] == "view")
    with pytest.raises(mr.DataError, match="of the kinds buy"):
        heart().fit(views)


def test_an_evaluation_never_counts_a_refusal_as_relevant(data: Dataset) -> None:
    split = split_last_out(data)
    histories = data.histories
    all_of_it = Episodes(
        histories.keep(histories.places < 2), histories.keep(histories.places == 2)
    )
    odd = replace(split, test={"refused": all_of_it, **split.test})
    results = evaluate({"EASE": EASE().fit(split.train)}, odd, curve=None, k=36)
    held = results.attainable.filter(pl.col("k").is_null())
    assert dict(held.select("scenario", "events").iter_rows()) == {"refused": 0, "next event": 60}
    assert results.dataset["target_kinds"] == ["buy"]
