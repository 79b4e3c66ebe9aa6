"""The default on shops that it was not chosen on: `MetaConfig()` and no setting, beside every row.

One family: shop × scenario, NDCG@10, every row against the default (max-T over rows within a cell).
What the default's constants were chosen on (`CHOSEN_ON`) is told apart from what they were not.
Rows stand at their defaults, or at the best of `TRIALS` settings on the validation of the split. A
shop that was measured is kept, so that a run that was cut goes on with the next, and so is each
row: a change of the heart does not change it.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common import (
    HEART,
    KEPT,
    SOURCE,
    Goal,
    Row,
    content_of,
    data_folder,
    kept_rows,
    row,
    say,
    search,
    write,
)
from metarec import recommenders as rows
from metarec.contracts import Dataset, Recommender
from metarec.data import Split, generate, load, split_cold, split_last_out
from metarec.encoders import ContentFeatures
from metarec.evaluation import Results, evaluate
from metarec.evaluation.protocol.provenance import versions
from metarec.jobs.advising import facts_of
from metarec.jobs.advising.advice import Expected
from metarec.meta import MetaRecommender

TRIALS = 4
CHOSEN_ON = (
    "movielens-100k, ratings",
    "movielens-100k, events",
    "movielens-latest-small, ratings",
    "movielens-latest-small, events",
    "synthetic, ratings",
    "synthetic, events",
    "retailrocket, buys",
    "amazon-industrial",
    "amazon-beauty",
    "movielens-1m, events",
    "synthetic, tastes alike",
)
"""Where a constant or a rule of the default was chosen by what it did there, on test people too:
the numbers of these shops flatter it."""
DRAWS = 1000
LEVEL = 0.95
BEHIND = 0.03


def _rated(name: str) -> Callable[[], Dataset]:
    return lambda: load(data_folder(name))


def _events(name: str) -> Callable[[], Dataset]:
    return lambda: load(data_folder(name)).as_events()


def _synthetic(kind: Any, seed: int, regime: Any = "content") -> Callable[[], Dataset]:
    return lambda: generate(users=800, items=400, kind=kind, rng=seed, regime=regime).dataset


def _tenth(whole: Callable[[], Dataset]) -> Callable[[], Dataset]:
    """A tenth of the people, with the whole catalogue."""

    def drawn() -> Dataset:
        shop = whole()
        kept = np.random.default_rng(0).random(len(shop.user_ids)) < 0.1
        return shop.where(kept[shop.interactions["user"].to_numpy()])

    return drawn


SHOPS: Mapping[str, tuple[Callable[[], Dataset], Callable[[Dataset], Split]]] = {
    "synthetic, ratings": (_synthetic("rating", 11), split_cold),
    "synthetic, events": (_synthetic("implicit", 12), split_cold),
    "movielens-100k, ratings": (_rated("movielens-100k"), split_cold),
    "movielens-100k, events": (_events("movielens-100k"), split_last_out),
    "movielens-latest-small, ratings": (_rated("movielens-latest-small"), split_cold),
    "movielens-latest-small, events": (_events("movielens-latest-small"), split_last_out),
    "lastfm-2k": (_rated("lastfm-2k"), split_cold),
    "retailrocket, buys": (
        lambda: replace(load(data_folder("retailrocket")), target_kinds=("buy",)),
        split_cold,
    ),
    "amazon-industrial": (_rated("amazon-industrial"), split_last_out),
    "amazon-beauty": (_rated("amazon-beauty"), split_last_out),
    "synthetic, tastes alike": (_synthetic("rating", 13, "bias"), split_cold),
    "synthetic, texts that tell nothing": (
        _synthetic("implicit", 14, "cooccurrence"),
        split_cold,
    ),
    "movielens-1m, a tenth, ratings": (_tenth(_rated("movielens-1m")), split_cold),
    "movielens-1m, a tenth, events": (_tenth(_events("movielens-1m")), split_last_out),
    "amazon-beauty, a tenth": (_tenth(_rated("amazon-beauty")), split_last_out),
    "movielens-1m, events": (_events("movielens-1m"), split_last_out),
}


def main(shops: Sequence[str] = tuple(SHOPS)) -> None:
    told = [cell for name in shops for cell in kept(name)]
    names = [name for name in SHOPS if any(cell["shop"] == name for cell in told)]
    apart = [cell for cell in told if cell["shop"] not in CHOSEN_ON]
    write(
        "strangers",
        None,
        [*goals("shops that nothing was chosen on", apart), *goals("all shops", told)],
        shops=names,
        chosen_on=[name for name in names if name in CHOSEN_ON],
        trials=TRIALS,
        versions=dict(versions()),
        cells=told,
    )
    text = json.dumps({"shops": [expected(name, told) for name in names]}, indent=1)
    (SOURCE / "jobs" / "advising" / "measured.json").write_text(text + "\n", encoding="utf-8")


def expected(shop: str, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What `metarec.advise` tells of a shop."""
    own = [cell for cell in cells if cell["shop"] == shop]
    names = [field.name for field in fields(Expected)]
    return {
        "shop": shop,
        "facts": own[0]["facts"],
        "fit_cpu_s": own[0]["fit_cpu_s"],
        "cells": [{name: cell[name] for name in names} for cell in own],
    }


