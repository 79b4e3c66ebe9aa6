"""Which weights an encoder stands for, and where they lie."""

import hashlib
import os
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import DataError
from metarec.data import split_cold
from metarec.encoders import TextEncoder, encoder_from
from metarec.encoders.model_files import hash_of


@pytest.fixture
def folder(tiny_bert: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_bert, tmp_path / "model")


def train_again(folder: Path) -> None:
    """Other weights of the same shape in the same place."""
    import torch
    import transformers

    torch.manual_seed(1)
    config = transformers.AutoConfig.from_pretrained(folder)
    transformers.BertModel(config).save_pretrained(folder)


def swap_two_words(folder: Path) -> None:
    file = folder / "tokenizer.json"
    text = file.read_text().replace('"red"', '"???"').replace('"cake"', '"red"')
    file.write_text(text.replace('"???"', '"cake"'))


CHANGES = pytest.mark.parametrize("change", [train_again, swap_two_words])


@CHANGES
def test_vectors_of_other_weights_are_not_taken_from_the_cache(folder: Path, change):
    before = TextEncoder(str(folder)).encode_texts(["red"])
    change(folder)
    after = TextEncoder(str(folder)).encode_texts(["red"])
    assert not np.allclose(before, after, atol=1e-3)


@CHANGES
def test_an_encoder_held_to_its_weights_refuses_others_and_names_both(folder: Path, change):
    encoder = TextEncoder(str(folder))
    encoder.encode_texts(["red"])
    described = encoder.describe()
    change(folder)
    other = TextEncoder(str(folder)).weights_hash
    told = rf"expected {encoder.weights_hash}, found {other} in .*fit the model again with"
    with pytest.raises(DataError, match=told):  # also for a text whose vector is in the cache
        encoder_from(described).encode_texts(["red"])


def test_weights_that_change_under_a_living_encoder_are_refused(folder: Path):
    encoder = TextEncoder(str(folder))
    assert encoder.weights_hash
    train_again(folder)
    with pytest.raises(DataError, match="has other weights"):
        encoder.encode_texts(["red"])


def test_a_saved_model_refuses_new_items_once_its_encoder_has_other_weights(
    folder: Path, tmp_path: Path
):
    split = split_cold(mr.generate(users=40, items=30, rng=3).dataset, rng=0)
    config = mr.MetaConfig(d=4, steps=10, judge_every=5)
    model = mr.MetaRecommender(TextEncoder(str(folder)), config).fit(split.train, split.valid)
    model.save(tmp_path / "saved")
    new = model.catalogue.table[:1].with_columns(item_id=pl.lit("new"))
    event = (str(model.catalogue.ids[1]), 4.0)
    expected = model.adapt([event]).score(model.catalogue.ids)

    same = mr.load_model(tmp_path / "saved").add_items(new)
    assert "new" in same.catalogue.row_of
    train_again(folder)
    loaded = mr.load_model(tmp_path / "saved")
    with pytest.raises(DataError, match="has other weights"):
        loaded.add_items(new)
    shutil.rmtree(folder)
    loaded = mr.load_model(tmp_path / "saved")
    with pytest.raises(DataError, match="is not there: put it back"):
        loaded.add_items(new)
    # what needs no encoder goes on, and so does saving
    np.testing.assert_array_equal(loaded.adapt([event]).score(model.catalogue.ids), expected)
    loaded.save(tmp_path / "again")


def test_a_folder_named_from_here_is_found_from_elsewhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder.parent)
    encoder = TextEncoder("model")
    assert encoder.model == str(folder)
    assert TextEncoder(Path("../") / folder.parent.name / "model").model == str(folder)
    described = encoder.describe()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.testing.assert_array_equal(
        encoder_from(described).encode_texts(["red"]), encoder.encode_texts(["red"])
    )


@pytest.mark.parametrize("name", ["./model", "~/no/model", "/no/model", "a/b/c"])
def test_a_folder_that_is_not_there_is_named(name: str):
    with pytest.raises(DataError, match=rf"{name}, is not there: put it back"):
        TextEncoder(name).encode_texts(["red"])


def test_pickled_weights_are_refused_in_words_and_never_read(folder: Path):
    import torch

    class Trap:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(folder / "sprung"),)

    (folder / "model.safetensors").unlink()
    torch.save(Trap(), folder / "pytorch_model.bin")
    with pytest.raises(DataError, match=r"holds its weights as \.bin.* only safetensors are read"):
        TextEncoder(str(folder)).encode_texts(["red"])
    assert not (folder / "sprung").exists()


def test_pickled_weights_are_not_read_where_other_safetensors_stand_beside(folder: Path):
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").rename(folder / "model_of_another_kind.safetensors")
    with pytest.raises(DataError, match="no text model could be loaded"):
        TextEncoder(str(folder)).encode_texts(["red"])


