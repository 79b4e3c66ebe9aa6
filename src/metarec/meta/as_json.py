"""Answers as JSON values."""

from typing import Any

from metarec.contracts import Recommendations
from metarec.meta.abilities import Known
from metarec.meta.ordering import RankBy


def rows_of(found: Recommendations) -> list[dict[str, Any]]:
    """The list as JSON values."""
    rows: list[dict[str, Any]] = [
        {"item_id": str(i), "score": float(s), "std": None if std != std else float(std)}
        for i, s, std in zip(found.ids, found.scores, found.stds, strict=True)
    ]
    if found.ratings is not None:
        for row, rating in zip(rows, found.ratings.tolist(), strict=True):
            row["rating"] = rating
    return rows


def reasons(person: Known, item_id: str, rank_by: RankBy | None = None) -> dict[str, Any]:
    """Base, shares and effects of one item's score, as JSON values; each event's share by reason
    too, and what all events say together, where there is such."""
    told = person.explain(item_id) if rank_by is None else person.explain(item_id, rank_by=rank_by)
    events = zip(told.events, told.shares, told.effects, strict=True)
    return {
        "score": told.score,
        "base": told.base,
        **({"together": dict(told.together)} if told.together else {}),
        "events": [
            {
                "item_id": event.item,
                "value": event.value,
                **({} if event.kind is None else {"kind": event.kind}),
                "share": float(share),
                "effect": float(effect),
                "reasons": {name: float(said[place]) for name, said in told.reasons.items()},
            }
            for place, (event, share, effect) in enumerate(events)
        ],
    }
