"""The hyperparameters of the heart, each documented once."""

from dataclasses import dataclass
from typing import Literal

from metarec.contracts import DataError, whole_number
from metarec.recommenders.settings import described, real_number, yes_or_no

PENALTIES = (
    "content_decay",
    "offset_decay",
    "unsure_decay",
    "residual_precision",
    "noise_precision",
)
"""Settings that hold learned weights to 0 or to their start."""
SHARES = ("dropout", "masked", "all_masked")
POSITIVE = ("learning_rate", "start_confidence", "start_l2", "start_penalty")
NUMBERS = ("evenness", *SHARES, *PENALTIES, *POSITIVE)
WHOLE = {
    "d": 1,
    "hidden": 0,
    "steps": 0,
    "batch_users": 1,
    "max_events": 2,
    "prefixes": 1,
    "patience": 1,
    "judge_every": 1,
}
"""Settings that are whole numbers, and the least that each may be."""


@described
@dataclass(frozen=True)
class MetaConfig:
    """What shapes the model and its training; how to run it goes to `fit`."""

    d: int = 16
    """Number of learned features of an item, beside the constant that carries the user's bias."""
    hidden: int = 0
    """Width of the hidden layer of the content networks g and t; 0 makes them linear."""
    dropout: float = 0.2
    """Share of hidden units silenced in training (only with a hidden layer)."""
    profile: bool = True
    """Let the prior mean depend on the user's profile, where there are profiles."""
    recency: Literal["auto", "none", "place", "clock"] = "auto"
    """What the age of an event is: its place from the newest, or days; "auto" is place for
    implicit events and none for ratings."""
    value_weight: Literal["none", "log"] = "none"
    """Confidence of an implicit event by its value: all alike, or 1 + log(1 + value)."""
    steps: int = 1000
    """Training steps at most; early stopping may end sooner. 0 leaves a model of implicit events at
    its start, with recency and κ fitted to validation (a shop too small to hold anyone out keeps
    its recency): where histories are a few events long, factors know those that training asks for,
    and training makes the top of the list worse."""
    batch_users: int = 128
    """Episodes in a training step."""
    max_events: int = 150
    """Events of one history used in one episode."""
    prefixes: int = 4
    """Prefixes of one history judged in one step (implicit events)."""
    learning_rate: float = 3e-3
    """Peak of the one-cycle schedule."""
    masked: float = 0.1
    """Share of items whose residuals are hidden in a step, so that content stands alone."""
    all_masked: float = 0.1
    """Share of steps in which every item's residual is hidden: the newest items meet each other."""
    content_decay: float = 1e-2
    """Penalty on the squared weights of g and of the profile's map; where training starts at
    factors, on the distance of g's linear map from its start."""
    offset_decay: float = 1e-2
    """Squared-weight penalty on t, and on the map to the noise."""
    unsure_decay: float = 1e-4
    """Squared-weight penalty on the map to τ²; without any, it learns the training items by heart
    and promises too much of some new items and too little of others."""
    residual_precision: float = 20.0
    """Prior precision of the residuals v and β, in events: the more, the stronger the shrinkage
    to 0, or of v to its factors where training starts there."""
    noise_precision: float = 2.0
    """Prior precision of ν, an item's own part of the log noise, in events."""
    evenness: float = 0.5
    """How people weigh in the loss: 0 counts every query event alike, 1 every person alike; where
    the age of implicit events counts, everyone is judged on `prefixes` events anyway."""
    start: Literal["auto", "factors", "random"] = "auto"
    """Where g and v start: at iALS factors and their ridge map from content, which the penalties
    then hold them to, or at random; "auto" is factors for implicit events, random for ratings,
    which have no such factors."""
    start_confidence: float = 1.0
    """Confidence of an event in those factors, beyond that of a missing one."""
    start_l2: float = 0.05
    """Ridge penalty on those factors, relative to the confidence of a user's mean number of
    events."""
    start_penalty: float = 1.0
    """Ridge penalty of their map, relative to the mean squared length of the content."""
    patience: int = 8
    """Judgements on validation without an improvement before training stops."""
    judge_every: int = 100
    """Steps between judgements on validation."""

    def __post_init__(self) -> None:
        for name, least in WHOLE.items():
            number = whole_number(name, getattr(self, name), least)
            object.__setattr__(self, name, number)  # a NumPy integer cannot be saved
        for name in NUMBERS:
            object.__setattr__(self, name, real_number(name, getattr(self, name)))
        object.__setattr__(self, "profile", yes_or_no("profile", self.profile))
        if self.steps == 0 and self.start == "random":
            raise DataError(
                "steps=0 leaves the model at its start, and a random one has learned nothing; use "
                'start="auto" or "factors"'
            )
        if not 0 <= self.evenness <= 1:
            raise DataError(f"evenness must be in [0, 1], got {self.evenness}")
        for name in SHARES:
            if not 0 <= getattr(self, name) < 1:
                raise DataError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        for name in PENALTIES:
            if not 0 <= getattr(self, name) < float("inf"):
                raise DataError(
                    f"{name} must be finite and not negative, got {getattr(self, name)}"
                )
        for name, options in (
            ("recency", ("auto", "none", "place", "clock")),
            ("value_weight", ("none", "log")),
            ("start", ("auto", "factors", "random")),
        ):
            if getattr(self, name) not in options:
                raise DataError(f"{name} must be one of {options}, got {getattr(self, name)!r}")
        for name in POSITIVE:
            if not 0 < getattr(self, name) < float("inf"):
                raise DataError(f"{name} must be above 0 and finite, got {getattr(self, name)}")
