"""LightGCN with and without a shop's triples, on the next event and on items that nobody took.

    python -m benchmarks.knowledge_graph [--seed 0]

RecBole's MovieLens-100k with its knowledge graph; ratings count as events. Its `.link` names films
by the ids of MovieLens-1M (Star Wars stands there for The Usual Suspects), so the triples are
carried over by title and year first. Both are fitted in the same way, with settings at which a fit
takes minutes, and compared in pairs of people. Items that nobody took are ranked among themselves;
there the content's own rows are printed beside.
"""

import argparse
from dataclasses import replace

import polars as pl

from benchmarks.common import content_of, data_folder
from metarec import recommenders as rows
from metarec.contracts import Dataset
from metarec.data import Split, load, split_cold_items, split_last_out
from metarec.evaluation import compare, evaluate

FACTORS, PATIENCE = 32, 8
WITHOUT, WITH = "without triples", "with triples"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    shop = with_its_films(load(data_folder("recbole-ml-100k")).as_events())
    next_event = split_last_out(shop)
    models = {
        name: fitted(graph, next_event, seed) for name, graph in ((WITHOUT, 0.0), (WITH, 1.0))
    }
    found = evaluate(models, next_event, metrics=["ndcg"], curve=None, rng=seed)
    print(found.summary().select("model", "scenario", "metric", "mean"))
    told = compare(found, WITH, family="triples")
    print(told.select("metric", "against", "difference", "low", "high", "p_holm"))
    cold = split_cold_items(shop)
    content = content_of(shop)
    beside = {
        WITH: fitted(1.0, cold, seed),
        "ContentKNN": rows.ContentKNN(content).fit(cold.train),
        "IALSRidge": rows.IALSRidge(content).fit(cold.train, rng=seed),
        "Random": rows.Random().fit(cold.train),
    }
    found = evaluate(beside, cold, metrics=["ndcg", "recall"], k=20, curve=None, rng=seed)
    print(found.summary().select("model", "scenario", "metric", "mean"))


def with_its_films(shop: Dataset) -> Dataset:
    """The shop with triples about its own films, found by title and year in MovieLens-1M."""
    other, own = load(data_folder("movielens-1m")).catalogue, shop.catalogue.frame
    named = zip(own["movie_title"], own["release_year"].cast(pl.String), strict=True)
    id_of = dict(zip(named, shop.catalogue.ids, strict=True))
    films = zip(other.ids, other.frame["title"], other.frame["year"].cast(pl.String), strict=True)
    to = {film: id_of.get((title, year), f"film:{film}") for film, title, year in films}
    assert shop.triples is not None
    return replace(shop, triples=shop.triples.with_columns(pl.col("head", "tail").replace(to)))


def fitted(graph: float, split: Split, seed: int) -> rows.LightGCN:
    """The row with the weight of its entities, stopped by the split's validation."""
    config = rows.LightGCNConfig(factors=FACTORS, patience=PATIENCE, graph=graph)
    return rows.LightGCN(config).fit(split.train, split.valid, rng=seed, progress=True)


if __name__ == "__main__":
    main()
