"""Content hashes of tables: the same rows in the same order give the same hash everywhere."""

import hashlib

import polars as pl


def hash_of(*frames: pl.DataFrame) -> str:
    """SHA-256 over names, types and values of the frames, in their order of rows."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(repr([(name, str(kind)) for name, kind in frame.schema.items()]).encode())
        # hash_rows is seeded and fast, but may change between Polars versions; CSV and JSON do not
        nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
        flat = frame.with_columns(
            pl.col(name).list.eval(pl.element().cast(pl.String)).list.join("\x1f")
            for name in nested
        )
        digest.update(flat.write_csv(separator="\x1e", include_header=False).encode())
    return digest.hexdigest()
