"""A head in another shop: what content and people tell, and nothing of the first shop's items."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from metarec.contracts import DataError, Dataset, UnsupportedError
from metarec.encoders import ContentFeatures
from metarec.meta.confidence import OF_REFUSALS, Confidence
from metarec.meta.config import MetaConfig
from metarec.meta.evidence.counting import shares_of_people
from metarec.meta.features.terms import ItemTerms
from metarec.meta.heads import ValueHead
from metarec.meta.heart import Heart
from metarec.meta.moving.aligning import aligned, weights_for
from metarec.meta.prior import LearnedPrior
from metarec.meta.recency import resolve_recency
from metarec.meta.updaters import ClosedForm

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Place:
    """A shop as the model of another one reads it."""

    shop: Dataset
    features: ContentFeatures
    content: Float[np.ndarray, "item d_content"]
    rows: Int[np.ndarray, " d_content"]
    """Where each number of the content stands among those of the other shop, -1 where nowhere."""
    profile_rows: Int[np.ndarray, " d_profile"]
    """The same of the profiles."""

    def facts(self) -> dict[str, Any]:
        """How much of the content is known, and of what columns nothing is, for a model's
        metrics."""
        blocks = self.features.blocks
        columns = [name[0] if name[0] in blocks else name[1] for name in self.features.names]
        of_use = {columns[row] for row in np.flatnonzero(self.rows >= 0)}
        return {
            "feedback": self.shop.feedback,
            "content": len(self.rows),
            "known": int((self.rows >= 0).sum()),
            "left_out": sorted(set(columns) - of_use),
        }


def moved(
    heart: Heart,
    weights: Weights,
    blocks: Mapping[str, int],
    config: MetaConfig,
    train: Dataset,
    place: Place,
) -> tuple[Heart, Weights]:
    """The head and the trained numbers of its items in another shop, without evidence; `train` is
    the shop as the head reads it, `blocks` are those of the content that `weights` read."""
    from metarec.meta.features.freezing import item_terms  # PyTorch: serving never needs it

    n_items, own = len(place.content), place.features.blocks
    numbers = weights_for(weights, blocks, own, place.rows, n_items)
    terms = item_terms(numbers, own, config, place.content, np.full(n_items, -1))
    terms = replace(terms, popularity=shares_of_people(train))
    there = Heart(
        head=heart.head,
        terms=terms.padded(),
        prior=prior_in(heart, terms, len(weights["v"]), place),
        confidence=confidence_in(heart, train, config),
        residuals=heart.residuals,
    )
    return there, numbers


def prior_in(heart: Heart, terms: ItemTerms, n_before: int, place: Place) -> LearnedPrior:
    """The prior of people, P anew from these items: each of them counts as one did in the first
    shop, so that a larger catalogue counts more."""
    known = heart.prior
    if known.scales is None:
        raise DataError(
            "the prior model was saved by an earlier version, which kept less of it than another "
            "shop needs; fit it again"
        )
    features, mean = terms.features, known.mean
    map_ = aligned(known.profile_map, place.profile_rows)
    if heart.head.predicts_ratings:
        return LearnedPrior(mean, map_, known.precision, known.scales)
    lam, alpha = known.scales
    alpha *= len(features) / max(n_before, 1)
    G = features.T @ features / max(len(features), 1)
    return LearnedPrior(mean, map_, lam * np.eye(terms.d) + alpha * G, (lam, alpha))


def confidence_in(heart: Heart, train: Dataset, config: MetaConfig) -> Confidence:
    """What an event counts by its age and its kind; one of a kind that the first shop has not
    counts as it would before anything is learned."""
    known, names = heart.confidence, (*train.kind_names, *train.negative_kinds)
    of_kind = [OF_REFUSALS if name in train.negative_kinds else 1.0 for name in names]
    for row, name in enumerate(names):
        if name in known.kind_row:
            of_kind[row] = float(known.of_kind[known.kind_row[name]])
    return replace(
        known,
        recency=resolve_recency(config, train),
        kind_names=names,
        of_kind=np.array(of_kind, dtype=np.float64),
        negative_kinds=() if heart.head.predicts_ratings else train.negative_kinds,
    )


def check_movable(name: str, heart: Heart, train: Dataset) -> None:
    """Refuse a head that knows people by its own items, or ratings of another scale."""
    if not isinstance(heart.updater, ClosedForm):
        raise UnsupportedError(
            f"the head {name!r} of the prior model adapts by {type(heart.updater).__name__}, whose "
            'numbers are of its own items; fit it with updater="ClosedForm"'
        )
    if isinstance(heart.head, ValueHead) and heart.head.scale != train.scale:
        low, high = heart.head.scale
        raise DataError(
            f"the prior model knows ratings from {low:g} to {high:g}, and this shop's go from "
            f"{train.scale[0]:g} to {train.scale[1]:g}; declare scale = [{low:g}, {high:g}] where "
            "they mean the same, or bring the ratings to one scale"
        )
