"""What a reader makes of texts: how much of them it knows, cuts, or sees nothing in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

SAMPLE = 2000
"""Texts that are counted, evenly spread over the catalogue."""
MOSTLY = 0.5
"""A text of which a larger share of tokens is unknown is not read."""
ENOUGH = 0.1
"""From this share of unread texts on, a hashed reader reads all texts beside the first."""


@dataclass(frozen=True, eq=False)
class Counts:
    """What a reader makes of each text."""

    tokens: Int[np.ndarray, " text"]
    unknown: Int[np.ndarray, " text"]
    """Tokens that stand for anything the reader does not know."""
    cut: Bool[np.ndarray, " text"]
    """True for a text that is longer than the reader reads."""


@runtime_checkable
class TextReader(Protocol):
    """An encoder of plain text, which can say how much of it it reads."""

    template: str | None

    def encode_texts(
        self, texts: list[str], *, progress: bool = False
    ) -> Float[np.ndarray, "text d"]:
        """One vector a text, float32; zeros for a text without anything to read."""
        ...

    def count(self, texts: Sequence[str]) -> Counts:
        """What the reader makes of each text."""
        ...


@dataclass(frozen=True)
class Reading:
    """Shares of a catalogue's texts, from a sample of up to 2,000 of them."""

    empty: float
    """Texts without a token."""
    identical: float
    """Filled texts that another item has too."""
    unknown: float
    """Of all tokens, those that the reader does not know."""
    unread: float
    """Filled texts of which most tokens are unknown."""
    cut: float
    """Texts that are longer than the reader reads."""

    @classmethod
    def of(cls, reader: TextReader, texts: Sequence[str]) -> Self:
        """The shares of `texts`."""
        step = -(-len(texts) // SAMPLE) or 1
        counts = reader.count(texts[::step])
        filled = [text for text in texts if text]
        others = len(filled) - sum(1 for n in _times(filled).values() if n == 1)
        there = counts.tokens > 0
        unread = counts.unknown[there] > MOSTLY * counts.tokens[there]
        return cls(
            empty=_share(~there),
            identical=others / max(1, len(texts)),
            unknown=float(counts.unknown.sum() / max(1, counts.tokens.sum())),
            unread=_share(unread),
            cut=_share(counts.cut),
        )

    @property
    def needs_help(self) -> bool:
        """True if too many texts are not read."""
        return self.unread >= ENOUGH

    def __str__(self) -> str:
        shares = {
            "without text": self.empty,
            "same text as another item": self.identical,
            "cut": self.cut,
            "tokens unknown to the reader": self.unknown,
        }
        return ", ".join(f"{share:.1%} {what}" for what, share in shares.items())


def _times(texts: Sequence[str]) -> dict[str, int]:
    times: dict[str, int] = {}
    for text in texts:
        times[text] = times.get(text, 0) + 1
    return times


def _share(found: np.ndarray) -> float:
    return float(found.mean()) if len(found) else 0.0
