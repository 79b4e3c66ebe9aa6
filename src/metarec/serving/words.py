"""Which rows of a table of texts hold which words: an inverted index, built by columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Bool, Int
from numpy.typing import NDArray

SIGNS = r"\p{Han}\p{Hiragana}\p{Katakana}"
"""Scripts that set no spaces between words: each sign counts as a word."""
WORD = rf"[[\p{{L}}\p{{N}}]--[{SIGNS}]]+|[{SIGNS}]"
LAST_SIGN = chr(0x10FFFF)
"""Behind every letter, and none itself: it ends the words that begin alike."""


def words_in(texts: pl.Expr) -> pl.Expr:
    """The words of each text: letters and digits, without case and accents."""
    plain = texts.str.normalize("NFKD").str.to_lowercase().str.replace_all(r"\p{M}", "")
    return plain.str.extract_all(WORD)


def words_of(text: str) -> list[str]:
    """The words of one text, read as those of the index are."""
    return pl.select(words_in(pl.lit(text))).item().to_list()


@dataclass(frozen=True, eq=False)
class WordIndex:
    """The rows of each word, words in the order of their signs.

    `places` holds 2 x row, and 1 more where the word stands in the row's title; those of word `w`
    are `places[starts[w]:starts[w + 1]]`, and so words that begin alike stand together.
    """

    words: pl.Series
    starts: Int[np.ndarray, " word+1"]
    places: NDArray[np.uint32]

    @classmethod
    def of(cls, titles: pl.Series, texts: pl.Series, rows: Int[np.ndarray, " row"]) -> "WordIndex":
        """The index of texts that stand in these rows; null is no text."""
        parts = [
            pl.DataFrame({"place": 2 * rows + told, "token": column.rename("token")})
            .select(pl.col("place").cast(pl.UInt32), pl.col("token").str.split(" "))
            .explode("token", empty_as_null=False, keep_nulls=False)
            for told, column in ((1, titles), (0, texts))
        ]
        # what stands between spaces is read once, however often it comes
        by_token = pl.concat(parts).group_by("token").agg("place")
        by_word = (
            by_token.select("place", words_in(pl.col("token")).alias("word"))
            .explode("word", empty_as_null=False)
            .group_by("word")
            .agg(pl.col("place").explode(empty_as_null=False))
            .sort("word")
        )
        counts = by_word["place"].list.len().to_numpy()
        starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        places = by_word["place"].explode(empty_as_null=False).to_numpy()
        return cls(by_word["word"], starts, places)

    def places_of(self, word: str, *, whole: bool) -> NDArray[np.uint32]:
        """Where a word stands, or else every word that begins so; a place may come twice."""
        first = self.words.search_sorted(word, "left")
        end = self.words.search_sorted(word if whole else word + LAST_SIGN, "right")
        return self.places[self.starts[first] : self.starts[end]]


@dataclass(frozen=True, eq=False)
class Layers:
    """An index, and beside it one of the rows that came or changed since it was made."""

    base: WordIndex
    stale: Bool[np.ndarray, " row"]
    """True where the base tells what was before."""
    newer: WordIndex | None = None

    def holding(
        self, word: str, *, whole: bool
    ) -> tuple[Bool[np.ndarray, " row"], Bool[np.ndarray, " row"]]:
        """Which rows hold a word, or one that begins so; and which in their title."""
        held, titled = np.zeros(len(self.stale), dtype=bool), np.zeros(len(self.stale), dtype=bool)
        _mark(self.base.places_of(word, whole=whole), held, titled)
        held[self.stale] = titled[self.stale] = False
        if self.newer is not None:
            _mark(self.newer.places_of(word, whole=whole), held, titled)
        return held, titled

    def matching(self, words: Sequence[str]) -> "Matches":
        """The rows that hold all words, of which the last may go on."""
        *before, last = words
        held, titled = self.holding(last, whole=False)
        whole, _ = self.holding(last, whole=True)
        for word in set(before):
            also, in_title = self.holding(word, whole=True)
            held &= also
            titled &= in_title
        return Matches(held, titled & held, whole & held)


@dataclass(frozen=True, eq=False)
class Matches:
    """What a search found."""

    held: Bool[np.ndarray, " row"]
    titled: Bool[np.ndarray, " row"]
    """All words stand in the title."""
    whole: Bool[np.ndarray, " row"]
    """The last word stands there as it was said, and does not go on."""


def _mark(
    places: NDArray[np.uint32], held: Bool[np.ndarray, " row"], titled: Bool[np.ndarray, " row"]
) -> None:
    rows = places >> 1
    held[rows] = True
    titled[rows[(places & 1).astype(bool)]] = True
