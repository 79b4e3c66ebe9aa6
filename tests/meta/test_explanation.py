"""An explanation as a value and as a table, and which columns of a profile a model reads."""

import numpy as np
import polars as pl

import metarec as mr
from metarec.encoders import TabularFeatures
from metarec.meta.explanation import Explanation
from metarec.meta.profiles import KnowingProfiles

EVENTS = (mr.Event("a", 4.0), mr.Event("b"), mr.Event("c", 2.0))


def test_a_table_of_reasons_has_the_largest_share_first_whatever_its_sign():
    taste, alike = np.array([0.5, -2.0, 1.0]), np.array([0.25, 0.5, 0.0])
    told = Explanation("x", 3.0, 2.75, EVENTS, {"taste": taste, "reads alike": alike}, -taste)
    np.testing.assert_array_equal(told.shares, [0.75, -1.5, 1.0])
    assert told.to_frame().to_dict(as_series=False) == {
        "item_id": ["b", "c", "a"],
        "value": [None, 2.0, 4.0],
        "share": [-1.5, 1.0, 0.75],
        "effect": [2.0, -1.0, -0.5],
        "taste": [-2.0, 1.0, 0.5],
        "reads alike": [0.5, 0.0, 0.25],
    }
    alone = Explanation("x", 1.0, 1.5, EVENTS, {"taste": taste}, taste).to_frame()
    assert alone.columns == ["item_id", "value", "share", "effect"]
    refused = (*EVENTS[:2], mr.Event("c", 1.0, "return"))
    kinds = Explanation("x", 1.0, 1.5, refused, {"taste": taste}, taste).to_frame()
    assert kinds["kind"].to_list() == [None, "return", None]


def test_an_explanation_without_an_event_is_an_empty_table_of_the_same_columns():
    nothing = np.zeros(0)
    frame = Explanation("x", 1.0, 1.0, (), {"taste": nothing}, nothing).to_frame()
    kinds = {"item_id": pl.String, "value": pl.Float64, "share": pl.Float64, "effect": pl.Float64}
    assert dict(frame.schema) == kinds
    assert frame.is_empty()


def test_a_profile_may_have_the_columns_that_features_are_made_of():
    reader = KnowingProfiles()
    reader._profiles = reader._no_profile = None
    assert reader.profile_columns == ()
    users = pl.DataFrame(
        {"age": [31, 44, 50], "town": ["x", "y", "x"], "likes": [["a"], ["b"], ["a", "b"]]}
    )
    reader._profiles = TabularFeatures.fit(users)
    assert set(reader.profile_columns) == {"age", "town", "likes"}
