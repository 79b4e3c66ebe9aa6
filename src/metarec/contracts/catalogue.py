"""The items on offer: their ids, their content, and which of them are still offered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from metarec.contracts.availability import WINDOW, checked_moment, in_seconds, open_at, window_of
from metarec.contracts.errors import DataError
from metarec.contracts.hashing import hash_of
from metarec.contracts.offered import offered_mask
from metarec.contracts.printing import counted, listed
from metarec.contracts.records import with_all_fields
from metarec.contracts.vocabulary import Vocabulary, forms_told, vocabulary_of
from metarec.contracts.wording import written

TITLES = ("title", "name", "movie_title", "product_title")
"""Columns that tell what people call an item, the first of them that there is."""


@dataclass(frozen=True, eq=False, repr=False)
class Catalogue:
    """Items as rows: row `i` of `frame` is the content of `ids[i]`, for ever.

    Rows are appended, never renumbered; an item that is no longer sold is retired (a mask), so
    that histories that hold it keep their meaning.
    """

    ids: NDArray[np.object_]
    frame: pl.DataFrame
    offered: Bool[np.ndarray, " item"]

    def __post_init__(self) -> None:
        n_rows = len(self.frame) if self.frame.width else len(self.ids)
        if n_rows != len(self.ids):
            raise DataError(f"a catalogue of {len(self.ids)} ids has {n_rows} rows of content")
        if self.offered.dtype != np.bool_ or self.offered.shape != (len(self.ids),):
            raise DataError(
                f"offered must be {len(self.ids)} booleans, one for each item, got "
                f"{self.offered.dtype} of shape {self.offered.shape}"
            )
        if "offered" in self.frame.columns:
            raise DataError("`offered` is no content but a mask; Catalogue.of reads it as one")

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Catalogue":
        """A catalogue from a table with a column `item_id` and any content columns.

        A column `offered` (booleans, 1 and 0, or words such as yes and no; nothing means yes) is
        no content: it tells which items may be recommended. `available_from` and `available_until`
        tell when; they become seconds since 1970.
        """
        if not isinstance(frame, pl.DataFrame):
            raise DataError(
                f"an item table must be a Polars DataFrame, got {type(frame).__module__}."
                f"{type(frame).__name__}; pl.DataFrame(...) or pl.from_pandas(...) makes one"
            )
        if "item_id" not in frame.columns:
            raise DataError(f"an item table needs a column item_id, got {frame.columns}")
        named = frame.with_columns(pl.col("item_id").cast(pl.String))
        if named["item_id"].null_count() or (named["item_id"] == "").any():
            raise DataError("an item table has a row without an item_id; give each item an id")
        repeated = named.filter(pl.col("item_id").is_duplicated())["item_id"].unique()
        if len(repeated):
            first = ", ".join(sorted(repeated)[:3])
            raise DataError(f"{len(repeated)} item ids occur more than once, such as {first}")
        return cls(
            vocabulary_of(named["item_id"]),
            in_seconds(named).drop("item_id", "offered", strict=False),
            offered_mask(named).to_numpy().copy(),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        retired = int((~self.offered).sum())
        hidden = f", {retired:,} retired" if retired else ""
        content = listed(self.frame.columns) or "none"
        return f"Catalogue({counted(len(self), 'item')}{hidden}; content: {content})"

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The ids as a value."""
        return Vocabulary(self.ids)

    @property
    def row_of(self) -> dict[str, int]:
        """Index of each item id."""
        return self.vocabulary.row_of

    @property
    def title_column(self) -> str | None:
        """The column that tells what people call each item, if one does."""
        return next((name for name in TITLES if self.frame.schema.get(name) == pl.String), None)

    @cached_property
    def titles(self) -> NDArray[np.object_] | None:
        """What people call each item, None where it is not told; None if no column tells it."""
        column = self.title_column
        return None if column is None else self.frame[column].to_numpy().astype(object)

    @cached_property
    def window(self) -> tuple[Float[np.ndarray, " item"], Float[np.ndarray, " item"]] | None:
        """From when and until when each item is on offer; None where nothing is said of it."""
        return window_of(self.frame)

    def on_offer(self, at: float | None) -> Bool[np.ndarray, " item"]:
        """True for the items that are sold, and at the moment `at` inside their window; None: at
        any moment."""
        if at is None or self.window is None:
            return self.offered
        return self.offered & open_at(self.window, checked_moment(at))

    @cached_property
    def hash(self) -> str:
        """Hash of ids, content and mask; equal catalogues have equal hashes."""
        return hash_of(self.table, pl.DataFrame({"offered": self.offered}))

    @property
    def table(self) -> pl.DataFrame:
        """The content with `item_id` as its first column."""
        ids = pl.Series("item_id", self.ids.tolist(), dtype=pl.String)
        return pl.DataFrame([ids]).hstack(self.frame)  # insert_column would change the frame

    def index(self, ids: Iterable[str]) -> Int[np.ndarray, " id"]:
        """Row of each id, -1 for an id that is not in the catalogue."""
        return self.vocabulary.index(ids)

    def append(self, frame: pl.DataFrame) -> "Catalogue":
        """The catalogue with new items at its end; columns that a side lacks become null."""
        added = Catalogue.of(frame)
        kinds = self.frame.schema
        fields = [with_all_fields(c, kinds.get(c.name, c.dtype)) for c in added.frame]
        added = replace(added, frame=added.frame.with_columns(fields))
        known = [item_id for item_id in added.ids if item_id in self.row_of]
        if known:
            raise DataError(
                f"{len(known)} of the added items are already in the catalogue, such as "
                f"{known[0]!r}; add only new ids"
            )
        self._check_kinds(added)
        try:
            table = pl.concat([self.table, added.table], how="diagonal_relaxed")
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"the added items' columns do not fit the catalogue's: {error}"
            ) from error
        return Catalogue(
            np.concatenate([self.ids, added.ids]),
            table.drop("item_id"),
            np.concatenate([self.offered, added.offered]),
        )

    def _check_kinds(self, added: "Catalogue") -> None:
        """Refuse values of another kind, which would turn a whole column into theirs."""
        for name, kind in added.frame.schema.items():
            own = self.frame.schema.get(name, pl.Null)
            if _word_of(kind) != _word_of(own) and pl.Null not in (kind, own):
                raise DataError(
                    f"column {name} of the added items holds {kind}, and the catalogue's {own}; "
                    f"write it as {_word_of(own)}, or leave it empty"
                )

    def retire(self, ids: Sequence[str]) -> "Catalogue":
        """The catalogue without the named items on offer; their rows stay."""
        return self._offering(ids, "retired", value=False)

    def restore(self, ids: Sequence[str]) -> "Catalogue":
        """The catalogue with the named items on offer again."""
        return self._offering(ids, "restored", value=True)

    def patch(self, frame: pl.DataFrame, *, widen: bool = False) -> "Catalogue":
        """The catalogue with other values in the columns that `frame` has, for the items it names.

        A null says that the value is missing now. A column `offered` retires and restores. Columns
        that the catalogue lacks are an error, or with `widen` new ones, null for other items.
        """
        given = Catalogue.of(frame)
        adding = written("add_items", "metarec items add", "POST /v1/items")
        rows = self._known(given.ids, "updated", f"; {adding} adds new ones")
        content = self.frame
        if unknown := [name for name in given.frame.columns if name not in content.columns]:
            strange = [name for name in unknown if name not in WINDOW]
            if strange and not widen:
                raise DataError(
                    f"the items have no column {strange[0]!r}; they have {sorted(content.columns)}"
                )
            lacking = given.frame.select(unknown).clear(len(self))
            content = lacking if not content.width else content.hstack(lacking)
        places = np.arange(len(self))
        places[rows] = len(self) + np.arange(len(rows))
        patched = [
            _joined(content[name], given.frame[name])[places] for name in given.frame.columns
        ]
        offered = self.offered.copy()
        if "offered" in frame.columns:
            offered[rows] = given.offered
        return Catalogue(self.ids, content.with_columns(patched), offered)

    def _offering(self, ids: Sequence[str], done: str, *, value: bool) -> "Catalogue":
        rows = self._known(ids, done)
        offered = self.offered.copy()
        offered[rows] = value
        return replace(self, offered=offered)

    def _known(
        self, ids: Sequence[str] | NDArray[np.object_], done: str, more: str = ""
    ) -> Int[np.ndarray, " id"]:
        """Rows of the ids; raises DataError where one is unknown."""
        rows = self.index(ids)
        if (rows < 0).any():
            missing = ids[int(np.argmax(rows < 0))]
            form = forms_told([missing], self.vocabulary)
            told = f"; {form}" if form else more
            raise DataError(f"item {missing!r} cannot be {done}: it is not in the catalogue{told}")
        return rows


def _joined(old: pl.Series, new: pl.Series) -> pl.Series:
    """Both columns as one, of a type that holds both; numbers stay numbers."""
    new = with_all_fields(new, old.dtype)
    try:
        both = pl.concat([old.to_frame(), new.to_frame()], how="vertical_relaxed").to_series()
    except pl.exceptions.PolarsError:
        both = None
    numbers = old.dtype.is_numeric()
    if both is None or (old.dtype != pl.Null and both.dtype.is_numeric() != numbers):
        raise DataError(
            f"column {old.name} of the items holds {old.dtype}, the update has {new.dtype}"
        )
    return both


def _word_of(kind: pl.DataType | type[pl.DataType]) -> str:
    """What kind of values a column holds; within one kind nothing is lost by widening."""
    if kind == pl.Boolean:
        return "true or false"
    if kind.is_numeric():
        return "numbers"
    if kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum):
        return "text"
    return "lists" if isinstance(kind, pl.List) else str(kind)
