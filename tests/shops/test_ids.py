"""Ids that tools have changed on the way are put right where that is sure, and named once."""

import pandas as pd
import polars as pl
import pytest

from metarec.data import DroppedRowsWarning, InvalidData, from_frames, load, save

ITEMS = "item_id,title\n00123,A\n00045,B\n"


def test_spaces_around_ids_go_and_are_said(read) -> None:
    data = read("user_id,item_id\n u,a\nu ,b\nu,c\n", "item_id,title\na,A\nb ,B\nc,C\n")
    assert (list(data.user_ids), list(data.catalogue.ids)) == (["u"], ["a", "b", "c"])
    assert data.notes == (
        "items.csv: spaces around 1 id of item_id go, as in 'b '",
        "events.csv: spaces around 2 ids of user_id go, as in ' u'",
    )


def test_numbers_that_became_floats_are_the_numbers(read) -> None:
    data = read("user_id,item_id\n7325.0,1.0\n7325,2.0\n", "item_id\n1\n2\n")
    assert (list(data.user_ids), list(data.catalogue.ids)) == (["7325"], ["1", "2"])
    assert data.notes[0] == ("events.csv: the .0 of 1 id of user_id goes: '7325.0' is '7325'")
    later = read("user_id,item_id\n7,a\n12.0,b\n")
    assert later.notes == ("events.csv: the .0 of 1 id of user_id goes: '12.0' is '12'",)
    versions = read("user_id,item_id\nu,1.0\nu,1.1\n")
    assert list(versions.catalogue.ids) == ["1.0", "1.1"]


def test_zeros_lost_in_one_of_two_files_are_found_again(read) -> None:
    rows = "".join(f"u{n},123\n" for n in range(50))
    data = read("user_id,item_id\nv,45\n" + rows, ITEMS)
    assert data.item_counts.tolist() == [50, 1]
    assert data.notes == (
        "events.csv: 51 rows of item_id differ from items.csv in zeros at the start and are taken "
        "for the same: '45' is '00045'",
    )
    data = read("user_id,item_id\nu,0123\n", "item_id,title\n123,A\n", "user_id,age\n00u,3\n")
    assert list(data.catalogue.ids) == ["123"]


def test_zeros_that_tell_items_apart_are_not_touched(refused) -> None:
    items = "item_id\n0123\n123\n45\n"
    (told,) = refused("user_id,item_id\nu,00123\nu,45\nv,00123\n", items)
    assert told.startswith("events.csv, row 2, column item_id: found '00123'")
    assert told.endswith("(and 1 row more: 4)")


def test_profiles_are_found_by_ids_that_lost_their_zeros(read) -> None:
    data = read("user_id,item_id\n7,a\n", users="user_id,age\n007,30\n")
    assert data.users is not None
    assert (list(data.user_ids), data.users["age"].to_list()) == (["007"], [30])


def test_an_event_on_an_item_whose_row_is_wrong_is_no_fault_of_its_own(refused) -> None:
    items = "Item No.,image\na,a.jpg\nb,/etc/passwd\n"
    (told,) = refused("user_id,item_id\nu,a\nu,b\n", items)
    assert told.startswith("items.csv, row 3, column image: found '/etc/passwd'")
    broken = b"Item No.,title\na,A\nb,\xff\n"
    assert len(refused("user_id,item_id\nu,a\nu,b\n", broken)) == 1


@pytest.mark.parametrize("word", ["NA", "null", "nan", "None", "N/A", "-", "<NA>", "\\N"])
def test_a_word_for_no_id_is_no_id(read, refused, word: str) -> None:
    events = f"customer,item_id\n{word},a\nu,b\n{word},b\nu,{word}\n"
    user, item = refused(events)
    assert user == (
        f"events.csv, row 2, column customer: found '{word}', expected an id; to leave these "
        "rows out, pass lenient=True; if it is an id, list it in a table of users "
        "(and 1 row more: 4)"
    )
    assert item.startswith("events.csv, row 5, column item_id: found")
    with pytest.warns(DroppedRowsWarning, match="3 x a word for no id"):
        assert len(read(events, lenient=True).interactions) == 1
    frame = pl.read_csv(events.encode())
    with pytest.raises(InvalidData, match=r"row 0, column customer: found .*table of users"):
        from_frames(frame)


def test_a_word_that_a_table_lists_is_an_id_and_so_are_names_that_resemble_one(read) -> None:
    data = read("user_id,item_id\nNA,-\nu,b\n", "item_id\n-\nb\n", "user_id\nNA\nu\n")
    assert data.interactions["user"].to_list() == [0, 1]
    assert data.notes == (
        "items.csv: '-' of item_id is taken for an id as any other",
        "users.csv: 'NA' of user_id is taken for an id as any other",
    )
    assert list(read("user_id,item_id\nNan,none\n").user_ids) == ["Nan"]


