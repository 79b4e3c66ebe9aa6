"""The folder of a run's checkpoints: one file, written whole, and a lock while a fit is in it.

Only what bears our mark is ever read, written over or removed.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from metarec.contracts import DataError
from metarec.files.atomic import remove_scraps, whole_file

FORMAT = "metarec-checkpoint 2"
CHECKPOINT = "checkpoint.safetensors"
LOCK = ".checkpoint.lock"
Arrays = Mapping[str, NDArray[Any]]


def write_checkpoint(folder: Path, record: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a checkpoint, whole or not at all."""
    kept = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    with whole_file(folder / CHECKPOINT) as new:
        save_file(kept, new, {"format": FORMAT, "record": json.dumps(record)})


def read_checkpoint(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
    """The record and arrays of the folder's checkpoint, None where there is none."""
    file = folder / CHECKPOINT
    if not file.exists():
        return None
    try:
        with safe_open(file, framework="numpy") as opened:
            marks = opened.metadata() or {}
            arrays = {name: opened.get_tensor(name).copy() for name in opened.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise DataError(
            f"{file} cannot be read ({error}): it was cut short or damaged; delete it to start "
            "again, or choose another folder"
        ) from error
    if marks.get("format") != FORMAT:
        raise DataError(
            f"{file} is not a checkpoint of this version of metarec; choose another folder"
        )
    return json.loads(marks["record"]), arrays


@contextmanager
def locked(folder: Path | None) -> Iterator[None]:
    """The folder for one fit alone; the lock ends with the process, however that ends."""
    if folder is None:
        yield
        return
    made = not folder.exists()
    if not made and not folder.is_dir():
        raise DataError(f"{folder} is a file; checkpoints need a folder")
    handle = _lock(folder)
    try:
        remove_scraps(folder / CHECKPOINT)
        yield
    finally:
        (folder / LOCK).unlink(missing_ok=True)
        os.close(handle)
        if made:
            with suppress(OSError):  # there is a checkpoint in it
                folder.rmdir()


def _lock(folder: Path) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise DataError(
                f"another fit is running in {folder}; wait until it ends, or choose another folder"
            ) from error
        if _is_still(folder / LOCK, handle):
            return handle
        os.close(handle)  # who held it before has removed this file: lock the new one


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def remove_checkpoint(folder: Path) -> None:
    """Remove our checkpoint, and the folder if nothing else is in it."""
    if not folder.is_dir():
        return
    with (
        suppress(DataError),
        locked(folder),
    ):  # what another fit uses or wrote is not ours: it stays
        if read_checkpoint(folder) is not None:
            (folder / CHECKPOINT).unlink()
    with suppress(OSError):
        folder.rmdir()
