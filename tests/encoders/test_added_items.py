"""Items added to a model are read as those at fit were, also after saving and loading."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.data import Split, split_cold
from metarec.encoders import UnusedColumnWarning

TEMPLATE = "{title} ({year}). {tags}. {description}"


@pytest.fixture(scope="module")
def split() -> Split:
    return split_cold(mr.generate(users=60, items=40, rng=3).dataset, rng=0)


@pytest.fixture(scope="module", params=[None, TEMPLATE], ids=["no template", "template"])
def fitted(request: pytest.FixtureRequest, split: Split) -> mr.MetaRecommender:
    config = mr.MetaConfig(d=4, steps=20, judge_every=10)
    encoder = mr.HashEncoder(16, request.param)
    return mr.MetaRecommender(encoder, config).fit(split.train, split.valid)


@pytest.fixture(params=["fitted", "loaded"])
def model(
    request: pytest.FixtureRequest, fitted: mr.MetaRecommender, tmp_path: Path
) -> mr.MetaRecommender:
    if request.param == "fitted":
        return fitted
    fitted.save(tmp_path / "model")
    return mr.load_model(tmp_path / "model")


@pytest.fixture
def twin(split: Split) -> pl.DataFrame:
    """The row of an item without a training event, under another id."""
    untouched = int(np.flatnonzero(~split.train.touched)[0])
    return split.train.catalogue.table[untouched].with_columns(item_id=pl.lit("new"))


def told_of_new(model: mr.MetaRecommender, frame: pl.DataFrame) -> list[float]:
    """Score and standard deviations of the added item, for a person with one event."""
    wider = model.add_items(frame)
    person = wider.adapt([(str(model.catalogue.ids[0]), 4.0)])
    told = person.predict(["new"])
    return [float(c[0]) for c in (told.scores, told.stds, told.predictive_stds)]


def told_of_twin(model: mr.MetaRecommender, split: Split) -> list[float]:
    untouched = str(split.train.catalogue.ids[~split.train.touched][0])
    told = model.adapt([(str(model.catalogue.ids[0]), 4.0)]).predict([untouched])
    return [float(c[0]) for c in (told.scores, told.stds, told.predictive_stds)]


def test_the_order_of_columns_changes_no_bit(
    model: mr.MetaRecommender, twin: pl.DataFrame, split: Split
):
    for columns in (twin.columns, twin.columns[::-1], sorted(twin.columns)):
        assert told_of_new(model, twin.select(columns)) == told_of_twin(model, split)


@pytest.mark.parametrize("value", ["golden summit guide", 7.5, ["golden"]])
def test_an_extra_column_is_named_and_changes_no_bit(
    model: mr.MetaRecommender, twin: pl.DataFrame, split: Split, value: object
):
    extra = twin.select(pl.Series("blurb", [value]), pl.all())
    with pytest.warns(UnusedColumnWarning, match=r"\['blurb'\] are not used") as warned:
        told = told_of_new(model, extra)
    assert told == told_of_twin(model, split)
    assert warned[0].filename == __file__  # the line that called add_items


@pytest.mark.parametrize("lacking", ["title", "description", "category", "tags", "price", "year"])
def test_a_column_that_lacks_is_as_one_without_a_value(
    model: mr.MetaRecommender, twin: pl.DataFrame, lacking: str
):
    empty = twin.with_columns(pl.lit(None, dtype=twin.schema[lacking]).alias(lacking))
    assert told_of_new(model, twin.drop(lacking)) == told_of_new(model, empty)
    assert told_of_new(model, empty) != told_of_new(model, twin)


def test_items_without_any_content_can_be_added(model: mr.MetaRecommender):
    bare = pl.DataFrame({"item_id": ["new", "newer"]})
    assert np.isfinite(told_of_new(model, bare)).all()


def test_an_empty_table_adds_nothing(model: mr.MetaRecommender, twin: pl.DataFrame):
    assert len(model.add_items(twin.clear()).catalogue) == len(model.catalogue)


def test_a_retired_item_comes_back_neither_as_similar_nor_with_items_that_are_added(
    model: mr.MetaRecommender, twin: pl.DataFrame
):
    item = str(model.catalogue.ids[0])
    best = str(model.similar(item, 1).ids[0])
    fewer = model.retire_items([best])
    n_items = len(model.catalogue)
    for narrower in (fewer, fewer.add_items(twin)):
        assert best not in narrower.similar(item, n_items).ids
        assert best not in narrower.adapt([]).recommend(n_items).ids
        assert len(narrower.similar(item, n_items).ids) >= n_items - 2
