"""Where two columns may be the same of ours, what was taken, what was not, and how to choose."""

import polars as pl
import pytest

from metarec.data import from_frames, load


@pytest.mark.parametrize(
    ("header", "taken", "left", "ours"),
    [
        ("customer_no,member,sku", "customer_no", "member", "user_id"),
        ("user_id,sku,product", "sku", "product", "item_id"),
        ("user_id,item_id,date,created_at", "created_at", "date", "timestamp"),
        ("user_id,item_id,activity,event_type", "event_type", "activity", "event"),
    ],
)
def test_the_column_that_was_not_taken_is_named(read, header, taken, left, ours) -> None:
    row = ",".join("2024-01-02" for _ in header.split(","))
    notes = read(f"{header}\n{row}\n").notes
    assert (
        f"events.csv: {taken} is {ours} and {left} not, which may be wrong; say which holds it, "
        f'such as columns={{"{ours}": "{left}"}}'
    ) in notes
    assert not any(
        "may be wrong" in n for n in read(f"{header}\n{row}\n", columns={ours: left}).notes
    )


def test_items_of_a_folder_and_of_a_frame_have_their_own_words(tmp_path) -> None:
    (tmp_path / "interactions.csv").write_text("customer_id,customer,item_id\nu,ann,a\n")
    (tmp_path / "items.csv").write_text("item_id\na\n")
    told = "customer_id is user_id and customer not, which may be wrong; "
    assert (
        load(tmp_path)
        .notes[1]
        .endswith(told + "rename the column that holds it to user_id, such as customer")
    )
    frame = pl.read_csv(tmp_path / "interactions.csv")
    assert told + "say which holds it, such as columns=" in from_frames(frame).notes[1]


def test_the_ids_that_the_events_name_are_sure_and_so_are_our_own_names(read) -> None:
    for events in ("user_id,sku\nu,1\n", "user_id,item_id,date_of_birth\nu,1,x\n"):
        ids = events.split(",")[1].split("\n")[0]
        notes = read(events, f"{ids},product,id\n1,Tea,7\n").notes
        assert not any("may be wrong" in note for note in notes)
