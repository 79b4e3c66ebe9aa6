"""Saved models: whole or not at all, checked on loading, and never unpickled."""

import hashlib
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from metarec.contracts import Catalogue, DataError
from metarec.files.hyperparameters import parse_hyperparameters
from metarec.files.model_card import hash_of_card, read_card
from metarec.files.model_folder import load_state, save_state


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5


@dataclass(frozen=True)
class Config:
    layers: tuple[int, ...] = (8, 4)
    inner: Inner = Inner()
    name: str | None = None


CATALOGUE = Catalogue.of(
    pl.DataFrame({"item_id": ["a", "b"], "tags": [["x", "y"], None], "year": [1990, None]})
).retire(["b"])


def saved(path: Path, **state: Any) -> Path:
    save_state(path, "Toy", Config(layers=(3,)), CATALOGUE, state)
    return path


def test_arrays_matrices_numbers_and_nests_come_back_equal(tmp_path: Path) -> None:
    state: dict[str, Any] = {
        "f32": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "flags": np.array([True, False]),
        "scalar": np.array(2.5),
        "empty": np.zeros((0, 3)),
        "keys": np.array([2**64 - 1], dtype=np.uint64),
        "matrix": sp.csr_matrix([[0, 1.5], [0, 0]]),
        "nested": {"deep": [np.array([1, 2]), {"x": None}], "no": True, "inf": float("inf")},
        "number": np.float32(0.25),
    }
    config, catalogue, loaded = load_state(saved(tmp_path / "m", **state), "Toy", Config)
    assert config == Config(layers=(3,))
    assert catalogue.ids.tolist() == ["a", "b"]
    assert catalogue.offered.tolist() == [True, False]
    assert catalogue.frame.equals(CATALOGUE.frame)
    for name in ("f32", "flags", "scalar", "empty", "keys"):
        np.testing.assert_array_equal(loaded[name], state[name])
        assert loaded[name].dtype == state[name].dtype
        assert loaded[name].shape == state[name].shape
        assert loaded[name].flags.owndata  # not somewhere in the file's bytes, aligned or not
    np.testing.assert_array_equal(loaded["matrix"].toarray(), state["matrix"].toarray())
    np.testing.assert_array_equal(loaded["nested"]["deep"][0], [1, 2])
    assert loaded["nested"]["deep"][1] == {"x": None}
    assert loaded["nested"]["no"] is True
    assert loaded["nested"]["inf"] == float("inf")
    assert loaded["number"] == 0.25


def test_what_is_neither_array_nor_json_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(TypeError, match=r"state\.thing cannot be saved"):
        saved(tmp_path / "m", thing=object())
    with pytest.raises(TypeError, match=r"state\.ids cannot be saved"):
        saved(tmp_path / "m", ids=np.array(["a"], dtype=object))
    assert list(tmp_path.iterdir()) == []


def test_equal_models_give_equal_files(tmp_path: Path) -> None:
    state = {"b": np.arange(3), "a": np.ones(2)}
    first, second = saved(tmp_path / "1", **state), saved(tmp_path / "2", **state)
    assert read_card(first) == read_card(second)


@pytest.mark.parametrize("name", ["state.safetensors", "catalogue.parquet"])
def test_a_changed_file_is_found_out(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path / "m", a=np.zeros(4))
    raw = bytearray((folder / name).read_bytes())
    raw[-1] ^= 1
    (folder / name).write_bytes(raw)
    with pytest.raises(DataError, match=f"{name} is not the file that was saved"):
        load_state(folder, "Toy", Config)


@pytest.mark.parametrize("name", ["state.safetensors", "catalogue.parquet"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path / "m", a=np.zeros(4))
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"lacks {name}"):
        load_state(folder, "Toy", Config)


def edit(folder: Path, **changes: Any) -> None:
    """Change the card and hash it again, as an older version or another program would write it."""
    card = json.loads((folder / "config.json").read_text()) | changes
    card["hash"] = hash_of_card(card)
    (folder / "config.json").write_text(json.dumps(card))


