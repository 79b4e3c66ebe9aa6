"""What the pages show runs, and what they point at is there."""

import pkgutil
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import metarec as mr
from metarec.contracts import Histories
from metarec.data import generate_to
from metarec.recommenders import BaseRecommender
from tests.test_rooms import MAY_ENTER

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def blocks_of(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def contributing() -> type:
    """The contract test that CONTRIBUTING.md shows, with its recommender."""
    names: dict[str, type] = {"__name__": __name__}
    for number, block in enumerate(blocks_of(ROOT / "CONTRIBUTING.md")):
        exec(compile(block, f"CONTRIBUTING.md block {number}", "exec"), names)
    return names["TestRandomWalk"]


TestRandomWalkOfContributing = contributing()  # pytest collects it: the whole contract runs


def test_the_recommender_of_contributing_is_what_it_says() -> None:
    shop = mr.generate(users=60, items=30, kind="implicit").dataset
    walk: BaseRecommender = TestRandomWalkOfContributing().make().fit(shop)
    taken = [{shop.catalogue.ids[i] for i in h} for h in items_of(shop.histories)]
    start, end = (str(i) for i in shop.catalogue.ids[shop.item_counts.argsort()[-2:]])
    reached = sum((1 / len(h)) for h in taken if start in h and end in h)
    starts, ends = (sum(item in h for h in taken) for item in (start, end))
    assert walk.score([[start]], [end])[0, 0] == pytest.approx(reached / starts / ends**0.5)


def items_of(histories: Histories) -> list[list[int]]:
    return [
        histories.items[histories.offsets[h] : histories.offsets[h + 1]].tolist()
        for h in range(len(histories))
    ]


def folder_and_logs() -> dict[str, object]:
    generate_to("path/to/folder", users=40, items=20)
    Path("log.csv").write_text("uid,movie,stars\nu,a,3\nv,b,4\n")
    Path("films.csv").write_text("movie,title\na,Alien\nb,Brazil\n")
    return {}


def shop_and_fits() -> dict[str, object]:
    def fit_all(split: object, seed: int) -> dict[str, object]:
        from metarec.recommenders import Random

        return {"Random": Random().fit(split.train, rng=seed)}  # type: ignore[attr-defined]

    return {"shop": mr.generate(users=80, items=40).dataset, "fit_all": fit_all}


def names_of_recommenders() -> dict[str, object]:
    from dataclasses import dataclass

    import numpy as np
    import polars as pl
    from jaxtyping import Float

    from metarec.contracts import Catalogue, Dataset, Episodes, Recommender, vocabulary_of
    from metarec.testing import RecommenderContract

    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["2571", "1", "589"]}))
    events = pl.DataFrame({"user": [0, 0, 1, 1], "item": [0, 1, 1, 2], "value": [1.0] * 4})
    events = events.cast({"value": pl.Float32})
    train = Dataset("page", "implicit", None, catalogue, vocabulary_of(["u", "v"]), events)
    listed = (dataclass, Float, Recommender, Dataset, Episodes, RecommenderContract)
    names: dict[str, object] = {thing.__name__: thing for thing in listed}
    return names | {
        "np": np,
        "train": train,
        "BaseRecommender": BaseRecommender,
        "Histories": Histories,
    }


GIVEN: dict[str, Callable[[], dict[str, object]]] = {
    "data.md": folder_and_logs,
    "evaluation.md": shop_and_fits,
    "recommenders.md": names_of_recommenders,
}
"""What a page takes for granted, made small; a page that is not named runs as it is."""
SMALLER = {"1_000_000": "200"}
WITH_A_SHELL = "your-shop.md"
"""Its Python stands between commands of a shell: all of it runs in a test of the command line."""


def troubles(blocks: list[str], names: dict[str, object]) -> list[str]:
    """What goes wrong in blocks that run one after another with the same names."""
    found = []
    for number, block in enumerate(blocks):
        for large, small in SMALLER.items():
            block = block.replace(large, small)
        try:
            exec(compile(block, f"block {number}", "exec"), names)
        except Exception as error:  # whatever a reader of the page would meet
            found.append(f"block {number}: {type(error).__name__}: {error}")
    return found


def test_a_block_that_fails_or_is_no_python_would_be_seen() -> None:
    blocks = ["a = 1_000_000", "assert a == 200", "b = a + later", "import", "later = a"]
    assert [trouble.split(":")[0] for trouble in troubles(blocks, {})] == ["block 2", "block 3"]


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if blocks_of(page) and page.name != WITH_A_SHELL],
    ids=lambda page: page.name,
)
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METAREC_CACHE", str(tmp_path / "cache"))
    names: dict[str, object] = {"__name__": "page"}
    names |= GIVEN.get(page.name, dict)()
    assert troubles(blocks_of(page), names) == []


def dead_links(page: Path) -> list[str]:
    """Relative links of the page that lead nowhere."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link for link in LINK.findall(text) if not re.match(r"[a-z]+:|#", link)]
    return [link for link in links if not (page.parent / link.split("#")[0]).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert not dead_links(page)


MODULE = re.compile(r"\bmetarec(?:\.[A-Za-z_]\w*)+")


def unknown_names(text: str) -> list[str]:
    """Names such as `metarec.data.load` that a page says and nobody could import."""

    def known(name: str) -> bool:
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError):
            return False
        return True

    return sorted(name for name in set(MODULE.findall(text)) if not known(name))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_and_name_that_a_page_says_is_there(page: Path) -> None:
    assert not unknown_names(page.read_text("utf-8"))


def test_a_module_that_moved_away_would_be_seen() -> None:
    text = "`metarec.tuning` and `metarec.data.Load`, but `metarec.data.load`"
    assert unknown_names(text) == ["metarec.data.Load", "metarec.tuning"]


def test_contributing_tells_every_room_and_the_arrows_of_the_rule() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    told = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", text, re.MULTILINE)
    assert {room for room, _ in told} == set(MAY_ENTER)
    for room, arrows in told:
        named = set(re.findall(r"`(\w+)`", arrows))
        assert named <= MAY_ENTER[room], room
        if not re.search("those|all", arrows):
            assert named == MAY_ENTER[room], room


def test_a_dead_link_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[a](page.md#top) [b](gone.md) [c](https://example.org) ![d](e.png)")
    assert dead_links(page) == ["gone.md", "e.png"]


def test_contributing_names_every_target_of_the_makefile_that_it_needs_to() -> None:
    targets = set(re.findall(r"^([\w-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([\w-]+)`", (ROOT / "CONTRIBUTING.md").read_text()))
    assert {"check", "fix", "test", "test-all", "bench"} <= named <= targets
