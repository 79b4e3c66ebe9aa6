"""People who are asked, and what the tables of a shop without them say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.meta.config import MetaConfig
from metarec.meta.evidence.alike import Alike, Plain
from metarec.meta.evidence.counting import counted_tables, decays_of, has_order, popularities
from metarec.meta.evidence.evidence import TASTE, Evidence, Fade, known_of
from metarec.meta.evidence.foretold import FORETOLD, Foretold
from metarec.meta.evidence.grid import nearness
from metarec.meta.evidence.order import ORDER, Order
from metarec.meta.evidence.questions import MOST_QUERIES, Questions
from metarec.meta.evidence.spoken import said_by, spoken_of
from metarec.meta.evidence.trust import Contests

ALIKE = "alike"
NEAR = "near"
"""The likeness to every event, near or far: a score of untouched items alone."""
PLAIN = "plain"
"""The same of content as it is."""


class Taste(Protocol):
    """The logits of a head, without evidence."""

    def __call__(self, histories: Histories) -> Float[np.ndarray, "person item"]:
        """Those of every item for each history."""
        ...


@dataclass(frozen=True, eq=False)
class Sample:
    """Episodes, and the shop that knows nothing of what they ask."""

    train: Dataset
    valid: Episodes
    taste: Taste
    """Of a head that was learned on `train`."""
    repeating: Episodes | None = None
    """The same people asked for what they had before too, where that comes."""
    order: Order | None = None
    """What the order of histories says, at a trust of 1, where it was learned on `train`."""
    alone: bool = False
    """Whether it asks enough about touched items to teach without the others."""


@dataclass(frozen=True, eq=False)
class Tables:
    """The score tables of one sample, each of unit trust, and what is asked of them."""

    counting: Callable[[], Mapping[str, sp.csr_array]]
    popularities: Mapping[str, Float[np.ndarray, " item"]]
    alike: Alike
    plain: Plain
    foretelling: Callable[[], Foretold]
    ordered: bool
    touched: Bool[np.ndarray, " item"]
    taste: Taste
    known: Questions
    """About touched items, among themselves."""
    arrivals: Questions
    """About untouched items, among themselves."""
    every: Questions
    """About all of them, among all."""
    order: Order | None = None
    """What the order of histories says, where the sample tells."""
    content_alone: bool = False
    """What is said of items that nobody has touched."""

    @classmethod
    def of(
        cls,
        sample: Sample,
        alike: Alike,
        plain: Plain,
        content: Float[np.ndarray, "item d_content"],
        config: MetaConfig,
        rng: np.random.Generator,
        n_samples: int,
    ) -> "Tables":
        """Counted on the training set of the sample; as many queries of each of `n_samples`, but
        where it teaches alone about touched items."""
        train, most = sample.train, MOST_QUERIES // n_samples
        offered, touched = train.catalogue.offered, train.touched
        known, arrivals, every = (
            Questions.of(sample.valid, train.event_kinds, among, rng, most=many)
            for among, many in (
                (offered & touched, MOST_QUERIES if sample.alone else most),
                (offered & ~touched, most),
                (offered, most),
            )
        )
        popular = popularities(train)
        return cls(
            partial(counted_tables, train, config),
            popular,
            alike,
            plain,
            partial(Foretold.of, content, popular["popular"], touched),
            has_order(train),
            touched,
            sample.taste,
            known,
            arrivals,
            every,
            sample.order,
        )

    @property
    def of_content(self) -> "Tables":
        """Those that know items which nobody has touched."""
        popular = {FORETOLD: self.foretold.said}
        return replace(self, counting=dict, popularities=popular, order=None, content_alone=True)

    @cached_property
    def counted(self) -> Mapping[str, sp.csr_array]:
        """The tables of what people did, counted when they are first asked for: they take the
        most of the time."""
        return self.counting()

    @cached_property
    def foretold(self) -> Foretold:
        """How popular content says that items are, learned when it is first asked for."""
        return self.foretelling()

    @cached_property
    def matrices(self) -> Mapping[str, sp.csr_array]:
        """What an event says of each item, counted or read."""
        return {**self.counted, ALIKE: self.alike.matrix}

    @cached_property
    def _nears(self) -> list[tuple[str, Int[np.ndarray, "item d"], Float[np.ndarray, "new d"]]]:
        """The directions of all, and of those that nobody has touched, who alone are asked for."""
        both = (NEAR, self.alike.directions), (PLAIN, self.plain.directions)
        return [(name, every, every[~self.touched].astype(np.float32)) for name, every in both]

    @property
    def taste_alone(self) -> dict[str, float]:
        """The weights by which nothing but the head's own logit counts."""
        heard_as = [
            heard(name, decay)
            for name in self.matrices
            for decay in decays_of(name, ordered=self.ordered)
        ]
        read = [] if self.order is None else [ORDER]
        return {TASTE: 1.0, **dict.fromkeys([*heard_as, *read, *self.popularities], 0.0)}

    def scores(self, asked: Questions) -> dict[str, Float[np.ndarray, "person item"]]:
        """The scores of every table by its name, and where it may be heard by several decays, of
        each."""
        spoken = spoken_of(asked.support, ordered=self.ordered)
        found = {TASTE: self.taste(asked.heard)}
        shape = found[TASTE].shape
        for name, matrix in self.matrices.items():
            for decay in decays_of(name, ordered=self.ordered):
                found[heard(name, decay)] = said_by(matrix, spoken, decay)
        if self.order is not None:
            found[ORDER] = np.zeros(shape)
            self.order.add(spoken, found[ORDER])
        if self.content_alone:
            for name, directions, new in self._nears:
                own = directions[spoken.items].astype(np.float64)
                found[name] = np.zeros(shape)
                found[name][:, ~self.touched] = nearness(spoken.whose @ own, new)
        for name, known in self.popularities.items():
            found[name] = np.broadcast_to(known, shape)
        return found

    def told(self, evidence: Evidence) -> Evidence:
        """The same trust in these tables, and in the order where the sample tells what it says."""
        told = self.told_by(evidence, self.counted, self.popularities, self.touched)
        if evidence.foretold is not None:
            own = replace(self.foretold, weight=evidence.foretold.weight)
            told = replace(told, foretold=own)
        return told if self.order is not None else replace(told, order=None)

    @staticmethod
    def told_by(
        evidence: Evidence,
        counted: Mapping[str, sp.csr_array],
        popularities: Mapping[str, Float[np.ndarray, " item"]],
        touched: Bool[np.ndarray, " item"],
    ) -> Evidence:
        """The same trust in other tables."""
        known = known_of(evidence.popular.parts, popularities)
        return replace(
            evidence,
            counted=tuple(
                replace(table, matrix=counted[table.name]) if table.name in counted else table
                for table in evidence.counted  # what none counts is of items themselves
            ),
            popular=replace(evidence.popular, known=known),
            untouched=replace(evidence.untouched, rows=~touched),
        )


