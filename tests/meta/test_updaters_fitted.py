"""Models whose people are adapted by steps: chosen by a name, learned, served and saved."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import metarec as mr
from metarec.contracts import DataError, Running, UnsupportedError
from metarec.data import Split
from metarec.meta.features.network import TorchTerms
from metarec.meta.learning import shared
from metarec.meta.loops import steps
from metarec.meta.loops.episodes import pad_episodes
from metarec.meta.network import TorchSupport
from metarec.meta.updaters import UPDATERS
from metarec.meta.updaters.network_updater import NetworkUpdater
from metarec.training.run import Run

from .conftest import SMALL
from .networks import assert_same_numbers, fitted_network

NAMES = sorted(UPDATERS.keys() - {"ClosedForm"})
STEPPING = [name for name in NAMES if "inner_steps" in UPDATERS[name].reads]
BY_DEFAULT = {
    *("ratings-MAML", "ratings-MetaSGD", "ratings-LearnedUpdater"),
    *("events-ANIL", "events-NeuralProcess", "events-Reptile"),
}
MADE = [
    pytest.param(f"{kind}-{name}", marks=[] if f"{kind}-{name}" in BY_DEFAULT else pytest.mark.slow)
    for kind in ("ratings", "events")
    for name in NAMES
]
FEW = {**SMALL, "steps": 12, "judge_every": 6, "patience": 99, "decision_width": 4}
ALONE = {**FEW, "evidence": False}


def start_of(updater: str) -> str:
    """One that training leaves, unless it cannot."""
    return "auto" if updater == "Reptile" else "random"


def fitted(split: Split, updater: str, **settings: object) -> mr.MetaRecommender:
    config = mr.MetaConfig(**{**ALONE, "updater": updater, **settings})
    return mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(split.train, split.valid)


@pytest.fixture(scope="module")
def made(rating_split: Split, implicit_split: Split) -> Callable[[str, str], mr.MetaRecommender]:
    """A small model of each kind and updater, fitted once."""
    splits = {"ratings": rating_split, "events": implicit_split}
    return cache(lambda kind, name: fitted(splits[kind], name, start=start_of(name), evidence=True))


@pytest.fixture(params=MADE)
def stepping(
    request: pytest.FixtureRequest, made: Callable[[str, str], mr.MetaRecommender]
) -> mr.MetaRecommender:
    return made(*request.param.split("-"))


def some_events(model: mr.MetaRecommender) -> list[tuple[str, float]]:
    value = 4.0 if model.predicts_ratings else 1.0
    return [(str(model.catalogue.ids[row]), value) for row in (3, 9, 20, 41)]


def test_training_computes_what_is_served(
    stepping: mr.MetaRecommender, rating_split: Split, implicit_split: Split
):
    split = rating_split if stepping.predicts_ratings else implicit_split
    heart, network = stepping.heart, fitted_network(stepping)
    padded = pad_episodes(split.valid.take(np.arange(8)), heart.confidence.recency, {})
    confidence = padded.mask * heart.confidence.of_age(padded.ages)
    support = heart.support(padded.items, padded.values, confidence)
    assert stepping._no_profile is not None
    profiles = stepping._no_profile[None].repeat(8, 0)
    serving = heart.updater.adapt(heart.terms, support, heart.prior.of(profiles))

    frozen = heart.terms
    columns = (frozen.features, frozen.offsets, frozen.unsure, frozen.noise)
    terms = TorchTerms(*(torch.from_numpy(column) for column in columns))
    values, confidence = torch.from_numpy(padded.values).double(), torch.from_numpy(confidence)
    own = TorchSupport(terms.of(torch.from_numpy(padded.items)), values, confidence)
    with torch.no_grad():
        trained = network.adapt(terms, own, torch.from_numpy(profiles).double())
        told = trained.scores_of_all(terms.features).numpy()
        each = trained.scores(own.terms.features).numpy()
        spread = trained.variance(own.terms.features).numpy()
    np.testing.assert_allclose(serving.scores(), told, atol=1e-9)
    np.testing.assert_allclose(serving.scores(padded.items), each, atol=1e-9)
    if stepping.predicts_ratings:
        np.testing.assert_allclose(serving.variance(padded.items), spread, atol=1e-9)


def test_what_is_printed_names_the_updater_and_what_is_a_persons_own(stepping: mr.MetaRecommender):
    name, n = stepping.metrics["updater"], stepping.metrics["adapted_numbers"]
    assert n == (2 * 4 * 7 + 7 if UPDATERS[name].own_units else 7)
    assert f"{n} numbers adapted by {name}" in repr(stepping)
    assert f"each person: {n} numbers adapted by {name}" in stepping.summary
    unsure = f"how sure lists are is not known: {name} has no covariance"
    assert (unsure in stepping.summary) == (not stepping.predicts_ratings)


def test_a_person_is_served_alone_and_in_a_batch(stepping: mr.MetaRecommender):
    ids, done = [str(i) for i in stepping.catalogue.ids], some_events(stepping)
    person = stepping.adapt(done)
    np.testing.assert_allclose(stepping.score([done, []], ids)[0], person.score(ids), atol=1e-9)
    one_more = person.observe(ids[50], 3.0 if stepping.predicts_ratings else 1.0)
    fresh = stepping.adapt([*done, (ids[50], 3.0 if stepping.predicts_ratings else 1.0)])
    np.testing.assert_array_equal(one_more.score(ids), fresh.score(ids))
    np.testing.assert_array_equal(one_more.forget(ids[50]).score(ids), person.score(ids))
    assert np.abs(person.score(ids) - stepping.adapt([]).score(ids)).max() > 1e-6


def test_how_sure_is_told_for_ratings_and_is_nan_for_a_choice(stepping: mr.MetaRecommender):
    ids, done = [str(i) for i in stepping.catalogue.ids[:9]], some_events(stepping)
    stds = [stepping.adapt(events).predict(ids).stds for events in ([], done)]
    assert stepping.has_uncertainty == stepping.predicts_ratings
    if stepping.predicts_ratings:
        assert (stds[1] < stds[0]).all()
    else:
        assert np.isnan(stds).all()


def test_what_cannot_be_told_says_what_to_use_instead(stepping: mr.MetaRecommender):
    person, item = stepping.adapt(some_events(stepping)), str(stepping.catalogue.ids[0])
    for asked in (lambda: person.explain(item), lambda: person.ask(2)):
        with pytest.raises(UnsupportedError, match=r'fit one with updater="ClosedForm"'):
            asked()


def test_a_saved_model_answers_to_the_bit(stepping: mr.MetaRecommender, tmp_path: Path):
    stepping.save(tmp_path / "model")
    again = mr.load_model(tmp_path / "model")
    ids, done = [str(i) for i in stepping.catalogue.ids], some_events(stepping)
    np.testing.assert_array_equal(again.adapt(done).score(ids), stepping.adapt(done).score(ids))
    assert_same_numbers(again.heart, stepping.heart)
    assert again.has_uncertainty == stepping.has_uncertainty


SERVING = """
import sys
sys.modules["torch"] = None  # an import of it fails
import metarec as mr
for folder in sys.argv[1:]:
    model = mr.load_model(folder)
    ids = model.catalogue.ids.tolist()
    me = model.adapt([(ids[3], 4.0), (ids[5], 1.0)]).observe((ids[2], 3.0)).forget(ids[3])
    me.recommend(3), me.predict(ids), model.recommend([[], [(ids[1], 2.0)]], 2)
