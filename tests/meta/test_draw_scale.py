"""Draws of a choice get a scale where validation asks enough, and say so where it does not."""

import numpy as np
import pytest

import metarec as mr
from metarec.meta.heads import choice_training, choice_validation


def test_draws_are_scaled_from_the_least_number_of_queries_on(monkeypatch: pytest.MonkeyPatch):
    scale, seen = choice_validation.draw_scale, []

    def watched(*given: object) -> float:
        seen.append(given)
        return scale(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(choice_training, "draw_scale", watched)
    monkeypatch.setattr(choice_validation, "CALIBRATION_DRAWS", 2)
    shop = mr.generate(users=60, items=30, kind="implicit", rng=1).dataset
    config = mr.MetaConfig(d=3, steps=2, evidence=False, start="random")
    mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(shop)
    (given,) = seen
    asked = int(given[2].query_mask.sum())  # type: ignore[attr-defined]
    for least, scaled in ((asked, True), (asked + 1, False)):
        monkeypatch.setattr(choice_validation, "LEAST_QUERIES", least)
        found = scale(*given[:4], np.random.default_rng(0))  # type: ignore[arg-type]
        assert np.isfinite(found) == scaled
        assert np.isnan(found) or 0.02 <= found <= 5.0


def test_of_a_large_catalogue_fewer_people_tell_the_scale(monkeypatch: pytest.MonkeyPatch):
    parts = []
    adapt = choice_validation.adapt_episodes

    def watched(network, terms, inputs, valid, part, config):
        parts.append(part)
        return adapt(network, terms, inputs, valid, part, config)

    monkeypatch.setattr(choice_validation, "CALIBRATION_DRAWS", 2)
    shop = mr.generate(users=60, items=30, kind="implicit", rng=1).dataset
    model = mr.MetaRecommender(mr.HashEncoder(d=8), mr.MetaConfig(d=3, steps=0, evidence=False))
    monkeypatch.setattr(choice_validation, "adapt_episodes", watched)
    found = []
    for cells, least in ((30 * 1000, 2), (30 * 9, 2), (30 * 9, 11)):
        monkeypatch.setattr(choice_validation, "CALIBRATION_CELLS", cells)
        monkeypatch.setattr(choice_validation, "LEAST_PEOPLE", least)
        model.fit(shop)
        found.append(parts[-1].stop)  # the scale is the last that is asked
    assert found == [512, 9, 11]
