"""Printed values are short and say what there is."""

import numpy as np
import polars as pl
import pytest

from metarec.contracts import (
    Catalogue,
    Dataset,
    Episodes,
    Event,
    Histories,
    Predictions,
    Recommendations,
    Vocabulary,
    vocabulary_of,
)
from metarec.contracts.printing import counted, listed, near_or_some
from metarec.data import generate, sample_prefix_batch, sample_rating_batch, split_cold

ITEMS = pl.DataFrame({"item_id": ["a", "b", "c"], "title": ["A", "B", "C"]})


def histories() -> Histories:
    return Histories.of(
        [[Event("a", kind="buy", text="x"), "b"], ["a"]], pl.DataFrame({"age": [3, 4]})
    )


def test_a_few_are_named_and_the_rest_counted() -> None:
    assert listed("abcde") == "a, b, c, d, e"
    assert listed("abcdef") == "a, b, c, d, e and 1 more"
    assert listed([]) == ""
    assert (counted(0, "item"), counted(1, "item"), counted(1234, "item")) == (
        "0 items", "1 item", "1,234 items",
    )  # fmt: skip


def test_ids_that_are_called_near_are_near_in_a_large_shop() -> None:
    ids = [f"user{n}" for n in range(50_000)]
    for typed in ("usre49999", "user49999x", "49999"):
        assert near_or_some(typed, ids).startswith("the nearest ids are 'user49999'")
    assert near_or_some("ann", ids) == "its ids look like 'user0', 'user1', 'user2'"


def test_the_catalogue_and_the_dataset_tell_their_sizes() -> None:
    catalogue = Catalogue.of(ITEMS)
    assert repr(catalogue) == "Catalogue(3 items; content: title)"
    retired = Catalogue.of(ITEMS.drop("title")).retire(["a", "b"])
    assert repr(retired) == "Catalogue(3 items, 2 retired; content: none)"
    events = pl.DataFrame({"user": [0, 0], "item": [0, 1], "value": [1.0, 2.0]})
    names = vocabulary_of(["u"])
    data = Dataset("x", "rating", None, catalogue, names, events, dropped={"bad": 1, "odd": 2})
    assert repr(data) == "Dataset('x', rating, 2 events, 1 user, 3 items, 3 rows left out)"
    assert "left out" not in repr(Dataset("x", "rating", None, catalogue, names, events))


def test_histories_and_episodes_tell_who_and_what() -> None:
    known = histories()
    assert repr(known) == (
        "Histories(2 histories, 3 events, on 2 items; kinds: buy; profiles: age; details: text)"
    )
    assert repr(Histories.of([["a"]])) == "Histories(1 history, 1 event, on 1 item)"
    episodes = Episodes(known.first(1), known.last(2))
    assert (
        repr(episodes) == "Episodes(2 episodes, 2 support and 3 query events, 2 of 2 items compete)"
    )
    few = Episodes(known, known, np.array([True, False]))
    assert "1 of 2 items compete" in repr(few)


def test_recommendations_tell_the_best() -> None:
    ids, nan = Vocabulary.of("abc"), np.nan
    one = Recommendations(ids, np.array([2, 0]), np.array([0.9, 0.25]), np.array([0.1, nan]))
    assert repr(one) == "Recommendations(2 items: c 0.9 ± 0.1, a 0.25)"
    many = Recommendations(
        ids, np.array([[2, 0], [1, -1]]), np.array([[0.9, 0.2], [0.5, nan]]), np.full((2, 2), nan)
    )
    assert repr(many) == (
        "Recommendations(2 histories x 2 places, 1 of them empty; history 0: c 0.9, a 0.2)"
    )
    assert "empty" not in repr(Recommendations(ids, many.items[:1], many.scores[:1], many.stds[:1]))
    assert repr(many[1]) == "Recommendations(1 item: b 0.5)"
    nobody = Recommendations(ids, np.zeros((0, 2), int), np.zeros((0, 2)), np.zeros((0, 2)))
    assert repr(nobody) == "Recommendations(0 histories x 2 places)"
    assert (
        repr(Recommendations(ids, *np.zeros((3, 0)).astype(int)))
        == "Recommendations(0 items: nothing)"
    )


def test_predictions_tell_how_many_are_answered() -> None:
    scores, nothing = np.array([1.0, np.nan, 3.0]), np.full(3, np.nan)
    told = "Predictions(2 of 3 pairs scored from 1 to 3, without stds)"
    assert repr(Predictions(scores, nothing, nothing)) == told
    assert (
        repr(Predictions(nothing, scores, scores)) == "Predictions(0 of 3 pairs scored, with stds)"
    )


@pytest.mark.parametrize("kind", ["rating", "implicit"])
def test_a_split_and_its_batches_are_short(kind) -> None:
    data = generate(60, 30, kind).dataset
    split = split_cold(data)
    told = repr(split).splitlines()
    events, episodes = len(split.train.interactions), len(split.valid)
    assert told[0] == (
        f"Split('cold' of {data.name!r}: {events:,} events to learn from, {episodes} episodes for "
        "validation"
    )
    new = len(split.test["new users, known items"])
    assert f"new users, known items ({new})" in told[1]
    assert told[2].startswith("  excludes: no event of a new user")
    assert told[2].endswith("and 6 more)")
    users, rng = np.arange(3), np.random.default_rng(0)
    rated = sample_rating_batch(data.histories, users, rng, max_events=5)
    n_support, n_query = rated.support_mask.sum(), rated.query_mask.sum()
    assert repr(rated) == f"RatingBatch(3 users, {n_support} support and {n_query} query events)"
    asked = sample_prefix_batch(data.histories, users, rng, max_events=5, prefixes=2)
    n_events, n_asked = asked.event_mask.sum(), asked.position_mask.sum()
    assert repr(asked) == f"PrefixBatch(3 users, {n_events} events, {n_asked} asked)"
