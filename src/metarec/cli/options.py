"""What the verbs share: reading events, configurations and encoders at the edge."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from metarec.contracts import DataError, Encoder
from metarec.data import Catalogue
from metarec.encoders import HashEncoder, TextEncoder
from metarec.meta import MetaConfig


def shows_progress() -> bool:
    """True where a person is watching: no bars into a pipe or a log."""
    return sys.stderr.isatty()


def parse_events(text: str) -> list[tuple[str, float]]:
    """Events from "id:value,id:value"; a value may be left out (1)."""
    events = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        item, colon, value = part.rpartition(":")
        if not colon:
            item, value = part, "1"
        try:
            events.append((item, float(value)))
        except ValueError as error:
            raise DataError(
                f'events must look like "id:value,id:value"; {value!r} in {part!r} is no number'
            ) from error
        if not item:
            raise DataError(f'events must look like "id:value,id:value"; {part!r} has no id')
    return events


def config_of(file: Path | None, settings: Sequence[str]) -> MetaConfig:
    """The hyperparameters of a YAML file, overruled by `name=value` settings."""
    raw: dict[str, Any] = {}
    if file is not None:
        if not file.is_file():
            raise DataError(f"{file} is not a file; --config names a YAML file of hyperparameters")
        try:
            loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise DataError(f"{file} is not YAML: {error}") from error
        if not isinstance(loaded, dict | None):
            raise DataError(f"{file} must map names to values, such as `d: 32`")
        raw.update(loaded or {})
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise DataError(f"--set takes name=value, got {setting!r}")
        raw[name.strip()] = yaml.safe_load(value)
    unknown = raw.keys() - MetaConfig.__dataclass_fields__.keys()
    if unknown:
        known = ", ".join(MetaConfig.__dataclass_fields__)
        raise DataError(f"no hyperparameter is called {sorted(unknown)}; there are: {known}")
    try:
        return TypeAdapter(MetaConfig).validate_python(raw)
    except ValidationError as error:
        told = "; ".join(f"{e['loc'][0] if e['loc'] else ''}: {e['msg']}" for e in error.errors())
        raise DataError(f"the hyperparameters do not fit: {told}") from error


def encoder_of(name: str, template: str | None) -> Encoder:
    """The default model, "hash", or any name or folder that transformers loads."""
    if name == "hash":
        return HashEncoder(template=template)
    return TextEncoder(template=template) if name == "default" else TextEncoder(name, template)


def names_of(catalogue: Catalogue) -> list[str]:
    """What to call each item when people read: its title or name, else its id."""
    for column in ("title", "name", "movie_title", "product_title"):
        if column in catalogue.frame.columns:
            titles = catalogue.frame[column].cast(str).to_list()
            return [t or str(i) for t, i in zip(titles, catalogue.ids, strict=True)]
    return [str(item_id) for item_id in catalogue.ids]


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
