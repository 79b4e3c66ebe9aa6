"""The PyTorch twin of the closed form, for training through the solve.

Same formulas, names and axes as `metarec.posterior.closed_form`, which is the definition; a parity
test holds the two together.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class TorchPosterior:
    """N(`mean`, A⁻¹) for a batch of people, with A = `factor` `factor`ᵀ."""

    mean: Float[Tensor, "*person d"]
    factor: Float[Tensor, "*person d d"]

    def scores(self, features: Float[Tensor, "*person item d"]) -> Float[Tensor, "*person item"]:
        """φᵀw̄ of each row."""
        return (features @ self.mean[..., None])[..., 0]

    def scores_of_all(self, features: Float[Tensor, "item d"]) -> Float[Tensor, "*person item"]:
        """φᵀw̄ of the same rows for everyone."""
        return self.mean @ features.mT

    def factors(
        self, features: Float[Tensor, "item d"]
    ) -> tuple[Float[Tensor, "*person d"], Float[Tensor, "item d"]]:
        """Vectors of people and of items whose inner products are the scores of all rows."""
        return self.mean, features

    def variance(self, features: Float[Tensor, "*person item d"]) -> Float[Tensor, "*person item"]:
        """φᵀ A⁻¹ φ of each row."""
        whitened = torch.linalg.solve_triangular(self.factor, features.mT, upper=False)
        return whitened.square().sum(-2)  # (d, item) -> (item)


def condition_on(
    mean: Float[Tensor, "*person d"],
    precision: Float[Tensor, "d d"],
    features: Float[Tensor, "*person event d"],
    targets: Float[Tensor, "*person event"],
    precisions: Float[Tensor, "*person event"],
) -> TorchPosterior:
    """The posterior of each person from prior N(`mean`, `precision`⁻¹) and padded events."""
    weighted = features * precisions[..., None]
    S = weighted.mT @ features  # (d, event) @ (event, d)
    s = weighted.mT @ targets[..., None] - S @ mean[..., None]
    factor = torch.linalg.cholesky(precision + S)
    moved = torch.cholesky_solve(s, factor)[..., 0]
    return TorchPosterior(mean + moved, factor)
