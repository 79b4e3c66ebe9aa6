"""The decision network f(φ; θ): a linear score of an item's features, and hidden units beside it.

    f(φ) = h(x)ᵀw      h(x) = x + B relu(A x)      x = L⁻¹φ with L Lᵀ = P

In the coordinates x the prior of w is N(Lᵀm, I), so that one length of a step fits all directions.
The constant among the features stands for a bias of hidden units. With B = 0 it is the linear score
of the closed form. Written once, by what arrays of NumPy and of PyTorch both know: the same lines
train and serve.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from jaxtyping import Float

Array = Any
"""Of NumPy where people are served, of PyTorch in training."""


@dataclass(frozen=True, eq=False)
class Dense:
    """θ, of everyone or of each person; or a gradient or rates of its shape."""

    A: Float[Array, "*person width d"]
    B: Float[Array, "*person d width"]
    w: Float[Array, "*person d"]

    def features(self, x: Float[Array, "*person row d"]) -> Float[Array, "*person row d"]:
        """h(x)."""
        return x + (self.B @ units_of(self.A, x)).swapaxes(-1, -2)

    def scores(self, x: Float[Array, "*person row d"]) -> Float[Array, "*person row"]:
        """h(x)ᵀw."""
        return along(x, self.w) + summed(units_of(self.A, x), self.loads)

    @property
    def loads(self) -> Float[Array, "*person width"]:
        """Bᵀw: what each hidden unit adds to the score."""
        return (self.w[..., None, :] @ self.B)[..., 0, :]

    def decision(self, whitening: Float[Array, "d d"]) -> "Decision":
        """The same scores as a function of φ; `whitening` is L⁻¹."""
        return Decision(self.w @ whitening, self.A @ whitening, self.loads)


LAYERS = tuple(field.name for field in fields(Dense))


@dataclass(frozen=True, eq=False)
class Decision:
    """What is said of items: φᵀv + relu(A φ)ᵀq; A is one for all, or each person's."""

    v: Float[Array, "*person d"]
    A: Float[Array, "*#person width d"]
    q: Float[Array, "*person width"]

    def scores(self, features: Float[Array, "*person row d"]) -> Float[Array, "*person row"]:
        """Those of each person's own items."""
        return along(features, self.v) + summed(units_of(self.A, features), self.q)

    def scores_of_all(self, features: Float[Array, "row d"]) -> Float[Array, "*person row"]:
        """Those of the same items for everyone."""
        units = units_of(self.A, features)
        told = self.q @ units if self.A.ndim == 2 else summed(units, self.q)
        return self.v @ features.swapaxes(-1, -2) + told


@dataclass(frozen=True, eq=False)
class Rows:
    """Items of features x, what f is to say of each, and what each weighs."""

    x: Float[Array, "*#person row d"]
    targets: Float[Array, "*#person row"]
    weights: Float[Array, "*#person row"]

    def seen_by(self, theta: Dense) -> "Seen":
        """What the network computes of them."""
        units = units_of(theta.A, self.x)
        return Seen(self, theta, units, positive(units))

    def slope_of_weights(
        self, features: Float[Array, "*#person row d"], w: Float[Array, "*person d"]
    ) -> Float[Array, "*person d"]:
        """The same in w alone, where h(x) of the rows are these `features`."""
        return summed(features, self.weights * (along(features, w) - self.targets))


@dataclass(frozen=True, eq=False)
class Seen:
    """The layers of the network over some rows.

    Hidden units are the largest of all arrays, so sums over rows are taken before anything is
    multiplied by what is the same of all rows.
    """

    rows: Rows
    theta: Dense
    units: Float[Array, "*person width row"]
    on: Float[Array, "*person width row"]
    """1 of a hidden unit that says something, else 0."""

    @cached_property
    def features(self) -> Float[Array, "*person row d"]:
        """h(x)."""
        return self.rows.x + (self.theta.B @ self.units).swapaxes(-1, -2)

    def slope(self) -> Dense:
        """The gradient in θ of ½ Σ_j weight_j (target_j − f(x_j))²."""
        rows, theta, loads = self.rows, self.theta, self.theta.loads
        told = along(rows.x, theta.w) + summed(self.units, loads)
        error = rows.weights * (told - rows.targets)
        by_unit = along(self.units, error)
        seen = self.on @ (error[..., None] * rows.x)  # (width, row) @ (row, d)
        return Dense(
            loads[..., :, None] * seen,
            theta.w[..., :, None] * by_unit[..., None, :],
            summed(rows.x, error) + along(theta.B, by_unit),
        )

    def curvature_of_weights(self) -> Float[Array, "*person"]:
        """Σ_j weight_j ‖∂f/∂w‖²."""
        return (self.rows.weights * squares(self.features)).sum(-1)

    def curvature_of_units(self) -> Float[Array, "*person"]:
        """Σ_j weight_j (‖∂f/∂A‖² + ‖∂f/∂B‖²)."""
        rows, theta = self.rows, self.theta
        by_A = (along(self.on, rows.weights * squares(rows.x)) * theta.loads**2).sum(-1)
        by_B = (rows.weights * (self.units * self.units).sum(-2)).sum(-1) * squares(theta.w)
        return by_A + by_B


def units_of(
    A: Float[Array, "*#person width d"], x: Float[Array, "*#person row d"]
) -> Float[Array, "*person width row"]:
    """relu(A x) of each row, a row a unit: of rows that are the same for all it is one product."""
    return relu(A @ x.swapaxes(-1, -2))


def positive(values: Float[Array, "*row"]) -> Float[Array, "*row"]:
    """1 where a value is above 0, else 0; numbers of the same kind, as a product of others with
    truth values first makes a copy of these."""
    above = values > 0
    return above.astype(values.dtype) if hasattr(above, "astype") else above.to(values.dtype)


def relu(values: Float[Array, "*row"]) -> Float[Array, "*row"]:
    """Nothing below 0."""
    return values.relu() if hasattr(values, "relu") else values.clip(min=0)


def along(
    rows: Float[Array, "*#person row d"], weights: Float[Array, "*#person d"]
) -> Float[Array, "*person row"]:
    """The inner product of each row with its person's weights."""
    return (rows @ weights[..., None])[..., 0]


def summed(
    rows: Float[Array, "*#person row d"], weights: Float[Array, "*#person row"]
) -> Float[Array, "*person d"]:
    """The rows added up by their weights."""
    return (weights[..., None, :] @ rows)[..., 0, :]


def squares(rows: Float[Array, "*row d"]) -> Float[Array, "*row"]:
    """The squared length of each row."""
    return (rows * rows).sum(-1)