def test_ids_that_differ_in_case_or_accents_from_the_listed_ones_are_those(read, refused) -> None:
    items = "item_id\nABC-1\nCafé\n"
    data = read("user_id,item_id\nu,abc-1\nu,Cafe\u0301\nu,ABC-1\n", items)
    assert data.item_counts.tolist() == [2, 1]
    assert data.notes == (
        "events.csv: 2 rows of item_id differ from items.csv in case or accents and are taken for "
        "the same: 'abc-1' is 'ABC-1'",
    )
    (told,) = refused("user_id,item_id\nu,AB\n", "item_id\nab\nAb\n")
    assert "found 'AB', expected an id of the items file" in told


def test_people_whose_ids_differ_in_case_alone_stay_two(read) -> None:
    data = read("user_id,item_id\nAnn,a\nann,b\nBEN,a\n", users="user_id,age\nAnn,3\nben,4\n")
    assert list(data.user_ids) == ["Ann", "ben", "ann"]


def test_ids_that_differ_in_case_alone_are_named(read, tmp_path) -> None:
    data = read("user_id,item_id\nAnn@x.org,café\nann@x.org,b\nben,cafe\u0301\n")
    assert data.notes == (
        "events.csv: 2 ids of item_id differ from others in case or accents alone, as 'café' and "
        "'cafe\u0301', and count apart",
        "events.csv: 2 ids of user_id differ from others in case or accents alone, as 'Ann@x.org' "
        "and 'ann@x.org', and count apart",
    )
    save(data, tmp_path / "saved")
    assert len(load(tmp_path / "saved").notes) == 2


def test_marks_that_nobody_sees_are_no_part_of_an_id(read) -> None:
    data = read("user_id,item_id\nu,a\u200b\nv,a\n")
    assert [*data.catalogue.ids] == ["a"]
    assert data.notes == ("events.csv: marks of no width in ids of item_id go",)


def test_profiles_of_nobody_are_named(read) -> None:
    data = read("user_id,item_id\nu,a\n", users="user_id,age\n7,30\n8,40\n")
    assert data.notes == (
        "users.csv: none of its 2 ids, such as '7', has an event; those of events.csv look like "
        "'u'",
    )


def test_text_as_a_spreadsheet_marks_it_is_that_text(read) -> None:
    items = 'sku,isbn\n="00123","=""0441"""\n="00124",9\n'
    data = read('user_id,sku\n7,="00123"\n8,="00124"\n', items)
    assert [*data.catalogue.ids] == ["00123", "00124"]
    assert data.catalogue.frame["isbn"].to_list() == ["0441", "9"]
    assert 'events.csv: ="00123" of sku is read as 00123, which a spreadsheet means' in data.notes
    assert any(note.startswith('items.csv: ="00123" of sku and isbn is') for note in data.notes)


def test_ids_that_a_spreadsheet_has_rounded_are_named(read) -> None:
    (told,) = read("user_id,item_id\n1.23457E+12,a\n1.23457E+12,b\n8e5,c\n").notes
    assert told == (
        "events.csv: 2 ids of user_id such as '1.23457E+12' are numbers that a spreadsheet has "
        "rounded, so that several may have become one; export the column as text"
    )


def test_ids_of_any_script_and_length_are_ids(read, tmp_path) -> None:
    names = ["👟", "👩‍👩‍👧", "Žluťoučký kůň", "ไทย", "a" * 100_000, "a, b", 'a "b"']
    rows = "".join(f'"{name.replace(chr(34), chr(34) * 2)}",a\n' for name in names)
    data = read("user_id,item_id\n" + rows)
    assert list(data.user_ids) == names
    save(data, tmp_path / "saved")
    assert load(tmp_path / "saved").hash == data.hash


def test_numbers_and_texts_may_be_ids_of_one_column(read) -> None:
    assert list(read("user_id,item_id\n1,a\n1.5,b\nx,c\n").user_ids) == ["1", "1.5", "x"]
    mixed = pd.DataFrame({"user_id": [1, "x"], "item_id": ["a", "b"]})
    with pytest.raises(InvalidData, match=r"column user_id: found int in row 0 and str in row 1"):
        from_frames(mixed)


def test_an_id_with_a_nul_is_named_with_its_row(refused) -> None:
    (told,) = refused("user_id,item_id\nu,a\nu\0,b\n")
    assert told.startswith(
        r"events.csv, row 3, column user_id: found 'u\0', expected text; export the file anew"
    )
    frame = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["a\0b", "a"]})
    with pytest.raises(InvalidData, match=r"column item_id: found 'a\\0b', expected text"):
        from_frames(frame)
