"""The fitted model as a whole: items, persistence, determinism, and what it must not depend on."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Catalogue, DataError, Histories, NotFittedError
from metarec.data import Split, split_cold
from metarec.files.model_card import hash_of_card
from metarec.meta.loops.episodes import pad_episodes

from .conftest import SMALL
from .networks import numbers_of


def fit(split: Split, **settings) -> mr.MetaRecommender:
    config = mr.MetaConfig(**{**SMALL, "steps": 40, **settings})
    return mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(split.train, split.valid)


def untouched(model: mr.MetaRecommender, split: Split) -> int:
    return int(np.flatnonzero(~split.train.touched)[0])


@pytest.mark.parametrize("added_beside", [0, 1, 5, 63, 64])
def test_an_added_item_scores_as_an_untouched_item_of_the_same_content_bit_for_bit(
    model: mr.MetaRecommender, rating_split: Split, implicit_split: Split, added_beside: int
):
    split = implicit_split if not model.predicts_ratings else rating_split
    twin = untouched(model, split)
    content = model.catalogue.table[twin]
    others = model.catalogue.table[:added_beside].with_columns(
        pl.Series("item_id", [f"other{i}" for i in range(added_beside)], dtype=pl.String)
    )
    new = content.with_columns(pl.lit("new").alias("item_id"))
    wider = model.add_items(pl.concat([others, new]))
    event = (str(model.catalogue.ids[np.flatnonzero(split.train.touched)[0]]), 4.0)
    person = wider.adapt([event])
    there, here = person.score([str(model.catalogue.ids[twin]), "new"])
    assert there == here
    stds = person.predict([str(model.catalogue.ids[twin]), "new"])
    assert stds.stds[0] == stds.stds[1]
    assert stds.predictive_stds[0] == stds.predictive_stds[1] or not model.predicts_ratings
    # and the items that were there before are as they were
    ids = list(model.catalogue.ids)
    np.testing.assert_array_equal(person.score(ids), model.adapt([event]).score(ids))


def test_an_added_item_can_be_recommended_and_observed(ratings: mr.MetaRecommender):
    new = ratings.catalogue.table[:1].with_columns(pl.lit("new").alias("item_id"))
    wider = ratings.add_items(new)
    assert "new" in wider.adapt([]).recommend(k=1000).ids
    assert "new" not in wider.adapt([("new", 5.0)]).recommend(k=1000).ids
    assert "new" not in ratings.catalogue.row_of
    with pytest.raises(DataError, match="already in the catalogue"):
        wider.add_items(new)


def test_a_second_fit_remembers_nothing_of_the_first(rating_split: Split):
    model = fit(rating_split)
    best = str(model.adapt([]).recommend(k=1).ids[0])
    model.similar(best)
    catalogue = rating_split.train.catalogue
    offered = catalogue.offered & (catalogue.ids != best)
    fewer = Catalogue(catalogue.ids, catalogue.frame, offered)
    again = model.fit(replace(rating_split.train, catalogue=fewer), rating_split.valid)
    assert best not in again.adapt([]).recommend(k=1000).ids


def test_kinds_are_the_same_in_training_validation_and_serving(implicit_split: Split):
    events = implicit_split.train.interactions
    kinds = np.where(np.arange(len(events)) % 3 == 0, "buy", "view")
    train = replace(implicit_split.train, interactions=events.with_columns(event=pl.Series(kinds)))
    support = implicit_split.valid.support
    odd = replace(
        support,
        kinds=np.arange(len(support.items)) % 2,
        kind_names=("a kind that training never saw", "view"),
    )
    config = mr.MetaConfig(**{**SMALL, "steps": 40})
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(
        train, replace(implicit_split.valid, support=odd)
    )
    assert model.heart.confidence.kind_names == ("buy", "view")
    padded = pad_episodes(
        replace(implicit_split.valid, support=odd), "place", {}, model.heart.confidence.kind_names
    )
    assert set(np.unique(padded.kinds[padded.mask])) == {-1, 1}


def test_an_age_that_cannot_be_learned_is_refused(rating_split: Split):
    config = mr.MetaConfig(**{**SMALL, "recency": "place"})
    with pytest.raises(DataError, match="implicit events"):
        mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(rating_split.train)
    config = mr.MetaConfig(**{**SMALL, "recency": "clock"})
    with pytest.raises(DataError, match="needs a timestamp"):
        mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(
            replace(rating_split.train, clock="order")
        )


def test_an_item_that_only_one_event_users_touched_is_untouched(rating_split: Split):
    train = rating_split.train
    lonely = int(np.flatnonzero(~train.touched)[0])
    nobody = int(np.flatnonzero(train.histories.lengths == 0)[0])
    one = train.interactions[:1].with_columns(
        user=pl.lit(nobody, dtype=train.interactions.schema["user"]),
        item=pl.lit(lonely, dtype=train.interactions.schema["item"]),
    )
    touched = replace(train, interactions=pl.concat([train.interactions, one]))
    config = mr.MetaConfig(**{**SMALL, "steps": 10})
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(touched, rating_split.valid)
    assert model.heart.terms.unsure[lonely] > 0


def test_predicting_needs_one_query_a_history(model: mr.MetaRecommender):
    item = str(model.catalogue.ids[0])
    two = Histories.of([[(item, 3.0)], [(item, 3.0)]])
    with pytest.raises(DataError, match="one query a history"):
        model.predict(two.take(slice(0, 1)), two)


def test_a_changed_file_of_a_saved_model_is_an_error(ratings: mr.MetaRecommender, tmp_path):
    ratings.save(tmp_path / "model")
    file = tmp_path / "model" / "state.safetensors"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(bytes(raw))
    with pytest.raises(DataError, match="SHA-256"):
        mr.load_model(tmp_path / "model")


def test_a_model_folder_cannot_name_a_class_outside_metarec(ratings: mr.MetaRecommender, tmp_path):
    ratings.save(tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    card = json.loads(file.read_text())
    card["class"] = "subprocess.Popen"
    card["hash"] = hash_of_card(card)
    file.write_text(json.dumps(card))
    with pytest.raises(DataError, match="no recommender of this version"):
        mr.load_model(tmp_path / "model")


@pytest.mark.parametrize("kind", ["rating", "implicit"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(
    kind: str, rating_split: Split, implicit_split: Split
):
    split = rating_split if kind == "rating" else implicit_split
    first, second = fit(split), fit(split)
    np.testing.assert_array_equal(first.heart.terms.features, second.heart.terms.features)
    np.testing.assert_array_equal(first.heart.terms.offsets, second.heart.terms.offsets)
    config = mr.MetaConfig(**{**SMALL, "steps": 40})
    other = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(split.train, split.valid, rng=1)
    assert (first.heart.terms.features != other.heart.terms.features).any()


def test_fit_leaves_the_recommender_as_it_was(rating_split: Split):
    model = mr.MetaRecommender(mr.HashEncoder(d=16), mr.MetaConfig(**{**SMALL, "steps": 10}))
    model.fit(rating_split.train, rating_split.valid)
    known = str(rating_split.train.catalogue.ids[0])
    for ask in (model.adapt, lambda events: model.recommend([events])):
        for events in ([], [(known, 4.0)]):
            with pytest.raises(NotFittedError):
                ask(events)


def test_without_validation_a_few_users_are_held_out(rating_split: Split):
    config = mr.MetaConfig(**{**SMALL, "steps": 40})
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(rating_split.train)
    assert model.metrics["valid_loss"] is not None
    assert model.heart.head.variance_factor != 1.0


def test_an_uncalibrated_implicit_model_does_not_claim_to_know_its_uncertainty(
    implicit_split: Split,
):
    config = mr.MetaConfig(**{**SMALL, "steps": 10})
    nobody = implicit_split.valid.take(np.array([], dtype=np.int64))
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(implicit_split.train, nobody)
    assert np.isnan(model.adapt([]).recommend(k=3).stds).all()


def test_profiles_move_the_prior_and_unknown_columns_are_an_error(ratings: mr.MetaRecommender):
    young = ratings.adapt([], profile={"age": 20, "income": "low"})
    old = ratings.adapt([], profile={"age": 80, "income": "high"})
    assert (young.adapted.posterior.mean != old.adapted.posterior.mean).any()
    with pytest.raises(DataError, match="shoe_size"):
        ratings.adapt([], profile={"shoe_size": 43})


def test_the_prior_of_nobody_in_particular_is_that_of_a_profile_of_nulls(
    ratings: mr.MetaRecommender,
):
    nothing = ratings.adapt([]).adapted.posterior.mean
    np.testing.assert_array_equal(
        nothing,
        ratings.adapt([], profile={"age": None, "income": None}).adapted.posterior.mean,
    )


@pytest.mark.parametrize("kind", ["rating", "implicit"])
def test_a_training_set_without_the_rows_of_the_test_users_gives_the_same_model_to_the_bit(
    kind: str, rating_split: Split, implicit_split: Split
):
    split = rating_split if kind == "rating" else implicit_split
    train, valid = replace(split.train, users=None), split.valid  # a profile is known before events
    new = split.test["new users, known items"].support.user_ids
    assert new is not None
    assert len(new) > 5
    stay = ~np.isin(train.user_ids, new)
    assert stay.sum() == len(train.user_ids) - len(new)
    row_of = np.cumsum(stay) - 1
    users = train.interactions["user"].to_numpy()
    assert stay[users].all()
    events = train.interactions.with_columns(
        user=pl.Series(row_of[users], dtype=train.interactions.schema["user"])
    )
    fewer = replace(train, user_ids=train.user_ids[stay], interactions=events)
    # the first factors of iALS are drawn for all rows of users, so it is one model without them
    config = mr.MetaConfig(**{**SMALL, "steps": 20}, start="random")
    with_rows, without = (
        mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(data, valid).heart
        for data in (train, fewer)
    )
    same, found = numbers_of(with_rows), numbers_of(without)
    for name in ("features", "offsets", "noise", "unsure"):
        np.testing.assert_array_equal(same[f"terms.{name}"], found[f"terms.{name}"])
    for name in ("mean", "precision"):
        np.testing.assert_array_equal(same[f"prior.{name}"], found[f"prior.{name}"])


def test_similar_items_are_the_nearest_by_prior_correlation(model: mr.MetaRecommender):
    item = str(model.catalogue.ids[0])
    found = model.similar(item, k=5)
    assert item not in found.ids
    assert (np.diff(found.scores) <= 0).all()
    n, heart = len(model.catalogue), model.hearts.get("implicit", model.heart)
    covariance = np.linalg.inv(heart.prior.precision)[:-1, :-1]
    features = heart.terms.features[:n, :-1]
    K = features @ covariance @ features.T
    expected = K[0] / np.sqrt(K[0, 0] * np.diag(K))
    expected[0] = -np.inf
    assert list(found.ids) == [str(model.catalogue.ids[i]) for i in np.argsort(-expected)[:5]]


def test_a_valid_set_of_another_catalogue_is_an_error(rating_split: Split):
    other = split_cold(mr.generate(users=30, items=71, rng=3).dataset, rng=0).valid
    with pytest.raises(DataError, match="train's catalogue"):
        mr.MetaRecommender(mr.HashEncoder(d=16)).fit(rating_split.train, other)


def test_too_little_to_learn_from_is_an_error(rating_split: Split):
    nothing = rating_split.train.where(np.zeros(len(rating_split.train.interactions), dtype=bool))
    with pytest.raises(DataError, match="two or more events"):
        mr.MetaRecommender(mr.HashEncoder(d=16)).fit(nothing, rating_split.valid)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("d", 0),
        ("masked", 1.0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("content_decay", -1.0),
        ("steps", -1),
    ],
)
def test_a_hyperparameter_outside_its_range_is_an_error(name: str, value: float):
    with pytest.raises(DataError, match=name):
        mr.MetaConfig(**{name: value})


def test_a_catalogue_of_untouched_items_only_still_ranks(rating_split: Split):
    model = fit(rating_split)
    frame = pl.DataFrame({"item_id": ["x"], "title": ["quiet garden tools"]})
    assert Catalogue.of(frame).ids[0] == "x"
    assert "x" in model.add_items(frame).adapt([]).recommend(k=1000).ids


def test_many_histories_are_checked_as_one_is(ratings: mr.MetaRecommender):
    item = str(ratings.catalogue.ids[0])
    for wrong, said in ((99.0, "must be from 1 to 5"), (float("nan"), "finite")):
        with pytest.raises(ValueError, match=said):
            ratings.recommend([[(item, wrong)]], k=2)
        with pytest.raises(ValueError, match=said):
            ratings.score([[(item, wrong)]], [item])


def test_an_implicit_event_needs_a_weight_above_zero(implicit: mr.MetaRecommender):
    item = str(implicit.catalogue.ids[0])
    for wrong in (0.0, -3.0):
        with pytest.raises(ValueError, match="weight of an event must be above 0"):
            implicit.adapt([(item, wrong)])
        with pytest.raises(ValueError, match="weight of an event must be above 0"):
            implicit.recommend([[(item, wrong)]], k=2)


def test_hyperparameters_that_are_not_finite_are_refused():
    for name in ("residual_precision", "content_decay", "learning_rate", "start_l2"):
        with pytest.raises(ValueError, match=f"{name} must be .*finite"):
            mr.MetaConfig(**{name: float("inf")})


@pytest.mark.parametrize("wrong", [-1.0, 99.0])
def test_a_dataset_of_another_scale_is_refused_at_either_end(
    ratings: mr.MetaRecommender, rating_split: Split, wrong: float
):
    histories = rating_split.train.histories
    values = histories.values.copy()
    values[len(values) // 2] = wrong
    with pytest.raises(ValueError, match=f"must be from 1 to 5, got {wrong:g}"):
        ratings.recommend(replace(histories, values=values), k=2)
