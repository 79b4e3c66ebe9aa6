"""What tables say of one item for another, as one sum over the events of a person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.meta.evidence.alike import Alike, Likeness, Plain, resized
from metarec.meta.evidence.foretold import Foretold
from metarec.meta.evidence.grid import nearness
from metarec.meta.evidence.order import Order
from metarec.meta.evidence.spoken import Spoken, Voice
from metarec.meta.sizes import MANY_ITEMS

TASTE = "taste"
REASONS = {
    "follow": "often next",
    "follow wide": "often next",
    "next": "often next",
    "next long": "often next",
    "together": "goes together",
    "again": "looked at before",
    "return": "had before",
    "alike": "reads alike",
}
"""What each table says, in words."""
RETURN = "return"
OWN = ("again", RETURN)
"""Tables that say of an item itself that a person has an event on it."""
SMALL_CELLS, FULL = 4_000_000, 0.1
"""Tables of so few numbers (32 MB), of which more than this share is not 0, are served as plain
numbers: three times as fast."""
FADES_AT = 3.0
"""Events after which the part of popularity that fades counts half."""


@dataclass(frozen=True)
class Fade:
    """What an event counts by its age: weight · decay^age."""

    decay: float
    """What an event counts relative to the next newer one of its history; 1: however old it is."""
    weight: float
    """Its trust, divided by the scale of what it counts in."""


@dataclass(frozen=True, eq=False)
class Table:
    """What an event on the row's item says for the column's item."""

    name: str
    matrix: sp.csr_array
    fades: tuple[Fade, ...]
    """What events of an age count is the sum of these."""

    def with_items(self, n: int) -> "Table":
        """With more items, up to `n`, of which the table says nothing but themselves."""
        if self.name in OWN:
            return replace(self, matrix=itself(n))
        return replace(self, matrix=resized(self.matrix, n))


def itself(n: int) -> sp.csr_array:
    """Each item speaks for itself alone."""
    return sp.csr_array(sp.diags_array(np.ones(n)))


@dataclass(frozen=True, eq=False)
class Popular:
    """What it counts that many took an item."""

    known: Float[np.ndarray, " item"]
    """log(1 + people), 1 for the best known item."""
    parts: Mapping[str, float]
    """What popularity of all time and of late make up of it."""
    always: float
    """What that counts for everyone."""
    at_first: float
    """What it counts beside that for someone without events; it fades with them."""

    def of(self, n_events: Int[np.ndarray, " person"]) -> Float[np.ndarray, "person item"]:
        """What is said of every item for people with so many events."""
        return (self.always + self.at_first * fading(n_events))[:, None] * self.known


def known_of(
    parts: Mapping[str, float], popularities: Mapping[str, Float[np.ndarray, " item"]]
) -> Float[np.ndarray, " item"]:
    """One column of these parts of all popularities."""
    return np.sum([part * popularities[name] for name, part in parts.items()], axis=0)


def fading(n_events: Int[np.ndarray, "*person"]) -> Float[np.ndarray, "*person"]:
    """1 without events, a half after `FADES_AT` of them, towards 0 with more."""
    return 1.0 / (1.0 + n_events / FADES_AT)


@dataclass(frozen=True, eq=False)
class Untouched:
    """What is different for items that nobody has touched, of which counts know nothing."""

    rows: Bool[np.ndarray, " item"]
    offset: float
    """Added to their logits."""
    likeness: tuple[Fade, ...]
    """What "alike" counts for them."""
    near: float
    """What their likeness to every event counts, near or far, however old the event is."""
    plain: float
    """The same of content as it is, neither centred nor whitened."""
    taste: float
    """What the head's own logit counts for them: all that content tells of taste."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Σ_c a_c Σ_j ρ_c^age_j M_c[i_j, i], and how popular i is: a part of the logit of an item.

    It stands beside what the head believes of a person's taste; every part but the order is a sum
    over events.
    """

    taste: float
    """What the head's own logit counts beside the tables, for items that people touched."""
    counted: tuple[Table, ...]
    """The tables of what people did."""
    popular: Popular
    likeness: Likeness
    alike: Alike
    plain: Plain
    alike_fades: tuple[Fade, ...]
    """What "alike" counts for items that people touched."""
    untouched: Untouched
    ordered: bool
    """False where the shop tells no order: all events then count as if they were new."""
    order: Order | None = None
    """What all events say together by their order; None where nothing reads it."""
    foretold: Foretold | None = None
    """How popular untouched items will be; None where that counts for nothing."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the tables of what people did."""
        return tuple(table.name for table in self.counted)

    @cached_property
    def trust(self) -> Float[np.ndarray, " item"]:
        """What the head's own logit counts for each item."""
        return np.where(self.untouched.rows, self.untouched.taste, self.taste)

    @property
    def _voices(self) -> Iterator["Voice"]:
        """All that counts."""
        for table in self.counted:
            for fade in table.fades:
                if fade.weight:
                    yield Voice(table.name, fade.decay, fade.weight, fade.weight, table.matrix)
        for known, new in zip(self.alike_fades, self.untouched.likeness, strict=True):
            yield Voice("alike", known.decay, known.weight, new.weight, self.alike.matrix)

    def logits(self, spoken: Spoken) -> Float[np.ndarray, "person item"]:
        """What is said of every item for each person; a person's row depends on no one else."""
        table = self.popular.of(np.bincount(spoken.people, minlength=spoken.n_people))
        table += self._offsets
        many = table.shape[1] > MANY_ITEMS
        if many:
            for voice in self._voices:
                voice.add(spoken, self.untouched.rows, table)
        else:
            decays, tables = self._by_decay
            said = spoken.weights(decays, table.shape[1]) @ tables
            table += said if isinstance(said, np.ndarray) else said.toarray()
        nears = []
        for weight, directions, new in self._nears:
            own = directions[spoken.items].astype(np.float64)
            nears.append(nearness(spoken.whose @ own, new))
            nears[-1] *= weight
        for near in [sum(nears)] if many and nears else nears:  # one look for places is enough
            table[:, self._new] += near
        if self.order is not None:
            self.order.add(spoken, table)
        return table

    def base(self, row: int, n_events: int) -> float:
        """What is said of an item for anyone with so many events, whatever they are."""
        known = float(self.popular.of(np.array([n_events]))[0, row])
        return (
            known
            + float(self._offsets[row])
            + (0.0 if self.order is None else self.order.base(row))
        )

    def reasons(
        self, items: Int[np.ndarray, " event"], ages: Float[np.ndarray, "*out event"], row: int
    ) -> dict[str, Float[np.ndarray, "*out event"]]:
        """What each event says of one item, by reason."""
        names = (*(table.name for table in self.counted), "alike")
        said = {REASONS[name]: np.zeros(ages.shape) for name in names}
        for voice in self._voices:
            counts = voice.new if self.untouched.rows[row] else voice.known
            column = counts * voice.matrix[items][:, [row]].toarray()[:, 0].astype(np.float64)
            reason = REASONS[voice.name]
            said[reason] = said[reason] + voice.decay**ages * column
        for weight, directions, _ in self._nears if self.untouched.rows[row] else ():
            own, other = directions[items], directions[[row]]
            near = nearness(own.astype(np.float64), other.astype(np.float32))[:, 0]
            said[REASONS["alike"]] = said[REASONS["alike"]] + weight * near
        return said

    @cached_property
    def _new(self) -> Int[np.ndarray, " new"]:
        """The items that nobody has touched."""
        return np.flatnonzero(self.untouched.rows)

    @cached_property
    def _nears(self) -> list[tuple[float, Int[np.ndarray, "item d"], Float[np.ndarray, "new d"]]]:
        """What likeness to every event counts, the directions in which it is measured, and those of
        the items that nobody has touched."""
        both = (self.untouched.near, self.alike), (self.untouched.plain, self.plain)
        found = [(weight, told.directions) for weight, told in both if weight]
        return [(weight, every, every[self._new].astype(np.float32)) for weight, every in found]

    @cached_property
    def _offsets(self) -> Float[np.ndarray, " item"]:
        """Added to the logits of untouched items, whoever is asked for."""
        level: float | Float[np.ndarray, " item"] = self.untouched.offset
        if self.foretold is not None:
            level = level + self.foretold.weight * self.foretold.said
        return np.where(self.untouched.rows, level, 0.0)

    @cached_property
    def _by_decay(
        self,
    ) -> tuple[Float[np.ndarray, " decay"], sp.csr_array | Float[np.ndarray, "row item"]]:
        """All decays, and the weighted sums of the tables of each, one below the other: one product
        serves them all. As plain numbers where a small catalogue fills them."""
        total: dict[float, sp.csr_array] = {}
        for voice in self._voices:
            weighted = voice.matrix.astype(np.float64)
            weighted.data *= voice.counts(self.untouched.rows[weighted.indices])
            others = total.get(voice.decay)
            total[voice.decay] = weighted if others is None else others + weighted
        tables = sp.csr_array(sp.vstack(list(total.values()), format="csr"))
        cells = tables.shape[0] * tables.shape[1]
        full = cells <= SMALL_CELLS and tables.nnz > FULL * cells
        return np.array(list(total)), tables.toarray() if full else tables

    def with_items(self, content: Float[np.ndarray, "added d_content"]) -> "Evidence":
        """More items behind these, of which nothing but their content is known."""
        n = len(self.popular.known) + len(content)
        more = n - len(self.popular.known)
        untouched = np.concatenate([self.untouched.rows, np.ones(more, dtype=bool)])
        return replace(
            self,
            counted=tuple(table.with_items(n) for table in self.counted),
            popular=replace(self.popular, known=np.pad(self.popular.known, (0, more))),
            alike=self.alike.with_items(self.likeness.directions(content)),
            plain=self.plain.with_items(content),
            untouched=replace(self.untouched, rows=untouched),
            order=None if self.order is None else self.order.with_items(n),
            foretold=None if self.foretold is None else self.foretold.with_items(content),
        )

    def with_changed(
        self, rows: Int[np.ndarray, " changed"], content: Float[np.ndarray, "changed d_content"]
    ) -> "Evidence":
        """The items in these rows with other content; what people did with them stays."""
        directions = self.likeness.directions(content)
        alike = self.alike.with_changed(rows, directions)
        told = self.foretold
        return replace(
            self,
            alike=alike,
            plain=self.plain.with_changed(rows, content),
            foretold=None if told is None else told.with_changed(rows, content),
        )
