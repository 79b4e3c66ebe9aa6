"""A saved model is the model: every answer, every bit, in another process too; and no user id."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from safetensors import safe_open

import metarec as mr
from metarec.data import Split

from .conftest import SMALL
from .networks import assert_same_numbers, numbers_of


@pytest.fixture(scope="module", params=["rating", "implicit"])
def fitted(request: pytest.FixtureRequest) -> mr.MetaRecommender:
    """A model with all its parts: profiles, kinds, a clock, names in any script, a retired item."""
    shop = mr.generate(users=90, items=40, kind=request.param, rng=3).dataset
    kinds = pl.Series("event", np.where(np.arange(len(shop.interactions)) % 3, "عرض", "buy 😀"))
    titles = pl.format("😀 {}", pl.col("title"))
    catalogue = replace(shop.catalogue, frame=shop.catalogue.frame.with_columns(titles))
    train = replace(
        shop,
        interactions=shop.interactions.with_columns(kinds),
        catalogue=catalogue.retire(shop.catalogue.ids[:2].tolist()),
    )
    config = mr.MetaConfig(**{**SMALL, "steps": 20, "choice": True}, recency="clock", hidden=3)
    return mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(train)


@pytest.fixture(scope="module")
def loaded(fitted: mr.MetaRecommender, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("models") / "متجر 😀"
    fitted.save(folder)
    return mr.load_model(folder)


def person_of(model: mr.MetaRecommender) -> mr.meta.Person:
    ids = model.catalogue.ids
    kinds = ("buy 😀", "عرض", None, "unknown")
    events = [mr.Event(str(ids[3 + i]), 4.0, k, 1e9 + 1e6 * i) for i, k in enumerate(kinds)]
    return model.adapt(events, profile={"age": 30, "income": "low"}, now=1e9 + 5e6)


def new_items(model: mr.MetaRecommender) -> pl.DataFrame:
    return model.catalogue.table[:2].with_columns(item_id=pl.Series(["new", "newer 😀"]))


def added(model: mr.MetaRecommender) -> mr.MetaRecommender:
    return model.add_items(new_items(model))


def batch(model: mr.MetaRecommender) -> mr.Histories:
    assert model._profiles is not None
    columns = {**model._profiles.numbers, **model._profiles.categories, **model._profiles.lists}
    profiles = pl.DataFrame({"age": [30, None]}).with_columns(
        pl.lit(None).alias(name) for name in columns if name != "age"
    )
    return mr.Histories.of([person_of(model).events, []], profiles=profiles)


def ids_of(model: mr.MetaRecommender) -> list[str]:
    return model.catalogue.ids.tolist()


ANSWERS: dict[str, Callable[[mr.MetaRecommender], Any]] = {
    "recommend": lambda m: person_of(m).recommend(9).to_frame(),
    "score": lambda m: person_of(m).score(ids_of(m)),
    "std": lambda m: person_of(m).predict(ids_of(m)).stds,
    "predictive std": lambda m: person_of(m).predict(ids_of(m)).predictive_stds,
    "shares": lambda m: person_of(m).explain(ids_of(m)[9]).shares,
    "effects": lambda m: person_of(m).explain(ids_of(m)[9]).effects,
    "base": lambda m: person_of(m).explain(ids_of(m)[9]).base,
    "questions": lambda m: person_of(m).ask(5).to_frame(),
    "observe": lambda m: person_of(m).observe(mr.Event(ids_of(m)[9], 2.0, "عرض")).score(ids_of(m)),
    "forget": lambda m: person_of(m).forget(ids_of(m)[3]).score(ids_of(m)),
    "newcomer": lambda m: m.adapt([]).score(ids_of(m)),
    "similar": lambda m: m.similar(ids_of(m)[5], 7).to_frame(),
    "batch lists": lambda m: m.recommend(batch(m), 9).to_frame(),
    "batch scores": lambda m: m.score(batch(m), ids_of(m)),
    "batch stds": lambda m: m.predict(batch(m), batch(m)).stds,
    "added": lambda m: person_of(added(m)).score(["new", "newer 😀"]),
    "retired": lambda m: m.retire_items(ids_of(m)[4:9]).adapt([]).recommend(9).to_frame(),
    "catalogue": lambda m: m.catalogue.table,
    "offered": lambda m: m.catalogue.offered,
    "rating model": lambda m: m.predicts_ratings,
    "config": lambda m: m.config,
    "metrics": lambda m: dict(m.metrics),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_loaded_model_gives_every_answer_of_the_saved_one(
    fitted: mr.MetaRecommender, loaded: mr.MetaRecommender, name: str
):
    one, other = ANSWERS[name](fitted), ANSWERS[name](loaded)
    if isinstance(one, pl.DataFrame):
        assert len(one)
        assert one.equals(other, null_equal=True)
        return
    np.testing.assert_equal(one, other)
    assert "std" in name or np.isfinite(one).all() if isinstance(one, np.ndarray) else True


def test_every_array_comes_back_to_the_bit(fitted: mr.MetaRecommender, loaded: mr.MetaRecommender):
    assert list(loaded.hearts) == list(fitted.hearts)
    assert loaded.blend == fitted.blend
    for name, heart in fitted.hearts.items():
        assert_same_numbers(loaded.hearts[name], heart)
        there, here = numbers_of(loaded.hearts[name]), numbers_of(heart)
        assert {k: type(v) for k, v in there.items()} == {k: type(v) for k, v in here.items()}
    assert type(loaded.heart.updater) is type(fitted.heart.updater)
    assert loaded._weights.keys() == fitted._weights.keys()
    for head, weights in fitted._weights.items():
        assert loaded._weights[head].keys() == weights.keys()
        for name, array in weights.items():
            np.testing.assert_array_equal(loaded._weights[head][name], array)
            assert loaded._weights[head][name].dtype == array.dtype
    np.testing.assert_array_equal(loaded._no_profile, fitted._no_profile)
    assert loaded._profiles == fitted._profiles
    assert loaded._content.fingerprint == fitted._content.fingerprint


def test_a_model_saved_again_has_the_same_files(
    fitted: mr.MetaRecommender, loaded: mr.MetaRecommender, tmp_path: Path
):
    for name, model in (("one", fitted), ("other", loaded)):
        model.save(tmp_path / name)
    cards = [json.loads((tmp_path / n / "config.json").read_text()) for n in ("one", "other")]
    assert cards[0] == cards[1]


def test_a_saved_model_holds_no_user_ids(
    ratings: mr.MetaRecommender, rating_split: Split, tmp_path: Path
):
    ratings.save(tmp_path / "model")
    said = [(tmp_path / "model" / "config.json").read_text()]
    said.append(pl.read_parquet(tmp_path / "model" / "catalogue.parquet").write_json())
    with safe_open(tmp_path / "model" / "state.safetensors", framework="numpy") as file:
        names = list(file.keys())
        said += [json.dumps(file.metadata()), *names]
        said += [file.get_tensor(name).tobytes().decode("latin-1") for name in names]
    everything = "".join(said)
    assert all(str(item) in everything for item in ratings.catalogue.ids)
    assert not [user for user in rating_split.train.user_ids if str(user) in everything]
