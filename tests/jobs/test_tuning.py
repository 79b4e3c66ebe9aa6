"""Tuning: the same trials for every model, on validation only, all of them kept."""

import inspect
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution

from metarec.contracts import DataError
from metarec.evaluation import evaluate
from metarec.jobs import tune
from metarec.jobs.tuning import search, validation_value
from metarec.jobs.tuning.study import FILE
from metarec.recommenders import ItemMean, ItemMeanConfig
from tests.evaluation_toys import ByRule, by_score, constant, own_mean, planted, tiny


def test_the_best_setting_on_validation_wins():
    split = planted()
    make = lambda value=1.0: constant(split, value)  # noqa: E731
    tuned = tune(make, {"value": [1.0, 3.2, 5.0]}, split, objective="mae")
    assert tuned.settings == {"value": 3.2}
    assert tuned.trials["value"].min() == tuned.trials.filter(tuned.trials["best"])["value"][0]
    assert tuned.trials["best"].sum() == 1


def test_a_printed_search_says_what_won_and_by_how_much():
    split = planted(n_users=40)
    make = lambda value=1.0: constant(split, value)  # noqa: E731
    tuned = tune(make, {"value": [3.0]}, split, objective="mae", trials=2)
    told = f'Tuned(ByRule: mae {tuned.trials["value"][1]:.4f} with {{"value": 3.0}}, trial 1 of 2)'
    assert str(tuned) == told


def test_a_measure_that_is_better_when_higher_is_maximised():
    split = planted()
    models = {"bad": constant(split), "good": own_mean(split)}
    make = lambda name="bad": models[name]  # noqa: E731
    space = {"name": ["bad", "good"]}
    tuned = tune(make, space, split, objective="auc", trials=8)
    assert tuned.settings == {"name": "good"}


def test_every_model_gets_its_number_of_trials_and_the_log_keeps_them():
    split = planted()
    make = lambda **settings: ItemMean(ItemMeanConfig(**settings))  # noqa: E731
    space = {"damping": {"low": 0.1, "high": 100.0, "log": True}}
    tuned = tune(make, space, split, objective="mae", trials=7, name="mean")
    assert len(tuned.trials) == 7
    assert tuned.trials["model"].unique().to_list() == ["mean"]
    settings = [json.loads(text) for text in tuned.trials["settings"]]
    assert settings[0] == {}  # the defaults come first
    assert len({entry["damping"] for entry in settings[1:]}) == 6
    model = make(**tuned.settings).fit(split.train)
    assert tuned.value == tuned.trials["value"].min()
    assert validation_value(model, split.train, split.valid, "mae") == tuned.value


def test_the_same_seed_draws_the_same_trials():
    split = planted()
    make = lambda **settings: ItemMean(ItemMeanConfig(**settings))  # noqa: E731
    space = {"damping": {"low": 0.1, "high": 100.0, "log": True}}
    without = [tune(make, space, split, objective="mae", trials=4) for _ in "ab"]
    assert without[0].trials.equals(without[1].trials)


def test_nothing_to_draw_is_one_trial():
    split = planted()
    tuned = tune(lambda: own_mean(split), {}, split, objective="mae", trials=9)
    assert len(tuned.trials) == 1


def test_a_trial_without_a_value_cannot_win():
    split = planted()
    nothing = ByRule(split.train.catalogue, lambda h: np.full((len(h), 40), np.nan))
    make = lambda good=False: own_mean(split) if good else nothing  # noqa: E731
    space = {"good": [True]}
    assert tune(make, space, split, objective="mae", trials=2).settings["good"]
    with pytest.raises(DataError, match="no trial has a value of mae"):
        tune(make, {}, split, objective="mae")


def test_one_trial_is_enough_and_none_is_refused():
    split = planted()
    space = {"value": [1.0]}
    one = tune(
        lambda value=3.0: constant(split, value),
        space, split, objective="mae", trials=1,
    )  # fmt: skip
    assert (one.settings, len(one.trials)) == ({}, 1)
    with pytest.raises(DataError, match="trials must be at least 1, got 0"):
        tune(lambda: own_mean(split), {}, split, trials=0)


