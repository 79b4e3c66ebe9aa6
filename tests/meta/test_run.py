"""A run that was killed at any moment continues to the same bits."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

import metarec as mr
from metarec.contracts import DataError, Episodes
from metarec.data import Split
from metarec.meta.features.network import TorchTerms
from metarec.meta.network import of_items
from metarec.training.checkpoints import CHECKPOINT, locked, remove_checkpoint, write_checkpoint
from metarec.training.fingerprint import fingerprint_of
from metarec.training.optimiser import one_cycle
from metarec.training.threads import limited

from .conftest import SMALL
from .networks import assert_same_numbers

SCRIPT = """
import sys
import torch
torch.set_num_threads(1)
import metarec as mr
import metarec.meta.fitting
from metarec.training.run import Run

class Eager(Run):
    def __init__(self, **settings):
        super().__init__(**{**settings, "checkpoint_every_s": 0.05})

metarec.meta.fitting.Run = Eager
kind, folder, out = sys.argv[1:]
shop = mr.generate(users=150, items=70, kind=kind, rng=3).dataset
split = mr.split_cold(shop, rng=0)
config = mr.MetaConfig(d=6, steps=1000, judge_every=40, patience=99, batch_users=32, max_events=40)
print("ready", flush=True)
model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(
    split.train, split.valid, folder=folder
)
model.save(out)
"""


def start(kind: str, folder: str, out: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, kind, folder, out],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rating", "implicit"])
def test_a_fit_killed_three_times_ends_with_the_same_weights(kind: str, tmp_path):
    with start(kind, str(tmp_path / "whole"), str(tmp_path / "a")) as whole:
        assert whole.wait(timeout=300) == 0
    random = np.random.default_rng()
    reached = [0]
    for _ in range(3):
        with start(kind, str(tmp_path / "cut"), str(tmp_path / "b")) as process:
            assert process.stdout is not None
            process.stdout.readline()  # training is about to begin
            checkpoint = tmp_path / "cut" / "checkpoint.safetensors"
            while process.poll() is None and not checkpoint.exists():
                time.sleep(0.01)
            time.sleep(float(random.uniform(0.05, 0.4)))
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL, "the fit was over before it could be killed"
        with safe_open(checkpoint, framework="np") as file:
            reached.append(json.loads(file.metadata()["record"])["step"])
    assert reached == sorted(reached)
    assert 0 < reached[-1] < 1000
    with start(kind, str(tmp_path / "cut"), str(tmp_path / "b")) as last:
        assert last.wait(timeout=300) == 0
    a, b = (mr.load_model(tmp_path / name).heart for name in ("a", "b"))
    assert_same_numbers(a, b)


def test_an_interrupted_fit_continues_to_the_same_bits(rating_split: Split, tmp_path, monkeypatch):
    config = mr.MetaConfig(**{**SMALL, "steps": 60})
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config)
    whole = model.fit(rating_split.train, rating_split.valid)
    calls = 0
    import metarec.meta.heads.value_training as loop

    real = loop.query_loss

    def interrupted(*given):
        nonlocal calls
        calls += 1
        if calls == 37:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(loop, "query_loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(rating_split.train, rating_split.valid, folder=tmp_path / "run")
    monkeypatch.setattr(loop, "query_loss", real)
    continued = model.fit(rating_split.train, rating_split.valid, folder=tmp_path / "run")
    np.testing.assert_array_equal(continued.heart.terms.features, whole.heart.terms.features)
    np.testing.assert_array_equal(continued.heart.terms.offsets, whole.heart.terms.offsets)


def test_a_checkpoint_of_another_run_is_refused(rating_split: Split, tmp_path):
    config = mr.MetaConfig(**{**SMALL, "steps": 5})
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config)
    model.fit(rating_split.train, rating_split.valid, folder=tmp_path / "run")
    with pytest.raises(DataError, match="another run"):
        model.fit(rating_split.train, rating_split.valid, rng=1, folder=tmp_path / "run")


@pytest.fixture
def checkpoint(rating_split: Split, tmp_path: Path) -> Path:
    """The folder that a finished fit of `again` left."""
    again(rating_split, tmp_path / "run")
    return tmp_path / "run"


def again(split: Split, folder: Path, **given: object) -> mr.MetaRecommender:
    config = mr.MetaConfig(**{**SMALL, "steps": 5})
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config)
    return model.fit(split.train, given.pop("valid", split.valid), folder=folder, **given)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_checkpoint_that_was_cut_short_is_told_and_kept(
    rating_split: Split, checkpoint: Path, share: float
):
    file = checkpoint / CHECKPOINT
    cut = file.read_bytes()[: int(share * file.stat().st_size)]
    file.write_bytes(cut)
    with pytest.raises(DataError, match="cut short or damaged; delete it to start again"):
        again(rating_split, checkpoint)
    assert file.read_bytes() == cut
    file.unlink()
    again(rating_split, checkpoint)


def test_a_file_of_the_checkpoints_name_that_is_not_ours_is_never_touched(
    rating_split: Split, tmp_path: Path
):
    file = tmp_path / "run" / CHECKPOINT
    file.parent.mkdir()
    save_file({"weights": np.ones(3)}, file)
    theirs = file.read_bytes()
    with pytest.raises(DataError, match="is not a checkpoint of this version of metarec"):
        again(rating_split, tmp_path / "run")
    remove_checkpoint(tmp_path / "run")
    assert file.read_bytes() == theirs
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="is a file; checkpoints need a folder"):
        again(rating_split, tmp_path / "file")


def test_a_second_fit_in_a_folder_in_use_is_told_and_the_first_goes_on(
    rating_split: Split, checkpoint: Path
):
    with locked(checkpoint):
        with pytest.raises(DataError, match=r"another fit is running in .*; wait until it ends"):
            again(rating_split, checkpoint)
        remove_checkpoint(checkpoint)
        assert (checkpoint / CHECKPOINT).exists()
    again(rating_split, checkpoint)
    assert [file.name for file in checkpoint.iterdir()] == [CHECKPOINT]


HOLDER = """
import sys, time
from pathlib import Path
from metarec.training.checkpoints import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_lock_ends_with_its_process_however_that_ends(rating_split: Split, tmp_path: Path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataError, match="another fit is running"):
            again(rating_split, tmp_path / "run")
        holder.kill()
    again(rating_split, tmp_path / "run")


