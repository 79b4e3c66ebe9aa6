"""Items that people have touched since the fit: their own residuals, between two fits."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from metarec.contracts import EventLike, Histories, UnsupportedError
from metarec.meta.answering import Answering
from metarec.meta.changing_items import ChangingItems
from metarec.meta.features.terms import RESIDUALS
from metarec.meta.heart import Heart
from metarec.meta.prior import LearnedPrior
from metarec.meta.warming.met import Met, met_by
from metarec.meta.warming.residuals import Residuals, residuals_of


class WarmingItems(Answering, ChangingItems):
    """The part of a fitted model that learns of items from the people who touched them."""

    def warm(self, histories: Histories | Sequence[Sequence[EventLike]]) -> Self:
        """The model in which cold items know what the people who touched them said.

        Cold is an item that nobody had touched in the fit, or that came later; `histories` are all
        that people did, before and since, also of those who left the item. Each is folded in from
        their events on other items, and the item's residuals v and β are the posterior of a linear
        regression on them (`metarec.meta.warming`); items that were not touched, and tables of
        evidence, stay as they are. Warming starts anew from content, so later ones are given all
        events again. Raises UnsupportedError for a model without the closed form.
        """
        aligned = self._aligned(histories)
        warmed = copy.copy(self)
        vars(warmed).pop("_whitened", None)  # a copy carries cached values along
        warmed.hearts = {
            name: self._warmed(name, heart, aligned, warmed) for name, heart in self.hearts.items()
        }
        return warmed

    def _warmed(self, name: str, heart: Heart, histories: Histories, warmed: Self) -> Heart:
        """One head with the residuals of its items; their numbers become those of `warmed`."""
        prior = heart.residuals
        if prior is None:
            raise UnsupportedError(
                f"warm needs what a fit in closed form learns of items (its head {name!r} has "
                'nothing of it); fit with updater="ClosedForm" and this version of metarec'
            )
        n = len(self.catalogue)
        cold = np.zeros(len(heart.terms.offsets), dtype=bool)
        cold[:n] = self._cold(name)
        rows = np.unique(histories.items[cold[histories.items]])
        if not len(rows):
            return heart
        content = self._content.encode(self.catalogue.frame[rows])
        alone = self._terms_of(name, content, np.full(len(rows), -1))
        plain = replace(heart, terms=heart.terms.changed(rows, alone), evidence=None)
        met = Met.of_all(
            [
                met_by(plain, *self._as_served(histories.take(part)), cold)
                for part in self._chunks(histories)
            ]
        )
        found = residuals_of(prior, met, plain.terms.features)
        shares = found.open_share(prior, people_moments(heart.prior))
        told = (1 / shares - 1) / plain.terms.unsure[found.items]
        weights = with_residuals(self._weights[name], found, told, n)
        warmed._weights = {**warmed._weights, name: weights}
        own = np.searchsorted(rows, found.items)
        terms = warmed._terms_of(name, content[own], found.items)
        return replace(
            heart,
            terms=heart.terms.changed(found.items, terms),
            warm=np.union1d(heart.warm, found.items),
        )

    def _cold(self, name: str) -> Bool[np.ndarray, " item"]:
        """True for the items of which the fit learned nothing but what content tells."""
        cold = np.ones(len(self.catalogue), dtype=bool)
        known = np.flatnonzero(self._weights[name]["told"] > 0)
        cold[known] = False
        cold[self.hearts[name].warm] = True
        return cold


def people_moments(prior: LearnedPrior) -> Float[np.ndarray, "d d"]:
    """E[x̄x̄ᵀ] of people of whom nothing is known, x̄ = (w without its constant, 1)."""
    moments = prior.covariance + np.outer(prior.mean, prior.mean)
    moments[-1, :-1] = moments[:-1, -1] = prior.mean[:-1]
    moments[-1, -1] = 1.0
    return moments


def with_residuals(
    weights: Mapping[str, NDArray[np.float32]],
    found: Residuals,
    told: Float[np.ndarray, " item"],
    n_items: int,
) -> dict[str, NDArray[np.float32]]:
    """The numbers of `n_items` items, with the residuals that were found; what is not known of an
    item beyond its content is 0."""
    wider = {}
    for name in RESIDUALS:
        more = n_items - len(weights[name])
        wider[name] = np.pad(weights[name], [(0, more)] + [(0, 0)] * (weights[name].ndim - 1))
    wider["v"][found.items] = found.mean[:, :-1]
    wider["beta"][found.items] = found.mean[:, -1]
    wider["told"][found.items] = told
    return {**weights, **wider}
