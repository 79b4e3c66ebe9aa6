"""Users under other names: a keyed hash in place of every user id."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import polars as pl

from metarec.contracts import DataError, vocabulary_of
from metarec.contracts.dataset import Dataset
from metarec.data.load import load
from metarec.data.save import save

SHORTEST_KEY = 16


def pseudonymise(data: Dataset, key: str | bytes) -> Dataset:
    """The dataset with every user id, also those in `edges`, replaced by a keyed BLAKE2b hash.

    Who holds the key can find the pseudonym of an id, and nobody else can guess it: keep the key
    apart from the data. Profiles and the events themselves stay as they are, and may name a person
    just as well. The notes on how the source was read go, since they show ids.
    """
    secret = key.encode() if isinstance(key, str) else key
    if not SHORTEST_KEY <= len(secret) <= hashlib.blake2b.MAX_KEY_SIZE:
        raise DataError(
            f"the key must have {SHORTEST_KEY} to {hashlib.blake2b.MAX_KEY_SIZE} bytes, "
            f"got {len(secret)}; `openssl rand -hex 16` makes one"
        )
    renamed = replace(data, user_ids=vocabulary_of(pseudonyms(data.user_ids, secret)), notes=())
    if data.edges is None:
        return renamed
    ids = pl.concat([data.edges["user_id"], data.edges["other_id"]]).unique()
    names = pl.Series(pseudonyms(ids, secret), dtype=pl.String)
    columns = [pl.col(c).replace_strict(ids, names) for c in ("user_id", "other_id")]
    return replace(renamed, edges=data.edges.with_columns(columns))


def pseudonymise_folder(source: str | Path, target: str | Path, key: str | bytes) -> Dataset:
    """The dataset at `source` with pseudonyms, written to the folder `target`."""
    data = pseudonymise(load(source), key)
    save(data, target)
    return data


def pseudonyms(ids: Iterable[str], key: bytes) -> list[str]:
    """The keyed hash of each id, as 32 hexadecimal digits."""
    return [hashlib.blake2b(i.encode(), key=key, digest_size=16).hexdigest() for i in ids]
