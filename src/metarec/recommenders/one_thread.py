"""One BLAS thread while `implicit` learns."""

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def one_blas_thread() -> AbstractContextManager[None]:
    """A context in which BLAS uses one thread.

    `implicit` asks for it (its own threads run beside), and it fixes the order of sums, so that
    equal seeds give equal bits.
    """
    limits: AbstractContextManager[None] = threadpool_limits(1, "blas")
    return limits
