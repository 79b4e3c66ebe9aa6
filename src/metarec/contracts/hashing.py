"""Content hashes of tables: the same rows in the same order give the same hash everywhere."""

import hashlib
from collections.abc import Iterator

import polars as pl

from metarec.contracts.errors import DataError

Part = tuple[str, pl.Series]
"""Where a flat column stands inside a nested one, and the column."""


def hash_of(*frames: pl.DataFrame) -> str:
    """SHA-256 over names, types and values of the frames, in their order of rows."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(repr([(name, str(kind)) for name, kind in frame.schema.items()]).encode())
        # hash_rows is seeded and fast, but may change between Polars versions; CSV does not
        flat = [column for column in frame if not column.dtype.is_nested()]
        digest.update(as_text(flat))
        for column in frame:
            if column.dtype.is_nested():
                for place, part in parts_of(column, column.name):
                    digest.update(repr((place, len(part))).encode())
                    digest.update(as_text([part]))
    return digest.hexdigest()


def as_text(columns: list[pl.Series]) -> bytes:
    """Flat columns as CSV, where nothing is told from empty text."""
    plain = pl.DataFrame([printable(column) for column in columns])
    return plain.write_csv(separator="\x1e", include_header=False).encode()


def printable(column: pl.Series) -> pl.Series:
    """The column in a type that CSV can hold."""
    if column.dtype == pl.Binary:
        return column.bin.encode("hex")
    if column.dtype == pl.Duration:
        return column.to_physical()
    if column.dtype == pl.Object:
        raise DataError(
            f"column {column.name} holds Python objects, which cannot be hashed or saved; "
            "write them as text, numbers, lists or structs"
        )
    return column


def parts_of(column: pl.Series, place: str) -> Iterator[Part]:
    """The flat columns that a nested one is made of: who is there, how long, what is inside."""
    kind = column.dtype
    if isinstance(kind, pl.Array):
        column = column.arr.to_list()
    if isinstance(kind, pl.List | pl.Array):
        lengths = column.list.len()
        yield f"{place} length", lengths  # nothing for no list, 0 for an empty one
        yield from parts_of(column.filter((lengths > 0).fill_null(False)).explode(), f"{place}[]")
    elif isinstance(kind, pl.Struct):
        yield f"{place} there", column.is_not_null()
        for field in kind.fields:
            yield from parts_of(column.struct.field(field.name), f"{place}.{field.name}")
    else:
        yield place, column
