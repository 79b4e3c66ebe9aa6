"""Tables in memory are read as files are."""

import decimal
import uuid
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

import metarec as mr
from metarec.data import DroppedRowsWarning, InvalidData
from metarec.data.readers.frames import from_pandas
from metarec.data.validation.problems import Report
from metarec.recommenders import EASE

EVENTS = pl.DataFrame(
    {
        "user_id": ["ann", "ben", "ann", "cal", "ben", "cal"],
        "item_id": ["07", "7", "7", "x", "x", "07"],
        "value": [1.0, 2.0, 5.0, 4.0, 3.0, 4.0],
        "timestamp": [1_700_000_000, 1_700_000_005, 1_700_000_003, 1_600_000_000, 1, 2],
        "event": ["buy", "view", "view", "buy", "buy", "view"],
        "device": ["phone", None, "shop", "shop", "phone", "phone"],
    }
)
ITEMS = pl.DataFrame(
    {
        "item_id": ["7", "07", "x"],
        "title": ["Green tea", 'A "cup", blue', None],
        "price": [1.5, None, 12.0],
        "pieces": [1, 2, 3],
    }
)
USERS = pl.DataFrame({"user_id": ["ben", "ann"], "age": [31, 44]})
SHOP = mr.from_frames(EVENTS, ITEMS, USERS)


def files(folder: Path, write: str) -> Path:
    for name, frame in (("interactions", EVENTS), ("items", ITEMS), ("users", USERS)):
        suffix = {"csv": "csv", "ndjson": "jsonl", "parquet": "parquet"}[write]
        getattr(frame, f"write_{write}")(folder / f"{name}.{suffix}")
    return folder


@pytest.mark.parametrize("write", ["csv", "ndjson", "parquet"])
def test_a_shop_of_frames_is_the_shop_of_its_files(tmp_path: Path, write: str):
    data = mr.load(files(tmp_path, write))
    assert data.hash == SHOP.hash
    ids = [list(EASE().fit(shop).recommend(shop.histories, k=3).items[0]) for shop in (data, SHOP)]
    assert ids[0] == ids[1]


def test_lazy_frames_and_arrow_tables_give_the_same_shop():
    lazy = mr.from_frames(EVENTS.lazy(), ITEMS.lazy(), USERS.lazy())
    arrow = mr.from_frames(EVENTS.to_arrow(), ITEMS.to_arrow(), USERS.to_arrow())
    batch = mr.from_frames(EVENTS.to_arrow().to_batches()[0], ITEMS, USERS)
    assert {lazy.hash, arrow.hash, batch.hash} == {SHOP.hash}


def test_pandas_frames_of_any_index_and_kind_of_column_give_the_same_shop():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    events = pd.DataFrame(EVENTS.to_dict(as_series=False), index=[9, 9, 3, 2, 1, 0])
    items = pd.DataFrame(ITEMS.to_dict(as_series=False)).set_index("item_id")
    users = pd.DataFrame(USERS.to_dict(as_series=False))
    plain = mr.from_frames(events, items, users)
    kinds = {"user_id": object, "item_id": "category", "value": "Float64", "timestamp": "Int64"}
    other = mr.from_frames(events.astype(kinds), items, users.astype({"age": "Int64"}))
    assert plain.hash == other.hash == SHOP.hash
    lists = [EASE().fit(shop).recommend(shop.histories, k=3).items for shop in (plain, SHOP)]
    np.testing.assert_array_equal(*lists)


def test_moments_with_a_zone_are_the_same_moments_in_pandas_and_polars():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    moments = ["2024-03-31 01:30", "2024-03-31 03:30"]  # the hour between is skipped in Berlin
    table = pd.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "x"]})
    table["timestamp"] = pd.to_datetime(moments).tz_localize("Europe/Berlin")
    times = mr.from_frames(table).interactions["timestamp"]
    assert times.to_list() == [1_711_845_000, 1_711_848_600]
    zoned = pl.from_pandas(table)
    assert mr.from_frames(zoned).interactions["timestamp"].to_list() == times.to_list()


