"""What one person's events ask of the decision network: the inner loss, and its scale.

    L(θ) = ½ [ Σ_j b_j (t_j − f(φ_j))² + λ‖w − m‖² + α mean_i (f(φ_i) − f₀(φ_i))² ] / s

That is the working likelihood of the closed form; the last mean is over landmark items, and f₀ is
what is said before any event: "every item counts a little". With f linear in w and all items as
landmarks its least is the closed form's posterior mean. s = 1 + Σ_j b_j φ_jᵀP⁻¹φ_j is a bound on
the curvature in w, so that a rate means the same for one event and for a hundred: up to 2 no step
can diverge where f is linear.
"""

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from metarec.meta.updaters.decision import Array, Dense, Rows


@dataclass(frozen=True, eq=False)
class Task:
    """The inner loss of one person, or of many padded to one length, in whitened coordinates."""

    xp: Any
    """The module of the arrays: NumPy, or PyTorch."""
    events: Rows
    mean: Float[Array, "*#person d"]
    """Where w starts: Lᵀm."""
    ridge: Float[Array, "d d"]
    """λ L⁻¹L⁻ᵀ."""
    landmarks: Float[Array, "landmark d"]
    pull: Float[Array, ""] | float
    """α over the number of landmarks."""
    whitening: Float[Array, "d d"]
    """L⁻¹."""
    scale: Float[Array, "*person"]
    """s."""

    @classmethod
    def of(
        cls,
        xp: Any,
        mean: Float[Array, "*#person d"],
        precision: Float[Array, "d d"],
        features: Float[Array, "*#person event d"],
        targets: Float[Array, "*#person event"],
        precisions: Float[Array, "*person event"],
        landmarks: Float[Array, "landmark d"],
        scales: tuple[Any, Any],
    ) -> "Task":
        """The task of these events under the prior N(`mean`, `precision`⁻¹); `scales` are λ, α."""
        root = xp.linalg.cholesky(precision)
        whitening = xp.linalg.inv(root)
        x = features @ whitening.T
        ridge, pull = scales
        return cls(
            xp,
            Rows(x, targets, precisions),
            mean @ root,
            ridge * (whitening @ whitening.T),
            landmarks @ whitening.T,
            pull / max(1, len(landmarks)),
            whitening,
            1 + (precisions * (x**2).sum(-1)).sum(-1),
        )

    @property
    def people(self) -> tuple[int, ...]:
        """The axes of people."""
        return tuple(self.scale.shape)

    def unmoved(self, start: Dense) -> Rows:
        """The landmarks, of which f is to say what it said at the start."""
        weights = self.landmarks[..., 0] * 0 + self.pull
        return Rows(self.landmarks, start.scores(self.landmarks), weights)

    def slope(self, theta: Dense, unmoved: Rows) -> Dense:
        """The gradient of the inner loss in all of θ."""
        own, landmarks, s = self.events.slope(theta), unmoved.slope(theta), self.scale
        drawn = (theta.w - self.mean) @ self.ridge
        return Dense(
            (own.A + landmarks.A) / s[..., None, None],
            (own.a + landmarks.a) / s[..., None],
            (own.B + landmarks.B) / s[..., None, None],
            (own.w + landmarks.w + drawn) / s[..., None],
        )

    def loss(self, theta: Dense, unmoved: Rows) -> Float[Array, "*person"]:
        """L(θ), by its definition."""
        told = [
            (rows.weights * (rows.targets - theta.scores(rows.x)) ** 2).sum(-1)
            for rows in (self.events, unmoved)
        ]
        away = theta.w - self.mean
        return 0.5 * (sum(told) + ((away @ self.ridge) * away).sum(-1)) / self.scale
