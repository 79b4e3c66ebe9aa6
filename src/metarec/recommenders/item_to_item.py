"""What one item, or a basket, says for every other one."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Catalogue, DataError
from metarec.contracts.directions import unit_rows
from metarec.encoders import ContentFeatures, HashEncoder


def mean_row(
    table: Any, rows: Int[np.ndarray, " basket"], known: Bool[np.ndarray, " item"]
) -> Float[np.ndarray, " item"]:
    """The mean of the table's rows of the known items of a basket.

    NaN for an item that is not known, and everywhere where none of the basket is.
    """
    rows = rows[known[rows]]
    if not len(rows):
        return np.full(len(known), np.nan)
    mean = np.asarray(table[rows].mean(axis=0), dtype=np.float64).ravel()
    return np.where(known, mean, np.nan)


def mean_cosine(
    vectors: Float[np.ndarray, "item d"],
    rows: Int[np.ndarray, " basket"],
    known: Bool[np.ndarray, " item"],
) -> Float[np.ndarray, " item"]:
    """The mean cosine to the known items of a basket; NaN as in `mean_row`."""
    directions = unit_rows(np.asarray(vectors, dtype=np.float64))
    rows = rows[known[rows]]
    if not len(rows):
        return np.full(len(known), np.nan)
    return np.where(known, directions @ directions[rows].mean(axis=0), np.nan)


def content_vectors(catalogue: Catalogue) -> Float[np.ndarray, "item d"]:
    """Directions of the items' content, for models that have none: hashed words beside the table.

    Read once for a catalogue. Raises DataError where items have no content.
    """
    if catalogue not in _VECTORS:
        if not catalogue.frame.width:
            raise DataError("diversity compares the content of items, and these have no columns")
        content = ContentFeatures.fit(HashEncoder(), catalogue.frame)
        _VECTORS[catalogue] = unit_rows(content.encode(catalogue.frame).astype(np.float64))
    return _VECTORS[catalogue]


_VECTORS: WeakKeyDictionary[Catalogue, Float[np.ndarray, "item d"]] = WeakKeyDictionary()
