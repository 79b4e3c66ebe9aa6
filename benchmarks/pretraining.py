"""A new shop beside the model of another one: what that is worth while the shop is young.

The default model is fitted to one shop. Of another one, 30 % of the people are asked for the later
half of what they did after the first half; of the others so many are known that they have 0, 100 or
1,000 events, or all of them. There it stands beside what the other shop alone teaches: `start` (in
which nothing of the new shop is learned but its tables), `start` and `warm`, and `fit` with the
prior. At 0 events nothing can be fitted alone, and the trivial row is there for comparison.

Pairs: MovieLens latest, without any film whose title MovieLens-100k has, before MovieLens-100k
(whether people are the same cannot be known: ids were made anew); Amazon Beauty before Industrial,
and the other way round (no item is in both; buyers are unknown); half of the films of MovieLens-1M
rated by some people before the other half rated by others, which share neither. Scales of films are
declared alike. What is measured is kept, so that a run that was cut goes on.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Bool

from benchmarks.common import KEPT, Goal, content_of, data_folder, rounded, say, write
from metarec.contracts import Catalogue, DataError, Dataset, Recommender
from metarec.data import Split, load, split_cold
from metarec.encoders import ContentFeatures
from metarec.evaluation import Results, combine, compare, evaluate, load_results, save_results
from metarec.evaluation.protocol.provenance import versions
from metarec.meta import MetaRecommender, load_model
from metarec.recommenders import Popularity

SIZES = (0, 100, 1000, None)
"""Events of the new shop; None: all."""
SEEDS = (0,)
MOST_ASKED = 300
ASKED = "new users, known items"
SCALE = (0.5, 5.0)
ALONE, START, WARM, PRIOR = "alone", "start", "start, warm", "fit from the prior"


@dataclass(frozen=True)
class Pair:
    """Two shops, the first of which has a model."""

    name: str
    first: Callable[[], Dataset]
    second: Callable[[], Dataset]


def main() -> None:
    cells: list[dict[str, Any]] = []
    comparisons: list[pl.DataFrame] = []
    hashes: dict[str, Mapping[str, str]] = {}
    for pair in PAIRS:
        second = pair.second()
        content = content_of(second)
        prior, hashes[pair.name] = prior_of(pair, second)
        for size in SIZES:
            parts = [measured(pair, prior, second, content, size, seed) for seed in SEEDS]
            results = combine([results for results, _ in parts])
            shop = f"{pair.name}, {'all' if size is None else size} events"
            seconds = {name: [cpu[name] for _, cpu in parts] for name in parts[0][1]}
            cells.append({"shop": shop, "cpu_s": seconds, "results": rounded(results.summary())})
            if ALONE in results.models:
                found = compare(results, PRIOR, [ALONE], metrics=measures(second), family=shop)
                comparisons.append(found.with_columns(pl.lit(shop).alias("shop")))
        kept(cells, pl.concat(comparisons), hashes)


def kept(
    cells: list[dict[str, Any]], table: pl.DataFrame, hashes: Mapping[str, Mapping[str, str]]
) -> None:
    """Write what is measured so far: the pairs take an hour."""
    write(
        "pretraining",
        None,
        goals(table),
        table,
        cells=cells,
        hashes=dict(hashes),
        seeds=list(SEEDS),
        versions=versions(),
    )


def goals(table: pl.DataFrame) -> list[Goal]:
    """Never behind, by the corrected test of each shop."""
    found = []
    for (shop,), part in table.group_by("shop", maintain_order=True):
        told = ", ".join(
            f"{row['metric']} {row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]"
            for row in part.iter_rows(named=True)
        )
        behind = part.filter(pl.col("significant") & ~pl.col("better"))
        found.append(Goal(f"{shop}: not behind the shop alone", told, not len(behind)))
    return found


def measures(shop: Dataset) -> list[str]:
    return [*(["mae", "rmse"] if shop.feedback == "rating" else []), "ndcg@10"]


def measured(
    pair: Pair,
    prior: MetaRecommender,
    shop: Dataset,
    content: ContentFeatures,
    size: int | None,
    seed: int,
) -> tuple[Results, dict[str, float]]:
    """The models of a shop of so many events, or what was measured of them before."""
    split = split_cold(shop, users=0.3, items=0.0, valid=0.0, rng=seed)
    train = split.train if size is None else some_people(split.train, size, seed)
    what = [pair.name, prior.metrics["train_hash"], train.hash, content.fingerprint, seed, source()]
    folder = KEPT / f"pretraining-{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]}"
    times = folder / "cpu_s.json"
    if times.exists():
        return load_results(folder / "results"), json.loads(times.read_text())
    fits: dict[str, Callable[[], Recommender]] = {
        "Popularity": lambda: Popularity().fit(train),
        START: lambda: prior.start(train, content),
        WARM: lambda: prior.start(train, content).warm(train.histories),
        PRIOR: lambda: MetaRecommender(content).fit(train, rng=seed, prior=prior),
        ALONE: lambda: MetaRecommender(content).fit(train, rng=seed),
    }
    models, cpu = {}, {}
    for name, fit in fits.items():
        began = time.process_time()
        try:
            models[name] = fit()
        except DataError as error:
            say(f"{name}: {error}")
            continue
        cpu[name] = round(time.process_time() - began, 1)
    episodes = split.test[ASKED]
    episodes = episodes.take(np.arange(min(len(episodes), MOST_ASKED)))
    asked = Split(split.name, train, split.valid, {ASKED: episodes}, split.excludes, split.settings)
    metrics = sorted({name.partition("@")[0] for name in measures(shop)})
    results = evaluate(models, asked, metrics=metrics, k=10, curve=None, rng=seed)
    folder.mkdir(parents=True, exist_ok=True)
    save_results(results, folder / "results")
    times.write_text(json.dumps(cpu))
    say(f"{pair.name}, {size} events, seed {seed}: {cpu}")
    return results, cpu


def prior_of(pair: Pair, second: Dataset) -> tuple[MetaRecommender, dict[str, str]]:
    """The default model of the first shop, fitted once."""
    first = pair.first()
    hashes = {"first": first.hash, "second": second.hash}
    folder = KEPT / f"prior-{first.hash[:16]}"
    if not folder.exists():
        KEPT.mkdir(exist_ok=True)
        began = time.process_time()
        MetaRecommender(content_of(first)).fit(first, rng=0).save(folder)
        say(f"{pair.name}: the first shop took {time.process_time() - began:.0f} s of CPU")
    model: MetaRecommender = load_model(folder)
    return model, hashes


def source() -> str:
    """Names what the numbers are of, beside data and seed."""
    digest = hashlib.sha256()
    for file in sorted((Path(__file__).parents[1] / "src" / "metarec" / "meta").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def some_people(shop: Dataset, size: int, seed: int) -> Dataset:
    """The shop as far as people drawn at random, of two events or more, have `size` events."""
    users = shop.interactions["user"].to_numpy()
    counts = np.bincount(users, minlength=len(shop.user_ids))
    order = np.random.default_rng(seed).permutation(np.flatnonzero(counts >= 2))
    n = int(np.searchsorted(np.cumsum(counts[order]), size)) + 1 if size else 0
    return shop.where(np.isin(users, order[:n]))


def films(name: str) -> Dataset:
    return replace(load(data_folder(name)), declared_scale=SCALE)


def other_films() -> Dataset:
    """MovieLens latest without a film that MovieLens-100k has too, by its title."""
    shop, known = films("movielens-latest-small"), set(titles_of(films("movielens-100k")))
    return of_items(shop, np.array([title not in known for title in titles_of(shop)]))


def titles_of(shop: Dataset) -> list[str]:
    """The words of each title."""
    titles = shop.catalogue.titles
    assert titles is not None
    return [re.sub(r"[^a-z0-9]+", " ", str(title).lower()).strip() for title in titles]


def half_of_films(which: int) -> Dataset:
    """One half of MovieLens-1M's films, rated by a quarter of its people, who rate nothing in the
    other half."""
    shop = load(data_folder("movielens-1m"))
    rng = np.random.default_rng(0)
    items, people = rng.permutation(len(shop.catalogue)), rng.permutation(len(shop.user_ids))
    shop = of_items(shop, items % 2 == which)
    return shop.where((people % 4 == which)[shop.interactions["user"].to_numpy()])


def of_items(shop: Dataset, kept: Bool[np.ndarray, " item"]) -> Dataset:
    """The shop with some of its items, and the events on them."""
    events = shop.interactions.filter(pl.Series(kept[shop.interactions["item"].to_numpy()]))
    rows = pl.Series("item", (np.cumsum(kept) - 1)[events["item"].to_numpy()])
    catalogue = Catalogue.of(shop.catalogue.table.filter(pl.Series(kept)))
    events = events.with_columns(rows.cast(events.schema["item"]))
    return replace(shop, catalogue=catalogue, interactions=events)


def goods(name: str) -> Callable[[], Dataset]:
    return lambda: load(data_folder(f"amazon-{name}"))


PAIRS = (
    Pair(
        "films of MovieLens latest -> MovieLens-100k", other_films, partial(films, "movielens-100k")
    ),
    Pair("Amazon Beauty -> Amazon Industrial", goods("beauty"), goods("industrial")),
    Pair("Amazon Industrial -> Amazon Beauty", goods("industrial"), goods("beauty")),
    Pair(
        "half of MovieLens-1M -> the other half",
        partial(half_of_films, 0),
        partial(half_of_films, 1),
    ),
)


if __name__ == "__main__":
    main()
