"""How many threads linear algebra takes while a model is fitted."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def limited(threads: int | None) -> Iterator[None]:
    """At most this many threads of BLAS, OpenMP and PyTorch inside; None leaves what is set."""
    if threads is None:
        yield
        return
    torch = sys.modules.get("torch")  # who never trains has not loaded it
    before = None if torch is None else torch.get_num_threads()
    with threadpool_limits(threads):
        if torch is not None:
            torch.set_num_threads(threads)
        try:
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(before)
