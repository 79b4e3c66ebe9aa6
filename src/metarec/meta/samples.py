"""Who is asked to learn how much each part of a model counts: validation, and folds where it is
small."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metarec.contracts import Dataset
from metarec.meta.evidence.questions import ENOUGH_QUERIES
from metarec.meta.heart import Heart
from metarec.meta.holding_out import Taught, folds_of
from metarec.meta.ordering import CHOICE

ENOUGH_OF_FOLDS = 1000
"""Queries on touched items after which no further fold is asked."""

Hearts = Mapping[str, Heart]


@dataclass(frozen=True, eq=False)
class Asked:
    """Episodes for each head, and heads that know nothing of what these ask."""

    taught: Sequence[Taught]
    hearts: Hearts


def asked_of(
    taught: Sequence[Taught],
    hearts: Hearts,
    start: Callable[[Mapping[str, Taught]], Hearts],
    rng: int,
) -> list[Asked]:
    """The fit itself, and as many folds of its training set as are needed to ask enough.

    `start` learns the heads of a fold at their start, which is a closed form; of ratings those of
    the first fold alone.
    """
    found = [Asked(taught, hearts)]
    for train, valid in folds_of(taught[0].heard, rng):
        known, arrivals = np.sum([_queries(each.taught[-1]) for each in found], axis=0)
        alone = _queries(taught[-1])[0] >= ENOUGH_QUERIES
        if (alone or known >= ENOUGH_OF_FOLDS) and arrivals >= ENOUGH_QUERIES:
            break
        own = [Taught.of(_alike(train, each.train), valid, rng) for each in taught]
        named = dict(zip(hearts, own, strict=True))
        if len(found) > 1:  # one fold tells what ratings weigh; their start takes longest
            named = {CHOICE: named[CHOICE]}
        found.append(Asked(own, start(named)))
    return found


def _alike(fold: Dataset, train: Dataset) -> Dataset:
    """A fold as a head reads it: as ratings, or as events."""
    return fold if fold.feedback == train.feedback else fold.as_events()


def _queries(taught: Taught) -> tuple[int, int]:
    """Those on touched and on untouched items."""
    touched = taught.train.touched[taught.valid.query.items]
    return int(touched.sum()), int((~touched).sum())
