"""What a caller says about the meaning of tables that cannot say it themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from metarec.contracts.dataset import Clock, Feedback
from metarec.contracts.dataset_checks import check_choice
from metarec.contracts.meaning import Scale, kinds_of, scale_of
from metarec.contracts.wording import argument
from metarec.data.validation.dates_as_text import DateOrder
from metarec.data.validation.table import Tables


@dataclass(frozen=True)
class Declared:
    """What is said, each None or empty where it is not."""

    feedback: Feedback | None
    scale: Scale | None
    clock: Clock | None
    target_kinds: tuple[str, ...]
    negative_kinds: tuple[str, ...]
    dates: DateOrder | None

    @classmethod
    def of(
        cls,
        feedback: Feedback | None,
        scale: Sequence[float] | None,
        clock: Clock | None,
        target_kinds: Sequence[str] | None,
        negative_kinds: Sequence[str] | None,
        dates: DateOrder | None = None,
    ) -> "Declared":
        """What is said, checked; raises DataError."""
        check_choice("feedback", feedback, (*get_args(Feedback), None))
        check_choice("clock", clock, (*get_args(Clock), None))
        check_choice("dates", dates, (*get_args(DateOrder), None))
        return cls(
            feedback,
            None if scale is None else scale_of(scale),
            clock,
            kinds_of(argument("target_kinds"), target_kinds or ()),
            kinds_of(argument("negative_kinds"), negative_kinds or ()),
            dates,
        )

    def over(self, tables: Tables) -> Tables:
        """The tables with what is said in place of what they say."""
        return replace(tables, **{name: value for name, value in vars(self).items() if value})
