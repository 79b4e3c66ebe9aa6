"""What is below a second stays: in the order of a history and on its clock."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metarec.data import InvalidData, load, save

START = datetime(2024, 3, 31, 0, 59, 59)  # summer time begins in Berlin one second later
STEPS = {"ms": 1_000_000, "us": 1000, "ns": 1}
"""The smallest step of each unit in nanoseconds."""


def written(folder: Path, times: pl.Series) -> Path:
    """A shop whose one user touches i0, i1, ... at the times given."""
    items = [f"i{place}" for place in range(len(times))]
    frame = pl.DataFrame({"user_id": ["u"] * len(times), "item_id": items, "timestamp": times})
    frame.write_parquet(folder / "interactions.parquet")
    frame.select("item_id").write_parquet(folder / "items.parquet")
    return folder


def backwards(unit: str, zone: str | None = None, n: int = 5) -> pl.Series:
    """Times one smallest step apart, the newest first."""
    base = pl.Series([START]).cast(pl.Datetime("ns")).to_physical()[0]
    steps = pl.Series([base + (n - 1 - place) * STEPS[unit] for place in range(n)])
    utc = steps.cast(pl.Datetime("ns", "UTC")).cast(pl.Datetime(unit, "UTC"))  # type: ignore[arg-type]
    return utc.dt.convert_time_zone(zone) if zone else utc.dt.replace_time_zone(None)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("unit", STEPS)
def test_the_smallest_step_of_each_unit_orders_a_history(tmp_path, unit, zone) -> None:
    data = load(written(tmp_path, backwards(unit, zone)))
    assert [event.item for event in data.histories.events(0)] == ["i4", "i3", "i2", "i1", "i0"]
    times = data.histories.times
    first = (START - datetime(1970, 1, 1)) // timedelta(seconds=1)
    expected = first + np.arange(5) * STEPS[unit] * 1e-9
    assert np.abs(times - expected).max() < 2.5e-7
    assert data.clock == "unix"
    save(data, tmp_path / "again")
    again = load(tmp_path / "again")
    assert again.hash == data.hash
    assert again.histories.items.tolist() == data.histories.items.tolist()


def test_whole_seconds_stay_whole_numbers_whatever_the_unit(tmp_path: Path) -> None:
    for unit in STEPS:
        times = pl.Series([START, START - timedelta(days=30_000)]).cast(pl.Datetime(unit))  # type: ignore[arg-type]
        with pytest.raises(InvalidData, match="row 2, column timestamp"):  # before 1970
            load(written(tmp_path, times))
        seconds = load(written(tmp_path, times.head(1))).interactions["timestamp"]
        assert seconds.dtype == pl.Int64
        assert seconds.to_list() == [1_711_846_799]
    days = load(written(tmp_path, pl.Series([date(2020, 1, 2)]))).interactions["timestamp"]
    assert days.to_list() == [1_577_923_200]


def test_a_problem_keeps_its_row_where_rows_were_put_in_order(tmp_path: Path) -> None:
    column = pl.concat([pl.Series([None], dtype=pl.Datetime("ns")), backwards("ns")[1:]])
    with pytest.raises(InvalidData) as caught:
        load(written(tmp_path, column))
    assert [(p.row, p.column) for p in caught.value.problems] == [(1, "timestamp")]


@pytest.mark.parametrize(("first", "second"), [("1711846799.25", "1711846799.2"), ("7.5", "7.25")])
def test_fractions_in_text_order_a_history(shop, first: str, second: str) -> None:
    events = f"user_id,item_id,timestamp\nu,a,{first}\nu,b,{second}\n"
    data = load(shop({"interactions.csv": events}))
    assert [event.item for event in data.histories.events(0)] == ["b", "a"]
    assert data.interactions["timestamp"].to_list() == [float(first), float(second)]


def test_milliseconds_of_amazon_order_a_history(tmp_path: Path) -> None:
    lines = "".join(
        f'{{"user_id":"u","parent_asin":"{item}","rating":5,"timestamp":1588687728{ms}}}\n'
        for item, ms in (("B1", 923), ("B2", 922))
    )
    (tmp_path / "All_Beauty.jsonl").write_text(lines)
    history = load(tmp_path).histories
    assert [(event.item, event.t) for event in history.events(0)] == [
        ("B2", 1588687728.922),
        ("B1", 1588687728.923),
    ]


def test_the_last_of_repeats_is_told_below_a_second(tmp_path: Path) -> None:
    times = backwards("ns", n=2)
    frame = pl.DataFrame(
        {"user_id": ["u", "u"], "item_id": ["a", "a"], "value": [5, 1], "timestamp": times}
    )
    frame.write_parquet(tmp_path / "interactions.parquet")
    pl.DataFrame({"item_id": ["a"]}).write_parquet(tmp_path / "items.parquet")
    with pytest.warns(UserWarning, match="1 x repeated"):
        data = load(tmp_path, repeats="last")
    assert data.interactions["value"].to_list() == [5.0]


@pytest.mark.parametrize("column", ["value", "timestamp"])
def test_moments_are_no_ratings_and_a_number_beyond_all_clocks_is_placed(tmp_path, column) -> None:
    folder = written(tmp_path, pl.Series([7]))
    frame = pl.read_parquet(folder / "interactions.parquet")
    odd = {"value": backwards("us", n=1), "timestamp": pl.Series([2**64 - 1], dtype=pl.UInt64)}
    frame.with_columns(odd[column].alias(column)).write_parquet(folder / "interactions.parquet")
    with pytest.raises(InvalidData) as caught:
        load(folder)
    assert [p.column for p in caught.value.problems] == [column]
