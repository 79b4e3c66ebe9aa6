"""SIGKILL at random moments of a storm of events: none lost, none doubled, people as if made anew.

After each start, and after a last storm without a kill, every process's list of each person must
have the very numbers of a model that reads all events of the store anew.

    python -m benchmarks.service_kills [--kills 20]
"""

import argparse
import json
import random
import threading
import time
from pathlib import Path

from benchmarks.common import Goal, say, write
from benchmarks.connections import Connection, listing
from benchmarks.running import Running, keys_in, model_in_store, running
from benchmarks.storm import PEOPLE, Storm
from metarec.meta import MetaRecommender
from metarec.serving.person import known_events
from metarec.serving.store import Store

ITEMS, K, WORKERS, KILLS = 3900, 10, 2, 20
STORM_S = (0.2, 3.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=KILLS)
    kills = parser.parse_args().kills
    with model_in_store(ITEMS) as (_, shop, folder, place):
        before = set(keys_in(place))
        storm = Storm([str(item) for item in shop.catalogue.ids])
        model, rng = MetaRecommender.load(folder), random.Random(0)
        lost, doubled, strange = 0, 0, 0
        for number in range(kills + 1):
            with running(folder, place, WORKERS) as service:
                strange += differing(service, model, place)
                over = threading.Event()
                threads = storm.blow(service.url, over)
                time.sleep(rng.uniform(*STORM_S))
                if number < kills:
                    service.kill()
                over.set()
                for thread in threads:
                    thread.join()
                if number == kills:
                    strange += differing(service, model, place)
            kept = keys_in(place)
            lost = len(set(storm.acknowledged) - set(kept))
            doubled += len(kept) - len(set(kept))
            told = len(set(kept) - before)
            say(f"{number + 1}: {told:,} kept, {len(storm.acknowledged):,} acknowledged, {lost=}")
    write(
        "service_kills",
        None,
        [
            Goal(
                f"{WORKERS} processes killed {kills} times in a storm of events: no acknowledged "
                "event lost, none doubled, every person as made anew from the store",
                f"{len(storm.acknowledged):,} acknowledged, {lost} lost, {doubled} doubled, "
                f"{strange} people otherwise",
                lost == doubled == strange == 0 < len(storm.acknowledged),
            )
        ],
        sizes={"items": ITEMS, "workers": WORKERS, "kills": kills},
    )


def differing(service: Running, model: MetaRecommender, place: Path) -> int:
    """How many lists of the storm's people differ from those of people who are made anew."""
    found = 0
    with Store(str(place)) as store:
        for user in (f"u{number}" for number in range(PEOPLE)):
            events = known_events(model, [kept.event for kept in store.history(user)])
            anew = model.adapt(events).recommend(K, at=time.time())
            rows = list(
                zip(anew.ids.tolist(), anew.scores.tolist(), anew.stds.tolist(), strict=True)
            )
            for _ in range(2 * WORKERS):  # by whichever process
                with Connection(service.url) as connection:
                    status, body = connection.ask(listing(service.url, user, K))
                assert status == 200, status
                items = json.loads(body)["items"]
                found += [(i["item_id"], i["score"], i["std"]) for i in items] != rows
    return found


if __name__ == "__main__":
    main()
