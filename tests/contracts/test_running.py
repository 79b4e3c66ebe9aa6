"""How a fit is run is checked at the door, and threads are given back."""

import inspect

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

import metarec as mr
from metarec.contracts import DataError, Running
from metarec.recommenders import Popularity
from metarec.recommenders.base import BaseRecommender
from metarec.testing import planted_shop
from metarec.training.threads import limited


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rng", 1.0),
        ("rng", None),
        ("progress", "yes"),
        ("device", "abacus"),
        ("threads", 0),
        ("threads", True),
        ("time_s", 0),
        ("time_s", -1.0),
        ("time_s", float("inf")),
        ("time_s", float("nan")),
        ("time_s", True),
        ("time_s", "5m"),
    ],
)
def test_what_a_fit_cannot_do_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(DataError, match=f"{name} must be"):
        Running(**{name: value})  # type: ignore[arg-type]


def test_a_model_that_is_fitted_on_the_cpu_alone_refuses_another_device() -> None:
    for model in (mr.MetaRecommender(), Popularity()):
        with pytest.raises(DataError, match=r"device must be 'cpu', on which \w+ is fitted"):
            model.fit(planted_shop().data, device="cuda")
    assert Running(device="cuda").on("Mine", "cpu", "cuda").device == "cuda"


def test_numbers_of_numpy_are_numbers() -> None:
    running = Running(rng=np.int64(3), threads=np.int32(2), time_s=np.float64(1.5))  # type: ignore[arg-type]
    assert (running.rng, running.threads, running.time_s) == (3, 2, 1.5)


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_threads_are_limited_inside_and_given_back_after() -> None:
    before = (torch.get_num_threads(), blas_threads())
    with limited(1):
        assert (torch.get_num_threads(), blas_threads()) == (1, {1})
    assert (torch.get_num_threads(), blas_threads()) == before
    with limited(None):
        assert (torch.get_num_threads(), blas_threads()) == before


def test_a_fit_is_silent_seeded_with_0_and_leaves_the_machine_as_it_is_unless_told() -> None:
    assert Running() == Running(0, None, False, "cpu", None, None, None)
    for fit in (mr.MetaRecommender.fit, BaseRecommender.fit):
        defaults = {name: p.default for name, p in inspect.signature(fit).parameters.items()}
        assert {name: defaults[name] for name in vars(Running())} == vars(Running())
