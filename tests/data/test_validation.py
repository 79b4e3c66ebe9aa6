"""Each thing that can be wrong with a shop's files is found, placed and explained."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metarec.contracts import DataError
from metarec.data import DroppedRowsWarning, InvalidData, load


def problem_of(folder: Path, **options: Any) -> InvalidData:
    with pytest.raises(InvalidData) as caught:
        load(folder, **options)
    return caught.value


def only(folder: Path) -> tuple[str, int | None, str | None, str]:
    """File, row, column and finding of the one problem that there is."""
    problems = problem_of(folder).problems
    assert len(problems) == 1, problems
    assert problems[0].expected
    assert problems[0].fix
    return problems[0].file, problems[0].row, problems[0].column, problems[0].found


def test_a_good_folder_has_no_problem(shop) -> None:
    data = load(shop())
    assert data.interactions.rows() == [(0, 0, 3.0), (0, 1, 4.0), (1, 0, 5.0)]
    assert list(data.user_ids) == ["u", "v"]
    assert data.dropped == {}


def test_a_missing_column_is_named(shop) -> None:
    folder = shop({"interactions.csv": "who,item_id,value\nu,a,3\n"})
    file, row, column, found = only(folder)
    assert (file, row, column) == ("interactions.csv", None, "user_id")
    assert "who, item_id, value" in found


def test_text_in_a_column_of_numbers_is_a_wrong_type(shop) -> None:
    folder = shop({"interactions.csv": "user_id,item_id,value\nu,a,3\nu,b,four\n"})
    assert only(folder) == ("interactions.csv", 3, "value", "'four'")


def test_a_list_in_place_of_ids_is_a_wrong_type(shop) -> None:
    folder = shop({"interactions.csv": None})
    pl.DataFrame({"user_id": [["u"]], "item_id": ["a"]}).write_parquet(
        folder / "interactions.parquet"
    )
    assert only(folder) == ("interactions.parquet", None, "user_id", "type List(String)")


def test_a_column_of_dates_is_a_clock_and_one_of_lists_is_not(shop) -> None:
    folder = shop({"interactions.csv": None})
    day = pl.Series(["2020-01-02"]).str.to_date()
    frame = pl.DataFrame({"user_id": ["u"], "item_id": ["a"], "timestamp": day})
    frame.write_parquet(folder / "interactions.parquet")
    data = load(folder)
    assert data.clock == "unix"
    assert data.interactions["timestamp"].to_list() == [1_577_923_200]
    frame.with_columns(timestamp=pl.lit([1])).write_parquet(folder / "interactions.parquet")
    assert only(folder)[2:] == ("timestamp", "type List(Int64)")


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_id_is_found_in_each_table(shop, empty: str) -> None:
    folder = shop({"interactions.csv": f"user_id,item_id,value\n{empty},a,3\n"})
    assert only(folder)[:3] == ("interactions.csv", 2, "user_id")
    folder = shop({"items.csv": f"item_id,title\na,Apple\nb,Bread\n{empty},Cheese\n"})
    (folder / "interactions.csv").write_text("user_id,item_id\nu,a\n")
    assert only(folder)[:3] == ("items.csv", 4, "item_id")


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-inf"])
def test_a_value_that_is_not_finite_is_found(shop, value: str) -> None:
    folder = shop({"interactions.csv": f"user_id,item_id,value\nu,a,3\nu,b,{value}\n"})
    assert only(folder)[:3] == ("interactions.csv", 3, "value")
    assert problem_of(folder).counts == {"NaN or infinite": 1}


def test_a_missing_value_and_one_beyond_float32_are_found(shop) -> None:
    rows = [
        {"user_id": "u", "item_id": "a", "value": None},
        {"user_id": "u", "item_id": "b", "value": 1e300},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    folder = shop({"interactions.jsonl": lines, "interactions.csv": None})
    problems = problem_of(folder).problems
    assert [(p.row, p.column, p.found) for p in problems] == [
        (1, "value", "nothing"),
        (2, "value", "1e+300"),
    ]


def test_a_number_of_an_item_that_is_not_finite_is_found(shop) -> None:
    folder = shop({"items.csv": None})
    items = pl.DataFrame({"item_id": ["a", "b"], "price": [1.0, float("nan")]})
    items.write_parquet(folder / "items.parquet")
    assert only(folder) == ("items.parquet", 2, "price", "NaN")


def test_a_weight_that_is_not_positive_is_found_for_implicit_events(shop) -> None:
    events = "user_id,item_id,value\nu,a,3\nu,b,0\n"
    folder = shop({"interactions.csv": events, "dataset.toml": 'value = "implicit"\n'})
    assert only(folder)[:3] == ("interactions.csv", 3, "value")


@pytest.mark.parametrize("time", ["-5", "1600000000000", "4102444801"])
def test_an_absurd_time_is_found_and_milliseconds_are_hinted_at(shop, time: str) -> None:
    events = f"user_id,item_id,timestamp\nu,a,1600000000\nu,b,{time}\n"
    folder = shop({"interactions.csv": events})
    assert only(folder)[:3] == ("interactions.csv", 3, "timestamp")
    assert "milliseconds" in problem_of(folder).problems[0].fix


def test_small_times_are_an_order_where_nothing_is_said(shop) -> None:
    events = "user_id,item_id,timestamp\nu,a,2\nu,b,-1\n"
    data = load(shop({"interactions.csv": events}))
    assert data.clock == "order"
    assert data.histories.items.tolist() == [1, 0]


def test_duplicate_item_and_user_ids_are_found_from_the_second_on(shop) -> None:
    folder = shop({
        "items.csv": "item_id,title\na,Apple\nb,Bread\na,Again\n",
        "users.csv": "user_id,age\nu,3\nu,4\nu,5\n",
    })  # fmt: skip
    found = [(p.file, p.row, p.column) for p in problem_of(folder).problems]
    assert found == [
        ("items.csv", 4, "item_id"),
        ("users.csv", 3, "user_id"),
        ("users.csv", 4, "user_id"),
    ]


def test_an_event_about_an_unknown_item_is_found(shop) -> None:
    folder = shop({"interactions.csv": "user_id,item_id,value\nu,a,3\nu,z,4\n"})
    assert only(folder) == ("interactions.csv", 3, "item_id", "'z'")


def test_an_event_on_an_item_whose_row_is_bad_is_no_second_problem(shop) -> None:
    items = "item_id,title,image\na,Apple,/etc/passwd\nb,Bread,\n"
    folder = shop({"items.csv": items})
    assert only(folder) == ("items.csv", 2, "image", "'/etc/passwd'")
    with pytest.warns(DroppedRowsWarning, match="2 x item left out"):
        data = load(folder, lenient=True)
    assert len(data.interactions) == 1


def test_a_user_without_a_profile_exists_with_a_profile_of_nulls(shop) -> None:
    data = load(shop({"users.csv": "user_id,age\nv,30\nw,40\n"}))
    assert list(data.user_ids) == ["v", "w", "u"]
    assert data.users is not None
    assert data.users["age"].to_list() == [30, 40, None]


class TestEncoding:
    def test_a_byte_that_is_not_utf8_is_placed(self, shop) -> None:
        items = b"item_id,title\na,Caf\xc3\xa9\nb,Caf\xe9\n"
        assert only(shop({"items.csv": items}))[:3] == ("items.csv", 3, "title")

    def test_lenient_mode_keeps_the_other_rows_as_they_were_meant(self, shop) -> None:
        items = b"item_id,title\na,Caf\xc3\xa9 \xe2\x80\x9cx\xe2\x80\x9d\nb,Caf\xe9\n"
        folder = shop({"items.csv": items, "interactions.csv": "user_id,item_id\nu,a\n"})
        with pytest.warns(DroppedRowsWarning, match="1 x wrong encoding"):
            data = load(folder, lenient=True)
        assert data.catalogue.frame["title"].to_list() == ["Café “x”"]

    def test_a_ragged_row_with_a_broken_byte_is_reported_too(self, shop) -> None:
        items = b"item_id,title\na,Caf\xe9\nb\xe9\nc,Cheese\n"
        folder = shop({"items.csv": items, "interactions.csv": "user_id,item_id\nu,a\n"})
        assert problem_of(folder).counts == {"ragged row": 1, "wrong encoding": 1}

    def test_a_header_that_is_not_utf8_is_named(self, shop) -> None:
        assert "header" in only(shop({"items.csv": b"item_id,\xe9\na,x\nb,y\n"}))[3]

    def test_a_broken_byte_in_json_lines_is_placed(self, shop) -> None:
        items = b'{"item_id":"a"}\n{"item_id":"c","t":"\xff"}\n{"item_id":"b"}\n'
        folder = shop({"items.csv": None, "items.jsonl": items})
        assert only(folder)[:2] == ("items.jsonl", 2)

    def test_a_byte_order_mark_is_no_part_of_the_header(self, shop) -> None:
        assert len(load(shop({"items.csv": b"\xef\xbb\xbfitem_id\na\nb\n"})).catalogue) == 2


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_is_named(shop, content: bytes) -> None:
    assert only(shop({"items.csv": content}))[::3] == ("items.csv", "an empty file")


def test_an_empty_parquet_file_is_named(shop) -> None:
    folder = shop({"items.csv": None, "items.parquet": b""})
    assert only(folder)[::3] == ("items.parquet", "an empty file")


def test_what_is_no_parquet_is_named(shop) -> None:
    folder = shop({"items.csv": None, "items.parquet": b"not at all"})
    assert only(folder)[0] == "items.parquet"


def test_a_header_without_rows_is_named_in_every_table_that_needs_rows(shop) -> None:
    folder = shop({"interactions.csv": "user_id,item_id\n", "items.csv": "item_id,title\n"})
    found = [(p.file, p.found) for p in problem_of(folder).problems]
    assert found == [
        ("items.csv", "a header and no rows"),
        ("interactions.csv", "a header and no rows"),
    ]


def test_ragged_rows_are_placed_by_their_line_in_the_file(shop) -> None:
    items = 'item_id,title\na,"two\nlines"\nb\n\nc,Cheese,extra\nd,Dill\n'
    folder = shop({"items.csv": items, "interactions.csv": "user_id,item_id\nu,a\nu,d\n"})
    problems = problem_of(folder).problems
    assert [(p.row, p.found) for p in problems] == [(4, "1 fields"), (6, "3 fields")]
    with pytest.warns(DroppedRowsWarning, match="2 x ragged row"):
        assert list(load(folder, lenient=True).catalogue.ids) == ["a", "d"]


def test_rows_below_a_quoted_line_break_are_placed_by_line(shop) -> None:
    items = 'item_id,title,year\na,"two\nlines",1\n\nb,Bread,x\n,Cheese,3\n'
    assert only(shop({"items.csv": items}))[:3] == ("items.csv", 6, "item_id")


def test_a_row_with_a_quoted_line_break_is_placed_by_its_first_line(shop) -> None:
    items = 'item_id,title\na,"x\ny"\n,"two\nlines"\nb,Bread\n'
    assert only(shop({"items.csv": items}))[:3] == ("items.csv", 4, "item_id")


def test_a_truncated_gzip_is_named(shop) -> None:
    whole = gzip.compress(b"item_id,title\n" + b"a,Apple\nb,Bread\n" * 100)
    folder = shop({"items.csv": None, "items.csv.gz": whole[:-20]})
    assert only(folder)[0] == "items.csv.gz"
    assert "gzip" in only(folder)[3]
    with pytest.raises(InvalidData):
        load(folder, lenient=True)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert "no such file or folder" in str(problem_of(tmp_path / "nowhere"))


def test_an_empty_folder_says_which_files_it_needs(tmp_path: Path) -> None:
    files = [problem.file for problem in problem_of(tmp_path).problems]
    assert files == ["interactions", "items"]


def test_two_files_for_one_table_are_refused(shop) -> None:
    folder = shop({"items.jsonl": '{"item_id":"a"}\n'})
    assert only(folder)[3] == "items.csv and items.jsonl"


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "/etc/passwd", "images/../../x.jpg", "C:\\x.jpg", "file:///etc/passwd"],
)
def test_a_path_that_leaves_the_folder_is_refused(shop, path: str) -> None:
    folder = shop({"items.csv": f"item_id,image\na,posters/a.jpg\nb,{path}\n"})
    assert only(folder) == ("items.csv", 3, "image", f"'{path}'")


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_not(shop, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(b"x")
    items = "item_id,image\na,inside.jpg\nb,link.jpg\nc,away/secret.jpg\nd,plain.jpg\n"
    folder = shop({"items.csv": items, "plain.jpg": b"x"})
    os.symlink(folder / "plain.jpg", folder / "inside.jpg")
    os.symlink(outside / "secret.jpg", folder / "link.jpg")
    os.symlink(outside, folder / "away")
    assert [(p.row, p.found) for p in problem_of(folder).problems] == [
        (3, "'link.jpg'"),
        (4, "'away/secret.jpg'"),
    ]


def test_broken_json_is_placed_and_blank_lines_are_skipped(shop) -> None:
    lines = '{"user_id":"u","item_id":"a"}\n\n{"user_id":\n[1]\n{"user_id":"u","item_id":"b"}\n'
    folder = shop({"interactions.csv": None, "interactions.jsonl": lines})
    assert [p.row for p in problem_of(folder).problems] == [3, 4]
    with pytest.warns(DroppedRowsWarning):
        assert len(load(folder, lenient=True).interactions) == 2


def test_a_json_column_of_mixed_kinds_is_named(shop) -> None:
    lines = '{"item_id":"a","x":[1]}\n{"item_id":"b","x":{"y":1}}\n'
    assert "mixed kinds" in only(shop({"items.csv": None, "items.jsonl": lines}))[3]


def test_a_wrong_choice_in_the_settings_is_named(shop) -> None:
    settings = 'value = "stars"\ntimestamp = 3\nname = 7\n'
    problems = problem_of(shop({"dataset.toml": settings})).problems
    assert [(p.file, p.column) for p in problems] == [
        ("dataset.toml", "value"),
        ("dataset.toml", "timestamp"),
        ("dataset.toml", "name"),
    ]
    assert "TOML" in only(shop({"dataset.toml": "value = \n"}))[3]


def test_the_former_names_of_settings_are_read_and_two_that_disagree_are_refused(shop) -> None:
    events = "user_id,item_id,value,timestamp\nu,a,3,1\nu,b,4,2\n"
    former, now = (
        'value = "implicit"\ntimestamp = "unix"\n',
        'feedback = "implicit"\nclock = "unix"\n',
    )
    shops = [
        load(shop({"interactions.csv": events, "dataset.toml": text}))
        for text in (former, now, former + now)
    ]
    assert {(s.feedback, s.clock, s.hash) for s in shops} == {("implicit", "unix", shops[0].hash)}
    problem = only(shop({"dataset.toml": 'feedback = "rating"\nvalue = "implicit"\n'}))
    assert (problem[0], problem[2]) == ("dataset.toml", "value")


def test_two_columns_of_one_name_are_refused(shop) -> None:
    assert "twice" in only(shop({"items.csv": "item_id,title,title\na,b,c\n"}))[3]


class TestRepeats:
    events = "user_id,item_id,value,timestamp\nu,a,3,20\nu,a,4,10\nu,b,5,30\n"

    def test_a_repeated_rating_needs_a_rule(self, shop) -> None:
        folder = shop({"interactions.csv": self.events})
        assert only(folder)[:3] == ("interactions.csv", 3, "item_id")
        assert "repeats" in problem_of(folder).problems[0].fix

    def test_keep_keeps_all(self, shop) -> None:
        data = load(shop({"interactions.csv": self.events}), repeats="keep")
        assert data.interactions["value"].to_list() == [3.0, 4.0, 5.0]

    def test_last_keeps_the_newest_and_counts_the_others(self, shop) -> None:
        folder = shop({"interactions.csv": self.events, "dataset.toml": 'repeats = "last"\n'})
        with pytest.warns(DroppedRowsWarning, match="1 x repeated"):
            data = load(folder)
        assert data.interactions["value"].to_list() == [3.0, 5.0]
        assert sum(data.dropped.values()) == 1

    def test_sum_adds_weights_and_counts_events_without_them(self, shop) -> None:
        settings = 'value = "implicit"\nrepeats = "sum"\n'
        folder = shop({"interactions.csv": self.events, "dataset.toml": settings})
        with pytest.warns(DroppedRowsWarning):
            assert load(folder).interactions["value"].to_list() == [7.0, 5.0]
        bare = shop({"interactions.csv": "user_id,item_id\nu,a\nu,a\nu,b\nu,a\n"})
        with pytest.warns(DroppedRowsWarning):
            assert load(bare).interactions.rows() == [(0, 1, 1.0), (0, 0, 3.0)]

    def test_a_sum_of_ratings_is_refused_whoever_asks_for_it(self, shop) -> None:
        folder = shop({"interactions.csv": self.events})
        for options in ({"repeats": "sum"}, {"repeats": "sum", "lenient": True}):
            (problem,) = problem_of(folder, **options).problems
            assert problem.found == 'repeats = "sum" on ratings'
        folder = shop({"dataset.toml": 'repeats = "sum"\n'})  # without a single repeat, too
        assert only(folder)[::3] == ("interactions.csv", 'repeats = "sum" on ratings')
        assert load(folder, repeats="keep").scale == (1.0, 5.0)

    def test_implicit_repeats_are_kept_unless_a_rule_says_otherwise(self, shop) -> None:
        folder = shop({"interactions.csv": "user_id,item_id\nu,a\nu,a\n"})
        assert len(load(folder).interactions) == 2

    def test_events_of_different_kinds_do_not_repeat_each_other(self, shop) -> None:
        events = "user_id,item_id,event\nu,a,view\nu,a,buy\n"
        data = load(shop({"interactions.csv": events}), repeats="last")
        assert data.interactions["event"].to_list() == ["view", "buy"]

    def test_an_unknown_rule_is_refused(self, shop) -> None:
        with pytest.raises(DataError, match="repeats must be one of"):
            load(shop(), repeats="first")  # type: ignore[arg-type]


class TestLenient:
    events = "user_id,item_id,value\nu,a,3\n,a,3\nu,z,3\nu,b,x\n"

    def test_the_bad_rows_are_dropped_counted_and_said(self, shop) -> None:
        with pytest.warns(DroppedRowsWarning, match='pass rejects="FILE"'):
            data = load(shop({"interactions.csv": self.events}), lenient=True)
        assert data.interactions.rows() == [(0, 0, 3.0)]
        assert data.dropped == {"empty id": 1, "wrong type": 1, "unknown item": 1}

    @pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
    def test_the_rejects_are_written_with_their_problem(self, shop, tmp_path, suffix) -> None:
        path = tmp_path / f"out/rejects.{suffix}"
        with pytest.warns(DroppedRowsWarning, match="written to"):
            load(shop({"interactions.csv": self.events}), lenient=True, rejects=path)
        reader = {"jsonl": pl.read_ndjson, "csv": pl.read_csv, "parquet": pl.read_parquet}[suffix]
        rejects = reader(path)
        assert rejects["row"].to_list() == [3, 5, 4]
        assert rejects["column"].to_list() == ["user_id", "value", "item_id"]
        assert json.loads(rejects["content"][1])["value"] == "x"

    def test_a_folder_without_problems_warns_of_nothing(self, shop) -> None:
        assert load(shop(), lenient=True).dropped == {}

    def test_a_folder_without_a_good_row_is_still_refused(self, shop) -> None:
        with pytest.raises(InvalidData, match="no row without a problem"):
            load(shop({"interactions.csv": "user_id,item_id\nu,z\n"}), lenient=True)


def test_all_problems_of_all_files_come_in_one_error(shop) -> None:
    folder = shop({
        "dataset.toml": 'repeats = "first"\n',
        "interactions.csv": "user_id,item_id,value,timestamp\nu,a,x,-7\n,b,2,1600000000\nu,c,3\n",
        "items.csv": "item_id,image\na,x.jpg\nb,../x\n,y.jpg\n",
        "users.csv": "name,age\nu,3\n",
    })  # fmt: skip
    error = problem_of(folder)
    places = [(p.file, p.row) for p in error.problems]
    assert ("dataset.toml", None) in places
    assert ("users.csv", None) in places
    assert ("interactions.csv", 4) in places
    assert ("interactions.csv", 2) in places
    assert ("interactions.csv", 3) in places
    assert ("items.csv", 3) in places
    assert ("items.csv", 4) in places
    assert "in all:" in str(error)


def test_a_long_list_shows_its_head_and_its_count(shop) -> None:
    rows = "".join(f"u,a,x{n}\n" for n in range(3000))
    error = problem_of(shop({"interactions.csv": "user_id,item_id,value\nu,b,1\n" + rows}))
    assert error.counts == {"wrong type": 3000}
    assert len(error.problems) == 1000
    assert str(error).count("'x") == 1
    assert "(and 2,999 rows more: 4, 5, 6, ...)" in str(error)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(st.one_of(st.floats(allow_nan=True), st.none()), min_size=1, max_size=8),
)
def test_exactly_the_values_that_float32_cannot_hold_are_rejected(values, tmp_path) -> None:
    folder = tmp_path / "any"
    folder.mkdir(exist_ok=True)
    n = len(values)
    items = [f"i{k}" for k in range(n)]
    frame = pl.DataFrame(
        {"user_id": ["u"] * n, "item_id": items, "value": values},
        schema_overrides={"value": pl.Float64},
    )
    frame.write_parquet(folder / "interactions.parquet")
    frame.select("item_id").write_parquet(folder / "items.parquet")
    (folder / "dataset.toml").write_text("scale = [-1e300, 1e300]")
    narrow = frame["value"].cast(pl.Float32)
    good = int((narrow.is_finite() & narrow.is_not_null()).fill_null(False).sum())
    if good == n:
        assert len(load(folder).interactions) == n
    else:
        assert sum(problem_of(folder).counts.values()) >= n - good


def test_a_shop_of_ratings_without_a_column_of_ratings_is_refused(shop) -> None:
    events = "user_id,item_id,mood\nu,a,3\nu,b,4\n"
    folder = shop({"interactions.csv": events, "dataset.toml": 'value = "rating"\n'})
    assert only(folder) == ("interactions.csv", None, "value", "no such column")


@pytest.mark.parametrize(("latest", "said"), [(99_999_999, "order"), (100_000_000, "unix")])
def test_times_that_are_all_before_1973_are_an_order(shop, latest: int, said: str) -> None:
    events = f"user_id,item_id,timestamp\nu,a,1\nu,b,{latest}\n"
    assert load(shop({"interactions.csv": events})).clock == said


@pytest.mark.parametrize(
    ("moment", "good"), [(0, True), (-1, False), (4_102_444_800, True), (4_102_444_801, False)]
)
def test_a_clock_runs_from_1970_to_the_end_of_2099(shop, moment: int, good: bool) -> None:
    folder = shop({
        "interactions.csv": f"user_id,item_id,timestamp\nu,a,{moment}\n",
        "dataset.toml": 'timestamp = "unix"\n',
    })  # fmt: skip
    if good:
        assert load(folder).interactions["timestamp"].to_list() == [moment]
    else:
        assert only(folder)[:3] == ("interactions.csv", 2, "timestamp")


def test_users_without_a_column_have_no_profiles(shop) -> None:
    data = load(shop({"users.csv": "user_id\nw\n"}))
    assert data.users is None
    assert list(data.user_ids) == ["w", "u", "v"]


def test_a_folder_that_says_it_is_a_shop_is_read_as_one(shop) -> None:
    folder = shop({
        "interactions.csv": None, "dataset.toml": 'name = "x"\n',
        "ratings.csv": "userId,movieId,rating\n1,a,3\n", "movies.csv": "movieId,title\na,A\n",
    })  # fmt: skip
    assert only(folder)[0] == "interactions"
    data = load(folder, format="movielens")
    assert data.catalogue.frame.rows() == [("A",)]
    assert [p.file for p in problem_of(folder, format="recbole").problems] == ["*.inter"]
