"""Metrics against independent libraries and against numeric integration."""

import ir_measures
import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import sklearn.metrics
from ir_measures import AP, RR, P, R, Success, nDCG

from metarec import metrics


def random_lists(seed: int, n_users: int = 40, n_items: int = 30, shown: int = 12):
    """Ranked relevances, the ideal order, and the same as qrels and run of a retrieval library."""
    rng = np.random.default_rng(seed)
    relevance = rng.integers(0, 4, size=(n_users, n_items)) * (rng.random((n_users, n_items)) < 0.3)
    order = rng.permuted(np.tile(np.arange(n_items), (n_users, 1)), axis=1)[:, :shown]
    gains = np.take_along_axis(relevance, order, axis=1).astype(float)
    ideal = -np.sort(-relevance, axis=1).astype(float)
    qrels = {
        str(u): {str(i): int(relevance[u, i]) for i in range(n_items) if relevance[u, i]}
        for u in range(n_users)
    }
    run = {
        str(u): {str(i): float(shown - rank) for rank, i in enumerate(order[u])}
        for u in range(n_users)
    }
    return gains, ideal, {u: judged for u, judged in qrels.items() if judged}, run


def by_library(measure, qrels, run, n_users: int) -> np.ndarray:
    found = np.full(n_users, np.nan)
    for result in ir_measures.iter_calc([measure], qrels, run):
        found[int(result.query_id)] = result.value
    return found


@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("seed", [0, 1])
def test_list_metrics_equal_ir_measures(k, seed):
    gains, ideal, qrels, run = random_lists(seed)
    n_relevant = (ideal > 0).sum(axis=1)
    ours = {
        nDCG @ k: metrics.ndcg(gains, ideal, k=k),
        P @ k: metrics.precision(gains, n_relevant, k=k),
        R @ k: metrics.recall(gains, n_relevant, k=k),
        RR @ k: metrics.mrr(gains, n_relevant, k=k),
        AP @ k: metrics.average_precision(gains, n_relevant, k=k),
        Success @ k: metrics.hit_rate(gains, n_relevant, k=k),
    }
    for measure, values in ours.items():
        expected = by_library(measure, qrels, run, len(gains))
        np.testing.assert_allclose(values, expected, atol=1e-12, err_msg=str(measure))


@pytest.mark.parametrize("exponential", [False, True])
def test_both_gains_equal_scikit_learns_ndcg(exponential):
    rng = np.random.default_rng(3)
    ratings = rng.integers(1, 6, size=(25, 10)).astype(float)
    scores, ties = rng.normal(size=ratings.shape), np.tile(np.arange(10), (25, 1))
    formula = metrics.list_ndcg_exponential if exponential else metrics.list_ndcg
    gains = 2**ratings - 1 if exponential else ratings
    expected = [
        sklearn.metrics.ndcg_score(g[None], s[None], k=3)
        for g, s in zip(gains, scores, strict=True)
    ]
    np.testing.assert_allclose(formula(scores, ratings, ties, k=3), expected)


def test_auc_equals_scikit_learn_also_with_ties_and_padding():
    rng = np.random.default_rng(4)
    scores = rng.integers(0, 5, size=(30, 20)).astype(float)
    liked = (rng.random(scores.shape) < 0.4).astype(float)
    absent = rng.random(scores.shape) < 0.2
    scores[absent] = np.nan
    expected = [
        sklearn.metrics.roc_auc_score(y[~gone], s[~gone])
        for y, s, gone in zip(liked, scores, absent, strict=True)
    ]
    np.testing.assert_allclose(metrics.auc(scores, liked), expected)


def test_rating_errors_equal_scikit_learn():
    rng = np.random.default_rng(5)
    predicted, observed = rng.normal(size=(2, 20, 8))
    mae = [
        sklearn.metrics.mean_absolute_error(o, p) for o, p in zip(observed, predicted, strict=True)
    ]
    rmse = [
        sklearn.metrics.root_mean_squared_error(o, p)
        for o, p in zip(observed, predicted, strict=True)
    ]
    np.testing.assert_allclose(metrics.mae(predicted, observed), mae)
    np.testing.assert_allclose(metrics.rmse(predicted, observed), rmse)


def test_like_accuracy_and_f1_equal_scikit_learn():
    rng = np.random.default_rng(6)
    predicted, observed = rng.normal(3.5, 1, size=(2, 15, 9))
    expected = [
        sklearn.metrics.accuracy_score(o >= 3.5, p >= 3.5)
        for o, p in zip(observed, predicted, strict=True)
    ]
    np.testing.assert_allclose(metrics.like_accuracy(predicted, observed, threshold=3.5), expected)
    gains, ideal, *_ = random_lists(6)
    n_relevant = (ideal > 0).sum(axis=1)
    precision = metrics.precision(gains, n_relevant, k=5)
    recall = metrics.recall(gains, n_relevant, k=5)
    total = precision + recall
    harmonic = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    np.testing.assert_allclose(metrics.f1(gains, n_relevant, k=5), harmonic)


@pytest.mark.parametrize(
    ("observed", "mean", "std"), [(0.0, 0.0, 1.0), (4.0, 3.1, 0.8), (-2.0, 1.0, 0.3)]
)
def test_crps_equals_its_integral(observed, mean, std):
    def squared_gap(x: float) -> float:
        return float((scipy.stats.norm.cdf(x, mean, std) - (x >= observed)) ** 2)

    far = 12 * std + abs(observed - mean)
    below, _ = scipy.integrate.quad(squared_gap, mean - far, observed, limit=200)
    above, _ = scipy.integrate.quad(squared_gap, observed, mean + far, limit=200)
    found = metrics.crps_gaussian(np.array([observed]), np.array([mean]), np.array([std]))
    assert found[0] == pytest.approx(below + above, abs=1e-7)


def test_diversity_equals_a_loop_over_pairs():
    rng = np.random.default_rng(7)
    vectors, items = rng.normal(size=(20, 5)), rng.permutation(20)[:18].reshape(3, 6)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = [
        np.mean([1 - unit[a] @ unit[b] for a in row for b in row if a != b]) for row in items
    ]
    np.testing.assert_allclose(metrics.intra_list_diversity(items, vectors), expected)


def test_gini_equals_the_mean_absolute_difference():
    x = np.random.default_rng(8).exponential(size=50)
    expected = np.abs(x[:, None] - x[None, :]).mean() / (2 * x.mean())
    assert metrics.gini(x) == pytest.approx(expected)
