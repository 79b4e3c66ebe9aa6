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
    tables = {
        "interactions.csv": "user_id,item_id,value,event\nu,a,3,buy\nu,b,4,return\n",
        "items.csv": "item_id,title,internal_code\na,Apple,7\nb,Bread,8\n",
    }
    data = load(shop({"dataset.toml": settings[1], **tables}))
    assert (data.name, data.repeats, data.scale) == ("Corner shop", "last", (1, 5))
    assert (data.target_kinds, data.roles["ignore"]) == (("buy",), ("internal_code",))
