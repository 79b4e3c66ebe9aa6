"""Tables of another shop, under the trust that one shop taught."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import expit, logsumexp

from metarec.contracts import Dataset, Histories
from metarec.meta.config import MetaConfig
from metarec.meta.evidence import Evidence
from metarec.meta.evidence.alike import likenesses_of
from metarec.meta.evidence.counting import counted_tables, has_order, popularities
from metarec.meta.evidence.evidence import RETURN, Popular, Table, Untouched, itself, known_of
from metarec.meta.evidence.learning import share_of_unseen

POPULAR = "popular"
LEVEL_PEOPLE, LEVEL_SCORES, FAR = 200, 20_000_000, 1000.0
"""People whose lists tell the level of untouched items, how many scores these lists may have
(160 MB), and how far from the old level it is looked for."""


def evidence_in(
    evidence: Evidence,
    train: Dataset,
    content: Float[np.ndarray, "item d_content"],
    config: MetaConfig,
) -> Evidence:
    """The same trust in what `train`'s people did and in how its items read.

    What reads the order of histories, what content says of popularity, and a table that one of
    both shops cannot count say nothing.
    """
    likeness, alike, plain = likenesses_of(content, config.neighbours)
    return replace(
        evidence,
        counted=_counted(evidence.counted, train, config),
        popular=_popular(evidence.popular, train),
        likeness=likeness,
        alike=alike,
        plain=plain,
        untouched=_untouched(evidence.untouched, train),
        ordered=has_order(train),
        order=None,
        foretold=None,
    )


def _counted(tables: tuple[Table, ...], train: Dataset, config: MetaConfig) -> tuple[Table, ...]:
    found = counted_tables(train, config) if len(train.interactions) else {}
    if not train.target_kinds:  # where there are some, *again* speaks of what was looked at
        found[RETURN] = itself(len(train.catalogue))
    return tuple(replace(t, matrix=found[t.name]) for t in tables if t.name in found)


def _untouched(untouched: Untouched, train: Dataset) -> Untouched:
    """The same trust in what reads alike; taste does not speak of items that nobody has touched
    where likeness does, as what is liked of one kind of goods is not what is liked of another."""
    alike = (*(fade.weight for fade in untouched.likeness), untouched.near, untouched.plain)
    taste = 0.0 if any(alike) else untouched.taste
    return replace(untouched, rows=~train.touched, taste=taste)


def levelled(
    evidence: Evidence,
    train: Dataset,
    scores: Callable[[Histories], Float[np.ndarray, "person item"]],
) -> Evidence:
    """The evidence with untouched items at the level at which they are taken as often as is likely.

    How likely the next event is on one of them is told by the items that came once (Good 1953);
    `scores` are the logits of the whole sum. That of another shop, where people knew the items,
    would let a few touched ones stand before all others.
    """
    told = train.histories
    most = min(LEVEL_PEOPLE, 1 + LEVEL_SCORES // max(1, len(evidence.untouched.rows)))
    told = told.take(np.flatnonzero(told.lengths)[:most])
    new = evidence.untouched.rows
    if not len(told) or not new.any() or new.all():
        return evidence
    logits = scores(told)
    logits[told.rows, told.items] = -np.inf
    apart = logsumexp(logits[:, new], axis=1) - logsumexp(logits[:, ~new], axis=1)
    apart = apart[np.isfinite(apart)]
    n = len(train.interactions)
    share = share_of_unseen(train, (n - 0.5) / n)
    if not len(apart):
        return evidence
    higher = float(brentq(lambda level: expit(apart + level).mean() - share, -FAR, FAR))
    untouched = replace(evidence.untouched, offset=evidence.untouched.offset + higher)
    return replace(evidence, untouched=untouched)


def _popular(popular: Popular, train: Dataset) -> Popular:
    """Popularity of late, where no clock tells it, is that of all time."""
    found = popularities(train)
    parts: Mapping[str, float] = {n: part for n, part in popular.parts.items() if n in found}
    rest = sum(popular.parts.values()) - sum(parts.values())
    parts = {**parts, POPULAR: parts.get(POPULAR, 0.0) + rest}
    return replace(popular, known=known_of(parts, found), parts=parts)
