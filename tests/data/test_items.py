"""A table of items alone is checked as that of a shop, and read in the words of known items."""

import warnings
from pathlib import Path

import polars as pl
import pytest

import metarec as mr
from metarec.contracts import AlikeItemWarning
from metarec.data import DroppedRowsWarning, InvalidData
from metarec.data.items import Items, items_of, read_items, under_known_ids
from metarec.data.save import save

KNOWN = mr.Catalogue.of(
    pl.DataFrame(
        {
            "item_id": ["007", "b", "c"],
            "size": ["38", "M", None],
            "price": [1.5, None, 2.0],
            "colour": pl.Series(["red", "blue", "red"], dtype=pl.Categorical),
        }
    )
)


def columns(items: Items) -> dict[str, list[object]]:
    return items.frame.to_dict(as_series=False)


def test_what_is_read_already_is_taken_as_it_is() -> None:
    items = Items(pl.DataFrame({"item_id": [1]}))
    assert items_of(items, KNOWN) is items


def test_known_items_decide_what_is_text_and_what_a_number() -> None:
    given = pl.DataFrame(
        {
            "sku": ["b", "d"],
            "size": ["1,5", "2,5"],
            "price": ["7", None],
            "colour": ["1,5", "2,5"],
            "weight": ["1,5", "2,5"],
            "offered": ["no", "yes"],
        }
    )
    read = items_of(given, KNOWN)
    text, numbers = ["1,5", "2,5"], [1.5, 2.5]
    found = {"item_id": ["b", "d"], "price": [7.0, None], "offered": [False, True]}
    found |= {"size": text, "colour": text, "weight": numbers}
    assert columns(read) == found
    assert any("read sku as item_id" in note for note in read.notes)
    alone = columns(items_of(given))
    assert alone == found | {"size": numbers, "colour": numbers, "price": ["7", None]}


def test_a_word_where_known_items_have_numbers_is_refused_and_nothing_is_missing() -> None:
    given = pl.DataFrame({"item_id": ["a", "b", "c"], "price": ["1.5", "soon", "n/a"]})
    with pytest.raises(InvalidData) as error:
        items_of(given, KNOWN)
    (problem,) = str(error.value).splitlines()[1:] or [str(error.value)]
    assert "row 1, column price" in problem
    assert "'soon'" in problem
    assert "a number, as the model has it" in problem
    assert columns(items_of(given.filter(pl.col("price") != "soon"), KNOWN))["price"] == [1.5, None]


def test_ids_in_another_form_are_those_of_known_items_unless_all_are_new() -> None:
    given = pl.DataFrame({"item_id": [7, 8], "gone": [None, None]})
    read = items_of(given, KNOWN)
    assert columns(read) == {"item_id": ["007", "8"], "gone": [None, None]}
    assert any("'7' is '007'" in note for note in read.notes)
    told = r"'7' is unknown, and the catalogue has '007'.*update_items"
    with pytest.warns(AlikeItemWarning, match=told):
        assert columns(items_of(given, KNOWN, new=True))["item_id"] == ["7", "8"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        items_of(pl.DataFrame({"item_id": ["007", "x"]}), KNOWN, new=True)
        assert columns(items_of(given))["item_id"] == ["7", "8"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"price": [1.0]}, "item_id"),
        ({"item_id": ["a", None]}, "row 1"),
        ({"item_id": ["a"], "price": [float("inf")]}, "column price"),
        ({"item_id": ["a"], "offered": ["perhaps"]}, "column offered"),
    ],
)
def test_what_is_wrong_with_items_is_told_as_of_a_shop(given: dict, told: str) -> None:
    with pytest.raises(InvalidData, match=told):
        items_of(pl.DataFrame(given))


def test_a_row_that_repeats_another_is_left_out_and_said() -> None:
    given = pl.DataFrame({"item_id": ["a", "b", "a"], "price": [1.0, 2.0, 1.0]})
    with pytest.warns(DroppedRowsWarning, match="1 x row of the frame items that repeats another"):
        assert columns(items_of(given)) == {"item_id": ["a", "b"], "price": [1.0, 2.0]}


def test_items_of_a_file_and_of_a_shop_are_those_of_the_table(tmp_path: Path) -> None:
    text = "article;price;name\n7;1,5;caf\xe9\nb;2;tee\n"
    (tmp_path / "items.csv").write_bytes(text.encode("latin-1"))
    file = tmp_path / "items.csv"
    options = {"encoding": "latin-1", "separator": ";", "columns": {"item_id": "article"}}
    read = read_items(file, KNOWN, **options)
    assert columns(read) == {"item_id": ["007", "b"], "price": [1.5, 2.0], "name": ["café", "tee"]}
    with pytest.warns(AlikeItemWarning):
        assert columns(read_items(file, KNOWN, new=True, **options))["item_id"] == ["7", "b"]
    with pytest.raises(InvalidData, match=r"nothing\.csv"):
        read_items(tmp_path / "nothing.csv")
    with pytest.raises(InvalidData, match='encoding="cp1252"'):
        read_items(file, KNOWN)

    shop = mr.from_frames(
        pl.DataFrame({"user_id": ["u", "u"], "item_id": ["a", "b"]}),
        pl.DataFrame({"item_id": ["a", "b"], "offered": [True, False], "name": ["x", "y"]}),
    )
    save(shop, tmp_path / "shop")
    found = columns(read_items(tmp_path / "shop", KNOWN))
    assert (found["item_id"], found["offered"], found["name"]) == (
        ["a", "b"],
        [True, False],
        ["x", "y"],
    )


def shop_of(ids: list[str]) -> mr.Dataset:
    return mr.from_frames(pl.DataFrame({"user_id": ["u"] * len(ids), "item_id": ids}))


def test_a_shop_is_put_under_the_ids_of_known_items() -> None:
    shop = shop_of(["7", "x", "B"])
    found = under_known_ids(shop, KNOWN, "events.csv")
    assert found.catalogue.ids.tolist() == ["007", "x", "b"]
    told = [note for note in found.notes if note not in shop.notes]
    assert [note.split(": ")[0] for note in told] == ["events.csv", "events.csv"]
    assert told[0].endswith("'7' is '007'")
    assert told[1].endswith("'B' is 'b'")
    assert found.interactions.equals(shop.interactions)
    same = shop_of(["007", "x"])
    assert under_known_ids(same, KNOWN, "events.csv") is same
    both = shop_of(["7", "007"])  # two items here, which would be one there
    assert under_known_ids(both, KNOWN, "events.csv") is both
