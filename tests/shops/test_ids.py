"""Ids that tools have changed on the way are put right where that is sure, and named once."""

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
