"""What Prometheus may know: counts and times, and nothing of any person."""

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which several processes add up; one process needs none."""

REQUESTS = Counter("metarec_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "metarec_request_seconds",
    "Seconds until a request was answered.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
EVENTS_TOLD = Counter("metarec_events", "Events told, by what became of them.", ["outcome"])
PEOPLE_ASKED = Counter("metarec_people", "People asked about: kept in memory, or adapted.", ["how"])
MODELS_FAILED = Counter(
    "metarec_models_failed", "Models or item changes that a process could not make ready."
)
FORGOTTEN = Counter("metarec_forgotten", "People who were forgotten.")


def exposition() -> bytes:
    """All metrics in Prometheus' own format, of all processes together."""
    if not os.environ.get(SHARED):
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)
