"""Saved models: a folder of JSON, safetensors and Parquet, from which nothing is ever unpickled.

config.json         format, metarec version, class name, hyperparameters, and hashes of all
state.safetensors   the fitted arrays; sparse matrices as their parts; the rest as JSON
catalogue.parquet   the items and their content
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from safetensors import SafetensorError

from metarec.contracts import Catalogue, DataError
from metarec.files.atomic import whole_folder
from metarec.files.file_hash import sha256_of
from metarec.files.hyperparameters import parse_hyperparameters, unknown_names
from metarec.files.model_card import CARD, card_of, is_saved_model, read_card
from metarec.files.packing import Arrays, pack, unpack
from metarec.files.tensors import read_tensors, write_tensors

STATE = "state.safetensors"
CATALOGUE = "catalogue.parquet"


def save_state(
    path: str | Path, class_name: str, config: Any, catalogue: Catalogue, state: Mapping[str, Any]
) -> None:
    """Write a model folder, whole or not at all.

    `state` maps names to arrays, sparse matrices, numbers, strings, None, and lists and mappings of
    those. An older model at `path` is replaced; a folder that holds anything else is refused.
    """
    arrays: Arrays = {}
    structure = {
        "state": pack(dict(state), "state", arrays),
        "offered": pack(catalogue.offered, "offered", arrays),
    }
    check_replaceable(Path(path))
    with whole_folder(path) as folder:
        write_tensors(folder / STATE, arrays, {"structure": json.dumps(structure)})
        catalogue.table.write_parquet(folder / CATALOGUE)
        files = {name: sha256_of(folder / name) for name in (CATALOGUE, STATE)}
        card = json.dumps(card_of(class_name, config, files), indent=2)
        (folder / CARD).write_text(card + "\n", encoding="utf-8")


def check_replaceable(target: Path) -> None:
    """Refuse to write a model over anything but an older model or an empty folder."""
    if target.exists() and not _may_be_replaced(target):
        raise DataError(
            f"{target} exists and is not a saved model, or holds other files beside one; nothing "
            "was written. Choose another path"
        )


def _may_be_replaced(target: Path) -> bool:
    if not target.is_dir() or target.is_symlink():
        return False
    inside = {file.name for file in target.iterdir()}
    return not inside or (inside <= {CARD, STATE, CATALOGUE} and is_saved_model(target))


def load_state(
    path: str | Path, class_name: str, config_class: type[Any]
) -> tuple[Any, Catalogue, dict[str, Any]]:
    """The configuration, catalogue and state that `save_state` wrote, checked by their hashes."""
    folder = Path(path)
    card = read_card(folder)
    if card["class"] != class_name:
        raise DataError(
            f"{folder} holds a {card['class']}, not a {class_name}; load it with "
            f"{card['class']}.load or load_recommender"
        )
    _check_files(folder, card["files"])
    try:
        arrays, metadata = read_tensors(folder / STATE)
        structure = json.loads(metadata["structure"])
    except SafetensorError as error:
        raise DataError(f"{folder / STATE} cannot be read: {error}") from error
    catalogue = Catalogue.of(pl.read_parquet(folder / CATALOGUE))
    offered = unpack(structure["offered"], arrays)
    catalogue = Catalogue(catalogue.ids, catalogue.frame, offered)
    config = parse_config(card["config"], config_class, place=f"{folder / CARD}")
    return config, catalogue, unpack(structure["state"], arrays)


def _check_files(folder: Path, hashes: Mapping[str, str]) -> None:
    for name in (STATE, CATALOGUE):
        if not (folder / name).is_file():
            raise DataError(f"{folder} lacks {name}; copy the whole folder or save the model again")
        if sha256_of(folder / name) != hashes.get(name):
            raise DataError(
                f"{folder / name} is not the file that was saved (its SHA-256 differs from "
                f"{CARD}); copy the folder again or fit and save the model again"
            )


def parse_config(values: Mapping[str, Any], config_class: type[Any], *, place: str) -> Any:
    """The hyperparameters that a card holds; `place` is where, for the error."""
    if unknown := unknown_names(values, config_class):
        raise DataError(
            f"{place} has hyperparameters that {config_class.__name__} does not "
            f"know: {', '.join(sorted(unknown))}"
        )
    return parse_hyperparameters(values, config_class, place=f"{place}: ")
