"""Opening the store of a service; its libraries are loaded by those verbs alone that need them."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from metarec.contracts import DataError, Dataset
from metarec.data import load
from metarec.files.disk import reading

if TYPE_CHECKING:
    from metarec.serving.store import Store

SQLITE = b"SQLite format 3\x00"
"""How an SQLite file begins."""
INSTALL = 'pip install "metarec[serve]"'


def needs_serve() -> None:
    """Raise where the libraries of the service are not installed."""
    for name in ("sqlalchemy", "alembic", "fastapi", "uvicorn", "prometheus_client"):
        if find_spec(name) is None:
            raise DataError(f"a service needs {name}; run: {INSTALL}")


def opened(place: str) -> "Store":
    """The store at a place where there is one; elsewhere none is made."""
    needs_serve()
    from metarec.serving.store import Store
    from metarec.serving.store.migrating import check_there

    check_there(place)
    return Store(place)


def shop_at(place: str) -> Dataset:
    """The shop in a folder, or the one that a service has kept: what was told to it so far."""
    if not _is_store(place):
        return load(place)
    with opened(place) as store:
        from metarec.serving.models import active_model
        from metarec.serving.store.shops import dataset_of

        served = active_model(store)
        return dataset_of(store, None if served is None else served.model.catalogue)


def _is_store(place: str) -> bool:
    if "://" in place:
        return True
    if not Path(place).is_file():
        return False
    with reading(place), Path(place).open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE
