"""Where training on implicit events starts, and what the penalties hold it to."""

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.metrics import ndcg_score

import metarec as mr
from metarec.contracts import Dataset, Episodes, EventKinds
from metarec.data import Split, split_last_out
from metarec.encoders import ContentFeatures
from metarec.meta.heads.choice_start import set_recency, set_slope
from metarec.meta.heads.choice_validation import list_loss
from metarec.meta.heads.value_training import LearnedValue
from metarec.meta.holding_out import without_repeats
from metarec.meta.loops.episodes import Inputs, learned_counts, pad_episodes
from metarec.recommenders import IALSConfig
from metarec.recommenders.ials import learn_item_factors
from metarec.recommenders.ridge import ridge_predictions
from metarec.training.run import Run
from metarec.training.streams import Purpose, stream

from .networks import assert_same_numbers, fitted_network, small_network, without_evidence

# a step so small that it moves nothing: what is judged is the start
AT_START = {"d": 6, "steps": 1, "learning_rate": 1e-12, "recency": "none"}


@pytest.mark.parametrize("alpha", [1.0, 3.0])
def test_the_start_answers_as_ials_and_its_ridge_map_do(implicit_split: Split, alpha: float):
    train, config = implicit_split.train, mr.MetaConfig(**AT_START, start_confidence=alpha)
    encoder = mr.HashEncoder(d=16)
    heart = mr.MetaRecommender(encoder, config).fit(train, implicit_split.valid).heart
    l2 = config.start_l2 * alpha * len(train.interactions) / (train.histories.lengths > 0).sum()
    settings = IALSConfig(factors=6, alpha=alpha, l2=float(l2))
    factors = learn_item_factors(train.histories, settings, stream(0, Purpose.FACTORS))
    content = ContentFeatures.fit(encoder, train.catalogue.frame).encode(train.catalogue.frame)
    known = learned_counts(train) > 0
    mapped = ridge_predictions(
        content.astype(float), factors, known.astype(float), config.start_penalty
    )
    expected = np.where(known[:, None], factors, mapped)
    features = heart.terms.features[: len(train.catalogue), :-1]
    scale = np.linalg.norm(features) / np.linalg.norm(expected)
    np.testing.assert_allclose(features, scale * expected, atol=1e-5)
    # P in the factors' own scale is what iALS adds for the items that a person did not touch, but
    # with mapped factors among them
    implied = (expected.T @ expected + l2 * np.eye(6)) / alpha
    np.testing.assert_allclose(
        heart.prior.precision[:-1, :-1] / scale**2, implied, rtol=1e-4, atol=1e-4
    )


def test_the_start_is_drawn_from_the_seed(implicit_split: Split):
    def vectors(rng: int) -> np.ndarray:
        model = mr.MetaRecommender(mr.HashEncoder(d=16), mr.MetaConfig(**AT_START))
        return model.fit(implicit_split.train, implicit_split.valid, rng=rng).heart.terms.features

    np.testing.assert_array_equal(vectors(0), vectors(0))
    assert not np.allclose(vectors(0), vectors(1))


def test_the_penalty_is_zero_at_the_start_and_grows_with_the_distance_from_it():
    config = mr.MetaConfig(d=3)
    network = small_network(5, 4, config, implicit=True)
    with torch.no_grad():
        features = network.features
        linear = features.g.linear.of["all"]
        features.v_start.copy_(features.v)
        features.g.start_at(linear.clone(), features.g.bias.clone())
        assert float(network.penalty(config, 10)) == 0
        features.v[2, 1] += 2.0
        # 0.5 * residual precision * distance^2 / events
        expected = 0.5 * config.residual_precision * 4.0 / 10
        assert float(network.penalty(config, 10)) == pytest.approx(expected)
        linear[1, 2] += 3.0
        expected += config.content_decay * 9.0
        assert float(network.penalty(config, 10)) == pytest.approx(expected)


def test_what_holds_the_start_is_not_saved_with_the_model(implicit: mr.MetaRecommender):
    assert "v" in implicit._weights["implicit"]
    assert not {name for name in implicit._weights["implicit"] if "start" in name}


def test_a_shop_where_nobody_did_much_still_starts():
    # two events each, fewer than there are features: iALS has next to nothing to learn from
    shop = mr.generate(users=30, items=20, kind="implicit", rng=1).dataset
    place = pl.int_range(pl.len()).over("user")
    few = shop.where(shop.interactions.select(place < 2).to_series())
    assert few.histories.lengths.max() == 2
    histories = few.histories
    valid = Episodes(histories.keep(histories.places < 1), histories.keep(histories.places >= 1))
    model = mr.MetaRecommender(mr.HashEncoder(d=8), mr.MetaConfig(d=32, steps=3)).fit(few, valid)
    assert np.isfinite(model.heart.terms.features).all()
    assert np.isfinite(model.heart.head.kappa)


