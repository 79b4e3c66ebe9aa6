"""Pure linear algebra: the Gaussian posterior of a person's weights, in closed form.

`differentiable`, the PyTorch twin, is imported by its own name, so that serving needs no PyTorch.
"""

from metarec.posterior.closed_form import (
    Posterior,
    Prior,
    Statistics,
    condition,
    gather,
    nothing_seen,
    observe,
)

__all__ = ["Posterior", "Prior", "Statistics", "condition", "gather", "nothing_seen", "observe"]
