"""From a saved folder back to a model of any class of metarec."""

from pathlib import Path
from typing import Any

from metarec.files.model_card import read_card
from metarec.meta.ensemble import class_named


def load_model(path: str | Path) -> Any:
    """The recommender saved at `path`; checks version and hashes, and runs nothing from the folder.

    Its class must be `MetaRecommender`, `Ensemble` or a public one of `metarec.recommenders`.
    """
    return class_named(read_card(path)["class"], path).load(path)
