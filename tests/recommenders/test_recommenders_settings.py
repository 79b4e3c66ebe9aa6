"""Settings: each changes something, each is checked when it is made, each tells what it is."""

import pydoc
import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from metarec import recommenders as r
from metarec.contracts import Dataset
from metarec.encoders import HashEncoder
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.content import ContentRecommender
from metarec.recommenders.stepped import SteppedConfig
from metarec.testing import planted_shop
from metarec.training.optimiser_config import OptimiserConfig

STEPPED: list[type[BaseRecommender]] = [
    model
    for model in (getattr(r, name) for name in r.__all__)
    if isinstance(model, type) and issubclass(model, BaseRecommender)
    if issubclass(model.Config, SteppedConfig)
]
"""Rows that are trained in the same way step by step."""
CHANGES: dict[tuple[type, str], tuple[Any, Any]] = {
    (r.ItemMean, "damping"): (1.0, 5.0),
    (r.UserMean, "damping"): (1.0, 5.0),
    (r.UserItemBias, "item_damping"): (1.0, 5.0),
    (r.UserItemBias, "user_damping"): (1.0, 5.0),
    (r.UserItemBias, "sweeps"): (1, 4),
    (r.LikeShare, "like_from"): (2.0, 5.0),
    (r.LikeShare, "damping"): (1.0, 5.0),
    (r.TextRidge, "penalty"): (0.1, 3.0),
    (r.TextRidge, "saturation"): (0.0, 20.0),
    (r.TextRidge, "item_damping"): (1.0, 10.0),
    (r.TextRidge, "user_damping"): (1.0, 10.0),
    (r.TextRidge, "sweeps"): (1, 4),
    (r.PredictedPopularity, "penalty"): (0.1, 3.0),
    (r.ItemKNN, "similarity"): ("cosine", "bm25"),
    (r.ItemKNN, "neighbours"): (2, 8),
    (r.ItemKNN, "recency"): (1.0, 0.7),
    (r.EASE, "l2"): (10.0, 100.0),
    (r.EASE, "recency"): (1.0, 0.7),
    (r.IALS, "factors"): (3, 5),
    (r.IALS, "alpha"): (1.0, 4.0),
    (r.IALS, "l2"): (1.0, 4.0),
    (r.IALS, "iterations"): (1, 4),
    (r.IALS, "recency"): (1.0, 0.7),
    (r.IALSRidge, "factors"): (3, 5),
    (r.IALSRidge, "alpha"): (1.0, 4.0),
    (r.IALSRidge, "l2"): (1.0, 4.0),
    (r.IALSRidge, "iterations"): (1, 4),
    (r.IALSRidge, "recency"): (1.0, 0.7),
    (r.IALSRidge, "penalty"): (0.1, 3.0),
    (r.IALSRidge, "saturation"): (0.0, 20.0),
    (r.BPR, "factors"): (3, 5),
    (r.BPR, "learning_rate"): (0.01, 0.1),
    (r.BPR, "l2"): (0.0, 0.1),
    (r.BPR, "iterations"): (1, 4),
    (r.BiasedMF, "factors"): (2, 4),
    (r.BiasedMF, "l2"): (0.3, 3.0),
    (r.BiasedMF, "bias_l2"): (0.1, 1.0),
    (r.BiasedMF, "sweeps"): (1, 4),
    (r.SVDPlusPlus, "factors"): (2, 4),
    (r.SVDPlusPlus, "l2"): (0.3, 3.0),
    (r.SVDPlusPlus, "bias_l2"): (0.1, 1.0),
    (r.SVDPlusPlus, "sweeps"): (1, 4),
    (r.SVDPlusPlus, "implicit_l2"): (1.0, 10.0),
    (r.UserKNN, "neighbours"): (2, 20),
    (r.UserKNN, "recency"): (1.0, 0.7),
    (r.RatedUserKNN, "neighbours"): (2, 20),
    (r.RatedUserKNN, "shrinkage"): (0.0, 10.0),
    (r.RatedUserKNN, "damping"): (0.0, 1.0),
    (r.RatedItemKNN, "neighbours"): (2, 20),
    (r.RatedItemKNN, "shrinkage"): (0.0, 10.0),
    (r.RatedItemKNN, "damping"): (0.0, 1.0),
    (r.Cooccurrence, "window"): (1, 3),
    (r.Cooccurrence, "decay"): (1.0, 4.0),
    (r.Cooccurrence, "source_power"): (0.0, 1.0),
    (r.Cooccurrence, "target_power"): (0.0, 0.5),
    (r.Trending, "days"): (1.0, 7.0),
    (r.Trending, "places"): (1.0, 4.0),
    (r.Newest, "column"): ("price", "margin"),
    **{
        (model, name): values
        for model in STEPPED
        for name, values in {
            "learning_rate": (0.01, 0.03),
            "optimiser": (None, OptimiserConfig("sgd", momentum=0.9)),
            "batch": (5, 40),
            "steps": (2, 16),
            "patience": (1, 99),
        }.items()
    },
    (r.MultVAE, "hidden"): (8, 12),
    (r.MultVAE, "factors"): (3, 5),
    (r.MultVAE, "dropout"): (0.0, 0.7),
    (r.MultVAE, "beta"): (0.0, 1.0),
    (r.MultVAE, "anneal"): (0.0, 1.0),
    (r.RecVAE, "hidden"): (8, 12),
    (r.RecVAE, "factors"): (3, 5),
    (r.RecVAE, "dropout"): (0.0, 0.7),
    (r.RecVAE, "gamma"): (0.0, 1.0),
    (r.LightGCN, "factors"): (4, 8),
    (r.LightGCN, "layers"): (1, 3),
    (r.LightGCN, "graph"): (0.3, 0.7),
    (r.LightGCN, "masked"): (0.0, 0.7),
    (r.LightGCN, "l2"): (0.0, 1.0),
    (r.Item2Vec, "factors"): (4, 8),
    (r.Item2Vec, "window"): (1, 4),
    (r.Item2Vec, "negatives"): (1, 5),
    (r.Item2Vec, "power"): (0.0, 1.0),
    (r.Item2Vec, "recency"): (1.0, 0.7),
    (r.TwoTower, "d"): (4, 8),
    (r.TwoTower, "dropout"): (0.0, 0.7),
    (r.TwoTower, "hidden"): (0.0, 0.7),
    (r.TwoTower, "weight_decay"): (0.0, 5.0),
    (r.TwoTower, "recency"): (1.0, 0.7),
    (r.DropoutNet, "factors"): (3, 5),
    (r.DropoutNet, "alpha"): (1.0, 4.0),
    (r.DropoutNet, "l2"): (1.0, 4.0),
    (r.DropoutNet, "hidden"): (8, 12),
    (r.DropoutNet, "dropout"): (0.0, 0.7),
    (r.DropoutNet, "recency"): (1.0, 0.7),
    (r.MeLU, "d"): (4, 6),
    (r.MeLU, "hidden"): (8, 12),
    (r.MeLU, "inner_steps"): (1, 3),
    (r.MeLU, "inner_rate"): (0.0, 0.1),
    (r.MeLU, "queries"): (1, 3),
    (r.MeLU, "max_events"): (3, 6),
    (r.NeuMF, "factors"): (3, 5),
    (r.NeuMF, "negatives"): (1, 4),
    (r.NeuMF, "l2"): (0.0, 1.0),
    (r.SASRec, "network"): ("gru", "lstm"),
    (r.SASRec, "d"): (8, 12),
    (r.SASRec, "layers"): (1, 2),
    (r.SASRec, "heads"): (1, 2),
    (r.SASRec, "max_events"): (3, 5),
    (r.SASRec, "dropout"): (0.0, 0.5),
    (r.SASRec, "learning_rate"): (0.01, 0.03),
    (r.SASRec, "optimiser"): (None, OptimiserConfig("sgd", momentum=0.9)),
    (r.SASRec, "weight_decay"): (0.0, 5.0),
    (r.SASRec, "batch"): (50, 400),
    (r.SASRec, "negatives"): (5, 50),
    (r.SASRec, "hidden"): (0.0, 0.5),
    (r.SASRec, "steps"): (2, 16),
    (r.SASRec, "patience"): (1, 99),
}
"""Two values of each setting that give other scores."""

