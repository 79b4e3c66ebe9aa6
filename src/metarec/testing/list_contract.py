"""What lists must keep, whatever the model: filters, order and reasons, held to brute force."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from jaxtyping import Bool, Float

from metarec.contracts import (
    Histories,
    MissingValueWarning,
    Recommendations,
    Recommender,
    UnknownItemWarning,
    UnsupportedError,
)

TOLERANCE = 1e-6
"""Sums in another order may differ by this much, relative to the largest score."""
IDS = [f"item-{row}" for row in range(36)]
"""The items of the planted shop."""
CHEAP = pl.col("price") < 6
FILTERS: dict[str, dict[str, Any]] = {
    "where": {"where": CHEAP},
    "where as text": {"where": "price < 6 and shelf in ['shelf 0', 'shelf 1']"},
    "exclude": {"exclude": IDS[:20:3]},
    "kinds": {"exclude_seen": ["buy"]},
    "boost": {"boost": "margin"},
    "diversity": {"diversity": 0.6},
    "at most": {"at_most": {"shelf": 2}},
    "at most of two": {"at_most": {"shelf": 2, "margin": 1}, "exclude_seen": False},
    "everything": {
        "candidates": IDS[2:],
        "where": CHEAP,
        "exclude": IDS[4:9],
        "exclude_seen": ["view"],
        "boost": "margin",
        "diversity": 0.3,
        "at_most": {"shelf": 2},
    },
}


class ListContract:
    """Part of `RecommenderContract`, which gives the model and the people."""

    has_item_to_item: bool = False
    """True for a model that answers `similar`; others say that they cannot."""

    @pytest.fixture(scope="class")
    @classmethod
    def shoppers(cls, people: Histories) -> Histories:
        """Four of the people, every third of whose events is a purchase, the others views."""
        people = people.take(slice(0, 4))
        kinds = np.where(people.places % 3 == 0, 1, 0)
        kinds[::7] = -1
        return replace(people, kinds=kinds, kind_names=("view", "buy"))

    @pytest.mark.filterwarnings("ignore::metarec.contracts.MissingValueWarning")
    @pytest.mark.parametrize("name", FILTERS)
    @pytest.mark.parametrize("k", [6, 36])
    def test_every_place_holds_the_best_of_what_may_stand_there(
        self, model: Recommender, shoppers: Histories, name: str, k: int
    ) -> None:
        """Each place is checked against all items, given the places before it."""
        asked = FILTERS[name]
        answer = model.recommend(shoppers, k, **asked)
        allowed = _allowed(model, shoppers, asked)
        table = _unclamped(model, shoppers)
        for row in range(len(shoppers)):
            _check_list(model, answer.items[row], table[row], allowed[row], asked)

    def test_words_that_ask_for_nothing_change_no_bit(
        self, model: Recommender, people: Histories
    ) -> None:
        """A diversity of 0, no cap and no exclusion are what a plain call means."""
        plain = model.recommend(people, 7)
        asked = model.recommend(people, 7, diversity=0.0, at_most={}, exclude=[], where=None)
        for column in ("items", "scores", "stds"):
            np.testing.assert_array_equal(getattr(plain, column), getattr(asked, column))

    def test_diversity_makes_lists_diverse(self, model: Recommender, people: Histories) -> None:
        """The mean cosine inside lists falls."""
        vectors = model.item_vectors()

        def likeness(diversity: float) -> float:
            found = model.recommend(people, 6, diversity=diversity).items
            lists = [vectors[items[items >= 0]] for items in found]
            return float(np.mean([(part @ part.T).mean() for part in lists if len(part)] or [0.0]))

        plain = likeness(0.0)
        assert likeness(0.9) < plain or plain == 0.0

    def test_each_person_may_have_exclusions_of_their_own(
        self, model: Recommender, people: Histories
    ) -> None:
        """One list a person in a batch says what the same list says to that person alone."""
        exclude = [IDS[h : h + 3 * h] for h in range(len(people))]
        together = model.recommend(people, 6, exclude=exclude)
        for h, own in enumerate(exclude):
            assert not set(own) & set(together.ids[h])
            alone = model.recommend(people.take(slice(h, h + 1)), 6, exclude=own)
            np.testing.assert_array_equal(together.items[h], alone.items[0])
        with pytest.warns(UnknownItemWarning, match="1 of 2 excluded items .* 'no such item'"):
            model.recommend(people, 2, exclude=[IDS[0], "no such item"])

    def test_items_without_the_value_are_left_out_and_counted(
        self, model: Recommender, people: Histories
    ) -> None:
        """Nothing is known of them, so nothing is promised."""
        with pytest.warns(MissingValueWarning, match="where leaves out 5 of 36 items"):
            answer = model.recommend(people, 36, where=pl.col("margin") >= 0)
        known = model.catalogue.frame["margin"].is_not_null().to_numpy()
        assert known[answer.items[answer.items >= 0]].all()

    @pytest.mark.filterwarnings("ignore::metarec.contracts.MissingValueWarning")
    @pytest.mark.parametrize("name", ["where", "kinds", "at most", "everything"])
    def test_a_short_list_says_where_every_item_went(
        self, model: Recommender, shoppers: Histories, name: str
    ) -> None:
        """Reasons and places sum to the catalogue; a list that is full needs no reason."""
        asked = FILTERS[name]
        answer = model.recommend(shoppers, 40, **asked)
        table, allowed = _unclamped(model, shoppers), _allowed(model, shoppers, asked)
        for row in range(len(shoppers)):
            short = answer.shortfalls[row]
            found = int((answer.items[row] >= 0).sum())
            left_out = short.not_offered + short.not_candidates + short.filtered
            left_out += short.excluded + short.seen
            assert left_out == (~allowed[row]).sum()
            assert short.unscorable == (allowed[row] & ~np.isfinite(table[row])).sum()
            assert (short.found, short.asked) == (found, 40)
            assert found + left_out + short.unscorable + short.capped == 36
            assert answer[row].why_short == str(short)
            assert str(short) in repr(answer[row])
        if model.serves_new_users:
            full = model.recommend([[]], 2)
            assert full.shortfalls == {}
            assert full.why_short == full[0].why_short == ""

    def test_rank_gives_all_that_is_named_best_first(
        self, model: Recommender, people: Histories
    ) -> None:
        """Seen and retired items too; unknown ones stand last without a score."""
        ids = ["no such item", *IDS[10:2:-1], IDS[30]]
        with pytest.warns(UnknownItemWarning, match="1 of 10 ids are not in the .* stand last"):
            answer = model.rank(people, ids)
        assert answer.ids.shape == (len(people), 10)
        table = model.score(people, ids)
        for row in range(len(people)):
            assert sorted(answer.ids[row]) == sorted(ids)
            places = [ids.index(str(item)) for item in answer.ids[row]]
            _assert_close(answer.scores[row], table[row, places])
            scored = answer.scores[row][~np.isnan(answer.scores[row])]
            assert (np.diff(scored) <= 0).all()
            assert np.isnan(answer.scores[row][len(scored) :]).all()
        assert model.rank(people, []).ids.shape == (len(people), 0)
        with pytest.raises(ValueError, match="got 'item-3' more than once"):
            model.rank(people, [IDS[3], IDS[3]])

    def test_similar_of_a_basket_is_the_mean_over_its_items(self, model: Recommender) -> None:
        """Or a named error; the filters are those of every list."""
        first, second = IDS[2], IDS[15]
        if not self.has_item_to_item:
            with pytest.raises(UnsupportedError, match="no item-to-item scores"):
                model.similar(first)
            return
        one, two = (_alike(model, item) for item in (first, second))
        both = model.similar([first, second], 36, exclude_seen=False)
        mean = (one + two) / 2
        _assert_close(both.scores, mean[both.items])
        asked: dict[str, Any] = {"where": CHEAP, "at_most": {"shelf": 2}, "exclude": IDS[5:8]}
        answer = model.similar([first, second], 6, **asked)
        cheap = model.catalogue.frame["price"].to_numpy() < 6
        allowed = model.catalogue.offered & cheap
        allowed[[2, 15, 5, 6, 7]] = False
        _check_list(model, _filled_up(answer.items, 6), mean, allowed, asked)
        with pytest.raises(ValueError, match="'no such item' is not in the catalogue"):
            model.similar("no such item")

    def test_a_frame_names_people_and_items(self, model: Recommender, people: Histories) -> None:
        """Titles and user ids stand beside the numbers."""
        answer = model.recommend(people, 3)
        frame = answer.to_frame()
        numbers = ["score", "std"] if answer.ratings is None else ["score", "rating", "std"]
        assert frame.columns == ["history", "user_id", "rank", "item_id", "title", *numbers]
        titles = dict(zip(IDS, model.catalogue.frame["title"], strict=True))
        for _, user_id, _, item_id, title, *_ in frame.iter_rows():
            assert user_id.startswith("user-")
            assert title == titles[item_id]


def _check_list(
    model: Recommender,
    items: np.ndarray,
    scores: Float[np.ndarray, " item"],
    allowed: Bool[np.ndarray, " item"],
    asked: dict[str, Any],
) -> None:
    """Each place of one list against every item that could stand there."""
    frame = model.catalogue.frame
    open_ = allowed & np.isfinite(scores)
    worth = np.where(open_, scores, np.nan)
    if "boost" in asked and open_.any():
        spread = np.std(worth[open_]) if np.ptp(worth[open_]) > 1e-9 else 1.0
        worth = worth + frame[asked["boost"]].fill_null(0.0).to_numpy() * spread
    diversity = asked.get("diversity", 0.0)
    vectors = model.item_vectors() if diversity else np.zeros((len(frame), 1))
    if diversity and open_.any():  # the pool of the planted shop holds all its items
        low, high = np.nanmin(worth), np.nanmax(worth)
        worth = (worth - low) / (high - low) if high > low else worth * 0.0
    slack = TOLERANCE * float(np.nanmax(np.abs(worth), initial=1.0))
    chosen: list[int] = []
    for place in items:
        free = open_.copy()
        free[chosen] = False
        for column, most in asked.get("at_most", {}).items():
            values = frame[column].to_list()
            for item in np.flatnonzero(free):
                same = sum(values[item] == values[other] for other in chosen)
                free[item] &= values[item] is None or same < most
        if not free.any():
            assert place == -1
            continue
        assert place >= 0
        assert free[place]
        likeness = (vectors @ vectors[chosen].T).max(axis=1) if chosen else np.zeros(len(frame))
        gain = (1 - diversity) * worth - diversity * likeness if diversity else worth
        assert gain[place] >= np.max(gain[free]) - slack
        chosen.append(int(place))


def _allowed(
    model: Recommender, people: Histories, asked: dict[str, Any]
) -> Bool[np.ndarray, "history item"]:
    """What may stand in each list, but for scores and caps, in plain loops."""
    frame = model.catalogue.frame
    common = model.catalogue.offered.copy()
    for row, item_id in enumerate(IDS):
        common[row] &= item_id in asked.get("candidates", IDS)
        common[row] &= item_id not in asked.get("exclude", ())
        if "where" in asked:
            common[row] &= frame["price"][row] < 6
        if isinstance(asked.get("where"), str):
            common[row] &= frame["shelf"][row] in ("shelf 0", "shelf 1")
    allowed = np.tile(common, (len(people), 1))
    seen = asked.get("exclude_seen", True)
    for row, item, kind in zip(people.rows, people.items, people.kinds, strict=True):
        name = people.kind_names[kind] if kind >= 0 else None
        if seen is True or (seen and name in seen):
            allowed[row, item] = False
    return allowed


def _unclamped(model: Recommender, people: Histories) -> Float[np.ndarray, "history item"]:
    """The scores by which lists are ordered; those of ratings alone `score` holds in the scale."""
    if model.recommend(people, 1).ratings is not None:
        return model.score(people, IDS)
    asked = Histories.of([IDS] * len(people))
    return model.predict(people, asked).scores.reshape(len(people), len(IDS))


def _alike(model: Recommender, item: str) -> Float[np.ndarray, " item"]:
    answer: Recommendations = model.similar(item, 36, exclude_seen=False)
    scores = np.full(len(IDS), np.nan)
    scores[answer.items] = answer.scores
    return scores


def _filled_up(items: np.ndarray, k: int) -> np.ndarray:
    return np.concatenate([items, np.full(k - len(items), -1)])


def _assert_close(left: Any, right: Any) -> None:
    finite = np.abs(np.asarray(left))[np.isfinite(left)]
    scale = float(finite.max()) if len(finite) else 1.0
    np.testing.assert_allclose(left, right, rtol=TOLERANCE, atol=TOLERANCE * scale)
