"""Content rows: ridge, neighbours, and what they say of items nobody has touched."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from recommender_toys import dataset
from sklearn.linear_model import Ridge

from metarec.contracts import Catalogue, DataError, Dataset
from metarec.encoders import ContentFeatures, HashEncoder
from metarec.recommenders import (
    IALS,
    ContentKNN,
    IALSConfig,
    IALSRidge,
    IALSRidgeConfig,
    ItemMean,
    PredictedPopularity,
    TextRidge,
    TextRidgeConfig,
    UserItemBias,
)
from metarec.recommenders.ridge import ridge_predictions, trust
from metarec.testing import planted_shop


@dataclass(frozen=True)
class Columns:
    """An encoder whose vectors are the columns x and y of the item table."""

    fingerprint: str = "columns"

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> np.ndarray:
        return frame.select("x", "y").to_numpy().astype(np.float32)

    def describe(self) -> dict[str, Any]:
        return {}


def test_the_ridge_is_scikit_learns_with_a_scaled_penalty() -> None:
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(2, 3, (40, 5)), rng.normal(size=(40, 2)), rng.uniform(0.1, 2, 40)
    w[30:] = 0
    centred = x - w @ x / w.sum()
    power = (w @ (centred**2)).sum() / w.sum()
    reference = Ridge(alpha=0.3 * power).fit(x[:30], y[:30], sample_weight=w[:30])
    np.testing.assert_allclose(ridge_predictions(x, y, w, 0.3), reference.predict(x))


def test_the_ridge_does_not_care_about_the_scale_of_features() -> None:
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(20, 3)), rng.normal(size=(20, 1)), np.ones(20)
    np.testing.assert_allclose(
        ridge_predictions(x, y, w, 0.3), ridge_predictions(1000 * x, y, w, 0.3)
    )


def test_the_ridge_without_knowledge_or_variety_says_the_mean() -> None:
    y = np.array([[1.0], [3.0], [9.0]])
    assert ridge_predictions(np.eye(3), y, np.zeros(3), 1.0).tolist() == [[0], [0], [0]]
    flat = ridge_predictions(np.ones((3, 2)), y, np.array([1.0, 1.0, 0.0]), 1.0)
    assert flat.tolist() == [[2], [2], [2]]


def test_trust_is_half_at_the_saturation_and_nothing_without_events() -> None:
    np.testing.assert_allclose(trust(np.array([0, 5, 20]), 5.0), [0, 0.5, 0.8])
    np.testing.assert_allclose(trust(np.array([0, 5, 20]), 0.0), [0, 1, 1])


SQUARE = {"item_id": list("abcd"), "x": [2.0, 0.0, 3.0, 0.0], "y": [0.0, 1.0, 0.0, 0.0]}


@dataclass(frozen=True)
class Precise(Columns):
    """The same vectors, of twice the length in memory."""

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> np.ndarray:
        return super().encode(frame).astype(np.float64)


@pytest.mark.parametrize("model", [TextRidge, ContentKNN, PredictedPopularity])
def test_how_an_encoder_holds_its_numbers_changes_no_bit_of_a_score(model) -> None:
    columns = {"item_id": list("abcd"), "x": [0.1, 0.7, 0.3, 1e3 / 3], "y": [0.2, 0.9, 1 / 3, 0.6]}
    shop = dataset([("u", "a", 1.0), ("u", "b", 5.0), ("v", "a", 3.0)], columns)
    plain, precise = (model(encoder).fit(shop) for encoder in (Columns(), Precise()))
    history = [[("a", 1.0)], []]
    told = plain.score(history, list("abcd"))
    assert told.dtype == np.float64
    np.testing.assert_array_equal(told, precise.score(history, list("abcd")))


def test_content_knn_is_the_cosine_to_the_mean_of_unit_vectors() -> None:
    shop = dataset([("u", "a", 1.0), ("u", "b", 1.0), ("v", "a", 1.0)], SQUARE, "implicit")
    model = ContentKNN(Columns()).fit(shop)
    root = np.sqrt(0.5)
    scores = model.score([["a"], ["a", "b"], []], list("abcd"))
    # the average history is (2 a + b) / 3, so its cosines are 2 and 1 over sqrt(5); d has no vector
    expected = [[1, 0, 1, 0], [root, root, root, 0], np.array([2, 1, 2, 0]) / np.sqrt(5)]
    np.testing.assert_allclose(scores, expected, atol=1e-7)


def test_content_knn_is_pushed_away_by_what_was_disliked() -> None:
    shop = dataset([("u", "a", 5.0), ("u", "b", 1.0)], SQUARE)  # mean 3
    model = ContentKNN(Columns()).fit(shop)
    liked, disliked = model.score([[("a", 5.0)], [("a", 1.0)]], ["c"])
    np.testing.assert_allclose([liked[0], disliked[0]], [1, -1])


def cold_start(value: Any) -> tuple[Dataset, np.ndarray]:
    """A planted shop where every third item of each topic lost its events."""
    shop = planted_shop(value, n_users=300)
    cold = np.arange(len(shop.data.catalogue)) % 3 == 2
    return shop.data.where(~cold[shop.data.interactions["item"].to_numpy()]), cold


def test_text_ridge_tells_the_level_of_untouched_items() -> None:
    rng = np.random.default_rng(1)
    quality = rng.integers(0, 2, 60)
    words = ["masterpiece" if good else "rubbish" for good in quality]
    items = {"item_id": [f"i{n}" for n in range(60)], "title": words}
    events = [
        (f"u{u}", f"i{i}", float(2 + 2 * quality[i] + rng.normal(0, 0.5)))
        for u in range(40)
        for i in rng.choice(40, 10, replace=False)
    ]
    shop = dataset(events, items)
    untouched = np.arange(40, 60)
    scores = (
        TextRidge(HashEncoder(), TextRidgeConfig(penalty=0.1))
        .fit(shop)
        .score([[]], items["item_id"])[0]
    )
    truth = 2 + 2 * quality
    assert np.abs(scores - truth)[untouched].mean() < 0.4
    flat = UserItemBias().fit(shop).score([[]], items["item_id"])[0]
    assert np.abs(flat - truth)[untouched].mean() > 0.8


def test_text_ridge_by_hand() -> None:
    # x is 1 for a and c, -1 for b and d; nobody touched c or d
    items = {"item_id": list("abcd"), "x": [1.0, -1.0, 1.0, -1.0], "y": [0.0] * 4}
    events = [("u", "a", 5.0), ("v", "a", 4.0), ("u", "b", 2.0)]
    config = TextRidgeConfig(
        penalty=1.0, saturation=1.0, item_damping=2.0, user_damping=3.0, sweeps=1
    )
    shop = dataset(events, items)
    level = 11 / 3
    above = {"ua": 5 - level, "va": 4 - level, "ub": 2 - level}
    # one sweep: items first (damped by 2), then users by what items leave (damped by 3)
    a, b = (above["ua"] + above["va"]) / (2 + 2), above["ub"] / (1 + 2)
    u, v = (above["ua"] - a + above["ub"] - b) / (2 + 3), (above["va"] - a) / (1 + 3)
    totals = np.array([above["ua"] - u + above["va"] - v, above["ub"] - u])
    # ContentFeatures of the columns: the vector itself, "no text", x and y again
    features = ContentFeatures.fit(Columns(), shop.catalogue.frame).encode(shop.catalogue.frame)
    weights = np.array([2 / 3, 1 / 2, 0, 0])  # n / (n + 1)
    means = np.array([[totals[0] / 2], [totals[1]], [0], [0]])
    expected = ridge_predictions(features.astype(float), means, weights, 1.0)[:, 0]
    own = (totals + 2.0 * expected[:2]) / (np.array([2, 1]) + 2.0)
    offsets = level + np.concatenate([own, expected[2:]])
    model = TextRidge(Columns(), config).fit(shop)
    np.testing.assert_allclose(model.score([[]], list("abcd")), [offsets])
    served = offsets + (1.0 - offsets[0] + 2.0 - offsets[3]) / (2 + 3)
    np.testing.assert_allclose(model.score([[("a", 1.0), ("d", 2.0)]], list("abcd")), [served])


def test_text_ridge_is_user_item_bias_where_content_says_nothing() -> None:
    shop = planted_shop("rating").data
    blank = replace(shop.catalogue, frame=pl.DataFrame({"title": ["same"] * len(shop.catalogue)}))
    ids = list(shop.catalogue.ids)
    history = [[("item-3", 5.0), ("item-20", 2.0)]]
    config = TextRidgeConfig(item_damping=0.0, user_damping=5.0)
    mine = TextRidge(HashEncoder(), config).fit(replace(shop, catalogue=blank))
    theirs = UserItemBias(replace(UserItemBias().config, item_damping=0.0)).fit(shop)
    touched = shop.touched
    np.testing.assert_allclose(
        mine.score(history, ids)[:, touched], theirs.score(history, ids)[:, touched], atol=0.02
    )


def test_predicted_popularity_keeps_counts_and_places_untouched_items_by_content() -> None:
    train, cold = cold_start("implicit")
    scores = PredictedPopularity(HashEncoder()).fit(train).score([[]], list(train.catalogue.ids))[0]
    np.testing.assert_allclose(scores[~cold], np.log1p(train.item_counts[~cold]))
    known = scores[~cold]
    assert (scores[cold] > known.min() - 1).all()
    assert (scores[cold] < known.max() + 1).all()
    assert np.ptp(scores[cold]) > 0


def shares(model: IALSRidge, train: Dataset, cold: np.ndarray) -> float:
    """Share of the loved topic among four recommended untouched items (chance: a third)."""
    shop = planted_shop(n_users=300)
    known = [i for i, c in zip(train.catalogue.ids, cold, strict=True) if c]
    histories = train.histories
    kept = histories.keep(~np.isin(histories.items, (0, 1)))  # the hits tell nothing of taste
    answer = model.fit(train).recommend(kept, 4, candidates=known)
    loved = shop.topic_of_item[answer.items] == shop.topic_of_user[:, None]
    return float(loved.mean())


def test_the_ridge_map_finds_untouched_items_of_the_loved_topic() -> None:
    train, cold = cold_start("implicit")
    model = IALSRidge(HashEncoder(), IALSRidgeConfig(factors=4, l2=1.0, penalty=0.3))
    assert shares(model, train, cold) > 0.7


def test_shuffled_texts_destroy_what_the_ridge_map_knows() -> None:
    train, cold = cold_start("implicit")
    order = np.random.default_rng(0).permutation(len(train.catalogue))
    shuffled = replace(train.catalogue, frame=train.catalogue.frame[order])
    model = IALSRidge(HashEncoder(), IALSRidgeConfig(factors=4, l2=1.0, penalty=0.3))
    assert shares(model, replace(train, catalogue=shuffled), cold) < 0.55


def test_the_ridge_map_leaves_items_with_history_as_ials_has_them() -> None:
    shop = planted_shop().data
    ids = list(shop.catalogue.ids)
    mapped = (
        IALSRidge(HashEncoder(), IALSRidgeConfig(factors=4)).fit(shop).score(shop.histories, ids)
    )
    plain = IALS(IALSConfig(factors=4)).fit(shop).score(shop.histories, ids)
    np.testing.assert_array_equal(mapped[:, shop.touched], plain[:, shop.touched])
    assert np.isfinite(mapped).all()


def test_a_model_without_an_encoder_says_how_to_give_one() -> None:
    with pytest.raises(DataError, match=r"an encoder, as in TextRidge\(metarec\.TextEncoder"):
        TextRidge().fit(planted_shop("rating").data)


@dataclass(frozen=True)
class Broken(Columns):
    """An encoder that gives whatever it is told to."""

    vectors: Any = None

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> np.ndarray:
        return np.asarray(self.vectors, dtype=np.float32)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [(np.zeros((3, 2)), "one vector an item"), (np.full((4, 2), np.nan), "NaN or infinite")],
)
def test_wrong_vectors_are_refused(vectors: np.ndarray, message: str) -> None:
    shop = dataset([("u", "a", 1.0)], SQUARE)
    with pytest.raises(DataError, match=message):
        ContentKNN(Broken(vectors=vectors)).fit(shop)


def test_the_item_id_is_not_content() -> None:
    shop = planted_shop("rating").data
    renamed = Catalogue.of(
        shop.catalogue.frame.select(
            pl.Series("item_id", [f"other {i}" for i in range(len(shop.catalogue))]), pl.all()
        )
    )
    scores = [
        TextRidge(HashEncoder()).fit(data).score([[]], list(data.catalogue.ids))
        for data in (shop, replace(shop, catalogue=renamed))
    ]
    np.testing.assert_array_equal(*scores)
    assert np.ptp(scores[0]) > 0.1
    assert isinstance(ItemMean().fit(shop), ItemMean)
