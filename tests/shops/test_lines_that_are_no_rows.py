"""Lines that exports write beside their rows: blank ones, titles, comments, separators at ends."""

import pytest

PLAIN = "user_id,item_id\nu,a\nv,b\n"


@pytest.mark.parametrize(
    "text",
    [
        "user_id,item_id\n\nu,a\n\n\nv,b\n\n",
        "user_id,item_id\n   \nu,a\n , \nv,b\n\t\n",
        "user_id,item_id\r\nu,a\r\nv,b\r\n\r\n\x20\r\n",
        "user_id,item_id\nu,a\nv,b",
        "user_id,item_id,\nu,a,\nv,b,\n",
        "user_id,item_id\nu,a,\nv,b,\n",
        "user_id,item_id,,\nu,a,,\nv,b,,\n",
    ],
)
def test_blank_lines_and_empty_ends_are_nothing(read, text: str) -> None:
    data = read(text)
    assert (data.hash, data.notes) == (read(PLAIN).hash, ())


def test_a_row_below_blank_lines_is_counted_as_an_editor_does(refused) -> None:
    (told,) = refused("user_id,item_id,value\n   \n\nu,a,4\nu,b,x\n")
    assert told.startswith("events.csv, row 5, column value")
    (told,) = refused("user_id,item_id\n \nu,a,\nv,b\n")
    assert told.startswith("events.csv, row 3: found 3 fields")


@pytest.mark.parametrize(
    ("above", "line"),
    [("# made by x\n# on Monday\n", 3), ("Export of 2024\n\n", 3), ("#\n\nOrders\n\n", 5)],
)
def test_lines_above_the_header_are_skipped_and_said(read, refused, above, line) -> None:
    data = read(above + PLAIN)
    first = above.split("\n")[0]
    assert (data.hash, data.notes) == (
        read(PLAIN).hash,
        (
            f"events.csv: the header is in line {line}, below lines that are no table, such as "
            f"{first!r}",
        ),
    )
    (told,) = refused(above + "user_id,item_id,value\nu,a,x\nu,b,3\n")
    assert told.startswith(f"events.csv, row {line + 1}, column value")


@pytest.mark.parametrize("rule", ["-------,-------", "=====,===", ":---,:--:"])
def test_a_line_that_rules_the_header_off_is_no_row_and_is_said(read, rule) -> None:
    data = read(f"user_id,item_id\n{rule}\nu,a\nv,b\n")
    assert [*data.user_ids] == ["u", "v"]
    assert data.notes == ("events.csv: row 2 rules the header off, which is no data",)


def test_a_table_of_one_column_has_no_lines_above(read) -> None:
    items = "item_id\n#1\n#2\n"
    assert list(read("user_id,item_id\nu,#1\n", items).catalogue.ids) == ["#1", "#2"]
    columns = read("#,user_id,item_id\n1,u,a\n2,v,b\n").interactions.columns
    assert columns == ["user", "item", "value", "#"]


@pytest.mark.parametrize(
    ("mark", "name"), [(" ", "spaces"), ("^", "carets"), ("\x01", "control characters")]
)
def test_rare_separators_are_found_where_no_usual_one_is(read, mark, name) -> None:
    data = read(PLAIN.replace(",", mark))
    assert (data.hash, data.notes) == (read(PLAIN).hash, (f"events.csv: fields between {name}",))
    assert read("user_id,item_id,a day\nu,a,1 2\nv,b,1 2\nw,c, d e\n").notes == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("196,242,3\n186,302,3\n", "if the first line is no header, write the names of"),
        ("1::1193::5\n1::661::3\n", "if the first line is no header, write the names of the"),
        ("user_id\nu\n", 'stands between the fields, say it, such as separator=";"'),
        ('"user_id,item_id"\n"u,a"\n', "the lines are quoted as a whole: write no quotes around"),
        ("user_id,item_id,item_id\nu,a,b\n", "found column 'item_id' twice"),
        ("user_id,item_id", "found a header and no rows, expected at least one row"),
        ("user_id,item_id\n\n\n", "found a header and no rows, expected at least one row"),
        ("", "found an empty file, expected rows of data"),
        ("user_id,a,b\nu,5,\n", "expected a column item_id"),
        ("user_id,item_id,qty\nu,a,1\nTotal,,3\n", "row 3, column item_id: found '', expected an"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_events_is_refused_with_the_likely_reason(refused, text, told) -> None:
    assert told in refused(text)[0]


def test_one_person_on_one_item_is_a_shop_and_a_line_break_may_be_in_a_text(read) -> None:
    data = read("user_id,item_id\nu,a\n", 'item_id,title\na,"Apple,\nthe ""red"" one"\n')
    assert (len(data.interactions), len(data.user_ids)) == (1, 1)
    assert data.catalogue.frame["title"].to_list() == ['Apple,\nthe "red" one']
