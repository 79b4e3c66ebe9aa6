"""A shop of a million items: memory of the fit, and one person adapted and answered on one core.

The shop is made by hand: 200 items a topic, titles of a topic's words, three events for each item,
histories that stay in two topics and often go on to the item behind the one before. The fit, the
answers of the loaded model and the memory of both are measured in processes of their own: CPU time
and peaks.

    python -m benchmarks.million [--items 1000000]
"""

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from benchmarks.common import Goal, cpu_ms, say, write
from benchmarks.memory import child
from metarec.contracts import Catalogue, Dataset, Event
from metarec.encoders import HashEncoder
from metarec.meta import MetaConfig, MetaRecommender

ITEMS, SMALLER = 1_000_000, 10
TOPIC, WORDS, EVENTS, OWN = 200, 20_000, 10, 20
ANSWERS, K = 20, 10
LIMIT_MS = 60.0
SLACK = 1.3
"""Memory an item may vary by this much and still count as flat."""
RUN = """
import sys
from benchmarks import million
name, *arguments = sys.argv[1].split()
getattr(million, name)(*arguments)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=ITEMS)
    items = parser.parse_args().items
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        small = measured(f"fit_to {model} {items // SMALLER}")
        large = measured(f"fit_to {model} {items}")
        answered = measured(f"answers_of {model}")
    an_item = [found["peak"] / found["items"] for found in (small, large)]
    write(
        "million",
        None,
        [
            Goal(
                f"a model of {items:,} items adapts and answers a person of {OWN} events in under "
                f"{LIMIT_MS:.0f} ms on one core (k={K}, with standard deviations)",
                f"{answered['answer_ms']:.0f} ms",
                answered["answer_ms"] < LIMIT_MS,
            ),
            Goal(
                f"memory of a fit grows linearly in items (KB an item, {items // SMALLER:,} and "
                f"{items:,})",
                " ".join(f"{size / 1e3:.1f}" for size in an_item),
                an_item[1] <= SLACK * an_item[0],
            ),
        ],
        fits=[small, large],
        answers=answered,
        sizes={"events_an_item": 3, "events_of_a_person": OWN, "content": 64, "k": K},
    )


def measured(asked: str) -> dict[str, Any]:
    """What a function of this module says in a process of its own."""
    found: dict[str, Any] = json.loads(child(RUN, asked))
    say(f"{asked.split()[0]}: {found}")
    return found


def fit_to(folder: str, items: str) -> None:
    """A model of so many items is fitted and saved."""
    shop = large_shop(int(items))
    with threadpool_limits(limits=1):
        started = time.process_time()
        model = MetaRecommender(HashEncoder(64), MetaConfig(steps=0)).fit(shop, threads=1)
        cpu_s = time.process_time() - started
    model.save(folder)
    print(
        json.dumps(
            {
                "items": len(shop.catalogue),
                "events": len(shop.interactions),
                "touched": float(shop.touched.mean()),
                "cpu_s": cpu_s,
                "peak": memory("VmHWM"),
                "neighbours": model.metrics.get("neighbours"),
                "trust": model.metrics.get("trust"),
            }
        )
    )


def answers_of(folder: str) -> None:
    """The saved model is loaded, answers people it has not seen, and takes one more item."""
    before = memory("VmRSS")
    model = MetaRecommender.load(folder)
    ids, rng = model.catalogue.ids, np.random.default_rng(0)
    people = [[Event(ids[i]) for i in rng.integers(0, len(ids), OWN)] for _ in range(ANSWERS + 1)]

    def answer(history: list[Event]) -> object:
        found = model.adapt(history).recommend(k=K)
        return list(found.ids), found.scores, found.stds

    added = pl.DataFrame({"item_id": ["new"], "title": ["word3 word7"]})
    with threadpool_limits(limits=1):
        first = cpu_ms(partial(answer, people[0]))  # reads what is read once
        answers = [cpu_ms(partial(answer, own)) for own in people[1:]]
        held = memory("VmRSS") - before
        adding = cpu_ms(lambda: model.add_items(added))
    print(
        json.dumps(
            {
                "first_ms": first,
                "answer_ms": median(answers),
                "slowest_ms": max(answers),
                "memory": held,
                "add_an_item_ms": adding,
            }
        )
    )


def large_shop(n_items: int) -> Dataset:
    """Items in topics, and people who stay in two of them."""
    rng = np.random.default_rng(0)
    n_users, n_topics = 3 * n_items // EVENTS, max(20, n_items // TOPIC)
    topic = np.sort(rng.integers(0, n_topics, n_items))
    words = rng.integers(0, WORDS, (n_topics, 8))
    own = words[topic[:, None], rng.integers(0, 8, (n_items, 5))]
    titles = np.concatenate([own, rng.integers(0, WORDS, (n_items, 1))], axis=1)
    counts = np.bincount(topic, minlength=n_topics)
    first = np.cumsum(counts) - counts
    liked = rng.integers(0, n_topics, (n_users, 2))
    items = np.zeros((n_users, EVENTS), dtype=np.int64)
    for place in range(EVENTS):
        chosen = liked[np.arange(n_users), rng.integers(0, 2, n_users)]
        item = first[chosen] + (counts[chosen] * rng.random(n_users) ** 3).astype(np.int64)
        if place:
            goes_on = rng.random(n_users) < 0.4
            item = np.where(goes_on, items[:, place - 1] + 1, item)
        items[:, place] = np.minimum(item, n_items - 1)
    table = {
        "item_id": [f"i{row}" for row in range(n_items)],
        "title": [" ".join(f"word{word}" for word in row) for row in titles.tolist()],
    }
    events = {
        "user": np.repeat(np.arange(n_users), EVENTS),
        "item": items.ravel(),
        "value": np.ones(items.size, dtype=np.float32),
        "timestamp": np.tile(np.arange(EVENTS), n_users),
    }
    users = np.array([f"u{row}" for row in range(n_users)], dtype=object)
    catalogue = Catalogue.of(pl.DataFrame(table))
    return Dataset("million", "implicit", "order", catalogue, users, pl.DataFrame(events))


def memory(kind: str) -> int:
    """Bytes of this process: VmRSS that it holds, VmHWM the most it held."""
    rows = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(row.split()[1]) * 1024 for row in rows if row.startswith(kind))


if __name__ == "__main__":
    main()
