"""Training and serving compute one model: with profiles, kinds of events and clocks."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

import metarec as mr
from metarec.contracts import DataError, Dataset, Episodes, Histories
from metarec.meta.fitting import _inputs
from metarec.meta.heads.choice_losses import logits_of
from metarec.meta.heads.choice_validation import adapt_episodes
from metarec.meta.heads.value_training import predict_episodes
from metarec.meta.loops.episodes import Inputs, pad_episodes
from metarec.meta.network import HeartNetwork

from .conftest import SMALL
from .networks import fitted_network, without_evidence

CASES = [("rating", "none"), ("rating", "clock"), ("implicit", "place"), ("implicit", "clock")]


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def fitted(request: pytest.FixtureRequest) -> tuple[Dataset, mr.MetaRecommender]:
    """A shop with profiles and two kinds of events, and a model of it."""
    kind, recency = request.param
    shop = mr.generate(users=120, items=50, kind=kind, rng=3).dataset
    kinds = pl.Series("event", np.where(np.arange(len(shop.interactions)) % 3, "view", "buy"))
    train = replace(shop, interactions=shop.interactions.with_columns(kinds))
    config = mr.MetaConfig(**{**SMALL, "steps": 40}, value_weight="log", recency=recency)
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(train, episodes(train))
    # what so few steps hardly move is moved by hand, so that it matters
    heart, random = model.heart, np.random.default_rng(0)
    confidence = replace(heart.confidence, of_kind=np.array([2.0, 0.4]), eps=0.12, rho=0.73)
    prior = replace(heart.prior, profile_map=random.normal(0, 0.2, heart.prior.profile_map.shape))
    head = replace(heart.head, variance_factor=1.7)
    moved = replace(heart, confidence=confidence, prior=prior, head=head)
    model.hearts = {head.name: moved}
    return train, model


def episodes(train: Dataset) -> Episodes:
    """Half of the events of some users of the training set, and the other half."""
    some = train.histories.take(np.flatnonzero(train.histories.lengths >= 2)[:40])
    early = some.places < some.lengths[some.rows] // 2
    return Episodes(some.keep(early), some.keep(~early))


def trained(train: Dataset, model: mr.MetaRecommender) -> tuple[HeartNetwork, Inputs]:
    """The network that the model was frozen from, and what it read."""
    content = model._content.encode(train.catalogue.frame)
    inputs = _inputs(train, train, content, model._profiles, model.config)
    assert inputs.profiles is not None
    return fitted_network(model).float(), inputs


def test_what_training_foretells_is_what_is_served(
    fitted: tuple[Dataset, mr.MetaRecommender], monkeypatch: pytest.MonkeyPatch
):
    train, model = fitted
    heart, asked = model.heart, episodes(train)
    network, inputs = trained(train, model)
    rows = {user_id: row for row, user_id in enumerate(train.user_ids)}
    padded = pad_episodes(asked, heart.confidence.recency, rows, heart.confidence.kind_names)
    if not model.predicts_ratings:
        with torch.no_grad():
            terms = network.features(inputs.content, inputs.touched)
            posterior, _ = adapt_episodes(network, terms, inputs, padded, model.config)
            table = logits_of(network, terms, posterior).numpy()
        served = without_evidence(model).score(asked.support, train.catalogue.ids.tolist())
        np.testing.assert_allclose(table, served, rtol=2e-3, atol=2e-3)
        return
    mean, variance = predict_episodes(network, inputs, padded)
    monkeypatch.setattr("metarec.meta.heads.value_training.PEOPLE_AT_ONCE", 7)
    for whole, cut in zip((mean, variance), predict_episodes(network, inputs, padded), strict=True):
        np.testing.assert_allclose(cut, whole, rtol=1e-4)
    answers = model.predict(asked.support, asked.query)
    np.testing.assert_allclose(mean[padded.query_mask], answers.scores, atol=2e-4)
    calibrated = np.sqrt(heart.head.variance_factor * variance[padded.query_mask])
    np.testing.assert_allclose(calibrated, answers.predictive_stds, atol=2e-4)


def test_many_people_with_profiles_and_kinds_are_answered_as_one_by_one(
    fitted: tuple[Dataset, mr.MetaRecommender], monkeypatch: pytest.MonkeyPatch
):
    train, model = fitted
    asked = episodes(train).support
    assert asked.profiles is not None
    ids = train.catalogue.ids.tolist()
    monkeypatch.setattr("metarec.meta.answering.CELLS_AT_ONCE", 7 * len(ids))
    scores, lists = model.score(asked, ids), model.recommend(asked, 5)
    for row in range(len(asked)):
        profile = asked.profiles.row(row, named=True)
        person = model.adapt(asked.events(row), profile=profile)
        np.testing.assert_allclose(person.score(ids), scores[row], atol=1e-9)
        alone = person.recommend(5)
        np.testing.assert_array_equal(alone.items, lists.items[row])
        np.testing.assert_allclose(alone.stds, lists.stds[row], atol=1e-9)
    other = replace(asked, kinds=1 - asked.kinds)
    assert not np.allclose(model.score(other, ids), scores)
    nobody = replace(asked, profiles=None)
    assert not np.allclose(model.score(nobody, ids), scores)


def test_a_batch_of_profiles_that_lacks_a_column_is_refused(
    fitted: tuple[Dataset, mr.MetaRecommender],
):
    train, model = fitted
    asked = episodes(train).support
    assert asked.profiles is not None
    misspelt = asked.profiles.rename({"age": "agee"})
    with pytest.raises(DataError, match=r"profiles lack \['age'\], they have .*agee"):
        model.recommend(Histories.of(asked, profiles=misspelt), 3)
    with pytest.raises(DataError, match=r"profiles lack \['age'\]"):
        model.score(replace(asked, profiles=misspelt), ["i0000001"])
    wider = asked.profiles.with_columns(shoe_size=43)
    ids = train.catalogue.ids.tolist()
    np.testing.assert_array_equal(
        model.score(Histories.of(asked, profiles=wider), ids), model.score(asked, ids)
    )


def test_profiles_are_one_row_for_each_history():
    profiles = pl.DataFrame({"age": [20, 30]})
    with pytest.raises(DataError, match="one row for each history, got 2 for 1"):
        Histories.of([["a"]], profiles=profiles)
    with pytest.raises(DataError, match="one row for each history, got 2 for 3"):
        Histories.of(Histories.of([["a"], [], ["b"]]), profiles=profiles)
    with pytest.raises(DataError, match="must be a Polars DataFrame, got dict"):
        Histories.of([["a"]], profiles={"age": [20]})  # type: ignore[arg-type]
