"""What the disk refuses, and what is no shop at all, is one error that names the place."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metarec.contracts import DataError
from metarec.data import (
    InvalidData,
    generate,
    generate_to,
    load,
    load_csv,
    save,
    split_scenarios,
)
from metarec.recommenders import Popularity

EVENTS = "user_id,item_id\nu,m\n"


class TestReading:
    @pytest.mark.parametrize("name", [".", "log.csv"])
    def test_a_folder_in_place_of_a_file_is_named(self, tmp_path: Path, monkeypatch, name) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "log.csv").mkdir()
        with pytest.raises(InvalidData, match=rf"{name}: found a folder, expected a file"):
            load_csv(name)
        (tmp_path / "events.csv").write_text(EVENTS)
        with pytest.raises(InvalidData, match=rf"{name}: found a folder, expected a file"):
            load_csv("events.csv", items=name)

    def test_a_missing_path_is_named_for_each_file(self, tmp_path: Path) -> None:
        (tmp_path / "events.csv").write_text(EVENTS)
        with pytest.raises(InvalidData, match=r"no-items.csv: found no such file"):
            load_csv(tmp_path / "events.csv", items=tmp_path / "no-items.csv")
        for odd in ("nowhere", "a\0b", "x" * 5000):
            for reader in (load, load_csv):
                with pytest.raises(DataError, match=r"no such file|File name too long"):
                    reader(tmp_path / odd)

    def test_a_saved_model_is_no_shop(self, tmp_path: Path) -> None:
        Popularity().fit(generate(20, 10).dataset).save(tmp_path / "model")
        with pytest.raises(DataError, match=r"holds a saved model .* and no shop"):
            load(tmp_path / "model")

    def test_a_shop_with_another_card_is_no_model(self, shop) -> None:
        assert len(load(shop({"config.json": "{}"})).catalogue) == 3

    @pytest.mark.parametrize("name", ["utf8-oops", "latin-l", "base64", "", "a\0"])
    def test_an_encoding_that_there_is_not_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "log.csv").write_text(EVENTS)
        with pytest.raises(
            DataError, match="encoding must be one that Python knows, such as utf-8"
        ):
            load_csv(tmp_path / "log.csv", encoding=name)

    @pytest.mark.parametrize("name", ["UTF8", "utf_8", "U8", "utf-8-sig", "utf-16", "cp1252"])
    def test_an_encoding_may_be_spelt_in_any_way(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "log.csv").write_bytes("user_id,item_id\nü,m\n".encode(name))
        assert list(load_csv(tmp_path / "log.csv", encoding=name).user_ids) == ["ü"]

    @pytest.mark.parametrize("name", ["ascii", "utf-16", "shift_jis"])
    def test_bytes_of_another_encoding_name_the_file(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "log.csv").write_bytes(b"user_id,item_id\n\xfc\xff\xff,m")
        with pytest.raises(InvalidData, match=r"log.csv: found bytes that are not"):
            load_csv(tmp_path / "log.csv", encoding=name)

    @pytest.mark.parametrize("separator", ["", "::", "→", '"', "\n", "\0"])
    def test_a_separator_that_cannot_separate_is_refused(self, tmp_path, separator: str) -> None:
        (tmp_path / "log.csv").write_text(EVENTS)
        with pytest.raises(DataError, match="separator must be one character"):
            load_csv(tmp_path / "log.csv", separator=separator)

    @pytest.mark.parametrize(
        "name", ["interactions.csv", "items.csv", "items.parquet", "items.jsonl", "dataset.toml"]
    )
    def test_a_file_that_cannot_be_read_is_named(self, shop, name: str) -> None:
        stem = name.split(".")[0]
        folder = shop({f"{stem}.csv": None})
        (folder / name).mkdir()
        with pytest.raises(InvalidData, match=rf"{name}: found "):
            load(folder)

    @pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails")
    def test_a_file_that_fails_while_it_is_read_is_named(self, shop, tmp_path: Path) -> None:
        folder = shop({"items.csv": None})
        (folder / "items.csv").symlink_to("/proc/self/mem")
        with pytest.raises(InvalidData, match=r"items.csv: found Input/output error"):
            load(folder)

    @pytest.mark.parametrize("content", [None, b"no Parquet"])
    def test_a_table_of_scenarios_that_cannot_be_read_is_named(self, tmp_path, content) -> None:
        data, path = generate(20, 10).dataset, tmp_path / "scenarios.parquet"
        if content:
            path.write_bytes(content)
        with pytest.raises(DataError, match=r"scenarios.parquet (cannot be read|is no Parquet)"):
            split_scenarios(data, path)


FULL = """
import resource, sys
from metarec.contracts import DataError
from metarec.data import generate, generate_to, load, save
limit = int(sys.argv[1])
shop = generate(60, 30).dataset
if sys.argv[3] == "again":
    save(generate(20, 10).dataset, sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    if sys.argv[3] == "generate":
        generate_to(sys.argv[2])
    else:
        save(shop, sys.argv[2], overwrite=True)
except DataError as error:
    print(error)
"""


class TestWriting:
    @pytest.mark.parametrize(
        ("verb", "limit"),
        [
            ("save", 1500),
            *(
                pytest.param(*case, marks=pytest.mark.slow)
                for case in (
                    ("save", 10),
                    ("again", 10),
                    ("again", 1500),
                    ("generate", 10),
                    ("generate", 1500),
                )
            ),
        ],
    )
    def test_a_full_disk_is_one_error_and_leaves_nothing_half(self, tmp_path, verb, limit) -> None:
        target = tmp_path / "out"
        done = subprocess.run(
            [sys.executable, "-c", FULL, str(limit), str(target), verb],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        assert done.stdout.startswith(f"{target} cannot be written: ")
        assert "make room" in done.stdout
        assert done.stdout.count("\n") == 1
        assert [path.name for path in tmp_path.iterdir()] == (["out"] if verb == "again" else [])
        if verb == "again":
            assert len(load(target).user_ids) == 20

    @pytest.mark.parametrize(
        "write", [lambda path: save(generate(20, 10).dataset, path), generate_to]
    )
    def test_a_place_that_cannot_hold_a_folder_is_named(
        self, tmp_path: Path, write: Callable[[Path], Any]
    ) -> None:
        (tmp_path / "file").write_text("mine")
        for place in (tmp_path / "file" / "out", Path("/proc/metarec/out"), tmp_path / ("x" * 300)):
            with pytest.raises(DataError, match=r"cannot be written: .*make room"):
                write(place)
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def test_rejects_and_draws_that_cannot_be_written_are_named(self, shop, tmp_path) -> None:
        folder = shop({"interactions.csv": "user_id,item_id,value\nu,a,3\nu,b,x\n"})
        for suffix in ("jsonl", "csv", "parquet"):
            path = folder / "items.csv" / f"rejects.{suffix}"
            with pytest.raises(DataError, match=rf"rejects.{suffix} cannot be written"):
                load(folder, lenient=True, rejects=path)

    @pytest.mark.parametrize(
        "name", ["a shop 🛒", "متجر", "a\tb", "del \x7f and \x1f", 'quo"te \\ and\nline', "ü"]
    )
    def test_any_name_is_read_back(self, tmp_path: Path, name: str) -> None:
        save(replace(generate(20, 10).dataset, name=name, licence=name), tmp_path / "out")
        again = load(tmp_path / "out")
        assert (again.name, again.licence) == (name, name)
