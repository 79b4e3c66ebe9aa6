"""Everything known of an item as one vector: its text beside its numbers and categories."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import DataError, Encoder
from metarec.encoders.columns import ItemColumns
from metarec.encoders.hashed import HashEncoder
from metarec.encoders.tabular import TabularFeatures
from metarec.encoders.text import TextEncoder

TEXT_SCALE = 4.0
"""Length of a text vector beside features of unit variance, so that neither drowns the other."""

ENCODERS = {"TextEncoder": TextEncoder, "HashEncoder": HashEncoder}
"""Encoders that a saved model may name."""


@dataclass(frozen=True, eq=False)
class ContentFeatures:
    """Text vectors, centred on the catalogue they were fitted on, beside tabular features.

    It is an `Encoder` itself, so every model that reads content takes it. The last feature of the
    text block is 1 for an item without text. A later table is read by the columns of the first:
    its own order of columns makes no difference, and other columns are not used.
    """

    encoder: Encoder
    columns: ItemColumns
    tabular: TabularFeatures
    text_mean: Float[np.ndarray, " d"]

    @classmethod
    def fit(cls, encoder: Encoder, frame: pl.DataFrame, *, progress: bool = False) -> Self:
        """Measure the columns of the item table and the mean of its text vectors."""
        vectors = encoder.encode(frame, progress=progress).astype(np.float64)
        worded = np.abs(vectors).sum(1) > 0
        mean = vectors[worded].mean(0) if worded.any() else np.zeros(vectors.shape[1])
        return cls(encoder, ItemColumns.of(frame), TabularFeatures.fit(frame), mean)

    @property
    def blocks(self) -> Mapping[str, int]:
        """Width of each block of a vector, in order: what the text says, what the table says."""
        return {"text": len(self.text_mean) + 1, "table": self.tabular.width}

    @property
    def fingerprint(self) -> str:
        """Names the encoder and everything that changes its vectors."""
        parts = [self.columns.to_list(), self.tabular.to_dict(), self.text_mean.tolist()]
        fitted = json.dumps(parts)
        return f"{self.encoder.fingerprint}:{hashlib.sha256(fitted.encode()).hexdigest()[:32]}"

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> Float[np.ndarray, "row d"]:
        """One vector a row of the item table, float32."""
        table = self.columns.read(frame)
        vectors = self.encoder.encode(table, progress=progress).astype(np.float64)
        worded = np.abs(vectors).sum(1, keepdims=True) > 0
        text = np.where(worded, (vectors - self.text_mean) * TEXT_SCALE, 0.0)
        blocks = [text, ~worded, self.tabular.transform(table)]
        return np.concatenate(blocks, axis=1).astype(np.float32)

    def describe(self) -> Mapping[str, Any]:
        """What is needed to build the encoder again, as JSON values."""
        return {
            "class": "ContentFeatures",
            "encoder": dict(self.encoder.describe()),
            "columns": self.columns.to_list(),
            "tabular": self.tabular.to_dict(),
            "text_mean": self.text_mean.tolist(),
        }

    @classmethod
    def from_description(cls, raw: Mapping[str, Any]) -> Self:
        """The features that `describe` wrote."""
        if "columns" not in raw:
            raise DataError(
                "the saved model does not say which columns of the items it reads, because an "
                "earlier version saved it; fit the model again"
            )
        return cls(
            encoder_from(raw["encoder"]),
            ItemColumns.from_list(raw["columns"]),
            TabularFeatures.from_dict(raw["tabular"]),
            np.array(raw["text_mean"]),
        )


def encoder_from(raw: Mapping[str, Any]) -> Encoder:
    """The text encoder that `describe` wrote; the name must be one of `ENCODERS`."""
    settings = dict(raw)
    name = settings.pop("class", None)
    if name not in ENCODERS:
        raise DataError(
            f"the saved model names the encoder {name!r}; this version knows {sorted(ENCODERS)}"
        )
    return ENCODERS[name](**settings)
