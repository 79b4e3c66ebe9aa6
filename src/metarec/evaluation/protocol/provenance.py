"""What a number rests on: data, models and versions."""

import platform
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from typing import Any

from metarec.contracts import Dataset, Recommender
from metarec.data.splits.split import Split

PACKAGES = ("metarec", "numpy", "polars", "scipy", "torch", "implicit")


def versions() -> dict[str, str]:
    """Versions of Python and of every package that can move a number."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def dataset_facts(split: Split) -> dict[str, Any]:
    """What names the data. `hash` is the whole dataset's where the split knows it, else train's."""
    train = split.train
    return {
        "name": train.name,
        "hash": split.settings.get("dataset_hash", train.hash),
        "train_hash": train.hash,
        "feedback": train.feedback,
        "clock": train.clock,
        "repeats": train.repeats,
        "scale": list(train.scale),
        **({"target_kinds": list(train.target_kinds)} if train.target_kinds else {}),
        **({"negative_kinds": list(train.negative_kinds)} if train.negative_kinds else {}),
        "train_events": len(train.interactions),
        "users": len(train.user_ids),
        "items": len(train.catalogue),
        "untouched_items": int((~train.touched).sum()),
    }


def model_facts(model: Recommender, train: Dataset, elsewhere: bool) -> dict[str, Any]:
    """What a reader must know of a model: its class, its choices and what it cannot do.

    `fitted_on_train` is None where the model does not say what it was fitted on and is not known to
    come from `elsewhere`.
    """
    config = getattr(model, "config", None)
    known = fitted_on(model, train)
    return {
        "class": type(model).__name__,
        "config": asdict(config) if is_dataclass(config) and not isinstance(config, type) else {},
        "predicts_ratings": bool(model.predicts_ratings),
        "serves_new_users": bool(model.serves_new_users),
        "has_uncertainty": bool(model.has_uncertainty),
        "fitted_on_train": False if known is None and elsewhere else known,
    }


def fitted_on(model: Recommender, train: Dataset) -> bool | None:
    """Whether `train` is what the model was given to learn from, None where nobody can tell."""
    learned_from = getattr(model, "metrics", {}).get("train_hash")
    return None if learned_from is None else bool(learned_from == train.hash)
