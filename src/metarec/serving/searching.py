"""Items by their words: an index made once of a catalogue, and brought up as items change."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from jaxtyping import Bool, Int
from numpy.typing import NDArray

from metarec.contracts import Catalogue, Recommender
from metarec.serving.glance import telling_columns
from metarec.serving.words import Layers, Matches, WordIndex, words_of

NEWER_SHARE = 0.1
"""Beyond this share of items that came or changed, all are read anew."""


@dataclass(frozen=True, eq=False)
class Search:
    """The items of one model, to be found by their words."""

    catalogue: Catalogue
    layers: Layers
    hashes: NDArray[np.uint64]
    """Of each row's texts, as the base of the layers read them."""
    places: Int[np.ndarray, " item"]
    """Each row's place in the list of a newcomer; behind it whatever is in no list."""

    @classmethod
    def of(cls, model: Recommender, before: "Search | None" = None) -> "Search":
        """The search of a model; what `before` has read and still stands so is not read again."""
        catalogue = model.catalogue
        titles, rest = texts_of(catalogue)
        hashes = pl.DataFrame([titles, rest]).hash_rows().to_numpy()
        stale = np.ones(len(catalogue), dtype=bool)
        if before is not None and _goes_on(before.catalogue, catalogue):
            stale[: len(before.hashes)] = hashes[: len(before.hashes)] != before.hashes
        if before is None or stale.sum() > NEWER_SHARE * len(catalogue):
            base = WordIndex.of(titles, rest, np.arange(len(catalogue)))
            layers = Layers(base, np.zeros(len(catalogue), dtype=bool))
            return cls(catalogue, layers, hashes, places_of(model))
        rows = np.flatnonzero(stale)
        newer = WordIndex.of(titles[rows], rest[rows], rows)
        layers = Layers(before.layers.base, stale, newer)
        return cls(catalogue, layers, before.hashes, places_of(model))

    @cached_property
    def telling(self) -> list[str]:
        """The columns that tell most of an item at a glance."""
        return telling_columns(self.catalogue)

    def rows(
        self, text: str, k: int, at: float | None = None
    ) -> tuple[Int[np.ndarray, " found"], int]:
        """The `k` first items on offer at a moment that hold all words of a text, and their number.

        The last word may go on. Items that have all words in their title come first, then those in
        which the last word does not go on, then whatever a newcomer would be shown first; without
        any text all items match, and without any word in it none does.
        """
        words = words_of(text)
        if not words:
            every = self.catalogue.on_offer(at) & (not text.strip())
            return self._first(iter([every]), k), int(every.sum())
        found = self.layers.matching(words)
        found.held[~self.catalogue.on_offer(at)] = False
        return self._first(_tiers(found), k), int(found.held.sum())

    def _first(
        self, tiers: Iterator[Bool[np.ndarray, " item"]], k: int
    ) -> Int[np.ndarray, " found"]:
        """The `k` first rows of tiers, those of one tier in a newcomer's order."""
        found: list[Int[np.ndarray, " some"]] = []
        for tier in tiers:
            rows = np.flatnonzero(tier)
            open_ = k - sum(map(len, found))
            if len(rows) > open_ > 0:
                rows = rows[np.argpartition(self.places[rows], open_ - 1)[:open_]]
            found.append(rows[np.argsort(self.places[rows])][:open_])
        return np.concatenate(found)


class Searching:
    """The search of whatever model answers, made when it is asked for first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._search: Search | None = None

    def of(self, model: Recommender) -> Search:
        """The search of a model; the first to ask waits until its items are read."""
        search = self._search
        if search is None or search.catalogue is not model.catalogue:
            with self._lock:
                search = self._search
                if search is None or search.catalogue is not model.catalogue:
                    self._search = search = Search.of(model, search)
        return search


def texts_of(catalogue: Catalogue) -> tuple[pl.Series, pl.Series]:
    """What people call each item, and all else that is said of it in words, its id too."""
    frame, titled = catalogue.frame, catalogue.title_column
    ids = pl.Series("rest", catalogue.ids.tolist(), dtype=pl.String)
    titles = pl.Series("title", [None] * len(ids), dtype=pl.String)
    if titled is not None:
        titles = frame[titled].alias("title")
    others = [_as_text(column) for column in frame if column.name != titled]
    parts = [ids.alias("item id"), *(text for text in others if text is not None)]
    named = [part.alias(f"part {place}") for place, part in enumerate(parts)]
    rest = pl.DataFrame(named).select(
        pl.concat_str(pl.all(), separator=" ", ignore_nulls=True).alias("rest")
    )
    return titles, rest["rest"]


def places_of(model: Recommender) -> Int[np.ndarray, " item"]:
    """Each item's place in the list of somebody of whom nothing is known."""
    catalogue = model.catalogue
    found = model.recommend([[]], len(catalogue), exclude_seen=False)[0]
    places = len(catalogue) + np.arange(len(catalogue))
    places[catalogue.index(found.ids)] = np.arange(len(found))
    return places


def _goes_on(before: Catalogue, now: Catalogue) -> bool:
    """True where a catalogue has the rows of another, and perhaps more behind them."""
    return len(now) >= len(before) and bool((now.ids[: len(before)] == before.ids).all())


def _tiers(found: Matches) -> Iterator[Bool[np.ndarray, " item"]]:
    """Matches from the closest on, each row once."""
    for place in (found.titled, ~found.titled):
        for ending in (found.whole, ~found.whole):
            yield found.held & place & ending


def _as_text(column: pl.Series) -> pl.Series | None:
    """A column's words; None where it holds none."""
    if isinstance(column.dtype, pl.List) and column.dtype.inner == pl.String:
        return column.list.join(" ")
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    return None
