"""Hyperparameters from files, parsed into the dataclass that stands beside their model."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from metarec.contracts import DataError


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
