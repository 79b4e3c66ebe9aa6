"""Numbers are read as people write them, one way a column, and what is none is named."""

import polars as pl
import pytest

from metarec.contracts import Catalogue, Dataset
from metarec.data import load, save
from metarec.data.validation.content_types import as_people_write
from metarec.encoders.roles import ColumnRoles

EVENTS = "user_id,item_id\nu,1\n"


def items(column: list[str], header: str = "price", separator: str = ";") -> str:
    rows = (f'{n}{separator}"{cell}"' for n, cell in enumerate(column, 1))
    return "\n".join([f"item_id{separator}{header}", *rows]) + "\n"


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["12,99 €", "3,00 €"], [12.99, 3.0]),
        (["$12.50", "$1,250"], [12.5, 1250.0]),
        (["1.234,56", "7"], [1234.56, 7.0]),
        (["1,234.56", "7.5"], [1234.56, 7.5]),
        (["EUR 5,5", "1 234,5 EUR"], [5.5, 1234.5]),
        (["-€5,00", "€ 2,50"], [-5.0, 2.5]),
        (["12,- €", "2,50 €"], [12.0, 2.5]),
        (["12.–", "2.50"], [12.0, 2.5]),
        (["Fr. 5.--", "Fr. 1'200.50"], [5.0, 1200.5]),
        (["12 %", "7,5%"], [12.0, 7.5]),
        (["−5", "3.5"], [-5.0, 3.5]),
    ],
)
def test_prices_are_numbers_and_how_they_were_read_is_said(read, cells, numbers) -> None:
    data = read(EVENTS, items(cells))
    assert data.catalogue.frame["price"].to_list() == numbers
    (told,) = [note for note in data.notes if "price" in note]
    assert told == f"items.csv: column price is read as numbers: {cells[0]!r} is {numbers[0]:g}"


def test_a_lone_comma_is_a_decimal_where_semicolons_separate_and_thousands_elsewhere(read) -> None:
    for separator, number in ((";", 1.234), (",", 1234.0)):
        data = read(EVENTS, items(["1,234", "2,500"], separator=separator))
        assert data.catalogue.frame["price"][0] == number


@pytest.mark.parametrize(
    ("cells", "number", "asked"),
    [
        (["1.234", "2.500"], 1.234, True),
        (["1.234", "999"], 1.234, True),
        (["1.234", "2,50"], 1234.0, False),
        (["1.234", "0.567"], 1.234, False),
        (["1.234", "2.5"], 1.234, False),
        (["1.234", "2500"], 1.234, False),
    ],
)
@pytest.mark.parametrize("of", ["price", "weight"])
def test_a_point_that_may_part_thousands_is_told_by_the_column_or_named(
    read, cells, number, asked, of
) -> None:
    if of == "price":
        data = read(EVENTS, items(cells))
        first = data.catalogue.frame["price"][0]
    else:
        data = read("user_id;item_id;qty\n" + "".join(f"u;1;{cell}\n" for cell in cells))
        first = data.interactions["value"][0]
    assert first == pytest.approx(number)
    told = "is read with decimal points: '1.234' is 1.234; write 1234 if the point parts thousands"
    assert any(note.endswith(told) for note in data.notes) == asked


@pytest.mark.parametrize(
    ("cells", "asked"),
    [(["1.101", "20.120"], True), (["1.101", "2.5"], False), (["1.101", "2500"], False)],
)
def test_such_a_point_is_named_where_commas_separate_fields_too(read, cells, asked: bool) -> None:
    data = read(EVENTS, items(cells, separator=","))
    assert data.catalogue.frame["price"][0] == 1.101
    told = "'1.101' is 1.101; write 1101 if the point parts thousands"
    assert any(note.endswith(told) for note in data.notes) == asked


@pytest.mark.parametrize("separator", [",", ";"])
def test_prices_with_both_decimal_marks_stay_text_and_the_first_in_the_way_is_named(
    read, separator: str
) -> None:
    cells = ["1,299.00 $", "12.99", "1.299,00 €", "12,99", "call us"]
    data = read(EVENTS, items(cells, separator=separator))
    assert data.catalogue.frame.schema["price"] == pl.String
    cell, row = ("1.299,00 €", 4) if separator == "," else ("1,299.00 $", 2)
    assert data.notes[-1] == (
        "items.csv: column price stays text: 4 of 5 are numbers, and decimals are marked by points "
        f"and by commas, as in {cell!r} (row {row}); write all one way"
    )


