"""How steps down the gradient are taken: the same choices for every model that trains in steps."""

from dataclasses import dataclass
from typing import Literal

from metarec.contracts import DataError
from metarec.contracts.settings import NotNegative, Part, Settings, Share


@dataclass(frozen=True)
class OptimiserConfig(Settings):
    """An optimiser, and how the length of its steps changes; `learning_rate` is their longest."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    """Adam (Kingma and Ba 2015), AdamW (Loshchilov and Hutter 2019), or plain steps."""
    momentum: Part = 0.0
    """How much of the step before goes on in the next; of sgd alone."""
    weight_decay: NotNegative = 0.0
    """How fast weights fall that nothing asks for: by this times the learning rate (adamw), or
    as a penalty of half this times their squares in the loss (adam, sgd)."""
    schedule: Literal["one-cycle", "constant"] = "one-cycle"
    """After the rise: a cosine that falls to nothing (Smith 2018), or as long to the end."""
    warm_up: Share = 0.1
    """Share of the steps in which their length rises from nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.momentum and self.name != "sgd":
            raise DataError(f'momentum is of name="sgd" alone; {self.name} has its own')
