"""Which items are still offered is understood in every format, and is never content."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError, Dataset
from metarec.data import InvalidData, load, load_csv

IDS = ["a", "b", "c", "d"]
EXPECTED = [True, False, True, False]
"""Of the cells below: yes, no, nothing, no."""

TYPED = {
    "booleans": pl.Series([True, False, None, False]),
    "whole numbers": pl.Series([1, 0, None, 0], dtype=pl.Int8),
    "floats": pl.Series([1.0, 0.0, None, 0.0]),
    "small words": pl.Series(["true", "false", None, "no"]),
    "large words": pl.Series(["YES", "No", " ", "FALSE"]),
    "digits": pl.Series(["1", "0", "", " 0 "]),
    "categories": pl.Series(["yes", "no", None, "no"], dtype=pl.Categorical),
}
every_type = pytest.mark.parametrize("cells", TYPED.values(), ids=TYPED.keys())


def table(cells: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"item_id": IDS, "title": ["A", "B", "C", "D"], "offered": cells})


def only_titles(catalogue: Catalogue) -> bool:
    return catalogue.frame.columns == ["title"]


class TestFiles:
    @every_type
    @pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
    def test_every_spelling_is_understood(self, shop, cells: pl.Series, suffix: str) -> None:
        folder = shop({"items.csv": None})
        writers = {"parquet": "write_parquet", "csv": "write_csv", "jsonl": "write_ndjson"}
        getattr(table(cells), writers[suffix])(folder / f"items.{suffix}")
        catalogue = load(folder).catalogue
        assert catalogue.offered.tolist() == EXPECTED
        assert only_titles(catalogue)

    def test_json_may_mix_the_spellings(self, shop) -> None:
        cells = [{"offered": True}, {"offered": "no"}, {}, {"offered": 0}]
        rows = [{"item_id": i, **cell} for i, cell in zip(IDS, cells, strict=True)]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        data = load(shop({"items.csv": None, "items.jsonl": lines}))
        assert data.catalogue.offered.tolist() == EXPECTED

    @pytest.mark.parametrize("odd", ["maybe", "2", "-1", "nan", "y"])
    def test_any_other_value_names_file_row_value_and_what_is_allowed(self, shop, odd) -> None:
        items = f"item_id,offered\na,yes\nb,{odd}\n"
        with pytest.raises(InvalidData) as caught:
            load(shop({"items.csv": items}))
        (problem,) = caught.value.problems
        assert (problem.file, problem.row, problem.column) == ("items.csv", 3, "offered")
        assert problem.found == f"'{odd}'"
        assert "true or false, 1 or 0, yes or no" in problem.expected

    @pytest.mark.parametrize("odd", [2.0, -1.0, 0.5])
    def test_a_number_that_is_neither_is_refused(self, shop, odd: float) -> None:
        folder = shop({"items.csv": None})
        frame = pl.DataFrame({"item_id": ["a", "b"], "offered": [1.0, odd]})
        frame.write_parquet(folder / "items.parquet")
        with pytest.raises(InvalidData, match="row 2, column offered"):
            load(folder)

    def test_a_type_that_cannot_say_yes_or_no_is_refused(self, shop) -> None:
        folder = shop({"items.csv": None})
        frame = pl.DataFrame({"item_id": ["a", "b"], "offered": [[True], [False]]})
        frame.write_parquet(folder / "items.parquet")
        with pytest.raises(InvalidData, match=r"column offered: found type List\(Boolean\)"):
            load(folder)

    def test_the_column_may_have_another_name_in_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "log.csv").write_text("user_id,item_id\nu,a\nu,b\n")
        (tmp_path / "items.csv").write_text("item_id,stock\na,no\nb,yes\n")
        own = {"offered": "stock"}
        items = tmp_path / "items.csv"
        data = load_csv(tmp_path / "log.csv", items=items, item_columns=own)
        assert data.catalogue.offered.tolist() == [False, True]
        items.write_text("item_id,stock\na,sold out\nb,yes\n")
        with pytest.raises(InvalidData, match="row 2, column stock"):
            load_csv(tmp_path / "log.csv", items=items, item_columns=own)


class TestFrames:
    @every_type
    def test_a_catalogue_understands_every_spelling(self, cells: pl.Series) -> None:
        catalogue = Catalogue.of(table(cells))
        assert catalogue.offered.tolist() == EXPECTED
        assert only_titles(catalogue)

    @every_type
    def test_so_do_added_items_and_a_retired_one_stays_retired(self, cells: pl.Series) -> None:
        old = Catalogue.of(pl.DataFrame({"item_id": ["x", "y"], "title": ["X", "Y"]}))
        wider = old.retire(["y"]).append(table(cells))
        assert wider.offered.tolist() == [True, False, *EXPECTED]
        assert only_titles(wider)

    def test_an_odd_value_is_named_with_its_row(self) -> None:
        cells = pl.Series(["yes", "no", "later", "no"])
        with pytest.raises(DataError, match=r"row 3, column offered: found 'later', expected true"):
            Catalogue.of(table(cells))
        with pytest.raises(DataError, match=r"found type List\(Int64\)"):
            Catalogue.of(table(pl.Series([[1]] * 4)))

    def test_without_the_column_all_are_offered(self) -> None:
        assert Catalogue.of(table(pl.Series([None] * 4)).drop("offered")).offered.all()

    def test_a_table_of_another_library_names_the_way_out(self) -> None:
        with pytest.raises(DataError, match=r"Polars DataFrame, got builtins\.dict"):
            Catalogue.of({"item_id": ["a"]})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (np.ones(3, dtype=bool), "offered must be 4 booleans"),
        (np.ones(4), "got float64 of shape"),
        (np.ones((4, 1), dtype=bool), "offered must be 4 booleans"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(mask: np.ndarray, told: str) -> None:
    frame = pl.DataFrame({"title": ["A", "B", "C", "D"]})
    with pytest.raises(DataError, match=told):
        Catalogue(np.array(IDS, dtype=object), frame, mask)
    with pytest.raises(DataError, match="4 ids has 3 rows"):
        Catalogue(np.array(IDS, dtype=object), frame.head(3), np.ones(4, dtype=bool))
    odd = frame.with_columns(pl.Series("offered", ["no"] * 4))
    with pytest.raises(DataError, match="no content"):
        Catalogue(np.array(IDS, dtype=object), odd, np.ones(4, dtype=bool))


def test_a_hidden_item_of_a_csv_file_is_not_recommended(shop) -> None:
    from metarec.recommenders import Popularity

    events = "user_id,item_id\n" + "".join(f"u{k},b\nu{k},a\nw{k},c\n" for k in range(3))
    items = "item_id,offered\na,yes\nb,no\nc,\n"
    data: Dataset = load(shop({"interactions.csv": events, "items.csv": items}))
    best = Popularity().fit(data).recommend([[]], k=3)[0]
    assert set(best.ids) == {"a", "c"}