def test_a_fit_that_never_began_leaves_no_folder(rating_split: Split, tmp_path: Path):
    with pytest.raises(RuntimeError), locked(tmp_path / "deep" / "run"):
        raise RuntimeError
    assert not (tmp_path / "deep" / "run").exists()
    (tmp_path / "run").mkdir()  # somebody's own
    with locked(tmp_path / "run"):
        pass
    assert (tmp_path / "run").exists()


def test_a_disk_that_refuses_a_checkpoint_is_told_and_the_last_one_stays(
    rating_split: Split, checkpoint: Path
):
    before = (checkpoint / CHECKPOINT).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        told = f"^{checkpoint / CHECKPOINT} cannot be written: .*File too large.*make room"
        with pytest.raises(DataError, match=told):
            write_checkpoint(checkpoint, {"step": 1}, {"a": np.zeros(1000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (checkpoint / CHECKPOINT).read_bytes() == before
    assert [file.name for file in checkpoint.iterdir()] == [CHECKPOINT]


def changed(side: str, **columns: object) -> Callable[[Episodes], Episodes]:
    return lambda valid: replace(valid, **{side: replace(getattr(valid, side), **columns)})


def test_all_that_decides_a_training_run_is_in_its_fingerprint(rating_split: Split):
    train, valid, config = rating_split.train, rating_split.valid, mr.MetaConfig(**SMALL)
    n_items, support, query = len(train.catalogue), valid.support, valid.query
    content = np.random.default_rng(0).normal(size=(n_items, 3)).astype(np.float32)
    assert support.user_ids is not None
    few = np.arange(n_items) > 5
    other_events = train.where(np.arange(len(train.interactions)) > 0)
    other_users = replace(train, users=train.users.reverse())
    catalogue = replace(train.catalogue, frame=train.catalogue.frame.reverse())
    cases = {
        "nothing": (train, valid, content, config),
        "events": (other_events, valid, content, config),
        "profiles": (other_users, valid, content, config),
        "no profiles": (replace(train, users=None), valid, content, config),
        "catalogue": (replace(train, catalogue=catalogue), valid, content, config),
        "clock": (replace(train, clock=None), valid, content, config),
        "content": (train, valid, content[:, ::-1], config),
        "content's width": (train, valid, content.reshape(-1, 1), config),
        "candidates": (train, replace(valid, candidates=few), content, config),
        "other candidates": (train, replace(valid, candidates=~few), content, config),
        "users": (
            train,
            changed("support", user_ids=support.user_ids[::-1])(valid),
            content,
            config,
        ),
        "nobody": (train, changed("support", user_ids=None)(valid), content, config),
        "kinds": (train, changed("support", kind_names=("buy", "view"))(valid), content, config),
        "kinds' order": (
            train,
            changed("support", kind_names=("view", "buy"))(valid),
            content,
            config,
        ),
        "kind": (train, changed("support", kinds=support.kinds + 1)(valid), content, config),
        "items": (train, changed("support", items=support.items[::-1])(valid), content, config),
        "values": (train, changed("support", values=support.values + 1)(valid), content, config),
        "times": (train, changed("support", times=support.times + 1)(valid), content, config),
        "asked": (train, changed("query", items=query.items[::-1])(valid), content, config),
        "rated": (train, changed("query", values=query.values + 1)(valid), content, config),
        "setting": (train, valid, content, replace(config, masked=0.2)),
    }
    found = {name: fingerprint_of(*given) for name, given in cases.items()}
    same = {name for name in found if list(found.values()).count(found[name]) > 1}
    assert not same
    assert fingerprint_of(train, valid, content.copy(), config) == found["nothing"]
    details = pl.DataFrame({"device": ["tablet"] * len(support.items)})  # which nothing reads
    told = changed("support", details=details)(valid)
    assert fingerprint_of(train, told, content, config) == found["nothing"]


@pytest.mark.parametrize("part", ["candidates", "users"])
def test_a_checkpoint_of_other_candidates_or_users_is_refused(
    rating_split: Split, checkpoint: Path, part: str
):
    valid, n_items = rating_split.valid, len(rating_split.train.catalogue)
    other = {
        "candidates": replace(valid, candidates=np.arange(n_items) % 2 == 0),
        "users": changed("support", user_ids=valid.support.user_ids[::-1])(valid),
    }
    with pytest.raises(DataError, match="another run"):
        again(rating_split, checkpoint, valid=other[part])


def test_the_learning_rate_rises_and_falls_once():
    rates = [one_cycle(step, 100, 2.0) for step in range(1, 101)]
    peak = int(np.argmax(rates))
    assert max(rates) == pytest.approx(2.0)
    assert (np.diff(rates[: peak + 1]) > 0).all()
    assert (np.diff(rates[peak:]) < 0).all()
    assert rates[-1] == pytest.approx(0.0, abs=1e-12)


def test_the_gradient_of_an_item_column_is_the_same_bits_on_two_threads():
    threads = torch.get_num_threads()
    rng = torch.Generator().manual_seed(0)
    rows = torch.randint(50, (256, 150), generator=rng)
    pull = torch.randn(rows.shape, generator=rng)
    column = torch.zeros(50, requires_grad=True)
    features = torch.ones(50, 3, requires_grad=True)
    torch.set_num_threads(2)
    try:
        found = set()
        for _ in range(20):
            looked_up = TorchTerms(features, column, column, column).of(rows)
            loss = ((looked_up.features.sum(-1) + of_items(column, rows)) * pull).sum()
            gradients = torch.autograd.grad(loss, [features, column])
            found.add(b"".join(g.numpy().tobytes() for g in gradients))
    finally:
        torch.set_num_threads(threads)
    assert len(found) == 1


def test_threads_hold_pytorch_though_it_is_loaded_by_the_fit(implicit_split: Split, monkeypatch):
    import metarec.meta.fitting as fitting

    outer = iter([nullcontext()])  # as in a process that has not loaded it when the fit begins
    monkeypatch.setattr("metarec.meta.learning.limited", lambda n: next(outer, limited(n)))
    seen, real = [], fitting.episodic.train

    def watched(*given):
        seen.append(torch.get_num_threads())
        return real(*given)

    monkeypatch.setattr(fitting.episodic, "train", watched)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        config = mr.MetaConfig(d=3, steps=1, evidence=False)
        mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(implicit_split.train, threads=1)
        assert seen == [1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
