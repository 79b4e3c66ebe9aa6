"""The settings of the heart: each is documented, and takes only what it says."""

import inspect
from dataclasses import asdict, fields

import numpy as np
import pytest

import metarec as mr
from metarec.contracts import Feedback
from metarec.contracts.settings import Settings

DEFAULTS = asdict(mr.MetaConfig())
WHOLE = [name for name, value in DEFAULTS.items() if type(value) is int]
REAL = [name for name, value in DEFAULTS.items() if type(value) is float]
WORDS = [name for name, value in DEFAULTS.items() if type(value) is str]


def test_help_shows_the_text_of_every_field():
    told = inspect.getdoc(mr.MetaConfig)
    assert told is not None
    assert told.startswith("What shapes the model and its training")
    for field in fields(mr.MetaConfig):
        assert f"\n{field.name}: " in told
    assert "masked: Part = 0.1\n    Share of items whose residuals are hidden in a step" in told
    lines = told.splitlines()
    for field in fields(mr.MetaConfig):
        (at,) = (n for n, line in enumerate(lines) if line.startswith(f"{field.name}: "))
        assert lines[at + 1].startswith("    "), f"{field.name} has no text under it"


def test_a_class_without_source_keeps_its_own_text():
    assert type("Made", (Settings,), {"__doc__": "Mine."}).__doc__ == "Mine."


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", [2.5, 3.0, True, "3", None, float("nan"), [3], np.float64(3)])
def test_a_whole_number_takes_no_other_type(name: str, value: object):
    with pytest.raises(mr.DataError, match=f"^{name} must be"):
        mr.MetaConfig(**{name: value})


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(
    "value", [True, "0.5", None, [0.5], float("nan"), float("inf"), -1.0, np.float32("nan")]
)
def test_a_number_takes_no_other_type_and_nothing_that_is_not_finite(name: str, value: object):
    with pytest.raises(mr.DataError, match=f"^{name} must be"):
        mr.MetaConfig(**{name: value})


@pytest.mark.parametrize("name", [*WORDS, "profile", "evidence"])
@pytest.mark.parametrize("value", [1, None, "often", float("nan"), ["auto"]])
def test_a_choice_takes_only_what_it_names(name: str, value: object):
    with pytest.raises(mr.DataError, match=f"^{name} must be"):
        mr.MetaConfig(**{name: value})


def test_every_field_is_checked_by_type():
    flags, open_ = (
        {"profile", "choice", "evidence"},
        {"d", "steps", "order", "optimiser", *OF_UPDATERS},
    )
    assert {*WHOLE, *REAL, *WORDS, *flags, *open_} == set(DEFAULTS)


OF_UPDATERS: dict[str, list[object]] = {
    "inner_steps": [0, 2.5, True],
    "inner_rate": [0.0, -1.0, "1"],
    "first_order": [1, "yes"],
    "decision_width": [0, 2.5],
}


@pytest.mark.parametrize("name", OF_UPDATERS)
def test_a_setting_of_updaters_takes_only_what_it_says(name: str):
    for value in OF_UPDATERS[name]:
        with pytest.raises(mr.DataError, match=f"^{name} must be"):
            mr.MetaConfig(updater="MAML", **{name: value})


@pytest.mark.parametrize("name", ["d", "steps"])
@pytest.mark.parametrize("value", [2.5, True, "auto", float("nan"), -1])
def test_a_number_that_the_shop_decides_is_whole_where_it_is_said(name: str, value: object):
    with pytest.raises(mr.DataError, match=f"^{name} must be"):
        mr.MetaConfig(**{name: value})


def test_steps_follow_the_feedback_where_nobody_says():
    (ratings,), (events,) = mr.MetaConfig().of("rating"), mr.MetaConfig().of("implicit")
    assert (ratings.n_steps, events.n_steps) == (1000, 400)
    assert [config.n_steps for config in mr.MetaConfig(steps=0).of("rating")] == [0]
    with pytest.raises(mr.DataError, match="once the shop is known"):
        _ = mr.MetaConfig().n_steps


@pytest.mark.parametrize(
    ("config", "feedback", "n_events", "expected"),
    [
        (mr.MetaConfig(), "implicit", 500_000, [16, 64]),
        (mr.MetaConfig(), "implicit", 499_999, [16]),
        (mr.MetaConfig(), "rating", 10**6, [16]),
        (mr.MetaConfig(steps=0), "implicit", 10**6, [16]),
        (mr.MetaConfig(d=7), "implicit", 10**6, [7]),
    ],
)
def test_how_many_features_are_tried_follows_the_size_of_the_shop_where_nobody_says(
    config: mr.MetaConfig, feedback: Feedback, n_events: int, expected: list[int]
):
    assert [one.n_features for one in config.of(feedback, n_events)] == expected
    assert {one.n_steps for one in config.of(feedback, n_events)} <= {0, 400, 1000}


def test_features_are_not_known_before_the_shop_is():
    with pytest.raises(mr.DataError, match="once the shop is known"):
        _ = mr.MetaConfig().n_features


def test_numpy_numbers_become_python_numbers_that_can_be_saved():
    config = mr.MetaConfig(d=np.int64(6), masked=np.float32(0.25), profile=np.bool_(False))
    assert (type(config.d), type(config.masked), type(config.profile)) == (int, float, bool)
    assert (config.d, config.masked, config.profile) == (6, 0.25, False)
