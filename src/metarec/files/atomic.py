"""Files and folders that appear whole or not at all, with the modes that new ones have here."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from metarec.files.disk import writing

SCRAP = ".unfinished"
"""How the name of a file ends that is still being written, or whose writer was killed."""


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A new file to fill, which takes the place of `path` when the block ends without an error.

    Missing folders above it are made. What the disk refuses is a `DataError` that names `path`.
    """
    target = Path(path)
    new = target.with_name(f"{_beginning(target)}{uuid4().hex[:12]}{SCRAP}")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            new.touch()
            mode = new.stat().st_mode
            yield new
            _settle(new, mode)
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """A new folder to fill with files, which takes the place of `path` as `whole_file` does.

    An older folder goes when the new one stands, and comes back where that fails: whether it may
    be replaced is for the caller to ask.
    """
    target = Path(os.path.realpath(path))  # where a link leads, and "." by its name
    with writing(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=_beginning(target)) as scratch:
            new, old, probe = (Path(scratch) / name for name in ("new", "old", "probe"))
            new.mkdir()
            probe.touch()
            yield new
            for file in new.iterdir():
                _settle(file, probe.stat().st_mode)
            _swap(new, target, old)


def remove_scraps(path: Path) -> None:
    """Remove what killed writers of `path` left beside it; for one who keeps others from it."""
    for scrap in path.parent.iterdir():
        if scrap.name.startswith(_beginning(path)) and scrap.name.endswith(SCRAP):
            scrap.unlink(missing_ok=True)


def _beginning(target: Path) -> str:
    return f".{target.name[:20]}."  # not the whole name: that may be as long as names can be


def _settle(file: Path, mode: int) -> None:
    """Give the file its mode (some writers make private ones) and wait until it is on the disk."""
    file.chmod(mode)
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _swap(new: Path, target: Path, old: Path) -> None:
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
