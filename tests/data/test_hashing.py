"""A hash sees every cell of every type, and nothing but content."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from metarec.contracts import DataError, hash_of
from metarec.data import generate

DIFFERENT: dict[str, tuple[Any, list[list[Any]]]] = {
    "text": (pl.String, [["a", "b"], ["a", ""], ["a", None], ["", "a"], ["a\nb", ""]]),
    "booleans": (pl.Boolean, [[True, False], [True, None], [False, True]]),
    "floats": (pl.Float64, [[0.1, 0.2], [0.1, 0.1 + 0.2 - 0.1], [0.1, None], [0.1, float("nan")]]),
    "bytes": (pl.Binary, [[b"\x00\xff", b""], [b"\x00\xff", None], [b"", b"\x00\xff"]]),
    "dates": (pl.Date, [[date(2020, 1, 1), None], [date(2020, 1, 2), None]]),
    "times": (pl.Time, [[time(1), None], [time(1, 0, 0, 1), None]]),
    "decimals": (pl.Decimal(10, 2), [[Decimal("1.00"), None], [Decimal("1.01"), None]]),
    "durations": (pl.Duration("us"), [[timedelta(seconds=1)], [timedelta(microseconds=1)]]),
    "moments": (
        pl.Datetime("us", "Europe/Berlin"),
        [[datetime(2020, 10, 25, hour, 30, tzinfo=UTC)] for hour in (0, 1)],  # 2:30 comes twice
    ),
    "categories": (pl.Categorical, [["a", "b"], ["b", "a"], ["a", None]]),
    "nothing": (pl.Null, [[None], [None, None]]),
    "lists": (
        pl.List(pl.String),
        [[[]], [[""]], [[None]], [None], [["", ""]], [["a", "b"]], [["a\x1fb"]], [["a"], ["b"]]],
    ),
    "where lists end": (pl.List(pl.Int64), [[[1], [2, 3]], [[1, 2], [3]], [[1, 2, 3], []]]),
    "lists of lists": (
        pl.List(pl.List(pl.Int64)),
        [[[[1, 2]]], [[[1], [2]]], [[[], [1, 2]]], [[None, [1, 2]]], [[]], [None]],
    ),
    "arrays": (pl.Array(pl.Float32, 2), [[[1.0, 2.0]], [[2.0, 1.0]], [[None, 1.0]], [None]]),
    "structs": (
        pl.Struct({"a": pl.String, "b": pl.String}),
        [
            [{"a": "x", "b": None}],
            [{"a": None, "b": "x"}],
            [{"a": None, "b": None}],
            [{"a": "", "b": None}],
            [None],
        ],
    ),
    "lists of structs": (
        pl.List(pl.Struct({"a": pl.List(pl.Date)})),
        [[[]], [[None]], [[{"a": None}]], [[{"a": []}]], [[{"a": [date(2020, 1, 1)]}]]],
    ),
}


@pytest.mark.parametrize(("kind", "columns"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_different_columns_have_different_hashes_and_equal_ones_equal(kind, columns) -> None:
    frames = [pl.DataFrame({"x": pl.Series(cells, dtype=kind)}) for cells in columns]
    hashes = [hash_of(frame) for frame in frames]
    assert len(set(hashes)) == len(frames)
    in_pieces = [pl.concat([f.head(1), f[1:]], rechunk=False) for f in frames]
    assert [hash_of(frame) for frame in in_pieces] == hashes


def test_the_order_and_the_names_of_columns_count() -> None:
    frame = pl.DataFrame({"a": [[1]], "b": [[2]]})
    others = [frame.select("b", "a"), frame.rename({"b": "c"}), frame.cast(pl.List(pl.Int32))]
    assert len({hash_of(f) for f in (frame, *others)}) == 4


def test_a_hash_is_the_same_on_every_machine() -> None:
    frame = pl.DataFrame({"text": ["é", None], "list": [[1.5], []], "one": [{"a": True}, None]})
    assert hash_of(frame) == GOLDEN


GOLDEN = "ed0b2aa07c6cf6dfdd8db42733513ac775bca1b6475b491d64dfc2445ba91724"


def test_python_objects_are_refused_by_the_name_of_their_column() -> None:
    with pytest.raises(DataError, match="column odd holds Python objects"):
        hash_of(pl.DataFrame({"odd": pl.Series([object()])}))


def test_a_dataset_s_hash_sees_which_items_are_offered() -> None:
    data = generate(30, 20).dataset
    retired = [
        replace(data, catalogue=data.catalogue.retire([item])) for item in data.catalogue.ids[:2]
    ]
    assert len({data.hash, *(other.hash for other in retired)}) == 3
