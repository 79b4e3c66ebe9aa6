"""A run as a value: what it draws, judges, keeps and goes on from, on a network of one weight."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from metarec.contracts import DataError
from metarec.training.checkpoints import CHECKPOINT, read_checkpoint
from metarec.training.run import Run


def run_of(losses: list[float], **settings: object) -> tuple[Run, nn.Linear, list[int]]:
    """A run whose weight is its step, judged by the given losses in turn."""
    run, network = Run(**settings), nn.Linear(1, 1, bias=False)
    run.attach(network, torch.optim.Adam(network.parameters()))
    judged = []
    for _ in run.batches(lambda rng: None, 20):
        with torch.no_grad():
            network.weight.fill_(float(run.step))
        if run.judges_now:
            judged.append(run.step)
            run.judge(losses[len(judged) - 1])
    run.restore_best()
    return run, network, judged


def test_the_best_weights_are_restored_and_patience_ends_the_run():
    losses = [5.0, 3.0, 4.0, 2.0, 6.0, 2.0, 9.0, 1.0, 1.0, 1.0]
    run, network, judged = run_of(losses, patience=3, judge_every=2)
    assert judged == [2, 4, 6, 8, 10, 12, 14]  # 2.0 again is no improvement
    assert (run.best, run.best_step, run.step) == (2.0, 8, 14)
    assert network.weight.item() == 8.0
    run, network, judged = run_of(losses, patience=4, judge_every=2)
    assert judged == list(range(2, 21, 2))
    assert (run.best, run.best_step) == (1.0, 16)
    assert network.weight.item() == 16.0


def test_a_run_judges_at_its_last_step_too():
    _, network, judged = run_of([3.0, 2.0, 1.0], patience=9, judge_every=8)
    assert judged == [8, 16, 20]
    assert network.weight.item() == 20.0


def test_a_run_whose_time_is_up_ends_with_the_best_so_far(monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(100))  # a second passes whenever somebody looks
    monkeypatch.setattr("metarec.training.run.time.monotonic", lambda: float(next(clock)))
    run, network, judged = run_of([3.0, 2.0, 9.0, 1.0], judge_every=1, time_s=6.0)
    assert run.cut_by_time
    assert judged == [1, 2, 3]
    assert network.weight.item() == 2.0
    run, _, judged = run_of([float(9 - n) for n in range(20)], judge_every=1, time_s=1e9)
    assert (run.step, run.cut_by_time) == (20, False)


def test_a_loss_that_is_no_number_ends_the_run():
    with pytest.raises(DataError, match="validation loss is nan at step 2; lower the lea"):
        run_of([1.0, float("nan")], judge_every=1)


def test_batches_are_drawn_from_the_seed_and_the_step_alone(tmp_path: Path):
    def drawn(rng: int, start: int = 0) -> list[float]:
        run, network = Run(rng=rng, step=start), nn.Linear(1, 1)
        run.attach(network, torch.optim.Adam(network.parameters()))
        return list(run.batches(lambda generator: float(generator.random()), 6))

    assert len(set(drawn(0))) == 6
    assert drawn(0) == drawn(0)
    assert drawn(0)[4:] == drawn(0, start=4)
    assert not set(drawn(0)) & set(drawn(1))


def attached(folder: Path | None, **settings: object) -> tuple[Run, nn.Linear, torch.optim.Adam]:
    network = nn.Linear(2, 1)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[0.5, -1.0]]))
        network.bias.zero_()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    run = Run(folder=folder, judge_every=3, **settings)  # type: ignore[arg-type]
    run.attach(network, optimizer)
    return run, network, optimizer


def trained(folder: Path | None, stop: int = 99, **settings: object) -> tuple[Run, nn.Linear]:
    """A least-squares fit of twelve steps, interrupted before step `stop`."""
    run, network, optimizer = attached(folder, **settings)

    def sample(rng: np.random.Generator) -> torch.Tensor:
        if run.step == stop:
            raise KeyboardInterrupt
        return torch.tensor(rng.normal(size=(4, 2)))

    for x in run.batches(sample, 12):
        loss = (network(x.float()).squeeze(1) - x.float().sum(1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if run.judges_now:
            run.judge(float((network.weight - 1).square().sum().detach()))
    return run, network


def left(folder: Path, stop: int) -> Run:
    with pytest.raises(KeyboardInterrupt):
        trained(folder, stop)
    return attached(folder)[0]


def test_a_run_that_was_left_goes_on_to_the_same_bits(tmp_path: Path):
    whole, straight = trained(None)
    assert [left(tmp_path, stop).step for stop in (0, 4, 5, 9)] == [0, 4, 5, 9]
    again, network = trained(tmp_path)
    assert torch.equal(network.weight, straight.weight)
    assert torch.equal(network.bias, straight.bias)
    assert again.judged == whole.judged
    assert (again.best, again.best_step, again.step) == (whole.best, whole.best_step, 12)
    again.restore_best()
    whole.restore_best()
    assert torch.equal(network.weight, straight.weight)


def test_patience_that_was_used_up_before_stays_used_up(tmp_path: Path):
    run, _, _ = attached(tmp_path, patience=2)
    for _ in run.batches(lambda rng: None, 6):
        if run.judges_now:
            run.judge(float(run.step))
    assert run.judged == [(3, 3.0), (6, 6.0)]
    run, _, _ = attached(tmp_path, patience=2)
    for _ in run.batches(lambda rng: None, 20):
        if run.judges_now:
            run.judge(float(run.step))
    assert run.judged == [(3, 3.0), (6, 6.0), (9, 9.0)]
    assert (run.best, run.best_step, run.step) == (3.0, 3, 9)


@pytest.mark.parametrize("other", [{"rng": 1}, {"fingerprint": "other"}])
def test_a_checkpoint_of_another_seed_or_of_other_data_is_refused(tmp_path: Path, other):
    left(tmp_path, 2)
    with pytest.raises(DataError, match="holds a checkpoint of another run"):
        attached(tmp_path, **other)


def test_a_step_that_was_left_half_done_is_in_no_checkpoint(tmp_path: Path):
    run, network, _ = attached(tmp_path)
    steps = run.batches(lambda rng: None, 9)
    for _ in range(4):
        next(steps)
        with torch.no_grad():
            network.weight.fill_(float(run.step))
    steps.close()  # in the middle of the fourth
    assert not (tmp_path / CHECKPOINT).exists()


def test_checkpoints_are_written_as_often_as_is_said(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("metarec.training.run.time.monotonic", iter(np.arange(99.0)).__next__)
    run = attached(tmp_path, checkpoint_every_s=2.5)[0]
    written = []
    for _ in run.batches(lambda rng: None, 8):
        found = read_checkpoint(tmp_path)
        written.append(0 if found is None else found[0]["step"])
        if run.step == 2:
            run.judge(1.0)
    assert written == [0, 0, 0, 3, 3, 3, 6, 6]
    record, arrays = read_checkpoint(tmp_path)  # type: ignore[misc]
    assert (record["step"], record["best"], record["stale"]) == (8, 1.0, 0)
    assert set(arrays) == {"network.weight", "network.bias", "best.weight", "best.bias"}


def test_a_run_without_a_judgement_keeps_its_last_weights(tmp_path: Path):
    run, network, _ = attached(tmp_path)
    with torch.no_grad():
        network.weight.fill_(7.0)
    run.restore_best()
    assert network.weight.tolist() == [[7.0, 7.0]]
    run.save()
    assert attached(tmp_path)[0].best == float("inf")
    attached(None)[0].save()  # in memory only: nothing is written, and nothing fails


def test_progress_is_shown_only_where_it_is_wanted(capsys, monkeypatch):
    monkeypatch.setattr("metarec.contracts.progress.EVERY_S", 0.0)
    for progress in (False, True):
        run, _, _ = attached(None, progress=progress)
        list(run.batches(lambda rng: None, 2))
        assert bool(capsys.readouterr().err) is progress


def test_a_run_that_is_told_nothing_starts_at_the_beginning_and_loses_half_a_minute_at_most():
    run = Run()
    assert (run.rng, run.folder, run.progress, run.time_s) == (0, None, False, None)
    assert (run.step, run.best, run.best_step, run.judged) == (0, float("inf"), 0, [])
    assert (run.patience, run.judge_every, run.fingerprint) == (8, 100, "")
    assert run.checkpoint_every_s == 30.0
    assert not run.cut_by_time