MODELS: list[type[BaseRecommender]] = [
    model
    for model in (getattr(r, name) for name in r.__all__)
    if isinstance(model, type) and issubclass(model, BaseRecommender)
    if model not in (BaseRecommender, ContentRecommender)
]
SETTINGS = [(model, field.name) for model in MODELS for field in fields(model.Config)]
BY_NAME = [f"{model.__name__}.{name}" for model, name in SETTINGS]
NOT_OF_THE_PLANTED_SHOP = {(r.Trending, "days"), (r.Newest, "column")}
"""It has no clock, and one column of numbers without a gap; tests of these rows look at them."""
SCORED = [
    pytest.param(*setting, marks=pytest.mark.slow if setting[0] in STEPPED else ())
    for setting in SETTINGS
    if setting not in NOT_OF_THE_PLANTED_SHOP
]
SHOPS = {value: planted_shop(value).data for value in ("implicit", "rating")}


def shop_of(model: type[BaseRecommender]) -> Dataset:
    return SHOPS["rating" if model.reads_ratings else "implicit"]


FEW = {"steps": 16, "learning_rate": 0.03, "patience": 99}
SMALL: dict[type, dict[str, Any]] = {
    r.MultVAE: {"hidden": 8, "factors": 3, **FEW},
    r.RecVAE: {"hidden": 8, "factors": 3, **FEW},
    r.LightGCN: {"factors": 4, "graph": 1.0, **FEW},
    r.Item2Vec: {"factors": 4, **FEW, "batch": 60},
    r.TwoTower: {"d": 4, **FEW},
    r.DropoutNet: {
        **{"factors": 3, "hidden": 8, "alpha": 1.0, "l2": 1.0},
        **{**FEW, "batch": 20, "learning_rate": 0.01},
    },
    r.NeuMF: {"factors": 3, **FEW, "batch": 100, "learning_rate": 0.1},
    r.MeLU: {"d": 4, "hidden": 8, "inner_rate": 0.05, **FEW, "batch": 8, "learning_rate": 0.1},
    r.SASRec: {"d": 8, "layers": 1, "steps": 16, "learning_rate": 0.01, "patience": 99},
    r.BiasedMF: {"factors": 3, "l2": 0.3},
    r.SVDPlusPlus: {"factors": 3, "l2": 0.3, "implicit_l2": 1.0},
}
"""What a model is looked at with that is trained step by step, or shrunk hard on a small shop."""


