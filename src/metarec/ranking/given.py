"""Items that the caller names: all of them in order, or together as a basket."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Catalogue, DataError, Vocabulary
from metarec.contracts.events import as_string
from metarec.contracts.vocabulary import forms_told
from metarec.contracts.wording import written
from metarec.ranking.candidates import checked_ids, found_rows
from metarec.ranking.ties import ties_of


def given_rows(ids: Sequence[str], catalogue: Catalogue) -> tuple[Vocabulary, np.ndarray]:
    """The ids as a vocabulary, and the row of each in the catalogue; -1, with a warning, where it
    has none. Raises DataError where an id is named twice."""
    noun = written("ids", "ids", "item_ids")
    found = found_rows(noun, ids, catalogue, noun=noun, told="stand last", keep=True)
    named = Vocabulary.of(checked_ids(noun, ids))
    if len(named.row_of) < len(named):
        twice = next(i for row, i in enumerate(named) if named.row_of[i] != row)
        raise DataError(f"{noun} must name each item once, got {twice!r} more than once")
    return named, found


def whole_order(
    scores: Float[np.ndarray, "history id"],
    rows: Int[np.ndarray, " id"],
    catalogue: Catalogue,
) -> Int[np.ndarray, "history rank"]:
    """The columns of `scores`, best first; what has no score stands last, as it was given.

    Equal scores are ordered as in every list; `rows` are the columns' rows of the catalogue.
    """
    places = np.arange(len(rows))
    ties = ties_of(catalogue.vocabulary)
    keys = np.where(rows < 0, places, ties[np.maximum(rows, 0)]) if len(ties) else places
    second = np.where(np.isnan(scores), places, keys)
    return np.lexsort((second, -scores), axis=-1).reshape(scores.shape)


def unknown_item(item_id: object, catalogue: Catalogue) -> DataError:
    """The error of an item that is not in the catalogue, and cannot be left out."""
    form = forms_told([item_id], catalogue.vocabulary)
    adding = written("add_items", "metarec items add", "POST /v1/items")
    told = form or f"add it with {adding}"
    return DataError(f"item {item_id!r} is not in the catalogue; {told}{as_string(item_id)}")


def basket_rows(items: str | Sequence[str], catalogue: Catalogue) -> Int[np.ndarray, " item"]:
    """Rows of one item or of several, each once; raises DataError for an unknown one."""
    ids = [items] if isinstance(items, str) else checked_ids("items", items)
    if not ids:
        raise DataError("similar needs an item id, or a basket of at least one")
    rows = catalogue.index(ids)
    if (rows < 0).any():
        raise unknown_item(ids[int(np.argmax(rows < 0))], catalogue)
    return np.unique(rows)
