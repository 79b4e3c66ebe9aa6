"""The heart is held to the same contract as every other recommender."""

from collections.abc import Iterator

import pytest

import metarec as mr
from metarec.recommenders import SASRecConfig
from metarec.testing import RecommenderContract


class TestMetaRecommenderOnEvents(RecommenderContract):
    feedback = "implicit"
    uses_chance = True
    hears_refusals = True
    has_item_to_item = True

    def make(self) -> mr.MetaRecommender:
        config = mr.MetaConfig(d=8, steps=20, judge_every=10, batch_users=32)
        return mr.MetaRecommender(mr.HashEncoder(d=16), config)


class TestMetaRecommenderOnRatings(RecommenderContract):
    feedback = "rating"
    uses_chance = True
    hears_refusals = True
    has_item_to_item = True

    def make(self) -> mr.MetaRecommender:
        config = mr.MetaConfig(d=8, steps=20, judge_every=10, batch_users=32)
        return mr.MetaRecommender(mr.HashEncoder(d=16), config)


class ReadingOrder(RecommenderContract):
    """With a network that reads the order of histories, and a trust in it above 0."""

    uses_chance = True
    hears_refusals = True
    has_item_to_item = True
    sizes_of_parts = (
        *RecommenderContract.sizes_of_parts,
        "metarec.recommenders.sequence_serving.CELLS_AT_ONCE",
    )
    order: SASRecConfig

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def few_are_enough(cls) -> Iterator[None]:
        """Fifteen people teach the trust in it."""
        with pytest.MonkeyPatch.context() as patch:
            for module in ("learning", "order_learning"):
                patch.setattr(f"metarec.meta.evidence.{module}.ENOUGH_QUERIES", 40)
            yield

    def make(self) -> mr.MetaRecommender:
        config = mr.MetaConfig(d=8, steps=20, judge_every=10, batch_users=32, order=self.order)
        return mr.MetaRecommender(mr.HashEncoder(d=16), config)

    def test_the_order_counts(self, model: mr.MetaRecommender) -> None:
        assert model.order is not None
        assert model.order.weight > 0


class TestMetaRecommenderReadingOrderOfEvents(ReadingOrder):
    feedback = "implicit"
    order = SASRecConfig(d=8, layers=1, steps=60, max_events=8, learning_rate=0.02, dropout=0.0)


@pytest.mark.slow
class TestMetaRecommenderReadingOrderOfRatings(ReadingOrder):
    feedback = "rating"
    order = SASRecConfig(d=8, layers=1, steps=20, max_events=8, learning_rate=0.02, dropout=0.0)