def scores_with(model: type[BaseRecommender], **settings: Any) -> np.ndarray:
    config = model.Config(**{**SMALL.get(model, {}), **settings})
    made = model(HashEncoder(), config) if issubclass(model, ContentRecommender) else model(config)
    shop = shop_of(model)
    return made.fit(shop, rng=0).score(shop.histories, list(shop.catalogue.ids))


def test_every_setting_of_every_model_is_looked_at() -> None:
    assert set(SETTINGS) == set(CHANGES)


@pytest.mark.filterwarnings("ignore::metarec.contracts.NothingLearnedWarning")
@pytest.mark.parametrize(("model", "name"), SCORED)
def test_every_setting_changes_the_scores_of_a_fitted_model(
    model: type[BaseRecommender], name: str
) -> None:
    one, other = (scores_with(model, **{name: value}) for value in CHANGES[model, name])
    assert np.array_equal(np.isnan(one), np.isnan(other))
    assert np.nanmax(np.abs(one - other)) > 1e-4 * np.nanmax(np.abs(one))


DEFAULTS = """
BPRConfig(factors=64, learning_rate=0.05, l2=0.01, iterations=100)
BiasedMFConfig(factors=32, l2=1.5, bias_l2=0.5, sweeps=15)
CooccurrenceConfig(window=5, decay=4.0, source_power=1.0, target_power=0.0)
DropoutNetConfig(learning_rate=0.001, optimiser=None, batch=200, steps=None, patience=20, \
factors=64, alpha=10.0, l2=10.0, hidden=128, dropout=0.5, recency=1.0)
EASEConfig(l2=300.0, recency=1.0)
IALSConfig(factors=64, alpha=1.0, l2=10.0, iterations=15, recency=1.0)
IALSRidgeConfig(factors=64, alpha=1.0, l2=10.0, iterations=15, recency=1.0, penalty=1.0, \
saturation=0.0)
Item2VecConfig(learning_rate=0.005, optimiser=None, batch=4096, steps=None, patience=20, \
factors=64, window=10, negatives=10, power=0.5, recency=1.0)
ItemKNNConfig(similarity='cosine', neighbours=100, recency=1.0)
ItemMeanConfig(damping=5.0)
LightGCNConfig(learning_rate=0.02, optimiser=None, batch=2048, steps=None, patience=20, \
factors=64, layers=3, graph=0.0, masked=0.3, l2=0.0001)
LikeShareConfig(like_from=None, damping=2.0)
MeLUConfig(learning_rate=5e-05, optimiser=None, batch=32, steps=None, patience=20, d=32, \
hidden=64, inner_steps=1, inner_rate=5e-06, queries=10, max_events=100)
MultVAEConfig(learning_rate=0.001, optimiser=None, batch=100, steps=None, patience=20, \
hidden=600, factors=200, dropout=0.5, beta=0.2, anneal=0.5)
NeuMFConfig(learning_rate=0.002, optimiser=None, batch=1024, steps=None, patience=20, \
factors=32, negatives=4, l2=1e-05)
NewestConfig(column=None)
PredictedPopularityConfig(penalty=0.3)
RatedItemKNNConfig(neighbours=200, shrinkage=100.0, damping=0.1)
RatedUserKNNConfig(neighbours=400, shrinkage=100.0, damping=0.1)
RecVAEConfig(learning_rate=0.0005, optimiser=None, batch=500, steps=None, patience=20, \
hidden=600, factors=200, dropout=0.5, gamma=0.005)
SASRecConfig(network='transformer', d=64, layers=2, heads=2, max_events=200, dropout=0.2, \
learning_rate=0.002, weight_decay=0.01, optimiser=None, batch=3000, negatives=1024, hidden=0.05, \
steps=None, patience=10)
SVDPlusPlusConfig(factors=32, l2=1.5, bias_l2=0.5, sweeps=15, implicit_l2=100.0)
TextRidgeConfig(penalty=1.0, saturation=20.0, item_damping=5.0, user_damping=3.0, sweeps=10)
TrendingConfig(days=7.0, places=2.0)
TwoTowerConfig(learning_rate=0.003, optimiser=None, batch=256, steps=None, patience=20, d=64, \
dropout=0.3, hidden=0.1, weight_decay=0.1, recency=1.0)
UserItemBiasConfig(item_damping=5.0, user_damping=5.0, sweeps=10)
UserKNNConfig(neighbours=100, recency=1.0)
UserMeanConfig(damping=2.0)
"""


