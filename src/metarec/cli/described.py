"""What is in a shop, as people read it."""

from metarec.data.inspect import Histogram, Summary

BAR = 30


def described(summary: Summary) -> str:
    """Counts, meanings, notes and histograms of a shop."""
    lines = [
        f"{summary.name} ({summary.feedback}, clock: {summary.clock}, repeats: {summary.repeats})",
        f"  hash      {summary.hash}",
        f"  users     {summary.users:,} ({summary.users_without_events:,} without events)",
        f"  items     {summary.items:,} ({summary.items_without_events:,} without events)",
        f"  events    {summary.events:,} ({summary.repeated_events:,} repeated), "
        f"density {summary.density:.4%}",
    ]
    if summary.triples:
        lines.append(
            f"  triples   {summary.triples:,}, which speak of {summary.items_in_triples:,} items "
            f"and {summary.entities:,} other entities (read by LightGCN with graph above 0)"
        )
    if summary.value_range:
        low, high = summary.value_range
        lines.append(f"  values    {low:g} to {high:g}")
    lines += [f"  {line}" for line in summary.meanings]
    lines += [f"  note      {note}" for note in summary.notes]
    for title, histogram in (
        ("events per user", summary.events_per_user),
        ("events per item", summary.events_per_item),
        ("values", summary.values),
    ):
        lines += ["", title, *_bars(histogram)]
    return "\n".join(lines)


def _bars(histogram: Histogram) -> list[str]:
    most = max([1, *histogram.counts])
    return [
        f"  {edge:>10g}  {'█' * round(BAR * count / most):<{BAR}} {count:,}"
        for edge, count in zip(histogram.edges, histogram.counts, strict=False)
    ]
