"""What the heart must have learned, on data whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

import metarec as mr
from metarec.contracts import Catalogue
from metarec.data import Split, split_cold
from metarec.evaluation import evaluate, verdict, write_report
from metarec.recommenders import EASE, Cooccurrence, Popularity, UserItemBias, UserMean

CONFIG = mr.MetaConfig(d=8, steps=200, judge_every=50)
KNOWN_NEW = "known users, new items"


def shuffled(split: Split) -> Split:
    """The split with the items' content dealt out to other items."""
    catalogue = split.train.catalogue
    order = np.random.default_rng(0).permutation(len(catalogue))
    # the ids array stays the very same object: episodes share it as their vocabulary
    other = Catalogue(catalogue.ids, catalogue.frame[order], catalogue.offered)
    return replace(split, train=replace(split.train, catalogue=other))


@pytest.mark.slow
def test_shuffling_the_items_texts_destroys_the_result_on_untouched_items():
    split = split_cold(mr.generate(users=800, items=400, rng=0).dataset, rng=0)
    found = {}
    for name, part in (("real", split), ("shuffled", shuffled(split))):
        model = mr.MetaRecommender(mr.HashEncoder(), CONFIG).fit(part.train, part.valid)
        results = evaluate({name: model}, part, metrics=["list_ndcg@3"], curve=None)
        cells = results.summary()
        found[name] = dict(zip(cells["scenario"], cells["mean"], strict=True))[KNOWN_NEW]
    chance = evaluate(
        {"mean": UserMean().fit(split.train)}, split, metrics=["list_ndcg@3"], curve=None
    )
    level = dict(zip(chance.summary()["scenario"], chance.summary()["mean"], strict=True))
    gain = found["real"] - level[KNOWN_NEW]
    assert gain > 0.01
    assert found["shuffled"] - level[KNOWN_NEW] < gain / 2


@pytest.mark.slow
def test_where_tastes_do_not_differ_the_report_says_that_a_simple_model_is_as_good(tmp_path):
    shop = mr.generate(users=600, items=200, rng=0, regime="bias").dataset
    split = split_cold(shop, rng=0)
    models = {
        "Heart": mr.MetaRecommender(mr.HashEncoder(), CONFIG).fit(split.train, split.valid),
        "UserItemBias": UserItemBias().fit(split.train),
    }
    results = evaluate(models, split, curve=None)
    found = write_report(results, tmp_path / "report.html", heart="Heart")
    assert "A simple model" in found.line
    assert found.line.split(" (")[0] in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_where_items_go_together_whatever_their_texts_evidence_is_what_wins():
    shop = mr.generate(users=600, items=200, kind="implicit", rng=0, regime="cooccurrence").dataset
    split = mr.split_last_out(shop)
    models = {
        "Heart": mr.MetaRecommender(mr.HashEncoder(), CONFIG).fit(split.train, split.valid),
        "Alone": mr.MetaRecommender(mr.HashEncoder(), replace(CONFIG, evidence=False)).fit(
            split.train, split.valid
        ),
        "EASE": EASE().fit(split.train),
        "Cooccurrence": Cooccurrence().fit(split.train),
        "Popularity": Popularity().fit(split.train),
    }
    # of what is new to people: which of it goes with what they had is the question here
    results = evaluate(models, split, metrics=["ndcg"], curve=None, exclude_seen=True)
    rows = ["EASE", "Cooccurrence", "Popularity"]
    assert verdict(results, "Alone", simple=rows).line.startswith("A simple model")
    assert "Heart wins" in verdict(results, "Heart", simple=rows).line


@pytest.mark.slow
def test_more_events_of_a_person_bring_less_error():
    split = split_cold(mr.generate(users=800, items=400, rng=0).dataset, rng=0)
    model = mr.MetaRecommender(mr.HashEncoder(), CONFIG).fit(split.train, split.valid)
    results = evaluate({"heart": model}, split, metrics=["mae"], curve=(0, 2, 10))
    cells = results.summary().filter(scenario="new users, known items")
    error = dict(zip(cells["k"], cells["mean"], strict=True))
    assert error[10] < error[2] < error[0]
