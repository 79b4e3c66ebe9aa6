"""`metarec fit`: configurations, interruption and continuing."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import metarec as mr
from metarec.cli.options import config_of
from metarec.contracts import Running
from metarec.data import load, save
from metarec.encoders import HashEncoder
from metarec.meta import MetaConfig, load_model
from metarec.meta.evidence.order_learning import LearnedOrder, left_out
from metarec.recommenders import SASRec, SASRecConfig, Trending, TrendingConfig
from metarec.training.checkpoints import locked, write_checkpoint
from metarec.training.run import Run


def test_fit_writes_a_model_and_nothing_beside_it(run, shop: Path):
    answer = run("fit", shop, "--out", "m", "--encoder", "hash", "--set", "steps=5", "--seed", 3)
    assert answer.code == 0
    assert answer.out.startswith("wrote m after 5 steps; best validation loss ")
    assert [p.name for p in Path().iterdir()] == ["m"]
    assert load_model("m").config.steps == 5


def test_a_fit_begins_at_the_model_of_another_shop(run, shop: Path):
    told = ("--set", "steps=0", "--set", "evidence=false")
    assert run("fit", shop, "--out", "first", "--encoder", "hash", *told).code == 0
    answer = run("fit", shop, "--out", "second", "--prior", "first", *told)
    assert answer.code == 0, answer.err
    assert "from another shop: " in answer.out
    assert isinstance(load_model("second").encoder, HashEncoder)  # that of the prior
    assert sorted(p.name for p in Path().iterdir()) == ["first", "second"]


def test_a_prior_that_is_none_is_refused_before_anything_is_read(run, shop: Path):
    Trending(TrendingConfig()).fit(load(shop)).save("trending")
    answer = run("fit", shop, "--out", "m", "--prior", "trending")
    assert answer.code != 0
    assert "holds a Trending, not a MetaRecommender" in answer.err
    answer = run("fit", shop, "--out", "m", "--model", "Trending", "--prior", "trending")
    assert "--prior is for MetaRecommender; Trending begins anew" in answer.err


def test_why_the_order_is_left_out_is_told_and_its_checkpoints_go_too(
    run, shop: Path, monkeypatch: pytest.MonkeyPatch
):
    def caught(*given: object) -> LearnedOrder:
        running = given[-1]
        assert isinstance(running, Running)
        assert running.folder == Path("m.checkpoint/order").absolute()
        with locked(running.folder):
            write_checkpoint(running.folder, {}, {})
        return left_out("it is a test")

    monkeypatch.setattr("metarec.meta.learning.learn_order", caught)
    told = ("--set", "steps=3", "--set", "order.steps=2")
    answer = run("fit", shop, "--out", "m", "--encoder", "hash", *told)
    assert answer.code == 0, answer.err
    assert "\norder of the history: left out, it is a test\n" in answer.out
    assert [p.name for p in Path().iterdir()] == ["m"]
    assert load_model("m").config.order == SASRecConfig(steps=2)


def test_a_row_that_trains_in_steps_continues_too(run, implicit_shop: Path):
    config = SASRecConfig(d=8, layers=1, steps=2)
    part = SASRec(HashEncoder(), config).fit(
        load(implicit_shop), folder="m.checkpoint", time_s=1e-9
    )
    assert part.metrics_["steps"] == 0
    command = ["fit", implicit_shop, "--out", "m", "--model", "SASRec", "--encoder", "hash"]
    answer = run(*command, *(f"--set={name}" for name in ("d=8", "layers=1", "steps=2")))
    assert (answer.code, answer.out[:16]) == (0, "wrote m: SASRec("), answer.err
    assert "continuing from" in answer.err
    assert [p.name for p in Path().iterdir()] == ["m"]
    assert SASRec.load("m").metrics_["steps"] == 2


def test_training_ends_when_its_time_is_up_and_no_time_and_no_threads_are_a_wrong_use(
    run, shop: Path
):
    command = ["fit", shop, "--out", "m", "--encoder", "hash", "--set", "steps=1000"]
    answer = run(*command, "--set", "patience=1000000", "--time", 1, "--threads", 1)
    assert answer.code == 0, answer.err
    assert 0 < int(answer.out.split(" steps")[0].split()[-1]) < 1000
    assert {run(*command, name, 0).code for name in ("--time", "--threads")} == {2}


@pytest.mark.slow
def test_nothing_is_drawn_into_a_pipe(run_alone, shop: Path):
    answer = run_alone("fit", shop, "--out", "m", "--encoder", "hash", "--set", "steps=5")
    assert answer.code == 0
    first, *table = answer.err.splitlines()
    assert first.startswith("Dataset(")
    assert all(line.startswith("  ") for line in table)  # what each column is used as
    assert not set("\r\x1b━╸█") & set(answer.out + answer.err)


def test_a_model_is_replaced_only_with_force(run, shop: Path):
    command = ["fit", shop, "--out", "m", "--encoder", "hash", "--set", "steps=3"]
    assert run(*command).code == 0
    before = (Path("m") / "config.json").read_bytes()
    answer = run(*command, "--seed", 1)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == (
        "error: m is a saved model; --force replaces it, or choose another --out\n"
    )
    assert (Path("m") / "config.json").read_bytes() == before
    assert run(*command, "--seed", 1, "--force").code == 0
    assert (Path("m") / "config.json").read_bytes() != before
    Path("m/thesis.txt").write_text("ten years of work")
    assert run(*command, "--force").code == 1
    assert Path("m/thesis.txt").read_text() == "ten years of work"


def test_a_folder_of_the_checkpoints_name_keeps_what_fit_did_not_write(run, shop: Path):
    theirs = Path("m.checkpoint/deep/thesis.txt")
    theirs.parent.mkdir(parents=True)
    theirs.write_text("ten years of work")
    answer = run("fit", shop, "--out", "m", "--encoder", "hash", "--set", "steps=3")
    assert answer.code == 0
    assert "continuing" not in answer.err
    assert theirs.read_text() == "ten years of work"
    assert [p.name for p in Path("m.checkpoint").iterdir()] == ["deep"]


def test_two_fits_of_one_model_at_once_the_second_is_told(run, shop: Path):
    with locked(Path("m.checkpoint")):
        answer = run("fit", shop, "--out", "m", "--encoder", "hash", "--set", "steps=3")
    assert (answer.code, answer.out) == (1, "")
    assert "another fit is running in" in answer.err.splitlines()[-1]
    assert not Path("m").exists()


def test_a_disk_that_refuses_is_told_in_one_line(run, shop: Path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        answer = run("fit", shop, "--out", "m", "--encoder", "hash", "--set", "steps=3")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (answer.code, answer.out) == (1, "")
    told = answer.err.splitlines()[-1]
    assert told.startswith("error: ")
    assert "cannot be written: File too large; make room" in told
    assert not list(Path().iterdir())


def test_settings_overrule_the_file_and_the_file_the_defaults(run, shop: Path):
    Path("config.yaml").write_text("steps: 7\nd: 5\nrecency: none\n")
    given = ["--config", "config.yaml", "--set", "steps=4", "--set", "learning_rate=1e-3"]
    assert run("fit", shop, "--out", "m", "--encoder", "hash", *given).code == 0
    config = load_model("m").config
    assert (config.steps, config.d, config.recency, config.learning_rate) == (4, 5, "none", 1e-3)


def test_settings_of_a_part_are_told_with_a_dot_or_nested_in_the_file():
    file = Path("config.yaml")
    file.write_text("order:\n  network: gru\n  layers: 1\n")
    told = ["order.d=128", "order.network=lstm", "d=5"]
    own = MetaConfig(d=5, order=SASRecConfig(network="lstm", layers=1, d=128))
    assert config_of(file, told) == own
    assert config_of(None, ["order.dropout=0.5"]).order == SASRecConfig(dropout=0.5)
    assert config_of(None, ["order={}"]).order == SASRecConfig()
    assert config_of(file, ["order=null"]).order is None
    assert config_of(file, ["order=null", "order.d=32"]).order == SASRecConfig(d=32)


@pytest.mark.parametrize("model", ["MetaRecommender", "MultVAE", "BPR"])
def test_training_that_explodes_is_one_line_that_names_the_setting(run, shop: Path, model: str):
    steps = "iterations=2" if model == "BPR" else "steps=20"
    wild = ["--set", "learning_rate=1e30", "--set", steps]
    heart = ["--set", "start=random", "--set", "choice=false", "--encoder", "hash"]
    given = ["--model", model, *wild, *(heart if model == "MetaRecommender" else [])]
    answer = run("fit", shop, "--out", "m", *given)
    assert answer.code == 1
    assert "; lower the learning rate: --set learning_rate=NUMBER\n" in answer.err
    assert "unexpected" not in answer.err
    assert not Path("m").exists()
    answer = run("fit", shop, "--out", "m", "--model", "IALS", "--set", "alpha=1e30")
    assert "are no numbers after the fit; lower the confidence: --set alpha=NUMBER" in answer.err


@pytest.mark.parametrize(
    ("model", "setting", "told"),
    [
        ("EASE", "optimiser.name=sgd", "this model has no optimiser; there are: l2, recency"),
        ("Popularity", "optimiser.name=sgd", "this model has no optimiser, nor any other"),
        ("MultVAE", "optimiser.nam=sgd", "there are: name, momentum, weight_decay,"),
    ],
)
def test_a_part_that_a_row_does_not_have_is_named(
    run, shop: Path, model: str, setting: str, told: str
):
    answer = run("fit", shop, "--out", "m", "--model", model, "--set", setting)
    assert told in answer.err


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (
            "order.widht=3",
            "no hyperparameter is called order.widht; there are: network, d, layers,",
        ),
        ("order={dd: 1, d: 2}", "no hyperparameter is called order.dd; there are: network, d,"),
        ("order.d=many", "order: d: Input should be a valid integer"),
        ("order.d=63", "order: d must be a multiple of heads, got d=63, heads=2"),
        ("order=3", "order: Input should be an object"),
        ("d.x=3", "no hyperparameter is called d.x; there are: d, hidden,"),
        ("order.network.d=3", "no hyperparameter is called order.network.d;"),
        ("stepz=3", "no hyperparameter is called stepz; there are: d, hidden,"),
        ("steps=many", "steps: Input should be a valid integer"),
        ("steps=", "--set takes name=value, got 'steps='"),
        ("d=1.5", "d: Input should be a valid integer"),
        ("steps=true", "steps: Input should be a valid integer"),
        ("steps='5'", "steps: Input should be a valid integer"),
        ("masked=false", "masked: Input should be a valid number"),
        ("masked=.nan", "masked must be"),
        ("profile=1", "profile: Input should be a valid boolean"),
        ("steps=-1", "do not fit: steps must be at least 0, got -1"),
        ("recency=often", "recency: Input should be 'auto', 'none', 'place' or 'clock'"),
        ("steps", "--set takes name=value"),
        ("steps=[1", "--set steps=[1: the value is not YAML"),
    ],
)
def test_a_wrong_setting_says_what_is_known(run, shop: Path, setting: str, told: str):
    answer = run("fit", shop, "--out", "m", "--encoder", "hash", "--set", setting)
    assert answer.code == 1
    assert told in answer.err
    assert answer.err.count("\n") == 1
    assert not Path("m").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe d: 3", "is not YAML"),
        (b"{", "is not YAML"),
        (b"- 1\n- 2\n", "must map names to values"),
        (b"1: 2\n", "no hyperparameter is called 1;"),
        (b"stepz: 2\n", "no hyperparameter is called stepz;"),
        (b"!!python/object/apply:os.system ['touch hacked']", "is not YAML"),
    ],
)
def test_a_broken_configuration_is_told_in_one_line(run, shop: Path, content: bytes, told: str):
    Path("config.yaml").write_bytes(content)
    answer = run("fit", shop, "--out", "m", "--encoder", "hash", "--config", "config.yaml")
    assert answer.code == 1
    assert told in answer.err
    assert answer.err.count("\n") == 1
    assert [p.name for p in Path().iterdir()] == ["config.yaml"]


def test_a_template_that_does_not_fit_and_a_model_that_is_not_there_are_told(run, shop: Path):
    answer = run("fit", shop, "--out", "m", "--encoder", "hash", "--template", "{titel}")
    assert answer.code == 1
    assert "['titel']" in answer.err
    answer = run("fit", shop, "--out", "m", "--encoder", "no-such-model")
    assert answer.code == 1
    assert 'pip install "metarec[minilm]"' in answer.err
    assert not Path("m").exists()


def test_training_that_explodes_is_told_in_one_line(run, shop: Path):
    wild = ["--set", "learning_rate=1e9", "--set", "steps=20"]
    answer = run("fit", shop, "--out", "m", "--encoder", "hash", *wild)
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("error: ")
    assert not Path("m").exists()


PATIENT = """
import sys, time
import metarec.meta.fitting as heart
from metarec.cli import main
from metarec.training.run import Run