def test_files_that_change_no_vector_change_no_name(folder: Path):
    before = TextEncoder(str(folder)).weights_hash
    (folder / "README.md").write_text("words")
    (folder / "modules.json").write_text("[]")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.safetensors").write_bytes(b"other")
    assert TextEncoder(str(folder)).weights_hash == before


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_each_file_that_changes_a_vector_changes_the_name(folder: Path, file: str):
    before = TextEncoder(str(folder)).weights_hash
    raw = bytearray((folder / file).read_bytes())
    raw[-1] ^= 1
    (folder / file).write_bytes(bytes(raw))
    assert TextEncoder(str(folder)).weights_hash != before


def test_the_name_of_weights_is_made_of_names_and_contents_in_the_order_of_names(tmp_path: Path):
    read = ["added_tokens.json", "config.json", "merges.txt", "model-1.safetensors", "model.spm"]
    read += ["o200k.tiktoken", "special_tokens_map.json", "tokenizer.json", "tokenizer.model"]
    read += ["tokenizer_config.json", "vocab.txt"]
    for name in [*reversed(read), "README.md", "training_args.bin", "model.onnx"]:
        (tmp_path / name).write_text(f"what {name} holds")
    parts = [n.encode() + hashlib.sha256(f"what {n} holds".encode()).digest() for n in read]
    assert hash_of(tmp_path) == hashlib.sha256(b"".join(parts)).hexdigest()


@pytest.fixture
def hub(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the model hub that holds one model, some/bert; the hub itself is out of reach."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    repository = tmp_path / "hub" / "models--some--bert"
    shutil.copytree(tiny_bert, repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    return repository / "snapshots" / "abc"


def test_a_name_of_the_hub_stands_for_the_weights_that_lie_in_its_cache(hub: Path, tiny_bert: Path):
    encoder = TextEncoder("some/bert")
    assert encoder.weights_hash == TextEncoder(str(tiny_bert)).weights_hash
    before = encoder.encode_texts(["red"])
    train_again(hub)
    assert not np.allclose(TextEncoder("some/bert").encode_texts(["red"]), before, atol=1e-3)
    with pytest.raises(DataError, match="has other weights"):
        encoder_from(encoder.describe()).encode_texts(["red"])


def test_a_name_that_the_hub_does_not_know_is_an_error_in_words(hub: Path):
    with pytest.raises(DataError, match="no text model is called 'some/other' here"):
        TextEncoder("some/other").encode_texts(["red"])


def test_only_what_changes_a_vector_is_asked_of_the_hub(tiny_bert: Path, monkeypatch):
    asked: list[tuple[str, list[str]]] = []

    def downloaded(name: str, *, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(tiny_bert)

    monkeypatch.setattr("huggingface_hub.snapshot_download", downloaded)
    assert TextEncoder("some/bert").folder == tiny_bert
    ((name, patterns),) = asked
    assert name == "some/bert"
    files = ["model.safetensors", "model-00001-of-00002.safetensors", "config.json", "spiece.model"]
    files += ["model.safetensors.index.json", "tokenizer.json", "vocab.txt", "merges.txt"]
    others = ["pytorch_model.bin", "model.onnx", "tf_model.h5", "README.md", "run.py"]
    wanted = [file for file in files + others if any(fnmatch(file, p) for p in patterns)]
    assert wanted == files


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("hub_shown", [True, False])
def test_progress_bars_are_as_they_were_afterwards(folder: Path, shown: bool, hub_shown: bool):
    from huggingface_hub import utils
    from transformers.utils import logging

    was = logging.is_progress_bar_enabled(), not utils.are_progress_bars_disabled()
    try:
        (logging.enable_progress_bar if shown else logging.disable_progress_bar)()
        (utils.enable_progress_bars if hub_shown else utils.disable_progress_bars)()
        TextEncoder(str(folder)).encode_texts(["red"])
        assert logging.is_progress_bar_enabled() == shown
        assert utils.are_progress_bars_disabled() != hub_shown
    finally:
        (logging.enable_progress_bar if was[0] else logging.disable_progress_bar)()
        (utils.enable_progress_bars if was[1] else utils.disable_progress_bars)()


def test_no_bar_is_shown_while_a_model_loads(folder: Path, capfd: pytest.CaptureFixture[str]):
    TextEncoder(str(folder)).encode_texts(["red"])
    assert not capfd.readouterr().err


@pytest.mark.slow
def test_cached_vectors_are_served_without_the_library_that_makes_them(folder: Path):
    TextEncoder(str(folder)).encode_texts(["red"])
    script = (
        "import sys; from metarec.encoders import TextEncoder; "
        f"TextEncoder({str(folder)!r}).encode_texts(['red']); "
        "sys.exit('transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
