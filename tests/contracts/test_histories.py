"""Histories, episodes and answers keep events with their people, and say what does not fit."""

import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from metarec.contracts import (
    Catalogue,
    DataError,
    Dataset,
    Episodes,
    Event,
    Histories,
    Recommendations,
    UnknownItemWarning,
    Vocabulary,
    nested_events,
    vocabulary_of,
    whole_number,
)
from metarec.contracts.alignment import align
from metarec.contracts.episodes import joined

PEOPLE = pl.DataFrame({"age": [30, 40, 50]})


def three() -> Histories:
    """Persons with three, no and two events."""
    nested = [[("a", 1.0, "view", 5.0), ("b", 2.0), ("a", 3.0, "buy")], [], ["c", ("b", 4.0)]]
    known = Histories.of(nested, PEOPLE)  # type: ignore[arg-type]
    return replace(known, user_ids=vocabulary_of(["u", "v", "w"]))


def items(histories: Histories) -> list[list[str]]:
    return [[e.item for e in histories.events(h)] for h in range(len(histories))]


def test_each_column_holds_each_event():
    known = three()
    assert known.values.tolist() == [1.0, 2.0, 3.0, 1.0, 4.0]
    assert known.kind_names == ("view", "buy")
    assert known.kinds.tolist() == [0, -1, 1, -1, -1]
    assert known.lengths.tolist() == [3, 0, 2]
    assert known.rows.tolist() == [0, 0, 0, 2, 2]
    assert known.places.tolist() == [0, 1, 2, 0, 1]
    assert known.events(0)[0] == Event("a", 1.0, "view", 5.0)
    assert known.events(2) == [Event("c", 1.0), Event("b", 4.0)]


def test_parts_keep_people_with_their_events():
    known = three()
    chosen = known.take(np.array([2, 0, 2]))
    assert items(chosen) == [["c", "b"], ["a", "b", "a"], ["c", "b"]]
    assert chosen.user_ids is not None
    assert chosen.user_ids.tolist() == ["w", "u", "w"]
    assert chosen.profiles is not None
    assert chosen.profiles["age"].to_list() == [50, 30, 50]
    assert items(known.take(slice(1, None))) == [[], ["c", "b"]]
    assert items(known.first(2)) == [["a", "b"], [], ["c", "b"]]
    assert items(known.last(1)) == [["a"], [], ["b"]]
    assert items(known.first(0)) == [[], [], []]
    assert items(known.keep(known.values > 1.5)) == [["b", "a"], [], ["b"]]
    assert items(known.permuted(np.array([2, 1, 0, 4, 3]))) == [["a", "b", "a"], [], ["b", "c"]]


def test_joined_histories_stand_one_part_after_another():
    known = three()
    both = joined([known.take([2]), known.take([0, 1])])  # type: ignore[arg-type]
    assert items(both) == [["c", "b"], ["a", "b", "a"], []]
    assert both.times.tolist()[2] == 5.0
    assert both.kinds.tolist() == [-1, -1, 0, -1, 1]
    assert both.user_ids is not None
    assert both.user_ids.tolist() == ["w", "u", "v"]
    assert both.profiles is not None
    assert both.profiles["age"].to_list() == [50, 30, 40]
    nameless = replace(known, user_ids=None, profiles=None)
    mixed = joined([known, nameless])
    assert (mixed.user_ids, mixed.profiles) == (None, None)
    with pytest.raises(DataError, match="only over one vocabulary"):
        joined([known, known, Histories.of([["other"]])])


def test_episodes_need_both_sides_over_one_vocabulary():
    known = three()
    with pytest.raises(DataError, match="support has 3 histories and query 2"):
        Episodes(known, known.take(slice(2)))
    with pytest.raises(DataError, match="must share one vocabulary"):
        Episodes(known, Histories.of([["x"], [], []]))
    episodes = Episodes(known, known.last(1), np.array([True, False, True]))
    some = episodes.take(np.array([2]))
    assert (items(some.support), items(some.query)) == ([["c", "b"]], [["b"]])
    assert some.candidates is episodes.candidates
    assert items(episodes.at(1).support) == [["a"], [], ["c"]]
    assert items(episodes.at(1).query) == items(episodes.query)


