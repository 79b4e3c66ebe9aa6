"""The heart is held to the same contract as every other recommender."""

import metarec as mr
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