def test_the_defaults_are_those_that_the_tables_were_measured_with() -> None:
    assert sorted({repr(model.Config()) for model, _ in SETTINGS}) == DEFAULTS.split("\n")[1:-1]


BAD_FOR_ALL = [float("nan"), float("inf"), -float("inf"), True, np.True_, "3", None, [3]]


@pytest.mark.parametrize(("model", "name"), SETTINGS, ids=BY_NAME)
def test_what_is_no_finite_number_is_refused_by_every_setting(
    model: type[BaseRecommender], name: str
) -> None:
    for value in BAD_FOR_ALL:
        if name == "like_from" and value is None:
            continue  # the training mean
        if name == "column" and isinstance(value, str | None):
            continue  # a column of this name, or whichever there is
        if name in ("steps", "optimiser") and value is None:
            continue  # as many as the people ask for; as usual
        with pytest.raises(ValueError, match=f"^{name} must be .*, got ") as told:
            model.Config(**{name: value})
        assert "\n" not in str(told.value)


@pytest.mark.parametrize(("model", "name"), SETTINGS, ids=BY_NAME)
def test_a_number_of_numpy_becomes_pythons(model: type[BaseRecommender], name: str) -> None:
    given = CHANGES[model, name][1]
    if isinstance(given, str | OptimiserConfig):
        return
    made = np.int32(given) if isinstance(given, int) else np.float64(given)
    kept = getattr(model.Config(**{name: made}), name)
    assert type(kept) is type(given)
    assert kept == given


WHOLE = [(model, name) for model, name in SETTINGS if isinstance(CHANGES[model, name][0], int)]