def test_profiles_are_one_row_a_person():
    assert Histories.of(three()).profiles is PEOPLE
    assert Histories.of(three(), PEOPLE.reverse()).profiles is not PEOPLE
    for wrong, told in (([3], "must be a Polars DataFrame, got list"), (PEOPLE[:2], "got 2 for 3")):
        for histories in (three(), [["a"], [], []]):
            with pytest.raises(DataError, match=told):
                Histories.of(histories, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("histories", "told"),
    [
        ("ab", "histories must be a sequence .* got str"),
        (b"ab", "got bytes"),
        ({"a"}, "got set"),
        (["ab"], "history 0 must be a sequence of events, got 'ab'; for one person pass"),
        ([["a"], Event("a")], "history 1 must be a sequence of events"),
        ([["a"], {"a"}], "history 1 must be a sequence"),
    ],
)
def test_another_nesting_is_refused(histories, told: str):
    with pytest.raises(DataError, match=told):
        nested_events(histories)


def test_events_find_the_rows_of_another_catalogue_and_unknown_ones_are_told():
    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["b", "x", "a"]}))
    whole = align([["a", "b"]], catalogue)  # no rating is asked for
    assert whole.items.tolist() == [2, 0]
    assert align(whole, catalogue) is whole
    nested = [["z", "a"], ["c"], ["b", "d", "c"]]
    told = r"^4 events about 3 items outside the catalogue .*such as c, d, z\); add the items"
    with pytest.warns(UnknownItemWarning, match=told):
        part = align(nested, catalogue)
    assert items(part) == [["a"], [], ["b"]]
    assert items(align(nested, catalogue, warn=False)) == [["a"], [], ["b"]]
    assert len(align([[]], catalogue).items) == 0
    with pytest.raises(DataError, match=r"the event on 'b' needs one: \('b', value\)"):
        align([[("a", 1.0), "b"]], catalogue, rated=True)
    assert align([[("a", 1.0)]], catalogue, rated=True).values.tolist() == [1.0]


def test_a_list_of_one_person_cannot_be_taken_apart():
    nan = np.full(2, np.nan)
    one = Recommendations(Vocabulary.of("ab"), np.array([1, 0]), np.array([2.0, 1.0]), nan)
    with pytest.raises(TypeError, match="belong to one person"):
        one[0]
    assert one.to_frame().columns == ["rank", "item_id", "score", "std"]
    assert one.to_frame()["rank"].to_list() == [1, 2]
    many = Recommendations(
        one.vocabulary,
        np.array([[1, -1], [0, 1]]),
        np.array([[2.0, np.nan], [1, 0]]),
        nan[[[0, 1]] * 2],
    )
    assert many.to_frame().select("history", "rank", "item_id", "score").rows() == [
        (0, 1, "b", 2.0), (1, 1, "a", 1.0), (1, 2, "b", 0.0),
    ]  # fmt: skip
    assert many.ids.tolist() == [["b", None], ["a", "b"]]
    nothing = Recommendations(Vocabulary.of(""), np.array([-1]), nan[:1], nan[:1])
    assert nothing.ids.tolist() == [None]


def test_kinds_stand_in_order_and_the_scale_is_of_the_values():
    events = pl.DataFrame(
        {
            "user": [0, 0, 0],
            "item": [0, 0, 0],
            "value": [2.0, 4.5, 3.0],
            "event": ["view", None, "buy"],
        }
    )
    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["a", "b"]}))
    data = Dataset("x", "rating", None, catalogue, vocabulary_of(["u", "v"]), events)
    assert data.histories.kind_names == ("buy", "view")
    assert data.histories.kinds.tolist() == [1, -1, 0]
    assert data.histories.offsets.tolist() == [0, 3, 3]
    assert np.isnan(data.histories.times).all()
    assert data.scale == (0.5, 5.0)
    assert data.where(np.zeros(3, dtype=bool)).scale == (0.5, 5.0)
    assert data.item_counts.tolist() == [3, 0]
    assert data.touched.tolist() == [True, False]


