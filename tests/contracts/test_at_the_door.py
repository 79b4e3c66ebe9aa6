"""What values may be, said in one place for each: the borders, and the number or name at fault."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError, Dataset, vocabulary_of
from metarec.contracts.dataset_checks import check_events, check_user_ids, is_text, refuse
from metarec.contracts.errors import whole_number
from metarec.contracts.hashing import hash_of
from metarec.contracts.item_changes import ItemChanges
from metarec.contracts.meaning import (
    check_kinds,
    check_scale,
    recognised_scale,
    scale_of,
    trouble_with_kinds,
    unscaled,
)
from metarec.contracts.offered import offered_mask
from metarec.contracts.printing import in_common, near_or_some, nearest
from metarec.contracts.settings import (
    Bound,
    Count,
    CountOrNone,
    NotNegative,
    Number,
    Part,
    Positive,
    Settings,
    Share,
    Weight,
)


@dataclass(frozen=True)
class Every(Settings):
    """One setting of each kind."""

    count: Count = 1
    """How many."""
    count_or_none: CountOrNone = 0
    number: Number = 0.0
    not_negative: NotNegative = 0.0
    positive: Positive = 1.0
    weight: Weight = 1.0
    share: Share = 0.0
    part: Part = 0.0
    flag: bool = False
    choice: Literal["a", "b"] = "a"
    text: str = ""
    perhaps: Count | None = None
    """Or nothing."""


SMALLEST = 5e-324
HELD = {
    "count": ([1, 2, np.int64(3)], [0, -1, 1.0, True, None, "1"]),
    "count_or_none": ([0, 1], [-1, 0.0, False]),
    "number": ([-1e300, 0, 1.5, np.float32(2)], [np.nan, np.inf, -np.inf, 10**400, True, "1"]),
    "not_negative": ([0, SMALLEST], [-SMALLEST, None]),
    "positive": ([SMALLEST, 1e300], [0, -1.0]),
    "weight": ([SMALLEST, 1], [0.0, 1.0000001]),
    "share": ([0, 1], [-SMALLEST, 1.0000001]),
    "part": ([0, 0.9999], [-SMALLEST, 1]),
    "flag": ([True, False, np.True_], [1, 0, None, "yes"]),
    "choice": (["a", "b"], ["c", None, ""]),
    "text": (["", "x"], [None, 1]),
    "perhaps": ([None, 1], [0, 1.0, True]),
}


@pytest.mark.parametrize("name", HELD)
def test_a_setting_holds_what_its_annotation_says_and_nothing_else(name: str):
    good, bad = HELD[name]
    for value in good:
        kept = getattr(Every(**{name: value}), name)
        assert kept == value
        assert not isinstance(kept, np.generic)
    for value in bad:
        with pytest.raises(DataError, match=name):
            Every(**{name: value})


def test_a_bound_tells_its_limits():
    assert str(Bound(above=0, most=1)) == "above 0 and at most 1"
    assert str(Bound(least=0, below=1)) == "at least 0 and below 1"
    assert str(Bound()) == ""
    with pytest.raises(DataError, match=r"^number must be a finite number, got nan$"):
        Every(number=np.nan)
    with pytest.raises(DataError, match=r"^part must be at least 0 and below 1, got 1$"):
        Every(part=1)


def test_help_shows_the_text_under_each_setting_that_has_one():
    assert dict(Every.texts) == {"count": "How many.", "perhaps": "Or nothing."}
    assert Every.__doc__ is not None
    told = "One setting of each kind.\n\ncount: Count = 1\n    How many.\n\nperhaps: Count | None"
    assert Every.__doc__.startswith(told)


def test_a_whole_number_is_no_truth_and_no_fraction():
    assert whole_number("k", np.int8(2)) == 2
    assert whole_number("k", -3, -3) == -3
    for value, least in ((0, 1), (-4, -3), (True, 0), (np.True_, 0), (1.0, 1), ("1", 1)):
        with pytest.raises(DataError, match=r"^k must be"):
            whole_number("k", value, least)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (0.0, 1.0)),
        ([0.0, 1.0], (0.0, 1.0)),
        ([1.0, 2.0], (1.0, 5.0)),
        ([1.0, 5.0], (1.0, 5.0)),
        ([1.5, 5.0], (0.5, 5.0)),
        ([0.5, 5.0], (0.5, 5.0)),
        ([1.0, 2.25], (1.0, 5.0)),
        ([0.0, 5.0], (0.0, 5.0)),
        ([0.4, 5.0], (0.0, 5.0)),
        ([1.0, 10.0], (1.0, 10.0)),
        ([0.0, 10.0], (0.0, 10.0)),
        ([0.0, 100.0], (0.0, 100.0)),
        ([0.0, 100.5], None),
        ([-1.0, 1.0], None),
    ],
)
def test_the_smallest_known_scale_that_holds_the_ratings_is_theirs(values, expected):
    assert recognised_scale(pl.Series(values, dtype=pl.Float64)) == expected


def test_a_scale_is_two_finite_numbers_in_order():
    assert scale_of([1, 5]) == (1.0, 5.0)
    assert scale_of((-0.5, 0.5)) == (-0.5, 0.5)
    wrong = ([1], [1, 2, 3], "15", {1, 5}, [1, "5"], [True, 5], [0, np.inf], [np.nan, 1], None)
    for given in wrong:
        with pytest.raises(DataError, match="must be two numbers"):
            scale_of(given)
    for given in ([5, 1], [1, 1]):
        with pytest.raises(DataError, match="the lowest rating first"):
            scale_of(given)


def test_what_no_scale_holds_is_told_with_a_remedy():
    found, expected, fix = unscaled(2.0, 1234.5)
    assert found == "ratings from 2 to 1,234.5"
    assert expected.startswith("a known scale (0-1, 1-5, 0.5-5, ")
    assert 'feedback = "implicit"' in fix
    assert "scale = [2, 1234.5]" in fix
    assert "implicit" not in unscaled(0.0, 200.0)[2]
    assert "scale = [0, 300]" in unscaled(300.0, 300.0)[2]
    assert "scale = [-3, 0]" in unscaled(-3.0, -3.0)[2]


def test_ratings_stay_inside_their_scale():
    check_scale(pl.Series("value", [1.0, 5.0]), "rating", (1.0, 5.0))
    check_scale(pl.Series("value", [1.0, 5.0]), "rating", None)
    check_scale(pl.Series("value", [999.0]), "implicit", None)
    check_scale(pl.Series("value", [], dtype=pl.Float64), "rating", (1.0, 5.0))
    for outside in (0.5, 5.5):
        with pytest.raises(DataError, match=r"row 1 .*a rating from 1 to 5"):
            check_scale(pl.Series("value", [1.0, outside]), "rating", (1.0, 5.0))
    with pytest.raises(DataError, match="found ratings from -1 to 999"):
        check_scale(pl.Series("value", [-1.0, 999.0]), "rating", None)
    with pytest.raises(DataError, match="a scale is of ratings"):
        check_scale(pl.Series("value", [1.0]), "implicit", (1.0, 5.0))


def test_declared_kinds_must_be_there_and_not_contradict_each_other():
    there = ["buy", "view"]
    assert trouble_with_kinds(None, [], []) is None
    assert trouble_with_kinds(there, ["buy"], ["hide"]) is None
    assert trouble_with_kinds(there, [], ["hide"]) is None
    found = trouble_with_kinds(None, [], ["hide"], str.upper)
    assert found is not None
    assert found[1] == "the kinds that NEGATIVE_KINDS names"
    found = trouble_with_kinds(None, ["buy"], ["hide"])
    assert found is not None
    assert found[1] == "the kinds that target_kinds names"
    found = trouble_with_kinds(there, ["view", "buy"], ["buy", "view", "x"])
    assert found is not None
    assert found[0] == "'buy' in target_kinds and in negative_kinds"
    found = trouble_with_kinds(there, ["order", "sale"], [])
    assert found == (
        "no event of the kinds order, sale",
        "events of the target_kinds",
        "name one of the kinds there are: buy, view",
    )


def test_a_shop_without_events_may_declare_kinds_that_do_not_contradict():
    nothing = pl.DataFrame({"event": []}, schema={"event": pl.String})
    check_kinds(nothing, ["buy"], ["hide"])
    with pytest.raises(DataError, match="'buy' in target_kinds"):
        check_kinds(nothing, ["buy"], ["buy"])
    with pytest.raises(DataError, match="no event of the kinds buy"):
        check_kinds(pl.DataFrame({"event": ["view"]}), ["buy"], [])


EVENTS = {"user": [0, 1], "item": [1, 0], "value": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"user": [0, 2]}, "row 1 .*column user: found 2, expected a row of user_ids"),
        ({"user": [-1, 0]}, "row 0 .*column user: found -1"),
        ({"item": [0, 3]}, r"column item: found 3, expected a row of the catalogue \(0 to 2\)"),
        ({"item": [0, None]}, "row 1 .*column item: found None"),
        ({"item": [0.0, 1.0]}, "column item: found Float64, expected whole numbers"),
        ({"value": ["a", "b"]}, "column value: found String, expected numbers"),
        ({"value": [1.0, None]}, "row 1 .*column value: found None, expected a finite number"),
        ({"value": [np.inf, np.nan]}, r"row 0 .*column value: found inf.*2 rows are wrong"),
        ({"value": [1.0, 0.0]}, "row 1 .*found 0.0, expected a weight above 0"),
        ({"timestamp": [0.0, np.nan]}, "row 1 .*column timestamp: found nan"),
        ({"event": [1, 2]}, "column event: found Int64, expected text"),
        ({"text": [1, 2]}, "column text: found Int64, expected text"),
        ({"item_id": ["a", "b"], "user_id": ["u", "v"]}, "may have no column 'item_id'"),
    ],
)
def test_events_by_hand_are_checked_by_column_and_row(changed: dict[str, object], told: str):
    check_events(pl.DataFrame(EVENTS), "implicit", None, 2, 3)
    with pytest.raises(DataError, match=told):
        check_events(pl.DataFrame(EVENTS | changed), "implicit", None, 2, 3)


def test_events_by_hand_need_their_columns_and_a_clock_its_own():
    for column in EVENTS:
        with pytest.raises(DataError, match=f"interactions need a column '{column}'"):
            check_events(pl.DataFrame(EVENTS).drop(column), "rating", None, 2, 3)
    with pytest.raises(DataError, match="clock='unix' needs a column 'timestamp'"):
        check_events(pl.DataFrame(EVENTS), "rating", "unix", 2, 3)
    check_events(pl.DataFrame(EVENTS | {"timestamp": [1, 2]}), "rating", "unix", 2, 3)
    check_events(pl.DataFrame(EVENTS | {"value": [0.0, -1.0]}), "rating", None, 2, 3)
    check_events(pl.DataFrame(EVENTS | {"text": ["", None]}), "rating", None, 2, 3)
    kinds = pl.Series("event", ["a", "b"], dtype=pl.Enum(["a", "b"]))
    check_events(pl.DataFrame(EVENTS).with_columns(kinds), "rating", None, 2, 3)
    check_events(pl.DataFrame(EVENTS).clear(), "rating", None, 0, 0)
    assert [is_text(kind) for kind in (pl.String(), pl.Null(), pl.Categorical(), pl.Int8())] == [
        *(True, True, True),
        False,
    ]
    with pytest.raises(DataError, match=r"row 1 \(from 0\).*found 2, expected one$"):
        refuse(pl.Series([False, True, False]), pl.Series("value", [1, 2, 3]), "one")


def test_user_ids_by_hand_are_distinct_filled_strings():
    check_user_ids(np.array(["u", "v"], dtype=object))
    two = np.array([["u", "v"]], dtype=object)
    for ids, told in (
        (["u"], "got <class 'list'>"),
        (np.array(["u"]), "got <U1 of shape"),
        (two, r"got object of shape \(1, 2\)"),
        (np.array(["u", 7], dtype=object), "got 7"),
        (np.array(["u", ""], dtype=object), "got ''"),
        (np.array(["u", "v", "u"], dtype=object), "row 2: found 'u' again"),
    ):
        with pytest.raises(DataError, match=told):
            check_user_ids(ids)


def test_the_nearest_names_are_looked_for_among_those_that_begin_and_end_alike(
    monkeypatch: pytest.MonkeyPatch,
):
    others = pl.Series(["ab12", "xx12", "ab1", "zz", "ab12345"])
    # two ends of each length 1 to 4, less the letters that one has more
    assert in_common("ab12", others).to_list() == [8, 2, 2, -2, 1]
    names = ["aaa9", "aaa8", "b", "ab12", "c"]
    assert nearest("ab13", names, most=1) == ["ab12"]
    assert nearest("ab13", names, least=0.99) == []
    assert len(nearest("ab13", names)) == 3
    monkeypatch.setattr("metarec.contracts.printing.COMPARED", 2)
    assert nearest("ab13", names, most=5) == ["ab12", "aaa9"]
    monkeypatch.setattr("metarec.contracts.printing.LOOKED_AT", 1)
    assert in_common("ab12", others).to_list() == [2, 1, 0, -2, -2]
    assert near_or_some("q", []) == "its ids look like none"
    assert near_or_some("q", "wxyz") == "its ids look like 'w', 'x', 'y'"


def test_offered_is_understood_in_each_form_and_nothing_else_is():
    forms = {
        "truth": ([True, False, None], [True, False, True]),
        "numbers": ([1, 0, None], [True, False, True]),
        "fractions": ([1.0, 0.0, None], [True, False, True]),
        "words": ([" Yes ", "NO", "", None], [True, False, True, True]),
        "more words": (["true", "false", "1", "0", "1.0", "0.0"], [True, False] * 3),
        "nothing": ([None, None], [True, True]),
    }
    for given, expected in forms.values():
        assert offered_mask(pl.DataFrame({"offered": given})).to_list() == expected
    word = pl.Series("offered", ["no", None], dtype=pl.Categorical)
    assert offered_mask(pl.DataFrame([word])).to_list() == [False, True]
    assert offered_mask(pl.DataFrame({"x": [1, 2]})).to_list() == [True, True]
    for given, row in (([1, 2], 2), (["yes", "no", "maybe"], 3), ([0.5], 1)):
        with pytest.raises(DataError, match=f"row {row}, column offered: found"):
            offered_mask(pl.DataFrame({"offered": given}))
    with pytest.raises(DataError, match="found type List"):
        offered_mask(pl.DataFrame({"offered": [[1]]}))


def test_tables_that_differ_in_anything_have_different_hashes():
    tables = [
        pl.DataFrame({"a": [1, 2]}),
        pl.DataFrame({"a": [2, 1]}),
        pl.DataFrame({"b": [1, 2]}),
        pl.DataFrame({"a": [1.0, 2.0]}),
        pl.DataFrame({"a": ["1", "2"]}),
        pl.DataFrame({"a": ["", None]}),
        pl.DataFrame({"a": [None, ""]}),
        pl.DataFrame({"a": [[1], [2]]}),
        pl.DataFrame({"a": [[1, 2], []]}),
        pl.DataFrame({"a": [[1, 2], None]}),
        pl.DataFrame({"a": [[], [1, 2]]}),
        pl.DataFrame({"a": [[""], []]}),
        pl.DataFrame({"a": [[], [""]]}),
        pl.DataFrame({"a": [{"b": 1}, {"b": None}]}),
        pl.DataFrame({"a": [{"b": 1}, None]}),
        pl.DataFrame({"a": [{"b": [1]}, {"b": []}]}),
        pl.DataFrame({"a": [b"1", b"2"]}),
        pl.DataFrame({"a": [b"1", b"3"]}),
        pl.DataFrame({"a": [1, 2]}, schema={"a": pl.Duration}),
        pl.DataFrame({"a": [1, 3]}, schema={"a": pl.Duration}),
        pl.DataFrame({"a": [[1, 2], [3, 4]]}, schema={"a": pl.Array(pl.Int64, 2)}),
        pl.DataFrame({"a": [[1, 2], [4, 3]]}, schema={"a": pl.Array(pl.Int64, 2)}),
    ]
    hashes = [hash_of(table) for table in tables]
    assert len(set(hashes)) == len(tables)
    assert hashes == [hash_of(table.clone()) for table in tables]
    assert hash_of(tables[0], tables[1]) != hash_of(tables[1], tables[0])
    lists = pl.DataFrame({"a": [[1], [], None, [2, 3]]})
    assert hash_of(lists).startswith("990da7dabd063de8")  # saved models and checkpoints hold it
    with pytest.raises(DataError, match="column a holds Python objects"):
        hash_of(pl.DataFrame({"a": [object()]}))


def test_a_snapshot_tells_each_change_once():
    catalogue = Catalogue.of(
        pl.DataFrame(
            {
                "item_id": ["a", "b", "c", "d", "e"],
                "title": ["A", "B", "C", None, "E"],
                "price": [1, 2, 3, 4, 5],
                "offered": [True, True, False, True, False],
            }
        )
    )
    snapshot = pl.DataFrame(
        {
            "item_id": ["f", "a", "b", "c", "d", "g"],
            "title": ["F", "A", "B!", "C", None, "G"],
            "colour": [None, None, "red", None, "blue", None],
            "offered": [True, True, True, True, False, False],
        }
    )
    found = ItemChanges.between(catalogue, snapshot, ("a note",))
    assert found.added["item_id"].to_list() == ["f", "g"]
    assert found.added["offered"].to_list() == [True, False]
    assert found.updated["item_id"].to_list() == ["b", "d"]
    assert dict(found.columns) == {"title": 1, "colour": 2}
    assert found.new_columns == ("colour",)
    assert (found.retired, found.restored) == (("d",), ("c",))
    assert found.unchanged == 1
    assert found.told == [
        "2 added: f, g",
        "2 updated (title 1, colour 2): b, d",
        "1 retired: d",
        "1 restored: c",
        "new columns: colour",
        "1 as they were",
    ]
    assert repr(found).endswith("1 as they were; a note)")
    assert found
    same = ItemChanges.between(catalogue, catalogue.table.filter(pl.Series(catalogue.offered)))
    assert not same
    assert same.told == ["3 as they were"]
    gone = ItemChanges.between(catalogue, pl.DataFrame({"item_id": ["a", "b"]}))
    assert gone.retired == ("d",)
    assert gone
    nulls = pl.DataFrame({"item_id": ["a", "b", "d"], "title": ["A", None, "D"]})
    assert dict(ItemChanges.between(catalogue, nulls).columns) == {"title": 2}
    with pytest.raises(DataError, match="no items, so all would be retired"):
        ItemChanges.between(catalogue, snapshot.clear())
    with pytest.raises(DataError, match=r"none of the 1 items .*look like 'z', the model's like"):
        ItemChanges.between(catalogue, pl.DataFrame({"item_id": ["z"]}))
    nothing = Catalogue.of(pl.DataFrame({"item_id": []}, schema={"item_id": pl.String}))
    assert len(ItemChanges.between(nothing, snapshot).added) == 6


def test_a_dataset_by_hand_has_one_row_for_each_owner():
    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c"]}))
    events, names = pl.DataFrame(EVENTS), vocabulary_of(["u", "v"])
    Dataset("x", "implicit", None, catalogue, names, events, pl.DataFrame({"age": [1, 2]}))
    Dataset("x", "implicit", None, catalogue, names, events, pl.DataFrame())
    with pytest.raises(DataError, match="users must have 2 rows"):
        Dataset("x", "implicit", None, catalogue, names, events, pl.DataFrame({"age": [1]}))
