"""From what people did to tables and the trust in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.meta.config import MetaConfig
from metarec.meta.evidence.alike import Alike, Likeness
from metarec.meta.evidence.counting import counted_tables, decays_of, has_order, popularities
from metarec.meta.evidence.evidence import (
    TASTE,
    Evidence,
    Fade,
    Popular,
    Table,
    Untouched,
    fading,
    known_of,
    spoken_of,
)
from metarec.meta.evidence.questions import LEAST_QUERIES, Questions
from metarec.meta.evidence.standing import Standing, standing_of
from metarec.meta.evidence.trust import Contests, learn_beside, learn_trust, the_best_alone

ALIKE_WIDTH = 128
HIDDEN = 0.1
"""Share of touched items that are hidden to learn what untouched ones are worth."""
ALIKE = "alike"


class Taste(Protocol):
    """The logits of a head, without evidence."""

    def __call__(
        self, histories: Histories, hidden: Bool[np.ndarray, " item"] | None = None
    ) -> Float[np.ndarray, "person item"]:
        """Those of every item for each history; `hidden` items as if nobody had touched them."""
        ...


@dataclass(frozen=True, eq=False)
class Learned:
    """Evidence, and how it was learned."""

    evidence: Evidence
    trust: Mapping[str, float]
    """What each part adds to the logit of the best item it knows, on average."""
    standing: Standing


def learn_evidence(
    train: Dataset,
    valid: Episodes,
    content: Float[np.ndarray, "item d_content"],
    taste: Taste,
    config: MetaConfig,
    rng: np.random.Generator,
) -> Learned | None:
    """Tables counted on `train`, and the trust in them that `valid` teaches; None where it is too
    small to teach any."""
    touched, offered = train.touched, train.catalogue.offered
    questions = Questions.of(valid, train.event_kinds, offered & touched, rng)
    if len(questions) < LEAST_QUERIES:
        return None
    arrivals = Questions.of(valid, train.event_kinds, offered & ~touched, rng)
    tables = counted_tables(train, config)
    likeness = Likeness.of(content, width=ALIKE_WIDTH)
    alike = Alike.of(likeness.directions(content), keep=config.neighbours)
    learner = _Learner(
        {**tables, ALIKE: alike.matrix}, popularities(train), has_order(train), taste
    )
    contests, scales = learner.contests(questions)
    contests = replace(contests, margins=contests.margins / scales)
    standing = standing_of(contests, questions.person, rng)
    weights = standing.share * learn_trust(contests) / scales
    weights += (1 - standing.share) * the_best_alone(contests) / scales
    weight = dict(zip(contests.names, weights.tolist(), strict=True))
    always = sum(weight[name] for name in learner.popularities)
    parts = {
        name: weight[name] / always if always else float(name == "popular")
        for name in learner.popularities
    }
    evidence = Evidence(
        taste=weight[TASTE],
        counted=tuple(
            Table(name, matrix, learner.fades(name, weight)) for name, matrix in tables.items()
        ),
        popular=Popular(known_of(parts, learner.popularities), parts, always, 0.0),
        likeness=likeness,
        alike=alike,
        alike_fades=learner.fades(ALIKE, weight),
        untouched=Untouched(~touched, 0.0, learner.fades(ALIKE, weight), weight[TASTE] or 1.0),
        ordered=learner.ordered,
    )
    evidence = _for_newcomers(evidence, questions, taste)
    hidden = touched & (rng.random(len(touched)) < HIDDEN)
    untouched = _trust_in_content(evidence, questions, arrivals, learner, hidden)
    evidence = replace(evidence, untouched=replace(untouched, rows=~touched))
    evidence = _level_of_untouched(evidence, questions, taste, hidden)
    return Learned(
        evidence,
        {name: float(w * s) for (name, w), s in zip(weight.items(), scales, strict=True)},
        standing,
    )


def recounted(evidence: Evidence, counted: Dataset, config: MetaConfig) -> Evidence:
    """The same trust in tables of more events."""
    tables, popular = counted_tables(counted, config), popularities(counted)
    known = known_of(evidence.popular.parts, popular)
    return replace(
        evidence,
        counted=tuple(replace(table, matrix=tables[table.name]) for table in evidence.counted),
        popular=replace(evidence.popular, known=known),
        untouched=replace(evidence.untouched, rows=~counted.touched),
    )


@dataclass(frozen=True, eq=False)
class _Learner:
    """Score tables of unit trust."""

    matrices: Mapping[str, sp.csr_array]
    popularities: Mapping[str, Float[np.ndarray, " item"]]
    ordered: bool
    taste: Taste
    hidden: Bool[np.ndarray, " item"] | None = None
    """What taste takes for untouched beside what is."""

    def fades(self, name: str, weight: Mapping[str, float]) -> tuple[Fade, ...]:
        """How a table is heard, by the weights of its scores."""
        decays = decays_of(name, ordered=self.ordered)
        return tuple(Fade(decay, weight[_heard(name, decay)]) for decay in decays)

    def scores(self, histories: Histories) -> dict[str, Float[np.ndarray, "person item"]]:
        spoken = spoken_of(histories, ordered=self.ordered)
        found = {TASTE: self.taste(histories, self.hidden)}
        shape = found[TASTE].shape
        for name, matrix in self.matrices.items():
            for decay in decays_of(name, ordered=self.ordered):
                said = spoken.weights(decay, shape[1]) @ matrix
                found[_heard(name, decay)] = said.toarray()
        for name, known in self.popularities.items():
            found[name] = np.broadcast_to(known, shape)
        return found

    def contests(self, questions: Questions) -> tuple[Contests, Float[np.ndarray, " table"]]:
        """The contests of all questions, and the scale of each table.

        That of tables is the mean over people of their largest score, of taste the mean spread.
        """
        parts, sizes = [], []
        for part in questions.parts(2 * len(self.matrices) + 3):
            tables = self.scores(part.support)
            listed = [name for name in tables if name not in self.popularities]
            parts.append(part.contests(tables, rivals_from=listed))
            shown = np.where(part.barred(), -np.inf, 0.0)
            spread = tables[TASTE].std(axis=1)
            largest = [(scores + shown).max(axis=1) for scores in list(tables.values())[1:]]
            sizes.append(np.stack([spread, *largest], axis=1))
        scales = np.concatenate(sizes)
        scales = np.where(np.isfinite(scales), scales, 0.0).mean(axis=0)
        return Contests.joined(parts), np.where(scales > 1e-9, scales, 1.0)


def _for_newcomers(evidence: Evidence, questions: Questions, taste: Taste) -> Evidence:
    """The evidence with what popularity counts for someone of whom little is known yet."""
    short, parts = questions.cut(), []
    for part in short.parts(3):
        told = evidence.logits(spoken_of(part.support, ordered=evidence.ordered))
        total = evidence.taste * taste(part.support) + told
        fades = fading(part.support.lengths)[:, None] * evidence.popular.known
        parts.append(part.contests({"all": total, "popular": fades}))
    (at_first,) = _beside(Contests.joined(parts), ["popular"])
    return replace(evidence, popular=replace(evidence.popular, at_first=float(at_first)))


def _heard(name: str, decay: float) -> str:
    """A table's scores by name: of events that count however old they are, or fade."""
    return f"{name}, all" if decay == 1.0 else name