@pytest.mark.parametrize(
    "changes",
    [
        {"metarec": "0.0.9"},
        {"class": "Boy"},
        {"files": {}},
        {"config": {"layers": [4], "inner": {"rate": 0.5}, "name": None}},
        {"note": "mine"},
        {"hash": "0" * 64},
    ],
)
def test_an_edited_card_is_found_out_and_another_layout_is_not(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    file = saved(tmp_path / "m", a=np.zeros(4)) / "config.json"
    card = json.loads(file.read_text())
    file.write_text(json.dumps(card))
    assert read_card(tmp_path / "m") == card
    file.write_text(json.dumps(card | changes))
    with pytest.raises(DataError, match=r"config\.json is not the file that was saved"):
        read_card(tmp_path / "m")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 99, "metarec": "7.0"}, "install metarec 7.0 or fit the model again"),
        ({"format": "other"}, "not a saved model of metarec"),
        ({"class": "Other"}, "holds a Other, not a Toy"),
        ({"config": {"layers": [1], "colour": 3}}, "does not know: colour"),
        ({"config": {"layers": "many"}}, r"the hyperparameters do not fit: layers[^\n]*$"),
        ({"files": [1]}, "files and config must be objects"),
    ],
)
def test_a_card_that_does_not_fit_says_what_to_do(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    folder = saved(tmp_path / "m")
    edit(folder, **changes)
    with pytest.raises(DataError, match=message):
        load_state(folder, "Toy", Config)


def test_a_folder_without_a_card_or_with_a_broken_one_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no config\.json"):
        load_state(tmp_path, "Toy", Config)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        load_state(tmp_path, "Toy", Config)
    (tmp_path / "config.json").write_text('{"format": "metarec-model", "format_version": 6}')
    with pytest.raises(DataError, match="lacks class, config, files, hash"):
        load_state(tmp_path, "Toy", Config)


def test_a_file_or_a_strangers_folder_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "config.json").write_text('{"format": "something else"}')
    saved(tmp_path / "model")
    (tmp_path / "model" / "thesis.txt").write_text("ten years")
    for name in ("file", "folder", "model"):
        with pytest.raises(
            DataError, match=r"not a saved model, or holds other files.*nothing was"
        ):
            saved(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "model" / "thesis.txt").read_text() == "ten years"


def test_an_empty_folder_and_missing_parents_are_fine(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    saved(tmp_path / "empty")
    saved(tmp_path / "a" / "b" / "m")
    assert read_card(tmp_path / "empty")["class"] == "Toy"


def test_a_failed_save_leaves_the_old_model_and_no_scraps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "m", a=np.array([1.0]))

    def full_disk(*args: object, **kwargs: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full_disk)
    with pytest.raises(DataError, match="m cannot be written: no space left"):
        saved(folder, a=np.array([2.0]))
    assert load_state(folder, "Toy", Config)[2]["a"].tolist() == [1.0]
    assert [file.name for file in tmp_path.iterdir()] == ["m"]


