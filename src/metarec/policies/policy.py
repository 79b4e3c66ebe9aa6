"""The three verbs of a policy: `propensity`, `act`, `learn`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import DataError, Outlook, whole_number
from metarec.policies.slates import Slates
from metarec.ranking.top_k import top_k

Context = TypeVar("Context")


@dataclass(frozen=True, eq=False)
class Propensities:
    """How likely a policy shows these slates."""

    places: Float[np.ndarray, "person place"]
    """P(this item at this place), whatever stands elsewhere; NaN of an empty place."""
    prefixes: Float[np.ndarray, "person place"]
    """P(all items up to this place, in this order)."""

    @property
    def slates(self) -> Float[np.ndarray, " person"]:
        """P(the whole slate)."""
        return self.prefixes[:, -1]


@dataclass(frozen=True, eq=False)
class Shown:
    """Slates that a policy has shown, and how likely they were."""

    items: Int[np.ndarray, "person place"]
    """Columns of the candidates; -1 where there was nothing left to show."""
    propensities: Propensities
    evaluable: bool
    """False where some candidate had no chance at all: a log of such slates tells of this policy,
    and of no other."""


class SlatePolicy(ABC, Generic[Context]):
    """A policy that shows one of some lists, or anything with probability ε.

    A member says which lists; what follows of them stands here, and is exact: given the draws,
    where the lists come from draws.
    """

    reads_draws: ClassVar[bool] = False
    """Whether its lists come from draws, which an outlook must have then."""
    epsilon: float

    @abstractmethod
    def slates(self, context: Context, k: int) -> Slates:
        """The chances of all slates of length `k` in this context of some people."""

    @property
    def evaluable(self) -> bool:
        """Whether every candidate has a chance at every place."""
        return self.epsilon > 0

    def propensity(self, context: Context, shown: Int[np.ndarray, "person place"]) -> Propensities:
        """How likely these slates are in this context; raises DataError for what is no slate of
        its candidates, such as one that shows an item twice."""
        rows = checked_slates(shown)
        slates = self.slates(context, rows.shape[1])
        checked_slates(rows, *slates.allowed.shape)
        return _propensities(slates, rows)

    def act(self, context: Context, k: int, rng: np.random.Generator) -> Shown:
        """A slate of length `k` for each person, and how likely it was."""
        slates = self.slates(context, whole_number("k", k))
        shown = slates.draw(checked_generator(rng))
        return Shown(shown, _propensities(slates, shown), self.evaluable)

    def learn(
        self,
        context: Context,
        shown: Int[np.ndarray, "person place"],
        rewards: Float[np.ndarray, "person place"],
    ) -> Self:
        """The policy after what came of these slates; NaN: nobody saw that place.

        A policy over the outlook of a model has nothing of its own to learn: what people did goes
        into the model (`observe`), and so into the next outlook.
        """
        return self


def _propensities(slates: Slates, shown: Int[np.ndarray, "person place"]) -> Propensities:
    return Propensities(slates.at_places(shown), slates.up_to(shown))


def best_columns(
    scores: Float[np.ndarray, "*person item"], k: int
) -> Int[np.ndarray, "*person place"]:
    """The `k` columns of the largest scores, best first; equal ones in the order of the columns."""
    if not scores.shape[-1]:
        return np.full((*scores.shape[:-1], k), -1)
    rows = scores.reshape(-1, scores.shape[-1])
    found = top_k(rows, k, np.arange(scores.shape[-1]))
    return found.reshape(*scores.shape[:-1], k)  # (people · lists, place) -> (people, list, place)


def one_list(outlook: Outlook, scores: Float[np.ndarray, "person item"], k: int) -> np.ndarray:
    """The best by these scores of what may be shown, as each person's only list."""
    return best_columns(np.where(outlook.allowed, scores, np.nan), k)[:, None, :]


def checked_slates(
    shown: object, people: int | None = None, items: int | None = None
) -> Int[np.ndarray, "person place"]:
    """Slates as a table of columns, -1 for an empty place; raises DataError where it is none, or
    not of so many people and items."""
    table = np.asarray(shown)
    expected = "a table (person, place) of columns of the candidates, -1 where a place is empty"
    if table.ndim != 2 or not table.shape[1] or table.dtype.kind not in "iu":
        got = f"{table.dtype} of shape {table.shape}"
        raise DataError(f"shown must be {expected}, and at least one place; got {got}")
    if people is not None and len(table) != people:
        raise DataError(f"shown must be {expected}; of {people} people it has {len(table)} slates")
    wrong = (table < -1) | (table >= (np.inf if items is None else items))
    if wrong.any():
        row, place = np.argwhere(wrong)[0]
        most = "" if items is None else f" of {items} candidates"
        raise DataError(
            f"shown must be {expected}; slate {row} has {table[row, place]}{most} at place {place}"
        )
    ordered = np.sort(table, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        row, place = np.argwhere(twice)[0]
        raise DataError(f"slate {row} shows column {ordered[row, place]} twice; show each once")
    return table


def checked_generator(rng: object) -> np.random.Generator:
    """`rng`, which a policy draws from and moves on; raises DataError for a seed."""
    if not isinstance(rng, np.random.Generator):
        raise DataError(
            "rng must be a generator that goes on from act to act, such as "
            f"numpy.random.default_rng(0), got {rng!r}"
        )
    return rng


def checked_share(name: str, value: float) -> float:
    """`value` as a probability; raises DataError where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise DataError(f"{name} must be a number from 0 to 1, got {value!r}")
    return float(value)


def checked_factor(name: str, value: float) -> float:
    """`value` as a factor of at least 0; raises DataError where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < np.inf:
        raise DataError(f"{name} must be a finite number of at least 0, got {value!r}")
    return float(value)
