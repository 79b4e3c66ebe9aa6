"""The settings of updaters: each reads its own, and refuses those of others."""

from dataclasses import replace
from typing import get_args

import pytest

import metarec as mr
from metarec.contracts import DataError
from metarec.files.hyperparameters import parse_hyperparameters
from metarec.meta.updaters import UPDATERS, UpdaterName
from metarec.meta.updaters.inner_loop import INNER


def test_the_settings_know_every_updater_by_name():
    assert get_args(UpdaterName) == tuple(UPDATERS)
    for name in UPDATERS:
        assert mr.MetaConfig(updater=name).updater == name  # type: ignore[arg-type]
    with pytest.raises(
        DataError, match=r"^updater must be one of \('ClosedForm', 'ANIL', .*'Mine'"
    ):
        mr.MetaConfig(updater="Mine")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", INNER)
def test_a_setting_that_the_updater_does_not_read_is_refused(name: str):
    value = name == "first_order" or 2
    readers = ", ".join(updater for updater, kind in UPDATERS.items() if name in kind.reads)
    for updater, kind in UPDATERS.items():
        told = {"updater": updater, name: value}
        if name in kind.reads:
            parsed = parse_hyperparameters(told, mr.MetaConfig)
            assert getattr(parsed, name) == value
        else:
            with pytest.raises(DataError, match=f"{name} is read by {readers} alone, and not by"):
                parse_hyperparameters(told, mr.MetaConfig)


def test_settings_of_a_loop_are_the_usual_ones_unless_they_are_said():
    usual = mr.MetaConfig(updater="MAML").loop
    assert (usual.steps, usual.rate, usual.first_order, usual.width) == (5, 1.0, False, 32)
    said = mr.MetaConfig(
        updater="MAML", inner_steps=2, inner_rate=0.5, first_order=True, decision_width=8
    ).loop
    assert (said.steps, said.rate, said.first_order, said.width) == (2, 0.5, True, 8)


def test_hidden_units_of_each_person_leave_memory_for_fewer_people():
    users = {name: mr.MetaConfig(updater=name).within(20_000).batch_users for name in UPDATERS}
    assert users["ClosedForm"] == users["ANIL"] == 128
    assert users["MAML"] == 26  # 2^26 / (20,000 items, 4 prefixes, 32 units)


def test_what_stays_at_its_start_stays_in_closed_form():
    config = mr.MetaConfig(updater="MAML", inner_steps=2, start="random", value_weight="log")
    at_start, beside = config.at_start(), config.beside_ratings()
    assert (at_start.updater, at_start.inner_steps, at_start.steps) == ("ClosedForm", None, 0)
    assert beside == replace(config, value_weight="none")
    assert beside.of("implicit")[0].n_steps == 400
    assert mr.MetaConfig(start="random").beside_ratings() == mr.MetaConfig(steps=0)
    by_value = mr.MetaConfig(value_weight="log")  # it is a rating, and says nothing of the choice
    assert by_value.beside_ratings().value_weight == "none"
