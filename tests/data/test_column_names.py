"""Columns are recognised by the names that people give to them, said, and never guessed twice."""

import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.data import InvalidData, convert, load, load_csv
from metarec.data.column_names import recognise

OURS = ("user_id", "item_id", "value", "timestamp", "event", "text")


@pytest.mark.parametrize(
    "names",
    [
        "user_id item_id value timestamp event text",
        "userId movieId rating ts kind reviewText",
        "Customer-No. SKU qty order_date event_type comment",
        "member asin stars date behavior review_body",
        "visitor product score time action comments",
        "UID product_id Quantity created_at type review_text",
    ],
)
def test_the_names_that_people_use_are_ours(names: str) -> None:
    columns = names.split()
    assert recognise([*columns, "colour"]).columns == dict(zip(OURS, columns, strict=True))


def test_our_own_name_counts_before_a_synonym_and_a_telling_name_before_a_vague_one() -> None:
    found = recognise(["user_id", "customer_id", "product", "product_id", "date", "event_time"])
    assert found.columns == {
        "user_id": "user_id",
        "item_id": "product_id",
        "timestamp": "event_time",
    }
    assert "user_id" not in found.guessed


def test_two_candidates_are_no_guess() -> None:
    found = recognise(["user_id", "sku", "ean", "rating", "qty"])
    assert found.clashes == {"item_id": ["sku", "ean"], "value": ["rating", "qty"]}
    assert found.columns == {"user_id": "user_id"}


def test_items_are_known_by_the_name_that_the_events_use() -> None:
    names = ["product_id", "sku", "product"]
    assert recognise(names, "items", prefer="SKU").columns == {"item_id": "sku"}
    assert recognise(names, "items").clashes == {"item_id": ["product_id", "sku"]}
    assert recognise(["id", "title"], "items").columns == {"item_id": "id"}
    assert recognise(["id", "item"]).columns == {"item_id": "item"}


def test_a_name_that_is_not_ours_is_refused_with_ours_and_the_likely_one() -> None:
    with pytest.raises(DataError, match=r"are user_id, .*, text; did you mean value=points\?"):
        recognise(["points"], given={"rating": "points"})
    with pytest.raises(DataError, match="of items are item_id, offered"):
        recognise(["a"], "items", {"title": "a"})
    with pytest.raises(DataError, match="'a' is given as user_id and item_id"):
        recognise(["a"], given={"user_id": "a", "item_id": "a"})


def test_what_is_given_is_not_guessed_and_nothing_may_be_given() -> None:
    found = recognise(["user", "sku", "date"], given={"timestamp": None, "user_id": "sku"})
    assert found.columns == {"user_id": "sku"}
    found = recognise(["user", "sku"], given={"user_id": "uid"})
    assert found.missing == {"user_id": "uid"}


def test_a_file_is_read_by_its_own_names_and_says_so(tmp_path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("customer_no,sku,qty,colour\nc,a,2,red\nd,b,1,blue\n")
    data = load_csv(path)
    assert (data.feedback, data.interactions.columns) == (
        "implicit",
        ["user", "item", "value", "colour"],
    )
    assert data.notes == (
        "orders.csv: read customer_no as user_id, sku as item_id, "
        "qty as value (the weight of an implicit event)",
    )


def test_the_tables_of_a_folder_are_read_by_their_own_names(shop) -> None:
    data = load(
        shop({
            "interactions.csv": "userId,sku,stars\nu,a,4\n",
            "items.csv": "sku,product_id,title\na,9,Apple\n",
            "users.csv": "id,age\nu,7\n",
        })
    )  # fmt: skip
    assert (data.feedback, list(data.user_ids), list(data.catalogue.ids)) == (
        "rating",
        ["u"],
        ["a"],
    )
    assert data.users is not None
    assert data.users.columns == ["age"]


def test_two_candidates_are_one_error_with_the_way_to_choose(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,sku,ean\nu,a,b\n")
    with pytest.raises(InvalidData) as caught:
        load_csv(path)
    (problem,) = caught.value.problems
    assert str(problem) == (
        "log.csv, column item_id: found sku and ean, expected one column; "
        'say which holds it, such as columns={"item_id": "sku"}'
    )
    assert list(load_csv(path, {"item_id": "ean"}).catalogue.ids) == ["b"]


def test_a_column_with_our_name_that_is_another_thing_is_kept_and_said(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user_id,item_id,value,stars\nu,a,12,4\n")
    data = load_csv(path, {"value": "stars"})
    assert data.interactions.rows(named=True) == [
        {"user": 0, "item": 0, "value": 4.0, "value_in_file": 12}
    ]
    assert data.notes == (
        "log.csv: its own column value is kept as value_in_file (stars is read as value)",
    )


def test_a_context_that_is_no_time_stays_so_when_the_shop_is_written_and_read(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user_id,item_id,date\nu,a,spring\n")
    made = convert(path, tmp_path / "out", format="csv", mapping={"timestamp": None})
    again = load(tmp_path / "out")
    assert (again.hash, again.clock, again.notes) == (made.hash, None, made.notes)
    frame = pl.read_parquet(tmp_path / "out" / "interactions.parquet")
    frame.write_parquet(tmp_path / "out" / "interactions.parquet")  # no longer as we wrote it
    with pytest.raises(InvalidData, match=r"column date: found 'spring'"):
        load(tmp_path / "out")