def goals(what: str, cells: Sequence[Mapping[str, Any]]) -> list[Goal]:
    """Nowhere behind by 3 %, and ahead beyond chance in two thirds; none without cells."""
    if not cells:
        return []
    behind = [c for c in cells if c["high"] < -BEHIND * c["row_ndcg"]]
    ahead = [c for c in cells if c["low"] > 0]
    undecided = len(cells) - len(ahead) - len([c for c in cells if c["high"] < 0])
    where = "; ".join(f"{c['shop']}, {c['scenario']}: {c['row']}" for c in behind)
    return [
        Goal(
            f"{what}: nowhere behind the best row by 3 % beyond chance",
            where or f"nowhere of {len(cells)}, {undecided} undecided",
            not behind,
        ),
        Goal(
            f"{what}: ahead of every row beyond chance in two thirds",
            f"{len(ahead)} of {len(cells)}",
            3 * len(ahead) >= 2 * len(cells),
        ),
    ]


def kept(name: str) -> list[dict[str, Any]]:
    """The cells of a shop, measured now or before."""
    file = KEPT / f"{file_name(name)}.json"
    if not file.exists():
        KEPT.mkdir(exist_ok=True)
        file.write_text(json.dumps(measured(name)), encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def file_name(shop: str) -> str:
    return f"strangers-{shop.replace(', ', '-').replace(' ', '-')}"


def measured(name: str) -> list[dict[str, Any]]:
    """One cell a scenario of the shop: the default, the best row, and the interval between them."""
    load_shop, split_of = SHOPS[name]
    shop = load_shop()
    split = split_of(shop)
    content = content_of(split.train)
    started, cpu = time.monotonic(), time.process_time()
    model = MetaRecommender(content).fit(split.train, split.valid)
    took = {"fit_s": time.monotonic() - started, "fit_cpu_s": time.process_time() - cpu}
    say(f"{name}: the default took {took['fit_cpu_s']:.0f} s of CPU")
    values = pl.concat([judged(HEART, model, split).values, *rows_told(name, split, content)])
    facts: dict[str, Any] = {"shop": name} | {key: round(value, 1) for key, value in took.items()}
    facts |= {"facts": asdict(facts_of(shop))}
    cells = [facts | cell_of(values, scenario) for scenario in split.test]
    for cell in cells:
        say(f"  {cell['scenario']}: {cell['ndcg']:.4f}, {cell['row']} {cell['row_ndcg']:.4f}")
    return cells


def rows_told(name: str, split: Split, content: ContentFeatures) -> list[pl.DataFrame]:
    """What every row that orders items has, tuned on the validation of the split."""
    entries = {
        "Popularity": Row(rows.Popularity, {}, "Popularity", {}, ()),
        "PredictedPopularity": read(rows.PredictedPopularity, content),
        "ContentKNN": read(rows.ContentKNN, content),
        "IALSRidge": read(rows.IALSRidge, content),
        "EASE": row(rows.EASE, rows.EASEConfig, recency=1.0),
        "EASE+recency": row(rows.EASE, rows.EASEConfig),
        "IALS": row(rows.IALS, rows.IALSConfig, recency=1.0),
        "IALS+recency": row(rows.IALS, rows.IALSConfig),
        "ItemKNN": row(rows.ItemKNN, rows.ItemKNNConfig, recency=1.0),
        "ItemKNN+recency": row(rows.ItemKNN, rows.ItemKNNConfig),
        "Cooccurrence": row(rows.Cooccurrence, rows.CooccurrenceConfig),
    }
    found = []
    for label, entry in entries.items():
        one = partial(measured_row, label, entry, split)
        found.append(kept_rows(f"{file_name(name)}-{label}", {label: entry}, split, one).values)
    return found


def read(model: Any, content: ContentFeatures) -> Row:
    """A row that reads content, at its defaults."""
    return Row(lambda: model(content), {}, model.__qualname__, {}, [content.fingerprint])


def measured_row(label: str, entry: Row, split: Split) -> Results:
    """A row at the best of `TRIALS` settings on the validation of the split."""
    settings: Mapping[str, Any] = {}
    if entry.space:
        settings = search(
            label, entry.make, entry.space, split, objective="ndcg", trials=TRIALS, k=10
        ).settings
    return judged(label, entry.make(**settings).fit(split.train, split.valid), split)


def judged(label: str, model: Recommender, split: Split) -> Results:
    return evaluate({label: model}, split, metrics=["ndcg"], curve=None)


def cell_of(values: pl.DataFrame, scenario: str) -> dict[str, Any]:
    """The default against the best row: a paired bootstrap over people, wide enough for all rows
    at once (max-T)."""
    mine = values.filter((values["scenario"] == scenario) & (values["metric"] == "ndcg@10"))
    table = mine.pivot("model", index="user_id", values="value").sort("user_id")
    own = table[HEART].to_numpy()
    names = [name for name in table.columns if name not in ("user_id", HEART)]
    ahead = own[:, None] - table.select(names).to_numpy()
    mean, n = ahead.mean(axis=0), len(own)
    error = ahead.std(axis=0) / np.sqrt(n) + 1e-12
    rng = np.random.default_rng(0)
    drawn = np.stack([ahead[rng.integers(0, n, n)].mean(axis=0) for _ in range(DRAWS)])
    wide = float(np.quantile(np.abs((drawn - mean) / error).max(axis=1), LEVEL))
    best = int(mean.argmin())
    return {
        "scenario": scenario,
        "people": n,
        "ndcg": float(own.mean()),
        "row": names[best],
        "row_ndcg": float(own.mean() - mean[best]),
        "low": float(mean[best] - wide * error[best]),
        "high": float(mean[best] + wide * error[best]),
        "rows": {name: float(own.mean() - mean[i]) for i, name in enumerate(names)},
    }
