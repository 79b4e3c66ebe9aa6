"""The driver of `make mutants`: what it changes, what it draws, and what it finds alive."""

import ast
import json
from pathlib import Path

import pytest
from tools.mutants.__main__ import main
from tools.mutants.finding import mutants_of, sample
from tools.mutants.judging import Judge, run_with
from tools.mutants.memory import Finished, Memory
from tools.mutants.reached import Reached
from tools.mutants.report import RoomReport, write
from tools.mutants.rooms import nearest_first
from tools.mutants.running import Copy, Ran
from tools.mutants.signatures import Signatures
from tools.mutants.source import Mutant, Source
from tools.mutants.survivors import Survivor, load, stale

ROOT = Path(__file__).parents[2]


def mutants(text: str) -> list[Mutant]:
    source = Source("src/shop/till.py", text.encode())
    return mutants_of(source, Signatures([source.tree]))


def changed(text: str, kind: str) -> list[str]:
    """The whole text after each mutation of one kind."""
    return [m.applied(text.encode()).decode() for m in mutants(text) if m.kind == kind]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("comparison", "a < b", ["a <= b"]),
        ("comparison", "(a) >= (b)", ["(a) > (b)"]),
        ("comparison", "a == b != c", ["a != b != c", "a == b == c"]),
        ("comparison", "a is not b", ["a is b"]),
        ("comparison", "x = 'α' in b", ["x = 'α' not in b"]),
        ("arithmetic", "a + (b - c)", ["a - (b - c)", "a + (b + c)"]),
        ("arithmetic", "a * b", ["a / b"]),
        ("arithmetic", "x -= 2", ["x += 2"]),
        ("arithmetic", "folder / 'a'", []),
        ("term dropped", "y = (a + b) * c", ["y = (a) * c", "y = (b) * c"]),
        ("term dropped", "(a) - (b)", ["(a)"]),
        ("term dropped", "(a  # why\n + b)", []),
        ("factor dropped", "a / b", ["a"]),
        ("factor dropped", "a * b", ["a", "b"]),
        ("logic", "(a > 1) & b", ["(a > 1) | b"]),
        ("logic", "a and (b or c)", ["a or (b or c)", "a and (b and c)"]),
        ("logic", "Key = int | None", []),
        ("condition dropped", "Key = list[str] | None", []),
        ("condition dropped", "a and b and c", ["a and b", "a and c", "b and c"]),
        ("not removed", "x = not (a)", ["x = (a)"]),
        ("not removed", "x = ~a[b]", ["x = a[b]"]),
        ("sign dropped", "np.argsort(-x)", ["np.argsort(x)"]),
        ("condition forced", "if a > b:\n    c()", ["if True:\n    c()", "if False:\n    c()"]),
        ("condition forced", "while a:\n    c()", ["while False:\n    c()"]),
        ("condition forced", "while True:\n    c()", []),
        ("condition forced", "[a for a in b if a]", ["[a for a in b if True]",
                                                      "[a for a in b if False]"]),
        ("condition forced", "if a := b:\n    c(a)", []),
        ("constant", "a = 0", ["a = 1"]),
        ("constant", "a = 1", ["a = 0"]),
        ("constant", "a = b[-1]", ["a = b[-2]"]),
        ("constant", "a = 7", ["a = 8"]),
        ("constant", "a = 0.5", ["a = 0.75"]),
        ("constant", "a = 0.0", ["a = 1.0"]),
        ("constant", "f(k=True)", ["f(k=False)"]),
        ("constant", "np.searchsorted(a, b, side='left')", ['np.searchsorted(a, b, side="right")']),
        ("default", "def f(a=3, *, b=0): return a", ["def f(a=4, *, b=0): return a",
                                                      "def f(a=3, *, b=1): return a"]),
        ("default", "class A:\n    b: float = 2.0", ["class A:\n    b: float = 3.0"]),
        ("default", "class A:\n    b: Literal['x', 'y'] = 'x'",
         ["class A:\n    b: Literal['x', 'y'] = \"y\""]),
        ("axis", "a.sum(axis=1)", ["a.sum(axis=0)"]),
        ("axis", "a.cumsum(axis=0)", ["a.cumsum(axis=1)"]),
        ("slice border", "a[1:]", ["a[2:]", "a[1:-1]"]),
        ("slice border", "a[:, :k]", ["a[:, 1:k]", "a[:, :k - 1]"]),
        ("slice border", "a[b if c else d :: 2]", ["a[(b if c else d) + 1 :: 2]"]),
        ("slice border", "a[:-1]", ["a[1:-1]", "a[:-2]"]),
        ("argument left out", "f(a, k=1)", ["f(a)"]),
        ("argument left out", "f(k=1, l=2)", ["f(l=2)", "f(k=1)"]),
        ("argument left out", "f(\n    k=1,\n)", ["f(\n    )"]),
        ("argument left out", "open(a, encoding='utf-8')", []),
        ("argument left out", "def f(a, *, k): return a\nf(1, k=2)", []),
        ("argument left out", "class A:\n    b: int\n    c: int = 1\nA(b=1, c=2)",
         ["class A:\n    b: int\n    c: int = 1\nA(b=1)"]),
        ("arguments swapped", "f(a, b, 1)", ["f(b, a, 1)"]),
        ("arguments swapped", "f(a, b.c)", []),
        ("arguments swapped", "np.maximum(a, b)", []),
        ("arguments swapped", "np.lexsort((a, b))", ["np.lexsort((b, a))"]),
        ("function swapped", "min(a, b)", ["max(a, b)"]),
        ("function swapped", "np.maximum(a, 0)", ["np.minimum(a, 0)"]),
        ("function swapped", "int(a)", ["round(a)"]),
        ("function swapped", "int(a.f()[0])", ["round(a.f()[0])"]),
        ("function swapped", "int(a.argmax()[0])", ["int(a.argmin()[0])"]),
        ("function swapped", "round(a)", ["int(a)"]),
        ("function swapped", "a.sum()", ["a.mean()"]),
        ("function swapped", "sum(a)", []),
        ("order turned", "sorted(a)", ["sorted(a, reverse=True)"]),
        ("order turned", "sorted(a, key=k)", ["sorted(a, key=k, reverse=True)"]),
        ("order turned", "a.sort(descending=True)", ["a.sort(descending=False)"]),
        ("order turned", "a[::-1]", ["a"]),
        ("transformation dropped", "np.clip(a, 0, 1)", ["a"]),
        ("transformation dropped", "np.maximum(1, a - b) ** 2", ["(a - b) ** 2"]),
        ("transformation dropped", "max(0, a)", ["a"]),
        ("transformation dropped", "abs(a)", ["a"]),
        ("transformation dropped", "a.b.copy()", ["a.b"]),
        ("statement removed", "x += 1", ["pass"]),
        ("statement removed", "a.append(b)", ["pass"]),
        ("statement removed", "a[b] = c", ["pass"]),
        ("statement removed", "if a:\n    raise E(f'{1 + 1}')", ["if a:\n    pass"]),
        ("statement removed", "raise E", []),
        ("returned unchanged", "def f(a: B, c: D) -> B:\n    return g(a, c)",
         ["def f(a: B, c: D) -> B:\n    return a"]),
        ("returned unchanged", "class A:\n    def f(self) -> 'A':\n        return g(self)",
         ["class A:\n    def f(self) -> 'A':\n        return self"]),
    ],
)  # fmt: skip
def test_a_mutation_gives_exactly_the_text(kind: str, text: str, expected: list[str]) -> None:
    assert sorted(changed(text, kind)) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        '"""1 + 1."""',
        "import a",
        "__all__ = [1]",
        "x: Float[A, 1 + 2]",
        "def f(a: B[1]) -> C[2]: pass",
        "if TYPE_CHECKING:\n    a = 1",
        "raise E(a + 1)",
        "assert a < 1",
        "print(a + 1)",
        "progress.advance(task, 1)",
        "x = f'{a + 1:.3f}'",
        "def __repr__(self):\n    return f(1)",
        "@cache(1)\ndef f(): pass",
        "T = TypeVar('T', a, b)",
    ],
)
def test_what_no_test_has_to_notice_is_left_alone(text: str) -> None:
    assert not mutants(text)