def _trust_in_content(
    evidence: Evidence,
    questions: Questions,
    arrivals: Questions,
    learner: "_Learner",
    hidden: Bool[np.ndarray, " item"],
) -> Untouched:
    """What counts for items that nobody has touched: taste and "alike" know them, no table does.

    Learned where such items compete among themselves: on those that validation asks for, and where
    it asks for too few, on `hidden` ones that are taken for untouched.
    """
    real = len(arrivals) >= LEAST_QUERIES
    asked = arrivals if real else questions.on(hidden)
    if len(asked) < LEAST_QUERIES:
        return evidence.untouched
    content = replace(
        learner,
        matrices={ALIKE: learner.matrices[ALIKE]},
        popularities={},
        hidden=None if real else hidden,
    )
    contests, scales = content.contests(asked)
    contests = replace(contests, margins=contests.margins / scales)
    weights = learn_trust(contests) / scales
    if not weights.any():
        return evidence.untouched
    weight = dict(zip(contests.names, weights.tolist(), strict=True))
    own, likeness = weight[TASTE], content.fades(ALIKE, weight)
    return replace(evidence.untouched, taste=own, likeness=likeness)


def _level_of_untouched(
    evidence: Evidence, questions: Questions, taste: Taste, hidden: Bool[np.ndarray, " item"]
) -> Evidence:
    """The evidence with the offset of items that nobody has touched, among those people did.

    A count table gives them 0, which stands above the negative numbers of a ridge. Some touched
    items are `hidden`, in every table and in taste, and what lifts them to their places is learned.
    """
    if not hidden[questions.targets].any():
        return evidence
    keep = sp.diags_array(1.0 - hidden)
    blind = replace(
        evidence,
        counted=tuple(
            replace(t, matrix=sp.csr_array(keep @ t.matrix @ keep)) for t in evidence.counted
        ),
        popular=replace(evidence.popular, known=np.where(hidden, 0.0, evidence.popular.known)),
        untouched=replace(evidence.untouched, rows=hidden),
    )
    parts = []
    for part in questions.parts(4):
        spoken = spoken_of(part.support, ordered=evidence.ordered)
        own = blind.trust * taste(part.support, hidden)
        level = np.broadcast_to(hidden.astype(np.float64), own.shape)
        tables = {"all": own + blind.logits(spoken), "up": level, "down": -level}
        parts.append(part.contests(tables))
    up, down = _beside(Contests.joined(parts), ["up", "down"]).tolist()
    return replace(evidence, untouched=replace(evidence.untouched, offset=up - down))


def _beside(contests: Contests, names: Sequence[str]) -> Float[np.ndarray, " table"]:
    """The weights of some tables beside the first one, whose own is 1."""
    columns = [contests.names.index(name) for name in names]
    chosen = replace(contests, names=tuple(names), margins=contests.margins[:, columns])
    return learn_beside(chosen, contests.margins[:, 0])
