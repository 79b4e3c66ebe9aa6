"""Advice from a shop alone, and from what was measured on others."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from metarec.contracts import Dataset
from metarec.data.looks_of_kinds import refusals, spellings
from metarec.data.meanings import doubts_of_kinds, kind_counts
from metarec.jobs.advising.facts import Facts, facts_of

FEW_TEACHERS = 300
FEW_WORDS = 2.0
OFTEN = 0.05
"""Share of repeated events from which lists may have to show what people had."""
MANY_RARE = 0.5
LEAST_SECONDS = 20.0
"""CPU seconds of a default fit of the smallest shops: imports, training steps, folds, encoder."""
ONE_PERSON = 0.2
"""Share of all events from which one person is told of."""
FEW_PEOPLE = 20
"""With fewer, one of them has a large share by chance."""
SIZES = ("users", "items", "events", "per_user")
"""By these shops are like one another, on a scale of doublings."""
OTHER_KIND = 4.0
"""Doublings that a difference in feedback or order is worth."""


@dataclass(frozen=True)
class Expected:
    """What the default had on one scenario of the shop that is most like this one."""

    scenario: str
    people: int
    ndcg: float
    row: str
    """The best simple row there, tuned."""
    row_ndcg: float
    low: float
    high: float
    """The 95 % interval of the difference to it."""

    def __str__(self) -> str:
        return (
            f"{self.scenario}: NDCG@10 {self.ndcg:.3f} of {self.people:,} people; the best simple "
            f"row, {self.row}, tuned, {self.row_ndcg:.3f} (difference between {self.low:+.3f} and "
            f"{self.high:+.3f})"
        )


@dataclass(frozen=True)
class Advice:
    """What is known before a fit."""

    facts: Facts
    missing: tuple[str, ...]
    """What the shop lacks, what that costs, and what to do."""
    doubts: tuple[str, ...]
    """What may not mean what it seems, and what to do."""
    like: str
    """The measured shop that is most like it."""
    doublings: float
    """How far from it: the mean number of doublings by which their sizes differ."""
    expected: tuple[Expected, ...]
    minutes: float
    """How long a default fit takes on one core, from that of the shop most like it."""

    def __str__(self) -> str:
        facts = self.facts
        told = [
            f"{facts.users:,} people, {facts.items:,} items ({facts.touched:,} of them with "
            f"events), {facts.events:,} events to be foretold, {facts.per_user:.1f} a person",
            *(f"missing: {line}" for line in self.missing),
            *(f"look at this: {line}" for line in self.doubts),
            *_of_repeats(facts),
            f"most like it of the shops that were measured: {self.like} (sizes "
            f"{2**self.doublings:.1f} times apart)",
            *(f"  there, {line}" for line in self.expected),
            f"a default fit will take about {_minutes(self.minutes)} of one core",
        ]
        return "\n".join(told)


def advise(shop: Dataset) -> Advice:
    """What to expect of a fit, what the shop lacks, and how long it will take.

    Expectations are those of the measured shop that is most like this one in size, feedback and
    order; they are no promise, and an evaluation of the shop itself says more.
    """
    facts = facts_of(shop)
    measured = measured_shops()
    like = min(measured, key=lambda other: _distance(facts, other["facts"]))
    sizes = [_doublings(facts, like["facts"], name) for name in SIZES]
    more = max(facts.events, 1) / max(like["facts"].events, 1)
    return Advice(
        facts,
        tuple(lacks(shop, facts)),
        (*doubts_of_kinds(shop), *_of_one_person(shop)),
        like["shop"],
        sum(sizes) / len(sizes),
        tuple(Expected(**cell) for cell in like["cells"]),
        fit_seconds(like["fit_cpu_s"], more) / 60,
    )


def fit_seconds(measured: float, more: float) -> float:
    """CPU seconds of a fit of `more` times the events of one that was measured.

    What does not shrink with the shop stays; the rest grows with the events.
    """
    return LEAST_SECONDS + max(measured - LEAST_SECONDS, 0.0) * more


def lacks(shop: Dataset, facts: Facts) -> list[str]:
    """What a model could learn from and this shop does not have, and what to do about it."""
    found = []
    if facts.words < FEW_WORDS:
        found.append(
            f"text ({facts.words:.1f} words an item): items that nobody has touched cannot be told "
            "apart; give titles, categories or descriptions in the table of items"
        )
    if not facts.ordered:
        found.append(
            "times: what follows what cannot be learned; add a column of times, or say clock = "
            '"order" in dataset.toml if the rows are in order'
        )
    found += _of_kinds(shop)
    if facts.teachers < FEW_TEACHERS:
        found.append(
            f"people to learn from: {facts.teachers:,} have two events or more, so intervals will "
            "be wide, and simple rows hard to beat"
        )
    if facts.rare > MANY_RARE:
        found.append(
            f"events on most items: {facts.rare:.0%} of those with events have fewer than ten, so "
            "content decides about them"
        )
    return found


@cache
def measured_shops() -> Sequence[Mapping[str, Any]]:
    """The shops of `benchmarks/strangers.py` with their facts, as that benchmark wrote them."""
    raw = json.loads((files("metarec.jobs.advising") / "measured.json").read_text("utf-8"))
    return [{**one, "facts": Facts(**one["facts"])} for one in raw["shops"]]


def _of_kinds(shop: Dataset) -> list[str]:
    """What is to be foretold where nobody said it."""
    kinds = kind_counts(shop)
    against = {*shop.negative_kinds, *refusals(kinds)}
    may_be = spellings(kinds.keys() - against)
    if len(kinds) < 2 or not may_be or shop.target_kinds:
        return []
    named = json.dumps(may_be[0], ensure_ascii=False)
    apart = " (each spelling is a kind of its own)" if len(may_be[0]) > 1 else ""
    return [
        f"what is to be foretold: events are of the kinds {', '.join(sorted(kinds))}, and all are "
        f"alike to a model; name yours in dataset.toml: target_kinds = {named}{apart}"
    ]


def _of_one_person(shop: Dataset) -> list[str]:
    """The person who has a large share of all events."""
    lengths = shop.histories.lengths
    if (lengths > 0).sum() < FEW_PEOPLE or lengths.max() <= ONE_PERSON * lengths.sum():
        return []
    most = int(lengths.argmax())
    return [
        f"user {shop.user_ids[most]!r} has {lengths[most]:,} of {lengths.sum():,} events "
        f"({lengths[most] / lengths.sum():.0%}): is it a bot, a till or a test account? Leave its "
        "rows out if no person chose these"
    ]


def _of_repeats(facts: Facts) -> list[str]:
    if facts.repeated <= OFTEN:
        return []
    return [
        f"{facts.repeated:.0%} of events are on what the person had before: whether lists show it "
        "is learned on validation"
    ]


def _distance(one: Facts, other: Facts) -> float:
    differs = (one.feedback != other.feedback) + (one.ordered != other.ordered)
    return OTHER_KIND * differs + sum(_doublings(one, other, name) for name in SIZES)


def _doublings(one: Facts, other: Facts, name: str) -> float:
    mine, theirs = (max(float(getattr(f, name)), 1.0) for f in (one, other))
    return abs(math.log2(mine / theirs))


def _minutes(minutes: float) -> str:
    return f"{max(minutes * 60, 1):.0f} seconds" if minutes < 2 else f"{minutes:.0f} minutes"
