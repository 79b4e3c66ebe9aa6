"""What every recommender must keep, as a test class that a new one joins with one line.

class TestMine(RecommenderContract):
    def make(self):
        return Mine()
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from jaxtyping import Float

from metarec.contracts import (
    DataError,
    Event,
    Feedback,
    Histories,
    NotFittedError,
    Recommendations,
    Recommender,
    UnknownItemWarning,
)
from metarec.recommenders.popularity import Popularity
from metarec.recommenders.random import Random
from metarec.testing.kinds_contract import KindsContract
from metarec.testing.list_contract import ListContract
from metarec.testing.planted_shop import RETIRED, PlantedShop, planted_shop

TOLERANCE = 1e-5
"""Sums in another order may differ by this much, relative to the largest score."""


class RecommenderContract(ListContract, KindsContract):
    """Subclass it as `Test...` and give `make`; it relies on the protocol `Recommender` only."""

    feedback: Feedback = "implicit"
    """Kind of the planted shop that the model is fitted on."""
    learns_taste: bool = True
    """False for a model that gives people of all tastes the same order."""
    uses_chance: bool = False
    """True for a model that another seed fits otherwise."""
    sizes_of_parts: tuple[str, ...] = (
        "metarec.recommenders.base.CELLS_AT_ONCE",
        "metarec.recommenders.folding_in.CELLS_AT_ONCE",
        "metarec.meta.answering.CELLS_AT_ONCE",
    )
    """The constants that bound how much of a batch is held at once."""

    def make(self) -> Recommender:
        """An unfitted model, small enough to fit in a second."""
        raise NotImplementedError("a contract test gives make()")

    def load(self, path: Path) -> Recommender:
        """The model saved at `path`."""
        maker: Any = type(self.make())
        loaded: Recommender = maker.load(path)
        return loaded

    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls) -> PlantedShop:
        """The planted shop."""
        return planted_shop(cls.feedback)

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, shop: PlantedShop) -> Recommender:
        """The model fitted on it."""
        return cls().make().fit(shop.data, rng=0)

    @pytest.fixture(scope="class")
    @classmethod
    def people(cls, shop: PlantedShop) -> Histories:
        """Ten people of the training data, with histories of unequal length."""
        return shop.data.histories.take(np.arange(10)).keep(_staircase(shop.data.histories, 10))

    def test_it_is_a_recommender(self, model: Recommender) -> None:
        """The fitted model has everything that the protocol names."""
        assert isinstance(model, Recommender)

    def test_what_print_shows_of_it_is_one_short_line(
        self, model: Recommender, shop: PlantedShop
    ) -> None:
        """Its class, and of a fitted one how many items it knows."""
        for shown in (repr(self.make()), repr(model)):
            assert shown.startswith(f"{type(model).__name__}(")
            assert len(shown) < 200
            assert "\n" not in shown
        assert f"{len(shop.data.catalogue)} items" in repr(model)

    def test_before_fit_it_says_so(self, tmp_path: Path) -> None:
        """An unfitted model is a recommender already, and names the missing step."""
        unfitted = self.make()
        assert isinstance(unfitted, Recommender)
        asked: list[Callable[[], Any]] = [
            lambda: unfitted.catalogue,
            lambda: unfitted.recommend([[]], 1),
            lambda: unfitted.score([[]], ["item-1"]),
            lambda: unfitted.rank([[]], ["item-1"]),
            lambda: unfitted.predict(Histories.of([[]]), Histories.of([[]])),
            lambda: unfitted.save(tmp_path / "model"),
        ]
        for ask in asked:
            with pytest.raises(NotFittedError, match="fit"):
                ask()
        assert not list(tmp_path.iterdir())
        with suppress(NotFittedError):  # some know it before
            assert unfitted.predicts_ratings in (True, False)

    def test_fit_leaves_self_as_it_was(self, shop: PlantedShop, people: Histories) -> None:
        """`fit` gives a copy: the unfitted stays unfitted, the fitted keeps its answers."""
        unfitted = self.make()
        fitted = unfitted.fit(shop.data, rng=0)
        with pytest.raises(NotFittedError):
            unfitted.recommend(people, 1)
        before = fitted.recommend(people, 5)
        fitted.fit(planted_shop(self.feedback, n_users=30, rng=9).data, rng=3)
        _assert_same(before, fitted.recommend(people, 5))

    def test_fit_twice_is_fit_once(
        self, model: Recommender, shop: PlantedShop, people: Histories
    ) -> None:
        """A second fit starts from nothing, and equal seeds give equal bits."""
        again = model.fit(planted_shop(self.feedback, n_users=30, rng=9).data, rng=3)
        again = again.fit(shop.data, rng=0)
        _assert_same(model.recommend(people, 5), again.recommend(people, 5))

    def test_the_seed_decides_what_chance_does_and_nothing_else(
        self, model: Recommender, shop: PlantedShop, people: Histories
    ) -> None:
        """Equal seeds fit alike; another seed fits otherwise only where the model uses chance."""
        again, other = (_table(self.make().fit(shop.data, rng=rng), people) for rng in (0, 1))
        np.testing.assert_array_equal(again, _table(model, people))
        assert np.array_equal(other, again, equal_nan=True) != self.uses_chance

    def test_how_to_run_is_said_alike_and_changes_no_number(
        self, model: Recommender, shop: PlantedShop, people: Histories, tmp_path: Path
    ) -> None:
        """Every fit takes the words of `Running`, and refuses what it cannot do."""
        again = self.make().fit(
            shop.data, rng=0, folder=tmp_path / "run", progress=False, device="cpu", time_s=600.0
        )
        _assert_same(model.recommend(people, 5), again.recommend(people, 5))
        wrong: dict[str, Any] = {"rng": -1, "device": "abacus", "threads": 0, "time_s": 0.0}
        for name, value in wrong.items():
            with pytest.raises(DataError, match=f"{name} must be"):
                self.make().fit(shop.data, **{name: value})

    def test_save_and_load_change_nothing(
        self, model: Recommender, people: Histories, tmp_path: Path
    ) -> None:
        """The loaded model gives the same bits, and so does one saved over another."""
        for _ in range(2):
            model.save(tmp_path / "model")
        loaded = self.load(tmp_path / "model")
        _assert_same(model.recommend(people, 5), loaded.recommend(people, 5))
        np.testing.assert_array_equal(_table(model, people), _table(loaded, people))
        assert [file.name for file in tmp_path.iterdir()] == ["model"]

    def test_save_spares_a_folder_that_is_no_model(
        self, model: Recommender, tmp_path: Path
    ) -> None:
        """Somebody's own files are never overwritten."""
        (tmp_path / "thesis.txt").write_text("ten years of work")
        with pytest.raises(DataError):
            model.save(tmp_path)
        assert (tmp_path / "thesis.txt").read_text() == "ten years of work"

    def test_a_batch_equals_one_by_one(self, model: Recommender, people: Histories) -> None:
        """What a person gets does not depend on who stands beside them."""
        together = _table(model, people)
        alone = [_table(model, people.take(slice(i, i + 1))) for i in range(len(people))]
        _assert_close(together, np.concatenate(alone))

    @pytest.mark.parametrize("people_at_once", [0, 1, 3, 4, 9])
    def test_a_batch_in_parts_equals_the_batch_as_a_whole(
        self,
        model: Recommender,
        people: Histories,
        people_at_once: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Nor does it depend on where a large batch is cut."""
        whole = _answers(model, people)
        for constant in self.sizes_of_parts:
            monkeypatch.setattr(constant, max(1, people_at_once * len(model.catalogue)))
        for there, here in zip(whole, _answers(model, people), strict=True):
            _assert_close(there, here)

    def test_the_order_of_people_does_not_matter(
        self, model: Recommender, people: Histories
    ) -> None:
        """Reversed people get reversed answers."""
        backwards = np.arange(len(people))[::-1]
        _assert_close(_table(model, people)[backwards], _table(model, people.take(backwards)))
        there = model.recommend(people, 5).scores
        _assert_close(there[backwards], model.recommend(people.take(backwards), 5).scores)

    def test_an_unknown_id_is_nan_in_place(self, model: Recommender, people: Histories) -> None:
        """The columns of `score` stay where they were asked for."""
        known = [str(i) for i in model.catalogue.ids[:2]]
        scores = model.score(people, [known[0], "no such item", known[1]])
        assert scores.shape == (len(people), 3)
        assert np.isnan(scores[:, 1]).all()
        _assert_close(scores[:, [0, 2]], model.score(people, known))

    def test_predict_is_score_for_each_own_query(
        self, model: Recommender, people: Histories
    ) -> None:
        """One value a query event, in its order, NaN where the item is unknown; of a model that
        orders by more than ratings it is the rating that its lists tell."""
        ids = [str(i) for i in model.catalogue.ids]
        asked = [[ids[(3 * h + j) % len(ids)] for j in range(h % 3)] for h in range(len(people))]
        asked[0] = ["no such item", ids[4]]
        predictions = model.predict(people, Histories.of(asked))
        scores = _table(model, people)
        ranked, found = model.rank(people, ids), predictions.scores
        if ranked.ratings is not None:
            np.put_along_axis(scores, ranked.items, ranked.ratings, axis=1)
            found = np.clip(found, np.nanmin(scores), np.nanmax(scores))  # as lists tell them
        table = dict(zip(ids, scores.T, strict=True))
        expected = [
            table[i][h] if i in table else np.nan for h, row in enumerate(asked) for i in row
        ]
        _assert_close(found, np.array(expected))
        assert predictions.stds.shape == predictions.predictive_stds.shape == (len(expected),)

    def test_unknown_events_warn_and_are_left_out(self, model: Recommender) -> None:
        """A history may hold items that the catalogue does not."""
        known = (str(model.catalogue.ids[3]), 1.0)
        with pytest.warns(UnknownItemWarning, match="no such item"):
            answer = model.recommend([[known, ("no such item", 1.0)]], 5)
        _assert_same(answer, model.recommend([[known]], 5))

    def test_events_are_the_same_in_every_spelling(self, model: Recommender) -> None:
        """A tuple, a list and an Event say the same; a bare id too, unless a rating is needed."""
        known = str(model.catalogue.ids[3])
        first = model.recommend([[(known, 1.0)]], 5)
        for spelling in ([known, 1.0], Event(known, 1.0)):
            _assert_same(first, model.recommend([[spelling]], 5))
        for bare in (known, (known,), Event(known)):
            if model.predicts_ratings:
                with pytest.raises(DataError, match=f"{known}.* needs one"):
                    model.recommend([[bare]], 5)
            else:
                _assert_same(first, model.recommend([[bare]], 5))

    @pytest.mark.parametrize("more", [0, 3, 10**30])
    def test_a_list_has_no_more_places_than_there_are_items(
        self, model: Recommender, people: Histories, more: int
    ) -> None:
        """Behind the last item that can be shown stand -1, None and NaN."""
        n_items = len(model.catalogue)
        answer = model.recommend(people, n_items + more)
        assert answer.items.shape == (len(people), n_items)
        filled = answer.items >= 0
        assert (np.diff(filled.astype(int), axis=1) <= 0).all(), "an empty place before a full one"
        assert not filled[:, -1].any(), "a seen or retired item"
        assert np.array_equal(np.isnan(answer.scores), ~filled)
        assert np.array_equal(answer.ids == None, ~filled)  # noqa: E711

    def test_lists_are_sorted_without_repeats(self, model: Recommender, people: Histories) -> None:
        """Best first, each item once, each with the score that `score` gives it."""
        answer = model.recommend(people, len(model.catalogue))
        table = _table(model, people)
        for row, items in enumerate(answer.items):
            found = items[items >= 0]
            assert len(np.unique(found)) == len(found)
            assert (np.diff(answer.scores[row][items >= 0]) <= 0).all()
            _assert_close(answer.scores[row][items >= 0], table[row, found])

    def test_a_longer_list_begins_with_the_shorter(
        self, model: Recommender, people: Histories
    ) -> None:
        """k only says where to stop."""
        assert np.array_equal(
            model.recommend(people, 3).items, model.recommend(people, 7).items[:, :3]
        )

    def test_seen_items_are_left_out_unless_wanted(
        self, model: Recommender, people: Histories
    ) -> None:
        """With `exclude_seen` nobody is shown what their history holds."""
        n_items = len(model.catalogue)
        answer = model.recommend(people, n_items)
        shown = np.zeros((len(people), n_items + 1), dtype=bool)  # the last column takes the -1
        shown[np.arange(len(people))[:, None], answer.items] = True
        assert not shown[people.rows, people.items].any()
        everything = model.recommend(people, n_items, exclude_seen=False)
        assert (everything.items >= 0).sum() > (answer.items >= 0).sum()

    def test_only_candidates_are_recommended(self, model: Recommender, people: Histories) -> None:
        """Unknown candidates warn and are left out; without any candidate all places are empty."""
        ids = [str(i) for i in model.catalogue.ids[2:7]]
        with pytest.warns(UnknownItemWarning, match="no such item"):
            answer = model.recommend(people, 9, candidates=[*ids, "no such item"])
        assert set(answer.ids[answer.items >= 0]) <= set(ids)
        assert (answer.items >= 0).any()
        assert (model.recommend(people, 3, candidates=[]).items == -1).all()

    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            ({"candidates": {"item-1": 1}}, "candidates must be a sequence of item ids.*got dict"),
            ({"candidates": [["item-1"]]}, "candidates must hold item ids.*at place 0"),
            ({"candidates": [3]}, "candidates must hold item ids.*got 3"),
            ({"candidates": "item-1"}, "candidates must be a sequence of item ids.*one string"),
            ({"exclude_seen": "buy"}, "exclude_seen must be True or False, or a list.*got 'buy'"),
            ({"exclude_seen": 1}, "exclude_seen must be True or False, or a list.*got 1"),
            ({"exclude_seen": ["gift"]}, "names the kind 'gift'; the events have no kinds"),
            ({"exclude": "item-1"}, "exclude must be a sequence of item ids.*one string"),
            ({"exclude": [["item-1"]]}, "one for each of 10 people, got 1 lists"),
            ({"where": "cost < 3"}, "where names the column 'cost'; the items have .*'price'"),
            ({"where": pl.col("cost") < 3}, "where names the column 'cost'; the items have"),
            ({"where": "price <"}, "where cannot be read: 'price <'"),
            ({"where": pl.col("price") + 1}, "where must say true or false of each item"),
            ({"boost": "cost"}, "boost must name a column of the items, got 'cost'; they have"),
            ({"boost": "title"}, "boost must name a column of numbers, title holds String"),
            ({"at_most": {"cost": 1}}, "at_most must name a column of the items, got 'cost'"),
            ({"at_most": {"shelf": 0}}, "at_most of shelf must be at least 1, got 0"),
            ({"at_most": 2}, "at_most must map columns to numbers"),
            ({"diversity": 1.0}, r"diversity must be a number from 0 to below 1, got 1\.0"),
            ({"diversity": True}, "diversity must be a number from 0 to below 1, got True"),
            ({"k": 0}, "k must be at least 1, got 0"),
            ({"k": 2.5}, r"k must be a whole number of at least 1, got 2\.5"),
            ({"k": True}, "k must be a whole number of at least 1, got True"),
        ],
    )
    def test_a_question_that_makes_no_sense_is_refused_in_one_line(
        self, model: Recommender, people: Histories, asked: dict[str, Any], told: str
    ) -> None:
        """The error comes before any work and says what was expected and what came."""
        with pytest.raises(DataError, match=told) as refused:
            model.recommend(people, **asked)
        assert "\n" not in str(refused.value)

    def test_candidates_may_be_any_sequence_of_ids(
        self, model: Recommender, people: Histories
    ) -> None:
        """A list, a tuple, an array and a Polars column say the same."""
        ids = [str(i) for i in model.catalogue.ids[2:7]]
        listed = model.recommend(people, 3, candidates=ids)
        kinds: list[Any] = [tuple(ids), np.array(ids), model.catalogue.ids[2:7], pl.Series(ids)]
        for candidates in kinds:
            _assert_same(listed, model.recommend(people, 3, candidates=candidates))

    def test_what_cannot_be_shown_is_never_recommended(
        self, model: Recommender, people: Histories
    ) -> None:
        """Neither a retired item nor one whose score is NaN."""
        answer = model.recommend(people, len(model.catalogue), exclude_seen=False)
        assert RETIRED not in answer.items
        rows, _ = np.nonzero(answer.items >= 0)
        assert np.isfinite(_table(model, people)[rows, answer.items[answer.items >= 0]]).all()

    def test_nobody_and_no_events_are_answered(self, model: Recommender) -> None:
        """An empty batch has no rows, an empty history has one."""
        assert model.recommend([], 4).items.shape == (0, 4)
        assert model.score([], ["item-1"]).shape == (0, 1)
        answer = model.recommend([[]], 4)
        assert answer.items.shape == (1, 4)
        if model.serves_new_users:
            assert (answer.items >= 0).all()

    def test_stds_are_nan_exactly_without_uncertainty(
        self, model: Recommender, people: Histories
    ) -> None:
        """A model that does not know its uncertainty does not pretend."""
        answer = model.recommend(people, 3)
        if model.has_uncertainty:
            assert (answer.stds[answer.items >= 0] > 0).all()  # NaN is not
        else:
            assert np.isnan(answer.stds).all()

    def test_a_stranger_is_served_by_events_alone(
        self, model: Recommender, people: Histories
    ) -> None:
        """Equal events, equal answers, known or not; or the model says that it cannot."""
        nameless = Histories.of([people.events(h) for h in range(len(people))])
        scores = _table(model, nameless)
        if model.serves_new_users:
            _assert_close(scores, _table(model, people))
        else:
            assert np.isnan(scores).all()

    def test_it_learns_taste(self, model: Recommender, shop: PlantedShop) -> None:
        """The share of the loved topic in five recommendations beats popularity's and chance's."""
        if not self.learns_taste:
            pytest.skip("the model gives all tastes the same order, by its nature")
        mine = _share_of_loved_topic(model, shop)
        rows = [row.fit(shop.data, rng=0) for row in (Popularity(), Random())]
        assert mine > max(_share_of_loved_topic(row, shop) for row in rows) + 0.2


def _staircase(histories: Histories, people: int) -> Any:
    """Which events to keep so that the person in place h has h % 4 * 2 + 1 events."""
    chosen = histories.take(np.arange(people))
    return chosen.places < chosen.rows % 4 * 2 + 1


def _table(model: Recommender, histories: Histories) -> Float[np.ndarray, "history item"]:
    return model.score(histories, [str(i) for i in model.catalogue.ids])


def _answers(model: Recommender, people: Histories) -> list[Float[np.ndarray, "..."]]:
    """What each way of asking says: tables, scores of lists, and of each person's own queries."""
    ids = [str(i) for i in model.catalogue.ids]
    asked = [ids[h : h + h % 4] for h in range(len(people))]  # 0 to 3 queries a person
    predicted = model.predict(people, Histories.of(asked))
    lists = [
        model.recommend(people, 7),
        model.recommend(people, 7, exclude_seen=False, candidates=ids[5:20]),
        model.recommend(people, 7, exclude=asked, diversity=0.3, at_most={"shelf": 3}),
        model.rank(people, ids[3:9]),
    ]
    return [
        _table(model, people),
        *(predicted.scores, predicted.stds, predicted.predictive_stds),
        *(column for answer in lists for column in (answer.scores, answer.stds)),
    ]


def _assert_close(left: Any, right: Any) -> None:
    finite = np.abs(np.asarray(left))[np.isfinite(left)]
    scale = float(finite.max()) if len(finite) else 1.0
    np.testing.assert_allclose(left, right, rtol=TOLERANCE, atol=TOLERANCE * scale)


def _assert_same(left: Recommendations, right: Recommendations) -> None:
    np.testing.assert_array_equal(left.ids, right.ids)
    np.testing.assert_array_equal(left.scores, right.scores)


def _share_of_loved_topic(model: Recommender, shop: PlantedShop) -> float:
    if model.serves_new_users:
        people, loved = shop.strangers(), np.arange(3)
    else:
        people, loved = shop.data.histories, shop.topic_of_user
    answer = model.recommend(people, 5)
    hits = (shop.topic_of_item[answer.items] == loved[:, None]) & (answer.items >= 0)
    return float(hits.mean())
