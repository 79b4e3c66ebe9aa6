"""The memory of reading a shop, against what its table of events takes in memory by itself."""

import json
import subprocess
import sys
from pathlib import Path

READ = """
import json, sys, time
import polars as pl
from metarec.data import load
def peak_kb():  # of this program alone, where getrusage begins at what its parent had
    return next(int(row.split()[1]) for row in open("/proc/self/status") if row.startswith("VmHWM"))
before = peak_kb()
started = time.process_time()
shop = load(sys.argv[1])
cpu_s = time.process_time() - started
peak = peak_kb()
n = len(shop.interactions)
del shop
events = pl.read_parquet(sys.argv[1] + "/interactions.parquet").rechunk()
table = events.to_arrow(compat_level=pl.CompatLevel.newest()).nbytes
print(json.dumps({"events": n, "cpu_s": cpu_s, "memory": (peak - before) * 1024, "table": table,
                  "letters": events.estimated_size()}))
"""


def read_alone(folder: Path) -> dict[str, float]:
    """Events, CPU seconds, peak of memory and bytes of the table, of `load` in its own process.

    `memory` is the peak above what the process needed after its imports; `table` are the bytes of
    the table's own buffers, 16 a text and more for a long one. `letters` is what Polars estimates,
    which leaves these 16 out.
    """
    found: dict[str, float] = json.loads(child(READ, str(folder)))
    return found


def child(script: str, argument: str) -> str:
    """What a script prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, argument], check=True, capture_output=True, text=True
    )
    return done.stdout
