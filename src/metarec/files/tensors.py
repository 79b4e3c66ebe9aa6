"""Arrays in one safetensors file, laid out so that processes can share them from the disk's cache.

The format allows no gaps and aligns nothing, so that each array is followed by as many bytes, an
array of their own, as let the next one begin where memory does.
"""

import json
import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

ALIGNED = 64
"""Bytes: the widest that NumPy and BLAS read at once."""
GAP = "$gap."
"""How the names of arrays begin that only fill."""
KINDS = {"f": "F", "i": "I", "u": "U"}
"""What safetensors calls NumPy's kinds of numbers; behind it stand their bits."""
_SHARED: ContextVar[bool] = ContextVar("shared", default=False)


@contextmanager
def sharing_arrays() -> Iterator[None]:
    """While it lasts, arrays that are read lie in their file, where they cannot be written to:
    processes that read the same file share the memory."""
    token = _SHARED.set(True)
    try:
        yield
    finally:
        _SHARED.reset(token)


def write_tensors(
    path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write arrays, each of which begins at a multiple of 64 bytes."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end, gaps = 0, dict[str, int]()
    for name, array in arrays.items():
        header[name] = _entry(_kind(array.dtype), list(array.shape), end, array.nbytes)
        end += array.nbytes
        if gap := -end % ALIGNED:
            header[f"{GAP}{name}"] = _entry("U8", [gap], end, gap)
            gaps[name], end = gap, end + gap
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNED)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, array in arrays.items():
            file.write(np.ascontiguousarray(array).data)
            file.write(bytes(gaps.get(name, 0)))


def read_tensors(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays of a file and its metadata; raises SafetensorError for one that is none.

    An array that does not begin at a multiple of 64 bytes is copied, also where arrays are shared:
    unaligned it could round differently in BLAS.
    """
    with safe_open(path, framework="numpy") as file:
        names = [name for name in file.keys() if not name.startswith(GAP)]  # noqa: SIM118
        metadata: dict[str, str] = file.metadata()
        shared = _shared(path) if _SHARED.get() else {}
        copied = {name: file.get_tensor(name).copy() for name in names if name not in shared}
    return copied | {name: shared[name] for name in names if name in shared}, metadata


def _shared(path: Path) -> dict[str, NDArray[Any]]:
    """Those arrays that may stay where they lie; the file is open for as long as one is."""
    with path.open("rb") as file:
        begin = 8 + int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(begin - 8))
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    found: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if name == "__metadata__" or name.startswith(GAP):
            continue
        start, end = (begin + int(place) for place in entry["data_offsets"])
        if start % ALIGNED == 0 and start < end:
            dtype, shape = _dtype(entry["dtype"]), entry["shape"]
            found[name] = np.frombuffer(content, dtype, prod(shape), start).reshape(shape)
    return found


def _entry(kind: str, shape: list[int], start: int, size: int) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, start + size]}


def _kind(dtype: np.dtype[Any]) -> str:
    """What safetensors calls a type."""
    return "BOOL" if dtype.kind == "b" else f"{KINDS[dtype.kind]}{8 * dtype.itemsize}"


def _dtype(kind: str) -> np.dtype[Any]:
    return np.dtype(bool if kind == "BOOL" else f"{kind[0].lower()}{int(kind[1:]) // 8}")
