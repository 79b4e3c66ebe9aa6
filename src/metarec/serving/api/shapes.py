"""The parts that requests and answers are made of."""

import math
import time
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from metarec.contracts import Event
from metarec.data.validation.id_forms import UNSEEN
from metarec.serving.api.limits import CONTEXT_FIELDS, ID_LENGTH, LARGEST, TEXT_LENGTH
from metarec.serving.store.events import canonical

AHEAD_S = 86_400.0
"""How far a client's clock may be before ours."""
CLOCK = "seconds since 1970, or ISO 8601 with a time and a zone such as 2027-02-01T00:00:00Z"
MILLISECONDS = 1e11
"""No clock in seconds is beyond this for thousands of years."""


class Shape(BaseModel):
    """A body of which every field is known: one that is not is an error."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def _storable(text: str) -> str:
    """Refuse what databases cannot hold."""
    if "\x00" in text:
        raise ValueError("it holds the sign NUL, which no database keeps")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("it holds half of a sign (a lone surrogate)") from error
    return text


def _seen(given: object) -> object:
    """An id without the marks of no width that files lose, too."""
    return given.replace(UNSEEN, "") if isinstance(given, str) else given


def _clock(told: object) -> object:
    """Seconds of an ISO time with a zone; refuses what is neither this nor a number."""
    if isinstance(told, str):
        with suppress(ValueError):
            told = datetime.fromisoformat(told)
    if isinstance(told, datetime) and told.tzinfo is not None:
        return told.timestamp()
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise ValueError(f"expected {CLOCK}")
    return told


def _since_1970(moment: float) -> float:
    if moment < 0:
        raise ValueError(f"{moment:g} lies before 1970; write seconds since then")
    return moment


def _not_to_come(moment: float) -> float:
    if moment > time.time() + AHEAD_S:
        raise ValueError("it lies in the future; leave it out for now, or set the clock")
    return moment


def _in_seconds(moment: float) -> float:
    """Refuses milliseconds."""
    if abs(moment) > MILLISECONDS:
        shown = f"{moment:.0f}" if abs(moment) < 1e15 else f"{moment:g}"
        raise ValueError(f"{shown} would be milliseconds; write seconds since 1970")
    return moment


def _small(context: dict[str, Any]) -> dict[str, Any]:
    if len(canonical(context)) > TEXT_LENGTH:
        raise ValueError(f"a context may have {TEXT_LENGTH:,} characters as JSON")
    _storable(canonical(context))
    return context


Id = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=ID_LENGTH),
    BeforeValidator(_seen),
    AfterValidator(_storable),
]
"""Without spaces around it, as files are read: told as `42 `, it is still the person `42`."""
Kind = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_storable)]
Text = Annotated[str, StringConstraints(max_length=TEXT_LENGTH), AfterValidator(_storable)]
_Clock = BeforeValidator(_clock, json_schema_input_type=float | AwareDatetime)
When = Annotated[float, AfterValidator(_in_seconds), _Clock]
Moment = Annotated[
    float,
    AfterValidator(_since_1970),
    AfterValidator(_in_seconds),
    AfterValidator(_not_to_come),
    _Clock,
]
Cell = str | int | float | bool | None
Context = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=64)], Cell],
    Field(max_length=CONTEXT_FIELDS),
    AfterValidator(_small),
]


class EventIn(Shape):
    """One thing that a person did."""

    item_id: Id = Field(examples=["589"])
    value: float | None = Field(
        default=None,
        ge=-LARGEST,
        le=LARGEST,
        strict=True,
        description="The rating, or the weight of an event.",
        examples=[4.0],
    )
    kind: Kind | None = Field(default=None, description="The sort of event.", examples=["buy"])
    timestamp: Moment | None = Field(
        default=None,
        description="When, in seconds since 1970 or as ISO 8601; left out: when it comes.",
        examples=["2026-11-28T09:30:00Z"],
    )
    context: Context | None = Field(default=None, examples=[{"device": "phone"}])
    text: Text | None = Field(
        default=None, description="What the person wrote.", examples=["Fine."]
    )

    def event(self) -> Event:
        """The event as the models know it."""
        told = (self.value, self.kind, self.timestamp, self.context, self.text)
        return Event(self.item_id, *told)


class UserEventIn(EventIn):
    """One thing that one user did."""

    user_id: Id = Field(examples=["42"])
    key: Id | None = Field(
        default=None,
        description="Names this event: told again under the same key, it is still one event.",
        examples=["order-7731-589"],
    )
    impression: Id | None = Field(
        default=None,
        description="The recorded list that this came from: a click on its item is told with it.",
        examples=[None],
    )


def number(value: float | None) -> float | None:
    """JSON knows no NaN: what is not known is null."""
    return None if value is None or not math.isfinite(value) else float(value)
