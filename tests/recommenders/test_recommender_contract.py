"""Every recommender keeps the contract: one class a row."""

import pytest

from metarec import recommenders as r
from metarec.contracts import Recommender
from metarec.encoders import HashEncoder
from metarec.testing import PlantedShop, RecommenderContract


class TestRandom(RecommenderContract):
    uses_chance = True
    learns_taste = False

    def make(self) -> Recommender:
        return r.Random()


class TestPopularity(RecommenderContract):
    learns_taste = False

    def make(self) -> Recommender:
        return r.Popularity()


class TestItemMean(RecommenderContract):
    feedback = "rating"
    learns_taste = False

    def make(self) -> Recommender:
        return r.ItemMean()


class TestUserMean(RecommenderContract):
    feedback = "rating"
    learns_taste = False

    def make(self) -> Recommender:
        return r.UserMean()


class TestUserItemBias(RecommenderContract):
    feedback = "rating"
    learns_taste = False

    def make(self) -> Recommender:
        return r.UserItemBias()


class TestLikeShare(RecommenderContract):
    feedback = "rating"
    learns_taste = False

    def make(self) -> Recommender:
        return r.LikeShare()


class TestContentKNN(RecommenderContract):
    has_item_to_item = True

    def make(self) -> Recommender:
        return r.ContentKNN(HashEncoder())


class TestContentKNNOnRatings(RecommenderContract):
    has_item_to_item = True
    feedback = "rating"

    def make(self) -> Recommender:
        return r.ContentKNN(HashEncoder())


class TestTextRidge(RecommenderContract):
    feedback = "rating"
    learns_taste = False

    def make(self) -> Recommender:
        return r.TextRidge(HashEncoder())


class TestPredictedPopularity(RecommenderContract):
    learns_taste = False

    def make(self) -> Recommender:
        return r.PredictedPopularity(HashEncoder())


class TestItemKNN(RecommenderContract):
    has_item_to_item = True

    def make(self) -> Recommender:
        return r.ItemKNN(r.ItemKNNConfig(neighbours=8))


class TestItemKNNByBM25WithRecency(RecommenderContract):
    has_item_to_item = True

    def make(self) -> Recommender:
        return r.ItemKNN(r.ItemKNNConfig("bm25", neighbours=8, recency=0.8))


class TestItemKNNByTFIDF(RecommenderContract):
    has_item_to_item = True

    def make(self) -> Recommender:
        return r.ItemKNN(r.ItemKNNConfig("tfidf", neighbours=8))


class TestEASE(RecommenderContract):
    has_item_to_item = True

    def make(self) -> Recommender:
        return r.EASE(r.EASEConfig(l2=10.0))


class TestEASEWithRecency(RecommenderContract):
    has_item_to_item = True

    def make(self) -> Recommender:
        return r.EASE(r.EASEConfig(l2=10.0, recency=0.8))


class TestIALS(RecommenderContract):
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.IALS(r.IALSConfig(factors=4, l2=1.0))


class TestIALSWithRecency(RecommenderContract):
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.IALS(r.IALSConfig(factors=4, l2=1.0, recency=0.8))


class TestBPR(RecommenderContract):
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.BPR(r.BPRConfig(factors=8))


class TestCooccurrence(RecommenderContract):
    has_item_to_item = True

    def make(self) -> Recommender:
        return r.Cooccurrence()


class TestIALSRidge(RecommenderContract):
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.IALSRidge(HashEncoder(), r.IALSRidgeConfig(factors=4, l2=1.0))


class TestTrending(RecommenderContract):
    learns_taste = False

    def make(self) -> Recommender:
        return r.Trending()


class TestNewest(RecommenderContract):
    learns_taste = False

    def make(self) -> Recommender:
        return r.Newest(r.NewestConfig(column="price"))


class TestSASRec(RecommenderContract):
    has_item_to_item = True
    uses_chance = True
    sizes_of_parts = (
        *RecommenderContract.sizes_of_parts,
        "metarec.recommenders.sequence_serving.CELLS_AT_ONCE",
    )

    def make(self) -> Recommender:
        return r.SASRec(HashEncoder(), r.SASRecConfig(d=16, layers=1, learning_rate=0.02, steps=40))


class TestBiasedMF(RecommenderContract):
    feedback = "rating"
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.BiasedMF(r.BiasedMFConfig(factors=4, l2=0.3, sweeps=4))


