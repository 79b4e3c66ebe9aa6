"""Rows trained step by step in the same way: to the same bits, by the lists that they serve."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recommender_toys import taken

from metarec.contracts import DataError, Episodes, Histories
from metarec.contracts.alignment import align
from metarec.encoders import HashEncoder
from metarec.recommenders import (
    DropoutNet,
    DropoutNetConfig,
    Item2Vec,
    Item2VecConfig,
    LightGCN,
    LightGCNConfig,
    MultVAE,
    MultVAEConfig,
    NeuMF,
    NeuMFConfig,
    RecVAE,
    RecVAEConfig,
    TwoTower,
    TwoTowerConfig,
    load_recommender,
)
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.content import ContentRecommender
from metarec.recommenders.judging import list_loss
from metarec.recommenders.stepped import SteppedConfig
from metarec.testing import planted_shop
from metarec.training.streams import Purpose, stream

SHOP = planted_shop(n_users=40).data
WAY: dict[str, Any] = {"batch": 20, "steps": 6, "learning_rate": 0.03}
ROWS: list[tuple[type[BaseRecommender], SteppedConfig]] = [
    (MultVAE, MultVAEConfig(hidden=8, factors=3, **WAY)),
    (RecVAE, RecVAEConfig(hidden=8, factors=3, **WAY)),
    (LightGCN, LightGCNConfig(factors=4, **WAY)),
    (Item2Vec, Item2VecConfig(factors=4, **WAY)),
    (TwoTower, TwoTowerConfig(d=4, **WAY)),
    (DropoutNet, DropoutNetConfig(factors=3, hidden=6, **WAY)),
    (NeuMF, NeuMFConfig(factors=3, **WAY)),
]
EACH = pytest.mark.parametrize(("row", "config"), ROWS, ids=[row.__name__ for row, _ in ROWS])


def made(row: type[BaseRecommender], config: SteppedConfig) -> BaseRecommender:
    if issubclass(row, ContentRecommender):
        return row(HashEncoder(8), config)
    return row(config)


def numbers_of(model: Any) -> dict[str, Any]:
    return {"metrics": model.metrics_, **{n: w.tolist() for n, w in model.weights_.items()}}


@EACH
def test_a_killed_fit_goes_on_to_the_same_bits(
    row: type[BaseRecommender],
    config: SteppedConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, steps = made(row, config).fit(SHOP), []

    def killed(rng: int, purpose: Purpose, step: int) -> np.random.Generator:
        steps.append(step)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return stream(rng, purpose, step)

    monkeypatch.setattr("metarec.training.run.stream", killed)
    with pytest.raises(KeyboardInterrupt):
        made(row, config).fit(SHOP, folder=tmp_path / "run")
    again = made(row, config).fit(SHOP, folder=tmp_path / "run")
    assert steps == [0, 1, 2, 3, 3, 4, 5]  # none was taken twice
    assert numbers_of(again) == numbers_of(whole)
    other = planted_shop(n_users=41).data
    with pytest.raises(DataError, match="checkpoint of another run"):
        made(row, config).fit(other, folder=tmp_path / "run")


@EACH
def test_the_best_by_the_lists_that_are_served_is_kept(
    row: type[BaseRecommender], config: SteppedConfig
) -> None:
    histories = SHOP.histories.take(np.arange(12))
    last = histories.places == 7
    valid = Episodes(histories.keep(~last), histories.keep(last))
    wild = replace(config, steps=30, learning_rate=0.2, patience=100)
    model = made(row, wild).fit(SHOP, valid)
    told = model.metrics_  # type: ignore[attr-defined]
    assert told["steps"] == 30
    assert told["best_step"] <= 30

    def served(people: Histories) -> np.ndarray:
        return np.nan_to_num(model._score(people), nan=-np.inf)

    assert told["valid_loss"] == pytest.approx(list_loss(served, valid, SHOP.touched), rel=1e-9)


@EACH
def test_a_saved_model_answers_without_pytorch(
    row: type[BaseRecommender],
    config: SteppedConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = made(row, config).fit(SHOP, time_s=1e-9)
    assert model.metrics_["cut_by_time"]  # type: ignore[attr-defined]
    assert model.metrics_["steps"] < 6  # type: ignore[attr-defined]
    model.save(tmp_path / "m")
    for name in [n for n in sys.modules if n.split(".")[0] == "torch"]:
        monkeypatch.setitem(sys.modules, name, None)
    loaded = load_recommender(tmp_path / "m")
    people = SHOP.histories.take(np.arange(3))
    np.testing.assert_array_equal(
        loaded.recommend(people, 5).scores, model.recommend(people, 5).scores
    )


def test_a_loss_that_is_no_number_names_the_step_and_nothing_to_learn_from_is_said() -> None:
    row, config = ROWS[0]
    told = r"loss is \w+ at step \d+; lower the learning rate: the setting learning_rate"
    with pytest.raises(DataError, match=told):
        made(row, replace(config, learning_rate=1e30)).fit(SHOP)
    with pytest.raises(DataError, match="there is no event to learn from"):
        made(row, config).fit(SHOP.where(np.zeros(len(SHOP.interactions), dtype=bool)))


def test_steps_follow_the_size_of_a_shop() -> None:
    steps = [SteppedConfig(batch=20).n_steps(units) for units in (30, 1001, 10**7)]
    assert steps == [500, 200 * 51, 40_000]
    assert SteppedConfig(steps=7).n_steps(1000) == 7


def test_a_rank_is_among_touched_items_that_are_new_where_the_one_asked_for_is() -> None:
    shop = taken(u="abcd", v="a")  # nobody touched e
    scores = np.array([[5.0, 1.0, 2.0, 2.0, 9.0], [5.0, 1.0, 2.0, 3.0, 9.0]])

    def asked(*pairs: tuple[str, str]) -> Episodes:
        return Episodes(
            *(
                align(Histories.of([list(pair[side]) for pair in pairs]), shop.catalogue)
                for side in (0, 1)
            )
        )

    gain = [1 / np.log2(2 + rank) for rank in (0.5, 1.0, 1.0)]
    # d is level with c, and a was had before; then a was had, with one above and one below
    new = asked(("a", "d"), ("d", "c"))
    assert list_loss(lambda _: scores, new, shop.touched) == pytest.approx(
        1 - (gain[0] + gain[1]) / 2
    )
    both = asked(("ad", "ad"))
    again = np.array([[3.0, 1.0, 2.0, 4.0, 9.0]])
    assert list_loss(lambda _: again, both, shop.touched) == pytest.approx(1 - (gain[2] + 1) / 2)
    unknown = np.full((1, 5), np.nan)
    assert np.isnan(list_loss(lambda _: unknown, both, shop.touched))