class Watched(Run):
    def __init__(self, **settings):
        super().__init__(**{**settings, "checkpoint_every_s": 0.0})

    def save(self):
        super().save()
        if self.folder is not None:
            print("saved", self.step, file=sys.stderr, flush=True)
            time.sleep(0.02)

heart.Run = Watched
main()
"""
"""The command, writing a checkpoint after every step and saying so."""


def watched_fit(shop: Path, out: str) -> subprocess.Popen[str]:
    fit = ["fit", str(shop), "--out", out, "--encoder", "hash"]
    sizes = ["--set", "steps=60", "--set", "judge_every=20"]
    return subprocess.Popen(
        [sys.executable, "-c", PATIENT, *fit, *sizes],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def steps(told: str) -> list[int]:
    return [int(line.split()[1]) for line in told.splitlines() if line.startswith("saved")]


def test_an_interrupted_fit_leaves_its_checkpoint_alone_and_the_same_command_continues(
    run, shop: Path, monkeypatch
):
    saved: list[int] = []

    class Cut(Run):
        def __init__(self, **settings):
            super().__init__(**{**settings, "checkpoint_every_s": 0.0})

        def save(self):
            super().save()
            saved.append(self.step)
            if saved == list(range(1, 8)):
                raise KeyboardInterrupt

    monkeypatch.setattr("metarec.meta.fitting.Run", Cut)
    command = ["fit", shop, "--out", "m", "--encoder", "hash", "--set", "steps=20"]
    answer = run(*command)
    assert (answer.code, answer.out) == (130, "")
    assert [p.name for p in Path().iterdir()] == ["m.checkpoint"]
    saved.append(0)
    assert run(*command).code == 0
    assert saved[saved.index(0) + 1] == 8
    assert [p.name for p in Path().iterdir()] == ["m"]


@pytest.mark.slow
def test_ctrl_c_leaves_no_model_and_the_same_command_continues_where_it_was(shop: Path):
    with watched_fit(shop, "m") as cut:
        assert cut.stderr is not None
        while cut.stderr.readline() not in ("saved 10\n", ""):
            pass
        cut.send_signal(signal.SIGINT)
        told = cut.stderr.read()
    assert cut.returncode == 130
    assert told.endswith("interrupted; nothing half-written was left\n")
    assert "Traceback" not in told
    assert [p.name for p in Path().iterdir()] == ["m.checkpoint"]
    assert [p.name for p in Path("m.checkpoint").iterdir()] == ["checkpoint.safetensors"]

    with watched_fit(shop, "m") as continued:
        _, told = continued.communicate()
    assert continued.returncode == 0
    assert "continuing from" in told
    assert min(steps(told)) > 10
    assert [p.name for p in Path().iterdir()] == ["m"]


@pytest.mark.slow
def test_a_fit_cut_by_ctrl_c_ends_with_the_bits_of_one_that_was_not(shop: Path):
    with watched_fit(shop, "whole") as whole:
        _, told = whole.communicate()
    assert min(steps(told)) == 1
    for step in (5, 30):
        with watched_fit(shop, "cut") as cut:
            assert cut.stderr is not None
            while cut.stderr.readline() not in (f"saved {step}\n", ""):
                pass
            cut.send_signal(signal.SIGINT)
            cut.stderr.read()
        assert cut.returncode == 130
    with watched_fit(shop, "cut") as cut:
        cut.communicate()
    files = [json.loads((Path(m) / "config.json").read_text())["files"] for m in ("cut", "whole")]
    assert files[0] == files[1]


@pytest.mark.slow
def test_ctrl_c_at_any_moment_ends_in_one_line_and_leaves_no_half_written_file(shop: Path):
    for wait_s in (3.0, 4.0, 5.0, 6.0):
        command = ["fit", str(shop), "--out", "m", "--encoder", "hash"]
        with subprocess.Popen(
            [sys.executable, "-m", "metarec", *command], stderr=subprocess.PIPE, text=True
        ) as process:
            time.sleep(wait_s)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=120)
        left = {p.name for p in Path().iterdir()}
        if process.returncode:
            assert process.returncode in (130, -signal.SIGINT)  # the latter: Python was starting
            assert left <= {"m.checkpoint"}, told
        else:
            assert left == {"m"}
            break


def test_a_fit_says_the_scale_and_what_it_leaves_out(run, tmp_path: Path):
    small = tmp_path / "small"
    small.mkdir()
    rows = [f"u{user},i{item},{2 + (user + item) % 3}" for user in range(12) for item in range(6)]
    kinds = ["rate", "rate", "rate", "rate", "rate", "return"] * 12
    events = [f"{row},{kind}" for row, kind in zip(rows, kinds, strict=True)]
    (small / "interactions.csv").write_text("\n".join(["user_id,item_id,value,event", *events]))
    items = [f"i{item},title {item}" for item in range(6)]
    (small / "items.csv").write_text("\n".join(["item_id,title", *items]))
    (small / "dataset.toml").write_text('negative_kinds = ["return"]')
    answer = run("fit", small, "--out", tmp_path / "m", "--encoder", "hash", "--set", "steps=2")
    assert "scale     1 to 5 (recognised" in answer.err
    assert "negative  return (12)" in answer.err
    assert "12 negative events heard" in answer.out


def test_counts_that_look_like_ratings_end_the_command_with_two_lines_to_choose_from(
    run, tmp_path: Path
):
    (tmp_path / "interactions.csv").write_text("user_id,item_id,value\nu,a,1\nu,b,1197\n")
    (tmp_path / "items.csv").write_text("item_id,title\na,A\nb,B\n")
    for command in (["fit", tmp_path, "--out", tmp_path / "m"], ["data", "inspect", tmp_path]):
        answer = run(*command)
        assert answer.code == 1
        assert 'feedback = "implicit"' in answer.err
        assert "scale = [1, 1197]" in answer.err


def test_a_simple_row_is_fitted_by_its_name_with_its_own_settings(run, shop: Path):
    command = ("fit", shop, "--encoder", "hash", "--out")
    assert run(*command, "late", "--model", "Trending", "--set", "days=3").code == 0
    expected = Trending(TrendingConfig(days=3)).fit(load(shop))
    lists = [model.recommend([[]], 5).ids.tolist() for model in (load_model("late"), expected)]
    assert lists[0] == lists[1]
    assert run(*command, "texts", "--model", "ContentKNN").code == 0
    assert run("recommend", "texts", "--events", "i0000003:5").code == 0
    for options, told in (
        (
            ["--model", "Trendy"],
            "no model is called 'Trendy'; there are: MetaRecommender, BiasedMF",
        ),
        (["--model", "BaseRecommender"], "no model is called 'BaseRecommender'"),
        (["--model", "Trending", "--set", "steps=3"], "is called steps; there are: days, places"),
        (["--model", "Popularity", "--set", "steps=3"], "called steps; this model has none"),
    ):
        answer = run(*command, "x", *options)
        assert (answer.code, Path("x").exists()) == (1, False)
        assert told in answer.err


def test_losses_are_written_where_the_command_says(run, shop: Path):
    command = ["fit", shop, "--out", "m", "--encoder", "hash", "--set", "steps=5"]
    answer = run(*command, "--track", "tensorboard:runs")
    assert answer.code == 0, answer.err
    assert list(Path("runs").glob("events.out.tfevents.*"))
    answer = run(*command, "--track", "tensorboard", "--force")
    assert answer.code == 1
    assert "a tracker is tensorboard:FOLDER, mlflow:URI or wandb:PROJECT" in answer.err


def test_several_shops_make_one_model(run, shop: Path, tmp_path: Path):
    other = replace(mr.generate(users=30, items=20, rng=9).dataset, name="other")
    save(other, tmp_path / "other")
    told = ("--encoder", "hash", "--set", "steps=0", "--set", "evidence=false")
    answer = run("fit", shop, tmp_path / "other", "--out", "m", *told)
    assert answer.code == 0, answer.err
    ids = load_model("m").catalogue.ids
    own = load(shop)
    assert ids.tolist() == [f"{own.name}/{i}" for i in own.catalogue.ids] + [
        f"other/{i}" for i in other.catalogue.ids
    ]
    answer = run("recommend", "m", "--data", tmp_path / "other", "--user", other.user_ids[0])
    assert answer.code == 0, answer.err
    assert "items of 'other' are those of the model that begin so" in answer.err
    assert "left out" not in answer.err
    answer = run("recommend", "m", "--events", other.catalogue.ids[0] + ":4")
    assert f"and the catalogue has '{own.name}/" in answer.err
    answer = run("fit", shop, shop, "--out", "twice", *told)
    assert answer.code != 0
    assert f"2 are called '{own.name}'" in answer.err
    assert not Path("twice").exists()
