"""From a saved folder back to a model of any class of metarec."""

from pathlib import Path
from typing import Any

from metarec.files.model_card import read_card
from metarec.meta.recommender import MetaRecommender
from metarec.recommenders.loading import load_recommender


def load_model(path: str | Path) -> Any:
    """The recommender saved at `path`; checks version and hashes, and runs nothing from the folder.

    Its class must be `MetaRecommender` or a public one of `metarec.recommenders`.
    """
    if read_card(path)["class"] == MetaRecommender.__name__:
        return MetaRecommender.load(path)
    return load_recommender(path)