"""


def test_serving_imports_no_torch(made: Callable[[str, str], mr.MetaRecommender], tmp_path: Path):
    folders = [tmp_path / name for name in sorted(BY_DEFAULT)]
    for folder in folders:
        made(*folder.name.split("-")).save(folder)
    command = [sys.executable, "-c", SERVING, *map(str, folders)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("MetaSGD", "Reptile") else pytest.mark.slow)
        for name in NAMES
    ],
)
def test_an_interrupted_fit_continues_to_the_same_bits(
    name: str, rating_split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    config = mr.MetaConfig(**{**ALONE, "updater": name, "start": start_of(name)})
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config)
    whole = model.fit(rating_split.train, rating_split.valid)
    draw, drawn = steps.draw_step, []

    def pulled(*given: object) -> object:
        drawn.append(0)
        if len(drawn) == 8:
            raise KeyboardInterrupt
        return draw(*given)

    monkeypatch.setattr(steps, "draw_step", pulled)
    with pytest.raises(KeyboardInterrupt):
        model.fit(rating_split.train, rating_split.valid, folder=tmp_path / "run")
    again = model.fit(rating_split.train, rating_split.valid, folder=tmp_path / "run")
    assert len(drawn) == 8 + 5  # seven steps were kept
    assert_same_numbers(again.heart, whole.heart)


@pytest.mark.parametrize("kind", ["rating", "implicit"])
def test_training_that_explodes_names_the_step_the_user_and_the_remedy(
    kind: str, rating_split: Split, implicit_split: Split
):
    split = rating_split if kind == "rating" else implicit_split
    nobody = split.valid.take(slice(0))
    config = mr.MetaConfig(**{**ALONE, "updater": "ANIL", "inner_rate": 1e20, "start": "random"})
    told = (
        r"^training step 1, user '\w+': the inner loop has no finite loss after step \d; fit with"
    )
    with pytest.raises(DataError, match=told):
        mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(split.train, nobody)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if f"ratings-{name}" in BY_DEFAULT else pytest.mark.slow)
        for name in STEPPING
    ],
)
def test_serving_that_explodes_names_the_history(
    name: str, made: Callable[[str, str], mr.MetaRecommender]
):
    ratings = made("ratings", name)
    updater = ratings.heart.updater
    assert isinstance(updater, NetworkUpdater)
    numbers = {k: 1e200 * v if "rate" in k else v for k, v in updater.numbers.items()}
    wild = replace(updater, numbers=numbers, loop=replace(updater.loop, rate=1e200))
    ids, other = [str(i) for i in ratings.catalogue.ids], ratings.retire_items([])
    other.hearts = {n: replace(h, updater=wild) for n, h in ratings.hearts.items()}
    done = some_events(ratings)
    with pytest.raises(DataError, match=f"a history of 4 events .* '{done[0][0]}': the"):
        other.score([[], done], ids)
    with pytest.raises(DataError, match="fit with a lower inner_rate"):
        other.adapt(done).score(ids)


@pytest.fixture(scope="module")
def of_both(rating_split: Split) -> mr.MetaRecommender:
    return fitted(rating_split, "NeuralProcess", choice=True, start="random")


def test_both_heads_of_a_shop_of_ratings_are_learned_with_the_updater(
    of_both: mr.MetaRecommender, rating_split: Split
):
    start = fitted(rating_split, "NeuralProcess", choice=True, steps=0).hearts["implicit"].updater
    learned = of_both.hearts["implicit"].updater
    assert isinstance(start, NetworkUpdater)
    assert isinstance(learned, NetworkUpdater)
    assert not start.numbers["G"].any()
    assert learned.numbers["G"].any()
    for told in (of_both.metrics, of_both.metrics["choice"]):
        assert (told["updater"], told["steps"]) == ("NeuralProcess", 12)
    person, item = of_both.adapt(some_events(of_both)), str(of_both.catalogue.ids[0])
    for rank_by in ("choice", "rating"):
        assert person.recommend(3, rank_by=rank_by).items.size == 3
        with pytest.raises(UnsupportedError, match='updater="ClosedForm"'):
            person.explain(item, rank_by=rank_by)
    assert person.predict([item]).stds[0] > 0


def test_heads_that_train_share_the_time_and_each_has_a_folder_of_its_own():
    running, now = Running(0, "run"), time.monotonic()
    alone, both = (list(shared(running, [True, second], now + 100.0)) for second in (False, True))
    assert [how.folder for how, _ in alone] == [Path("run"), None]
    assert [how.folder for how, _ in both] == [Path("run"), Path("run/choice")]
    left = [end - now for _, end in (*alone, *both) if end is not None]
    assert left == pytest.approx([100.0, 100.0, 50.0, 100.0], abs=1.0)  # no time has gone by
    assert [end for _, end in shared(running, [True, True], None)] == [None, None]


@pytest.mark.parametrize("kind", ["rating", "implicit"])
def test_reptile_leaves_items_at_their_start_and_learns_the_rest(
    kind: str, rating_split: Split, implicit_split: Split
):
    split = rating_split if kind == "rating" else implicit_split
    nobody = replace(split, valid=split.valid.take(slice(0)))
    start, end = (fitted(nobody, "Reptile", steps=n, batch_users=16).heart for n in (0, 8))
    if kind == "rating":  # of events the level of the start is told by validation
        np.testing.assert_array_equal(start.terms.features, end.terms.features)
    for heart in (start, end):
        assert isinstance(heart.updater, NetworkUpdater)
    for name in ("A", "B"):
        assert np.abs(end.updater.numbers[name] - start.updater.numbers[name]).max() > 1e-3
    assert np.abs(end.prior.mean - start.prior.mean).max() > 1e-3
    with pytest.raises(DataError, match="leaves items at their start, and a random one has"):
        mr.MetaConfig(updater="Reptile", start="random")


def test_reptile_that_explodes_names_the_user(rating_split: Split):
    nobody = replace(rating_split, valid=rating_split.valid.take(slice(0)))
    with pytest.raises(DataError, match=r"^training step 1, user '\w+': the inner loop"):
        fitted(nobody, "Reptile", inner_rate=1e30)


def test_reptile_keeps_what_validation_said_of_recency_and_slope(
    implicit_split: Split, monkeypatch: pytest.MonkeyPatch
):
    """Training that learns them begins elsewhere; here nothing would."""
    monkeypatch.setattr(Run, "restore_best", lambda run: None)
    start, end = (fitted(implicit_split, "Reptile", steps=n).heart for n in (0, 6))
    assert (end.confidence.rho, end.confidence.eps) == (start.confidence.rho, start.confidence.eps)
    assert end.head.slope == start.head.slope
