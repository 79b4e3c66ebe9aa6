"""How cost grows: CPU time a million events of reading, CPU time a user of serving, and memory.

Synthetic shops of growing size. The memory of `load` is the peak of a process of its own above what
it needed after its imports, in units of the event table's own buffers.

    python -m benchmarks.growth [--events 25000000]
"""

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.common import Goal, say, write
from benchmarks.memory import child, read_alone

EVENTS_A_USER = 24.0
USERS = (20_000, 40_000, 80_000)
SERVED = (500, 1000, 2000)
SLACK = 1.3
"""Time a unit may vary by this much on a shared machine and still count as flat."""

SERVE = """
import json, sys, time
import metarec as mr
shop = mr.generate(users=2000, items=500, rng=0).dataset
model = mr.MetaRecommender(mr.HashEncoder(), mr.MetaConfig(steps=20)).fit(shop)
found = {}
for n in map(int, sys.argv[1].split(",")):
    people = shop.histories.take(slice(0, n))
    model.recommend(people, k=10)
    times = []
    for _ in range(5):
        started = time.process_time()
        model.recommend(people, k=10)
        times.append(time.process_time() - started)
    found[n] = sorted(times)[2] / n
print(json.dumps(found))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=25_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        reads = [read(Path(scratch), users) for users in USERS]
        large = read(Path(scratch), int(given.events / EVENTS_A_USER))
    rates = [found["cpu_s"] / found["events"] * 1e6 for found in reads]
    served = json.loads(child(SERVE, ",".join(map(str, SERVED))))
    a_user = [served[str(n)] for n in SERVED]
    memory = large["memory"] / large["table"]
    millions = large["events"] / 1e6
    write(
        "growth",
        None,
        [
            Goal(
                "reading grows linearly in events (CPU s a million, doubling twice)",
                " ".join(f"{rate:.2f}" for rate in rates),
                rates[-1] <= SLACK * rates[0],
            ),
            Goal(
                "serving stays flat a user (CPU ms, doubling twice)",
                " ".join(f"{seconds * 1e3:.3f}" for seconds in a_user),
                a_user[-1] <= SLACK * a_user[0],
            ),
            Goal(
                f"memory of reading {millions:.1f} million events: within 4x of the table",
                f"{memory:.2f}x",
                memory <= 4.0 and large["events"] >= given.events * 0.9,
            ),
        ],
        reads=reads,
        large=large,
    )


def read(scratch: Path, users: int) -> dict[str, float]:
    """Reading a synthetic shop of that many users, in a process of its own."""
    from metarec.data import generate_to

    folder = scratch / f"shop-{users}"
    generate_to(folder, users=users, items=5000)
    found = read_alone(folder)
    say(f"{users:,} users: {found}")
    return found


if __name__ == "__main__":
    main()
