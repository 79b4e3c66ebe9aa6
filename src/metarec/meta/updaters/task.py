"""What one person's events ask of the decision network: the inner loss, and how far to step.

    L(θ) = ½ [ Σ_j b_j (t_j − f(φ_j))² + λ‖w − m‖² + α mean_i (f(φ_i) − f₀(φ_i))² ]

That is the working likelihood of the closed form; the last mean is over landmark items, and f₀ is
what is said before any event: "every item counts a little". With f linear in w and all items as
landmarks its least is the closed form's posterior mean. Coordinates are those in which P, the
curvature of the last two terms there, is I. A gradient is divided by a bound on the curvature of
all numbers that are adapted, s = 1 + Σ_j b_j ‖∂f(φ_j)/∂θ‖² (the trace of the Gauss-Newton matrix;
of landmarks the hidden layers' part, as that of w is in the 1). So a rate means the same for one
event and for a hundred: up to 2 no step can diverge where f is linear.
"""

from dataclasses import dataclass, replace
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
    """Where w starts: Lᵀm, with L Lᵀ = P = λI + α mean_i φ_i φ_iᵀ of the landmarks."""
    ridge: Float[Array, "d d"]
    """λ L⁻¹L⁻ᵀ."""
    landmarks: Float[Array, "landmark d"]
    pull: Float[Array, ""] | float
    """α over the number of landmarks."""
    whitening: Float[Array, "d d"]
    """L⁻¹."""

    @classmethod
    def of(
        cls,
        xp: Any,
        mean: Float[Array, "*#person d"],
        features: Float[Array, "*#person event d"],
        targets: Float[Array, "*#person event"],
        precisions: Float[Array, "*person event"],
        landmarks: Float[Array, "landmark d"],
        scales: tuple[Any, Any],
    ) -> "Task":
        """The task of these events, of people with these prior means; `scales` are λ and α."""
        ridge, pull = scales[0], scales[1] / max(1, len(landmarks))
        identity = xp.eye(landmarks.shape[-1], dtype=landmarks.dtype)
        root = xp.linalg.cholesky(ridge * identity + pull * (landmarks.T @ landmarks))
        whitening = xp.linalg.inv(root)
        x = features @ whitening.T
        return cls(
            xp,
            Rows(x, targets, precisions),
            mean @ root,
            ridge * (whitening @ whitening.T),
            landmarks @ whitening.T,
            pull,
            whitening,
        )

    def some(self, part: slice) -> "Task":
        """The task of some of the people; what they share stays as it is."""
        own = self.events
        columns = (own.x, own.targets, own.weights)
        x, targets, weights = (column if len(column) == 1 else column[part] for column in columns)
        mean = self.mean if self.mean.ndim == 1 or len(self.mean) == 1 else self.mean[part]
        return replace(self, events=Rows(x, targets, weights), mean=mean)

    def unmoved(self, start: Dense) -> Rows:
        """The landmarks, of which f is to say what it said at the start."""
        weights = self.landmarks[..., 0] * 0 + self.pull
        return Rows(self.landmarks, start.scores(self.landmarks), weights)

    def slope(self, theta: Dense, unmoved: Rows) -> Dense:
        """The gradient of the inner loss in all of θ, over the bound s."""
        events, landmarks = self.events.seen_by(theta), unmoved.seen_by(theta)
        own, kept = events.slope(), landmarks.slope()
        drawn = (theta.w - self.mean) @ self.ridge
        s = 1 + events.curvature_of_weights() + events.curvature_of_units()
        s = s + landmarks.curvature_of_units()
        return Dense(
            (own.A + kept.A) / s[..., None, None],
            (own.B + kept.B) / s[..., None, None],
            (own.w + kept.w + drawn) / s[..., None],
        )

    def loss(self, theta: Dense, unmoved: Rows) -> Float[Array, "*person"]:
        """L(θ), by its definition."""
        told = [
            (rows.weights * (rows.targets - theta.scores(rows.x)) ** 2).sum(-1)
            for rows in (self.events, unmoved)
        ]
        away = theta.w - self.mean
        return 0.5 * (sum(told) + ((away @ self.ridge) * away).sum(-1))