@pytest.mark.parametrize(
    ("where", "kind", "options"),
    [
        ({"low": 2.0, "high": 3.0}, float, None),
        ({"low": 2, "high": 3}, int, {2, 3}),
        ({"low": 2.0, "high": 3.0, "step": 0.5}, float, {2.0, 2.5, 3.0}),
        ([2, 2.5, 3], object, {2, 2.5, 3}),
        (FloatDistribution(2.0, 3.0, log=True), float, None),
    ],
)
def test_only_what_lies_in_a_space_is_tried(where: object, kind: type, options: set | None):
    split = planted(n_users=20)
    make = lambda value=2.0: constant(split, float(value))  # noqa: E731
    tuned = tune(make, {"value": where}, split, objective="mae", trials=25)
    tried = [json.loads(settings)["value"] for settings in tuned.trials["settings"][1:]]
    assert all(2 <= value <= 3 and isinstance(value, kind) for value in tried)
    assert set(tried) == options if options else len(set(tried)) > 5


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ([], "the space of value must be options such as"),
        ("often", "must be options such as .* got 'often'"),
        (3, "must be options"),
        ([[1], [2]], r"the options of value must be numbers, text, true, false or null; got \[1\]"),
        ({"low": 1}, "low or high is missing"),
        ({"low": 1, "high": 2, "base": 10}, "base is not known of a range"),
        ({"low": 2, "high": 1}, "the space of value: "),
        ({"low": "a", "high": "b"}, "the space of value: "),
    ],
)
def test_what_is_no_space_is_refused_by_name(where: object, said: str):
    split = planted(n_users=20)
    with pytest.raises(DataError, match=said):
        tune(lambda value=2.0: constant(split, value), {"value": where}, split)


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

    space = {"value": [1.0, 5.0]}
    tune(make, space, split, objective="mae", trials=3, rng=4)
    assert given == [(split.train, split.valid, 4)] * 3
    given.clear()
    other = planted(n_users=40)
    tune(make, space, [split, other], objective="mae", trials=1, rng=4)
    assert given == [(split.train, split.valid, 4), (other.train, other.valid, 4)]


def test_another_seed_draws_other_trials():
    split = planted()
    space = {"value": list(np.linspace(1, 5, 41))}
    logs = [
        tune(
            lambda value=3.0: constant(split, value),
            space,
            split,
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
        "folder": None,
        "jobs": 1,
        "time_s": None,
        "progress": False,
    }
    for function in (tune, validation_value):
        for name in ("k", "exclude_seen"):
            assert defaults(function)[name] == defaults(evaluate)[name]


def test_of_equal_trials_the_first_wins_and_only_a_bar_that_is_asked_for_is_drawn(
    capsys, monkeypatch
):
    split = planted(n_users=40)
    space = {"value": [3.0]}
    make = lambda value=3.0: constant(split, value)  # noqa: E731
    asked = {"objective": "mae", "trials": 3}
    tuned = tune(make, space, split, **asked)
    assert tuned.trials["best"].to_list() == [True, False, False]
    assert tuned.settings == {}
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("metarec.contracts.progress.EVERY_S", 0.0)
    tune(make, space, split, progress=True, **asked)
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
        tune(lambda: model, {}, split, objective="recall", **how).trials["value"]
        for how in ({"k": 1}, {"k": 3}, {"k": 1, "exclude_seen": False})
    ]
    assert [value[0] for value in found] == [0.25, 1.0, 0.0]


def mean_of(damping: float = 3.0) -> ItemMean:
    """An unfitted model; other processes find this function by its name."""
    return ItemMean(ItemMeanConfig(damping=damping))


DAMPING = {"damping": {"low": 0.1, "high": 100.0, "log": True}}


def test_the_value_of_several_splits_is_their_mean():
    splits = [planted(seed, n_users=40) for seed in (0, 1)]
    both = tune(mean_of, {}, splits, objective="mae")
    alone = [tune(mean_of, {}, split, objective="mae").value for split in splits]
    assert alone[0] != alone[1]
    assert both.value == pytest.approx(sum(alone) / 2)
    with pytest.raises(DataError, match="tune needs a split"):
        tune(mean_of, {}, [])


def test_a_trial_that_is_behind_after_the_first_split_is_ended_there():
    splits = [planted(seed, n_users=40) for seed in (0, 1)]
    values = iter([3.2, 3.2, 3.2, 3.2, 3.2, 3.2, 1.0, 1.0])
    drawn: list[float] = []

    def make(value: float = 3.2) -> ByRule:
        drawn.append(value)
        return constant(splits[0], next(values, 5.0) if len(drawn) > 1 else 3.2)

    tuned = tune(make, {"value": {"low": 1.0, "high": 5.0}}, splits, objective="mae", trials=12)
    states = tuned.trials["state"].to_list()
    assert states[0] == "done"
    assert set(states) == {"done", "ended early"}
    ended = tuned.trials.filter(tuned.trials["state"] == "ended early")
    assert (ended["value"] > tuned.value).all()
    assert not ended["best"].any()
    n_fits = 2 * states.count("done") + states.count("ended early")
    assert len(drawn) == n_fits + 2  # the model is made twice to name it


