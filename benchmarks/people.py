"""How cost grows with people: CPU time and memory of a fit, of lists and of an evaluation.

Synthetic shops of 500 items, of each person the first few events: everything is the same but how
many people there are. The default fit, an adapted person's list, lists of all in batches, and the
evaluation of all; each size in a process of its own. A slope is that of the logarithms of time and
of people: 1 where twice the people take twice the time. All of them are printed, and memory is the
peak above what the process needed after its imports.

    python -m benchmarks.people [--most 1000000]
"""

import argparse
import json
import math
import os
from typing import Any

from benchmarks.common import Goal, say, write
from benchmarks.memory import child

PEOPLE = (1_000, 10_000, 100_000, 1_000_000)
EVENTS = 4
"""Of each person, so that a million of them are four million events."""
SINGLY = 1000
SLOPE = 1.05
SMALL = 10_000
"""Below, what every fit costs whatever its shop hides what people cost."""

MEASURE = """
import json, sys, time
import numpy as np
import metarec as mr
from metarec.data import split_last_out
def peak_kb():
    return next(int(row.split()[1]) for row in open("/proc/self/status") if row.startswith("VmHWM"))
people, events, singly = map(int, sys.argv[1].split(","))
before = peak_kb()
shop = mr.generate(users=people, items=500, kind="implicit", rng=0).dataset
told = shop.histories
late = told.lengths[told.rows] - told.places <= events
kept = np.zeros(len(shop.interactions), dtype=bool)
kept[shop.order[late]] = True
shop = shop.where(kept)
split = split_last_out(shop)
found = {"people": people, "events": len(shop.interactions)}
def measured(name, what, n):
    started = time.process_time()
    answer = what()
    found[name] = time.process_time() - started
    found[name + "_each"] = found[name] / n
    found[name + "_peak"] = (peak_kb() - before) * 1024
    return answer
learner = mr.MetaRecommender(mr.HashEncoder())
model = measured("fit", lambda: learner.fit(split.train, split.valid), people)
own = [split.train.histories.events(user) for user in range(min(singly, people))]
measured("adapt", lambda: [model.adapt(each).recommend(10) for each in own], len(own))
measured("recommend", lambda: model.recommend(split.train.histories, 10), people)
told = {"metrics": ["ndcg"], "k": 10, "curve": None}
measured("evaluate", lambda: mr.evaluate({"heart": model}, split, **told), people)
print(json.dumps(found))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--most", type=int, choices=PEOPLE[2:], default=PEOPLE[-1])
    most = parser.parse_args().most
    found = [measured(people) for people in PEOPLE if people <= most]
    slopes = {name: slope(found, name) for name in ("fit", "recommend", "evaluate")}
    slopes |= {f"memory of {name}": slope(found, f"{name}_peak") for name in ("fit", "evaluate")}
    goals = [
        Goal(
            f"{name}: twice the people take at most {SLOPE} times twice", f"{own:.2f}", own <= SLOPE
        )
        for name, own in slopes.items()
    ]
    each = [one["adapt_each"] * 1e3 for one in found]
    flat = Goal(
        "one person's list stays as quick however many people there are (CPU ms)",
        " ".join(f"{ms:.2f}" for ms in each),
        each[-1] <= 1.3 * each[0],
    )
    write("people", None, [*goals, flat], sizes=found, slopes=slopes)


def slope(found: list[dict[str, Any]], name: str) -> float:
    """From the first size that counts to the last."""
    first, last = next(one for one in found if one["people"] >= SMALL), found[-1]
    return math.log(last[name] / first[name]) / math.log(last["people"] / first["people"])


def measured(people: int) -> dict[str, Any]:
    """One size, in a process of its own."""
    os.environ["OMP_NUM_THREADS"] = "1"
    one: dict[str, Any] = json.loads(child(MEASURE, f"{people},{EVENTS},{SINGLY}"))
    say(", ".join(f"{name} {value:.4g}" for name, value in one.items()))
    return one


if __name__ == "__main__":
    main()
