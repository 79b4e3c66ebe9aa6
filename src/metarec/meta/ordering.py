"""By what lists are ordered: the choice, the rating, or both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

from metarec.contracts import DataError
from metarec.meta.adaptation import Adaptation
from metarec.meta.evidence import TASTE
from metarec.meta.heads import ChoiceHead, ValueHead
from metarec.meta.heart import Heart

RankBy = Literal["both", "choice", "rating"]
CHOICE, VALUE = ChoiceHead.name, ValueHead.name
RATED = "your ratings"
"""The reason of what events tell of the rating, where it stands beside the choice."""


@dataclass(frozen=True)
class Blend:
    """What an expected rating counts beside the logit of the choice: b (E[rating] − μ) / σ."""

    weight: float
    """b of items that people touched."""
    weight_of_untouched: float
    """b of the others, whose expected ratings content alone tells."""
    level: float
    """μ, the mean rating of the fit."""
    spread: float
    """σ, the standard deviation of the ratings of the fit."""

    def slopes(self, untouched: Bool[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
        """What a whole step of the scale adds to each item."""
        return np.where(untouched, self.weight_of_untouched, self.weight) / self.spread


@dataclass(frozen=True)
class Part:
    """A head's score in the sum: factor · (score − level)."""

    head: str
    factors: Float[np.ndarray, " row"] | None = None
    """One an item; None is 1 of all."""
    level: float = 0.0

    def of(self, scores: Float[np.ndarray, "*person row"]) -> Float[np.ndarray, "*person row"]:
        """What it adds to every item."""
        if self.factors is None:
            return scores
        return self.factors[: scores.shape[-1]] * (scores - self.level)

    def factor(self, row: int) -> float:
        """What a step of the score of one item adds."""
        return 1.0 if self.factors is None else float(self.factors[row])


@dataclass(frozen=True)
class Ordering:
    """The sum of heads' scores by which lists are ordered."""

    parts: tuple[Part, ...]
    rating: str | None
    """The head that foretells ratings, where the model has one."""

    @classmethod
    def of(
        cls, rank_by: RankBy | None, hearts: Mapping[str, Heart], blend: Blend | None
    ) -> "Ordering":
        """What `rank_by` means for a model of these heads; None is all that it has."""
        if rank_by is not None and rank_by not in get_args(RankBy):
            raise DataError(f"rank_by must be one of {get_args(RankBy)}, got {rank_by!r}")
        rating = next((n for n, heart in hearts.items() if heart.head.predicts_ratings), None)
        named = {"choice": CHOICE, "rating": VALUE}
        if rank_by in named:
            if (head := named[rank_by]) not in hearts:
                has = [word for word, head in named.items() if head in hearts]
                raise DataError(
                    f"this model cannot rank by {rank_by}: it was fitted to foretell the "
                    f"{' and the '.join(has)} alone"
                )
            return cls((Part(head),), rating)
        if len(hearts) == 1 or blend is None:
            return cls((Part(next(iter(hearts))),), rating)
        slopes = blend.slopes(hearts[CHOICE].untouched)
        return cls((Part(CHOICE), Part(VALUE, slopes, blend.level)), rating)

    @property
    def names(self) -> tuple[str, ...]:
        """The heads that an answer needs, those of the sum first."""
        own = tuple(part.head for part in self.parts)
        return own if self.rating is None or self.rating in own else (*own, self.rating)

    @property
    def sure(self) -> str:
        """The head whose standard deviations stand in the answer: of ratings, or else the first."""
        return self.rating or self.parts[0].head

    def total(
        self, scores: Mapping[str, Float[np.ndarray, "*person row"]]
    ) -> Float[np.ndarray, "*person row"]:
        """The sum of the heads' scores; of one head alone these themselves."""
        if len(self.parts) == 1:
            return scores[self.parts[0].head]
        return np.sum([part.of(scores[part.head]) for part in self.parts], axis=0)

    def shown(
        self, scores: Float[np.ndarray, "*item"], hearts: Mapping[str, Heart]
    ) -> Float[np.ndarray, "*item"]:
        """The scores as a person sees them: ratings held inside their scale."""
        return hearts[self.parts[0].head].head.shown(scores) if len(self.parts) == 1 else scores


@dataclass(frozen=True, eq=False)
class Ranking:
    """By what one person's lists are ordered."""

    ordering: Ordering
    adaptations: Mapping[str, Adaptation]

    @property
    def scores(self) -> Float[np.ndarray, " row"]:
        """The score of every row, not held inside a scale."""
        heads = [part.head for part in self.ordering.parts]
        return self.ordering.total({head: self.adaptations[head].scores for head in heads})

    def base(self, row: int) -> float:
        """The score of one item that is due to no event."""
        parts = self.ordering.parts
        return sum(p.factor(row) * (self.adaptations[p.head].base(row) - p.level) for p in parts)

    def shares(self, row: int) -> dict[str, Float[np.ndarray, " event"]]:
        """What each event moved the score of one item, by reason."""
        found: dict[str, Float[np.ndarray, " event"]] = {}
        for part in self.ordering.parts:
            beside = part.head == VALUE and len(self.ordering.parts) > 1
            for reason, said in self.adaptations[part.head].shares(row).items():
                found[RATED if beside and reason == TASTE else reason] = part.factor(row) * said
        return found

    def together(self, row: int) -> dict[str, float]:
        """How far what all events say together moved the score of one item, by reason."""
        return {
            reason: part.factor(row) * said
            for part in self.ordering.parts
            for reason, said in self.adaptations[part.head].together(row).items()
        }

    def effects(self, row: int) -> Float[np.ndarray, " event"]:
        """The score of one item minus what it would be had each event in turn never come."""
        parts = self.ordering.parts
        effects = [p.factor(row) * self.adaptations[p.head].effects(row) for p in parts]
        return np.sum(effects, axis=0)
