"""What people say of items that they met, each as known from all else that they did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Histories
from metarec.meta.heart import Heart
from metarec.meta.updaters.closed_form import ClosedFormAdapted

OF_EVENTS = ("people", "items", "states", "surprises", "precisions")


@dataclass(frozen=True, eq=False)
class Met:
    """Events on cold items, and the people beside whose other events they stand.

    A person's weights are N(w̄, C) after all events on other items. An event on item i then says of
    its residuals v and β

        y − o − φᵀw̄ = x̄ᵀ(v, β) + noise      x̄ = (w̄ without its constant, 1)

    where o and φ are of content alone, and the noise has the variance 1/b + φᵀCφ: what the event
    leaves open, and what is not known of the person.
    """

    people: Int[np.ndarray, " event"]
    items: Int[np.ndarray, " event"]
    states: Float[np.ndarray, "event d"]
    """x̄."""
    surprises: Float[np.ndarray, " event"]
    """What content does not foretell of the event."""
    precisions: Float[np.ndarray, " event"]
    n_people: int
    """All of them, whether they met one of the items or not."""
    moments: Float[np.ndarray, "d d"]
    """The mean of w̄w̄ᵀ over all of them."""

    def where(self, mask: Bool[np.ndarray, " event"]) -> "Met":
        """Some of the events; the people stay."""
        return replace(self, **{name: getattr(self, name)[mask] for name in OF_EVENTS})

    @staticmethod
    def of_all(parts: "Sequence[Met]") -> "Met":
        """Those of all parts of the people, one behind the other."""
        n = np.array([part.n_people for part in parts])
        before = np.cumsum(n) - n
        parts = [replace(p, people=p.people + b) for p, b in zip(parts, before, strict=True)]
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in OF_EVENTS
        }
        moments = sum(part.moments * part.n_people for part in parts) / max(int(n.sum()), 1)
        return Met(**columns, n_people=int(n.sum()), moments=np.asarray(moments))


def met_by(
    heart: Heart,
    histories: Histories,
    profiles: Float[np.ndarray, "person d_profile"] | None,
    refused: Bool[np.ndarray, " event"],
    cold: Bool[np.ndarray, " row"],
) -> Met:
    """What these people say of the items that are `cold`, whose terms in `heart` are of content
    alone; nobody is known by an event on one of them."""
    support, _ = heart.heard(histories, refused)
    aside = cold[support.rows]
    known = replace(support, precisions=np.where(aside, 0.0, support.precisions))
    adapted = heart.updater.adapt(heart.terms, known, heart.prior.of(profiles))
    assert isinstance(adapted, ClosedFormAdapted)
    mean, covariance = adapted.posterior.mean, adapted.covariance()
    person, place = np.nonzero(aside & (support.precisions > 0))
    rows, b = support.rows[person, place], support.precisions[person, place]
    phi, w = heart.terms.features[rows], mean[person]
    unsure = np.einsum("ja,jab,jb->j", phi, covariance[person], phi)
    states = w.copy()
    states[:, -1] = 1.0
    return Met(
        people=person,
        items=rows,
        states=states,
        surprises=support.targets[person, place] - np.einsum("ja,ja->j", phi, w),
        precisions=b / (1 + b * unsure),
        n_people=len(mean),
        moments=mean.T @ mean / max(len(mean), 1),
    )