def test_a_fit_that_fails_is_a_trial_without_a_value_and_told():
    split = planted(n_users=40)

    def make(value: float = 3.0) -> ByRule:
        if value > 3.0:
            raise FloatingPointError("loss is nan at step 3")
        return constant(split, value)

    tuned = tune(make, {"value": [2.0, 4.0]}, split, objective="mae", trials=12)
    states = set(zip(tuned.trials["settings"], tuned.trials["state"], strict=True))
    assert ('{"value": 4.0}', "failed") in states
    assert ('{"value": 2.0}', "failed") not in states
    assert tuned.failures == ["loss is nan at step 3"]
    failed = tuned.trials.filter(tuned.trials["state"] == "failed")
    assert failed["value"].null_count() == len(failed) > 0


def test_defaults_that_fail_are_told_at_once():
    def make(value: float = 3.0) -> ByRule:
        split = planted(n_users=40)
        return replace(constant(split), predicts_ratings=False)

    with pytest.raises(DataError, match="ByRule cannot be tuned on mae"):
        tune(make, {"value": [2.0, 4.0]}, planted(n_users=40), objective="mae", trials=12)


def test_a_killed_search_goes_on_to_the_same_trials(tmp_path: Path, monkeypatch):
    split = planted(n_users=40)
    asked = {"objective": "mae", "trials": 14}
    whole, real, n = tune(mean_of, DAMPING, split, **asked), search._value, 0

    def killed(*given):
        nonlocal n
        n += 1
        if n in (1, 12):
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(search, "_value", killed)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            tune(mean_of, DAMPING, split, folder=tmp_path / "run", **asked)
    found = tune(mean_of, DAMPING, split, folder=tmp_path / "run", **asked)
    assert found.trials.equals(whole.trials)
    assert n == 14 + 2
    again = tune(mean_of, DAMPING, split, folder=tmp_path / "run", **asked)
    assert again.trials.equals(whole.trials)
    assert n == 14 + 2
    longer = tune(mean_of, DAMPING, split, folder=tmp_path / "run", **asked | {"trials": 16})
    assert longer.trials[:14].drop("best").equals(whole.trials.drop("best"))
    assert len(longer.trials) == 16


@pytest.mark.parametrize(
    "other", ["objective", "k", "rng", "exclude_seen", "name", "space", "data"]
)
def test_a_folder_of_another_search_is_refused(tmp_path: Path, other: str):
    split = planted(n_users=40)
    asked = {"objective": "mae", "trials": 1, "folder": tmp_path / "run"}
    tune(mean_of, DAMPING, split, **asked)
    before = (tmp_path / "run" / FILE).read_bytes()
    changed = {"objective": "rmse", "k": 3, "rng": 1, "exclude_seen": True, "name": "mine"}
    asked |= {other: changed[other]} if other in changed else {}
    space = {"damping": [1.0]} if other == "space" else DAMPING
    shop = planted(n_users=41) if other == "data" else split
    with pytest.raises(DataError, match="holds another search"):
        tune(mean_of, space, shop, **asked)
    assert (tmp_path / "run" / FILE).read_bytes() == before


def test_after_its_time_no_trial_begins_but_the_defaults():
    tuned = tune(mean_of, DAMPING, planted(n_users=40), objective="mae", time_s=1e-6)
    assert tuned.trials["settings"].to_list() == ["{}"]


def test_what_optuna_tells_is_as_before(capsys: pytest.CaptureFixture[str]):
    before = optuna.logging.get_verbosity()
    tune(mean_of, DAMPING, planted(n_users=40), objective="mae", trials=2)
    assert capsys.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before


@pytest.mark.slow
def test_trials_at_once_are_those_of_one_after_another(tmp_path: Path):
    """Where what is drawn does not depend on what came before."""
    split = planted(n_users=40)
    asked = {"objective": "mae", "trials": 6}
    one, two = (tune(mean_of, DAMPING, split, jobs=jobs, **asked) for jobs in (1, 2))
    assert two.trials.drop("best").equals(one.trials.drop("best"))
    assert two.settings == one.settings


def test_without_optuna_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(DataError, match=r'tuning needs Optuna; run: pip install "metarec\[tune\]"'):
        tune(mean_of, DAMPING, planted(n_users=40))