@pytest.mark.parametrize(
    ("cells", "units"),
    [
        (["$12.50", "2.50 €", "$3"], "$ and €"),
        (["12 EUR", "3 CHF", "1 kr"], "EUR, CHF and kr"),
        (["12 %", "0,5"], "% and no unit"),
        (["12 EUR", "2 €"], None),
        (["12 €", "2,5"], None),
    ],
)
def test_several_currencies_in_a_column_are_named(read, cells, units: str | None) -> None:
    notes = [note for note in read(EVENTS, items(cells)).notes if "numbers of" in note]
    assert notes == [] if units is None else notes == [
        f"items.csv: column price holds numbers of {units}, which are read side by side as they "
        "stand; bring them to one, or part the column"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "cells",
    [
        ["192.168.100.200", "10.0.100.100"],
        ["555 123 456", "555 123 457"],
        ["007", "010"],
        ["1,5 l", "0,7 l"],
        ["1, 2, 3", "4, 5"],
        ["12-14", "3-5"],
        ["18446744073709551616", "18446744073709551617"],
        ["2103807459595387724", "0.5"],
        ["", ""],
    ],
)
def test_what_only_resembles_numbers_stays_text(read, cells) -> None:
    assert read(EVENTS, items(cells)).catalogue.frame.schema["price"] == pl.String


def test_long_numbers_that_fit_are_whole_in_every_format_and_the_encoder_tells_them_apart(
    read,
) -> None:
    long = [2103807459595387724, 2103807459595387725]
    content = read(EVENTS, items([*map(str, long)])).catalogue.frame["price"]
    assert (content.dtype, content.to_list()) == (pl.Int64, long)
    column = pl.Series("price", [*long, *long])
    role = ColumnRoles.fit(column.to_frame()).of["price"]
    assert (role.uses, role.reason) == (("category",), "2 keys, too long for numbers")


def test_a_column_is_written_by_people_where_half_of_its_cells_are_numbers() -> None:
    cells = [["$5", "a"], ["$5", "a", "b"], ["5", "6"], ["a", "b"], []]
    found = [as_people_write(pl.Series(column, dtype=pl.String)) for column in cells]
    assert found == [True, False, False, False, False]


def test_words_for_a_lack_among_numbers_are_missing_and_said(read) -> None:
    data = read(EVENTS, items([*map(str, range(95)), "N/A"]))
    assert data.catalogue.frame["price"].to_list() == [*range(95), None]
    assert data.notes[-1] == (
        "items.csv: column price: 95 of 96 are numbers, and 'N/A' is taken as missing"
    )


def test_one_word_among_numbers_is_named_and_the_column_stays_text(read) -> None:
    data = read(EVENTS, items([*map(str, range(95)), "call us"]))
    assert data.catalogue.frame.schema["price"] == pl.String
    assert data.notes[-1] == (
        "items.csv: column price stays text: 95 of 96 are numbers, and 'call us' (row 97) is none"
    )


def test_values_may_have_decimal_commas_and_what_is_none_is_told_once(read, refused) -> None:
    data = read("user_id;item_id;value\nu;1;4,5\nu;2;3\n")
    assert data.interactions["value"].to_list() == [4.5, 3.0]
    assert data.notes[-1] == "events.csv: column value is read as numbers: '4,5' is 4.5"
    rows = "".join(f"u;{n};n/a\n" for n in range(2486))
    (told,) = refused("user_id;item_id;value\nv;1;4,5\n" + rows)
    assert told.startswith("events.csv, row 3, column value: found 'n/a', expected a number")
    assert told.endswith("(and 2,485 rows more: 4, 5, 6, ...)")


def test_prices_are_the_same_numbers_in_every_format_and_stay_when_written(tmp_path) -> None:
    frame = pl.DataFrame({
        "item_id": ["1", "2"], "price": ["12,99 €", "3,00 €"], "size": ["40", "41"],
        "title": ["Shoe, red", "Hat"],
    })  # fmt: skip
    for suffix, write in (("jsonl", frame.write_ndjson), ("parquet", frame.write_parquet)):
        folder = tmp_path / suffix
        folder.mkdir()
        write(folder / f"items.{suffix}")
        (folder / "interactions.csv").write_text(EVENTS)
        data = load(folder)
        assert data.catalogue.frame["price"].to_list() == [12.99, 3.0]
        assert data.catalogue.frame["size"].to_list() == ["40", "41"]
        save(data, tmp_path / f"{suffix} again")
        assert load(tmp_path / f"{suffix} again").hash == data.hash
    texts = pl.DataFrame({"item_id": ["1"], "price": ["12,99 €"]})
    made = Dataset(
        name="by hand",
        feedback="implicit",
        clock=None,
        catalogue=Catalogue.of(texts),
        user_ids=data.user_ids,
        interactions=data.interactions,
    )
    save(made, tmp_path / "by hand")
    assert load(tmp_path / "by hand").hash == made.hash
