"""Saved models: a folder of JSON, safetensors and Parquet, from which nothing is ever unpickled.

config.json         format, metarec version, class name, hyperparameters, and hashes of all
state.safetensors   the fitted arrays; sparse matrices as their parts; the rest as JSON
catalogue.parquet   the items and their content
"""

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from metarec.contracts import Catalogue, DataError
from metarec.contracts.version import __version__

FORMAT = "metarec-model"
FORMAT_VERSION = 3
OWN_FILES = {"config.json", "state.safetensors", "catalogue.parquet"}
Arrays = dict[str, NDArray[Any]]


def save_state(
    path: str | Path, class_name: str, config: Any, catalogue: Catalogue, state: Mapping[str, Any]
) -> None:
    """Write a model folder, whole or not at all.

    `state` maps names to arrays, sparse matrices, numbers, strings, None, and lists and mappings of
    those. An older model at `path` is replaced; a folder that holds anything else is refused.
    """
    arrays: Arrays = {}
    structure = {
        "state": _pack(dict(state), "state", arrays),
        "offered": _pack(catalogue.offered, "offered", arrays),
    }
    with _replacing(Path(path)) as folder:
        save_file(arrays, folder / "state.safetensors", {"structure": json.dumps(structure)})
        ids = pl.Series("item_id", catalogue.ids.tolist(), dtype=pl.String)
        table = pl.DataFrame([ids, *catalogue.frame.get_columns()])
        table.write_parquet(folder / "catalogue.parquet")
        files = {f.name: _sha256(f) for f in sorted(folder.iterdir())}
        card = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "metarec": __version__,
            "class": class_name,
            "config": asdict(config),
            "files": files,
        }
        card["hash"] = hash_of_card(card)
        (folder / "config.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        _share(folder)


def hash_of_card(card: Mapping[str, Any]) -> str:
    """SHA-256 of the card's content, however it is laid out; its own field `hash` does not count.

    It finds an edit or an accident out, not somebody who means harm and hashes again.
    """
    content = {name: value for name, value in card.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _share(folder: Path) -> None:
    """Give every file the mode that a new file has here; some writers make private ones."""
    mode = (folder / "config.json").stat().st_mode
    for file in folder.iterdir():
        file.chmod(mode)


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
        with safe_open(folder / "state.safetensors", framework="numpy") as file:
            # copies: an array that lies unaligned in the file could round differently in BLAS
            arrays = {name: file.get_tensor(name).copy() for name in file.keys()}  # noqa: SIM118
            structure = json.loads(file.metadata()["structure"])
    except SafetensorError as error:
        raise DataError(f"{folder / 'state.safetensors'} cannot be read: {error}") from error
    catalogue = Catalogue.of(pl.read_parquet(folder / "catalogue.parquet"))
    offered = _unpack(structure["offered"], arrays)
    catalogue = Catalogue(catalogue.ids, catalogue.frame, offered)
    config = _parse_config(folder, card["config"], config_class)
    return config, catalogue, _unpack(structure["state"], arrays)


def read_card(path: str | Path) -> dict[str, Any]:
    """The `config.json` of a saved model whose format this version can read."""
    if not Path(path).exists():
        raise DataError(f"{path} is not a saved model: it does not exist; check the path")
    file = Path(path) / "config.json"
    if Path(path).is_file():
        raise DataError(f"{path} is a file; pass the folder of a saved model")
    if not file.is_file():
        raise DataError(
            f"{path} is not a saved model: it has no config.json; pass a folder that `save` or "
            "`metarec fit` wrote"
        )
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file} is not JSON ({error}); save the model again") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise DataError(f"{path} is not a saved model of metarec; pass a folder that `save` wrote")
    if card.get("format_version") != FORMAT_VERSION:
        other = card.get("metarec")
        way = "" if other == __version__ else f"install metarec {other} or "
        raise DataError(
            f"{path} has model format {card.get('format_version')}, this version reads "
            f"{FORMAT_VERSION}; {way}fit the model again"
        )
    missing = {"class", "config", "files", "hash"} - card.keys()
    if missing:
        raise DataError(f"{file} lacks {', '.join(sorted(missing))}; save the model again")
    if not (isinstance(card["files"], dict) and isinstance(card["config"], dict)):
        raise DataError(f"{file}: files and config must be objects; save the model again")
    if card["hash"] != hash_of_card(card):
        raise DataError(
            f"{file} is not the file that was saved (its content differs from its own hash); a "
            "saved model is not edited: copy the folder again or fit and save the model again"
        )
    return card


def _check_files(folder: Path, hashes: Mapping[str, str]) -> None:
    for name in ("state.safetensors", "catalogue.parquet"):
        if not (folder / name).is_file():
            raise DataError(f"{folder} lacks {name}; copy the whole folder or save the model again")
        if _sha256(folder / name) != hashes.get(name):
            raise DataError(
                f"{folder / name} is not the file that was saved (its SHA-256 differs from "
                "config.json); copy the folder again or fit and save the model again"
            )


def _parse_config(folder: Path, values: Mapping[str, Any], config_class: type[Any]) -> Any:
    unknown = values.keys() - {field.name for field in fields(config_class)}
    if unknown:
        raise DataError(
            f"{folder}/config.json has hyperparameters that {config_class.__name__} does not "
            f"know: {', '.join(sorted(unknown))}"
        )
    return parse_hyperparameters(values, config_class, place=f"{folder}/config.json: ")


def parse_hyperparameters(
    values: Mapping[str, Any], config_class: type[Any], *, place: str = ""
) -> Any:
    """The frozen dataclass that the values make; the error tells all that is wrong in one line.

    As JSON, so that no type is taken for another one ("5" for 5, true for 1).
    """
    try:
        return TypeAdapter(config_class).validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        told = "; ".join(
            ": ".join([*map(str, e["loc"]), e["msg"].removeprefix("Value error, ")])
            for e in error.errors()
        )
        raise DataError(f"{place}the hyperparameters do not fit: {told}") from error


def _pack(value: Any, name: str, arrays: Arrays) -> Any:
    """`value` as JSON, with its arrays moved to `arrays` under names that start with `name`."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, list | tuple):
        return [_pack(part, f"{name}.{i}", arrays) for i, part in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(k, str) and k[:1] != "$" for k in value):
        return {k: _pack(part, f"{name}.{k}", arrays) for k, part in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        arrays[name] = np.asarray(value, order="C")
        return {"$array": name}
    if sp.issparse(value):
        matrix = sp.csr_matrix(value)
        for part in ("data", "indices", "indptr"):
            arrays[f"{name}.{part}"] = getattr(matrix, part)
        return {"$csr": name, "shape": list(matrix.shape)}
    raise TypeError(f"{name} cannot be saved: {type(value).__name__} is neither array nor JSON")


def _unpack(value: Any, arrays: Arrays) -> Any:
    if isinstance(value, list):
        return [_unpack(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    if "$array" in value:
        return arrays[value["$array"]]
    if "$csr" in value:
        parts = (arrays[f"{value['$csr']}.{part}"] for part in ("data", "indices", "indptr"))
        return sp.csr_matrix(tuple(parts), shape=tuple(value["shape"]))
    return {k: _unpack(part, arrays) for k, part in value.items()}


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Tell a disk's refusal, whichever library meets it, as one OSError that names the place."""
    try:
        yield
    except (OSError, SafetensorError, pl.exceptions.PolarsError) as error:
        number = getattr(error, "errno", None) or _os_error_in(str(error))
        if number is None:
            raise
        way = "make room there or choose another path" if number in FULL else "choose another path"
        told = f"{os.strerror(number)}, so it was not written; {way}"
        raise OSError(number, told, str(place)) from error


def _os_error_in(message: str) -> int | None:
    """The number that writers in Rust name in their message."""
    found = re.search(r"\(os error (\d+)\)", message)
    return int(found[1]) if found else None


def check_replaceable(target: Path) -> None:
    """Refuse to write a model over anything but an older model or an empty folder."""
    if target.exists() and not _may_be_replaced(target):
        raise DataError(
            f"{target} exists and is not a saved model, or holds other files beside one; nothing "
            "was written. Choose another path"
        )


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A fresh folder that takes the place of `target` when the block ends without an error."""
    check_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch_of = tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.")
    with writing(target), scratch_of as scratch:
        fresh, old = Path(scratch) / "fresh", Path(scratch) / "old"
        fresh.mkdir()
        yield fresh
        for file in fresh.iterdir():  # on disk before the rename makes them the model
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        if target.exists():
            target.rename(old)
        try:
            fresh.rename(target)
        except OSError:
            if old.exists():
                shutil.move(old, target)
            raise


def _may_be_replaced(target: Path) -> bool:
    if not target.is_dir() or target.is_symlink():
        return False
    inside = {file.name for file in target.iterdir()}
    return not inside or (not inside - OWN_FILES and is_saved_model(target))


def is_saved_model(folder: Path) -> bool:
    """True for a folder that `save` wrote, in whatever version."""
    try:
        return bool(json.loads((folder / "config.json").read_text("utf-8"))["format"] == FORMAT)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
