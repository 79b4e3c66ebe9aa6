"""Where a shop is large."""

MANY_ITEMS = 20_000
"""A shop of more items is learned and served in ways whose time and memory grow with the items, and
not with their square."""
