"""What all endpoints share: the store, the model that answers, and everybody's own."""

import secrets
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from metarec.serving.charts import Charts
from metarec.serving.following import Following
from metarec.serving.keyring import Keyring
from metarec.serving.people import People
from metarec.serving.rates import Rates
from metarec.serving.searching import Searching
from metarec.serving.store import Store


@dataclass(frozen=True, eq=False)
class Service:
    """One process of the service."""

    store: Store
    following: Following
    people: People
    charts: Charts
    rates: Rates
    keys: Keyring
    searching: Searching = field(default_factory=Searching)

    @classmethod
    def of(cls, store: Store, *, needs_keys: bool = True) -> "Service":
        """A process that answers from a store. Without `needs_keys` whoever reaches the port may
        ask anything, for as long as the store has no key; for loopback alone."""
        following, keys = Following(store), Keyring(store, asked=needs_keys)
        return cls(store, following, People(store, following), Charts(store), Rates(), keys)


async def service_of(request: Request) -> Service:
    """The service that a request came to; async, since a thread would cost more than it does."""
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(service_of)]


def new_key() -> str:
    """A key for an event that was told without one: then a repetition cannot be known."""
    return f"auto:{secrets.token_hex(16)}"
