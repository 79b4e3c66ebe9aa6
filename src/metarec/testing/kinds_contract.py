"""What every model keeps of events that speak against their item: a return, a dislike."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Histories, Recommender, UnknownKindWarning
from metarec.testing.planted_shop import PlantedShop

SOLD, RETURNED = "buy", "return"


class KindsContract:
    """Part of `RecommenderContract`, which gives the model, its shop and the people."""

    make: Any
    hears_refusals: bool = False
    """True for a model that holds what people refuse against what is like it."""

    @pytest.fixture(scope="class")
    @classmethod
    def mixed(cls, people: Histories) -> Histories:
        """Four of the people, every fourth of whose events is a return."""
        people = people.take(slice(0, 4))
        kinds = np.where(people.places % 4 == 1, 1, 0)
        return replace(people, kinds=kinds, kind_names=(SOLD, RETURNED))

    def test_what_speaks_against_an_item_hides_it_and_lifts_nothing_like_it(
        self, shop: PlantedShop, mixed: Histories
    ) -> None:
        """As if the events had not been, but that their items are never shown to the person, and
        where they are heard, that these may fall."""
        n_events = len(shop.data.interactions)
        returned = np.arange(n_events) % 5 == 3
        kinds = pl.Series("event", np.where(returned, RETURNED, SOLD).tolist())
        kinded = replace(shop.data, interactions=shop.data.interactions.with_columns(kinds))
        declared = replace(kinded, negative_kinds=(RETURNED,))
        model: Recommender = self.make().fit(declared, rng=0)
        strange = replace(mixed, kind_names=(SOLD, RETURNED.title()))
        with pytest.warns(UnknownKindWarning, match="no event of the kinds 'Return', which count"):
            model.recommend(strange, 3)
        support = mixed.keep(mixed.kinds == 0)
        refused = [
            [
                str(i)
                for i in mixed.vocabulary[mixed.items[(mixed.rows == row) & (mixed.kinds == 1)]]
            ]
            for row in range(len(mixed))
        ]
        if self.hears_refusals:
            _assert_refusals_are_heard(model, mixed, support, refused)
            return
        without: Recommender = self.make().fit(kinded.where(~returned), rng=0)
        for seen in (True, False):
            shown = model.recommend(mixed, 36, exclude_seen=seen)
            expected = without.recommend(support, 36, exclude_seen=seen, exclude=refused)
            np.testing.assert_array_equal(shown.items, expected.items)
            np.testing.assert_allclose(shown.scores, expected.scores, rtol=1e-6)
        ids = [str(i) for i in model.catalogue.ids]
        np.testing.assert_allclose(
            model.score(mixed, ids), without.score(support, ids), rtol=1e-6, equal_nan=True
        )
        ranked, plain = model.rank(mixed, ids), without.rank(support, ids)
        np.testing.assert_array_equal(ranked.items, plain.items)


def _assert_refusals_are_heard(
    model: Recommender, mixed: Histories, support: Histories, refused: list[list[str]]
) -> None:
    for seen in (True, False):
        shown = model.recommend(mixed, 36, exclude_seen=seen)
        for own, ids in zip(refused, shown.ids, strict=True):
            assert not set(own) & set(ids.tolist())
    ids = [str(i) for i in model.catalogue.ids]
    moved = model.score(mixed, ids) - model.score(support, ids)
    for own, by in zip(refused, moved, strict=True):
        assert (by[[ids.index(item) for item in own]] <= 1e-9).all()  # what teaches nothing is 0
