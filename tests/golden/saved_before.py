"""Models of an older format, brought to the present one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors import safe_open

import metarec as mr
from metarec.encoders import ContentFeatures, TabularFeatures
from metarec.files.packing import unpack
from metarec.meta.saved import heart_from

FEATURES = {"v", "beta", "nu", "gamma", "mean"}
"""Names of format 2 that belong to the items; so do those of g, t, tau and n."""


def renamed(name: str) -> str:
    """The present name of a learned number of format 2."""
    first, _, rest = name.partition(".")
    if rest in ("linear", "hidden"):
        return f"features.{first}.{rest}.of.all"
    if rest or name in FEATURES:
        return f"features.{name}"
    if name in ("m", "M"):
        return f"prior.{name}"
    if name in ("log_confidence", "old", "decay"):
        return f"confidence.{name}"
    return f"head.{name}"


def model_saved_before(folder: Path) -> mr.MetaRecommender:
    """The model saved in format 2, whose content was one block."""
    card = json.loads((folder / "config.json").read_text("utf-8"))
    with safe_open(folder / "state.safetensors", framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        structure = json.loads(file.metadata()["structure"])
    state = unpack(structure["state"], arrays)
    content = state["content"]
    encoder = {k: v for k, v in content["encoder"].items() if k != "class"}
    model = mr.MetaRecommender(mr.HashEncoder(**encoder), mr.MetaConfig(**card["config"]))
    table = pl.read_parquet(folder / "catalogue.parquet")
    model._catalogue = mr.Catalogue.of(table)
    model._content = ContentFeatures.fit(model.encoder, table.drop("item_id"))
    tabular = TabularFeatures.from_dict(content["tabular"])
    assert model._content.tabular == tabular
    heart = heart_of(state["heart"], card["config"])
    model.hearts = {heart.head.name: heart}
    model._weights, model.metrics = {}, state["metrics"]
    model._profiles = TabularFeatures.from_dict(state["profiles"])
    model._no_profile = state["no_profile"]
    return model


def heart_of(raw: dict[str, Any], config: dict[str, Any]) -> Any:
    """The arrays of format 2 as a heart."""
    columns = ("features", "offsets", "unsure", "noise", "popularity")
    head = (
        {"kappa": raw["kappa"], "variance_factor": raw["variance_factor"]}
        if raw["implicit"]
        else {"scale": raw["scale"], "variance_factor": raw["variance_factor"]}
    )
    return heart_from(
        "implicit" if raw["implicit"] else "rating",
        {
            "head": head,
            "terms": {name: np.asarray(raw[name]) for name in columns},
            "prior": {k: raw[k] for k in ("mean", "profile_map", "precision")},
            "confidence": {
                "recency": raw["recency"],
                "eps": raw["eps"],
                "rho": raw["rho"],
                "kind_names": raw["kind_names"],
                "of_kind": raw["kind_confidence"],
                "value_weight": config["value_weight"],
            },
            "updater": {"class": "ClosedForm"},
        },
    )
