"""Tuning: the same trials for every model, on validation only, all of them kept."""

import inspect
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from metarec.contracts import DataError
from metarec.evaluation import evaluate
from metarec.jobs import Choice, LogUniform, Uniform, Whole, tune
from metarec.jobs.tuning import validation_value
from metarec.recommenders import ItemMean, ItemMeanConfig
from tests.evaluation_toys import ByRule, by_score, constant, own_mean, planted, tiny


def test_the_best_setting_on_validation_wins():
    split = planted()
    make = lambda value=1.0: constant(split, value)  # noqa: E731
    tuned = tune(
        make, {"value": Choice([1.0, 3.2, 5.0])}, split.train, split.valid, objective="mae"
    )
    assert tuned.settings == {"value": 3.2}
    assert tuned.trials["value"].min() == tuned.trials.filter(tuned.trials["best"])["value"][0]
    assert tuned.trials["best"].sum() == 1


def test_a_printed_search_says_what_won_and_by_how_much():
    split = planted(n_users=40)
    make = lambda value=1.0: constant(split, value)  # noqa: E731
    tuned = tune(
        make, {"value": Choice([3.0])}, split.train, split.valid, objective="mae", trials=2
    )
    told = f'Tuned(ByRule: mae {tuned.trials["value"][1]:.4f} with {{"value": 3.0}}, trial 1 of 2)'
    assert str(tuned) == told


def test_a_measure_that_is_better_when_higher_is_maximised():
    split = planted()
    models = {"bad": constant(split), "good": own_mean(split)}
    make = lambda name="bad": models[name]  # noqa: E731
    space = {"name": Choice(["bad", "good"])}
    tuned = tune(make, space, split.train, split.valid, objective="auc", trials=8)
    assert tuned.settings == {"name": "good"}


def test_every_model_gets_its_number_of_trials_and_the_log_keeps_them():
    split = planted()
    make = lambda **settings: ItemMean(ItemMeanConfig(**settings))  # noqa: E731
    space = {"damping": LogUniform(0.1, 100.0)}
    tuned = tune(make, space, split.train, split.valid, objective="mae", trials=7, name="mean")
    assert len(tuned.trials) == 7
    assert tuned.trials["model"].unique().to_list() == ["mean"]
    settings = [json.loads(text) for text in tuned.trials["settings"]]
    assert settings[0] == {}  # the defaults come first
    assert len({entry["damping"] for entry in settings[1:]}) == 6
    assert validation_value(tuned.model, split.train, split.valid, "mae") == pytest.approx(
        tuned.trials["value"].min()
    )


def test_the_same_seed_draws_the_same_trials():
    split = planted()
    make = lambda **settings: ItemMean(ItemMeanConfig(**settings))  # noqa: E731
    space = {"damping": LogUniform(0.1, 100.0)}
    without = [tune(make, space, split.train, split.valid, objective="mae", trials=4) for _ in "ab"]
    assert without[0].trials.equals(without[1].trials)


def test_nothing_to_draw_is_one_trial():
    split = planted()
    tuned = tune(lambda: own_mean(split), {}, split.train, split.valid, objective="mae", trials=9)
    assert len(tuned.trials) == 1


def test_a_trial_without_a_value_cannot_win():
    split = planted()
    nothing = ByRule(split.train.catalogue, lambda h: np.full((len(h), 40), np.nan))
    make = lambda good=False: own_mean(split) if good else nothing  # noqa: E731
    space = {"good": Choice([True])}
    assert tune(make, space, split.train, split.valid, objective="mae", trials=2).settings["good"]
    with pytest.raises(DataError, match="no trial has a value of mae"):
        tune(make, {}, split.train, split.valid, objective="mae")


def test_one_trial_is_enough_and_none_is_refused():
    split = planted()
    space = {"value": Choice([1.0])}
    one = tune(
        lambda value=3.0: constant(split, value),
        space, split.train, split.valid, objective="mae", trials=1,
    )  # fmt: skip
    assert (one.settings, len(one.trials)) == ({}, 1)
    with pytest.raises(DataError, match="trials must be at least 1, got 0"):
        tune(lambda: own_mean(split), {}, split.train, split.valid, trials=0)


@pytest.mark.parametrize(
    "space", [Uniform(2.0, 3.0), LogUniform(2.0, 3.0), Whole(2, 3), Choice([2, 3])]
)
def test_a_range_draws_only_what_lies_in_it(space):
    drawn = [space.draw(np.random.default_rng(seed)) for seed in range(200)]
    assert all(2 <= value <= 3 for value in drawn)
    assert len(set(drawn)) > 1
    if isinstance(space, Whole):
        assert set(drawn) == {2, 3}


