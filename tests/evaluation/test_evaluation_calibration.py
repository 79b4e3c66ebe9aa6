"""Calibration by group: honest noise holds its promise, and the groups are the right pairs."""

import numpy as np
import polars as pl
from tests.evaluation_toys import dataset_of

from metarec.evaluation.protocol.background import Background
from metarec.evaluation.protocol.calibration import LEVELS, calibration_of
from metarec.evaluation.protocol.pairs import RatedPairs


def pairs_of(observed, scores, stds, known) -> RatedPairs:
    background = Background.of(dataset_of([(0, 0, 1.0), (0, 1, 5.0)], 1, 3))
    return RatedPairs(scores, stds, observed, np.zeros(scores.shape, dtype=int), known, background)


def share(table: pl.DataFrame, group: str, level: float = 0.9) -> float:
    found = table.filter((pl.col("group") == group) & ((pl.col("level") - level).abs() < 1e-9))
    return float(found["observed"][0])


def test_honest_noise_holds_its_promise_in_every_group():
    rng = np.random.default_rng(0)
    stds = rng.uniform(0.3, 2, size=(400, 50))
    observed = rng.normal(0, stds)
    table = calibration_of(
        pairs_of(observed, np.zeros_like(stds), stds, rng.random(stds.shape) < 0.5)
    )
    for level in LEVELS:
        assert abs(share(table, "all", level) - level) < 0.015
    groups = ["known items", "new items", *(f"width {place}" for place in range(1, 11))]
    for group in groups:
        assert abs(share(table, group) - 0.9) < 0.03  # 2,000 pairs: standard error 0.007


def test_one_width_for_all_is_found_out_by_the_deciles_of_a_model_that_varies():
    # noise is 1 everywhere, the model claims 0.5 to 2: right on average, wrong at both ends
    rng = np.random.default_rng(1)
    stds = rng.uniform(0.5, 2, size=(400, 50))
    observed = rng.normal(size=stds.shape)
    table = calibration_of(pairs_of(observed, np.zeros_like(stds), stds, np.ones(stds.shape, bool)))
    assert share(table, "width 1") < 0.7
    assert share(table, "width 10") > 0.98
    assert "new items" not in table["group"].to_list()


def test_groups_count_only_answered_pairs():
    stds = np.array([[1.0, np.nan, 1.0]])
    observed, scores = np.array([[0.0, 0.0, np.nan]]), np.zeros((1, 3))
    table = calibration_of(pairs_of(observed, scores, stds, np.array([[True, True, True]])))
    assert table.filter(pl.col("group") == "all")["n"].unique().to_list() == [1]


def test_equal_widths_have_no_deciles_and_known_items_their_own_row():
    known = np.zeros((1, 20), dtype=bool)
    known[0, :5] = True
    observed = np.where(known, 0.0, 9.0)
    table = calibration_of(pairs_of(observed, np.zeros((1, 20)), np.ones((1, 20)), known))
    assert share(table, "known items") == 1.0
    assert share(table, "new items") == 0.0
    assert share(table, "all") == 0.25
    assert not table["group"].str.starts_with("width").any()


def test_a_width_on_the_border_of_two_deciles_belongs_to_the_narrow_one():
    stds = np.arange(1.0, 12.0)[None]  # borders at 2, 3, ..., 10
    table = calibration_of(pairs_of(0 * stds, 0 * stds, stds, np.ones(stds.shape, bool)))
    widths = table.filter(pl.col("group").str.starts_with("width"))
    assert widths["n"].to_list() == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]
