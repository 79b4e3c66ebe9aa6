"""Arrays in one file: laid out for sharing, read by whoever reads safetensors, never written to."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from metarec.files.tensors import ALIGNED, GAP, read_tensors, sharing_arrays, write_tensors

ARRAYS = {
    "odd": np.arange(5, dtype=np.int8),
    "numbers": np.linspace(0, 1, 21).reshape(7, 3),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "flags": np.array([True, False, True]),
    "one": np.array(2.5),
    "none": np.zeros((0, 4), dtype=np.float32),
    "large": np.array([2**64 - 1], dtype=np.uint64),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "arrays.safetensors"
    write_tensors(path, ARRAYS, {"said": "ünder"})
    return path


def test_every_array_begins_at_a_multiple_of_64_bytes(file: Path) -> None:
    content = file.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    starts = {name: entry["data_offsets"][0] for name, entry in header.items() if name in ARRAYS}
    assert starts.keys() == ARRAYS.keys()
    assert [begin % ALIGNED, *(start % ALIGNED for start in starts.values())] == [0] * 8


def test_safetensors_reads_the_same_arrays(file: Path) -> None:
    found = {name: a for name, a in load_file(file).items() if not name.startswith(GAP)}
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


@pytest.mark.parametrize("ours", [True, False])
def test_shared_arrays_are_the_copied_ones_from_any_safetensors_file(
    file: Path, *, ours: bool
) -> None:
    if not ours:
        save_file({name: np.ascontiguousarray(a) for name, a in ARRAYS.items()}, file, {"said": ""})
    copied, _ = read_tensors(file)
    with sharing_arrays():
        shared, told = read_tensors(file)
    assert told == {"said": "ünder" if ours else ""}
    assert copied.keys() == shared.keys() == ARRAYS.keys()
    for name, array in copied.items():
        assert array.flags.owndata
        assert array.flags.writeable
        np.testing.assert_array_equal(array, shared[name], strict=True)
        assert shared[name].ctypes.data % array.itemsize == 0


def test_shared_arrays_lie_in_the_file_and_cannot_be_written_to(file: Path) -> None:
    with sharing_arrays():
        shared, _ = read_tensors(file)
    for name in ARRAYS.keys() - {"none"}:
        assert not shared[name].flags.writeable
        assert shared[name].ctypes.data % ALIGNED == 0
    with pytest.raises(ValueError, match="read-only"):
        shared["numbers"][0, 0] = 7


def test_shared_arrays_stay_when_another_file_takes_the_place(file: Path, tmp_path: Path) -> None:
    with sharing_arrays():
        shared, _ = read_tensors(file)
    write_tensors(tmp_path / "other", {"numbers": np.zeros((7, 3))}, {})
    (tmp_path / "other").replace(file)
    np.testing.assert_array_equal(shared["numbers"], ARRAYS["numbers"])
