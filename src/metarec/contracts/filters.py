"""What may stand in a list, and in which order: the words that every `recommend` takes."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypedDict

import polars as pl


class Filters(TypedDict, total=False):
    """The words; each may be left out. `metarec.ranking.Wanted` gives them their meaning.

    They act in the order: on offer (`at`), `candidates`, `where`, `exclude`, `exclude_seen`, then
    `boost`, `diversity` and `at_most` on what is left. Scores in the answer stay the model's.
    """

    at: float | None
    """The moment that the list is for, in seconds since 1970: items outside of their window
    (columns `available_from`, `available_until`) are not on offer. None: windows do not count."""
    exclude_seen: bool | Collection[str] | None
    """Leave out what is in the person's own history; or kinds of events, such as ["buy"]: only
    items with an event of these kinds are left out. None, or where it is not said: they are left
    out, except by a model that has learned that people come back to what they had."""
    candidates: Collection[str] | None
    """The item ids that may stand in the list; None: all on offer. An unknown id warns."""
    where: pl.Expr | str | None
    """What must hold of an item, by the columns of the item table: `pl.col("price") < 20`, or the
    same as text, `"price < 20 and brand == 'Acme'"`; of `similar` also by the item itself, as text,
    `"price < anchor.price"`. Items of which it cannot be told, because a value is missing, are left
    out, and a warning counts them."""
    exclude: Collection[str] | Sequence[Collection[str]] | None
    """Item ids that may not stand in the list; for many people also one such collection for each of
    them. An unknown id warns."""
    boost: str | None
    """A column of numbers b. Lists are ordered by score + b·σ, σ the standard deviation of the
    person's scores over all that may stand in their list: b = 1 lifts by one σ. Missing: 0."""
    lowered: Mapping[str, float] | Sequence[Mapping[str, float]]
    """How many σ named items are lowered, as by `boost`: {"9": 0.5}; for many people also one such
    mapping for each of them. Unknown ids are left out."""
    seen_since: float
    """Of their history only events at this moment or later (in the clock of the events) leave items
    out by `exclude_seen`: what was had longer ago may come again. Undated events count; negative
    events always do."""
    diversity: float
    """From 0 (nothing changes) to below 1: each place goes to the item of the largest
    (1 - diversity)·relevance - diversity·(largest cosine to the items before it), among the best
    max(100, 10·k); relevance is the score from 0 (the last of those) to 1 (the best). Maximal
    marginal relevance [Carbonell & Goldstein 1998]; the vectors are those of the model."""
    at_most: Mapping[str, int] | None
    """How many items of one value a list may hold, by column: {"brand": 2}. Items without a value
    are not counted. What is left out makes room for the next."""
