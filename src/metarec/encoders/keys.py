"""Columns that name an item and say nothing of it: ids, codes, addresses, running numbers."""

import re

import polars as pl

SURE = 0.95
"""Share of a column's values that must look like keys, and be distinct, to call it one."""
LEAST_CODES = 10
"""Below so many texts, a column of one-word texts with digits may be names."""
LEAST_NUMBERS = 50
"""Below so many numbers, whole numbers may be distinct by chance."""

_ADDRESS = r"^(?:[A-Za-z][A-Za-z0-9+.-]*://|www\.|data:)\S*$"
_FILE = r"(?i)^\S+\.(?:jpe?g|png|gif|webp|svg|bmp|mp[34]|wav|ogg|webm|pdf)$"
_CODE = r"^[^\s]*[0-9][^\s]*$"
_ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
_WORDS_OF_NAMES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_KEY_NAMES = "id ids key uuid guid sku ean gtin upc isbn asin mpn barcode slug hash url uri href"
_KEYS = frozenset(_KEY_NAMES.split())
_JOINED = re.compile(r"(?:imdb|tmdb|item|movie|film|product|article|user|customer|brand)_?id$")


def looks_like_a_key_name(name: str) -> bool:
    """True for a column called `imdbId`, `brand_id`, `sku` or `URL`."""
    words = [word.lower() for word in _WORDS_OF_NAMES.findall(name)]
    return bool(words) and (words[-1] in _KEYS or bool(_JOINED.search(name.lower())))


def key_of_texts(said: pl.Series) -> str | None:
    """Why a column of filled texts is a key; None where it may be content."""
    if _share(said.str.contains(_ADDRESS)) >= SURE:
        return "addresses"
    if _share(said.str.contains(_FILE)) >= SURE:
        return "paths of files"
    distinct = said.n_unique() / len(said) >= SURE and len(said) > 1
    if distinct and looks_like_a_key_name(said.name):
        return "a key, as its name says: nearly every row has its own"
    if distinct and len(said) >= LEAST_CODES and _share(said.str.contains(_CODE)) >= SURE:
        return "a key: one code without a space for nearly every row"
    return None


def key_of_numbers(filled: pl.Series) -> str | None:
    """Why a column of filled numbers is a key; None where it may be content."""
    if not filled.dtype.is_integer() or len(filled) < 2:
        return None
    share = filled.n_unique() / len(filled)
    if share >= SURE and looks_like_a_key_name(filled.name):
        return "a key, as its name says: nearly every row has its own"
    if share == 1 and len(filled) >= LEAST_NUMBERS:
        return "a key: whole numbers, and every row has its own"
    return None


def is_iso_date(said: pl.Series) -> bool:
    """True if every filled text is a date or moment of ISO 8601."""
    return bool(said.str.contains(_ISO_DATE).all())


def _share(found: pl.Series) -> float:
    return float(found.mean() or 0.0)  # type: ignore[arg-type]
