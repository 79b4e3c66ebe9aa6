"""What a fit writes down while it trains, in each tracker's own files, read by its own reader."""

import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metarec as mr
from metarec.contracts import DataError, Recommender, Running
from metarec.data import Split, split_cold, split_last_out
from metarec.meta import Ensemble
from metarec.recommenders import EASE, SASRec, SASRecConfig
from metarec.training.trackers import MLflow, TensorBoard, WandB, opened

SMALL = {"d": 3, "steps": 40, "judge_every": 20, "batch_users": 16, "evidence": False}
SMALL |= {"recency": "none"}
TOLD = {"a/loss": 0.5, "a/rate": 0.25}


@dataclass
class Kept:
    """A tracker in memory."""

    said: list[dict[str, Any]] = field(default_factory=list)
    told: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def settings(self, values: Mapping[str, Any]) -> None:
        self.said.append(dict(values))

    def log(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            assert type(value) is float
            self.told.setdefault(name, []).append((step, value))


@pytest.fixture(scope="module")
def split() -> Split:
    return split_cold(mr.generate(users=60, items=30, kind="implicit", rng=3).dataset, rng=0)


def test_a_fit_writes_its_settings_and_losses_and_is_the_same_to_the_bit(split: Split):
    model = mr.MetaRecommender(mr.HashEncoder(d=8), mr.MetaConfig(**SMALL))
    kept = Kept()
    fitted = model.fit(split.train, split.valid, rng=2, tracker=kept)
    plain = model.fit(split.train, split.valid, rng=2)
    np.testing.assert_array_equal(fitted.heart.terms.features, plain.heart.terms.features)
    (said,) = kept.said
    assert (said["model"], said["d"], said["rng"]) == ("MetaRecommender", 3, 2)
    assert said["hash"] == split.train.hash
    assert [step for step, _ in kept.told["choice.d3/loss"]] == [10, 20, 30, 40]
    assert kept.told["choice.d3/learning_rate"][0] != kept.told["choice.d3/learning_rate"][-1]
    judged = kept.told["choice.d3/validation_loss"]
    assert [step for step, _ in judged] == [0, 20, 40]
    assert min(loss for _, loss in judged) == fitted.metrics["valid_loss"]


def test_both_heads_of_ratings_have_a_name():
    shop = mr.generate(users=60, items=30, rng=3).dataset
    config = mr.MetaConfig(**{**SMALL, "start": "random"})
    kept = Kept()
    mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(shop, tracker=kept)
    assert {name.partition("/")[0] for name in kept.told} >= {"value.d3"}


def test_the_parts_of_an_ensemble_write_under_their_names(split: Split):
    kept = Kept()
    order = SASRec(None, SASRecConfig(d=8, layers=1, steps=20))
    last = split_last_out(mr.generate(users=60, items=30, kind="implicit", rng=3).dataset)
    Ensemble({"taken": EASE(), "order": order}).fit(last.train, last.valid, tracker=kept)
    assert {said.get("model") for said in kept.said} == {"Ensemble", None}
    names = {name for said in kept.said for name in said}
    assert {"taken/l2", "taken/model", "order/d", "order/model"} <= names
    assert {"order/SASRec/loss", "order/SASRec/validation_loss"} <= kept.told.keys()
    rates = kept.told["order/SASRec/learning_rate"]  # up after a tenth of the steps
    assert {rate for step, rate in rates if step >= 2} == {order.config.learning_rate}


def test_tensorboard_reads_what_was_written(tmp_path: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with TensorBoard(tmp_path / "runs") as tracker:
        tracker.settings({"d": 3})
        tracker.log(TOLD, 7)
        read = EventAccumulator(str(tmp_path / "runs"))  # at once, while it goes on
        read.Reload()
        assert [(one.step, one.value) for one in read.Scalars("a/loss")] == [(7, 0.5)]
    assert b"| d | 3 |" in read.Tensors("settings/text_summary")[0].tensor_proto.string_val[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")
def test_mlflow_reads_what_was_written(tmp_path: Path):
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with MLflow(uri) as tracker:
        tracker.settings({"d": 3, "encoder": None})
        tracker.log(TOLD, 7)
        tracker.log({"a/loss": 0.25}, 8)
    client = MlflowClient(tracking_uri=uri)
    run = client.get_run(tracker.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"d": "3", "encoder": "None"}
    history = client.get_metric_history(tracker.run_id, "a/loss")
    assert [(one.step, one.value) for one in history] == [(7, 0.5), (8, 0.25)]

    def failing() -> None:
        with MLflow(uri) as other:
            failed.append(other.run_id)
            raise KeyboardInterrupt

    failed: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        failing()
    assert client.get_run(failed[0]).info.status == "FAILED"
    with pytest.raises(DataError, match="MLflow cannot write to"):
        MLflow(str(tmp_path / "folder"))


WRITES = """
import sys
from pathlib import Path
from metarec.training.trackers import WandB
with WandB("metarec", sys.argv[1]) as tracker:
    tracker.settings({"d": 3, "path": Path("a")})
    tracker.log({"a/loss": 0.5, "a/rate": 0.25}, 7)
"""


@pytest.mark.slow
def test_weights_and_biases_read_what_was_written_offline(tmp_path: Path):
    from wandb.proto.wandb_internal_pb2 import Record

    # its own writer may lag behind the end of a run, but not behind that of the process
    subprocess.run([sys.executable, "-c", WRITES, str(tmp_path)], check=True)
    (file,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    records = [Record.FromString(data) for data in logged(file.read_bytes())]
    (history,) = [
        record.history for record in records if record.WhichOneof("record_type") == "history"
    ]
    told = {item.key or "/".join(item.nested_key): item.value_json for item in history.item}
    assert (told["a/loss"], told["a/rate"], told["a/step"]) == ("0.5", "0.25", "7")
    config = {
        update.key: update.value_json
        for record in records
        if record.WhichOneof("record_type") in ("run", "config")
        for update in (record.run.config.update if record.HasField("run") else record.config.update)
    }
    assert (config["d"], config["path"]) == ("3", '"a"')


def logged(data: bytes) -> Iterator[bytes]:
    """The records of a log as LevelDB writes it, behind seven bytes of W&B's own."""
    block, place, record = 32 * 1024, 7, b""
    while place + 7 <= len(data):
        if block - place % block < 7:  # the rest of a block is empty
            place += block - place % block
            continue
        size, kind = struct.unpack("<HB", data[place + 4 : place + 7])
        record += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""


def test_a_word_names_a_tracker(tmp_path: Path):
    with opened(None) as nothing:
        assert nothing is None
    with opened(f"tensorboard:{tmp_path / 'runs'}") as tracker:
        assert isinstance(tracker, TensorBoard)
    for told in ("tensorboard", "tensorboard:", "comet:x", ""):
        with (
            pytest.raises(DataError, match=r"a tracker is tensorboard:FOLDER, .*got"),
            opened(told),
        ):
            pass
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file; TensorBoard writes into a folder"):
        TensorBoard(tmp_path / "file")


@pytest.mark.parametrize(
    ("module", "make", "extra"),
    [
        ("torch.utils.tensorboard", TensorBoard, "tensorboard"),
        ("mlflow.tracking", MLflow, "mlflow"),
        ("wandb", WandB, "wandb"),
    ],
)
def test_what_is_not_installed_is_named(module: str, make: type, extra: str, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DataError, match=rf'run: pip install "metarec\[{extra}\]"'):
        make(str(tmp_path / "place"))


@pytest.mark.parametrize("tracker", ["tensorboard", object(), 3])
@pytest.mark.parametrize("model", [EASE(), mr.MetaRecommender(mr.HashEncoder())])
def test_what_is_no_tracker_is_refused(split: Split, model: Recommender, tracker: object):
    with pytest.raises(DataError, match="tracker must have the methods settings and log"):
        model.fit(split.train, tracker=tracker)
    assert Running().tracker is None
