"""Opening the store of a service; its libraries are loaded by those verbs alone that need them."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from metarec.contracts import DataError

if TYPE_CHECKING:
    from metarec.serving.store import Store

INSTALL = 'pip install "metarec[serve]"'


def needs_serve() -> None:
    """Raise where the libraries of the service are not installed."""
    for name in ("sqlalchemy", "alembic", "fastapi", "prometheus_client"):
        if find_spec(name) is None:
            raise DataError(f"a service needs {name}; run: {INSTALL}")


def opened(place: str) -> "Store":
    """The store at a place where there is one; a path that leads nowhere is refused."""
    needs_serve()
    from metarec.serving.store import Store

    if "://" not in place and not Path(place).is_file():
        raise DataError(f"there is no store {place}; metarec serve makes one")
    return Store(place)
