"""Which values of a column stand in enough rows that something can be learned of each."""

import polars as pl

MOST_CATEGORIES = 64
"""A text column with more distinct values than this is text, not a category."""
MOST_VALUES = 256
"""Values kept of a list column or of keys that repeat, the most frequent first."""
LEAST_ITEMS = 3
"""A category or list value that fewer items have says nothing that could be learned."""


def is_few(values: pl.Series) -> bool:
    """True if so few values stand in a column that each can be a category of its own."""
    return values.n_unique() <= min(MOST_CATEGORIES, max(2, len(values) // LEAST_ITEMS))


def frequent(values: pl.Series, most: int) -> tuple[str, ...]:
    """The values that stand often enough to be learned from, at most so many, sorted."""
    counts = values.alias("value").value_counts()
    kept = counts.filter(pl.col("count") >= min(LEAST_ITEMS, max(1, len(values) // 10)))
    ordered = kept.sort(["count", "value"], descending=[True, False]).head(most)
    return tuple(sorted(ordered["value"].cast(pl.String)))
