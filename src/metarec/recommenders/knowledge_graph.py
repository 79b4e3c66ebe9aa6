"""The triples of a shop: which items share which entities."""

import numpy as np
import polars as pl
import scipy.sparse as sp
from jaxtyping import Bool

from metarec.contracts import DataError, Dataset


def entities_of(data: Dataset) -> sp.csr_matrix:
    """1 where a triple links an item to an entity, whatever its relation and direction.

    Columns are the entities that two items at least are linked to. An item is one too, and linked
    to itself. Raises DataError where there are no triples, or none speaks of an item.
    """
    if data.triples is None or not len(data.triples):
        raise DataError(
            f"{data.name!r} has no triples (head, relation, tail), which a graph=... above 0 "
            "reads; add triples.parquet to the shop, or leave graph at 0"
        )
    ends = [data.triples[side].cast(pl.String) for side in ("head", "tail")]
    names = pl.concat([pl.Series(data.catalogue.ids.tolist(), dtype=pl.String), *ends])
    names = names.unique(maintain_order=True)  # items first, in their order
    row_of = {name: row for row, name in enumerate(names)}
    one, other = (end.replace_strict(row_of, return_dtype=pl.Int64).to_numpy() for end in ends)
    shape, n_items = (len(names), len(names)), len(data.catalogue)
    table = sp.csr_matrix((np.ones(len(one)), (one, other)), shape=shape)
    table = (table + table.T)[:n_items]
    if not table.nnz:
        raise DataError(
            f"no triple of {data.name!r} speaks of an item: head and tail hold {names[n_items]!r}, "
            f"item ids are such as {data.catalogue.ids[0]!r}; write items by their ids"
        )
    table = (table + sp.eye_array(*table.shape)).tocsc()
    table.data[:] = 1.0
    return sp.csr_matrix(table[:, np.diff(table.indptr) > 1])


def reached(links: sp.csr_matrix, known: Bool[np.ndarray, " item"]) -> Bool[np.ndarray, " item"]:
    """True for items that are known, or share an entity with a known one."""
    return np.asarray(known | (links @ (links.T @ known.astype(np.float64)) > 0))
