"""What is written stands whole in its place, with the mode that new files have, or not at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from metarec.contracts import DataError
from metarec.files.atomic import remove_scraps, whole_file, whole_folder
from metarec.files.file_hash import sha256_of

Whole = Callable[[Path], AbstractContextManager[Path]]


@contextmanager
def masked(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


def fill(path: Path, text: str) -> None:
    """Write the text as a file, or as the file `part` of a folder, where `path` is one."""
    (path / "part" if path.is_dir() else path).write_text(text)


def fail(path: Path, error: BaseException) -> None:
    fill(path, "half")
    raise error


def said(path: Path) -> str:
    return (path / "part" if path.is_dir() else path).read_text()


@pytest.fixture(params=[whole_file, whole_folder])
def whole(request: pytest.FixtureRequest) -> Whole:
    given: Whole = request.param
    return given


def test_the_new_one_takes_the_place_of_the_old_when_the_block_ends(whole: Whole, tmp_path) -> None:
    target = tmp_path / "deep" / "deeper" / "out"
    for text in ("old", "new"):
        with whole(target) as new:
            fill(new, text)
            assert not target.exists() or said(target) == "old"
        assert said(target) == text
    assert [path.name for path in target.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_the_old_one_and_no_scraps(
    whole: Whole, tmp_path: Path, error: BaseException
) -> None:
    with whole(tmp_path / "out") as new:
        fill(new, "old")
    with pytest.raises(type(error)), whole(tmp_path / "out") as new:
        fail(new, error)
    assert said(tmp_path / "out") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [OSError("no room"), KeyboardInterrupt()])
def test_an_old_folder_comes_back_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    with whole_folder(tmp_path / "out") as new:
        fill(new, "old")
    rename = Path.rename

    def refusing(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refusing)
    expected = DataError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected), whole_folder(tmp_path / "out") as new:
        fill(new, "new")
    with pytest.raises(expected), whole_folder(tmp_path / "other") as new:
        fill(new, "new")
    assert said(tmp_path / "out") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_every_file_and_folder_has_the_mode_of_new_ones(tmp_path: Path, mask: int) -> None:
    with masked(mask):
        with whole_folder(tmp_path / "folder") as new:
            fill(new, "x")
            (new / "part").chmod(0o400)
        with whole_file(tmp_path / "file") as new:
            new.unlink()
            os.close(os.open(new, os.O_CREAT, 0o600))
    files = [tmp_path / "folder" / "part", tmp_path / "file"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o666 & ~mask}
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o777 & ~mask


def test_what_is_written_is_on_the_disk_before_it_takes_its_place(
    whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append((tmp_path / "out").exists()))
    with whole(tmp_path / "out") as new:
        fill(new, "x")
    assert synced == [False]


def test_what_the_disk_refuses_names_the_target(whole: Whole, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file" / "out", tmp_path / ("x" * 300)):
        told = f"^{target} cannot be written: .*; make room"
        with pytest.raises(DataError, match=told), whole(target) as new:
            fill(new, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_name_may_be_as_long_as_names_can_be(whole: Whole, tmp_path: Path) -> None:
    with whole(tmp_path / ("x" * 255)) as new:
        fill(new, "x")
    assert said(tmp_path / ("x" * 255)) == "x"


def test_a_folder_goes_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    with whole_folder(tmp_path / "link") as new:
        fill(new, "x")
    assert (tmp_path / "link").is_symlink()
    assert said(tmp_path / "there") == "x"


def test_scraps_of_killed_writers_go_and_nothing_else(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.json") as new:
        new.write_text("x")
        (tmp_path / f"{new.name}2").write_text("mine")
        kept = [tmp_path / "b.unfinished", tmp_path / ".a.jso.1.unfinished"]
        for file in kept:
            file.write_text("mine")
        remove_scraps(tmp_path / "a.json")
        assert not new.exists()
        new.write_text("again")
    assert {path.name for path in tmp_path.iterdir()} >= {file.name for file in kept}
    assert sum(1 for _ in tmp_path.iterdir()) == 4


def test_the_hash_of_a_file_is_its_sha_256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2
    assert sha256_of(tmp_path / "file") == known
