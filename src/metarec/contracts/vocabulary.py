"""The ids behind the indices."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray

from metarec.contracts.errors import DataError


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """Ids as rows: index `i` stands for `ids[i]`.

    Two vocabularies of the same ids in the same order are equal, also where one was copied or
    pickled; so the parts of a split can be sent to different machines and meet again.
    """

    ids: NDArray[np.object_]

    @classmethod
    def of(cls, ids: "Iterable[str] | Vocabulary") -> "Vocabulary":
        """The vocabulary of the ids, in the order given."""
        if isinstance(ids, Vocabulary):
            return ids
        return cls(vocabulary_of(ids))

    @cached_property
    def hash(self) -> str:
        """Content hash: the ids and their order; an id's length tells where it ends."""
        digest = hashlib.blake2b(digest_size=16)
        for item_id in self.ids:
            encoded = item_id.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(encoded) + encoded)
        return digest.hexdigest()

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Index of each id."""
        return {item_id: row for row, item_id in enumerate(self.ids)}

    def index(self, ids: Iterable[str]) -> Int[np.ndarray, " id"]:
        """Row of each id, -1 for an unknown one."""
        if isinstance(ids, str):
            raise DataError(f"ids must be a sequence of item ids, got one string {ids!r}")
        if ids is self:
            return np.arange(len(self))
        return np.fromiter((self.row_of.get(i, -1) for i in ids), dtype=np.int64)

    def another_form(self, unknown: object) -> str | None:
        """The id here that tools may have made `unknown` of, or that it may become by them.

        They take ids for numbers (zeros at the start go, `.0` comes), leave spaces, change case;
        and of several shops in one model ids are `shop/id`.
        """
        return self._plain.get(plain_form(unknown)) or self._pooled.get(str(unknown))

    @cached_property
    def _pooled(self) -> dict[str, str]:
        return {known.rpartition("/")[2]: known for known in reversed(self.ids) if "/" in known}

    @cached_property
    def _plain(self) -> dict[str, str]:
        return {plain_form(known): known for known in reversed(self.ids)}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary) or len(self) != len(other):
            return False
        return self.ids is other.ids or self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    @overload
    def __getitem__(self, rows: int | np.integer[Any]) -> str: ...
    @overload
    def __getitem__(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.object_]: ...
    def __getitem__(self, rows: Any) -> Any:
        """The id of one row, or the ids of many."""
        return self.ids[rows]

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self.ids[:3])) + (", ..." if len(self) > 3 else "")
        return f"Vocabulary({len(self):,} ids: {shown})"


def plain_form(one: object) -> str:
    """What is left of an id by which tools tell it from others.

    >>> plain_form(" 00123"), plain_form(123), plain_form("123.0"), plain_form("Ab-1")
    ('123', '123', '123', 'ab-1')
    """
    bare = str(one).strip().casefold()
    return bare.removesuffix(".0").lstrip("0") if bare.removesuffix(".0").isdecimal() else bare


def forms_told(unknown: Iterable[object], known: Vocabulary, where: str = "the catalogue") -> str:
    """That the first of these ids which has another form here has it; empty where none has."""
    for one in dict.fromkeys(unknown):
        if (form := known.another_form(one)) is not None:
            return f"{one!r} is unknown, and {where} has {form!r}"
    return ""


def vocabulary_of(ids: Iterable[str]) -> NDArray[np.object_]:
    """The ids as a one-dimensional array of Python strings (row = index)."""
    listed = list(ids)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array