def test_pandas_content_keeps_its_kinds():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    items = pd.DataFrame(
        {
            "item_id": ["7", "07", "x"],
            "new": pd.array([True, None, False], dtype="boolean"),
            "month": pd.period_range("2024-01", periods=3, freq="M"),
            "cost": [decimal.Decimal("1.50"), None, decimal.Decimal("2.25")],
            "sparse": pd.arrays.SparseArray([0, 0, 4]),
            "tags": [["a"], ["b", "c"], None],
        }
    )
    frame = mr.from_frames(EVENTS, items).catalogue.frame
    assert frame["new"].to_list() == [True, None, False]
    assert [d.month for d in frame["month"]] == [1, 2, 3]
    assert frame.schema["cost"].is_decimal()
    assert frame["sparse"].to_list() == [0, 0, 4]
    assert frame["tags"].to_list() == [["a"], ["b", "c"], None]


def test_ids_that_pandas_made_floats_of_are_whole_again_and_the_gap_is_placed():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pd.DataFrame({"user_id": [7325.0, 12.0], "item_id": ["x", "x"]})
    assert mr.from_frames(table).user_ids.tolist() == ["7325", "12"]
    gap = pd.DataFrame({"user_id": [7325, None], "item_id": ["x", "x"]})
    with pytest.raises(InvalidData, match="the frame interactions, row 1, column user_id: found n"):
        mr.from_frames(gap)


def test_uuids_of_pandas_are_text_and_a_gap_stays_one():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    ids = [uuid.UUID(int=1), uuid.UUID(int=2)]
    events = pd.DataFrame({"user_id": ids, "item_id": ["x", "x"], "session": [None, ids[0]]})
    data = mr.from_frames(events)
    assert data.user_ids.tolist() == [str(one) for one in ids]
    assert data.histories.details["session"].to_list() == [None, str(ids[0])]


def test_a_pandas_column_of_several_kinds_is_named_with_the_rows():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pd.DataFrame({"user_id": ["a", "b", 3], "item_id": ["x", "x", "x"]})
    with pytest.raises(InvalidData, match="column user_id: found str in row 0 and int in row 2"):
        mr.from_frames(table)
    with pytest.raises(InvalidData) as alone:  # and not also as a column that is missing
        mr.from_frames(table)
    assert len(alone.value.problems) == 1
    bare = from_pandas(pd.DataFrame(index=range(3)), "the frame", Report())
    assert bare.frame.shape == (3, 0)
    table.columns = ["item_id", "item_id"]
    with pytest.raises(InvalidData, match="column item_id: found 2 columns of that name"):
        mr.from_frames(table)


def test_rows_of_frames_count_from_zero():
    wrong = EVENTS.with_columns(value=pl.Series([1.0, None, 3.0, float("inf"), 1.0, 1.0]))
    with pytest.raises(InvalidData) as told:
        mr.from_frames(wrong, ITEMS)
    assert [(p.file, p.row, p.column) for p in told.value.problems] == [
        ("the frame interactions", 1, "value"),
        ("the frame interactions", 3, "value"),
    ]


def test_bad_rows_are_left_out_on_request_and_counted_where_from_frames_is_called():
    wrong = EVENTS.with_columns(value=pl.Series([1.0, None, 3.0, 2.0, 1.0, 1.0]))
    with pytest.warns(DroppedRowsWarning, match="1 x missing number") as told:
        data = mr.from_frames(wrong, ITEMS, lenient=True)
    assert (len(data.interactions), dict(data.dropped)) == (5, {"missing number": 1})
    assert told[0].filename == __file__


def test_columns_are_mapped_in_whichever_table_they_stand():
    events = EVENTS.rename({"user_id": "customer", "item_id": "sku"})
    items, users = ITEMS.rename({"item_id": "sku"}), USERS.rename({"user_id": "customer"})
    names = {"user_id": "customer", "item_id": "sku"}
    assert mr.from_frames(events, items, users, columns=names).hash == SHOP.hash


def test_triples_are_read_as_those_of_a_folder(tmp_path: Path):
    triples = pl.DataFrame({"tail": ["tea", "07"], "head": ["7", "tea"], "relation": ["is", "of"]})
    data = mr.from_frames(EVENTS, ITEMS, USERS, triples=triples)
    assert data.triples is not None
    assert data.triples.rows() == [("7", "is", "tea"), ("tea", "of", "07")]
    triples.write_csv(files(tmp_path, "csv") / "triples.csv")
    assert mr.load(tmp_path).hash == data.hash != SHOP.hash
    bad = triples.with_columns(pl.Series("head", ["7", None]))
    with pytest.raises(InvalidData, match="triples, row 1, column head: found nothing"):
        mr.from_frames(EVENTS, ITEMS, triples=bad)


