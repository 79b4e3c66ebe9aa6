"""A folder of checkpoints: whole files of our own, one fit at a time, nothing else touched."""

import fcntl
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from metarec.contracts import DataError
from metarec.training.checkpoints import (
    CHECKPOINT,
    LOCK,
    locked,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)

ARRAYS = {"a": np.arange(6.0).reshape(2, 3), "b": np.asfortranarray(np.arange(6).reshape(2, 3))}


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_what_was_written_is_read(tmp_path: Path):
    assert read_checkpoint(tmp_path) is None
    write_checkpoint(tmp_path, {"step": 3, "best": None}, ARRAYS)
    assert [file.name for file in tmp_path.iterdir()] == [CHECKPOINT]
    record, arrays = read_checkpoint(tmp_path)  # type: ignore[misc]
    assert record == {"step": 3, "best": None}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
    arrays["a"][0, 0] = 9.0  # what was read is one's own
    (tmp_path / CHECKPOINT).write_bytes(b"")
    assert arrays["a"][1, 2] == 5.0


def test_damage_and_strangers_are_told_apart(tmp_path: Path):
    write_checkpoint(tmp_path, {}, ARRAYS)
    file = tmp_path / CHECKPOINT
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"cannot be read .* cut short or damaged; delete it"):
        read_checkpoint(tmp_path)
    for marks in (None, {"format": "metarec-checkpoint 1"}):
        save_file({"a": np.zeros(1)}, file, marks)
        with pytest.raises(DataError, match="is not a checkpoint of this version"):
            read_checkpoint(tmp_path)
        remove_checkpoint(tmp_path)
        assert file.exists()


def test_one_fit_at_a_time_and_nothing_is_left_behind(tmp_path: Path):
    before = open_files()
    folder = tmp_path / "deep" / "m.checkpoint"
    with locked(folder):
        assert (folder / LOCK).exists()
        told = r"another fit is running in .*m\.checkpoint; wait"
        with pytest.raises(DataError, match=told), locked(folder):
            pytest.fail("two in one folder")
        assert (folder / LOCK).exists()
    assert not folder.exists()
    assert folder.parent.is_dir()
    assert open_files() == before


def test_a_folder_that_was_there_or_holds_a_checkpoint_stays(tmp_path: Path):
    with locked(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
    made = tmp_path / "made"
    with locked(made):
        write_checkpoint(made, {}, ARRAYS)
    assert [file.name for file in made.iterdir()] == [CHECKPOINT]
    (tmp_path / "file").write_text("")
    told = "file is a file; checkpoints need a folder"
    with pytest.raises(DataError, match=told), locked(tmp_path / "file"):
        pytest.fail("a file")
    with locked(None):
        pass


def test_the_lock_ends_with_an_error_too(tmp_path: Path):
    before = open_files()
    with pytest.raises(RuntimeError, match="stopped"), locked(tmp_path):
        raise RuntimeError("stopped")
    assert not (tmp_path / LOCK).exists()
    assert open_files() == before


def test_a_folder_that_somebody_empties_meanwhile_ends_no_fit(tmp_path: Path):
    before = open_files()
    with locked(tmp_path):
        (tmp_path / LOCK).unlink()
    with locked(tmp_path / "made"):
        shutil.rmtree(tmp_path / "made")
    assert list(tmp_path.iterdir()) == []
    assert open_files() == before


@pytest.mark.parametrize("replaced", [False, True])
def test_a_lock_that_its_last_holder_removed_is_taken_anew(
    tmp_path: Path, monkeypatch, replaced: bool
):
    """Between opening the file and locking it."""
    before, lock, asked = open_files(), fcntl.flock, []

    def late(handle: int, how: int) -> None:
        if not asked:
            (tmp_path / LOCK).unlink()
            if replaced:
                (tmp_path / LOCK).touch()
        asked.append(how)
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with locked(tmp_path):
        assert len(asked) == 2
        with pytest.raises(DataError, match="another fit is running"), locked(tmp_path):
            pytest.fail("two in one folder")
    assert open_files() == before


def test_only_our_checkpoint_is_removed(tmp_path: Path):
    remove_checkpoint(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    ours, shared = tmp_path / "ours", tmp_path / "shared"
    for folder in (ours, shared):
        folder.mkdir()
        write_checkpoint(folder, {}, ARRAYS)
    (shared / "notes").write_text("mine")
    with locked(shared):  # in use
        remove_checkpoint(shared)
        assert (shared / CHECKPOINT).exists()
    for folder in (ours, shared):
        remove_checkpoint(folder)
    assert not ours.exists()
    assert [file.name for file in shared.iterdir()] == ["notes"]