@contextmanager
def small_disk() -> Iterator[None]:
    """No file can grow beyond 2,000 bytes: the system refuses as it does where a disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("part", ["state", "catalogue", "card"])
def test_a_disk_that_refuses_is_told_once_and_nothing_half_written_is_left(
    tmp_path: Path, part: str
) -> None:
    folder = saved(tmp_path / "m", a=np.array([1.0]))
    items = [
        f"{hashlib.sha256(b'%d' % i).hexdigest()}" for i in range(1000 * (part == "catalogue"))
    ]
    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["a", *items]}))
    config = Config(name="x" * (5000 * (part == "card")))
    state = {"a": np.zeros(1000 * (part == "state"))}
    told = rf"^{folder} cannot be written: .*File too large.*make room[^\n]*$"
    with small_disk(), pytest.raises(DataError, match=told):
        save_state(folder, "Toy", config, catalogue, state)
    assert load_state(folder, "Toy", Config)[2]["a"].tolist() == [1.0]
    assert [file.name for file in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
def test_every_file_and_folder_of_a_model_has_the_mode_that_new_ones_have(
    tmp_path: Path, mask: int
) -> None:
    old = os.umask(mask)
    try:
        folder = saved(tmp_path / "m", a=np.zeros(3))
    finally:
        os.umask(old)
    assert {f.stat().st_mode & 0o777 for f in folder.iterdir()} == {0o666 & ~mask}
    assert folder.stat().st_mode & 0o777 == 0o777 & ~mask


def test_names_in_any_script_and_emoji_come_back(tmp_path: Path) -> None:
    names = ["😀", "متجر", "\U0001f468\u200d\U0001f373", "e\u0301", "tab\t \x7f"]
    catalogue = Catalogue.of(pl.DataFrame({"item_id": names, "عنوان 😀": names}))
    state = {"kinds": names, "by_name": {name: np.full(2, i) for i, name in enumerate(names)}}
    save_state(tmp_path / "😀 متجر", "Toy", Config(name="متجر 😀"), catalogue, state)
    config, found, loaded = load_state(tmp_path / "😀 متجر", "Toy", Config)
    assert config.name == "متجر 😀"
    assert found.ids.tolist() == names
    assert found.frame.equals(catalogue.frame)
    assert loaded["kinds"] == names
    assert [array.tolist() for array in loaded["by_name"].values()] == [[i, i] for i in range(5)]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"layers": ["3"]}, "layers: 0: Input should be a valid integer"),
        ({"layers": [True]}, "layers: 0: Input should be a valid integer"),
        ({"layers": [2.0]}, "layers: 0: Input should be a valid integer"),
        ({"inner": {"rate": False}}, "inner: rate: Input should be a valid number"),
        ({"inner": {"rate": "0.5"}}, "inner: rate: Input should be a valid number"),
        ({"name": 5}, "name: Input should be a valid string"),
        ({"name": date(2026, 1, 1), "layers": 1}, "layers: Input should be a valid"),
    ],
)
def test_no_type_is_taken_for_another_one(given: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        parse_hyperparameters(given, Config)


def test_names_that_two_arrays_would_share_are_refused(tmp_path: Path) -> None:
    matrix = sp.csr_matrix([[1.0]])
    for state in (
        {"a": {"b": np.ones(1)}, "a.b": np.zeros(1)},
        {"m": matrix, "m.indptr": np.zeros(1)},
    ):
        with pytest.raises(TypeError, match=r"cannot be saved: two arrays have this name"):
            saved(tmp_path / "m", **state)


def test_keys_that_mean_something_to_us_are_refused_and_an_empty_one_is_not(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"state\.odd cannot be saved: dict"):
        saved(tmp_path / "m", odd={"$array": "state.other", "b": 1})
    with pytest.raises(TypeError, match=r"state\.odd cannot be saved: dict"):
        saved(tmp_path / "m", odd={3: 1, "b": 1})
    folder = saved(tmp_path / "m", fine={"": 1, "a$": (2, "x")})
    assert load_state(folder, "Toy", Config)[2] == {"fine": {"": 1, "a$": [2, "x"]}}


def test_a_link_to_a_model_is_not_written_through(tmp_path: Path) -> None:
    saved(tmp_path / "m")
    (tmp_path / "link").symlink_to("m")
    with pytest.raises(DataError, match="is not a saved model"):
        saved(tmp_path / "link")


def test_the_order_of_the_card_s_fields_does_not_count(tmp_path: Path) -> None:
    file = saved(tmp_path / "m") / "config.json"
    card = json.loads(file.read_text())
    file.write_text(json.dumps(dict(reversed(card.items()))))
    assert read_card(tmp_path / "m") == card


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[1]", "is not a saved model of metarec"),
        ('{"format": "metarec-model", "format_version": 2, "metarec": "0.1.0"}',
         "has model format 2, this version reads 6; fit the model again"),
    ],
)  # fmt: skip
def test_another_card_says_what_it_is(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(DataError, match=told):
        read_card(tmp_path)


def test_a_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("x")
    with pytest.raises(DataError, match="m is a file; pass the folder of a saved model"):
        read_card(tmp_path / "m")


@pytest.mark.parametrize("field", ["files", "config"])
def test_a_field_of_another_kind_is_refused(tmp_path: Path, field: str) -> None:
    edit(saved(tmp_path / "m"), **{field: [1]})
    with pytest.raises(DataError, match="files and config must be objects"):
        read_card(tmp_path / "m")


def test_a_state_that_is_none_is_named(tmp_path: Path) -> None:
    folder = saved(tmp_path / "m")
    (folder / "state.safetensors").write_bytes(b"x")
    files = json.loads((folder / "config.json").read_text())["files"]
    edit(folder, files=files | {"state.safetensors": hashlib.sha256(b"x").hexdigest()})
    with pytest.raises(DataError, match=r"state\.safetensors cannot be read"):
        load_state(folder, "Toy", Config)


def test_every_hyperparameter_that_does_not_fit_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        parse_hyperparameters({"layers": 1, "name": 2}, Config, place="c.yaml: ")
    assert str(refused.value) == (
        "c.yaml: the hyperparameters do not fit: layers: Input should be a valid array; "
        "name: Input should be a valid string"
    )
