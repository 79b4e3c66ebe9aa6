"""Nested values as JSON, with their arrays apart under names that safetensors can hold."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def pack(value: Any, name: str, arrays: Arrays) -> Any:
    """`value` as JSON, with its arrays moved to `arrays` under names that start with `name`."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, list | tuple):
        return [pack(part, f"{name}.{i}", arrays) for i, part in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(k, str) and k[:1] != "$" for k in value):
        return {k: pack(part, f"{name}.{k}", arrays) for k, part in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        _put(value, name, arrays)
        return {"$array": name}
    if sp.issparse(value):
        matrix = sp.csr_matrix(value)
        for part in ("data", "indices", "indptr"):
            _put(getattr(matrix, part), f"{name}.{part}", arrays)
        return {"$csr": name, "shape": list(matrix.shape)}
    raise TypeError(f"{name} cannot be saved: {type(value).__name__} is neither array nor JSON")


def _put(array: NDArray[Any], name: str, arrays: Arrays) -> None:
    if name in arrays:
        raise TypeError(f"{name} cannot be saved: two arrays have this name")
    arrays[name] = np.asarray(array, order="C")


def unpack(value: Any, arrays: Arrays) -> Any:
    """What `pack` made into this JSON and these arrays."""
    if isinstance(value, list):
        return [unpack(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    if "$array" in value:
        return arrays[value["$array"]]
    if "$csr" in value:
        parts = (arrays[f"{value['$csr']}.{part}"] for part in ("data", "indices", "indptr"))
        return sp.csr_matrix(tuple(parts), shape=tuple(value["shape"]))
    return {k: unpack(part, arrays) for k, part in value.items()}
