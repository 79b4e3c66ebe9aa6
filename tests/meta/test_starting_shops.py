"""Another shop from a model: what moves, what stays behind, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.special import softmax

import metarec as mr
from metarec.contracts import Catalogue, DataError, Dataset, NotFittedError, UnsupportedError
from metarec.encoders import ContentFeatures, reads_alike
from metarec.meta.evidence.counting import counted_tables
from metarec.meta.evidence.learning import share_of_unseen
from metarec.meta.features.terms import RESIDUALS
from metarec.meta.moving.aligning import aligned, rows_among, weights_for
from metarec.meta.moving.moved_evidence import evidence_in, levelled
from metarec.meta.moving.moved_heart import confidence_in

from .conftest import SMALL
from .networks import assert_same_numbers, with_evidence
from .shops import part, young

KINDS = ("rating", "implicit")


def people_of(shop: Dataset) -> list[list[tuple[str, float]]]:
    """A few of the shop's histories as anyone would type them."""
    ids, told = shop.catalogue.ids, shop.histories
    rows = np.flatnonzero(told.lengths >= 3)[:5]
    return [
        [(ids[i], float(v)) for i, v in zip(own.items, own.values, strict=True)]
        for own in (told.take(np.array([row])) for row in rows)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_shop_without_an_event_is_served(kind, shops, priors):
    new = young(shops[kind][1], 0)
    assert not len(new.interactions)
    started = priors[kind].start(new)
    answer = started.recommend([[], *people_of(shops[kind][1])], k=5)
    assert np.isfinite(answer.scores).all()
    assert set(answer.ids.ravel()) <= set(new.catalogue.ids)
    assert len({tuple(row) for row in answer.ids.tolist()}) > 1  # it is theirs, not anyone's
    assert not set(started.catalogue.ids) & set(priors[kind].catalogue.ids)


@pytest.mark.parametrize("kind", KINDS)
def test_its_items_are_what_the_first_shop_would_make_of_their_content(kind, shops, priors):
    prior, new = priors[kind], shops[kind][1]
    started = prior.start(new, prior._content)
    added = prior.add_items(new.catalogue.table)
    before = len(prior.catalogue)
    for name, heart in started.hearts.items():
        n = len(new.catalogue)
        for column in ("features", "offsets", "unsure", "noise"):
            own = getattr(heart.terms, column)[:n]
            others = getattr(added.hearts[name].terms, column)[before : before + n]
            np.testing.assert_array_equal(own, others)
        assert not any(started._weights[name][column].any() for column in RESIDUALS)
    if kind == "rating":
        ids, told = list(new.catalogue.ids), people_of(new)
        scores = [m.score(told, ids, rank_by="rating") for m in (started, added)]
        np.testing.assert_allclose(*scores, rtol=1e-9)


def test_every_item_counts_as_one_did_in_the_first_shop(shops, priors):
    prior, new = priors["implicit"], shops["implicit"][1]
    few = np.arange(len(new.catalogue)) < 30
    new = part(new, np.ones(len(new.user_ids), dtype=bool), few)
    started = prior.start(new).heart
    lam, alpha = prior.heart.prior.scales
    phi = started.terms.features[: len(new.catalogue)]
    total = sum(np.outer(row, row) for row in phi)
    expected = lam * np.eye(phi.shape[1]) + alpha / len(prior.catalogue) * total
    np.testing.assert_allclose(started.prior.precision, expected, rtol=1e-9)
    known = prior.heart.terms.features[: len(prior.catalogue)]
    rebuilt = lam * np.eye(phi.shape[1]) + alpha * known.T @ known / len(known)
    np.testing.assert_allclose(prior.heart.prior.precision, rebuilt, rtol=1e-5)


def test_tables_are_counted_on_the_shop_and_weighed_as_in_the_first(shops, priors):
    prior, new = priors["implicit"], shops["implicit"][1]
    known, own = prior.heart.evidence, prior.start(new).heart.evidence
    assert known is not None
    assert own is not None
    counted = counted_tables(new, prior.config)
    before = {table.name: table.fades for table in known.counted}
    for table in own.counted:
        assert table.fades == before[table.name]
        np.testing.assert_array_equal(table.matrix.toarray(), counted[table.name].toarray())
    assert own.names
    assert own.alike_fades == known.alike_fades
    np.testing.assert_array_equal(own.untouched.rows, ~new.touched)
    assert (own.order, own.foretold) == (None, None)


def test_taste_does_not_speak_of_new_items_where_likeness_does(shops, priors):
    prior, new = priors["implicit"], shops["implicit"][1]
    evidence = prior.heart.evidence
    assert evidence is not None
    content = prior.start(new)._content.encode(new.catalogue.frame)
    for near, taste in ((0.0, 0.7), (0.3, 0.0)):
        told = replace(evidence.untouched, likeness=(), near=near, plain=0.0, taste=0.7)
        moved = evidence_in(replace(evidence, untouched=told), new, content, prior.config)
        assert moved.untouched.taste == taste


def test_new_items_stand_where_they_are_taken_as_often_as_is_likely(shops, priors):
    new = young(shops["implicit"][1], 12)
    started = priors["implicit"].start(new)
    heart, told = started.heart, new.histories
    told = told.take(np.flatnonzero(told.lengths))
    logits = started._alone(heart, told)
    logits[told.rows, told.items] = -np.inf
    of_new = softmax(logits, axis=1)[:, ~new.touched].sum(axis=1)
    n = len(new.interactions)
    assert of_new.mean() == pytest.approx(share_of_unseen(new, (n - 0.5) / n), abs=1e-6)
    again = levelled(heart.evidence, new, lambda histories: started._alone(heart, histories))
    assert again.untouched.offset == pytest.approx(heart.evidence.untouched.offset, abs=1e-6)


def test_what_people_say_of_its_items_is_added_by_warming(shops, priors):
    new = shops["rating"][1]
    started = priors["rating"].start(new)
    warm = started.warm(new.histories)
    assert np.abs(warm._weights["rating"]["beta"]).sum() > 0
    held = new.histories

    def error(model: mr.MetaRecommender) -> float:
        scores = model.score([[]], list(new.catalogue.ids), rank_by="rating")[0]
        return float(np.abs(scores[held.items] - held.values).mean())

    assert error(warm) < error(started)


@pytest.mark.parametrize("kind", KINDS)
def test_a_started_model_is_saved_to_the_bit_and_may_be_a_prior_itself(
    kind, shops, priors, tmp_path: Path
):
    first, new = shops[kind]
    started = priors[kind].start(new).warm(new.histories)
    started.save(tmp_path / "model")
    loaded = mr.load_model(tmp_path / "model")
    told, ids = people_of(new), list(new.catalogue.ids)
    np.testing.assert_array_equal(loaded.score(told, ids), started.score(told, ids))
    again = [m.start(first).score([[]], list(first.catalogue.ids)) for m in (loaded, started)]
    np.testing.assert_array_equal(*again)
    assert loaded.summary == started.summary
    assert loaded.summary[0].startswith("from another shop: 47 of 72 numbers")


def test_the_same_shop_starts_to_the_same_bits_and_leaves_the_prior_alone(shops, priors):
    prior, new = priors["rating"], shops["rating"][1]
    before = prior.score([[]], list(prior.catalogue.ids))
    first, second = prior.start(new), prior.start(new)
    for name in first.hearts:
        assert_same_numbers(first.hearts[name], second.hearts[name])
    np.testing.assert_array_equal(prior.score([[]], list(prior.catalogue.ids)), before)


def test_numbers_are_aligned_by_name_and_unknown_ones_say_nothing():
    known = [("text", "0"), ("text", "1"), ("number", "price", "value")]
    own = [("number", "price", "value"), ("category", "colour", "missing"), ("text", "1")]
    rows = rows_among(own, known)
    assert rows.tolist() == [2, -1, 1]
    weights = np.arange(6.0).reshape(3, 2) + 1
    np.testing.assert_array_equal(aligned(weights, rows), [[5, 6], [0, 0], [3, 4]])
    assert aligned(np.zeros((0, 2)), np.array([-1, -1])).tolist() == [[0, 0], [0, 0]]


def test_maps_of_content_keep_their_rows_whatever_block_they_come_to_stand_in():
    rng = np.random.default_rng(0)
    weights = {
        "g.linear.of.text": rng.normal(size=(2, 3)).astype(np.float32),
        "g.linear.of.table": rng.normal(size=(1, 3)).astype(np.float32),
        "g.bias": np.ones(3, np.float32),
        "v": np.ones((5, 3), np.float32),
        **{name: np.ones(5, np.float32) for name in ("beta", "nu", "told")},
    }
    rows = np.array([1, 0, -1, 2])
    moved = weights_for(
        weights, {"text": 2, "table": 1}, {"text": 2, "hashed": 1, "table": 1}, rows, 4
    )
    np.testing.assert_array_equal(moved["g.linear.of.text"], weights["g.linear.of.text"][::-1])
    assert moved["g.linear.of.hashed"].tolist() == [[0, 0, 0]]
    np.testing.assert_array_equal(moved["g.linear.of.table"], weights["g.linear.of.table"])
    assert moved["v"].shape == (4, 3)
    assert not any(moved[name].any() for name in RESIDUALS)


def test_a_column_that_the_first_shop_has_not_is_left_out_and_said_so(shops, priors):
    new = shops["rating"][1]
    colours = pl.Series("colour", ["red", "blue"] * (len(new.catalogue) // 2))
    wider = Catalogue.of(new.catalogue.table.with_columns(colours))
    started = priors["rating"].start(replace(new, catalogue=wider))
    assert started.metrics["of_prior"]["left_out"] == ["colour"]
    assert "of no use there: colour" in started.summary[0]
    names = started._content.names
    assert len(names) == sum(started._content.blocks.values())
    assert len(set(names)) == len(names)


def test_what_a_feature_is_called_follows_the_order_of_the_vector():
    table = pl.DataFrame(
        {
            "item_id": list("abcd"),
            "title": ["one thing", "another thing", "a third thing", "the last thing"],
            "price": [1.0, 2.0, None, 5.0],
            "maker": ["x", "y", "x", None],
            "tags": [["p"], ["q", "p"], None, []],
            "made": pl.Series(["2020-01-01", None, "2021-01-01", "2022-01-01"]).str.to_date(),
            "picture": [[1.0, 0.0], [0.0, 1.0], None, [1.0, 1.0]],
        }
    )
    roles = {"maker": "category", "price": "number"}
    features = ContentFeatures.fit(mr.HashEncoder(d=4), table.drop("item_id"), roles=roles)  # type: ignore[arg-type]
    vectors = features.encode(table.drop("item_id"))
    column = dict(zip(features.names, vectors.T, strict=True))
    assert column["category", "maker", "value", "x"].tolist() == [1, 0, 1, 0]
    assert column["category", "maker", "missing"].tolist() == [0, 0, 0, 1]
    assert column["number", "price", "missing"].tolist() == [0, 0, 1, 0]
    assert column["list", "tags", "value", "q"].tolist() == [0, 1, 0, 0]
    assert column["list", "tags", "missing"].tolist() == [0, 0, 1, 0]
    assert column["date", "made", "missing"].tolist() == [0, 1, 0, 0]
    assert column["vector of 2", "picture", "2"].tolist() == [0, 0, 1, 0]


def test_kinds_that_both_shops_have_count_as_in_the_first_and_others_as_if_untold(shops, priors):
    heart = priors["implicit"].heart
    known = replace(heart.confidence, kind_names=("view", "buy"), of_kind=np.array([0.4, 2.0]))
    heart = replace(heart, confidence=known)
    events = shops["implicit"][1].interactions
    kinds = pl.Series("kind", np.array(["buy", "cart", "return"])[np.arange(len(events)) % 3])
    names = {"interactions": events.with_columns(event=kinds), "negative_kinds": ("return",)}
    shop = replace(shops["implicit"][1], **names)
    found = confidence_in(heart, shop.without_negative(), priors["implicit"].config)
    told = dict(zip(found.kind_names, found.of_kind.tolist(), strict=True))
    assert told == {"buy": 2.0, "cart": 1.0, "return": 0.3}
    assert found.negative_kinds == ("return",)
    assert found.recency == heart.confidence.recency


def test_what_cannot_begin_a_shop_is_refused(shops, priors):
    prior, new = priors["rating"], shops["rating"][1]
    with pytest.raises(DataError, match="fitted to ratings, and this shop has implicit events"):
        prior.start(shops["implicit"][1])
    with pytest.raises(DataError, match="another encoder"):
        prior.start(new, mr.HashEncoder(d=8))
    with pytest.raises(DataError, match=r"from 1 to 5, and this shop's go from 0 to 10"):
        prior.start(replace(new, declared_scale=(0.0, 10.0)))
    with pytest.raises(DataError, match="shop must be a Dataset"):
        prior.start("folder")  # type: ignore[arg-type]
    with pytest.raises(NotFittedError):
        mr.MetaRecommender(mr.HashEncoder()).start(new)


def test_a_model_of_another_updater_or_an_earlier_version_is_refused(shops, priors):
    new, heart = shops["implicit"][1], priors["implicit"].heart
    config = mr.MetaConfig(**{**SMALL, "steps": 0, "evidence": False}, updater="ANIL")
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(shops["implicit"][0])
    with pytest.raises(UnsupportedError, match="adapts by ANIL"):
        model.start(new)
    old = with_evidence(priors["implicit"], heart.evidence)
    old.hearts = {"implicit": replace(heart, prior=replace(heart.prior, scales=None))}
    with pytest.raises(DataError, match="earlier version"):
        old.start(new)


def test_encoders_that_differ_by_their_template_alone_read_alike():
    assert reads_alike(mr.HashEncoder(d=8), mr.HashEncoder(d=8, template="{title}"))
    assert not reads_alike(mr.HashEncoder(d=8), mr.HashEncoder(d=16))


def test_a_shop_that_knows_nothing_of_people_starts_from_one_that_does(shops, priors, tmp_path):
    assert priors["rating"].profile_columns
    model = priors["rating"].start(replace(shops["rating"][1], users=None))
    model.save(tmp_path / "m")
    assert mr.load_model(tmp_path / "m").adapt([]).recommend(3).ids.tolist() == (
        model.adapt([]).recommend(3).ids.tolist()
    )
