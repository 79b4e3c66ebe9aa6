"""The residuals of items from what the people who met them say: the symmetric solve."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts.pieces import uneven_pieces
from metarec.meta.prior import ResidualPrior
from metarec.meta.warming.met import Met
from metarec.posterior import Prior, Statistics, condition, gather

CELLS_AT_ONCE = 2_000_000
"""Numbers of events held at once, padded to those of the item with the most (16 MB)."""


@dataclass(frozen=True, eq=False)
class Residuals:
    """What is believed of the residuals of some items: N(`mean`, `covariance`) each."""

    items: Int[np.ndarray, " item"]
    mean: Float[np.ndarray, "item d"]
    """v, then β."""
    covariance: Float[np.ndarray, "item d d"]

    def open_share(
        self, prior: ResidualPrior, moments: Float[np.ndarray, "d d"]
    ) -> Float[np.ndarray, " item"]:
        """How much of the variance of x̄ᵀ(v, β) before any event is left, over people of whom E[ww']
        are the `moments`."""
        whole = float(np.einsum("ab,ab->", prior.covariance, moments))
        left = np.einsum("iab,ab->i", self.covariance, moments)
        return np.asarray(left / whole) if whole > 0 else np.ones(len(left))


def residuals_of(
    prior: ResidualPrior,
    met: Met,
    features: Float[np.ndarray, "row d"],
    shown: Float[np.ndarray, " row"] | None = None,
) -> Residuals:
    """The posterior of the residuals of all items that were met, by the closed form of people.

    `features` are φ of content alone, of every row; `shown` is how many people each item was shown
    to, all of them where it is not told. Coordinates are those in which the prior is N(0, I), so
    that one that says nothing of a direction is no trouble.
    """
    items, own = np.unique(met.items, return_inverse=True)
    order = np.argsort(own, kind="stable")
    counts = np.bincount(own, minlength=len(items))
    starts = np.cumsum(counts) - counts
    root, d = _root(prior.covariance), len(prior.covariance)
    x = met.states @ root
    seen = np.full(len(items), float(met.n_people)) if shown is None else shown[items]
    left = prior.left * met.moments
    people = root[:-1].T @ left[:-1, :-1] @ root[:-1]  # what everyone says of v, in this basis
    # what is foretold of the item is to be 0 for them too
    away = -(features[items] @ left[:, :-1]) @ root[:-1]
    means, covariances = np.zeros((len(items), d)), np.zeros((len(items), d, d))
    for part in uneven_pieces((counts * d).tolist(), CELLS_AT_ONCE):
        width = int(counts[part].max(initial=0))
        places = np.arange(width)
        present = places < counts[part, None]
        events = order[np.where(present, starts[part, None] + places, 0)]
        told = gather(x[events], met.surprises[events], met.precisions[events] * present)
        whole = told + Statistics(seen[part, None, None] * people, seen[part, None] * away[part])
        posterior = condition(Prior(np.zeros(d), np.eye(d)), whole)
        means[part] = posterior.mean @ root.T
        covariances[part] = root @ posterior.covariance() @ root.T
    return Residuals(items, means, covariances)


def _root(covariance: Float[np.ndarray, "d d"]) -> Float[np.ndarray, "d d"]:
    """R with R Rᵀ the covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
