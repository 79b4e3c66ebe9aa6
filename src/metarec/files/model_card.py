"""The card of a saved model, `config.json`: what it is, how it was made, and its hashes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from metarec.contracts import DataError
from metarec.contracts.version import __version__

CARD = "config.json"
FORMAT = "metarec-model"
FORMAT_VERSION = 6


def card_of(class_name: str, config: Any, files: Mapping[str, str]) -> dict[str, Any]:
    """The card of a model of this version; `files` maps the names of its files to their hashes."""
    card = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "metarec": __version__,
        "class": class_name,
        "config": asdict(config),
        "files": dict(files),
    }
    return card | {"hash": hash_of_card(card)}


def hash_of_card(card: Mapping[str, Any]) -> str:
    """SHA-256 of the card's content, however it is laid out; its own field `hash` does not count.

    It finds an edit or an accident out, not somebody who means harm and hashes again.
    """
    content = {name: value for name, value in card.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_card(path: str | Path) -> dict[str, Any]:
    """The `config.json` of a saved model whose format this version can read."""
    if not Path(path).exists():
        raise DataError(f"{path} is not a saved model: it does not exist; check the path")
    file = Path(path) / CARD
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


def is_saved_model(folder: Path) -> bool:
    """True for a folder that `save` wrote, in whatever version."""
    try:
        return bool(json.loads((folder / CARD).read_text("utf-8"))["format"] == FORMAT)
    except (OSError, ValueError, KeyError, TypeError):
        return False
