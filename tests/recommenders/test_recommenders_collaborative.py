"""Neighbours, factorisations and co-occurrence, held to slow versions and to their libraries."""

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from recommender_toys import taken
from sklearn.metrics.pairwise import cosine_similarity

import metarec as mr
from metarec.contracts import Dataset, Histories, vocabulary_of
from metarec.recommenders import (
    BPR,
    EASE,
    IALS,
    BaseRecommender,
    BPRConfig,
    Cooccurrence,
    CooccurrenceConfig,
    EASEConfig,
    IALSConfig,
    ItemKNN,
    ItemKNNConfig,
)
from metarec.recommenders.interactions import history_matrix
from metarec.testing import planted_shop

SHOP = planted_shop().data
TOUCHED = np.flatnonzero(SHOP.touched)
IDS = [str(i) for i in SHOP.catalogue.ids]
X = history_matrix(SHOP.histories).toarray()


def scores_of(model: BaseRecommender, histories: Histories = SHOP.histories) -> np.ndarray:
    return model.fit(SHOP, rng=0).score(histories, IDS)


def test_ease_solves_each_column_as_a_ridge_without_itself() -> None:
    scores = scores_of(EASE(EASEConfig(l2=20.0)))
    for item in TOUCHED[:6]:
        others = np.setdiff1d(TOUCHED, [item])
        a = X[:, others]
        column = np.linalg.solve(a.T @ a + 20.0 * np.eye(len(others)), a.T @ X[:, item])
        np.testing.assert_allclose(scores[:, item], a @ column, atol=1e-5)


@pytest.mark.parametrize(
    "model",
    [EASE(), ItemKNN(), IALS(IALSConfig(4)), BPR(BPRConfig(4, iterations=2)), Cooccurrence()],
    ids=lambda model: type(model).__name__,
)
def test_an_untouched_item_scores_nan_for_who_only_knows_events(model: BaseRecommender) -> None:
    assert np.array_equal(np.isnan(scores_of(model)).all(axis=0), ~SHOP.touched)


@pytest.mark.parametrize(
    "model",
    [EASE(EASEConfig(recency=0.5)), IALS(IALSConfig(4, recency=0.5)), Cooccurrence()],
    ids=lambda model: type(model).__name__,
)
def test_with_recency_the_order_of_a_history_matters(model: BaseRecommender) -> None:
    fitted = model.fit(SHOP)
    there, back = fitted.score([["item-3", "item-15"], ["item-15", "item-3"]], IDS)
    assert np.nanmean(there[12:24] - there[:12]) > np.nanmean(back[12:24] - back[:12])


def test_without_recency_the_order_of_a_history_does_not_matter() -> None:
    for model in (EASE(), ItemKNN(), IALS(IALSConfig(4))):
        there, back = model.fit(SHOP).score([["item-3", "item-15"], ["item-15", "item-3"]], IDS)
        np.testing.assert_allclose(there, back, atol=1e-9)


def test_recency_weighs_the_newest_event_fully() -> None:
    once, twice = (EASE(EASEConfig(recency=rho)).fit(SHOP) for rho in (1.0, 0.5))
    np.testing.assert_allclose(once.score([["item-3"]], IDS), twice.score([["item-3"]], IDS))
    expected = once.score([["item-4"]], IDS) + 0.5 * once.score([["item-3"]], IDS)
    np.testing.assert_allclose(twice.score([["item-3", "item-4"]], IDS), expected, atol=1e-6)


def test_item_knn_adds_up_the_cosines_of_scikit_learn() -> None:
    cosines = cosine_similarity(X.T)
    np.fill_diagonal(cosines, 0.0)
    expected = np.where(SHOP.touched, X @ cosines, np.nan)
    np.testing.assert_allclose(scores_of(ItemKNN(ItemKNNConfig(neighbours=100))), expected)


