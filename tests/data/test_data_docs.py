"""What the page about data says is so."""

import re
from pathlib import Path

import metarec.data
from metarec.data import load

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def test_every_name_that_the_page_calls_is_public() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"from metarec\.data import ([\w, ]+)", text))
    names = {name.strip() for line in named for name in line.split(",")}
    names |= set(re.findall(r"`(split_\w+|save|pseudonymise|load)\b", text))
    assert len(names) >= 11
    assert names <= set(metarec.data.__all__)


def test_the_settings_of_the_page_load(shop) -> None:
    text = PAGE.read_text(encoding="utf-8")
    settings = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert settings is not None
    data = load(shop({"dataset.toml": settings[1]}))
    assert (data.name, data.repeats) == ("Corner shop", "last")