def test_what_is_said_of_the_meaning_is_kept_and_checked(tmp_path: Path):
    said = {"scale": (0, 10), "target_kinds": ["buy"], "roles": {"ignore": ["pieces"]}}
    data = mr.from_frames(EVENTS, ITEMS, **said)
    assert (data.scale, data.target_kinds) == ((0.0, 10.0), ("buy",))
    assert data.roles == {"ignore": ("pieces",)}
    assert data.hash != mr.from_frames(EVENTS, ITEMS).hash
    with pytest.raises(mr.DataError, match="no event of the kinds steal"):
        mr.from_frames(EVENTS, ITEMS, target_kinds=["steal"])
    with pytest.raises(mr.DataError, match="clock must be one of"):
        mr.from_frames(EVENTS, ITEMS, clock="sundial")


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"rating": "value"}, "'rating' is none of ours; they are: user_id, item_id, value"),
        ({"value": "stars"}, "value is 'stars', which no table has; they have interactions: user"),
    ],
)
def test_a_wrong_mapping_is_an_error_that_names_what_there_is(columns: dict[str, str], told: str):
    with pytest.raises(mr.DataError, match=told):
        mr.from_frames(EVENTS, ITEMS, columns=columns)


@pytest.mark.parametrize("given", [{"user_id": ["a"]}, [("a", "x")], "events.csv", EVENTS["value"]])
def test_what_is_no_table_is_refused_with_the_kinds_that_are(given: object):
    with pytest.raises(mr.DataError, match="interactions must be a Polars DataFrame or LazyFrame"):
        mr.from_frames(given)


def test_a_lazy_frame_that_fails_says_which():
    with pytest.raises(mr.DataError, match="the lazy frame interactions could not be collected"):
        mr.from_frames(EVENTS.lazy().select("nowhere"))


MATRIX = sp.coo_matrix(([3.0, 1.0, 2.0, 1.0], ([0, 1, 0, 1], [0, 1, 0, 2])), shape=(2, 3))


def test_a_sparse_matrix_is_read_cell_by_cell_with_its_ids():
    ids = {"user_ids": ["ann", "ben"], "item_ids": np.array([7, 8, 9])}
    data = mr.from_frames(MATRIX, feedback="implicit", **ids)
    told = [(u, i, v) for u, i, v in data.interactions.select("user", "item", "value").iter_rows()]
    assert told == [(0, 0, 5.0), (1, 1, 1.0), (1, 2, 1.0)]  # the cell stored twice is summed
    assert (data.user_ids.tolist(), list(data.catalogue.ids)) == (["ann", "ben"], ["7", "8", "9"])
    ones = mr.from_frames(sp.csr_array(MATRIX != 0).astype(int), **ids)
    assert ones.feedback == "implicit"


def test_a_stored_zero_is_a_rating_but_no_implicit_event():
    matrix = sp.csr_matrix(([0.0, 2.0], ([0, 0], [0, 1])), shape=(1, 2))
    ids = {"user_ids": ["ann"], "item_ids": ["x", "y"]}
    assert len(mr.from_frames(matrix, feedback="rating", **ids).interactions) == 2
    with pytest.warns(DroppedRowsWarning, match="1 x stored zero of the matrix"):
        assert len(mr.from_frames(matrix, feedback="implicit", **ids).interactions) == 1


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ({}, "a matrix needs user_ids="),
        ({"user_ids": ["a", "b"]}, "a matrix needs item_ids="),
        ({"user_ids": ["a"], "item_ids": "xyz"}, "user_ids must be the ids of the matrix's 2 rows"),
        ({"user_ids": "ab", "item_ids": "xyx"}, "'x' stands in them twice"),
        ({"user_ids": [1.5, 2.0], "item_ids": "xyz"}, "text or whole numbers, got 1.5"),
        ({"user_ids": "ab", "item_ids": "xyz"}, "pass feedback='rating' if they are ratings"),
    ],
)
def test_a_matrix_that_does_not_say_what_it_is_is_refused(ids: dict[str, object], told: str):
    with pytest.raises(mr.DataError, match=told):
        mr.from_frames(MATRIX, **ids)


def test_the_id_that_stands_twice_is_named():
    with pytest.raises(mr.DataError, match="must be distinct, and 'b' stands in them twice"):
        mr.from_frames(sp.csr_matrix(np.eye(3)), user_ids=list("abb"), item_ids=list("xyz"))


def test_ids_without_a_matrix_are_refused():
    with pytest.raises(mr.DataError, match="go with a SciPy sparse matrix"):
        mr.from_frames(EVENTS, user_ids=["a"])
