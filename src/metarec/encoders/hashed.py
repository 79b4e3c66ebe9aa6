"""A tiny deterministic encoder: each word a fixed pseudo-random direction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import whole_number
from metarec.contracts.directions import unit_rows
from metarec.encoders.reading import Counts
from metarec.encoders.template import checked_template, compose
from metarec.encoders.words import words_of


@dataclass(frozen=True)
class HashEncoder:
    """Sum of word directions, scaled to length 1; a text without words is the zero vector.

    It knows nothing of meaning, only of shared words (random indexing, Kanerva et al. 2000), which
    it finds in every script: where words have no spaces between them, characters and their pairs
    count, and each emoji is a word. It needs no weights, so it serves tests, shops whose texts are
    keywords, and texts that a pretrained model cannot read.
    """

    d: int = 64
    """Length of a vector."""
    template: str | None = None
    """How an item's text is composed; None joins its text columns."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "d", whole_number("d", self.d))
        checked_template(self.template)

    @property
    def fingerprint(self) -> str:
        """Names the encoder and everything that changes its vectors."""
        return f"hash-2:{self.d}:{self.template}"

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> Float[np.ndarray, "row d"]:
        """One vector a row of the item table, float32."""
        return self.encode_texts(compose(frame, self.template), progress=progress)

    def encode_texts(
        self, texts: Sequence[str], *, progress: bool = False
    ) -> Float[np.ndarray, "text d"]:
        """One vector a text, float32."""
        vectors = np.zeros((len(texts), self.d), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words_of(text):
                vectors[row] += _direction(word, self.d)
        return unit_rows(vectors)

    def count(self, texts: Sequence[str]) -> Counts:
        """Words of each text, all of which are read; a text without a word is empty."""
        words = np.array([len(words_of(text)) for text in texts], dtype=np.int64)
        return Counts(words, np.zeros_like(words), np.zeros(len(words), dtype=bool))

    def describe(self) -> Mapping[str, Any]:
        """What is needed to build the encoder again, as JSON values."""
        return {"class": "HashEncoder", "d": self.d, "template": self.template}


@lru_cache(maxsize=100_000)
def _direction(word: str, d: int) -> Float[np.ndarray, " d"]:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
    return np.random.default_rng(seed).standard_normal(d).astype(np.float32)
