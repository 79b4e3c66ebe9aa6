"""Every updater is held to the contract of recommenders, on shops of both kinds."""

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
            d=8, steps=6, judge_every=3, batch_users=32, updater=self.updater, decision_width=4
        )
        return mr.MetaRecommender(mr.HashEncoder(d=16), config)


@pytest.mark.slow
class TestANILOnEvents(UpdaterContract):
    updater = "ANIL"


class TestANILOnRatings(UpdaterContract):
    updater = "ANIL"
    feedback: Feedback = "rating"


class TestMAMLOnEvents(UpdaterContract):
    updater = "MAML"


@pytest.mark.slow
class TestMAMLOnRatings(UpdaterContract):
    updater = "MAML"
    feedback: Feedback = "rating"


@pytest.mark.slow
class TestMetaSGDOnEvents(UpdaterContract):
    updater = "MetaSGD"


@pytest.mark.slow
class TestMetaSGDOnRatings(UpdaterContract):
    updater = "MetaSGD"
    feedback: Feedback = "rating"


@pytest.mark.slow
class TestNeuralProcessOnEvents(UpdaterContract):
    updater = "NeuralProcess"


@pytest.mark.slow
class TestNeuralProcessOnRatings(UpdaterContract):
    updater = "NeuralProcess"
    feedback: Feedback = "rating"


@pytest.mark.slow
class TestLearnedUpdaterOnEvents(UpdaterContract):
    updater = "LearnedUpdater"


@pytest.mark.slow
class TestLearnedUpdaterOnRatings(UpdaterContract):
    updater = "LearnedUpdater"
    feedback: Feedback = "rating"


@pytest.mark.slow
class TestReptileOnEvents(UpdaterContract):
    updater = "Reptile"


@pytest.mark.slow
class TestReptileOnRatings(UpdaterContract):
    updater = "Reptile"
    feedback: Feedback = "rating"
