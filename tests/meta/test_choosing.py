"""How many features an item has is decided by validation, where the shop is large enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import metarec as mr
from metarec.contracts import Running
from metarec.data import Split
from metarec.meta import choosing, config, fitting
from metarec.meta.choosing import best_learned
from metarec.training.checkpoints import CHECKPOINT

from .conftest import SMALL
from .networks import assert_same_numbers

SEARCHED = {name: value for name, value in SMALL.items() if name != "d"}
SEARCHED |= {"steps": 20, "judge_every": 10, "evidence": False, "recency": "none"}


@pytest.fixture
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MANY_EVENTS", 0)
    monkeypatch.setattr(config, "D", 2)
    monkeypatch.setattr(config, "WIDE_D", 5)


def fit(split: Split, *, d: int | None = None, **running: object) -> mr.MetaRecommender:
    model = mr.MetaRecommender(mr.HashEncoder(d=16), mr.MetaConfig(**SEARCHED, d=d))
    return model.fit(split.train, split.valid, **running)


@pytest.mark.usefixtures("_small_is_large")
@pytest.mark.parametrize("widths", [(2, 5), (5, 2)])
def test_the_features_that_foretell_validation_better_are_kept(
    implicit_split: Split, widths: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "D", widths[0])
    monkeypatch.setattr(config, "WIDE_D", widths[1])
    said = {d: fit(implicit_split, d=d) for d in widths}
    losses = {str(d): model.metrics["valid_loss"] for d, model in said.items()}
    assert losses["2"] != losses["5"]
    best = min(widths, key=lambda d: losses[str(d)])
    found = fit(implicit_split)
    assert found.config.d == found.heart.terms.d - 1 == best
    assert_same_numbers(found.heart, said[best].heart)
    assert found.metrics["loss_by_d"] == losses
    told = f"features of an item: {best}, of validation loss {losses[str(widths[0])]:.3f} with"
    assert any(line.startswith(told) for line in found.summary)
    assert "loss_by_d" not in said[best].metrics


@pytest.mark.usefixtures("_small_is_large")
def test_a_killed_search_goes_on_where_it_was(
    implicit_split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, learn, tried = fit(implicit_split), fitting.learn, []

    def killed(*given: object, **named: object) -> object:
        tried.append(given[6].n_features)
        if len(tried) == 2:
            raise KeyboardInterrupt
        return learn(*given, **named)

    monkeypatch.setattr(fitting, "learn", killed)
    with pytest.raises(KeyboardInterrupt):
        fit(implicit_split, folder=tmp_path / "run")
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["d2"]
    found = fit(implicit_split, folder=tmp_path / "run")
    assert tried[:4] == [2, 5, 2, 5]
    assert_same_numbers(found.heart, whole.heart)
    assert {file.parent.name for file in tmp_path.glob(f"run/*/{CHECKPOINT}")} == {"d2", "d5"}


@dataclass(frozen=True)
class Told:
    """What learning tells of itself, without a model."""

    metrics: Mapping[str, Any]

    @classmethod
    def of(cls, loss: float | None, *, cut: bool = False) -> "Told":
        return cls({"valid_loss": loss, "cut_by_time": cut})


@pytest.mark.parametrize(
    ("losses", "cut", "expected"), [((2.0, 1.0), True, 1), ((None, 1.0), False, 1)]
)
def test_none_is_tried_after_what_time_cut_or_nobody_judged(
    losses: tuple[float | None, float], cut: bool, expected: int
) -> None:
    found: list[Told] = []

    def learn(config: mr.MetaConfig, running: Running) -> Told:
        found.append(Told.of(losses[len(found)], cut=cut))
        return found[-1]

    configs = [mr.MetaConfig(d=2), mr.MetaConfig(d=3)]
    chosen, learned = best_learned(configs, learn, Running(), None)
    assert (len(found), chosen.d, learned) == (expected, 2, found[0])


def test_each_gets_its_share_of_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[float | None] = []

    def learn(config: mr.MetaConfig, running: Running) -> Told:
        found.append(running.time_s)
        return Told.of(1.0)

    monkeypatch.setattr(choosing, "time_left", lambda end, parts: (end or 0.0) / parts)
    best_learned([mr.MetaConfig(d=2), mr.MetaConfig(d=3)], learn, Running(), 8.0)
    assert found == [4.0, 8.0]
