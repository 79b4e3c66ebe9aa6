"""A fit that begins at the model of another shop, and leaves it for what validation proves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import metarec as mr
from metarec.contracts import DataError, Dataset
from metarec.meta.fitted import Learned
from metarec.meta.heads import ChoiceHead
from metarec.meta.heads.value_training import LearnedValue
from metarec.meta.moving.beginning import Beginning, better_of, shaped_by
from metarec.meta.moving.moved_evidence import levelled
from metarec.meta.network import new_network
from metarec.meta.starting import start_from_prior
from metarec.recommenders import Popularity

from .networks import assert_same_numbers
from .shops import at_start, young

KINDS = ("rating", "implicit")
CONFIG = at_start()
PLAIN = replace(CONFIG, evidence=False)
ENCODER = mr.HashEncoder(d=16)


def fitted(shop: Dataset, prior: mr.MetaRecommender | None, **how: Any) -> mr.MetaRecommender:
    return mr.MetaRecommender(ENCODER, CONFIG).fit(shop, prior=prior, **how)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_begins_where_the_started_and_warmed_model_stands(kind, shops, priors):
    new = young(shops[kind][1], 3)  # too few to hold anyone out
    begun, there = fitted(new, priors[kind]), priors[kind].start(new).warm(new.histories)
    able = new.histories.lengths[new.histories.rows] >= 2
    one = np.setdiff1d(new.histories.items, new.histories.items[able])  # what training leaves cold
    kept = np.setdiff1d(np.arange(len(new.catalogue)), one)
    for name, heart in begun.hearts.items():
        expected = there.hearts[name]
        for column in ("features", "offsets", "noise", "unsure"):
            own, told = (getattr(each.terms, column)[kept] for each in (heart, expected))
            np.testing.assert_allclose(own, told, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(heart.prior.mean, expected.prior.mean, rtol=1e-6)
        phi = heart.terms.features[: len(new.catalogue)]
        (lam, alpha), eye = expected.prior.scales, np.eye(phi.shape[1])
        P = eye if name == "rating" else lam * eye + alpha * phi.T @ phi / len(phi)
        np.testing.assert_allclose(heart.prior.precision, P, rtol=1e-4)
        for number in ("eps", "rho"):
            known = getattr(expected.confidence, number)
            assert getattr(heart.confidence, number) == pytest.approx(known, rel=1e-5)
        assert heart.residuals is priors[kind].hearts[name].residuals
    choice = begun.hearts["implicit"].head
    assert isinstance(choice, ChoiceHead)
    known = priors[kind].hearts["implicit"].head
    assert choice.kappa == pytest.approx(known.kappa, rel=1e-6)  # type: ignore[union-attr]
    assert choice.variance_factor == known.variance_factor
    if kind == "rating":
        told, ids = new.histories.take(np.arange(3)), list(new.catalogue.ids)
        scores = [model.score(told, ids, rank_by="rating")[:, kept] for model in (there, begun)]
        np.testing.assert_allclose(*scores, rtol=1e-2)


def test_where_too_few_are_asked_all_trust_is_that_of_the_other_shop(shops, priors):
    new, prior = young(shops["implicit"][1], 3), priors["implicit"]
    begun, there = fitted(new, prior), prior.start(new)
    own, known = begun.heart.evidence, there.heart.evidence
    assert own is not None
    assert known is not None
    assert own.names == known.names
    for table, expected in zip(own.counted, known.counted, strict=True):
        assert table.fades == expected.fades
        np.testing.assert_array_equal(table.matrix.toarray(), expected.matrix.toarray())
    assert own.alike_fades == known.alike_fades
    assert (own.taste, own.popular.always) == (known.taste, known.popular.always)
    assert own.popular.at_first == known.popular.at_first
    for name in ("likeness", "near", "plain", "taste"):
        assert getattr(own.untouched, name) == getattr(known.untouched, name)
    again = levelled(own, new, lambda histories: begun._alone(begun.heart, histories))
    assert again.untouched.offset == pytest.approx(own.untouched.offset, abs=1e-3)


def test_without_validation_nothing_is_trained_beyond_the_beginning(shops, priors):
    new = young(shops["rating"][1], 3)
    begun = mr.MetaRecommender(ENCODER, replace(PLAIN, steps=5)).fit(new, prior=priors["rating"])
    assert begun.metrics["prior"] == {"kept": True, "loss_alone": None, "loss": None}
    assert begun.metrics["steps"] == 0
    there = mr.MetaRecommender(ENCODER, PLAIN).fit(new, prior=priors["rating"])
    assert_same_numbers(begun.hearts["rating"], there.hearts["rating"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_never_behind_the_shop_alone_on_validation(kind, shops, priors):
    new, model = young(shops[kind][1], 80), mr.MetaRecommender(ENCODER, PLAIN)
    begun, alone = model.fit(new, prior=priors[kind]), model.fit(new)
    for own, other in (
        (begun.metrics, alone.metrics),
        *([(begun.metrics["choice"], alone.metrics["choice"])] if kind == "rating" else []),
    ):
        assert own["prior"]["loss_alone"] == other["valid_loss"]
        assert own["valid_loss"] == min(own["prior"]["loss_alone"], own["prior"]["loss"])
        assert own["prior"]["kept"] == (own["valid_loss"] == own["prior"]["loss"])
    assert any("the other shop's head" in line for line in begun.summary)


def test_a_shop_of_few_people_knows_what_the_words_of_the_first_one_are_worth():
    first, second = worded(people=40, items=30, named="a"), worded(people=6, items=30, named="b")
    model = mr.MetaRecommender(ENCODER, replace(PLAIN, choice=False))
    prior = model.fit(first)
    good = np.array([str(title).startswith("gold") for title in second.catalogue.titles])  # type: ignore[union-attr]

    def gap(model: mr.MetaRecommender) -> float:
        scores = model.score([[]], list(second.catalogue.ids), rank_by="rating")[0]
        return float(scores[good].mean() - scores[~good].mean())

    assert gap(prior.start(young(second, 0))) > 1.5
    assert gap(model.fit(young(second, 2), prior=prior)) > 1.5


def worded(people: int, items: int, named: str) -> Dataset:
    """Everyone likes golden things, which their titles alone tell."""
    rng = np.random.default_rng(len(named) + people)
    words = np.array(["gold", "lead"])[np.arange(items) % 2]
    ids = [f"{named}{i}" for i in range(items)]
    titles = [f"{word} thing {named}{i}" for i, word in enumerate(words)]
    rows = [
        {"user_id": f"{named}-u{u}", "item_id": ids[i], "value": float(value)}
        for u in range(people)
        for i in rng.choice(items, 4, replace=False)
        for value in [np.clip(4.5 - 3 * (i % 2) + rng.normal(0, 0.5), 1, 5)]
    ]
    table = pl.DataFrame({"item_id": ids, "title": titles})
    return mr.from_frames(pl.DataFrame(rows), table, feedback="rating", scale=(1, 5))


def test_a_shop_in_which_nobody_has_two_events_is_started(shops, priors):
    nothing = young(shops["rating"][1], 0)
    begun = fitted(nothing, priors["rating"])
    assert begun.metrics["steps"] == 0
    assert_same_numbers(begun.hearts["rating"], priors["rating"].start(nothing).hearts["rating"])
    with pytest.raises(DataError, match="no user has two or more events"):
        fitted(nothing, None)


def test_a_fit_with_a_prior_gives_the_same_bits_again_and_from_its_checkpoints(
    shops, priors, tmp_path: Path
):
    new, config = young(shops["implicit"][1], 60), replace(PLAIN, steps=6, judge_every=3)
    model = mr.MetaRecommender(ENCODER, config)
    first = model.fit(new, prior=priors["implicit"], folder=tmp_path)
    again = model.fit(new, prior=priors["implicit"], folder=tmp_path)
    fresh = model.fit(new, prior=priors["implicit"])
    assert_same_numbers(first.heart, again.heart)
    assert_same_numbers(first.heart, fresh.heart)
    assert (tmp_path / "prior").is_dir()
    other = priors["implicit"].start(shops["implicit"][0])
    other._weights = {
        "implicit": {**other._weights["implicit"], "gamma": np.array(0.7, np.float32)}
    }
    with pytest.raises(DataError, match="checkpoint of another run"):
        model.fit(new, prior=other, folder=tmp_path)


def test_the_better_of_both_is_what_validation_says_and_without_one_the_prior_stays():
    def learned(loss: float | None) -> Learned:
        return Learned(None, {}, None, {"valid_loss": loss})  # type: ignore[arg-type]

    for own, begun, kept in ((1.0, 0.9, True), (0.9, 1.0, False), (None, None, True)):
        chosen, stays = better_of(learned(own), learned(begun))
        assert stays is kept
        assert chosen.metrics["valid_loss"] == (begun if kept else own)
        assert chosen.metrics["prior"] == {"kept": kept, "loss_alone": own, "loss": begun}


def test_settings_that_do_not_fit_the_prior_are_refused(shops, priors):
    assert shaped_by(replace(CONFIG, d=32), mr.MetaConfig()).d == 32
    with pytest.raises(DataError, match=r"d=32 features an item, and these settings say d=8"):
        shaped_by(replace(CONFIG, d=32), mr.MetaConfig(d=8))
    with pytest.raises(DataError, match=r"fitted with hidden=0, .* hidden=4"):
        shaped_by(CONFIG, mr.MetaConfig(hidden=4))
    with pytest.raises(DataError, match="prior must be a fitted MetaRecommender, got Popularity"):
        fitted(shops["implicit"][1], Popularity())  # type: ignore[arg-type]
    with pytest.raises(DataError, match="fitted to implicit events, and this shop has ratings"):
        fitted(shops["rating"][1], priors["implicit"])


def test_a_beginning_is_named_by_all_that_training_begins_at(priors):
    heart, weights = priors["implicit"].heart, priors["implicit"]._weights["implicit"]
    first = Beginning(heart, weights)
    assert first.fingerprint == Beginning(replace(heart), dict(weights)).fingerprint
    prior = replace(heart.prior, mean=heart.prior.mean + 1e-9)
    confidence = replace(heart.confidence, eps=heart.confidence.eps / 2)
    head = replace(heart.head, kappa=2.0)  # type: ignore[call-arg]
    changed = [{"prior": prior}, {"confidence": confidence}, {"head": head}]
    others = {Beginning(replace(heart, **parts), weights).fingerprint for parts in changed}
    others.add(Beginning(heart, {**weights, "v": weights["v"] + 1}).fingerprint)
    assert len(others | {first.fingerprint}) == 5


def test_penalties_hold_training_to_what_the_other_shop_knows(shops, priors):
    new = shops["rating"][1]
    there = priors["rating"].start(new).warm(new.histories)
    heart, weights = there.heart, there._weights["rating"]
    network = new_network(
        len(new.catalogue),
        there._content.blocks,
        len(heart.prior.profile_map),
        len(heart.confidence.kind_names),
        CONFIG,
        torch.Generator().manual_seed(0),
        LearnedValue((1.0, 5.0), 0.0),
    )
    start_from_prior(network, Beginning(heart, weights))
    features = network.features
    assert all(part.penalty() == 0 for part in (features.g, features.t, features.tau, features.n))
    assert features.beta.abs().sum() > 0
    np.testing.assert_array_equal(features.v_start, features.v.detach())
    np.testing.assert_array_equal(features.beta_start, features.beta.detach())
    assert network.settled


def test_a_fit_of_several_shops_is_one_of_all_their_items_and_people(shops):
    one, other = (
        replace(shop, name=name) for shop, name in zip(shops["implicit"], "ab", strict=True)
    )
    together = fitted([one, other], None)  # type: ignore[arg-type]
    pooled = mr.pool_shops([one, other])
    for name, heart in fitted(pooled, None).hearts.items():
        assert_same_numbers(together.hearts[name], heart)
    assert together.metrics["train_hash"] == pooled.hash
    assert together.catalogue.ids[-1] == f"b/{other.catalogue.ids[-1]}"
    assert len(together.start(one).adapt([]).recommend(3).ids) == 3


def test_what_is_no_shop_among_several_is_refused():
    with pytest.raises(DataError, match="must be a Dataset"):
        mr.MetaRecommender(ENCODER, CONFIG).fit(["my-shop"])  # type: ignore[list-item]
