"""From a saved folder back to a model, whatever its class."""

from pathlib import Path
from typing import Any

import metarec.recommenders
from metarec.contracts import DataError
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.persistence import read_card


def load_recommender(path: str | Path) -> Any:
    """The recommender saved at `path`; its class must be a public one of `metarec.recommenders`."""
    name = read_card(path)["class"]
    known = name in metarec.recommenders.__all__
    found = getattr(metarec.recommenders, name, None) if known else None
    if not (isinstance(found, type) and issubclass(found, BaseRecommender)):
        raise DataError(f"{path} holds a {name!r}, which is no recommender of this version")
    return found.load(path)