class TestSVDPlusPlus(RecommenderContract):
    feedback = "rating"
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.SVDPlusPlus(r.SVDPlusPlusConfig(factors=4, l2=0.3, sweeps=4))


class TestUserKNN(RecommenderContract):
    sizes_of_parts = (
        *RecommenderContract.sizes_of_parts,
        "metarec.recommenders.likeness.CELLS_AT_ONCE",
    )

    def make(self) -> Recommender:
        return r.UserKNN(r.UserKNNConfig(neighbours=10))


class TestRatedUserKNN(TestUserKNN):
    feedback = "rating"

    def make(self) -> Recommender:
        return r.RatedUserKNN(r.RatedUserKNNConfig(neighbours=20, shrinkage=1.0))


class TestRatedItemKNN(RecommenderContract):
    feedback = "rating"
    has_item_to_item = True

    def make(self) -> Recommender:
        return r.RatedItemKNN(r.RatedItemKNNConfig(neighbours=10, shrinkage=1.0))


class TestMultVAE(RecommenderContract):
    uses_chance = True

    def make(self) -> Recommender:
        return r.MultVAE(
            r.MultVAEConfig(hidden=16, factors=4, batch=30, steps=15, learning_rate=0.1)
        )


@pytest.mark.slow
class TestRecVAE(RecommenderContract):
    uses_chance = True

    def make(self) -> Recommender:
        return r.RecVAE(
            r.RecVAEConfig(hidden=16, factors=4, batch=30, steps=80, learning_rate=0.03)
        )


class TestLightGCN(RecommenderContract):
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.LightGCN(r.LightGCNConfig(factors=8, batch=200, steps=15, learning_rate=0.1))


@pytest.mark.slow
class TestLightGCNAlongTriples(TestLightGCN):
    def make(self) -> Recommender:
        return r.LightGCN(
            r.LightGCNConfig(factors=8, graph=0.5, batch=200, steps=15, learning_rate=0.1)
        )


@pytest.mark.slow
class TestItem2Vec(RecommenderContract):
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.Item2Vec(
            r.Item2VecConfig(
                factors=8, batch=400, power=1.0, steps=40, learning_rate=0.1, patience=100
            )
        )


@pytest.mark.slow
class TestTwoTower(RecommenderContract):
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.TwoTower(
            HashEncoder(8), r.TwoTowerConfig(d=8, batch=40, steps=20, learning_rate=0.1)
        )


@pytest.mark.slow
class TestDropoutNet(RecommenderContract):
    has_item_to_item = True
    uses_chance = True

    def make(self) -> Recommender:
        return r.DropoutNet(
            HashEncoder(8),
            r.DropoutNetConfig(
                factors=4, l2=1.0, hidden=16, batch=40, steps=60, learning_rate=0.03
            ),
        )


@pytest.mark.slow
class TestMeLU(RecommenderContract):
    feedback = "rating"
    uses_chance = True
    sizes_of_parts = (
        *RecommenderContract.sizes_of_parts,
        "metarec.recommenders.melu.CELLS_AT_ONCE",
    )

    def make(self) -> Recommender:
        return r.MeLU(
            r.MeLUConfig(d=4, hidden=8, batch=8, steps=60, learning_rate=0.02, inner_rate=0.05)
        )

    def test_it_learns_taste(self, model: Recommender, shop: PlantedShop) -> None:
        """Which takes it longer than all else: a person's own layers are far from everybody's."""
        config = r.MeLUConfig(
            **{"d": 8, "hidden": 32, "batch": 16, "steps": 1000, "patience": 99},
            **{"learning_rate": 0.01, "inner_rate": 0.3, "inner_steps": 3},
        )
        super().test_it_learns_taste(r.MeLU(config).fit(shop.data), shop)


@pytest.mark.slow
class TestNeuMF(RecommenderContract):
    has_item_to_item = True
    uses_chance = True
    sizes_of_parts = (
        *RecommenderContract.sizes_of_parts,
        "metarec.recommenders.neumf.CELLS_AT_ONCE",
    )

    def make(self) -> Recommender:
        return r.NeuMF(
            r.NeuMFConfig(factors=4, batch=200, l2=1e-3, steps=40, learning_rate=0.1, patience=100)
        )
