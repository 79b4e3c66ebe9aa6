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
PEOPLE_OF_FOLDS = 200
"""And people whose they are."""
ENOUGH_PEOPLE = 100
"""Where a fit holds out by itself, so many people are asked alone: fewer are the tastes of a few,
however much each is asked, and what they are asked is a guess at what will be."""

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
    found, alone = [Asked(taught, hearts)], teaches_alone(taught[-1])
    for train, valid in folds_of(taught[0].heard, rng):
        asked = [_queries(one.taught[-1]) for one in found]
        queries, people, arrivals = np.sum(asked, axis=0)
        folds = queries >= ENOUGH_OF_FOLDS and people >= PEOPLE_OF_FOLDS
        if (alone or folds) and arrivals >= ENOUGH_QUERIES:
            break
        own = [Taught.of(_alike(train, one.train), valid, rng) for one in taught]
        named = dict(zip(hearts, own, strict=True))
        if len(found) > 1:  # one fold tells what ratings weigh; their start takes longest
            named = {CHOICE: named[CHOICE]}
        found.append(Asked(own, start(named)))
    return found


def _alike(fold: Dataset, train: Dataset) -> Dataset:
    """A fold as a head reads it: as ratings, or as events."""
    return fold if fold.feedback == train.feedback else fold.as_events()


def teaches_alone(taught: Taught) -> bool:
    """Whether validation asks enough about touched items; where it was given, nothing is more like
    what will be asked."""
    queries, people, _ = _queries(taught)
    given = taught.given is taught.train
    return queries >= ENOUGH_QUERIES and (given or people >= ENOUGH_PEOPLE)


def _queries(taught: Taught) -> tuple[int, int, int]:
    """Those on touched items, the people whose they are, and those on untouched items."""
    query = taught.valid.query
    touched = taught.train.touched[query.items]
    return int(touched.sum()), len(np.unique(query.rows[touched])), int((~touched).sum())
