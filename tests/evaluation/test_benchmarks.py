"""What the benchmarks rest on: which rows a seed changes, and who stands in which fold."""

import numpy as np
import polars as pl
import pytest
from benchmarks import strangers
from benchmarks.asking import METRICS, STRATEGIES, WAYS, asked_both_ways
from benchmarks.asking_folds import LEAST, QUERIES, folds_of
from benchmarks.common import fit_on, rows_over_seeds, seeded, together, value
from tests.evaluation_toys import constant, noisy, planted

from metarec.cli.rows import FOR_RATINGS, ROWS, SLOW
from metarec.data import generate, split_cold
from metarec.encoders import ContentFeatures, HashEncoder
from metarec.evaluation import evaluate
from metarec.meta import MetaConfig, MetaRecommender
from metarec.recommenders import ItemKNN, Popularity, Random


def test_a_row_is_fitted_for_every_seed_exactly_where_a_seed_changes_it():
    events = generate(users=60, items=30, kind="implicit", rng=0).dataset
    content = ContentFeatures.fit(HashEncoder(), events.catalogue.frame)
    rated = generate(users=60, items=30, kind="rating", rng=0).dataset
    for name, make in ROWS.items():
        row = make(content)
        if name in SLOW:  # chance in their fits is held by the contract
            assert seeded(row)
            continue
        shop = rated if name in FOR_RATINGS else events
        people, ids = shop.histories.take(np.arange(10)), list(shop.catalogue.ids)
        scores = [row.fit(shop, rng=seed).score(people, ids) for seed in (0, 1)]
        changed = not np.array_equal(*scores, equal_nan=True)
        assert changed == seeded(row), name


def test_rows_that_a_seed_changes_have_other_numbers_under_another_and_the_rest_the_same():
    split = planted()

    def measure(models, seed):
        return evaluate(models, split, metrics=["ndcg"], curve=None, rng=seed)

    fits = {"random": fit_on(split, Random()), "flat": lambda seed: constant(split)}
    simple = rows_over_seeds(fits, measure)
    hearts = [measure({"heart": noisy(split, seed)}, seed) for seed in (0, 1, 2)]
    found = together(hearts, simple)
    assert found.seeds == [0, 1, 2]
    means = found.values.group_by("model", "seed").agg(pl.col("value").mean())
    different = dict(means.group_by("model").agg(pl.col("value").n_unique()).iter_rows())
    assert different == {"random": 3, "flat": 1, "heart": 3}
    per_seed = found.values.group_by("model").agg(pl.col("seed").n_unique())
    assert per_seed["seed"].to_list() == [3, 3, 3]


def test_folds_of_asking_hold_each_person_once_and_leave_them_out_of_training():
    warm = split_cold(generate(users=150, items=60, rng=1).dataset, rng=0)
    folds = list(folds_of(warm, 3, 2, seed=5))
    lengths = warm.train.histories.lengths
    held = []
    for split in folds:
        episodes = split.test["warm"]
        ids = list(dict.fromkeys(episodes.query.user_ids))
        held += ids
        rows = np.flatnonzero(np.isin(warm.train.user_ids, ids))
        assert (split.train.histories.lengths[rows] == 0).all()
        assert (episodes.query.lengths == QUERIES).all()
        assert len(episodes) == 2 * len(ids)
        both = episodes.support.lengths + episodes.query.lengths
        np.testing.assert_array_equal(both, np.tile(lengths[rows], 2))
    assert sorted(held) == sorted(warm.train.user_ids[lengths >= LEAST])
    again = next(folds_of(warm, 3, 2, seed=5)).test["warm"].query.items
    other = next(folds_of(warm, 3, 2, seed=6)).test["warm"].query.items
    assert np.array_equal(again, folds[0].test["warm"].query.items)
    assert not np.array_equal(again, other)


def test_both_ways_to_ask_are_judged_on_a_fold():
    warm = split_cold(generate(users=150, items=60, rng=1).dataset, rng=0)
    split = next(folds_of(warm, 3, 2, seed=0))
    model = MetaRecommender(HashEncoder(), MetaConfig(steps=5)).fit(split.train)
    results, told = asked_both_ways(model, split, split.test["warm"], seed=0)
    assert results.models == list(STRATEGIES)
    assert results.scenarios == list(WAYS)
    assert results.metrics == METRICS
    full = {strategy: mean for way, strategy, mean in told if way == "five answers"}
    assert set(full.values()) == {max(full.values())}  # everybody has as many answers in all ways


def test_a_stranger_is_behind_only_beyond_chance_and_three_percent():
    cell = {"shop": "s", "scenario": "c", "row": "EASE", "row_ndcg": 0.2}
    ahead = cell | {"low": 0.01, "high": 0.03}
    near = cell | {"low": -0.02, "high": -0.005}  # behind, by less than 3 % at the best
    behind = cell | {"low": -0.02, "high": -0.007}
    unsure = cell | {"low": -0.02, "high": 0.01}
    nowhere, most = strangers.goals("shops", [ahead, ahead, unsure])
    assert nowhere.met
    assert nowhere.measured == "nowhere of 3, 1 undecided"
    assert most.met
    assert most.measured == "2 of 3"
    nowhere, most = strangers.goals("shops", [ahead, behind, near])
    assert not nowhere.met
    assert nowhere.measured == "s, c: EASE"
    assert not most.met
    assert strangers.goals("shops", [near])[0].met


def test_a_stranger_is_compared_with_the_best_row_by_an_interval_for_all_rows():
    split = split_cold(generate(users=120, items=40, kind="implicit", rng=0).dataset)
    rows = {"Popularity": Popularity(), "ItemKNN": ItemKNN()}
    models = {name: row.fit(split.train) for name, row in rows.items()}
    models[strangers.HEART] = models["ItemKNN"]
    results = evaluate(models, split, metrics=["ndcg"], curve=None)
    scenario = "known users, known items"
    cell = strangers.cell_of(results.values, scenario)
    means = {name: value(results, name, scenario, "ndcg@10") for name in models}
    assert cell["rows"] == pytest.approx({name: means[name] for name in rows})
    assert cell["ndcg"] == pytest.approx(means["ItemKNN"])
    assert cell["row"] == max(rows, key=means.__getitem__)
    assert cell["low"] <= cell["ndcg"] - cell["row_ndcg"] <= cell["high"]
