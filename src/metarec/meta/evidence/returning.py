"""Return: people come back to what they had, where the shop is such."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from metarec.evaluation.protocol.returning import clearly_better
from metarec.meta.evidence.evidence import RETURN, Evidence, Fade, Table, itself
from metarec.meta.evidence.questions import LEAST_QUERIES, Questions
from metarec.meta.evidence.samples import Sample
from metarec.meta.evidence.spoken import spoken_of
from metarec.meta.evidence.trust import Contests, gains_of, learn_beside

DECAYS = (0.7, 0.95, 1.0)
"""By which what someone had may count, relative to the next newer event: of late, and ever."""
DEPTH = 10
ONE = np.ones(1)


@dataclass(frozen=True, eq=False)
class Returns:
    """What it counts to have had an item."""

    table: Table
    shown: bool
    """Whether lists that show what people had are better than lists of what is new to them."""


def learn_return(evidence: Evidence, sample: Sample, rng: np.random.Generator) -> Returns | None:
    """What an event on the item itself counts, for it or against it, beside all that is known.

    So lists of what is new to a person stay as they are. None where too few come back to teach it,
    and where target kinds are declared: then *again* speaks of what was looked at.
    """
    train, repeating = sample.train, sample.repeating
    if train.target_kinds or repeating is None:
        return None
    among = train.catalogue.offered & train.touched  # arrivals are asked for as often as one likes
    questions = Questions.of(repeating, train.event_kinds, among, rng, returning=True)
    parts = list(questions.parts(2 * len(DECAYS)))
    back = np.concatenate([_had(part) for part in parts]) if parts else np.zeros(0, dtype=bool)
    if back.sum() < LEAST_QUERIES:
        return None
    contests = Contests.joined([_contests(evidence, sample, part) for part in parts])
    known, own = contests.margins[:, 0], contests.margins[:, 1:]
    scales = np.maximum(np.abs(own).max(axis=0), 1e-9)
    signed = np.concatenate([own / scales, -own / scales], axis=1)
    names = tuple(f"{decay}{sign}" for sign in "+-" for decay in DECAYS)
    up, down = learn_beside(replace(contests, names=names, margins=signed), known).reshape(
        2, len(DECAYS)
    )
    weights = (up - down) / scales
    table = Table(
        RETURN,
        itself(len(train.catalogue)),
        tuple(Fade(d, w) for d, w in zip(DECAYS, weights.tolist(), strict=True)),
    )
    with_own = gains_of(replace(contests, margins=(known + own @ weights)[:, None]), ONE, DEPTH)
    # a rival that the person had, of a query on what is new: it has events, and the target none
    new = contests.margins[:, -1] <= 0
    others = replace(contests, margins=known[new, None], query=contests.query[new])
    of_new = np.where(back, 0.0, gains_of(others, ONE, DEPTH))
    return Returns(table, clearly_better(with_own - of_new))


def _had(questions: Questions) -> Bool[np.ndarray, " query"]:
    """True for queries on what the person had."""
    support, n_items = questions.support, questions.out.shape[1]
    return np.isin(
        questions.person * n_items + questions.targets, support.rows * n_items + support.items
    )


def _contests(evidence: Evidence, sample: Sample, questions: Questions) -> Contests:
    """What is known already, and what events on the item itself count, by each decay."""
    spoken = spoken_of(questions.support, ordered=evidence.ordered)
    total = evidence.trust * sample.taste(questions.heard) + evidence.logits(spoken)
    own = {str(d): spoken.weights(d, total.shape[1]).toarray() for d in DECAYS}
    return questions.contests({"known": total, **own})
