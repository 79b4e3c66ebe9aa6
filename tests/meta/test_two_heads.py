"""A model of ratings knows what is chosen and how it is liked, and orders lists by both."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import DataError, UnknownItemWarning
from metarec.data import Split
from metarec.evaluation import evaluate
from metarec.meta.blending import DEPTH, Rated, _gained, learn_blend
from metarec.meta.evidence import READ, Questions
from metarec.meta.ordering import RATED

from .orders import parts_of

BY = ("both", "choice", "rating")


def few(model: mr.MetaRecommender) -> list[list[tuple[str, float]]]:
    ids = model.catalogue.ids
    return [[(ids[0], 5.0), (ids[3], 2.0)], [], [(ids[9], 4.0)]]


def test_both_is_the_logit_and_b_times_the_rating_in_standard_deviations(
    both: mr.MetaRecommender, rating_split: Split
):
    ids, people = both.catalogue.ids.tolist(), few(both)
    blend = both.blend
    assert blend is not None
    ratings = rating_split.train.histories.values
    assert (blend.level, blend.spread) == pytest.approx((ratings.mean(), ratings.std()))
    logits = both.score(people, ids, rank_by="choice")
    one = replace(blend, weight=0.7, weight_of_untouched=0.2)
    other = mr.MetaRecommender.__new__(mr.MetaRecommender)
    vars(other).update(vars(both), blend=one)
    expected = [other.adapt(person).predict(ids).scores for person in people]
    b = np.where(rating_split.train.touched, 0.7, 0.2)
    assert set(b) == {0.7, 0.2}
    told = logits + b * (np.array(expected) - blend.level) / blend.spread
    np.testing.assert_allclose(other.score(people, ids, rank_by="both"), told, atol=1e-9)
    np.testing.assert_array_equal(
        other.score(people, ids), other.score(people, ids, rank_by="both")
    )


@pytest.mark.parametrize("rank_by", BY)
def test_lists_are_ordered_by_the_score_that_was_asked_for(both: mr.MetaRecommender, rank_by):
    ids, people = both.catalogue.ids.tolist(), few(both)
    table = both.score(people, ids, rank_by=rank_by)
    lists = both.recommend(people, 8, rank_by=rank_by, exclude_seen=False)
    ranked = both.rank(people, ids[:20], rank_by=rank_by)
    for row, person in enumerate(people):
        alone = both.adapt(person)
        own = alone.recommend(8, rank_by=rank_by, exclude_seen=False)
        np.testing.assert_array_equal(own.ids, lists.ids[row])
        np.testing.assert_allclose(alone.score(ids, rank_by=rank_by), table[row], atol=1e-9)
        best = np.sort(table[row][both.catalogue.offered])[::-1][:8]
        np.testing.assert_allclose(lists.scores[row], best, atol=1e-9)
        assert alone.rank(ids[:20], rank_by=rank_by).ids.tolist() == ranked.ids[row].tolist()


@pytest.mark.parametrize("rank_by", BY)
def test_every_list_shows_the_expected_rating_and_its_standard_deviation(
    both: mr.MetaRecommender, rank_by
):
    person = both.adapt(few(both)[0])
    own = person.recommend(6, rank_by=rank_by)
    told = person.predict(own.ids.tolist())
    assert own.ratings is not None
    low, high = 1.0, 5.0
    np.testing.assert_allclose(own.ratings, np.clip(told.scores, low, high), atol=1e-9)
    np.testing.assert_allclose(own.stds, told.stds, atol=1e-9)
    with pytest.warns(UnknownItemWarning, match="stand last"):
        ranked = person.rank([*own.ids.tolist(), "nobody's"], rank_by=rank_by)
    at = [own.ids.tolist().index(item) for item in ranked.ids[:6].tolist()]
    np.testing.assert_allclose(ranked.ratings[:6], own.ratings[at], atol=1e-9)
    np.testing.assert_allclose(ranked.stds[:6], own.stds[at], atol=1e-9)
    assert np.isnan([ranked.ratings[6], ranked.stds[6]]).all()
    frame = own.to_frame()
    assert frame.columns[-3:] == ["score", "rating", "std"]
    many = both.recommend([few(both)[0]], 6, rank_by=rank_by)[0]
    assert many.ratings is not None
    np.testing.assert_allclose(many.ratings, own.ratings, atol=1e-9)
    np.testing.assert_allclose(many.stds, own.stds, atol=1e-9)


@pytest.mark.parametrize("rank_by", BY)
@pytest.mark.parametrize("name", ["both", "both_ordered"])
def test_reasons_of_both_heads_sum_to_the_score(name: str, rank_by, request: pytest.FixtureRequest):
    both: mr.MetaRecommender = request.getfixturevalue(name)
    history = few(both)[0]
    person = both.adapt(history)
    for item in (both.catalogue.ids[5], both.catalogue.ids[20]):
        told = person.explain(item, rank_by=rank_by)
        assert parts_of(told) == pytest.approx(told.score, abs=1e-9)
        assert list(told.together) == ([READ] if both.order and rank_by != "rating" else [])
        assert (RATED in told.reasons) == (rank_by == "both")
        for place in range(len(history)):
            rest = both.adapt(history[:place] + history[place + 1 :])
            without = rest.explain(item, rank_by=rank_by).score
            assert told.score - told.effects[place] == pytest.approx(without, abs=1e-9)


def test_what_many_rate_stands_above_what_few_rated_best(
    both: mr.MetaRecommender, ratings: mr.MetaRecommender, rating_split: Split
):
    """The expected rating alone asks for what nobody takes."""
    part = {"new users, known items": rating_split.test["new users, known items"]}
    results = evaluate(
        {"both": both, "rating": ratings},
        replace(rating_split, test=part),
        metrics=["ndcg"],
        curve=None,
    )
    means = results.values.group_by("model", "metric").agg(pl.col("value").mean())
    mean = {(model, metric): value for model, metric, value in means.rows()}
    assert mean["both", "ndcg@10"] > mean["rating", "ndcg@10"]


def test_the_weight_of_the_rating_lifts_what_was_liked(
    both: mr.MetaRecommender, rating_split: Split
):
    """Where all taken items are alike in choice, only the rating can tell them apart."""
    train, valid = rating_split.train, rating_split.test["new users, known items"]
    n_items = len(train.catalogue)
    asked = Questions.of(valid, train.event_kinds, train.touched, np.random.default_rng(0))
    assert len(asked) > 50

    def nothing(histories):
        return np.zeros((len(histories), n_items))

    liked = np.zeros(n_items)
    np.add.at(liked, asked.targets, asked.values)

    def told(histories):
        return np.broadcast_to(liked, (len(histories), n_items))

    def learned(choice, value, train=train):
        return learn_blend([Rated(train, valid, choice, value)], np.random.default_rng(0))

    assert learned(nothing, told).weight > 0
    assert learned(told, lambda h: -told(h)).weight == 0
    none_new = learned(nothing, told)
    assert none_new.weight_of_untouched == none_new.weight
    # half of the items untouched: of these alone the rating says the opposite of what is taken
    half = np.arange(n_items) % 2 == 0
    kept = train.where(half[train.interactions["item"].to_numpy()])

    def against(histories):
        return np.where(half, told(histories), -told(histories))

    apart = learned(told, against, kept)
    assert apart.weight >= 0
    assert apart.weight_of_untouched == 0
    assert learned(nothing, against, kept).weight > 0


def test_both_heads_make_the_order_without_evidence_too(rating_split: Split):
    config = mr.MetaConfig(d=4, steps=0, evidence=False)
    model = mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(
        rating_split.train, rating_split.valid
    )
    assert model.hearts["implicit"].evidence is None
    assert model.blend is not None
    assert model.metrics["rating_weight"] == model.blend.weight
    assert model.ordering().names == ("implicit", "rating")


def test_a_head_that_a_model_lacks_is_named(
    ratings: mr.MetaRecommender, implicit: mr.MetaRecommender, both: mr.MetaRecommender
):
    with pytest.raises(DataError, match=r"cannot rank by choice.*rating alone"):
        ratings.recommend([[]], rank_by="choice")
    with pytest.raises(DataError, match=r"cannot rank by rating.*choice alone"):
        implicit.adapt([]).recommend(rank_by="rating")
    with pytest.raises(DataError, match="rank_by must be one of"):
        both.adapt([]).score([both.catalogue.ids[0]], rank_by="stars")  # type: ignore[arg-type]
    for model in (ratings, implicit):
        ids = model.catalogue.ids.tolist()
        np.testing.assert_array_equal(
            model.score([[]], ids), model.score([[]], ids, rank_by="both")
        )


def test_questions_are_of_the_head_that_is_asked_for(both: mr.MetaRecommender):
    person = both.adapt(few(both)[0])
    liked, chosen = person.ask(5), person.ask(5, rank_by="choice")
    np.testing.assert_array_equal(liked.ids, person.ask(5, rank_by="rating").ids)
    assert liked.ids.tolist() != chosen.ids.tolist()


def test_both_heads_and_their_sum_are_saved(both: mr.MetaRecommender, tmp_path):
    both.save(tmp_path / "model")
    loaded = mr.load_model(tmp_path / "model")
    ids = both.catalogue.ids.tolist()
    for rank_by in BY:
        np.testing.assert_array_equal(
            loaded.score(few(both), ids, rank_by=rank_by),
            both.score(few(both), ids, rank_by=rank_by),
        )


def test_an_added_item_is_known_to_both_heads(both: mr.MetaRecommender):
    twin = both.catalogue.frame.head(1).with_columns(pl.lit("new-1").alias("item_id"))
    wider = both.add_items(twin)
    score = {by: wider.score(few(both), ["new-1"], rank_by=by) for by in BY}
    assert all(np.isfinite(value).all() for value in score.values())
    told = wider.adapt(few(both)[0]).explain("new-1")
    parts = sum(said.sum() for said in told.reasons.values())
    assert told.base + parts == pytest.approx(told.score, abs=1e-9)


def test_every_rival_of_the_same_score_is_half_ahead_of_the_target(rating_split: Split):
    train, valid = rating_split.train, rating_split.test["new users, known items"]
    asked = Questions.of(valid, train.event_kinds, train.touched, np.random.default_rng(0))
    barred, gains = asked.barred(), np.ones(len(asked))
    found = _gained(asked, barred, np.zeros(barred.shape), gains)
    ahead = 0.5 * (~barred[asked.person]).sum(axis=1)
    assert found == pytest.approx(float(np.sum((ahead < DEPTH) / np.log2(2.0 + ahead))))
    assert barred[asked.person, asked.targets].all()
