"""What a seed draws stays what it was: shops, splits and batches, to the id.

The numbers are of 2026-11-27 and were printed by `python tests/data/test_golden_draws.py`. A change
of them changes every result that a seed stands for, and belongs among the changes as **[numbers]**.
"""

from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Dataset, Episodes, Histories, hash_of
from metarec.data import (
    Split,
    generate,
    sample_prefix_batch,
    sample_rating_batch,
    split_cold,
    split_cold_items,
    split_k_fold,
    split_last_out,
    split_new_users,
    split_scenarios,
    split_time,
)

KINDS = list(product(("rating", "implicit"), ("content", "bias", "cooccurrence")))


def events_of(histories: Histories) -> pl.DataFrame:
    """User and item of each event, by their ids."""
    assert histories.user_ids is not None
    users, items = histories.user_ids[histories.rows], histories.vocabulary[histories.items]
    return pl.DataFrame({"user": users.tolist(), "item": items.tolist()}, strict=False)


def shop_of(kind: Any, regime: Any) -> tuple[str, list[float]]:
    """The dataset's hash, and three values of the truth."""
    shop = generate(40, 30, kind, rng=5, regime=regime)
    pairs = shop.truth(np.array([0, 7, 39]), np.array([3, 29, 12]), np.array([0.1, 0.6, 1.0]))
    return shop.dataset.hash[:16], [round(float(value), 9) for value in pairs]


def scenarios_of(data: Dataset) -> Split:
    """Users and items with an odd number are new."""
    events = events_of(data.histories)
    odd = [pl.col(c).str.slice(-1).cast(pl.Int64) % 2 == 1 for c in ("user", "item")]
    name = pl.concat_str(pl.when(o).then(pl.lit("new")).otherwise(pl.lit("old")) for o in odd)
    table = events.select(
        pl.when(name == "oldold").then(pl.lit("warm_state")).otherwise(name).alias("scenario"),
        pl.col("user").alias("user_id"),
        pl.col("item").alias("item_id"),
    )
    return split_scenarios(data, table.unique(maintain_order=True), queries=2, least=3)


SPLITS = {
    "last out": split_last_out,
    "time": split_time,
    "cold": split_cold,
    "cold items": split_cold_items,
    "new users": split_new_users,
    "new users, drawn": lambda data: split_new_users(data, order="drawn"),
    "folds": lambda data: split_k_fold(data)[1],
    "scenarios": scenarios_of,
}


def split_of(data: Dataset, name: str) -> tuple[str, dict[str, Any]]:
    """A hash of who is asked for what and what is known, and the settings without the data's."""
    split = SPLITS[name](data)
    episodes: list[Episodes] = [split.valid, *split.test.values()]
    tables = [events_of(part) for e in episodes for part in (e.support, e.query)]
    competing = [
        pl.DataFrame({"competing": np.ones(30, bool) if e.candidates is None else e.candidates})
        for e in episodes
    ]
    names = pl.DataFrame({"name": [split.name, *split.test]})
    found = hash_of(names, events_of(split.train.histories), *tables, *competing)[:16]
    settings = {key: value for key, value in split.settings.items() if key != "dataset_hash"}
    return found, settings


def batches_of() -> dict[str, list[list[int]]]:
    """Items, and what is known or asked, of two batches over users with 2, 7 and 4 events."""
    histories = Histories.of([[f"i{p}" for p in range(n)] for n in (2, 7, 4)])
    users = np.array([1, 0, 2])
    rated = sample_rating_batch(histories, users, np.random.default_rng(3), max_events=5)
    asked = sample_prefix_batch(
        histories, users, np.random.default_rng(3), max_events=5, prefixes=2
    )
    return {
        "rated": rated.items.tolist(),
        "support": rated.support_mask.astype(int).tolist(),
        "window": asked.items.tolist(),
        "positions": asked.positions.tolist(),
    }


@pytest.fixture(scope="module", params=["rating", "implicit"])
def data(request: pytest.FixtureRequest) -> Dataset:
    return generate(60, 30, request.param, rng=4).dataset


@pytest.mark.parametrize(("kind", "regime"), KINDS)
def test_a_shop_is_what_its_seed_made_it(kind: str, regime: str) -> None:
    found, values = shop_of(kind, regime)
    assert found == SHOPS[kind, regime][0]
    np.testing.assert_allclose(values, SHOPS[kind, regime][1], atol=1e-8)


