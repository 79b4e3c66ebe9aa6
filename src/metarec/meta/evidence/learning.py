"""From what people did to tables and the trust in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Dataset
from metarec.meta.config import MetaConfig
from metarec.meta.evidence.alike import likenesses_of
from metarec.meta.evidence.cells import LOOKED
from metarec.meta.evidence.counting import counted_tables, popularities
from metarec.meta.evidence.evidence import (
    TASTE,
    Evidence,
    Popular,
    Table,
    Untouched,
    fading,
    known_of,
)
from metarec.meta.evidence.foretold import FORETOLD
from metarec.meta.evidence.order import ORDER, Order
from metarec.meta.evidence.questions import ENOUGH_QUERIES, LEAST_QUERIES, Questions
from metarec.meta.evidence.returning import learn_return
from metarec.meta.evidence.samples import ALIKE, NEAR, PLAIN, Sample, Tables, contests_of, fades_of
from metarec.meta.evidence.spoken import spoken_of
from metarec.meta.evidence.standing import Standing, judged_trust
from metarec.meta.evidence.trust import Contests, learn_beside
from metarec.meta.evidence.weights import of_touched, of_untouched

LEVEL_SAMPLES = 2
"""Samples that teach the level of untouched items: their tables have to be counted for it."""


@dataclass(frozen=True, eq=False)
class Learned:
    """Evidence, and how it was learned."""

    evidence: Evidence
    tables: tuple[Tables, ...]
    """Those of each sample."""
    trust: Mapping[str, float]
    """What each part adds to the logit of the best item it knows, on average."""
    standing: Standing | None
    """None where too few are asked for what is new to them."""
    of_content: Standing | None
    """The same of lists of items that nobody has touched, among themselves."""
    shows_seen: bool
    """Whether lists should show what people had."""

    @property
    def neighbours(self) -> dict[str, float]:
        """How the nearest items were found, where not all pairs were looked at."""
        alike = self.evidence.alike
        if alike.cells is None:
            return {}
        return {"looked_among": LOOKED, "recall": alike.recall()}

    def of_sample(self, number: int) -> Evidence:
        """The same trust in the tables of one sample."""
        return self.tables[number].told(self.evidence)


def learn_evidence(
    samples: Sequence[Sample],
    content: Float[np.ndarray, "item d_content"],
    config: MetaConfig,
    rng: np.random.Generator,
    known: Evidence | None = None,
) -> Learned | None:
    """Tables counted on the training set of the first sample, and the trust in them that all
    samples teach; None where these are too small to teach any.

    Trust that is `known` from another shop is left for what the samples prove, and stays where they
    are too small.

    A table of a sample is counted without the people who are asked, and without what nobody has
    touched there.
    """
    n = len(samples)
    if known is None:
        likeness, alike, plain = likenesses_of(content, config.neighbours)
    else:
        likeness, alike, plain = known.likeness, known.alike, known.plain
    counted = partial(Tables.of, alike=alike, plain=plain, content=content, config=config, rng=rng)
    tables = [counted(one, n_samples=n) for one in samples]
    first, touched = tables[0], tables[:1] if samples[0].alone else tables
    enough = sum(len(each.known) for each in touched) >= LEAST_QUERIES
    weight = first.taste_alone
    if known is not None:
        weight = {**dict.fromkeys(weight, 0.0), **of_touched(known, weight)}
    trust: dict[str, float] = {}
    standing: Standing | None = None
    if enough:
        before = {} if known is None else weight
        weight, trust, standing = _trust([(each, each.known) for each in touched], rng, before)
    always = sum(weight[name] for name in first.popularities)
    parts = {
        name: weight[name] / always if always else float(name == "popular")
        for name in first.popularities
    }
    likewise = fades_of(ALIKE, weight, ordered=first.ordered)
    evidence = Evidence(
        taste=weight[TASTE],
        counted=tuple(
            Table(name, matrix, fades_of(name, weight, ordered=first.ordered))
            for name, matrix in first.counted.items()
        ),
        popular=Popular(known_of(parts, first.popularities), parts, always, 0.0),
        likeness=likeness,
        alike=alike,
        plain=plain,
        alike_fades=likewise,
        untouched=Untouched(~first.touched, 0.0, likewise, 0.0, 0.0, weight[TASTE] or 1.0)
        if known is None
        else replace(known.untouched, offset=0.0),
        ordered=first.ordered,
        order=_trusted(first.order, weight),
    )
    if enough:
        evidence = _for_newcomers(evidence, touched)
    elif known is not None:
        evidence = replace(
            evidence, popular=replace(evidence.popular, at_first=known.popular.at_first)
        )
    evidence, of_content = _trust_in_content(evidence, tables, rng, known)
    share = share_of_unseen(samples[0].train)
    evidence = _level_of_untouched(evidence, tables, share, known)
    returns = learn_return(evidence, samples[0], rng)
    if returns is not None:
        evidence = replace(evidence, counted=(*evidence.counted, returns.table))
    elif not enough and known is None:
        return None
    return Learned(
        evidence,
        tuple(tables),
        trust,
        standing,
        of_content,
        returns is not None and returns.shown,
    )


def _trust(
    asked: Sequence[tuple[Tables, Questions]],
    rng: np.random.Generator,
    known: Mapping[str, float],
) -> tuple[dict[str, float], dict[str, float], Standing]:
    """The weight of every score by its name, what it then adds to the logit of the best item it
    knows, and how the sum stands beside the best table alone; `known` are the weights of another
    shop, where there are any."""
    contests, scales = contests_of(asked)
    contests = replace(contests, margins=contests.margins / scales)
    person = people_of([questions for _, questions in asked])
    before = np.array([known.get(name, 0.0) for name in contests.names]) * scales
    trust, standing = judged_trust(contests, person, rng, before if before.any() else None)
    weight = dict(zip(contests.names, (trust / scales).tolist(), strict=True))
    return weight, dict(zip(contests.names, trust.tolist(), strict=True)), standing


def _trusted(order: Order | None, weight: Mapping[str, float]) -> Order | None:
    """The order with its trust; None where that is 0."""
    if order is None or not weight[ORDER]:
        return None
    return replace(order, weight=weight[ORDER])


def recounted(evidence: Evidence, counted: Dataset, config: MetaConfig) -> Evidence:
    """The same trust in tables of more events; what the order says is not learned anew."""
    return Tables.told_by(
        evidence, counted_tables(counted, config), popularities(counted), counted.touched
    )


def _for_newcomers(evidence: Evidence, tables: Sequence[Tables]) -> Evidence:
    """The evidence with what popularity counts for someone of whom little is known yet."""
    contests = []
    for each in tables:
        told = each.told(evidence)
        for part in each.known.cut().parts(3):
            total = told.taste * each.taste(part.heard)
            total = total + told.logits(spoken_of(part.support, ordered=told.ordered))
            fades = fading(part.support.lengths)[:, None] * told.popular.known
            contests.append(part.contests({"all": total, "popular": fades}))
    (at_first,) = _beside(Contests.joined(contests), ["popular"])
    return replace(evidence, popular=replace(evidence.popular, at_first=float(at_first)))


def _trust_in_content(
    evidence: Evidence,
    tables: Sequence[Tables],
    rng: np.random.Generator,
    known: Evidence | None,
) -> tuple[Evidence, Standing | None]:
    """What counts for items that nobody has touched: taste and likeness know them, and how popular
    what reads so is; no table does.

    Learned where such items compete among themselves; those that validation asks for alone where
    they are enough, as they are truly new.
    """
    asked = tables[:1] if len(tables[0].arrivals) >= ENOUGH_QUERIES else tables
    if sum(len(each.arrivals) for each in asked) < LEAST_QUERIES:
        return evidence, None
    before = {} if known is None else of_untouched(known)
    weight, trust, standing = _trust(
        [(each.of_content, each.arrivals) for each in asked], rng, before
    )
    if not any(trust.values()):
        return evidence, standing
    untouched = replace(
        evidence.untouched,
        taste=weight[TASTE],
        likeness=fades_of(ALIKE, weight, ordered=evidence.ordered),
        near=weight[NEAR],
        plain=weight[PLAIN],
    )
    popular = replace(tables[0].foretold, weight=weight[FORETOLD])
    evidence = replace(evidence, foretold=popular if popular.weight else None)
    return replace(evidence, untouched=untouched), standing


def _level_of_untouched(
    evidence: Evidence, tables: Sequence[Tables], share: float, known: Evidence | None
) -> Evidence:
    """The evidence with the offset of items that nobody has touched, among those people did.

    A count table gives them 0, which stands above the negative numbers of a ridge. What lifts them
    to their places is learned where people are asked for both; it is a log odds, so that asking for
    them more often than the `share` in which they are taken is made up for by a constant.
    """
    contests: list[Contests] = []
    asked: list[Bool[np.ndarray, " query"]] = []
    for each in tables:
        new = ~each.touched[each.every.targets]
        if new.any() and len(asked) < LEVEL_SAMPLES:
            told = each.told(evidence)
            asked.append(new)
            for part in each.every.parts(4):
                spoken = spoken_of(part.support, ordered=told.ordered)
                total = told.trust * each.taste(part.heard) + told.logits(spoken)
                level = np.broadcast_to(told.untouched.rows.astype(np.float64), total.shape)
                contests.append(part.contests({"all": total, "up": level, "down": -level}))
    n_new = sum(int(new.sum()) for new in asked)
    if known is not None and n_new < LEAST_QUERIES:
        return _at_level(evidence, known.untouched.offset)
    if not contests:
        return evidence
    up, down = _beside(Contests.joined(contests), ["up", "down"]).tolist()
    new = np.concatenate(asked)
    in_asked = min(float(new.mean()), 1 - 0.5 / len(new))  # where nothing else is asked for
    offset = up - down + _log_odds(share) - _log_odds(in_asked)
    return _at_level(evidence, offset)


def _at_level(evidence: Evidence, offset: float) -> Evidence:
    return replace(evidence, untouched=replace(evidence.untouched, offset=offset))


def _log_odds(share: float) -> float:
    return float(np.log(share) - np.log1p(-share))


def share_of_unseen(train: Dataset, most: float = 0.5) -> float:
    """How likely the next event is on an item that has none yet: the share of events that are the
    only one of their item (Good 1953, with thanks to Turing), at least half an event."""
    events = train.item_counts
    return min(max(float(np.sum(events == 1)), 0.5) / max(float(events.sum()), 1.0), most)


def people_of(asked: Sequence[Questions]) -> Int[np.ndarray, " query"]:
    """Whose each query is; people of different samples are different."""
    starts = np.cumsum([0] + [len(each.support) for each in asked])
    return np.concatenate(
        [each.person + start for each, start in zip(asked, starts[:-1], strict=True)]
    )


def _beside(contests: Contests, names: Sequence[str]) -> Float[np.ndarray, " table"]:
    """The weights of some tables beside the first one, whose own is 1."""
    columns = [contests.names.index(name) for name in names]
    chosen = replace(contests, names=tuple(names), margins=contests.margins[:, columns])
    return learn_beside(chosen, contests.margins[:, 0])
