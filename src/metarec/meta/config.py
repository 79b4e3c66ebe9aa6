"""The hyperparameters of the heart, each documented once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from metarec.contracts import DataError, Feedback
from metarec.contracts.settings import (
    Bound,
    Count,
    CountOrNone,
    NotNegative,
    Part,
    Positive,
    Settings,
    Share,
)
from metarec.meta.updaters import UPDATERS, UpdaterName
from metarec.meta.updaters.inner_loop import INNER, InnerLoop
from metarec.recommenders.sasrec_config import SASRecConfig
from metarec.training.optimiser_config import OptimiserConfig

LOGITS_IN_A_STEP, FEWEST_USERS = 2**26, 16
"""Scores of items for prefixes of histories in a step of training on implicit events: seconds of
it."""
STEPS: Mapping[Feedback, int] = {"rating": 1000, "implicit": 400}
"""Training steps where they are not said."""
D, WIDE_D = 16, 64
"""Features of an item where they are not said."""
MANY_EVENTS = 500_000
"""Implicit events from which a shop may fill `WIDE_D` features."""


@dataclass(frozen=True)
class MetaConfig(Settings):
    """What shapes the model and its training; how to run it goes to `fit`."""

    d: Count | None = None
    """Number of learned features of an item, beside the constant that carries the user's bias. None
    is 16; a shop of 500,000 implicit events or more is learned with 64 as well (in closed form, and
    in steps), and keeps those that foretell its validation better."""
    hidden: CountOrNone = 0
    """Width of the hidden layer of the content networks g and t; 0 makes them linear."""
    dropout: Part = 0.2
    """Share of hidden units silenced in training (only with a hidden layer)."""
    profile: bool = True
    """Let the prior mean depend on the user's profile, where there are profiles."""
    recency: Literal["auto", "none", "place", "clock"] = "auto"
    """What the age of an event is: its place from the newest, or days; "auto" is place for
    implicit events whose order the shop tells, and none for others and for ratings."""
    value_weight: Literal["none", "log"] = "none"
    """Confidence of an implicit event by its value: all alike, or 1 + log(1 + value)."""
    steps: CountOrNone | None = None
    """Training steps at most; early stopping may end sooner. None is 1,000 for ratings and 400
    for implicit events, whose start is closer to where training ends. 0 leaves the model at its
    start; one of implicit events has recency and κ fitted to validation (a shop too small to hold
    anyone out keeps its recency): where histories are a few events long, factors know those that
    training asks for, and training makes the top of the list worse."""
    updater: UpdaterName = "ClosedForm"
    """How events change what is believed of a person: by Bayes in closed form, or by gradient steps
    on the last layer of a small network (ANIL), on all of it (MAML), or with a learned rate for
    each number (MetaSGD), or learned by where steps lead while items stay at their start
    (Reptile); by an encoder of the set of events (NeuralProcess), or by steps that an
    LSTM writes (LearnedUpdater). Only the closed form explains, and asks."""
    inner_steps: Count | None = None
    """Steps on a person's events, of updaters that step; None is 5."""
    inner_rate: Positive | None = None
    """Length of these steps, 1 by default: up to 2 they cannot diverge where the score is linear,
    however many events there are. Where learned rates start (MetaSGD, LearnedUpdater)."""
    first_order: bool | None = None
    """Train as if a gradient did not depend on where it is taken, of updaters that step: quicker,
    and less exact; None is False."""
    decision_width: Count | None = None
    """Hidden units of the network that updaters other than the closed form adapt; None is 32."""
    batch_users: Count = 128
    """Episodes in a training step."""
    max_events: Annotated[int, Bound(least=2)] = 150
    """Events of one history used in one episode."""
    prefixes: Count = 4
    """Prefixes of one history judged in one step (implicit events)."""
    learning_rate: Positive = 3e-3
    """The longest step."""
    optimiser: OptimiserConfig | None = None
    """How steps are taken; None is Adam and one cycle, OptimiserConfig()."""
    masked: Part = 0.1
    """Share of items whose residuals are hidden in a step, so that content stands alone."""
    all_masked: Part = 0.1
    """Share of steps in which every item's residual is hidden: the newest items meet each other."""
    content_decay: NotNegative = 1e-2
    """Penalty on the squared weights of g and of the profile's map; where training starts at
    factors, on the distance of g's linear map from its start."""
    offset_decay: NotNegative = 1e-2
    """Squared-weight penalty on t, and on the map to the noise."""
    unsure_decay: NotNegative = 1e-4
    """Squared-weight penalty on the map to τ²; without any, it learns the training items by heart
    and promises too much of some new items and too little of others."""
    residual_precision: NotNegative = 20.0
    """Prior precision of the residuals v and β, in events: the more, the stronger the shrinkage
    to 0, or of v to its factors where training starts there."""
    noise_precision: NotNegative = 2.0
    """Prior precision of ν, an item's own part of the log noise, in events."""
    evenness: Share = 0.5
    """How people weigh in the loss: 0 counts every query event alike, 1 every person alike; where
    the age of implicit events counts, everyone is judged on `prefixes` events anyway."""
    start: Literal["auto", "factors", "random"] = "auto"
    """Where the items' numbers start: at factors and their ridge map from content, which the
    penalties then hold them to, or at random; "auto" is factors. Those of implicit events are of
    iALS, those of ratings of a latent factor model around text ridge and damped biases; at random,
    what an item's own ratings leave open is not known, and counts as nothing."""
    start_confidence: Positive = 1.0
    """Confidence of an event in iALS, beyond that of a missing one."""
    start_l2: Positive = 0.05
    """Ridge penalty on the factors of iALS, relative to the confidence of a user's mean number of
    events."""
    start_penalty: Positive = 1.0
    """Ridge penalty of their map, relative to the mean squared length of the content."""
    choice: bool = True
    """Learn beside the ratings of a shop what people choose, with evidence: the choice head at its
    start (`steps` are those of the ratings), or learned as of implicit events where `updater` is
    not the closed form, which takes as long as a fit of such events."""
    evidence: bool = True
    """Count tables of what one item says for another (what follows it, what goes together, what
    reads alike) beside the posterior of the choice head (at least 50 validation events)."""
    exact_items: Count = 4000
    """The most touched items among which the tables of evidence are solved exactly; others are
    counted as if they came alone. Time grows with its third power."""
    neighbours: Count = 200
    """Items that an item speaks for in a table of evidence."""
    order: SASRecConfig | None = None
    """What reads the order of a history beside the tables, with a trust of its own; None: nothing.
    SASRecConfig() learns such a network where the shop tells an order and at least 300 validation
    events are asked for: minutes to an hour of training."""
    patience: Count = 8
    """Judgements on validation without an improvement before training stops."""
    judge_every: Count = 100
    """Steps between judgements on validation."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "d": (8, 16, 32, 64),
        "learning_rate": (1e-3, 3e-3, 1e-2),
        "content_decay": (1e-3, 1e-2, 1e-1, 1.0),
        "residual_precision": (5.0, 20.0, 80.0),
        "masked": (0.05, 0.1, 0.3),
        "evenness": (0.0, 0.5, 1.0),
        "start_l2": (0.0125, 0.05, 0.2),
        "start_confidence": (0.3, 1.0, 3.0),
        "start_penalty": (0.3, 1.0, 10.0),
    }
    """Where a search looks that is not told."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps == 0 and self.start == "random":
            raise DataError(
                "steps=0 leaves the model at its start, and a random one has learned nothing; use "
                'start="auto" or "factors"'
            )
        if self.items_stay and self.start == "random":
            raise DataError(
                f"updater={self.updater!r} leaves items at their start, and a random one has "
                'learned nothing; use start="auto" or "factors"'
            )
        if self.order is not None and not self.evidence:
            raise DataError(
                "the order of a history is weighed among the evidence; use evidence=True, or "
                "order=None"
            )
        for name in INNER:
            if getattr(self, name) is not None and name not in UPDATERS[self.updater].reads:
                readers = [one for one, kind in UPDATERS.items() if name in kind.reads]
                raise DataError(
                    f"{name} is read by {', '.join(readers)} alone, and not by "
                    f"updater={self.updater!r}; leave it out or choose one of them"
                )

    @property
    def loop(self) -> InnerLoop:
        """The settings of the updater, as usual where they are not said."""
        said: dict[str, Any] = {own: getattr(self, name) for name, own in INNER.items()}
        return InnerLoop(**{own: value for own, value in said.items() if value is not None})

    @property
    def items_stay(self) -> bool:
        """Whether training learns the updater alone, and nothing of items and events."""
        return UPDATERS[self.updater].items_stay

    @property
    def own_units(self) -> int:
        """Numbers that the score of one item takes for one person: hidden units of their own."""
        return self.loop.width if UPDATERS[self.updater].own_units else 1

    def of(self, feedback: Feedback, n_events: int = 0) -> tuple["MetaConfig", ...]:
        """The settings with the steps and features of such a shop, where they were not said; of
        features those to begin with, and those to try after them."""
        steps = STEPS[feedback] if self.steps is None else self.steps
        large = feedback == "implicit" and n_events >= MANY_EVENTS
        wide = large and steps > 0 and self.updater == "ClosedForm"
        tried = (self.d,) if self.d is not None else (D, WIDE_D) if wide else (D,)
        return tuple(replace(self, steps=steps, d=d) for d in tried)

    def within(self, n_items: int) -> "MetaConfig":
        """The settings with as many users in a step as are scored within seconds."""
        fitting = LOGITS_IN_A_STEP // (max(1, n_items) * self.prefixes * self.own_units)
        return replace(self, batch_users=min(self.batch_users, max(FEWEST_USERS, fitting)))

    @property
    def n_steps(self) -> int:
        """The training steps, where they were said or found by `of`."""
        if self.steps is None:
            raise DataError("steps=None stands for a number once the shop is known: config.of()")
        return self.steps

    @property
    def n_features(self) -> int:
        """Learned features of an item, where they were said or found by `of`."""
        if self.d is None:
            raise DataError("d=None stands for a number once the shop is known: config.of()")
        return self.d

    def at_start(self) -> "MetaConfig":
        """The settings of a head that stays at its start, where no updater has learned anything."""
        unread: dict[str, Any] = dict.fromkeys(INNER)
        return replace(self, steps=0, start="auto", updater="ClosedForm", **unread)

    def beside_ratings(self) -> "MetaConfig":
        """The settings of the choice head of a shop of ratings: at its start, unless the updater
        has something to learn."""
        learned = self.updater != "ClosedForm"
        return replace(self if learned else self.at_start(), value_weight="none")
