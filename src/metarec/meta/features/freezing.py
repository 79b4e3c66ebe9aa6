"""From the trained module to the plain arrays that serving needs."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from metarec.contracts.pieces import pieces
from metarec.meta.config import MetaConfig
from metarec.meta.features.network import FeatureNetwork
from metarec.meta.features.terms import RESIDUALS, ItemTerms

Weights = Mapping[str, NDArray[np.float32]]
"""The trained numbers by their names in the module."""
CELLS_AT_ONCE = 4_000_000


@torch.no_grad()
def item_terms(
    weights: Weights,
    blocks: Mapping[str, int],
    config: MetaConfig,
    content: Float[np.ndarray, "item d_content"],
    learned: Int[np.ndarray, " item"],
) -> ItemTerms:
    """The terms of items from their content, by the module that was trained, in float64.

    `learned` is the row of each item's own residuals, -1 for an item that stands on its content
    alone. An item's terms are the same bits whichever items stand beside it: PyTorch computes the
    numbers at the end of an array by other instructions than those before, NumPy all alike.
    """
    own = {name: weights[name][np.maximum(learned, 0)] for name in RESIDUALS}
    network = FeatureNetwork(len(content), blocks, config, torch.Generator(), mean=0.0)
    # of a model in service they cannot be written to, which PyTorch wants to, though it copies
    able = {name: np.require(array, requirements="W") for name, array in {**weights, **own}.items()}
    numbers = {name: torch.from_numpy(array) for name, array in able.items()}
    network.load_state_dict(numbers)
    terms = network.double()(
        torch.from_numpy(content).double(),
        torch.from_numpy((learned >= 0).astype(np.float64)),
        product=row_product,
        softplus=lambda x: torch.from_numpy(np.logaddexp(0.0, x.numpy())),
        exp=lambda x: torch.from_numpy(np.exp(x.numpy())),
    )
    return ItemTerms(
        features=terms.features.numpy(),
        offsets=terms.offsets.numpy(),
        unsure=terms.unsure.numpy(),
        noise=terms.noise.numpy(),
        popularity=np.zeros(len(content)),
    )


def row_product(
    rows: Float[Tensor, "row d_in"], matrix: Float[Tensor, "d_in d_out"]
) -> Float[Tensor, "row d_out"]:
    """The matrix product in float64, each row summed in an order that depends on nothing else.

    The kernels of a BLAS product treat a row by its place in the matrix, so an item's features
    would depend, in their last bits, on which items stand beside it. This is slower, and done once
    for each item.
    """
    columns = np.ascontiguousarray(matrix.numpy().T, dtype=np.float64)  # (d_out, d_in)
    product = np.empty((len(rows), len(columns)))
    for part in pieces(len(rows), columns.size, CELLS_AT_ONCE):
        terms = rows[part].numpy()[:, None, :] * columns[None, :, :]  # (row, d_out, d_in)
        product[part] = np.add.reduce(terms, axis=-1)
    return torch.from_numpy(product)
