"""How much each score table counts in a sum of them: learned for the top of whole lists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

from metarec.meta.sizes import MANY_ITEMS
from metarec.ranking.top_k import kth_smallest

STEPS = 20
"""Of the search for the best lists: then weights grow, and the order of items stays."""


@dataclass(frozen=True, eq=False)
class Contests:
    """For each query the items that stand against its target, and by how much in each table."""

    names: tuple[str, ...]
    margins: Float[np.ndarray, "rival table"]
    """The score of a rival minus that of the target."""
    query: Int[np.ndarray, " rival"]
    n_queries: int

    @classmethod
    def of(
        cls,
        tables: Mapping[str, Float[np.ndarray, "person item"]],
        out: Bool[np.ndarray, "person item"],
        targets: Int[np.ndarray, " query"],
        *,
        person: Int[np.ndarray, " query"] | None = None,
        top: int = 100,
        rivals_from: Sequence[str] | None = None,
    ) -> "Contests":
        """The rivals are what any table (of `rivals_from`) has among its `top`, and is not `out`.

        Every other item stands below in all tables, so that no sum of them lifts it far. `person`
        is whose each query is; None: there is one of each person.
        """
        person = np.arange(len(targets)) if person is None else person
        rivals = rivals_of([tables[name] for name in rivals_from or tables], out, top)
        items = [np.flatnonzero(own) for own in rivals]
        items = [items[p][items[p] != t] for p, t in zip(person, targets, strict=True)]
        query = np.repeat(np.arange(len(items)), [len(own) for own in items])
        rival, whose = np.concatenate([*items, np.zeros(0, dtype=np.int64)]), person[query]
        margins = [s[whose, rival] - s[whose, targets[query]] for s in tables.values()]
        return cls(tuple(tables), np.stack(margins, axis=1).astype(np.float64), query, len(targets))

    def some(self, chosen: Bool[np.ndarray, " query"]) -> "Contests":
        """The chosen queries alone."""
        place, rivals = np.cumsum(chosen) - 1, chosen[self.query]
        return replace(
            self,
            margins=self.margins[rivals],
            query=place[self.query[rivals]],
            n_queries=int(chosen.sum()),
        )

    @classmethod
    def joined(cls, parts: Sequence["Contests"]) -> "Contests":
        """All queries of the parts, which have the same tables."""
        starts = np.cumsum([0] + [part.n_queries for part in parts])
        return cls(
            parts[0].names,
            np.concatenate([part.margins for part in parts]),
            np.concatenate([p.query + s for p, s in zip(parts, starts[:-1], strict=True)]),
            int(starts[-1]),
        )


def rivals_of(
    tables: Sequence[Float[np.ndarray, "person item"]],
    out: Bool[np.ndarray, "person item"],
    top: int,
) -> Bool[np.ndarray, "person item"]:
    """True for what some table has among the `top` of a person, `out` left aside."""
    n_items = out.shape[1]
    rivals = np.zeros(out.shape, dtype=bool)
    for scores in tables:
        seen = np.where(out, np.inf, -scores)
        if n_items > MANY_ITEMS:
            rivals |= _first(seen, top)
        else:
            best = np.argpartition(seen, min(top, n_items - 1), axis=1)[:, :top]
            np.put_along_axis(rivals, best, True, axis=1)
    return rivals & ~out


def _first(seen: Float[np.ndarray, "person item"], top: int) -> Bool[np.ndarray, "person item"]:
    """True for the `top` smallest of each row, of equals the first."""
    last = kth_smallest(seen, top)
    below = seen < last
    missing = top - below.sum(axis=1)
    for row, (own, few) in enumerate(zip(seen == last, missing, strict=True)):
        below[row, np.flatnonzero(own)[:few]] = True
    return below


def learn_trust(contests: Contests) -> Float[np.ndarray, " table"]:
    """The weights a ≥ 0 of the tables, by which the target of a query stands high in its list.

    They minimise −mean 1 / log₂(2 + Σ_i σ(s_i − s_target)), a smooth NDCG of one relevant item
    (Qin, Liu and Li 2010, "A general approximation framework"), by L-BFGS-B from where the
    cross-entropy is least; a last common factor makes the sum a logit again, by cross-entropy.
    Give tables of one scale: weights start at 1, of a table that says nothing at 0.
    """
    start = np.any(contests.margins != 0.0, axis=0) * np.ones(contests.margins.shape[1])
    weights = _least(cross_entropy, contests, start)
    if not weights.any():
        return weights
    weights = _least(list_loss, contests, weights, steps=STEPS)
    return weights * _temperature(contests, weights)


def learn_beside(
    contests: Contests, fixed: Float[np.ndarray, " rival"]
) -> Float[np.ndarray, " table"]:
    """The weights of tables beside margins of logits that are part of every sum: where
    cross-entropy is least, so that they tell how likely something is, and not only what stands on
    top."""
    return _least(cross_entropy, contests, np.zeros(contests.margins.shape[1]), fixed)


def _least(
    loss: "Loss",
    contests: Contests,
    start: Float[np.ndarray, " table"],
    fixed: Float[np.ndarray, " rival"] | None = None,
    steps: int = 1000,
) -> Float[np.ndarray, " table"]:
    found = minimize(
        lambda a: loss(contests, a, fixed),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * len(start),
        options={"maxiter": steps},
    )
    return np.asarray(found.x)


def the_best_alone(contests: Contests) -> Float[np.ndarray, " table"]:
    """The one table whose lists are best, weighed so that it is a logit."""
    each = np.eye(contests.margins.shape[1])
    best = each[int(np.argmax([gains_of(contests, alone).mean() for alone in each]))]
    return np.asarray(best * _temperature(contests, best))


def gains_of(
    contests: Contests, weights: Float[np.ndarray, " table"], depth: int | None = None
) -> Float[np.ndarray, " query"]:
    """1 / log₂(1 + rank) of each target, 0 below `depth`; a rival of the same score is half
    ahead."""
    above = contests.margins @ weights
    ahead = np.bincount(contests.query, (above > 0) + 0.5 * (above == 0), contests.n_queries)
    gains = 1.0 / np.log2(2.0 + ahead)
    return gains if depth is None else np.where(ahead < depth, gains, 0.0)


def cross_entropy(
    contests: Contests,
    weights: Float[np.ndarray, " table"],
    fixed: Float[np.ndarray, " rival"] | None = None,
) -> tuple[float, Float[np.ndarray, " table"]]:
    """Mean over queries of −log softmax of the target among its rivals, and its gradient."""
    n, query = contests.n_queries, contests.query
    above = _sums(contests, weights, fixed)
    highest = np.zeros(n)  # the target's own margin
    np.maximum.at(highest, query, above)
    shares = np.exp(above - highest[query])
    total = np.bincount(query, shares, n) + np.exp(-highest)
    loss = float((np.log(total) + highest).mean())
    return loss, contests.margins.T @ (shares / total[query]) / n


def list_loss(
    contests: Contests,
    weights: Float[np.ndarray, " table"],
    fixed: Float[np.ndarray, " rival"] | None = None,
) -> tuple[float, Float[np.ndarray, " table"]]:
    """Mean over queries of −1 / log₂(2 + Σ σ(s_i − s_target)), and its gradient."""
    n, query = contests.n_queries, contests.query
    ahead = expit(_sums(contests, weights, fixed))
    ranks = np.bincount(query, ahead, n)
    gains = 1.0 / np.log2(2.0 + ranks)
    slopes = gains**2 / ((2.0 + ranks) * np.log(2.0))
    moved = slopes[query] * ahead * (1.0 - ahead)
    return float(-gains.mean()), contests.margins.T @ moved / n


Loss = Callable[..., tuple[float, Float[np.ndarray, " table"]]]


def _sums(
    contests: Contests,
    weights: Float[np.ndarray, " table"],
    fixed: Float[np.ndarray, " rival"] | None,
) -> Float[np.ndarray, " rival"]:
    total = contests.margins @ weights
    return total if fixed is None else total + fixed


def _temperature(contests: Contests, weights: Float[np.ndarray, " table"]) -> float:
    """The factor on all weights at which cross-entropy is least."""
    found = minimize_scalar(
        lambda log: cross_entropy(contests, weights * np.exp(log))[0],
        bounds=(-12.0, 4.0),
        method="bounded",
    )
    return float(np.exp(found.x))
