"""Everything known of an item as one vector: its text beside its numbers and categories."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import DataError, Dataset, Encoder
from metarec.encoders.column_role import Role
from metarec.encoders.columns import ItemColumns
from metarec.encoders.hashed import HashEncoder
from metarec.encoders.reading import Reading, TextReader
from metarec.encoders.records import expanded
from metarec.encoders.role_as_told import by_column
from metarec.encoders.roles import ColumnRoles
from metarec.encoders.tabular import TabularFeatures
from metarec.encoders.template import compose, template_columns
from metarec.encoders.text import TextEncoder

TEXT_SCALE = 4.0
"""Length of a text vector beside features of unit variance, so that neither drowns the other."""

ENCODERS = {"TextEncoder": TextEncoder, "HashEncoder": HashEncoder}
"""Encoders that a saved model may name."""


HASHED = 256
"""Numbers of a hashed text vector beside the reader's own, where that cannot read the texts."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is read of an item table, before any vector is computed."""

    table: pl.DataFrame
    """The items with their records as columns."""
    roles: ColumnRoles
    texts: list[str] | None
    """The text of each item; None for an encoder that composes its own."""
    reading: Reading | None
    """What the encoder makes of the texts; None for one that cannot say."""

    @classmethod
    def of(
        cls,
        encoder: Encoder | TextReader,
        frame: pl.DataFrame,
        told: Mapping[str, Role] | None = None,
    ) -> Self:
        """The roles of the columns, of which `told` are obeyed, and the texts they give."""
        table = expanded(frame)
        roles = ColumnRoles.fit(table, told)
        if not isinstance(encoder, TextReader):
            return cls(table, roles, None, None)
        if encoder.template is not None:
            roles = roles.templated(template_columns(encoder.template))
        texts = compose(table, encoder.template, roles.columns("text"))
        return cls(table, roles, texts, Reading.of(encoder, texts))

    @classmethod
    def of_shop(cls, encoder: Encoder | TextReader, data: Dataset) -> Self:
        """The plan for a shop's items, by the roles that it says its columns have."""
        return cls.of(encoder, data.catalogue.frame, by_column(data.roles))