def test_the_slope_and_recency_are_set_where_the_loss_is_least():
    network = small_network(3, 2, mr.MetaConfig(d=2), implicit=True)
    one, many = torch.tensor([1.0]), torch.tensor([1e6])
    set_slope(network, lambda: abs(float(network.head.log_kappa.detach()) - np.log(20.0)))
    assert float(network.head.log_kappa.detach().exp()) == pytest.approx(20.0, rel=0.3)

    @torch.no_grad()
    def loss() -> float:  # ρ found before ε would be wrong with the ε that is found
        recent, old = network.confidence.of_age(one), network.confidence.of_age(many)
        return float((recent - 0.75).square() + 10 * (old - 0.4).square())

    set_recency(network, loss, "place")
    assert float(network.confidence.of_age(one).detach()) == pytest.approx(0.75, abs=0.06)
    assert float(network.confidence.of_age(many).detach()) == pytest.approx(0.4, abs=0.01)


def test_the_loss_of_a_list_is_the_metric(implicit: mr.MetaRecommender, implicit_split: Split):
    n, config = len(implicit.catalogue), implicit.config
    valid = without_repeats(implicit_split.valid, EventKinds())
    few = valid.take(np.flatnonzero(valid.query.lengths > 0))
    assert few.query.lengths.max() > 1
    content = implicit._content.encode(implicit_split.train.catalogue.frame)
    counts = torch.from_numpy(learned_counts(implicit_split.train)).float()
    users = np.arange(len(implicit_split.train.user_ids))
    histories = implicit_split.train.histories
    inputs = Inputs(histories, torch.from_numpy(content), None, None, counts, "place", users)
    network = fitted_network(implicit).float()
    heart = without_evidence(implicit).heart
    scores = heart.scores(heart.adapt_many(few.support, None))[:, :n]
    scores[few.support.rows, few.support.items] = -np.inf
    if few.candidates is not None:
        scores[:, ~few.candidates] = -np.inf
    found = []
    for person in range(len(few)):
        asked = few.query.items[few.query.offsets[person] : few.query.offsets[person + 1]]
        relevance = np.zeros(n)
        relevance[asked] = 1
        shown = np.where(np.isfinite(scores[person]), scores[person], -1e9)
        found.append(ndcg_score(relevance[None], shown[None], ignore_ties=True))
    padded = pad_episodes(few, "place", {}, histories.kind_names)
    assert list_loss(network, inputs, padded, config) == pytest.approx(1 - np.mean(found), abs=1e-4)


