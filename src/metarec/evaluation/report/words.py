"""How metrics, support sizes and numbers are written for people."""

import math
from collections.abc import Sequence

from metarec.evaluation.protocol.measures import better

NAMES = {
    "mae": "MAE",
    "rmse": "RMSE",
    "ndcg": "nDCG",
    "ndcg_exponential": "nDCG (2^rel)",
    "list_ndcg": "nDCG of ratings",
    "list_ndcg_exponential": "nDCG of ratings (2^rel)",
    "recall": "Recall",
    "precision": "Precision",
    "f1": "F1",
    "mrr": "MRR",
    "map": "MAP",
    "hit_rate": "Hit rate",
    "auc": "AUC of likes",
    "like_accuracy": "Like accuracy",
    "crps": "CRPS",
    "covered_90": "In 90 % interval",
    "answered": "Answered",
    "novelty": "Novelty (bits)",
    "serendipity": "Serendipity",
    "popularity_lift": "Popularity lift",
    "interest_coverage": "Interests covered",
    "diversity": "Diversity",
    "history_novelty": "Novelty to history",
    "catalogue_coverage": "Catalogue shown",
    "gini": "Exposure Gini",
}
ARROWS = {"higher": "↑", "lower": "↓", "neither": ""}
HEADLINES = (
    "mae",
    "list_ndcg",
    "list_ndcg_exponential",
    "ndcg",
    "recall",
    "hit_rate",
    "crps",
    "covered_90",
)


def metric_label(metric: str) -> str:
    """The metric's name for people, with the length of list and the way that is better.

    >>> metric_label("ndcg@10"), metric_label("mae")
    ('nDCG@10 ↑', 'MAE ↓')
    """
    return f"{metric_name(metric)} {ARROWS[better(metric)]}".strip()


def metric_name(metric: str) -> str:
    """The metric's name for people, with the length of list.

    >>> metric_name("list_ndcg@3"), metric_name("hit_rate@10")
    ('nDCG@3 of ratings', 'Hit rate@10')
    """
    base, _, cut = metric.partition("@")
    name = NAMES.get(base, base)
    if not cut:
        return name
    head, of, tail = name.partition(" of ")
    head, bracket, rest = (head, of, tail) if of else head.partition(" (")
    return f"{head}@{cut}{bracket}{rest}"


def headlines(metrics: Sequence[str], limit: int | None = None) -> list[str]:
    """The metrics that a first table shows, in order; all of them where none is known.

    >>> headlines(["gini@10", "ndcg@10", "mae"])
    ['mae', 'ndcg@10']
    """
    found = [m for base in HEADLINES for m in metrics if m.split("@")[0] == base]
    return (found or list(metrics))[:limit]


def support_label(k: int | None) -> str:
    """A support size in words.

    >>> support_label(None), support_label(0), support_label(1)
    ('whole support', 'no events', '1 event')
    """
    if k is None:
        return "whole support"
    return {0: "no events", 1: "1 event"}.get(k, f"{k} events")


def number(value: float | None, digits: int = 3) -> str:
    """A number with a fixed count of decimals, a dash where there is none.

    >>> number(0.12345), number(float("nan"))
    ('0.123', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def signed(value: float) -> str:
    """A difference with its sign, the minus as wide as the plus.

    >>> signed(-0.0123), signed(0.5)
    ('−0.012', '+0.500')
    """
    return f"{value:+.3f}".replace("-", "−")


def p_value(p: float) -> str:
    """A corrected p-value for a sentence.

    >>> p_value(0.00001), p_value(0.034)
    ('p < 0.001', 'p = 0.034')
    """
    if math.isnan(p):
        return "no test"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def listed(names: Sequence[str]) -> str:
    """Names as one reads them out.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    >>> listed([])
    ''
    """
    if not names:
        return ""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def as_percent(share: float) -> str:
    """A share as a percentage with one decimal.

    >>> as_percent(0.9)
    '90.0 %'
    """
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"
