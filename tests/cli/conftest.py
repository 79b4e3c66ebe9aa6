"""The command line in this process and in one of its own, and small shops and models for it."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from metarec.cli import main
from metarec.data import generate_to
from metarec.evaluation import evaluate


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and a cache that is not the user's own."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("METAREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("METAREC_KEY", raising=False)
    return place


@pytest.fixture(autouse=True)
def one_point_of_the_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """No learning curves and their pictures, which the tests of evaluation hold."""
    short = partial(evaluate, curve=(0,))
    monkeypatch.setattr("metarec.cli.evaluate.evaluate_models", short)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command here; anything but a clean exit is an error of the test."""

    def command(*arguments: object) -> Answer:
        monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # main replaces it
        capsys.readouterr()
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)  # as a user has it
            with pytest.raises(SystemExit) as stopped:
                main([str(argument) for argument in arguments])
        code = stopped.value.code
        assert code is None or isinstance(code, int)
        return Answer(code or 0, *capsys.readouterr())

    return command


@pytest.fixture
def run_alone() -> Run:
    """Runs `python -m metarec` as a person would, in a process of its own."""

    def command(*arguments: object) -> Answer:
        ended = subprocess.run(
            [sys.executable, "-m", "metarec", *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        return Answer(ended.returncode, ended.stdout, ended.stderr)

    return command


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    generate_to(folder, users=90, items=40, rng=1)
    return folder


@pytest.fixture(scope="session")
def implicit_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "implicit"
    generate_to(folder, users=90, items=40, kind="implicit", rng=1)
    return folder


@pytest.fixture(scope="session")
def model(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "shop.model"
    with pytest.raises(SystemExit) as stopped:
        main(["fit", str(shop), "--out", str(folder), "--encoder", "hash", "--set", "steps=20"])
    assert not stopped.value.code
    return folder
