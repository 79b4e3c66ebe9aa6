"""What a shop declares of its ratings, kinds and columns is read, held to the rows, and kept."""

import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from metarec.contracts import DataError, Dataset
from metarec.contracts.meaning import recognised_scale
from metarec.data import DroppedRowsWarning, InvalidData, load, load_csv, save
from metarec.data.meanings import meanings

KINDS = "user_id,item_id,event\nu,a,view\nu,b,buy\nu,c,return\nv,a,view\nv,c,\n"
DECLARED = """
feedback = "implicit"
target_kinds = ["buy"]
negative_kinds = ["return", "dislike"]
[items]
text = ["title"]
ignore = ["code"]
"""
CODED = "item_id,title,code\na,Apple,7\nb,Bread,8\nc,Cheese,9\n"


def rated(*values: float) -> str:
    return "user_id,item_id,value\n" + "".join(f"u{n},a,{v}\n" for n, v in enumerate(values))


def told(shop, settings: str, **files: str) -> list[str]:
    with pytest.raises(InvalidData) as caught:
        load(shop({"dataset.toml": settings} | files))
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def kinds(shop) -> Dataset:
    return load(shop({"interactions.csv": KINDS, "items.csv": CODED, "dataset.toml": DECLARED}))


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([0, 1], (0, 1)),
        ([0.25, 0.5], (0, 1)),
        ([2, 4], (1, 5)),
        ([1, 5], (1, 5)),
        ([2.25, 4], (1, 5)),
        ([2.5, 4], (0.5, 5)),
        ([0.5, 5], (0.5, 5)),
        ([1, 6], (1, 10)),
        ([5.5, 10], (1, 10)),
        ([0, 3], (0, 5)),
        ([0, 4.5], (0, 5)),
        ([0, 10], (0, 10)),
        ([0, 11], (0, 100)),
        ([1, 100], (0, 100)),
        ([-1, 1], None),
        ([1, 101], None),
        ([], (0, 1)),
    ],
)
def test_the_first_known_scale_that_holds_the_ratings_is_recognised(values, scale) -> None:
    assert recognised_scale(pl.Series(values, dtype=pl.Float32)) == scale


def test_a_part_of_a_shop_has_the_scale_of_the_whole(shop) -> None:
    data = load(shop({"interactions.csv": rated(1, 0, 55)}))
    assert data.where(data.interactions["value"] <= 1).scale == (0, 100)
    assert meanings(data)[0].startswith("scale     0 to 100 (recognised")


def test_counts_taken_for_ratings_end_with_the_lines_that_say_what_they_are(shop) -> None:
    (problem,) = told(shop, "", **{"interactions.csv": rated(1, 1197)})
    assert "column value: found ratings from 1 to 1,197" in problem
    assert 'feedback = "implicit"' in problem
    assert "scale = [1, 1197]" in problem
    (problem,) = told(shop, "", **{"interactions.csv": rated(-10, 10)})
    assert "scale = [-10, 10]" in problem
    assert "implicit" not in problem  # a weight is above 0


def test_a_declared_scale_is_kept_and_rows_off_it_are_named(shop, tmp_path: Path) -> None:
    folder = shop({"interactions.csv": rated(1, 1197, 3), "dataset.toml": "scale = [0, 2000]"})
    data = load(folder)
    assert data.scale == data.where(data.interactions["value"] < 5).scale == (0, 2000)
    assert meanings(data) == ["scale     0 to 2000 (declared)"]
    save(data, tmp_path / "saved")
    assert load(tmp_path / "saved").hash == data.hash != replace(data, declared_scale=(0, 3e3)).hash
    (problem,) = told(shop, "scale = [2, 2000]", **{"interactions.csv": rated(2, 1197, 1)})
    assert "interactions.csv, row 4, column value: found 1.0, expected a rating on the" in problem
    assert "2 to 2000; mend the rating, or widen scale in dataset.toml" in problem
    with pytest.warns(DroppedRowsWarning, match="outside the scale"):
        assert len(load(folder.parent / "shop", lenient=True).interactions) == 2
    with pytest.raises(DataError, match=r"row 1 .*expected a rating from 0 to 5"):
        replace(data, declared_scale=(0, 5))


