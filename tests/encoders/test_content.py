"""Text beside numbers and categories, as one encoder."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metarec.contracts import DataError
from metarec.encoders import ContentFeatures, HashEncoder, encoder_from

ITEMS = pl.DataFrame(
    {
        "title": ["quiet garden", "red bicycle", None, "quiet night"],
        "price": [1.0, 2.0, None, 4.0],
    }
)
CONTENT = ContentFeatures.fit(HashEncoder(8), ITEMS)


def test_text_comes_first_then_no_text_then_the_columns():
    assert CONTENT.encode(ITEMS).shape == (4, 8 + 1 + 2)
    assert CONTENT.encode(ITEMS)[:, 8].tolist() == [0, 0, 1, 0]
    assert not CONTENT.encode(ITEMS)[2, :8].any()


def test_text_vectors_are_centred_on_the_items_that_have_a_text():
    content = ContentFeatures.fit(HashEncoder(8), ITEMS)
    np.testing.assert_allclose(content.encode(ITEMS)[[0, 1, 3], :8].mean(0), 0, atol=1e-6)


@given(st.permutations(range(4)), st.integers(1, 4))
def test_the_features_of_a_row_depend_on_that_row_alone(order: list[int], n: int):
    chosen = order[:n]
    np.testing.assert_array_equal(CONTENT.encode(ITEMS[chosen]), CONTENT.encode(ITEMS)[chosen])


def test_its_description_builds_it_again():
    again = ContentFeatures.from_description(json.loads(json.dumps(CONTENT.describe())))
    np.testing.assert_array_equal(again.encode(ITEMS), CONTENT.encode(ITEMS))
    assert again.fingerprint == CONTENT.fingerprint


def test_the_fingerprint_changes_with_the_encoder_the_texts_and_the_numbers():
    others = [
        ContentFeatures.fit(HashEncoder(9), ITEMS),
        ContentFeatures.fit(HashEncoder(8), ITEMS[:3]),
        ContentFeatures.fit(HashEncoder(8), ITEMS.with_columns(price=pl.col("price") * 2)),
    ]
    assert len({c.fingerprint for c in [CONTENT, *others]}) == 4


def test_a_catalogue_without_any_text_has_features_all_the_same():
    content = ContentFeatures.fit(HashEncoder(8), ITEMS.select("price"))
    assert np.isfinite(content.encode(ITEMS.select("price"))).all()


def test_a_saved_model_cannot_name_an_encoder_from_elsewhere():
    with pytest.raises(DataError, match=r"subprocess\.Popen"):
        encoder_from({"class": "subprocess.Popen", "args": "ls"})