@pytest.mark.parametrize(
    ("similarity", "theirs"),
    [("cosine", CosineRecommender), ("tfidf", TFIDFRecommender), ("bm25", BM25Recommender)],
)
def test_item_knn_recommends_what_implicit_recommends(similarity: str, theirs: type) -> None:
    # histories of unequal length, so that the weighting by user matters
    uneven = SHOP.where(SHOP.interactions["timestamp"] < 3 + SHOP.interactions["user"] % 6)
    x = history_matrix(uneven.histories)
    reference = theirs(K=6, num_threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of its own conversions
        reference.fit(x, show_progress=False)
    _, expected = reference.recommend(np.arange(x.shape[0]), x, N=5)
    model = ItemKNN(ItemKNNConfig(similarity, neighbours=5)).fit(uneven)  # type: ignore[arg-type]
    # implicit knows no retired items, so the scores of all items are compared
    table = model.score(uneven.histories, IDS)
    table[x.toarray() > 0] = np.nan
    best = -np.sort(-np.where(np.isnan(table), -np.inf, table), axis=1)[:, :5]
    np.testing.assert_allclose(best, np.where(expected < -1e30, 0, expected), atol=1e-6)


def test_fold_in_is_equation_4_of_the_paper_person_by_person() -> None:
    model = IALS(IALSConfig(factors=5, alpha=3.0, l2=0.7)).fit(SHOP)
    y = model.factors_
    scores = model.score(SHOP.histories, IDS)
    for person in range(len(X)):
        confidence = np.where(X[person] > 0, 1 + 3.0, 1.0)
        a = y.T @ (confidence[:, None] * y) + 0.7 * np.eye(5)
        x = np.linalg.solve(a, y.T @ (confidence * X[person]))
        np.testing.assert_allclose(scores[person, TOUCHED], (y @ x)[TOUCHED], atol=1e-9)


def test_fold_in_is_what_implicit_recalculates() -> None:
    config = IALSConfig(factors=5, alpha=3.0, l2=0.7)
    model = IALS(config).fit(SHOP)
    reference = AlternatingLeastSquares(factors=5, regularization=0.7, num_threads=1)
    reference.item_factors = model.factors_.astype(np.float32)
    reference.user_factors = np.zeros((len(X), 5), dtype=np.float32)
    confidence = sp.csr_matrix(X * (1 + config.alpha)).astype(np.float32)
    expected = reference.recalculate_user(np.arange(len(X)), confidence) @ model.factors_.T
    scores = model.score(SHOP.histories, IDS)
    np.testing.assert_allclose(scores[:, TOUCHED], expected[:, TOUCHED], atol=1e-4)


def test_a_histories_length_decides_nothing_but_its_own_fold_in() -> None:
    model = IALS(IALSConfig(4)).fit(SHOP)
    lengths = [0, 1, 2, 3, 4, 5, 8, 9, 17, 32]
    histories = [[IDS[i % 11] for i in range(n)] for n in lengths]
    together = model.score(histories, IDS)
    alone = np.concatenate([model.score([h], IDS) for h in histories])
    np.testing.assert_allclose(together, alone, atol=1e-12)
    y, alpha, d = model.factors_, model.config.alpha, model.config.factors
    whole = y.T @ y + model.config.l2 * np.eye(d)
    for n, scores in zip(lengths, together, strict=True):  # every item of each of them counts, once
        own = y[: min(n, 11)]
        x = np.linalg.solve(whole + alpha * own.T @ own, (1 + alpha) * own.sum(axis=0))
        np.testing.assert_allclose(scores[TOUCHED], (y @ x)[TOUCHED], atol=1e-9)


def test_bpr_knows_people_by_id_whatever_the_order() -> None:
    model = BPR(BPRConfig(factors=4, iterations=5)).fit(SHOP, rng=0)
    table = model.score(SHOP.histories, IDS)
    some = np.array([7, 2, 40])
    np.testing.assert_allclose(model.score(SHOP.histories.take(some), IDS), table[some], rtol=1e-6)
    assert len({row.tobytes() for row in table}) == len(table)


def test_bpr_gives_each_person_the_factors_that_implicit_learned_for_them() -> None:
    # every fourth person has no event, and the keys of the others are in no order of rows
    some = SHOP.where(SHOP.interactions["user"] % 4 != 1)
    known = np.flatnonzero(some.histories.lengths > 0)
    model = BPR(BPRConfig(factors=4, learning_rate=0.03, l2=0.02, iterations=7)).fit(some, rng=5)
    reference = BayesianPersonalizedRanking(
        factors=4,
        learning_rate=0.03,
        regularization=0.02,
        iterations=7,
        random_state=int(np.random.default_rng(5).integers(2**31)),
        num_threads=1,
    )
    reference.fit(history_matrix(some.histories), show_progress=False)
    expected = reference.user_factors @ reference.item_factors.T  # the last factor is the bias
    scores = model.score(some.histories, IDS)
    np.testing.assert_allclose(
        scores[known][:, some.touched], expected[known][:, some.touched], rtol=1e-5
    )
    assert np.isnan(np.delete(scores, known, axis=0)).all()


def test_bpr_takes_a_strangers_id_for_nobody_it_knows() -> None:
    model = BPR(BPRConfig(factors=4, iterations=1)).fit(SHOP)
    renamed = SHOP.histories.user_ids.copy()
    renamed[::2] = [f"stranger {i}" for i in range(len(renamed[::2]))]
    table = model.score(replace(SHOP.histories, user_ids=renamed), IDS)
    assert np.isnan(table[::2]).all()
    assert np.isfinite(table[1::2][:, TOUCHED]).all()
    for batch in range(8):  # some come before all known keys and some after
        strangers = vocabulary_of(f"{batch}/{i}" for i in range(len(renamed)))
        assert np.isnan(model.score(replace(SHOP.histories, user_ids=strangers), IDS)).all()


def test_cooccurrence_counts_what_followed_within_the_window() -> None:
    shop = taken(u="abc", v="ab", w="ca")
    model = Cooccurrence(CooccurrenceConfig(window=1, decay=2.0, source_power=0.0)).fit(shop)
    # pairs one place apart: ab twice, bc once, ca once
    np.testing.assert_allclose(model.score([["a"]], list("abcde"))[0, :3], [0, 2, 0])
    np.testing.assert_allclose(model.score([["b"]], list("abcde"))[0, :3], [0, 0, 1])
    # of b, c, e the newest, e, says nothing, c speaks with exp(-1/2), b with exp(-2/2)
    scores = model.score([["b", "c", "e"]], list("abcde"))[0, :3]
    np.testing.assert_allclose(scores, [np.exp(-0.5), 0, np.exp(-1)])


def test_cooccurrence_reaches_as_far_as_the_window_and_not_into_the_next_person() -> None:
    shop = taken(u="abc", v="de")
    wide = Cooccurrence(CooccurrenceConfig(window=2, source_power=0.0)).fit(shop)
    np.testing.assert_allclose(
        wide.score([["a"], ["c"]], list("abcde")), [[0, 1, 1, 0, 0], [0] * 5]
    )


def test_the_powers_temper_popular_sources_and_targets() -> None:
    shop = taken(u="ab", v="ab", w="a", x="ac")
    plain = Cooccurrence(CooccurrenceConfig(source_power=0.0)).fit(shop)
    tempered = Cooccurrence(CooccurrenceConfig(source_power=1.0, target_power=0.5)).fit(shop)
    ab = plain.score([["a"]], ["b"])[0, 0]
    assert ab == 2
    # a has 4 events, b 2
    np.testing.assert_allclose(tempered.score([["a"]], ["b"]), [[2 / 4 / np.sqrt(2)]])


def test_cooccurrence_learns_the_order_that_sets_cannot_hold() -> None:
    ring = "abcde"
    events = {f"u{i}": "".join(ring[(i + j) % 5] for j in range(3)) for i in range(5)}
    model = Cooccurrence(CooccurrenceConfig(window=1)).fit(taken(**events))
    answer = model.recommend([[item] for item in ring], 1)
    assert "".join(answer.ids[:, 0]) == "bcdea"


def test_ials_learns_what_implicit_learns_from_the_same_seed_and_settings() -> None:
    config = IALSConfig(factors=5, alpha=3.0, l2=0.7, iterations=4)
    reference = AlternatingLeastSquares(
        factors=5,
        regularization=0.7,
        iterations=4,
        random_state=int(np.random.default_rng(8).integers(2**31)),
        num_threads=1,
    )
    reference.fit(sp.csr_matrix(X * (1 + 3.0)), show_progress=False)
    factors = IALS(config).fit(SHOP, rng=8).factors_
    np.testing.assert_allclose(factors[TOUCHED], reference.item_factors[TOUCHED], rtol=1e-4)
    assert not factors[~SHOP.touched].any()


def test_repeats_count_once_where_a_history_is_a_set() -> None:
    once, repeated = taken(u="ab", v="bc", w="ac"), taken(u="abab", v="bcb", w="aac")
    for model in (EASE(EASEConfig(l2=1.0)), ItemKNN(), IALS(IALSConfig(2, l2=0.1))):
        scores = (
            model.fit(shop).score([["a"], ["b", "c"]], list("abc")) for shop in (once, repeated)
        )
        np.testing.assert_allclose(*scores, atol=1e-6)


def test_no_events_at_all_leave_nothing_to_recommend() -> None:
    empty: Dataset = taken()
    for model in (EASE(), Cooccurrence()):
        assert (model.fit(empty).recommend([["a"]], 2).items == -1).all()


def test_ease_is_the_same_regression_where_people_are_fewer_than_items():
    rng = np.random.default_rng(3)
    held = rng.random((7, 19)) < 0.4
    held[:, held.sum(axis=0) == 0] = True
    people, items = np.nonzero(held)
    log = pl.DataFrame(
        {"user_id": [f"u{p}" for p in people], "item_id": [f"{i:02}" for i in items]}
    )
    model = EASE(EASEConfig(l2=2.0)).fit(mr.from_frames(log, feedback="implicit"))
    held = held[:, [int(item) for item in model.catalogue.ids]]
    inverse = np.linalg.inv(held.T.astype(float) @ held + 2.0 * np.eye(19))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(model.weights_, expected, atol=1e-6)
