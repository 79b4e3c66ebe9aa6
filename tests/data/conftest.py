"""Where the real data is, and small shops to write."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ITEMS = "item_id,title\na,Apple\nb,Bread\nc,Cheese\n"
EVENTS = "user_id,item_id,value\nu,a,3\nu,b,4\nv,a,5\n"

Writer = Callable[..., Path]


@pytest.fixture
def shop(tmp_path: Path) -> Writer:
    """Writes a folder from file names to contents; by default two small CSV files."""

    def write(files: dict[str, str | bytes | None] | None = None) -> Path:
        folder = tmp_path / "shop"
        folder.mkdir(exist_ok=True)
        for name, content in (
            {"interactions.csv": EVENTS, "items.csv": ITEMS} | (files or {})
        ).items():
            if content is not None:
                data = content.encode() if isinstance(content, str) else content
                (folder / name).write_bytes(data)
        return folder

    return write


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the public data sets."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("METAREC_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no data at {folder}; set METAREC_DATA to the folder that holds it")
    return folder
