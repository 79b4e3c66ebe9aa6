"""A tiny deterministic encoder: each word a fixed pseudo-random direction."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import whole_number
from metarec.contracts.directions import unit_rows
from metarec.encoders.template import checked_template, compose

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class HashEncoder:
    """Sum of word directions, scaled to length 1; a text without words is the zero vector.

    It knows nothing of meaning, only of shared words (random indexing, Kanerva et al. 2000). It
    needs no weights, so it serves tests, and shops whose texts are keywords.
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
        return f"hash-1:{self.d}:{self.template}"

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> Float[np.ndarray, "row d"]:
        """One vector a row of the item table, float32."""
        vectors = np.zeros((len(frame), self.d), dtype=np.float32)
        for row, text in enumerate(compose(frame, self.template)):
            for word in _WORD.findall(text.lower()):
                vectors[row] += _direction(word, self.d)
        return unit_rows(vectors)

    def describe(self) -> Mapping[str, Any]:
        """What is needed to build the encoder again, as JSON values."""
        return {"class": "HashEncoder", "d": self.d, "template": self.template}


@lru_cache(maxsize=100_000)
def _direction(word: str, d: int) -> Float[np.ndarray, " d"]:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
    return np.random.default_rng(seed).standard_normal(d).astype(np.float32)