def test_a_mutant_tells_where_it_is_and_what_it_changes_in_one_line() -> None:
    told = [str(m) for m in mutants("é = 1\nx = f(\n    a,\n    b < c,\n)") if "compar" in m.kind]
    assert told == ["src/shop/till.py:4: comparison: b < c -> b <= c"]


@pytest.mark.slow
def test_every_mutant_of_the_project_is_code_and_other_code() -> None:
    for file in sorted((ROOT / "src").rglob("*.py"))[::12]:
        source = Source(file.name, file.read_bytes())
        before = ast.dump(source.tree)
        for mutant in mutants_of(source, Signatures([]))[::7]:
            assert ast.dump(ast.parse(mutant.applied(source.data))) != before, str(mutant)


SMALL, LARGE = mutants("a = b + 1\nc = d < 2"), mutants("\n".join(["a = b + 1"] * 30))


def test_a_sample_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    files = {"small": SMALL, "large": LARGE}
    assert sample(files, 20, "1") == sample(files, 20, "1")
    assert sample(files, 20, "1") != sample(files, 20, "2")


def test_a_sample_has_as_many_of_each_file_as_its_share_and_no_mutant_twice() -> None:
    drawn = sample({"small": SMALL, "large": LARGE}, 20, "1")
    share = 20 * len(SMALL) / (len(SMALL) + len(LARGE))
    assert len(drawn) == len({(m.start, m.end, m.text, m.old) for m in drawn}) == 20
    assert abs(sum(m in SMALL and m not in LARGE for m in drawn) - share) <= 1


