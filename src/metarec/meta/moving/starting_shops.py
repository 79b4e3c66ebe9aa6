"""A new shop from the model of another one: the same map of content, the same idea of people."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
from jaxtyping import Float

from metarec.contracts import DataError, Dataset, Encoder, Histories
from metarec.contracts.wording import written
from metarec.encoders import ContentFeatures, TabularFeatures, content_told, reads_alike
from metarec.meta.evidence.evidence import RETURN, Evidence
from metarec.meta.heart import Heart
from metarec.meta.moving.aligning import rows_among
from metarec.meta.moving.moved_evidence import evidence_in, levelled
from metarec.meta.moving.moved_heart import Place, Weights, check_movable, moved
from metarec.meta.profiles import of_nobody, profiles_in
from metarec.meta.warming.warming_items import WarmingItems


class StartingShops(WarmingItems):
    """The part of a fitted model that begins another shop."""

    encoder: Encoder
    metrics: Mapping[str, Any]
    """Steps, best validation loss and calibration of the fit; of a model of ratings those of its
    choice head under "choice"."""

    def begin(self, known: Self, shop: Dataset, *, progress: bool) -> None:
        """Become the `known` model in another shop, in which nothing of it is learned."""
        self._catalogue, self.event_kinds = shop.catalogue, shop.event_kinds
        self._content = content_features(self.encoder, shop, progress=progress)
        self._read_profiles(shop)
        content = self._content.encode(shop.catalogue.frame)
        place = known.place(shop, self._content, content, self._profiles)
        for name, before in known.hearts.items():
            train = as_read_by(name, shop)
            heart, weights = known.moved(name, train, place)
            self._weights = {**self._weights, name: weights}
            self.hearts = {**self.hearts, name: heart}
            if before.evidence is not None:
                evidence = evidence_in(before.evidence, train, content, self.config)
                heart = replace(heart, evidence=self._levelled(evidence, heart, train))
                self.hearts = {**self.hearts, name: heart}
                self.shows_seen = known.shows_seen and RETURN in evidence.names
        self.blend = known.blend
        told = {"steps": 0, "valid_loss": None, "train_hash": shop.hash}
        self.metrics = {**told, "of_prior": place.facts()}

    def check_prior_of(self, shop: Dataset, encoder: Encoder | None) -> None:
        """Refuse a shop, or an encoder of its items (None: this model's own), that this model
        cannot begin."""
        known = self.heart.head.name
        if not isinstance(shop, Dataset):
            raise DataError(
                f"shop must be a Dataset, as load(folder) gives it, got {type(shop).__name__}"
            )
        if known != shop.feedback:
            raise DataError(
                f"the prior model was fitted to {_said(known)}, and this shop has "
                f"{_said(shop.feedback)}; a prior is for shops of the same feedback"
            )
        if encoder is not None and not reads_alike(encoder, self._content.encoder):
            here = encoder.encoder if isinstance(encoder, ContentFeatures) else encoder
            raise DataError(
                "the prior model reads content by another encoder, so that the same text is "
                f"another vector: {self._content.encoder!r}, here {here!r}; "
                + written("give the prior's own encoder", "leave --encoder out")
            )
        for name, heart in self.hearts.items():
            check_movable(name, heart, shop)

    def place(
        self,
        shop: Dataset,
        features: ContentFeatures,
        content: Float[np.ndarray, "item d_content"],
        profiles: TabularFeatures | None,
    ) -> Place:
        """The shop as this model reads it."""
        own, known = (() if each is None else each.names for each in (profiles, self._profiles))
        rows = rows_among(features.names, self._content.names)
        return Place(shop, features, content, rows, rows_among(own, known))

    def _read_profiles(self, shop: Dataset) -> None:
        """Know how the shop's profiles are read, and what is read of nobody."""
        self._profiles = profiles_in(shop) if self.config.profile else None
        self._no_profile = None
        if self._profiles is not None and shop.users is not None:
            self._no_profile = of_nobody(self._profiles, shop.users)

    def _levelled(self, evidence: Evidence, heart: Heart, train: Dataset) -> Evidence:
        """The evidence with its untouched items at their level beside this head."""
        whole = partial(self._alone, replace(heart, evidence=evidence))
        return levelled(evidence, train, whole)

    def _alone(self, heart: Heart, histories: Histories) -> Float[np.ndarray, "person item"]:
        """What one head says of every item for each history."""
        parts = (histories.take(chunk) for chunk in self._chunks(histories))
        n_items = len(self.catalogue)
        return np.concatenate([heart.scores(self._believed(part, heart)) for part in parts])[
            :, :n_items
        ]

    def moved(self, name: str, train: Dataset, place: Place) -> tuple[Heart, Weights]:
        """One head in another shop, of which it reads `train`, and the numbers of its items."""
        weights, blocks = self._weights[name], self._content.blocks
        return moved(self.hearts[name], weights, blocks, self.config_of(name), train, place)


def as_read_by(name: str, shop: Dataset) -> Dataset:
    """A shop as one head reads it: as ratings, or as events, without what was refused."""
    own = shop if shop.feedback == name else shop.as_events()
    return own.without_negative()


def content_features(encoder: Encoder, shop: Dataset, *, progress: bool) -> ContentFeatures:
    """The features of a shop's items; with `progress` what each column is used as is said."""
    if isinstance(encoder, ContentFeatures):
        return encoder
    if progress:
        return content_told(encoder, shop, lambda told: print(told, file=sys.stderr))
    return ContentFeatures.of(encoder, shop)


def _said(feedback: str) -> str:
    return {"rating": "ratings", "implicit": "implicit events"}[feedback]
