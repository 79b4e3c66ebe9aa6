"""A value counts by what it is, however its number is held in memory."""

import numpy as np
import pytest

import metarec as mr
from metarec.meta.confidence import value_confidence


@pytest.mark.parametrize("kind", [int, np.int8, np.float32, np.float64])
def test_how_a_value_is_held_changes_no_bit(ratings: mr.MetaRecommender, kind: type):
    ids = ratings.catalogue.ids.tolist()
    plain = ratings.adapt([(ids[0], 4.0), (ids[3], 2.0)])
    other = ratings.adapt([(ids[0], kind(4)), (ids[3], kind(2))])
    np.testing.assert_array_equal(other.score(ids), plain.score(ids))
    # the confidence of weights takes a logarithm, which small numbers would round
    seen = other._seen.values
    np.testing.assert_array_equal(value_confidence(seen, "log"), 1.0 + np.log1p([4.0, 2.0]))
    assert ratings.adapt([])._seen.values.dtype == np.float64
