"""The disk cache of vectors."""

import multiprocessing
import threading
from pathlib import Path

import numpy as np
import pytest

from metarec.contracts import DataError
from metarec.encoders import VectorCache, cache_folder


def test_what_was_put_is_found_bit_for_bit_and_nothing_else(tmp_path: Path):
    cache = VectorCache(tmp_path / "v.sqlite", "model")
    assert cache.get(["a"]) == {}
    assert not cache.path.exists()
    assert VectorCache(tmp_path / "nowhere" / "v.sqlite", "model").get(["a"]) == {}
    vectors = np.random.default_rng(0).standard_normal((2, 5)).astype(np.float32)
    cache.put(["a", "b"], vectors)
    found = cache.get(["b", "c", "a"])
    assert set(found) == {"a", "b"}
    np.testing.assert_array_equal([found["a"], found["b"]], vectors)


def test_a_vector_of_another_model_is_never_taken(tmp_path: Path):
    VectorCache(tmp_path / "v.sqlite", "one").put(["a"], np.ones((1, 2), np.float32))
    assert VectorCache(tmp_path / "v.sqlite", "other").get(["a"]) == {}


def test_more_texts_than_a_query_can_name_are_all_found(tmp_path: Path):
    cache = VectorCache(tmp_path / "v.sqlite", "model")
    texts = [f"text {i}" for i in range(1203)]
    cache.put(texts, np.arange(1203, dtype=np.float32)[:, None])
    found = cache.get(texts)
    assert [float(found[text][0]) for text in texts] == list(range(1203))


def put_many(path: Path, name: str) -> None:
    cache = VectorCache(path, "model")
    for i in range(20):
        cache.put([f"{name} {i}"], np.full((1, 3), i, np.float32))


def test_several_writers_lose_nothing(tmp_path: Path):
    path = tmp_path / "v.sqlite"
    writers = [threading.Thread(target=put_many, args=(path, str(w))) for w in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    texts = [f"{w} {i}" for w in range(4) for i in range(20)]
    assert set(VectorCache(path, "model").get(texts)) == set(texts)


@pytest.mark.slow
def test_several_processes_lose_nothing(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    path = tmp_path / "v.sqlite"
    writers = [context.Process(target=put_many, args=(path, str(w))) for w in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    texts = [f"{w} {i}" for w in range(2) for i in range(20)]
    assert set(VectorCache(path, "model").get(texts)) == set(texts)


def test_a_file_that_is_no_cache_is_an_error_that_says_what_to_do(tmp_path: Path):
    path = tmp_path / "v.sqlite"
    path.write_bytes(b"this is not a database, and it is long enough to tell" * 20)
    for use in (
        lambda: VectorCache(path, "m").get(["a"]),
        lambda: VectorCache(path, "m").put(["a"], np.ones((1, 2), np.float32)),
    ):
        with pytest.raises(DataError, match=r"v\.sqlite cannot be used .*delete it"):
            use()


def test_a_cache_that_cannot_be_made_is_an_error_that_says_what_to_do(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="set METAREC_CACHE"):
        VectorCache(tmp_path / "file" / "v.sqlite", "m").put(["a"], np.ones((1, 2), np.float32))


def test_the_cache_lies_where_the_environment_says(monkeypatch, tmp_path: Path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("METAREC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "metarec"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "metarec"
