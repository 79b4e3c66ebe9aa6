"""What becomes of a user's repeated events on one item: keep them, the last, or their sum."""

import polars as pl

from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table


def settle_repeats(
    events: Table, n_items: int, value: str, rule: str | None, report: Report
) -> pl.DataFrame:
    """The interactions after the rule; events of different kinds do not repeat each other.

    Implicit events are kept by default: buying twice is two events. For ratings there is no safe
    default, so without a rule a repeated rating is a problem that names all but the last. Ratings
    are never summed: two of 4 stars are no rating of 8.
    """
    frame = events.frame
    if rule == "sum" and value == "rating":
        found = 'repeats = "sum" on ratings'
        fix = f'{report.remedies.setting("repeats", "last")} (or "keep")'
        expected = "a rule that keeps ratings on their scale"
        report.fail(events.file, found, expected, fix)
        return frame
    if rule == "keep" or (rule is None and value == "implicit"):
        return frame
    pair = (pl.col("user") * n_items + pl.col("item")).alias("pair")
    key = [pair, *(pl.col(c) for c in ("event",) if c in frame.columns)]
    if len(key) == 1 and not any_twice(frame["user"], frame["item"], n_items):
        return frame
    is_last = last_of_each(frame, key)
    if rule is None:
        fix = f'{report.remedies.setting("repeats", "last")} (or "keep")'
        check = Check("repeated rating", "item_id", pl.lit(~is_last), "one rating of an item", fix)
        return report.sift(events, [check]).frame
    report.note(f"repeated interaction (repeats = {rule})", len(frame) - int(is_last.sum()))
    if rule == "sum":
        frame = frame.with_columns(pl.col("value").sum().over(key))
    return frame.filter(is_last)


def any_twice(users: pl.Series, items: pl.Series, n_items: int) -> bool:
    """True if a pair is there twice; in place, since a set of pairs takes more time and memory.

    >>> any_twice(pl.Series([3, 1, 3]), pl.Series([0, 0, 0]), 1)
    True
    """
    pairs = users.to_numpy() * n_items
    pairs += items.to_numpy()
    pairs.sort()
    return bool((pairs[1:] == pairs[:-1]).any())


def last_of_each(events: pl.DataFrame, key: list[pl.Expr]) -> pl.Series:
    """True for the newest event of each key; the later row where times are equal."""
    by = ["timestamp"] if "timestamp" in events.columns else []
    keys = events.select(key)
    ordered = keys.hstack(events.select(by)).with_row_index("row")
    newest = ordered.sort([*by, "row"]).unique(keys.columns, keep="last")["row"]
    return ordered.select(pl.col("row").is_in(newest.implode())).to_series()
