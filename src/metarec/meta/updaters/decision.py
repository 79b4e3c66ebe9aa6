"""The decision network f(φ; θ): a linear score of an item's features, and hidden units beside it.

    f(φ) = h(x)ᵀw      h(x) = x + B relu(A x)      x = L⁻¹φ with L Lᵀ = P

In the coordinates x the prior of w is N(Lᵀm, I), so that one length of a step fits all directions.
The constant among the features stands for a bias of hidden units. With B = 0 it is the linear score
of the closed form. Written once, by what arrays of NumPy and of PyTorch both know: the same lines
train and serve.
"""

from dataclasses import dataclass, fields
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
        return x + relu(x @ self.A.swapaxes(-1, -2)) @ self.B.swapaxes(-1, -2)

    def scores(self, x: Float[Array, "*person row d"]) -> Float[Array, "*person row"]:
        """h(x)ᵀw."""
        return along(x, self.w) + along(relu(x @ self.A.swapaxes(-1, -2)), self.loads)

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
        units = relu(features @ self.A.swapaxes(-1, -2))
        return along(features, self.v) + along(units, self.q)

    def scores_of_all(self, features: Float[Array, "row d"]) -> Float[Array, "*person row"]:
        """Those of the same items for everyone."""
        units = relu(features @ self.A.swapaxes(-1, -2))
        shared = self.A.ndim == 2
        told = self.q @ units.swapaxes(-1, -2) if shared else along(units, self.q)
        return self.v @ features.swapaxes(-1, -2) + told


@dataclass(frozen=True, eq=False)
class Rows:
    """Items of features x, what f is to say of each, and what each weighs."""

    x: Float[Array, "*#person row d"]
    targets: Float[Array, "*#person row"]
    weights: Float[Array, "*#person row"]

    def seen_by(self, theta: Dense) -> "Seen":
        """What the network computes of them."""
        before = self.x @ theta.A.swapaxes(-1, -2)
        units = relu(before)
        return Seen(self, theta, before > 0, units, self.x + units @ theta.B.swapaxes(-1, -2))

    def slope_of_weights(
        self, features: Float[Array, "*#person row d"], w: Float[Array, "*person d"]
    ) -> Float[Array, "*person d"]:
        """The same in w alone, where h(x) of the rows are these `features`."""
        return summed(features, self.weights * (along(features, w) - self.targets))


@dataclass(frozen=True, eq=False)
class Seen:
    """The layers of the network over some rows."""

    rows: Rows
    theta: Dense
    on: Float[Array, "*person row width"]
    """Which hidden units say something."""
    units: Float[Array, "*person row width"]
    features: Float[Array, "*person row d"]

    def slope(self) -> Dense:
        """The gradient in θ of ½ Σ_j weight_j (target_j − f(x_j))²."""
        rows, theta = self.rows, self.theta
        error = rows.weights * (along(self.features, theta.w) - rows.targets)
        back = error[..., None] * self.on * theta.loads[..., None, :]
        return Dense(
            back.swapaxes(-1, -2) @ rows.x,  # (width, row) @ (row, d)
            theta.w[..., :, None] * summed(self.units, error)[..., None, :],
            summed(self.features, error),
        )

    def curvature_of_weights(self) -> Float[Array, "*person"]:
        """Σ_j weight_j ‖∂f/∂w‖²."""
        return (self.rows.weights * squares(self.features)).sum(-1)

    def curvature_of_units(self) -> Float[Array, "*person"]:
        """Σ_j weight_j (‖∂f/∂A‖² + ‖∂f/∂B‖²)."""
        by_B = squares(self.units) * squares(self.theta.w)[..., None]
        by_A = squares(self.rows.x) * squares(self.on * self.theta.loads[..., None, :])
        return (self.rows.weights * (by_A + by_B)).sum(-1)


def relu(values: Float[Array, "*row"]) -> Float[Array, "*row"]:
    """Nothing below 0."""
    return values * (values > 0)


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
    return (rows**2).sum(-1)