@dataclass(frozen=True, eq=False)
class ContentFeatures:
    """Text vectors, centred on the catalogue they were fitted on, beside tabular features.

    It is an `Encoder` itself, so every model that reads content takes it. The last feature of the
    text block is 1 for an item without text. Where the encoder cannot read a tenth of the texts, a
    hashed reader's vectors of the same texts stand in a block beside its own. A later table is read
    by the columns and roles of the first: its own order of columns makes no difference, and other
    columns are not used.
    """

    encoder: Encoder
    columns: ItemColumns
    roles: ColumnRoles
    tabular: TabularFeatures
    text_mean: Float[np.ndarray, " d"]
    hashed_mean: Float[np.ndarray, " d"] | None = None
    """The mean of the hashed vectors; None where there is no such block."""
    reading: Reading | None = None
    """What the encoder makes of the texts; None for one that cannot say."""

    @classmethod
    def fit(
        cls,
        encoder: Encoder,
        frame: pl.DataFrame,
        *,
        roles: Mapping[str, Role] | None = None,
        progress: bool = False,
    ) -> Self:
        """Find the roles of the item table's columns, and measure them and the text vectors.

        `roles` are those that the shop names, by column; they are obeyed.
        """
        return cls.planned(encoder, Plan.of(encoder, frame, roles), progress=progress)

    @classmethod
    def of(cls, encoder: Encoder, data: Dataset, *, progress: bool = False) -> Self:
        """The features of a shop's items, by the roles that it says its columns have."""
        return cls.planned(encoder, Plan.of_shop(encoder, data), progress=progress)

    @classmethod
    def planned(cls, encoder: Encoder, plan: Plan, *, progress: bool = False) -> Self:
        """The features that a plan of the encoder's describes."""
        hashed = None
        if plan.texts is None:
            vectors = encoder.encode(plan.table, progress=progress)
        else:
            assert isinstance(encoder, TextReader)
            assert plan.reading is not None
            vectors = encoder.encode_texts(plan.texts, progress=progress)
            if plan.reading.needs_help:
                hashed = _mean_of(HashEncoder(HASHED).encode_texts(plan.texts))
        return cls(
            encoder,
            ItemColumns.of(plan.table),
            plan.roles,
            TabularFeatures.fit(plan.table, plan.roles),
            _mean_of(vectors),
            hashed,
            plan.reading,
        )

    @property
    def blocks(self) -> Mapping[str, int]:
        """Width of each block of a vector, in order: what the text says, what the table says."""
        hashed = {} if self.hashed_mean is None else {"hashed text": len(self.hashed_mean) + 1}
        return {"text": len(self.text_mean) + 1, **hashed, "table": self.tabular.width}

    @property
    def names(self) -> list[tuple[str, ...]]:
        """What each number of a vector is, in their order; numbers of one name say the same in
        every shop, each beside the mean of its own catalogue."""
        texts = {name: width for name, width in self.blocks.items() if name != "table"}
        told = [(name, str(place)) for name, width in texts.items() for place in range(width)]
        return [*told, *self.tabular.names]

    @property
    def fingerprint(self) -> str:
        """Names the encoder and everything that changes its vectors."""
        parts = [
            self.columns.to_list(),
            self.roles.to_list(),
            self.tabular.to_dict(),
            self.text_mean.tolist(),
            None if self.hashed_mean is None else self.hashed_mean.tolist(),
        ]
        fitted = json.dumps(parts)
        return f"{self.encoder.fingerprint}:{hashlib.sha256(fitted.encode()).hexdigest()[:32]}"

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> Float[np.ndarray, "row d"]:
        """One vector a row of the item table, float32."""
        table = self.columns.read(expanded(frame))
        if isinstance(self.encoder, TextReader):
            texts = compose(table, self.encoder.template, self.roles.columns("text"))
            blocks = _centred(self.encoder.encode_texts(texts, progress=progress), self.text_mean)
            if self.hashed_mean is not None:
                blocks += _centred(HashEncoder(HASHED).encode_texts(texts), self.hashed_mean)
        else:
            blocks = _centred(self.encoder.encode(table, progress=progress), self.text_mean)
        blocks.append(self.tabular.transform(table))
        return np.concatenate(blocks, axis=1).astype(np.float32)

    def describe(self) -> Mapping[str, Any]:
        """What is needed to build the encoder again, as JSON values."""
        return {
            "class": "ContentFeatures",
            "encoder": dict(self.encoder.describe()),
            "columns": self.columns.to_list(),
            "roles": self.roles.to_list(),
            "tabular": self.tabular.to_dict(),
            "text_mean": self.text_mean.tolist(),
            "hashed_mean": None if self.hashed_mean is None else self.hashed_mean.tolist(),
            "reading": None if self.reading is None else asdict(self.reading),
        }

    @classmethod
    def from_description(cls, raw: Mapping[str, Any]) -> Self:
        """The features that `describe` wrote."""
        if "roles" not in raw:
            raise DataError(
                "the saved model does not say what it reads each column of the items as, because "
                "an earlier version saved it; fit the model again"
            )
        return cls(
            encoder_from(raw["encoder"]),
            ItemColumns.from_list(raw["columns"]),
            ColumnRoles.from_list(raw["roles"]),
            TabularFeatures.from_dict(raw["tabular"]),
            np.array(raw["text_mean"]),
            None if raw["hashed_mean"] is None else np.array(raw["hashed_mean"]),
            None if raw["reading"] is None else Reading(**raw["reading"]),
        )


def _mean_of(vectors: np.ndarray) -> Float[np.ndarray, " d"]:
    """The mean over the items that have a text."""
    vectors = vectors.astype(np.float64)
    worded = np.abs(vectors).sum(1) > 0
    mean: Float[np.ndarray, " d"] = (
        vectors[worded].mean(0) if worded.any() else np.zeros(vectors.shape[1])
    )
    return mean


def _centred(vectors: np.ndarray, mean: Float[np.ndarray, " d"]) -> list[np.ndarray]:
    """The vectors less their mean, and 1 for an item without text."""
    vectors = vectors.astype(np.float64)
    worded = np.abs(vectors).sum(1, keepdims=True) > 0
    return [np.where(worded, (vectors - mean) * TEXT_SCALE, 0.0), ~worded]


def reads_alike(one: Encoder, other: Encoder) -> bool:
    """Whether both give one text the same vector; templates, which compose texts, may differ."""

    def named(encoder: Encoder) -> str:
        inner = encoder.encoder if isinstance(encoder, ContentFeatures) else encoder
        if isinstance(inner, TextEncoder | HashEncoder):
            inner = replace(inner, template=None)
        return inner.fingerprint

    return named(one) == named(other)


def texts_of(encoder: TextReader, data: Dataset) -> list[str]:
    """The text of each item that `encoder` would read in a shop."""
    return Plan.of_shop(encoder, data).texts or []


def encoder_from(raw: Mapping[str, Any]) -> Encoder:
    """The text encoder that `describe` wrote; the name must be one of `ENCODERS`."""
    settings = dict(raw)
    name = settings.pop("class", None)
    if name not in ENCODERS:
        raise DataError(
            f"the saved model names the encoder {name!r}; this version knows {sorted(ENCODERS)}"
        )
    return ENCODERS[name](**settings)
