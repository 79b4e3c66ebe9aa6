"""From a saved folder back to a model, whatever its class."""

from importlib import import_module
from pathlib import Path
from typing import Any

from metarec.contracts import DataError
from metarec.files.model_card import read_card
from metarec.recommenders.base import BaseRecommender


def load_recommender(path: str | Path) -> Any:
    """The recommender saved at `path`; its class must be a public one of `metarec.recommenders`."""
    return class_named(read_card(path)["class"], path).load(path)


def class_named(name: str, place: str | Path) -> Any:
    """The public recommender of this name; `place` holds it, for the error."""
    rows = import_module(__package__)
    found = getattr(rows, name, None) if name in rows.__all__ else None
    if not (isinstance(found, type) and issubclass(found, BaseRecommender)):
        raise DataError(f"{place} holds a {name!r}, which is no recommender of this version")
    return found