def test_the_catalogue_says_what_does_not_fit():
    one = pl.DataFrame({"item_id": ["b", "a", "b", "a", "c"]})
    with pytest.raises(DataError, match="2 item ids occur more than once, such as a, b"):
        Catalogue.of(one)
    for table, told in (
        (pl.DataFrame({"id": ["a"]}), "needs a column item_id, got"),
        (pl.DataFrame({"item_id": ["a", None]}), "a row without an item_id"),
        (pl.DataFrame({"item_id": ["a", ""]}), "a row without an item_id"),
    ):
        with pytest.raises(DataError, match=told):
            Catalogue.of(table)
    catalogue = Catalogue.of(pl.DataFrame({"item_id": [1, 2], "x": [3, 4]}))
    assert catalogue.ids.tolist() == ["1", "2"]
    assert catalogue.table.columns == ["item_id", "x"]
    with pytest.raises(DataError, match=r"1 of the added items are already .* such as '2'"):
        catalogue.append(pl.DataFrame({"item_id": ["2", "3"]}))
    more = catalogue.retire(["2"]).append(pl.DataFrame({"item_id": ["3"], "y": ["z"]}))
    assert more.frame.rows() == [(3, None), (4, None), (None, "z")]
    assert more.offered.tolist() == [True, False, True]
    assert catalogue.retire(["2"]).hash != catalogue.hash
    with pytest.raises(DataError, match="item '9' cannot be retired"):
        catalogue.retire(["1", "9", "8"])
    for strange in (["list"], "12,99 €", True):
        told = (
            "column x of the added items holds .*, and the catalogue's Int64; write it as numbers"
        )
        with pytest.raises(DataError, match=told):
            catalogue.append(pl.DataFrame({"item_id": ["3"], "x": [strange]}))
    assert catalogue.append(pl.DataFrame({"item_id": ["3"], "x": [4.5]})).frame["x"].sum() == 11.5
    assert catalogue.append(pl.DataFrame({"item_id": ["3"], "x": [None]})).frame["x"].sum() == 7
    with pytest.raises(DataError, match="a catalogue of 2 ids has 1 rows of content"):
        Catalogue(catalogue.ids, catalogue.frame[:1], catalogue.offered)


def test_a_record_that_lacks_a_field_has_null_there():
    maker = pl.Series([{"name": "x", "seat": {"land": "DE", "zip": 1}}, None])
    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["1", "2"], "maker": maker}))
    less = [{"seat": {"zip": 2}}, None]
    more = catalogue.append(pl.DataFrame({"item_id": ["3", "4"], "maker": less}))
    assert more.frame["maker"].to_list()[2:] == [
        {"name": None, "seat": {"land": None, "zip": 2}},
        None,
    ]
    other = pl.DataFrame({"item_id": ["2"], "maker": [{"name": "y"}]})
    assert catalogue.patch(other).frame["maker"].to_list()[1] == {"name": "y", "seat": None}
    for wrong in ({"colour": "red"}, {"name": 3}):
        with pytest.raises(DataError, match="column maker of the added items holds Struct"):
            catalogue.append(pl.DataFrame({"item_id": ["3"], "maker": [wrong]}))


def test_whole_numbers_are_numbers_and_whole():
    assert whole_number("k", np.int8(1)) == 1
    assert whole_number("k", 0, least=0) == 0
    for value, told in (
        (True, "whole number"),
        (2.0, "whole number"),
        (0, "k must be at least 1, got 0"),
    ):
        with pytest.raises(DataError, match=told):
            whole_number("k", value)


def test_padding_stands_behind_the_newest_event_and_is_told_from_events():
    histories = Histories.of([["a", "b"], [], [("a", 5.0)]])
    assert histories.padded(histories.items, -1).tolist() == [[0, 1], [-1, -1], [0, -1]]
    assert histories.padded(histories.values, np.nan)[2, 0] == 5.0
    assert histories.present.tolist() == [[True, True], [False, False], [True, False]]


@pytest.mark.parametrize("people", [0, 2])
def test_histories_without_an_event_have_no_column(people: int):
    histories = Histories.of([[]] * people)
    assert histories.padded(histories.items, 0).shape == histories.present.shape == (people, 0)


def test_a_padded_column_keeps_its_type():
    histories = Histories.of([["a"], ["b", "c"]])
    assert histories.padded(histories.values.astype(np.float32), 0).dtype == np.float32
    assert histories.padded(np.ones(3, dtype=bool), False).tolist() == [[True, False], [True, True]]


def test_a_frame_for_pandas_says_what_to_install_where_it_is_missing(monkeypatch):
    one = Recommendations(Vocabulary.of("a"), np.array([0]), np.array([2.0]), np.array([np.nan]))
    pandas = pytest.importorskip("pandas", reason="the extra pandas is not installed")
    assert isinstance(one.to_pandas(), pandas.DataFrame)
    assert one.to_pandas()["item_id"].tolist() == ["a"]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(DataError, match=r'pip install "metarec\[pandas\]"'):
        one.to_pandas()