def test_a_log_uniform_range_gives_each_decade_its_share():
    rng = np.random.default_rng(0)
    drawn = np.array([LogUniform(0.01, 100.0).draw(rng) for _ in range(4000)])
    assert np.mean(drawn < 1) == pytest.approx(0.5, abs=0.03)


class Spy(ByRule):
    """Keeps what every fit was given."""

    given: list[tuple[object, object, int]]

    def fit(self, train, valid=None, *, rng: int = 0) -> "Spy":
        self.given.append((train, valid, rng))
        return self


def test_tuning_hands_training_validation_and_its_seed_to_every_fit():
    split = planted()
    given: list[tuple[object, object, int]] = []

    def make(value: float = 3.0) -> Spy:
        spy = Spy(split.train.catalogue, constant(split, value).rule)
        object.__setattr__(spy, "given", given)
        return spy

    space = {"value": Choice([1.0, 5.0])}
    tune(make, space, split.train, split.valid, objective="mae", trials=3, rng=4)
    assert given == [(split.train, split.valid, 4)] * 3


def test_another_seed_draws_other_trials():
    split = planted()
    space = {"value": Choice(list(np.linspace(1, 5, 41)))}
    logs = [
        tune(
            lambda value=3.0: constant(split, value),
            space,
            split.train,
            split.valid,
            objective="mae",
            trials=5,
            rng=rng,
        ).trials
        for rng in (0, 1)
    ]
    assert logs[0]["settings"].to_list() != logs[1]["settings"].to_list()
    assert all(log["trial"].to_list() == [0, 1, 2, 3, 4] for log in logs)


def test_the_value_of_a_trial_is_the_mean_over_people_of_its_own_length_of_list():
    split = tiny("implicit")
    one = split.valid.take(np.array([0, 0, 0, 1]))  # u3 three times, u4 once
    model = by_score(split, 9, 8, 7, 6, 5)
    # lists of one: u3 is shown 1 and takes 1 and 2; u4 is shown 0 and takes 3
    assert validation_value(model, split.train, one, "recall", k=1) == pytest.approx(0.25)
    assert validation_value(model, split.train, one, "recall", k=3) == pytest.approx(1.0)
    held = validation_value(model, split.train, one, "recall", k=1, exclude_seen=False)
    assert held == 0.0  # shown is 0 to both


def test_tuning_asks_as_an_evaluation_asks_unless_told_otherwise():
    def defaults(function) -> dict[str, object]:
        asked = inspect.signature(function).parameters.values()
        return {p.name: p.default for p in asked if p.default is not p.empty}

    assert defaults(tune) == {
        "objective": "ndcg",
        "trials": 20,
        "k": 10,
        "rng": 0,
        "exclude_seen": None,
        "name": None,
        "progress": False,
    }
    for function in (tune, validation_value):
        for name in ("k", "exclude_seen"):
            assert defaults(function)[name] == defaults(evaluate)[name]


def test_a_setting_that_json_does_not_know_is_logged_by_its_text():
    split = planted(n_users=40)
    space = {"path": Choice([Path("a/b")])}
    make = lambda path=None: constant(split)  # noqa: E731
    tuned = tune(make, space, split.train, split.valid, objective="mae", trials=2)
    assert tuned.trials["settings"].to_list() == ["{}", '{"path": "a/b"}']


def test_of_equal_trials_the_first_wins_and_only_a_bar_that_is_asked_for_is_drawn(
    capsys, monkeypatch
):
    split = planted(n_users=40)
    space = {"value": Choice([3.0])}
    make = lambda value=3.0: constant(split, value)  # noqa: E731
    asked = {"objective": "mae", "trials": 3}
    tuned = tune(make, space, split.train, split.valid, **asked)
    assert tuned.trials["best"].to_list() == [True, False, False]
    assert tuned.settings == {}
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("metarec.contracts.progress.EVERY_S", 0.0)
    tune(make, space, split.train, split.valid, progress=True, **asked)
    assert "tuning" in capsys.readouterr().err


def test_a_measure_that_a_model_cannot_have_is_refused_by_name():
    split = planted(n_users=40)
    order = replace(constant(split), predicts_ratings=False)
    with pytest.raises(DataError, match="ByRule cannot be tuned on mae"):
        validation_value(order, split.train, split.valid, "mae")


def test_trials_are_judged_by_the_lists_that_were_asked_for():
    split = tiny("implicit")
    model = by_score(split, 9, 8, 7, 6, 5)
    found = [
        tune(lambda: model, {}, split.train, split.valid, objective="recall", **how).trials["value"]
        for how in ({"k": 1}, {"k": 3}, {"k": 1, "exclude_seen": False})
    ]
    assert [value[0] for value in found] == [0.25, 1.0, 0.0]
