"""The page that leads from a database to a list runs as it stands, in a shell and in Python."""

import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "your-shop.md"
SMALLER = {
    "--out corner.model": "--out corner.model --set steps=30",
    "--models all": "--models EASE",
}
"""What would take minutes, made small."""
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_page_leads_from_a_database_to_a_list(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("transformers", reason="needs metarec[minilm]")
    pytest.importorskip("sqlalchemy", reason="needs metarec[sql]")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    said = ""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for language, block in BLOCK.findall(PAGE.read_text("utf-8")):
        if language == "python":
            exec(compile(block, PAGE.name, "exec"), names)
            continue
        for whole, small in SMALLER.items():
            block = block.replace(whole, small)
        shell = ["bash", "-euc", block]
        ran = subprocess.run(
            shell, capture_output=True, text=True, env=os.environ | {"PATH": paths}
        )
        assert ran.returncode == 0, ran.stderr
        said += ran.stdout + ran.stderr
    assert "read customer_no as user_id, sku as item_id" in said
    assert "12 negative events heard" in said
    lists = pl.read_parquet("lists.parquet")
    assert lists["user_id"].n_unique() == 120
    assert (lists.group_by("user_id").len()["len"] == 5).all()
    tonight = pl.read_parquet("tonight.parquet")
    assert set(tonight["item_id"]) == {"00001", "00099"}
    assert "1 updated (price 1): 00001" in said
    assert Path("results/report.html").is_file()
