"""What each part of the sum is worth: the sum without it, and learned in other ways.

Every variant is learned on the same validation queries and judged on the next event of test, of the
same model at its start; NDCG@10 of one relevant item, its difference to the whole sum with the 95 %
interval of a bootstrap over people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from benchmarks.common import content_of, say, write
from benchmarks.strangers import SHOPS
from metarec.contracts import Episodes
from metarec.data import split_last_out
from metarec.evaluation.protocol.provenance import versions
from metarec.meta import MetaConfig, MetaRecommender
from metarec.meta.evidence import Contests, Sample, learn_trust
from metarec.meta.evidence.alike import Alike
from metarec.meta.evidence.samples import Tables, contests_of
from metarec.meta.evidence.trust import gains_of, learn_beside, the_best_alone

NAMES = (
    "movielens-100k, events",
    "movielens-latest-small, events",
    "amazon-industrial",
    "amazon-beauty",
)
DEPTH, DRAWS = 10, 1000
PARTS: Mapping[str, tuple[str, ...]] = {
    "taste": ("taste",),
    "follow": ("follow", "follow wide"),
    "next": ("next", "next long"),
    "together": ("together", "together, all"),
    "alike": ("alike", "alike, all"),
    "popularity": ("popular", "popular of late"),
}


@dataclass(frozen=True, eq=False)
class Both:
    """The contests of validation, which teach, and of test, which judge."""

    taught: Contests
    judged: Contests
    events: tuple[Int[np.ndarray, " query"], Int[np.ndarray, " query"]]
    """How many events the person of each query has."""

    def without(self, names: tuple[str, ...]) -> "Both":
        """The same without some tables."""
        return replace(self, taught=_less(self.taught, names), judged=_less(self.judged, names))

    def gains(self, learn: Callable[[Contests], Float[np.ndarray, " table"]] = learn_trust) -> Any:
        """The gain of each query of test."""
        return gains_of(self.judged, learn(self.taught), DEPTH)


def main() -> None:
    found = [row for name in NAMES for row in measured(name)]
    write("ablations", None, [], rows=found, versions=dict(versions()))


def measured(name: str) -> list[dict[str, Any]]:
    """Every variant on one shop."""
    split = split_last_out(SHOPS[name][0]())
    content = content_of(split.train)
    model = MetaRecommender(content, MetaConfig(steps=0)).fit(split.train, split.valid)
    heart = model.hearts["implicit"]
    assert heart.evidence is not None
    plain = Alike.of(heart.evidence.plain.directions, keep=model.config.neighbours)
    read = {"as it is": heart.evidence.alike, "plain": plain}
    (test,) = split.test.values()
    whole, bare = (_both(model, split.train, split.valid, test, alike) for alike in read.values())
    variants = {
        "the whole sum": whole.gains(),
        **{f"without {part}": whole.without(names).gains() for part, names in PARTS.items()},
        "the best table alone": whole.gains(the_best_alone),
        "cross-entropy instead of lists": whole.gains(_by_entropy),
        "alike never fades": whole.without(("alike",)).gains(),
        "alike in plain content": bare.gains(),
        "trust by length of history": _by_length(whole),
    }
    rows = []
    for variant, gains in variants.items():
        ahead = gains - variants["the whole sum"]
        rng, n = np.random.default_rng(0), len(gains)
        drawn = [ahead[rng.integers(0, n, n)].mean() for _ in range(DRAWS)]
        low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
        rows.append(
            {
                "shop": name,
                "variant": variant,
                "people": n,
                "ndcg": round(float(gains.mean()), 5),
                "difference": round(float(ahead.mean()), 5),
                "low": round(low, 5),
                "high": round(high, 5),
            }
        )
        say(
            f"{name}, {variant}: {gains.mean():.4f} ({ahead.mean():+.4f} [{low:+.4f}, {high:+.4f}])"
        )
    return rows


def _both(
    model: MetaRecommender, train: Any, valid: Episodes, test: Episodes, alike: Alike
) -> Both:
    heart = model.hearts["implicit"]
    assert heart.evidence is not None
    taste = partial(model._alone, replace(heart, evidence=None))
    contests, events = [], []
    scales = None
    for episodes in (valid, test):
        tables = Tables.of(
            Sample(train, episodes, taste, alone=True),
            alike,
            heart.evidence.plain,
            model._content.encode(train.catalogue.frame),
            model.config,
            np.random.default_rng(0),
            1,
        )
        told, own = contests_of([(tables, tables.known)])
        scales = own if scales is None else scales
        contests.append(replace(told, margins=told.margins / scales))
        events.append(tables.known.support.lengths[tables.known.person])
    return Both(contests[0], contests[1], (events[0], events[1]))


def _less(contests: Contests, names: tuple[str, ...]) -> Contests:
    kept = [at for at, name in enumerate(contests.names) if name not in names]
    return replace(
        contests,
        names=tuple(contests.names[at] for at in kept),
        margins=contests.margins[:, kept],
    )


def _by_entropy(contests: Contests) -> Float[np.ndarray, " table"]:
    return learn_beside(contests, np.zeros(len(contests.margins)))


def _by_length(both: Both) -> Float[np.ndarray, " query"]:
    """Trust of its own for people with few events, and for those with many."""
    border = float(np.median(both.events[0]))
    gains = np.zeros(both.judged.n_queries)
    for few in (True, False):
        taught, judged = (_is_few(events, border) == few for events in both.events)
        part = replace(both, taught=both.taught.some(taught), judged=both.judged.some(judged))
        gains[judged] = part.gains()
    return gains


def _is_few(events: Int[np.ndarray, " query"], border: float) -> Bool[np.ndarray, " query"]:
    return events <= border