def test_kinds_and_roles_are_read_saved_and_hashed(kinds: Dataset, tmp_path: Path) -> None:
    assert (kinds.target_kinds, kinds.negative_kinds) == (("buy",), ("return", "dislike"))
    assert kinds.roles == {"text": ("title",), "ignore": ("code",)}
    save(kinds, tmp_path / "saved")
    again = load(tmp_path / "saved")
    assert (again.hash, again.roles) == (kinds.hash, kinds.roles)
    bare = {"target_kinds": (), "negative_kinds": (), "roles": {}}
    others = [replace(kinds, **{name: none}).hash for name, none in bare.items()]
    assert len({kinds.hash, *others}) == 4
    assert meanings(kinds) == [
        "target    buy (1)",
        "negative  return (1), dislike (0)",
        "support   view (2)",
    ]
    assert meanings(replace(kinds, negative_kinds=("dislike",)))[-1] == (
        "doubtful  return may speak against an item and count as liking it: if so, set "
        'negative_kinds = ["dislike", "return"] in dataset.toml'
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('target_kinds = ["by"]', "no event of the kinds by.*kinds there are: buy, return, view"),
        ('negative_kinds = ["Retrun"]', "no event of the kind 'Retrun'.*write 'return', or rename"),
        ('target_kinds = ["buy"]\nnegative_kinds = ["buy"]', "'buy' in target_kinds and in neg"),
        ('target_kinds = "buy"', "column target_kinds: .*must be a list of kinds"),
        ("negative_kinds = [1]", "column negative_kinds: .*must be a list of kinds"),
        ('target_kind = ["buy"]', "unknown key 'target_kind', expected one of name, feedback, .*"),
        ('target_kind = ["buy"]', "write target_kinds$"),
        ('colour = "red"', r"unknown key 'colour'.* write it under \[notes\]"),
        ("scale = [1, 5]", "a scale of implicit events"),
        ("scale = [5, 1]", "lowest rating first"),
        ("scale = [1]", "must be two numbers"),
        ('scale = "1-5"', "must be two numbers"),
        ('[items]\ntexts = ["title"]', "items.texts: found an unknown key.*write text$"),
        ('[items]\ntext = "title"', "column items: .*must list columns"),
        ('[items]\ntext = ["title"]\nnumber = ["title"]', "said to be text and number"),
        ('[items]\nnumber = ["price"]', "no column 'price'.*said to be number.*title, code"),
        ('[items]\nignore = ["item_id"]', "no column 'item_id'"),
        ("items = 3", "column items: .*must map"),
        ("notes = 3", "column notes: .*a table"),
    ],
)
def test_a_declaration_that_cannot_hold_is_one_problem(shop, settings: str, said: str) -> None:
    (problem,) = told(shop, settings, **{"interactions.csv": KINDS, "items.csv": CODED})
    assert re.search(said, problem), problem


def test_kinds_of_events_without_kinds_are_refused(shop) -> None:
    assert "column event" in told(shop, 'negative_kinds = ["dislike"]')[0]


def test_notes_are_for_people(shop) -> None:
    plain = load(shop())
    noted = load(shop({"dataset.toml": 'note = "x"\n[notes]\nanything = [1, 2]\n'}))
    assert noted.hash == plain.hash


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target_kinds": ("by",)}, "no event of the kinds by, .*there are: buy, return, view"),
        ({"target_kinds": "buy"}, "must be a list"),
        ({"target_kinds": ("buy", "buy")}, "each kind once"),
        ({"negative_kinds": ("buy",)}, "'buy' in target_kinds and in negative_kinds"),
        ({"roles": {"words": ("title",)}}, "must be one of text"),
        ({"roles": {"text": ("name",)}}, "no column 'name'"),
        ({"declared_scale": (1, 5)}, "implicit events have none"),
        ({"feedback": "rating", "declared_scale": (1, float("nan"))}, "two numbers"),
    ],
)
def test_a_dataset_made_by_hand_is_held_to_the_same(kinds: Dataset, changes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        replace(kinds, **changes)


def test_every_real_folder_loads(real_data: Path) -> None:
    for folder in ("lastfm-2k", "retailrocket", "amazon-beauty"):
        assert len(load(real_data / folder).interactions)


@pytest.mark.parametrize("name", ["target_kinds", "negative_kinds"])
def test_kinds_that_are_one_text_are_refused_beside_a_file_as_in_a_folder(name: str, tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("user_id,item_id,event\nu,a,b\nu,b,u\nu,c,y\n")
    with pytest.raises(DataError, match=f"{name} must be a list of kinds .*got 'buy'"):
        load_csv(file, **{name: "buy"})