@pytest.mark.parametrize("recency", ["place", "clock", "none"])
def test_no_steps_called_again_on_its_folder_is_the_same_model(
    implicit_split: Split, recency: str, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    config = mr.MetaConfig(d=6, steps=0, recency=recency, start_confidence=3.0)
    fresh = mr.MetaRecommender(mr.HashEncoder(d=8), config)
    once = fresh.fit(implicit_split.train, implicit_split.valid, folder=tmp_path)
    # nothing is searched on validation again; folds, which have none, have a slope of their own
    monkeypatch.setattr("metarec.meta.heads.choice_training.set_recency", None)
    again = fresh.fit(implicit_split.train, implicit_split.valid, folder=tmp_path)
    assert_same_numbers(once.heart, again.heart)
    assert once.metrics == again.metrics


def test_no_steps_weigh_events_by_age_as_validation_wants():
    # items come in pairs; who has one half of four pairs goes on to the other half of the newest
    # pair, or of the oldest
    rng = np.random.default_rng(0)
    pairs = np.array([rng.permutation(20)[:4] for _ in range(300)])
    rows = (2 * pairs[..., None] + [0, 1]).reshape(-1)
    shop = mr.generate(users=300, items=40, kind="implicit", rng=1).dataset
    events = pl.DataFrame({"user": np.repeat(np.arange(300), 8), "item": rows}).with_columns(
        pl.lit(1.0, dtype=pl.Float32).alias("value"), pl.int_range(pl.len()).alias("timestamp")
    )
    train = Dataset("pairs", "implicit", "order", shop.catalogue, shop.user_ids, events)
    halves = train.histories.keep(train.histories.items % 2 == 0)
    found = []
    for place in (3, 0):
        asked = train.histories.keep(train.histories.places == 2 * place + 1)
        config = mr.MetaConfig(d=16, steps=0, start_confidence=10.0)
        model = mr.MetaRecommender(mr.HashEncoder(d=8), config)
        found.append(model.fit(train, Episodes(halves, asked)).heart)
    assert found[0].confidence.of_age(np.array(3.0)) < 0.3
    assert found[1].confidence.of_age(np.array(3.0)) > 0.7


def test_no_steps_leave_the_model_at_its_start(implicit_split: Split):
    train, valid = implicit_split.train, implicit_split.valid
    config = mr.MetaConfig(d=6, steps=0, start_confidence=3.0)
    model = mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(train, valid)
    per_user = len(train.interactions) / int((train.histories.lengths > 0).sum())
    settings = IALSConfig(factors=6, alpha=3.0, l2=config.start_l2 * 3.0 * per_user)
    factors = learn_item_factors(train.histories, settings, stream(0, Purpose.FACTORS))
    own = model.heart.terms.features[: len(factors), :-1]
    scale = own[train.touched].std() / factors[train.touched].std()
    np.testing.assert_allclose(
        own[train.touched], factors[train.touched] * scale, rtol=1e-2, atol=1e-3
    )
    assert model.metrics["steps"] == 0
    assert np.isfinite(model.metrics["valid_loss"])


def test_the_start_is_left_only_for_what_validation_proves(implicit_split: Split):
    def fitted(split: Split, **settings: float) -> mr.MetaRecommender:
        config = mr.MetaConfig(d=3, judge_every=10, recency="none", evidence=False, **settings)
        return mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(split.train, split.valid)

    trained = {"steps": 40, "learning_rate": 0.03}
    start, left = fitted(implicit_split, steps=0), fitted(implicit_split, **trained)
    assert left.metrics["best_step"] == 0
    assert_same_numbers(start.heart, left.heart)
    last_out = split_last_out(mr.generate(users=60, items=30, kind="implicit", rng=1).dataset)
    assert fitted(last_out, **trained).metrics["best_step"] > 0


def test_the_start_of_ratings_is_left_only_for_what_validation_proves(rating_split: Split):
    wild = mr.MetaConfig(d=3, steps=20, judge_every=10, learning_rate=0.1, choice=False)
    model = mr.MetaRecommender(mr.HashEncoder(d=8), wild).fit(
        rating_split.train, rating_split.valid
    )
    assert (model.metrics["steps"], model.metrics["best_step"]) == (20, 0)


def test_no_steps_show_a_newcomer_what_many_took(implicit_split: Split):
    train = implicit_split.train
    config = mr.MetaConfig(d=6, steps=0, start_confidence=3.0)
    model = mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(train, implicit_split.valid)
    known = train.catalogue.ids[train.touched].tolist()
    shown = model.adapt([]).recommend(5, candidates=known)
    taken = train.item_counts[train.catalogue.index(shown.ids.tolist())]
    assert (taken >= np.quantile(train.item_counts[train.touched], 0.8)).all()
    assert (np.diff(shown.scores) < 0).all()


def test_the_settings_of_the_start_are_checked():
    with pytest.raises(ValueError, match='use start="auto" or "factors"'):
        mr.MetaConfig(steps=0, start="random")
    with pytest.raises(ValueError, match="steps must be at least 0"):
        mr.MetaConfig(steps=-1)
    with pytest.raises(ValueError, match="steps must be a whole number of at least 0"):
        mr.MetaConfig(steps=False)
    assert type(mr.MetaConfig(d=np.int64(6)).d) is int
    assert IALSConfig(l2=0.5).l2 == 0.5
    with pytest.raises(ValueError, match="start must be one of"):
        mr.MetaConfig(start="zeros")
    with pytest.raises(ValueError, match="evenness must be at least 0 and at most 1, got 2"):
        mr.MetaConfig(evenness=2)
    with pytest.raises(ValueError, match="start_l2 must be above 0"):
        mr.MetaConfig(start_l2=0.0)


@pytest.mark.parametrize("steps", [0, 5])
def test_validation_without_anything_to_judge_is_refused(implicit_split: Split, steps: int):
    histories = implicit_split.train.histories
    nothing = Episodes(histories, histories.keep(np.zeros(len(histories.items), dtype=bool)))
    model = mr.MetaRecommender(mr.HashEncoder(d=8), mr.MetaConfig(d=6, steps=steps))
    with pytest.raises(mr.DataError, match="validation episodes has a query event"):
        model.fit(implicit_split.train, nothing)


@pytest.mark.parametrize(("noise", "kept"), [(0.05, True), (0.5, False)])
def test_a_gain_within_two_standard_errors_is_no_proof(
    monkeypatch: pytest.MonkeyPatch, noise: float, kept: bool
) -> None:
    # 50 people better by .1: 14 standard errors of .05, 1.4 of .5
    each = np.tile([-noise, noise], 25)
    network = torch.nn.Linear(1, 1)
    start = {name: torch.zeros_like(tensor) for name, tensor in network.state_dict().items()}
    trained = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    def errors(network: torch.nn.Linear, *told: object) -> np.ndarray:
        at_start = not network.weight.any()
        return np.full(50, 0.8) if at_start else 0.7 + each

    monkeypatch.setattr("metarec.meta.heads.value_training.absolute_errors", errors)
    run = Run(rng=0, judged=[(0, 0.8), (10, 0.7)], best=0.7, best_step=10)
    LearnedValue((1.0, 5.0), 3.0).settle(network, None, None, start, run)  # type: ignore[arg-type]
    assert (run.best_step, run.best) == ((10, 0.7) if kept else (0, 0.8))
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, (trained if kept else start)[name])
