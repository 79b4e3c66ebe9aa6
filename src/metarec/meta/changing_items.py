"""Items that come, go and change between two fits."""

import copy
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from numpy.typing import NDArray

from metarec.contracts import Catalogue, ItemChanges
from metarec.data.items import Items, items_of
from metarec.encoders import ContentFeatures
from metarec.meta.features.terms import ItemTerms
from metarec.meta.fitted import FittedModel


class ChangingItems(FittedModel):
    """The part of a fitted model that follows its catalogue; every change gives a new model."""

    _content: ContentFeatures
    _weights: Mapping[str, Mapping[str, NDArray[np.float32]]] = MappingProxyType({})
    """The trained numbers of each head's items, by which more items can be added."""

    def add_items(self, frame: Any, *, progress: bool = False) -> Self:
        """The model with more items, from their content alone; `frame` has a column item_id.

        `frame`, here as below, is a Polars, pandas or Arrow table, checked as `from_frames` does.
        """
        frame = self._items_of(frame, progress=progress, new=True)
        catalogue = self.catalogue.append(frame)
        added = Catalogue.of(frame).frame
        content = self._content.encode(added, progress=progress)
        wider = copy.copy(self)
        vars(wider).pop("_whitened", None)  # a copy carries cached values along
        wider._catalogue = catalogue
        alone = np.full(len(added), -1)
        wider.hearts = {
            name: heart.with_items(
                self._terms_of(name, content, alone),
                content,
                len(self.catalogue),
            )
            for name, heart in self.hearts.items()
        }
        return wider

    def retire_items(self, ids: Sequence[str]) -> Self:
        """The model without the named items on offer; events on them keep their meaning."""
        return self._offering(self.catalogue.retire(ids))

    def restore_items(self, ids: Sequence[str]) -> Self:
        """The model with retired items on offer again."""
        return self._offering(self.catalogue.restore(ids))

    def update_items(self, frame: Any, *, progress: bool = False, widen: bool = False) -> Self:
        """The model with other content of known items, in the columns that `frame` has.

        A null says that the value is missing now. Features follow the content at once; what was
        learned of an item beyond its content stays. With `widen` columns that the items lack are
        new ones, null for others; filters know them, features do not.
        """
        given = self._items_of(frame, progress=progress)
        return self._patched(given, progress=progress, widen=widen)

    def item_changes(self, frame: Any) -> ItemChanges:
        """What `sync_items` would do, to be printed first; `frame` is all that is on offer."""
        items = items_of(frame, self.catalogue)
        return ItemChanges.between(self.catalogue, items.frame, items.notes)

    def sync_items(self, frame: Any, *, progress: bool = False) -> Self:
        """The model that offers what a snapshot holds, and nothing else.

        New items are added, known ones updated in the columns that the snapshot has, and all that
        it lacks are retired; see `item_changes`.
        """
        changes, model = self.item_changes(frame), self
        if len(changes.updated):
            model = model._patched(changes.updated, progress=progress, widen=True)
        if len(changes.added):
            model = model.add_items(Items(changes.added), progress=progress)
        catalogue = model.catalogue.retire(changes.retired).restore(changes.restored)
        return model._offering(catalogue)

    def _items_of(self, frame: Any, *, progress: bool, new: bool = False) -> pl.DataFrame:
        items = items_of(frame, self.catalogue, new=new)
        for note in items.notes if progress else ():
            print(note, file=sys.stderr)
        return items.frame

    def _patched(self, frame: pl.DataFrame, *, progress: bool, widen: bool = False) -> Self:
        catalogue = self.catalogue.patch(frame, widen=widen)
        rows = catalogue.index(Catalogue.of(frame).ids)
        read = catalogue.frame.select(self.catalogue.frame.columns)[rows]
        content = self._content.encode(read, progress=progress)
        patched = self._offering(catalogue)
        vars(patched).pop("_whitened", None)  # a copy carries cached values along
        hearts = {}
        for name, heart in self.hearts.items():
            # nothing of what was untouched in the fit, or came later
            told = self._weights[name]["told"]
            known = (rows < len(told)) & (told[np.minimum(rows, len(told) - 1)] > 0)
            terms = self._terms_of(name, content, np.where(known, rows, -1))
            hearts[name] = heart.with_changed(rows, terms, content)
        patched.hearts = hearts
        return patched

    def _terms_of(
        self,
        head: str,
        content: Float[np.ndarray, "item d_content"],
        learned: Int[np.ndarray, " item"],
    ) -> ItemTerms:
        from metarec.meta.features.freezing import item_terms  # PyTorch: serving never needs it

        weights, blocks = self._weights[head], self._content.blocks
        return item_terms(weights, blocks, self.config_of(head), content, learned)

    def _offering(self, catalogue: Catalogue) -> Self:
        other = copy.copy(self)
        other._catalogue = catalogue
        return other
