"""Every updater is held to the contract of recommenders; on the other kind of shop the tests of
fitted updaters hold it to what is its own."""

from typing import ClassVar

import pytest

import metarec as mr
from metarec.contracts import Feedback
from metarec.testing import RecommenderContract


class UpdaterContract(RecommenderContract):
    updater: ClassVar[str]
    uses_chance = True
    hears_refusals = True
    has_item_to_item = True

    def make(self) -> mr.MetaRecommender:
        config = mr.MetaConfig(
            d=4,
            steps=4,
            judge_every=2,
            batch_users=16,
            evidence=False,
            updater=self.updater,
            decision_width=4,
        )
        return mr.MetaRecommender(mr.HashEncoder(d=16), config)


class TestMAML(UpdaterContract):
    updater = "MAML"


class TestNeuralProcess(UpdaterContract):
    updater = "NeuralProcess"
    feedback: Feedback = "rating"


@pytest.mark.slow
class TestANIL(UpdaterContract):
    updater = "ANIL"
    feedback: Feedback = "rating"


@pytest.mark.slow
class TestMetaSGD(UpdaterContract):
    updater = "MetaSGD"
    feedback: Feedback = "rating"


@pytest.mark.slow
class TestReptile(UpdaterContract):
    updater = "Reptile"


@pytest.mark.slow
class TestLearnedUpdater(UpdaterContract):
    updater = "LearnedUpdater"
