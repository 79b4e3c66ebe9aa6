"""Hyperparameters from files, parsed into the dataclass that stands beside their model."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from metarec.contracts import DataError
from metarec.contracts.settings import parts_of


def unknown_names(values: Mapping[str, Any], config_class: type[Any]) -> dict[str, list[str]]:
    """The names that no setting has, those of a part as `part.name`, each with the names that there
    are in its place."""
    known = [field.name for field in fields(config_class)]
    found = {str(name): known for name in values if name not in known}
    for part, kind in parts_of(config_class).items():
        if isinstance(own := values.get(part), Mapping):
            inner = unknown_names(own, kind)
            found |= {f"{part}.{name}": names for name, names in inner.items()}
    return found


def parse_hyperparameters(
    values: Mapping[str, Any], config_class: type[Any], *, place: str = ""
) -> Any:
    """The frozen dataclass that the values make; the error tells all that is wrong in one line.

    As JSON, so that no type is taken for another one ("5" for 5, true for 1). `place` begins the
    error, such as "config.json: ".
    """
    try:
        return TypeAdapter(config_class).validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        told = "; ".join(
            ": ".join([*map(str, e["loc"]), e["msg"].removeprefix("Value error, ")])
            for e in error.errors()
        )
        raise DataError(f"{place}the hyperparameters do not fit: {told}") from error
