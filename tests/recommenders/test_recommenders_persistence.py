"""Saved recommenders: found by their class, and without a word about any user."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from recommender_toys import dataset
from safetensors import safe_open

from metarec.cli.rows import FOR_RATINGS, ROWS, SLOW
from metarec.contracts import DataError
from metarec.data import generate
from metarec.encoders import ContentFeatures, HashEncoder
from metarec.files.model_card import hash_of_card
from metarec.files.tensors import sharing_arrays
from metarec.recommenders import (
    BPR,
    EASE,
    BaseRecommender,
    EASEConfig,
    Popularity,
    load_recommender,
)
from metarec.testing import planted_shop


def edit(folder: Path, **changes: Any) -> None:
    """Change the card and hash it again, as an older version or another program would write it."""
    card = json.loads((folder / "config.json").read_text()) | changes
    card["hash"] = hash_of_card(card)
    (folder / "config.json").write_text(json.dumps(card))


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="nowhere is not a saved model: it does not exist; check the path"
    ):
        load_recommender(tmp_path / "nowhere")


def test_load_recommender_finds_the_class_and_its_choices(tmp_path: Path) -> None:
    EASE(EASEConfig(l2=7.0)).fit(planted_shop().data).save(tmp_path / "m")
    loaded = load_recommender(tmp_path / "m")
    assert isinstance(loaded, EASE)
    assert loaded.config == EASEConfig(l2=7.0)


@pytest.mark.parametrize("name", ["os.system", "Path", "BaseRecommender.load", "EASEConfig", "np"])
def test_a_name_that_is_no_public_recommender_resolves_to_nothing(
    tmp_path: Path, name: str
) -> None:
    Popularity().fit(dataset([("u", "a", 1.0)], "ab")).save(tmp_path / "m")
    edit(tmp_path / "m", **{"class": name})
    with pytest.raises(DataError, match="no recommender of this version"):
        load_recommender(tmp_path / "m")


def test_the_wrong_class_says_which_one_is_right(tmp_path: Path) -> None:
    Popularity().fit(dataset([("u", "a", 1.0)], "ab")).save(tmp_path / "m")
    with pytest.raises(DataError, match=r"holds a Popularity, not a EASE.*Popularity.load"):
        EASE.load(tmp_path / "m")


def contents(folder: Path) -> str:
    """Everything that the model's files say, unpacked: compressed bytes would hide it."""
    said = [(folder / "config.json").read_text()]
    said.append(pl.read_parquet(folder / "catalogue.parquet").write_json())
    with safe_open(folder / "state.safetensors", framework="numpy") as file:
        names = list(file.keys())
        said += [json.dumps(file.metadata()), *names]
        said += [file.get_tensor(name).tobytes().decode("latin-1") for name in names]
    return "".join(said)


@pytest.mark.parametrize("model", [BPR(), EASE(), Popularity()], ids=lambda m: type(m).__name__)
def test_no_user_id_is_written(tmp_path: Path, model: BaseRecommender) -> None:
    shop = planted_shop().data
    model.fit(shop).save(tmp_path / "m")
    said = contents(tmp_path / "m")
    assert all(str(item) in said for item in shop.catalogue.ids)
    assert not [user for user in shop.user_ids if str(user) in said]


@pytest.mark.parametrize("name", [name for name in ROWS if name not in SLOW])
def test_arrays_that_are_shared_answer_with_the_same_bits(tmp_path: Path, name: str) -> None:
    shop = generate(
        users=60, items=40, kind="rating" if name in FOR_RATINGS else "implicit"
    ).dataset
    content = ContentFeatures.fit(HashEncoder(), shop.catalogue.frame)
    ROWS[name](content).fit(shop).save(tmp_path / "m")
    copied = load_recommender(tmp_path / "m")
    with sharing_arrays():
        shared = load_recommender(tmp_path / "m")
    people, ids = shop.histories.take(np.arange(9)), list(shop.catalogue.ids)
    np.testing.assert_array_equal(copied.score(people, ids), shared.score(people, ids))
    asked, found = copied.recommend(people, 5), shared.recommend(people, 5)
    np.testing.assert_array_equal(asked.items, found.items)
    np.testing.assert_array_equal(asked.scores, found.scores)
