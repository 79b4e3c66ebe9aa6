"""Small exports, written as shops write them, and what is made of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metarec.contracts.dataset import Dataset
from metarec.data import InvalidData, load_csv

Files = dict[str, str | bytes]
Read = Callable[..., Dataset]
Refused = Callable[..., list[str]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads events, and items and users where there are some, as a user would by `load_csv`."""

    def reading(
        events: str | bytes,
        items: str | bytes | None = None,
        users: str | bytes | None = None,
        **options: Any,
    ) -> Dataset:
        tables = {"events": events, "items": items, "users": users}
        for name, content in tables.items():
            if content is not None:
                options |= {} if name == "events" else {name: tmp_path / f"{name}.csv"}
                raw = content.encode() if isinstance(content, str) else content
                (tmp_path / f"{name}.csv").write_bytes(raw)
        return load_csv(tmp_path / "events.csv", **options)

    return reading


@pytest.fixture
def refused(read: Read) -> Refused:
    """What is told of files that cannot be a shop, a line each kind of problem."""

    def told(*tables: str | bytes, **options: Any) -> list[str]:
        with pytest.raises(InvalidData) as caught:
            read(*tables, **options)
        lines = str(caught.value).splitlines()
        end = lines.index("in all:") if "in all:" in lines else len(lines)
        return [line.strip() for line in lines[1:end]]

    return told