def contests_of(
    asked: Sequence[tuple[Tables, Questions]],
) -> tuple[Contests, Float[np.ndarray, " table"]]:
    """The contests of all questions, and the scale of each table.

    That of tables is the mean over people of their largest score, of taste the mean spread.
    """
    parts, sizes = [], []
    for tables, questions in asked:
        for part in questions.parts(2 * len(tables.matrices) + 3):
            scores = tables.scores(part)
            known = () if tables.content_alone else tables.popularities
            listed = [name for name in scores if name not in known]
            parts.append(part.contests(scores, rivals_from=listed))
            shown = np.where(part.barred(), -np.inf, 0.0)
            spread = scores[TASTE].std(axis=1)
            largest = [(said + shown).max(axis=1) for said in list(scores.values())[1:]]
            sizes.append(np.stack([spread, *largest], axis=1))
    scales = np.concatenate(sizes)
    scales = np.where(np.isfinite(scales), scales, 0.0).mean(axis=0)
    return Contests.joined(parts), np.where(scales > 1e-9, scales, 1.0)


def fades_of(name: str, weight: Mapping[str, float], *, ordered: bool) -> tuple[Fade, ...]:
    """How a table is heard, by the weights of its scores."""
    return tuple(
        Fade(decay, weight[heard(name, decay)]) for decay in decays_of(name, ordered=ordered)
    )


def heard(name: str, decay: float) -> str:
    """A table's scores by name: of events that count however old they are, or fade."""
    return f"{name}, all" if decay == 1.0 else name
