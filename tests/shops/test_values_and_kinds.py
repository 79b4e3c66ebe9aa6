"""What ratings, amounts and kinds of events mean is told, and what they cannot mean refused."""

import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.contracts.wording import shell_words
from metarec.data import DroppedRowsWarning, InvalidData, from_frames, load, save

RATED = "user_id,item_id,rating\nu,a,0\nu,b,5\nv,a,3\n"


def test_zeros_widen_the_scale_to_the_smallest_that_holds_them_and_are_said(read) -> None:
    data = read(RATED)
    assert data.scale == (0, 5)
    assert data.notes[-1] == (
        "events.csv: 1 of 3 ratings are 0, so that the scale is 0 to 5; if a 0 means that there "
        "is no rating, pass scale=[1.0, 5.0] and, to leave these rows out, pass lenient=True"
    )
    with pytest.warns(DroppedRowsWarning, match="1 x outside the scale"):
        data = read(RATED, scale=[1.0, 5.0], lenient=True)
    assert (data.scale, len(data.interactions)) == ((1, 5), 2)
    with shell_words():
        assert (
            "pass --scale 1,5 and, to leave these rows out, pass --lenient" in read(RATED).notes[-1]
        )


def test_ten_stars_with_zeros_are_one_scale_and_thumbs_are_no_zeros(read) -> None:
    assert read(RATED.replace("5", "10")).scale == (0, 10)
    thumbs = read("user_id,item_id,rating\nu,a,0\nu,b,1\n")
    assert (thumbs.scale, len(thumbs.notes)) == ((0, 1), 1)


def test_less_than_nothing_may_be_a_return_and_nothing_is_no_event(refused) -> None:
    back, none = refused("user_id,item_id,qty\nu,a,-1\nu,b,2\nu,c,0\n")
    assert back == (
        "events.csv, row 2, column qty: found -1, expected a weight above 0; if it is a return, "
        "write its amount above 0 with the kind return in a column event, and pass "
        'negative_kinds=["return"]; else remove the row'
    )
    assert none.endswith("found 0, expected a weight above 0; remove the row, since an event of no "
    "weight is none")  # fmt: skip


def test_spaces_around_kinds_go_and_kinds_that_differ_in_case_are_said(read) -> None:
    kinds = "user_id,item_id,event\nu,a,Buy \nu,b,Buy\nv,a,buy\nv,b, \n"
    data = read(kinds, target_kinds=["Buy"])
    assert data.kind_names == ("Buy", "buy")
    assert data.interactions["event"].null_count() == 1
    assert data.notes == (
        "events.csv: spaces around 2 kinds of event go, as in 'Buy '",
        "events.csv: 'Buy' and 'buy' of event are kinds of their own, though alike",
    )


def test_spellings_of_each_kind_are_told_apart_from_those_of_others(read) -> None:
    kinds = "user_id,item_id,event\nu,a,Buy\nu,b,buy\nv,a,VIEW\nv,b,view\nv,a,like\n"
    assert read(kinds).notes[-2:] == (
        "events.csv: 'Buy' and 'buy' of event are kinds of their own, though alike",
        "events.csv: 'VIEW' and 'view' of event are kinds of their own, though alike",
    )


def test_spaces_that_a_shop_was_saved_with_stay(read, tmp_path) -> None:
    data = read("user_id,item_id,event\nu,a,Buy\n")
    spaced = data.interactions.with_columns(event=pl.lit(" Buy"))
    data = type(data)(
        "x", data.feedback, data.clock, data.catalogue, data.user_ids, spaced
    )  # fmt: skip
    save(data, tmp_path / "saved")
    assert load(tmp_path / "saved").hash == data.hash


EVENTS = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["a", "b"], "rating": [1.0, 1197.0]})
ITEMS = pl.DataFrame({"item_id": ["a", "b"], "price": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, 'pass feedback="implicit" for counts or weights, or pass scale=[1.0, 1197.0] for a'),
        ({"scale": (1, 5)}, "mend the rating, or widen scale=[1.0, 5.0]"),
        (
            {"feedback": "implicit", "scale": (1, 5)},
            'the call, column scale: found a scale of implicit events, expected one of ratings; '
            'remove scale, or pass feedback="rating"',
        ),
        (
            {"scale": (0, 2000), "roles": {"number": ["prize"]}},
            "the call, column roles: found no column 'prize' of items, which is said to be number, "
            'expected a column that is there; pass roles={"number": ["price"]}; the columns are',
        ),
        ({"scale": (0, 2000), "repeats": "sum"}, 'pass repeats="last" (or "keep")'),
    ],
)  # fmt: skip
def test_errors_of_frames_speak_of_what_the_call_can_say(options, told: str) -> None:
    with pytest.raises(InvalidData) as caught:
        from_frames(EVENTS, ITEMS, **options)
    assert told in str(caught.value)
    assert "dataset.toml" not in str(caught.value)


def test_kinds_are_called_as_they_are_written_where_they_are_told(read, refused, tmp_path) -> None:
    events, kinds = "user_id,item_id,event\nu,a,buy\n", {"target_kinds": ["view"]}
    assert "expected events of the target_kinds; name" in refused(events, **kinds)[0]
    with shell_words():
        assert "expected events of the --target-kinds; name" in refused(events, **kinds)[0]
        with pytest.raises(DataError, match="--target-kinds must name each kind once"):
            read(events, target_kinds=["buy", "buy"])
        save(read(events), tmp_path / "shop")
        with (tmp_path / "shop" / "dataset.toml").open("a") as file:
            file.write('target_kinds = ["view"]\n')
        with pytest.raises(InvalidData, match="expected events of the target_kinds; name"):
            load(tmp_path / "shop")


def test_dates_and_vectors_are_roles_that_a_folder_can_name(read, tmp_path) -> None:
    save(read("user_id,item_id\nu,a\n", "item_id,since,seen\na,1999,1\n"), tmp_path / "shop")
    with (tmp_path / "shop" / "dataset.toml").open("a") as file:
        file.write('[items]\ndate = ["since"]\nvector = ["seen"]\n')
    assert load(tmp_path / "shop").roles == {"date": ("since",), "vector": ("seen",)}
    with pytest.raises(DataError, match="date, vector, image, audio, ignore"):
        from_frames(EVENTS, ITEMS, scale=(0, 2000), roles={"moment": ["price"]})
