"""What is saved is what is loaded, whole or not at all; names can be hidden on the way."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metarec.contracts import Catalogue, DataError, Dataset, vocabulary_of
from metarec.data import load, pseudonymise, pseudonymise_folder, save
from metarec.data.pseudonymise import pseudonyms
from metarec.data.save import write_tables

KEY = "a key of sixteen bytes or more"


def small(**changes: object) -> Dataset:
    data = Dataset(
        name='A "corner" shop\n',
        feedback="rating",
        clock="unix",
        catalogue=Catalogue.of(
            pl.DataFrame({"item_id": ["a", "b"], "tags": [["x", "y"], None], "year": [1, None]})
        ),
        user_ids=vocabulary_of(["v", "u", "idle"]),
        interactions=pl.DataFrame(
            {"user": [1, 0], "item": [0, 1], "value": [3.0, 4.5], "timestamp": [10**9, 10**9 + 1]},
            schema_overrides={"value": pl.Float32},
        ),
        edges=pl.DataFrame({"user_id": ["u"], "other_id": ["stranger"], "kind": ["friend"]}),
        licence="CC0",
    )
    return replace(data, **changes)


def test_a_saved_dataset_loads_with_the_same_hash_and_settings(tmp_path: Path) -> None:
    data = small()
    save(data, tmp_path / "out")
    again = load(tmp_path / "out")
    assert again.hash == data.hash
    assert (again.name, again.licence, again.clock) == (data.name, "CC0", "unix")
    assert list(again.user_ids) == ["v", "u", "idle"]


def test_profiles_retired_items_and_triples_survive(tmp_path: Path) -> None:
    data = small(
        users=pl.DataFrame({"age": [1, None, 3]}),
        catalogue=small().catalogue.retire(["a"]),
        triples=pl.DataFrame({"head": ["a"], "relation": ["with"], "tail": ["b"]}),
    )
    save(data, tmp_path / "out")
    again = load(tmp_path / "out")
    assert again.hash == data.hash
    assert again.catalogue.offered.tolist() == [False, True]
    assert again.catalogue.hash == data.catalogue.hash


def test_the_hash_sees_every_part_and_not_the_name() -> None:
    data = small()
    assert small(name="other", licence="").hash == data.hash
    changed = [
        small(feedback="implicit"),
        small(user_ids=vocabulary_of(["v", "u", "other"])),
        small(edges=None),
        small(interactions=data.interactions.with_columns(value=pl.lit(1.0, pl.Float32))),
        small(interactions=data.interactions.reverse()),
    ]
    assert len({data.hash, *(other.hash for other in changed)}) == 6


def test_reading_a_table_does_not_change_the_catalogue() -> None:
    catalogue = small().catalogue
    assert catalogue.table.columns == catalogue.table.columns
    assert "item_id" not in catalogue.frame.columns


def test_nothing_is_left_behind_when_writing_fails(tmp_path: Path) -> None:
    frame = small().interactions.with_columns(odd=pl.Series([object(), object()]))
    with pytest.raises(BaseException):  # noqa: B017 - whatever Polars raises for an object column
        save(small(interactions=frame), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_replaced_only_on_request_and_only_if_it_is_ours(tmp_path: Path) -> None:
    save(small(), tmp_path / "out")
    with pytest.raises(DataError, match="overwrite"):
        save(small(), tmp_path / "out")
    save(small(edges=None), tmp_path / "out", overwrite=True)
    assert load(tmp_path / "out").edges is None
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="thesis"):
        save(small(), tmp_path / "out", overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(DataError, match="is a file"):
        save(small(), tmp_path / "out", overwrite=True)


cells = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=5))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    titles=st.lists(cells, min_size=1, max_size=5),
    numbers=st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=5, max_size=5),
    events=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=6),
)
def test_any_content_survives_saving(titles, numbers, events, tmp_path: Path) -> None:
    n = len(titles)
    items = pl.DataFrame(
        {"item_id": [f"i{k}" for k in range(n)], "title": titles, "number": numbers[:n]},
        schema_overrides={"title": pl.String, "number": pl.Int64},
    )
    data = Dataset(
        name="any",
        feedback="implicit",
        clock=None,
        catalogue=Catalogue.of(items),
        user_ids=vocabulary_of(["x", "y", "z"]),
        interactions=pl.DataFrame(
            {"user": [u for u, _ in events], "item": [i % n for _, i in events]},
            schema={"user": pl.Int64, "item": pl.Int64},
        ).with_columns(value=pl.lit(1.0, pl.Float32)),
    )
    save(data, tmp_path / "out", overwrite=True)
    assert load(tmp_path / "out").hash == data.hash


class TestPseudonyms:
    def test_names_change_everywhere_and_nothing_else_does(self) -> None:
        data = small()
        hidden = pseudonymise(data, KEY)
        assert hidden.edges is not None
        assert not set(data.user_ids) & set(hidden.user_ids)
        assert hidden.edges["user_id"][0] == hidden.user_ids[1]
        assert hidden.edges["other_id"][0] not in ("stranger", *hidden.user_ids)
        assert hidden.edges["kind"].to_list() == ["friend"]
        assert hidden.interactions.equals(data.interactions)

    def test_the_same_key_gives_the_same_names_and_another_key_others(self) -> None:
        first, again = pseudonymise(small(), KEY), pseudonymise(small(), KEY.encode())
        other = pseudonymise(small(), KEY + "!")
        assert first.hash == again.hash
        assert not set(first.user_ids) & set(other.user_ids)

    @pytest.mark.parametrize("key", ["", "short", "x" * 65])
    def test_a_key_that_can_be_guessed_or_used_not_at_all_is_refused(self, key: str) -> None:
        with pytest.raises(DataError, match="bytes"):
            pseudonymise(small(), key)

    def test_a_folder_can_be_hidden_in_one_step(self, tmp_path: Path) -> None:
        save(small(), tmp_path / "named")
        pseudonymise_folder(tmp_path / "named", tmp_path / "hidden", KEY)
        assert load(tmp_path / "hidden").hash == pseudonymise(small(), KEY).hash
        content = (tmp_path / "hidden" / "edges.parquet").read_bytes()
        assert b"stranger" not in content


def test_a_dataset_without_its_columns_is_refused() -> None:
    with pytest.raises(DataError, match="value"):
        small(interactions=pl.DataFrame({"user": [0], "item": [0]}))


def test_histories_and_rows_agree(shop) -> None:
    data = small()
    rows = data.interactions[data.order]
    assert np.array_equal(rows["item"].to_numpy(), data.histories.items)
    assert np.array_equal(rows["user"].to_numpy(), data.histories.rows)


def test_a_pseudonym_is_a_keyed_hash_of_the_id() -> None:
    assert pseudonyms(["u", "v"], b"k" * 16) == [
        hashlib.blake2b(name, key=b"k" * 16, digest_size=16).hexdigest() for name in (b"u", b"v")
    ]
    for length in (16, 64):  # the shortest and the longest key that will do
        assert len(pseudonymise(small(), "k" * length).user_ids[0]) == 32
    with pytest.raises(DataError, match="16 to 64 bytes, got 15"):
        pseudonymise(small(), "k" * 15)


def test_ids_are_text_where_there_are_none(tmp_path: Path) -> None:
    nobody = small(
        user_ids=vocabulary_of([]), interactions=small().interactions.clear(), edges=None
    )
    write_tables(nobody, tmp_path)
    for name, columns in (("users", ["user_id"]), ("interactions", ["user_id", "item_id"])):
        schema = pl.read_parquet_schema(tmp_path / f"{name}.parquet")
        assert [schema[column] for column in columns] == [pl.String] * len(columns)
