"""The name of all that decides a training run, so that a checkpoint of another one is refused."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.version import __version__

NOT_READ = {"vocabulary", "profiles", "details"}
"""Columns of episodes that training takes from its own data instead, or never reads."""


def fingerprint_of(
    train: Dataset,
    valid: Episodes,
    content: Float[np.ndarray, "item d_content"],
    config: Any,
) -> str:
    """A hash of the data, the content as numbers, the episodes, the settings (a dataclass) and the
    versions."""
    digest = hashlib.sha256()
    for name, part in _parts(train, valid, content, config):
        digest.update(f"{name} {len(part)}\n".encode())  # where a part ends is part of it
        digest.update(part)
    return digest.hexdigest()


def _parts(
    train: Dataset, valid: Episodes, content: np.ndarray, config: Any
) -> Iterator[tuple[str, bytes]]:
    yield "settings", _said([asdict(config), train.hash, __version__, np.__version__])
    yield "content", _bytes(content)
    yield "candidates", _bytes(valid.candidates)
    for side, histories in (("support", valid.support), ("query", valid.query)):
        for field in fields(Histories):
            if field.name not in NOT_READ:
                yield f"{side}.{field.name}", _bytes(getattr(histories, field.name))


def _bytes(column: Any) -> bytes:
    if not isinstance(column, np.ndarray) or column.dtype == object:
        return _said(column if column is None else list(column))
    return _said([str(column.dtype), column.shape]) + column.tobytes()


def _said(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