@pytest.mark.parametrize("name", SPLITS)
def test_a_split_holds_out_what_its_seed_drew_and_names_its_settings(data, name: str) -> None:
    found, settings = split_of(data, name)
    assert (found, settings) == (DRAWN[data.feedback, name], SETTINGS[name] | borders(data, name))


def borders(data: Dataset, name: str) -> dict[str, Any]:
    """The moments of a split by time, which are told from the clock."""
    if name != "time":
        return {}
    times = data.histories.times
    return {"borders_s": [float(np.quantile(times, q, method="higher")) for q in (0.8, 0.9)]}


def test_batches_are_what_their_seed_drew() -> None:
    assert batches_of() == BATCHES


SHOPS: dict[tuple[str, str], tuple[str, list[float]]] = {
    ("rating", "content"): ("f4ab518edd9bb81e", [1.542720075, 1.764398871, 3.241179341]),
    ("rating", "bias"): ("38aae23140710720", [1.634414741, 2.202573441, 3.830505304]),
    ("rating", "cooccurrence"): ("8ad12285076e7afd", [4.702981709, 2.95909371, 3.334455065]),
    ("implicit", "content"): ("04a8ce34b6fd203a", [-1.95253325, -1.706223476, -0.065356287]),
    ("implicit", "bias"): ("6609068c3e4e5607", [-1.850650288, -1.219362843, 0.589450338]),
    ("implicit", "cooccurrence"): ("ddd5204b1c62eaf1", [1.558868565, -0.378784767, 0.038283405]),
}
DRAWN: dict[tuple[str, str], str] = {
    ("rating", "last out"): "e45d4e896eb284c1",
    ("rating", "time"): "7c5f42c5ca3516d9",
    ("rating", "cold"): "0f71ed67c7b7ecc0",
    ("rating", "cold items"): "aed053916e6bca1e",
    ("rating", "new users"): "525526872a25befb",
    ("rating", "new users, drawn"): "3942708ea7f5d570",
    ("rating", "folds"): "2ea825fa3619d73d",
    ("rating", "scenarios"): "11925e5038de91f5",
    ("implicit", "last out"): "bb41a84405e06187",
    ("implicit", "time"): "8457720d81d6176a",
    ("implicit", "cold"): "b5e77a2732082134",
    ("implicit", "cold items"): "976c90f421d87e7e",
    ("implicit", "new users"): "685cd0829daf2f28",
    ("implicit", "new users, drawn"): "5df2bec38f7a4f22",
    ("implicit", "folds"): "11282672963a01ae",
    ("implicit", "scenarios"): "602bc29fd1ffb243",
}
SETTINGS: dict[str, dict[str, Any]] = {
    "last out": {"min_events": 3},
    "time": {"valid": 0.1, "test": 0.1, "borders_s": [1692159285.0, 1697823924.0]},
    "cold": {"users": 0.2, "items": 0.2, "valid": 0.1, "queries": 10, "rng": 0},
    "cold items": {"items": 0.2, "rng": 0},
    "new users": {"users": 0.1, "valid": 0.1, "known": 0.8, "order": "time", "rng": 0},
    "new users, drawn": {"users": 0.1, "valid": 0.1, "known": 0.8, "order": "drawn", "rng": 0},
    "folds": {"fold": 1, "folds": 5, "valid": 0.1, "rng": 0},
    "scenarios": {
        "draws": 10,
        "queries": 2,
        "least": 3,
        "most": 100,
        "valid": 0.1,
        "newest": None,
        "rng": 0,
    },
}
BATCHES: dict[str, list[list[int]]] = {
    "rated": [[0, 4, 1, 5, 6], [0, 1, 0, 0, 0], [0, 1, 3, 2, 0]],
    "support": [[1, 1, 1, 1, 0], [1, 0, 0, 0, 0], [1, 1, 1, 0, 0]],
    "window": [[0, 1, 2, 3, 4], [0, 1, 0, 0, 0], [0, 1, 2, 3, 0]],
    "positions": [[1, 4], [0, 1], [0, 2]],
}


if __name__ == "__main__":
    print("SHOPS =", {pair: shop_of(*pair) for pair in KINDS})
    made = {kind: generate(60, 30, kind, rng=4).dataset for kind in ("rating", "implicit")}
    print("DRAWN =", {(k, n): split_of(made[k], n)[0] for k, n in product(made, SPLITS)})
    print("SETTINGS =", {name: split_of(made["rating"], name)[1] for name in SPLITS})
    print("BATCHES =", batches_of())
