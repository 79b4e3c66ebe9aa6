"""The summary counts what is there."""

import json
from dataclasses import replace

import numpy as np
import polars as pl

from metarec.cli.described import described
from metarec.contracts import Catalogue, Dataset
from metarec.data import generate, inspect


def test_a_small_shop_is_summed_up_by_hand() -> None:
    data = Dataset(
        name="tiny",
        feedback="rating",
        clock="unix",
        catalogue=Catalogue.of(
            pl.DataFrame(
                {"item_id": ["a", "b", "c", "d"], "title": ["A", " ", None, "D"],
                 "tags": [["x"], [], ["y"], ["z"]]}
            )
        ),
        user_ids=np.array(["u", "v", "w"], dtype=object),
        interactions=pl.DataFrame(
            {"user": [0, 0, 1, 0], "item": [0, 1, 0, 0], "value": [3.0, 4.0, 5.0, 3.0],
             "timestamp": [10, 20, 30, 40]}
        ),
        users=pl.DataFrame({"age": [30, None, None]}),
    )  # fmt: skip
    summary = inspect(data)
    assert (summary.users, summary.items, summary.events) == (3, 4, 4)
    assert (summary.users_without_events, summary.items_without_events) == (1, 2)
    assert summary.repeated_events == 1
    assert summary.density == 3 / 12
    assert summary.value_range == (3.0, 5.0)
    assert summary.time_range == (10.0, 40.0)
    assert summary.missing_content == {"title": 0.5, "tags": 0.25}
    assert summary.missing_profile == {"age": 2 / 3}
    # w has no event, v one, u three: bins 0, 1 and 2 to 4
    assert summary.events_per_user.counts[:4] == (1, 1, 1, 0)
    assert sum(summary.events_per_item.counts) == 4
    assert summary.values.edges == (3.0, 4.0, 5.0)
    assert summary.values.counts == (2, 1, 1)
    assert summary.not_used == {}


def test_the_summary_is_plain_json() -> None:
    summary = inspect(generate(30, 20).dataset)
    assert json.loads(json.dumps(summary.to_dict()))["users"] == 30


def test_a_dataset_without_events_or_clock_has_no_ranges() -> None:
    data = generate(30, 20).dataset
    empty = replace(data, interactions=data.interactions.head(0))
    summary = inspect(empty)
    assert summary.value_range is None
    assert summary.time_range is None
    assert summary.density == 0
    assert inspect(replace(data, clock="order")).time_range is None


def test_many_values_fall_into_ten_bins() -> None:
    data = generate(60, 30).dataset
    spread = pl.int_range(pl.len()).cast(pl.Float32).alias("value")
    summary = inspect(replace(data, interactions=data.interactions.with_columns(spread % 101)))
    assert len(summary.values.counts) == 10
    assert len(summary.values.edges) == 11
    assert sum(summary.values.counts) == len(data.interactions)


def test_each_part_is_counted_and_values_stand_in_order() -> None:
    item = str(generate(40, 30).dataset.catalogue.ids[0])
    links = pl.DataFrame({"head": ["a", "b", item], "relation": ["is"] * 3, "tail": ["b"] * 3})
    people = pl.DataFrame({"user_id": ["u"] * 2, "other_id": ["v"] * 2})
    data = replace(generate(40, 30).dataset, triples=links, edges=people, dropped={"bad": 2})
    found = [5.0, 1.0, 4.0, 2.0, 9.0, 7.0, 3.0, 8.0, 6.0]
    values = pl.Series("value", found * len(data.interactions)).head(len(data.interactions))
    data = replace(data, interactions=data.interactions.with_columns(values))
    summary = inspect(data)
    assert (summary.triples, summary.edges, summary.dropped) == (3, 2, {"bad": 2})
    assert (summary.items_in_triples, summary.entities) == (1, 2)
    assert "3, which speak of 1 items and 2 other entities" in described(summary)
    assert "triples" not in described(inspect(generate(40, 30).dataset))
    assert summary.values.edges == tuple(sorted(found))
    counted = {v: int((values == v).sum()) for v in found}
    assert summary.values.counts == tuple(counted[v] for v in sorted(found))
    assert (summary.name, summary.feedback, summary.clock) == (data.name, "rating", "unix")
    assert (summary.hash, summary.repeats) == (data.hash, "keep")


def test_up_to_twenty_values_have_a_bin_each() -> None:
    data = generate(40, 30).dataset
    for n, bins in ((20, 20), (21, 10)):
        values = (pl.int_range(pl.len()) % n + 1).cast(pl.Float32).alias("value")
        summary = inspect(replace(data, interactions=data.interactions.with_columns(values)))
        assert len(summary.values.counts) == bins


def test_borders_of_the_bins_of_counts_belong_to_the_upper_bin() -> None:
    events = pl.DataFrame({"user": [0] + [1] * 2 + [2] * 5 + [3] * 4, "item": 0, "value": 1.0})
    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["a"]}))
    ids = np.array(list("uvwx"), dtype=object)
    summary = inspect(Dataset("x", "implicit", None, catalogue, ids, events))
    assert summary.events_per_user.edges[:5] == (0, 1, 2, 5, 10)
    assert summary.events_per_user.counts[:5] == (0, 1, 2, 1, 0)
