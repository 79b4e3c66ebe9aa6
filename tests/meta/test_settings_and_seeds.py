"""Every setting and every seed of a fit changes its numbers; nothing else does."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import cache

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Dataset
from metarec.training.optimiser_config import OptimiserConfig
from metarec.training.streams import Purpose, stream

from .networks import numbers_of

BASE = {"d": 3, "steps": 6, "batch_users": 8, "max_events": 12, "judge_every": 2, "hidden": 2}
BASE |= {"choice": False}
RATING, IMPLICIT = ("rating", {"start": "random"}), ("implicit", {})
OVERFIT = {"learning_rate": 0.03, "steps": 30, "judge_every": 1}
NOISY = {"learning_rate": 0.003, "batch_users": 8, "steps": 60, "judge_every": 1}
CHANGES: dict[str, tuple[tuple[str, dict[str, object]], object]] = {
    "d": (RATING, 4),
    "hidden": (RATING, 0),
    "dropout": (RATING, 0.6),
    "profile": (RATING, False),
    "recency": (IMPLICIT, "clock"),
    "value_weight": (IMPLICIT, "log"),
    "steps": (RATING, 5),
    "updater": (RATING, "ANIL"),
    "inner_steps": (("rating", {"updater": "MAML", "start": "random"}), 2),
    "inner_rate": (("rating", {"updater": "MAML", "start": "random"}), 0.5),
    "first_order": (("rating", {"updater": "MAML", "start": "random"}), True),
    "decision_width": (("rating", {"updater": "MAML", "start": "random"}), 4),
    "batch_users": (RATING, 9),
    "max_events": (RATING, 5),
    "prefixes": (IMPLICIT, 2),
    "learning_rate": (RATING, 1e-2),
    "optimiser": (RATING, OptimiserConfig("sgd", momentum=0.9)),
    "masked": (("rating", {"start": "random", "all_masked": 0.0}), 0.6),
    "all_masked": (("rating", {"start": "random", "masked": 0.0}), 0.9),
    "content_decay": (RATING, 1.0),
    "offset_decay": (RATING, 1.0),
    "unsure_decay": (RATING, 1.0),
    "residual_precision": (RATING, 2000.0),
    "noise_precision": (RATING, 2000.0),
    "evenness": (RATING, 0.0),
    "start": (IMPLICIT, "random"),
    "start_confidence": (IMPLICIT, 5.0),
    "start_l2": (IMPLICIT, 0.5),
    "start_penalty": (IMPLICIT, 50.0),
    "choice": (RATING, True),
    "evidence": (IMPLICIT, False),
    "exact_items": (IMPLICIT, 3),
    "neighbours": (IMPLICIT, 4),
    "patience": (("rating", NOISY | {"start": "random", "patience": 1}), 29),
    "judge_every": (("rating", OVERFIT | {"start": "random"}), 7),
}
"""For each setting: on what kind of shop, with what beside it, and to which value it is changed."""
OF_EVIDENCE = ("evidence", "exact_items", "neighbours")
"""What leaves the posterior as it is."""
LEAVES_ITS_START = {"steps": 40, "learning_rate": 0.01, "batch_users": 32}
OTHER_EVENTS = ("implicit", LEAVES_ITS_START | {"recency": "none"})
ON_IMPLICIT_EVENTS = {
    "learning_rate": (IMPLICIT, 1e-2),
    "max_events": (IMPLICIT, 5),
    "profile": (IMPLICIT, False),
    "evenness": (OTHER_EVENTS, 0.0),
    "value_weight": (OTHER_EVENTS, "log"),
}
"""What another loop reads in a place of its own."""
Plain = Callable[[str, Mapping[str, object]], dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def shops() -> dict[str, Dataset]:
    """Sixty people with profiles; implicit events have weights that differ."""
    found = {}
    for kind in ("rating", "implicit"):
        shop = mr.generate(users=60, items=30, kind=kind, rng=1).dataset
        if kind == "implicit":
            weights = 1.0 + np.arange(len(shop.interactions)) % 5
            value = pl.Series("value", weights.astype(np.float32))
            shop = replace(shop, interactions=shop.interactions.with_columns(value))
        found[kind] = shop
    return found


def numbers(shop: Dataset, rng: int = 0, **settings: object) -> dict[str, np.ndarray]:
    """Everything learned, and when training ended."""
    config = mr.MetaConfig(**{**BASE, **settings})
    model = mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(shop, rng=rng)
    steps = np.array([model.metrics["steps"], model.metrics["best_step"]])
    found = numbers_of(model.heart)
    for name in list(model.hearts)[1:]:
        found |= {f"{name}.{number}": v for number, v in numbers_of(model.hearts[name]).items()}
    learned = {k: v for k, v in found.items() if isinstance(v, np.ndarray | float)}
    return {name: np.asarray(value) for name, value in learned.items()} | {"steps": steps}


@pytest.fixture(scope="module")
def plain(shops: dict[str, Dataset]) -> Plain:
    """What a fit without the change gives: once for all cases that have the same beside it."""

    @cache
    def fitted(kind: str, beside: tuple[tuple[str, object], ...]) -> dict[str, np.ndarray]:
        return numbers(shops[kind], **dict(beside))

    return lambda kind, beside: fitted(kind, tuple(beside.items()))


def differ(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> set[str]:
    same = (
        n for n in one.keys() & other.keys() if np.array_equal(one[n], other[n], equal_nan=True)
    )
    return (one.keys() | other.keys()) - set(same)


def test_every_setting_has_its_case():
    named = {field.name for field in fields(mr.MetaConfig)}
    assert named - set(CHANGES) == {"order"}  # `test_order.py` has that


@pytest.mark.parametrize(
    ("name", "case"),
    [
        *(pytest.param(name, case, id=name) for name, case in CHANGES.items()),
        *(
            pytest.param(name, case, id=f"{name} of implicit events", marks=pytest.mark.slow)
            for name, case in ON_IMPLICIT_EVENTS.items()
        ),
    ],
)
def test_every_setting_changes_the_fitted_numbers(
    shops: dict[str, Dataset], plain: Plain, name: str, case
):
    (kind, beside), value = case
    assert value != (BASE | beside).get(name, getattr(mr.MetaConfig(), name))
    changed = differ(plain(kind, beside), numbers(shops[kind], **{**beside, name: value}))
    if name == "choice":
        assert changed
        assert all(number.startswith("implicit.") for number in changed)
    elif name in OF_EVIDENCE:
        unsure = {"head.variance_factor", "head.other_variance"}  # of the sum with the tables
        assert changed - unsure
        assert all(number.startswith("evidence.") for number in changed - unsure)
    else:
        assert changed & {f"terms.{name}" for name in ("features", "offsets", "unsure", "noise")}


@pytest.mark.parametrize("kind", ["rating", "implicit"])
def test_a_fit_repeats_itself_to_the_bit(shops: dict[str, Dataset], kind: str):
    assert not differ(numbers(shops[kind], rng=3), numbers(shops[kind], rng=3))


USERS = (
    "meta.holding_out",
    "meta.learning",
    "meta.fitting",
    "meta.starting",
    "meta.heads.choice_training",
    "meta.heads.value_start",
    "training.run",
)
SEEDS = {
    Purpose.HOLD_OUT: RATING,
    Purpose.NETWORK: RATING,
    Purpose.FACTORS: IMPLICIT,
    Purpose.PRIOR_MEAN: ("implicit", {"steps": 0}),
    Purpose.SLOPE: OTHER_EVENTS,
    Purpose.STEP: RATING,
    Purpose.DRAWS: ("implicit", {"steps": 0, "evidence": False}),
    Purpose.EVIDENCE: IMPLICIT,
    Purpose.LEVELS: ("rating", {}),
    Purpose.FOLDS: IMPLICIT,
}


def test_every_stream_of_the_heart_has_its_case():
    assert set(Purpose) - set(SEEDS) == {
        Purpose.ENSEMBLE,  # `test_ensemble.py` has that
        Purpose.ORDER,  # and `test_order.py` that
    }


@pytest.mark.parametrize("purpose", SEEDS, ids=lambda purpose: purpose.name)
def test_every_stream_changes_the_fitted_numbers_and_no_other_does(
    shops: dict[str, Dataset], purpose: Purpose, monkeypatch: pytest.MonkeyPatch
):
    kind, settings = SEEDS[purpose]
    if purpose == Purpose.DRAWS:
        monkeypatch.setattr("metarec.meta.doubt.draws.DRAWS", 2)
        monkeypatch.setattr("metarec.meta.doubt.learning.LEAST_PEOPLE", 1)
    if purpose in (Purpose.EVIDENCE, Purpose.FOLDS):
        monkeypatch.setattr("metarec.meta.samples.ENOUGH_QUERIES", 100)
        monkeypatch.setattr("metarec.meta.samples.ENOUGH_OF_FOLDS", 100)
    # fewer people than the shop has, so that it matters who they are
    monkeypatch.setattr("metarec.meta.heads.choice_start.MEAN_PEOPLE", 20)
    plain = numbers(shops[kind], rng=5, **settings)

    def found(shift: int) -> set[str]:
        def shifted(rng: int, of: Purpose, step: int = 0) -> np.random.Generator:
            assert rng == 5  # the seed of the fit, and no other
            return stream(rng + shift * (of == purpose), of, step)

        for module in USERS:
            monkeypatch.setattr(f"metarec.{module}.stream", shifted)
        return differ(plain, numbers(shops[kind], rng=5, **settings))

    assert not found(0)
    shifts = range(1, 6 if _coarse(purpose) else 2)
    changed = next(filter(None, map(found, shifts)), set())  # the first that changes anything
    assert changed
    if purpose == Purpose.DRAWS:
        assert (
            {"head.variance_factor"} <= changed <= {"head.variance_factor", "head.other_variance"}
        )


def _coarse(purpose: Purpose) -> bool:
    """True where a number is chosen on a grid, which another seed may leave at its place."""
    return purpose in (Purpose.DRAWS, Purpose.SLOPE)
