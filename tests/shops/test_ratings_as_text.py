"""Ratings that are no plain numbers: of so many, stars, and words for good and bad."""

import polars as pl
import pytest

from metarec.data import from_frames


def rated(*cells: str) -> str:
    rows = [f"u{row},i{row},{cell}" for row, cell in enumerate(cells)]
    return "\n".join(["user_id,item_id,rating", *rows, ""])


@pytest.mark.parametrize(
    ("cells", "values", "scale", "told"),
    [
        (("4/5", "2/5"), [4, 2], (1, 5), "ratings out of 5: '4/5' is 4"),
        (("3.5 of 5", "5 out of 5"), [3.5, 5], (0.5, 5), "ratings out of 5: '3.5 of 5' is 3.5"),
        (("2/10", "3/10", "4"), [2, 3, 4], (1, 10), "ratings out of 10: '2/10' is 2"),
        (("0/7", "7/7"), [0, 7], (0, 7), "ratings out of 7: '0/7' is 0"),
        (("★★★★☆", "★★★½☆"), [4, 3.5], (0.5, 5), "ratings out of 5: '★★★★☆' is 4"),
        (("⭐️⭐️", "⭐⭐⭐⭐⭐"), [2, 5], (1, 5), "ratings: '⭐️⭐️' is 2"),
        (("1 star", "4 Stars", "3★"), [1, 4, 3], (1, 5), "ratings: '1 star' is 1"),
        (("True", "False"), [1, 0], (0, 1), "ratings: 'True' is 1, 'False' is 0"),
        (("👍", "👎", "👍"), [1, 0, 1], (0, 1), "ratings: '👍' is 1, '👎' is 0"),
        (
            ("thumbs_down", "thumbs_up"),
            [0, 1],
            (0, 1),
            "ratings: 'thumbs_down' is 0, 'thumbs_up' is 1",
        ),
    ],
)
def test_ratings_as_people_write_them_are_read_on_the_scale_that_they_tell_and_said_once(
    read, cells, values, scale, told
) -> None:
    data = read(rated(*cells))
    assert (data.feedback, data.scale) == ("rating", scale)
    assert data.interactions["value"].to_list() == values
    (said,) = (note for note in data.notes if "ratings" in note)
    assert said.startswith(f"events.csv: column rating is read as {told}")


def test_text_in_a_frame_and_plain_numbers_are_the_same_shop(read) -> None:
    plain = read(rated("4", "1"))
    frame = {"user_id": ["u0", "u1"], "item_id": ["i0", "i1"], "rating": ["4/5", "1/5"]}
    assert from_frames(pl.DataFrame(frame), name=plain.name).hash == plain.hash


@pytest.mark.parametrize(
    ("cells", "options", "told"),
    [
        (("4/5", "8/10"), {}, "found ratings out of 5 and out of 10, expected one scale"),
        (("4/5", "3/5"), {"scale": (1, 10)}, "found ratings out of 5, as in '4/5', expected rat"),
        (("4/5", "3/5", "nice"), {}, "row 4, column rating: found 'nice', expected a number"),
        (("6/5", "3/5"), {}, "row 2, column rating: found 6.0, expected a rating on the declared"),
        (("A", "B+"), {}, "row 2, column rating: found 'A', expected a number"),
    ],
)
def test_what_is_on_no_one_scale_is_one_problem(refused, cells, options, told) -> None:
    (only,) = refused(rated(*cells), **options)
    assert told in only