def test_a_sample_of_one_file_has_every_kind_before_it_has_one_twice() -> None:
    kinds = {m.kind for m in LARGE}
    assert {m.kind for m in sample({"large": LARGE}, len(kinds), "1")} == kinds


def test_a_sample_larger_than_the_room_is_the_room() -> None:
    assert sample({"small": SMALL}, 1000, "1") == SMALL


def test_an_entry_that_matches_no_mutant_is_stale_and_one_that_does_is_not() -> None:
    kept = Survivor("src/shop/till.py", "c = d < 2", "comparison", "why", "d < 2 -> d <= 2")
    gone = [Survivor(kept.path, "c = d < 3", kept.kind, "why"),
            Survivor(kept.path, kept.line, kept.kind, "why", "d < 2 -> d > 2")]  # fmt: skip
    assert stale([kept, *gone], SMALL) == gone


def test_an_entry_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "survivors.toml"
    file.write_text('[[survivor]]\npath = "a"\nline = "b"\nkind = "c"\nwhy = " "\n')
    with pytest.raises(SystemExit, match="say why for a: c: b"):
        load(file)


def test_every_entry_of_the_kept_list_says_why() -> None:
    assert all(survivor.why for survivor in load())


SHOP = {
    "src/shop/__init__.py": '"""A shop."""\n',
    "src/shop/till/__init__.py": '"""The till."""\n',
    "src/shop/till/price.py": (
        "def total(a, b):\n    return a + b\n\n\ndef rebate(a, b):\n    return a - b\n"
    ),
    "tests/till/test_other.py": "def test_nothing():\n    assert True\n",
    "tests/till/test_price.py": (
        "from shop.till.price import total\n\n\ndef test_total():\n    assert total(2, 3) == 5\n"
    ),
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project of two functions, of which one is tested."""
    for name, text in SHOP.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_tests_that_speak_of_the_module_are_asked_first(shop: Path) -> None:
    mutant = mutants_of(Source("src/shop/till/price.py", SHOP["src/shop/till/price.py"].encode()),
                        Signatures([]))[0]  # fmt: skip
    files = [Path("tests/till/test_other.py"), Path("tests/till/test_price.py")]
    assert nearest_first(shop, mutant, files) == files[::-1]


@pytest.mark.slow
def test_the_tests_that_call_a_function_are_asked_and_all_files_about_what_none_calls(
    shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = [Path("tests/till/test_other.py"), Path("tests/till/test_price.py")]
    text = SHOP["src/shop/till/price.py"] + "\n\nLEAST = 7\n"
    (shop / "src/shop/till/price.py").write_text(text)
    record = shop / "record.json"
    with Copy(shop, tmp_path_factory.mktemp("copy")) as copy:
        assert copy.run(files, timeout_s=60, record=record).passed
    called = json.loads(record.read_text())
    memory = Memory(shop)
    assert memory.sound(files) is None
    memory.keep_sound(files, called, 1.5)
    assert memory.sound(files) == (called, 1.5)
    assert memory.sound(files[:1]) is None
    reached = Reached.of(called, shop, files)
    found = mutants_of(Source("src/shop/till/price.py", text.encode()), Signatures([]))
    asked = {mutant.change: reached.by(mutant) for mutant in found}
    assert asked["a + b -> a - b"] == ["tests/till/test_price.py::test_total"]
    every = [str(file) for file in files[::-1]]
    assert asked["a - b -> a + b"] == asked["LEAST = 7 -> LEAST = 8"] == every
    kept = text.replace("def total", "@cache\ndef total")
    (shop / "src/shop/till/price.py").write_text(kept)
    found = mutants_of(Source("src/shop/till/price.py", kept.encode()), Signatures([]))
    (first,) = [mutant for mutant in found if mutant.change == "a + b -> a - b"]
    assert reached.by(first) == every


@pytest.mark.slow
def test_a_file_of_tests_is_asked_about_what_it_calls_by_itself_and_not_about_all_it_imports(
    shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    price, record = "src/shop/till/price.py", shop / "record.json"
    (shop / price).write_text(SHOP[price] + "\n\nLEAST = rebate(9, 2)\n")
    files = [Path(f"tests/till/test_{name}.py") for name in "abc"]
    for file, call in zip(files, ("LEAST", "total(2, 3)", "LEAST"), strict=True):
        imported = "from shop.till.price import LEAST, total"
        test = "def test_it():\n    assert DUE"
        (shop / file).write_text(f"{imported}\n\nDUE = {call}\n\n\n{test}\n")
    with Copy(shop, tmp_path_factory.mktemp("copy")) as copy:
        assert copy.run(files, timeout_s=60, record=record).passed
    reached = Reached.of(json.loads(record.read_text()), shop, files)
    assert reached.tests.get((price, 1)) == ["tests/till/test_b.py"]
    assert (price, 5) not in reached.tests


def test_what_is_finished_is_remembered_until_code_or_tests_change(shop: Path) -> None:
    Memory(shop).keep(SMALL[0], Ran(passed=True, seconds=1.0, said=""), deep=False)
    known = Memory(shop)
    assert known.recall(SMALL[0], deep=False)
    assert not known.recall(SMALL[0], deep=True), "all tests may notice what the room's did not"
    assert not known.recall(SMALL[1], deep=False)
    (shop / "tests/till/test_other.py").write_text("def test_more():\n    assert 1\n")
    assert not Memory(shop).recall(SMALL[0], deep=False)


@pytest.mark.slow
def test_a_function_without_a_test_is_found_alive_and_one_with_a_test_killed(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: file.read_bytes() for file in shop.rglob("*.py")}
    out = shop / "found.json"
    arguments = ["--root", str(shop), "--out", str(out), "--survivors", str(shop / "kept.toml")]
    assert main([*arguments, "--timeout", "60"]) == 1
    found = json.loads(out.read_text())["rooms"]
    assert {line.split(": ", 1)[1] for line in found["till"]["mutants_alive"]} == {
        "arithmetic: a - b -> a + b",
        "term dropped: a - b -> a",
    }
    counts = {"killed": 3, "timed_out": 0, "alive": 2}
    assert found["till"] | counts == found["till"]
    assert {f: f.read_bytes() for f in shop.rglob("*.py")} == before

    (shop / "kept.toml").write_text(
        "".join(
            f'[[survivor]]\npath = "src/shop/till/price.py"\nline = "{line}"\n'
            f'kind = "{kind}"\nwhy = "nobody calls it"\n'
            for kind, line in [
                ("arithmetic", "return a - b"),
                ("term dropped", "return a - b"),
                ("arithmetic", "return a % b"),
            ]
        )
    )
    capsys.readouterr()
    assert main(arguments) == 0, "remembered, and listed: nothing is alive"
    said = capsys.readouterr().out
    assert "till              3 killed    0 alive    2 listed  100.0%  of 5" in said
    assert "no mutant is so:\n  src/shop/till/price.py: arithmetic: return a % b" in said


@pytest.mark.slow
def test_an_endless_loop_and_a_module_that_cannot_be_imported_are_killed(
    shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = SHOP["src/shop/till/price.py"].replace(
        "return a + b", "while b > 0:\n        a, b = a + 1, b - 1\n    return a"
    )
    text += "\n\nLEAST = [7][0]\n"
    (shop / "src/shop/till/price.py").write_text(text)
    changes = ["b - 1 -> b + 1", "[7][0] -> [7][1]"]
    found = mutants_of(Source("src/shop/till/price.py", text.encode()), Signatures([]))
    asked = [mutant for mutant in found if mutant.change in changes]
    with Copy(shop, tmp_path_factory.mktemp("copy")) as copy:
        judge = Judge(shop, Memory(shop), [copy], timeout_s=20)
        finished = {mutant.change: became for mutant, became in judge.judge("till", asked)}
    assert [finished[change].killed for change in changes] == [True, True]
    assert [finished[change].timed_out for change in changes] == [True, False]
    assert finished[changes[0]].seconds > 20 > finished[changes[1]].seconds


@pytest.mark.slow
def test_a_mutant_on_a_machine_that_is_slow_for_the_sound_code_too_is_not_killed(
    shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs = shop / "runs"
    (shop / "tests/till/test_other.py").write_text(
        "import time\nfrom pathlib import Path\n\n\ndef test_slow_twice():\n"
        f"    with Path({str(runs)!r}).open('a+') as runs:\n"
        "        runs.write('x')\n"
        f"    time.sleep(60 if Path({str(runs)!r}).stat().st_size < 3 else 0)\n"
    )
    text = SHOP["src/shop/till/price.py"].encode()
    rebate = mutants_of(Source("src/shop/till/price.py", text), Signatures([]))[-1]
    with Copy(shop, tmp_path_factory.mktemp("copy")) as copy:
        ran = run_with(rebate, copy, ["tests/till/test_other.py"], timeout_s=4)
    assert (ran.passed, ran.timed_out) == (True, False)


def test_a_room_measured_before_stays_in_the_file_and_who_was_killed_by_time_is_told(
    tmp_path: Path,
) -> None:
    endless = Finished("", "", killed=True, deep=False, seconds=1.0, timed_out=True)
    for room in ("cellar", "till"):
        found = RoomReport(room, there_are=5, sampled=1)
        assert found.add(SMALL[0], endless, []) == "endless"
        write(tmp_path / "found.json", [found], [], {"seed": 3})
    assert "1 killed" in str(found)
    assert "1 of the killed by time" in str(found)
    rooms = json.loads((tmp_path / "found.json").read_text())["rooms"]
    assert [(name, room["timed_out"]) for name, room in rooms.items()] == [
        ("cellar", 1),
        ("till", 1),
    ]


@pytest.mark.slow
def test_a_room_whose_tests_fail_without_a_mutant_is_no_measure(shop: Path) -> None:
    (shop / "tests/till/test_other.py").write_text("def test_nothing():\n    assert False\n")
    with pytest.raises(SystemExit, match="expected its tests to pass without a mutant"):
        main(["--root", str(shop), "--workers", "1"])


def test_an_unknown_room_is_refused_with_those_that_there_are(shop: Path) -> None:
    with pytest.raises(SystemExit, match="expected one of till, got cellar"):
        main(["--root", str(shop), "--room", "cellar"])