@pytest.mark.parametrize(("model", "name"), WHOLE, ids=[f"{m.__name__}.{n}" for m, n in WHOLE])
@pytest.mark.parametrize("value", [2.5, 2.0, 0, -1, np.float64(2)])
def test_where_a_whole_number_is_needed_no_other_is_taken(
    model: type[BaseRecommender], name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .*at least 1, got"):
        model.Config(**{name: value})


@pytest.mark.parametrize(
    ("config", "name", "value", "told"),
    [
        (r.ItemMeanConfig, "damping", -1, "damping must be at least 0, got -1"),
        (r.EASEConfig, "l2", float("nan"), "l2 must be a finite number above 0, got nan"),
        (r.EASEConfig, "l2", 10**400, "l2 must be a finite number above 0, got 1000"),
        (r.EASEConfig, "l2", 0, "l2 must be above 0, got 0"),
        (r.EASEConfig, "recency", 1.5, r"recency must be above 0 and at most 1, got 1\.5"),
        (r.EASEConfig, "recency", 0, "recency must be above 0 and at most 1, got 0"),
        (r.IALSConfig, "factors", 2.5, r"factors must be a whole number of at least 1, got 2\.5"),
        (r.LikeShareConfig, "like_from", "4", "like_from must be a finite number, got '4'"),
        (r.ItemKNNConfig, "similarity", "dot", r"similarity must be one of \('cosine'.*got 'dot'"),
    ],
)
def test_the_error_tells_what_the_setting_may_be_and_what_came(
    config: type, name: str, value: Any, told: str
) -> None:
    with pytest.raises(ValueError, match=f"^{told}"):
        config(**{name: value})


def test_the_borders_themselves_are_taken() -> None:
    assert r.ItemMeanConfig(damping=0).damping == 0
    assert r.EASEConfig(recency=1).recency == 1
    assert r.IALSConfig(factors=1).factors == 1
    assert r.LikeShareConfig(like_from=-3).like_from == -3
    assert replace(r.IALSRidgeConfig(), saturation=0).saturation == 0


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_help_shows_the_text_of_every_setting(model: type[BaseRecommender]) -> None:
    shown = " ".join(pydoc.render_doc(model.Config, renderer=pydoc.plaintext).split())
    for field in fields(model.Config):
        text = " ".join(model.Config.texts[field.name].split())
        assert len(text) > 15
        assert re.search(rf"\b{field.name}: [^|]* {re.escape(text)}", shown.replace(" | ", " "))


def test_the_settings_a_space_names_are_settings_with_allowed_values() -> None:
    for model in MODELS:
        for name, values in getattr(model.Config, "space", {}).items():
            for value in values:
                assert getattr(model.Config(**{name: value}), name) == value
            if name == "similarity":
                continue
            # a search looks on both sides of what is taken without one; fading is beside none
            assert list(values) == sorted(set(values))
            assert name == "recency" or getattr(model.Config(), name) in values


def test_what_no_space_holds_starts_where_published_tables_were_made() -> None:
    found = {}
    for model in MODELS:
        space = getattr(model.Config, "space", {})
        rest = {f.name for f in fields(model.Config)} - set(space) | ({"recency"} & set(space))
        told = {name: getattr(model.Config(), name) for name in sorted(rest)}
        found[model.__name__] = {name: value for name, value in told.items() if value is not None}
    fading = {"recency": 1.0}
    patient = {"patience": 20}
    assert {name: told for name, told in found.items() if told} == {
        "BiasedMF": {"sweeps": 15},
        "EASE": fading,
        "IALS": {"iterations": 15, **fading},
        "IALSRidge": {"iterations": 15, **fading},
        "ItemKNN": fading,
        "DropoutNet": {"batch": 200, **patient, **fading},
        "Item2Vec": {"batch": 4096, **patient, **fading},
        "LightGCN": {"batch": 2048, "graph": 0.0, "masked": 0.3, **patient},
        "MultVAE": {"anneal": 0.5, "batch": 100, **patient},
        "MeLU": {"batch": 32, "max_events": 100, "queries": 10, **patient},
        "RecVAE": {"batch": 500, **patient},
        "NeuMF": {"batch": 1024, **patient},
        "TwoTower": {"batch": 256, "hidden": 0.1, **patient, **fading},
        "SASRec": {
            **{"network": "transformer", "heads": 2, "batch": 3000, "negatives": 1024},
            **{"weight_decay": 0.01, "hidden": 0.05, "patience": 10},
        },
        "SVDPlusPlus": {"sweeps": 15},
        "TextRidge": {"saturation": 20.0, "sweeps": 10},
        "UserItemBias": {"sweeps": 10},
        "UserKNN": fading,
    }


def test_recency_weighs_by_age_in_every_row_that_has_it() -> None:
    shop = SHOPS["implicit"]
    ids = list(shop.catalogue.ids)
    for model in (r.ItemKNN, r.EASE):  # scores are sums over the history
        fitted = model(model.Config(recency=0.5)).fit(shop)
        older, newer, both = fitted.score([["item-3"], ["item-15"], ["item-3", "item-15"]], ids)
        np.testing.assert_allclose(both, 0.5 * older + newer, atol=1e-6)
