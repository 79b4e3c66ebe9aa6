"""Several recommenders as one sum, whose trust validation teaches."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from jaxtyping import Float

import metarec as mr
from metarec.contracts import Dataset, Episodes, Recommender, UnknownKindWarning, UnsupportedError
from metarec.contracts.alignment import align
from metarec.data import Split, split_last_out
from metarec.meta.evidence import Contests, learn_trust
from metarec.meta.evidence.trust import the_best_alone
from metarec.meta.weighing import weigh
from metarec.recommenders import (
    EASE,
    ContentKNN,
    Cooccurrence,
    EASEConfig,
    Popularity,
    Random,
    UserItemBias,
)
from metarec.testing import RecommenderContract, planted_shop
from metarec.testing.planted_shop import RETIRED
from metarec.training.streams import Purpose, stream


def rows() -> dict[str, Recommender]:
    return {"taken with": EASE(EASEConfig(l2=5.0)), "alike": ContentKNN(mr.HashEncoder(d=16))}


class TestEnsemble(RecommenderContract):
    has_item_to_item = True
    uses_chance = True  # who is held out

    def make(self) -> mr.Ensemble:
        return mr.Ensemble(rows())


@pytest.fixture(scope="module")
def split() -> Split:
    """The planted shop with all items on offer; nobody has touched the last item of each topic."""
    data = planted_shop(n_users=150).data
    return split_last_out(replace(data, catalogue=data.catalogue.restore([f"item-{RETIRED}"])))


@pytest.fixture(scope="module")
def ensemble(split: Split) -> mr.Ensemble:
    return mr.Ensemble(rows()).fit(split.train, split.valid)


def ids_of(shop: Dataset) -> list[str]:
    return [str(item) for item in shop.catalogue.ids]


def parts_by_hand(model: mr.Ensemble, people: Any, ids: list[str]) -> list[np.ndarray]:
    """Each member's scores less their mean, 0 where there is none."""
    tables = [member.score(people, ids) for member in model.members.values()]
    return [np.nan_to_num(t - np.nanmean(t, axis=1, keepdims=True)) for t in tables]


def test_a_score_is_the_sum_of_what_members_say_each_by_its_spread_and_its_weight(
    ensemble: mr.Ensemble, split: Split
) -> None:
    people, ids = split.valid.support, ids_of(split.train)
    tables = [member.score(people, ids) for member in ensemble.members.values()]
    spreads = [np.mean([np.nanstd(row) for row in table]) for table in tables]
    np.testing.assert_allclose(ensemble.spreads_, spreads)
    weights = ensemble.metrics_["weights"]
    assert list(weights) == ["taken with", "alike"]
    first, second = parts_by_hand(ensemble, people, ids)
    by_hand = weights["taken with"] * first / spreads[0] + weights["alike"] * second / spreads[1]
    np.testing.assert_allclose(ensemble.score(people, ids), by_hand, atol=1e-12)
    untouched = ~split.train.touched
    assert np.isnan(tables[0][:, untouched]).all()
    np.testing.assert_allclose(
        ensemble.score(people, ids)[:, untouched],
        (weights["alike"] * second / spreads[1])[:, untouched],
        atol=1e-12,
    )


def test_the_weights_are_those_that_contests_by_hand_teach(
    ensemble: mr.Ensemble, split: Split
) -> None:
    support, query = split.valid.support, split.valid.query
    parts = parts_by_hand(ensemble, support, ids_of(split.train))
    parts = [part / spread for part, spread in zip(parts, ensemble.spreads_, strict=True)]
    margins, queries, asked = [], [], 0
    for person in range(len(support)):
        had = set(support.items[support.rows == person])
        for target in query.items[query.rows == person]:
            for rival in sorted(set(range(36)) - had - {target}):
                margins.append([part[person, rival] - part[person, target] for part in parts])
                queries.append(asked)
            asked += 1
    names = tuple(ensemble.members)
    contests = Contests(names, np.array(margins), np.array(queries), asked)
    share = ensemble.metrics_["standing"]["share"]
    expected = share * learn_trust(contests) + (1 - share) * the_best_alone(contests)
    assert ensemble.metrics_["queries"] == asked == 150
    assert (expected > 0.1).all()
    np.testing.assert_allclose(ensemble.weights_, expected, rtol=1e-3)


def test_a_member_that_says_nothing_of_people_counts_for_nothing(split: Split) -> None:
    members = {"noise": Random(), "taken with": EASE(EASEConfig(l2=5.0))}
    found = mr.Ensemble(members).fit(split.train, split.valid)
    noise, known = found.weights_
    assert 0 <= noise < 0.1 * known
    assert found.metrics_["standing"]["row"] == "taken with"
    assert repr(found).startswith("Ensemble(0")


def test_what_no_member_can_score_has_no_score_and_competes_with_nothing(split: Split) -> None:
    members = {"before": Cooccurrence(), "taken with": EASE(EASEConfig(l2=5.0))}
    asked, untouched = split.valid, ~split.train.touched
    found = mr.Ensemble(members).fit(split.train, asked)
    scores = found.score(asked.support, ids_of(split.train))
    assert np.array_equal(np.isnan(scores), np.broadcast_to(untouched, scores.shape))
    shown = found.recommend(asked.support, 40).items
    assert not np.isin(np.flatnonzero(untouched), shown).any()
    hidden = split.train.catalogue.retire([str(i) for i in split.train.catalogue.ids[untouched]])
    without = mr.Ensemble(members).fit(replace(split.train, catalogue=hidden), asked)
    np.testing.assert_array_equal(found.weights_, without.weights_)


@pytest.mark.parametrize("n", [0, 49])
def test_too_few_questions_teach_no_weights(split: Split, n: int) -> None:
    found = mr.Ensemble(rows()).fit(split.train, split.valid.take(slice(0, n)))
    assert found.weights_.tolist() == [1.0, 1.0]
    weights = {"taken with": 1.0, "alike": 1.0}
    assert found.metrics_ == {"weights": weights, "queries": n, "learned": False, "standing": None}
    measured = mr.Ensemble(rows()).fit(split.train, split.valid).spreads_
    np.testing.assert_allclose(found.spreads_, measured, rtol=0.5)


def test_one_person_teaches_no_weights_however_much_is_asked(split: Split) -> None:
    asked = align(mr.Histories.of([[f"item-{i % 36}" for i in range(60)]]), split.train.catalogue)
    tables = [np.arange(36.0)[None], np.ones((1, 36))]
    for table in tables:
        table[:, 0] = np.nan  # asked for twice, and never to be answered
    valid = Episodes(split.valid.support.take(slice(0, 1)), asked)
    found = weigh(["a", "b"], lambda _: tables, split.train, valid, np.random.default_rng(0))
    assert found.queries == 58
    assert found.standing is None
    assert found.weights.tolist() == [1.0, 1.0]
    assert found.spreads.tolist() == [np.arange(1.0, 36.0).std(), 1.0]


def test_a_spread_is_that_of_the_people_whom_the_member_knows(split: Split) -> None:
    tables = [np.stack([np.arange(36.0), np.full(36, np.nan)]), np.ones((2, 36))]
    valid = split.valid.take(slice(0, 2))
    found = weigh(["a", "b"], lambda _: tables, split.train, valid, np.random.default_rng(0))
    assert found.spreads.tolist() == [np.arange(36.0).std(), 1.0]


def test_weights_are_the_same_learned_in_parts(
    ensemble: mr.Ensemble, split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metarec.meta.evidence.questions.CELLS_AT_ONCE", 50 * 36 * 4)
    parts = mr.Ensemble(rows()).fit(split.train, split.valid)
    np.testing.assert_allclose(parts.weights_, ensemble.weights_, rtol=1e-6)
    assert parts.metrics_["standing"]["people"] == ensemble.metrics_["standing"]["people"] == 150


def test_its_own_stream_says_who_judges_the_trust_and_no_member_hears_it(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judged() -> dict[str, Any]:
        rows = {"ease": EASE(), "popular": Popularity()}
        return dict(mr.Ensemble(rows).fit(split.train, split.valid, rng=5).metrics_["standing"])

    plain = judged()
    assert judged() == plain

    def shifted(rng: int, purpose: Purpose, step: int = 0) -> np.random.Generator:
        assert (rng, purpose) == (5, Purpose.ENSEMBLE)
        return stream(rng + 1, purpose, step)

    monkeypatch.setattr("metarec.meta.ensemble.stream", shifted)
    assert judged() != plain


def test_a_kind_that_nobody_has_met_is_warned_of_once() -> None:
    data = planted_shop().data
    kinds = pl.Series("event", ["buy", "return"] * (len(data.interactions) // 2))
    shop = replace(
        data, interactions=data.interactions.with_columns(kinds), negative_kinds=("return",)
    )
    fitted = mr.Ensemble(rows()).fit(shop)
    with pytest.warns(UnknownKindWarning) as told:
        fitted.recommend([[mr.Event("item-3", kind="gift")]], 3)
    assert len(told) == 1


def test_without_validation_the_weights_are_learned_on_people_that_no_member_has_met() -> None:
    shop = planted_shop(n_users=100).data
    found = mr.Ensemble({"often": Popularity(), **rows()}).fit(shop)
    events = found.members["often"].counts_.sum()
    assert events == len(shop.interactions) - 8 * 20  # eight events of each of twenty people
    assert found.metrics_["standing"]["people"] <= 20


def test_saved_and_loaded_it_is_one_folder_and_the_same_bits(split: Split, tmp_path: Path) -> None:
    heart = mr.MetaRecommender(mr.HashEncoder(d=16), mr.MetaConfig(d=4, steps=0))
    inner = mr.Ensemble({"often": Popularity(), "before": Cooccurrence()})
    asked = split.valid.take(slice(0, 60))
    fitted = mr.Ensemble({"heart": heart, "both of them": inner}).fit(split.train, asked)
    fitted.save(tmp_path / "model")
    assert {file.name for file in (tmp_path / "model").iterdir()} == {
        "config.json",
        "state.safetensors",
        "catalogue.parquet",
    }
    loaded = mr.load_model(tmp_path / "model")
    people, ids = asked.support, ids_of(split.train)
    np.testing.assert_array_equal(loaded.score(people, ids), fitted.score(people, ids))
    np.testing.assert_array_equal(loaded.similar(ids[3]).scores, fitted.similar(ids[3]).scores)
    assert loaded.metrics_ == fitted.metrics_
    assert repr(loaded) == repr(fitted)
    own, told = loaded.members["heart"].metrics, fitted.members["heart"].metrics
    assert repr(own) == repr(told)  # some are NaN


class Told(Popularity):
    """Popularity that keeps how it was fitted."""

    devices = ("cpu", "cuda")
    how_: tuple[Any, ...]

    def _fit(self, *given: Any) -> None:
        super()._fit(*given)
        run = self.running
        self.how_ = (run.folder, run.device, run.time_s, run.rng, run.threads, run.progress)


class ToldOnCPU(Told):
    devices = ("cpu",)


def test_each_member_is_run_as_the_ensemble_is(split: Split, tmp_path: Path) -> None:
    members = {"one": ToldOnCPU(), "other": Told()}
    running: dict[str, Any] = {"rng": 3, "folder": tmp_path, "threads": 1, "time_s": 60.0}
    fitted = mr.Ensemble(members).fit(split.train, split.valid, device="cuda", **running)
    one, other = (member.how_ for member in fitted.members.values())
    assert (one[0], other[0]) == (tmp_path / "one", tmp_path / "other")
    assert (one[1], other[1]) == ("cpu", "cuda")
    assert one[2] == pytest.approx(30.0, abs=1.0)
    assert other[2] == pytest.approx(60.0, abs=1.0)  # what the first one left
    assert one[3:] == other[3:] == (3, 1, False)
    with pytest.raises(mr.DataError, match="device must be 'cpu', on which Ensemble is fitted"):
        mr.Ensemble(rows()).fit(split.train, split.valid, device="cuda")
    with pytest.raises(mr.DataError, match="'one' is a ToldOnCPU, which is no public recommender"):
        fitted.save(tmp_path / "model")


def test_what_is_alike_is_the_same_sum_over_the_members_that_know(split: Split) -> None:
    members = {"often": Popularity(), **rows()}
    found, item = mr.Ensemble(members).fit(split.train, split.valid), "item-4"
    answer = found.similar(item, 36)
    total = np.zeros(36)
    for place, name in enumerate(members):
        if name != "often":
            own = found.members[name].similar(item, 36, exclude_seen=False)
            said = own.scores - own.scores.mean()
            total[own.items] += found.weights_[place] / found.spreads_[place] * said
    np.testing.assert_allclose(answer.scores, total[answer.items])
    assert (np.diff(answer.scores) <= 0).all()
    silent = mr.Ensemble({"often": Popularity(), "noise": Random()}).fit(split.train, split.valid)
    with pytest.raises(UnsupportedError, match="Ensemble has no item-to-item scores"):
        silent.similar(item)


class Returning(EASE):
    @property
    def shows_seen(self) -> bool:
        return True


class ReturningAndSilent(Returning):
    def _score(self, histories: mr.Histories) -> Float[np.ndarray, "history item"]:
        return np.zeros((len(histories), 36))


def test_lists_show_what_people_had_where_a_member_that_counts_does(split: Split) -> None:
    people = split.valid.support
    for member, shown in ((Returning(), True), (ReturningAndSilent(), False)):
        members = {"again": member, "taken with": EASE(EASEConfig(l2=5.0))}
        fitted = mr.Ensemble(members).fit(split.train, split.valid)
        assert (fitted.weights_[0] > 0) == fitted.shows_seen == shown
        assert np.isin(people.items[:6], fitted.recommend(people, 36).items[0]).any() == shown


def test_an_event_needs_its_rating_where_a_member_reads_it() -> None:
    shop = planted_shop("rating").data
    fitted = mr.Ensemble({"bias": UserItemBias(), "taken with": EASE()}).fit(shop)
    with pytest.raises(mr.DataError, match="event on 'item-3' needs one"):
        fitted.recommend([["item-3"]], 3)
    assert (fitted.recommend([[("item-3", 5.0)]], 3).items >= 0).all()
    assert not fitted.predicts_ratings


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([Popularity(), Random()], "members must map names to recommenders.*got list"),
        ({"one": Popularity()}, "members must be two recommenders at least.*got 1"),
        ({"one": Popularity(), "two": "EASE"}, "member 'two' must be a recommender.*got 'EASE'"),
        ({"one": Popularity(), "two": EASE}, "member 'two' must be a recommender.*got <class"),
        ({"one": Popularity(), "../two": EASE()}, "a member's name must be letters.*'../two'"),
        ({"one": Popularity(), 2: EASE()}, "a member's name must be letters.*got 2"),
    ],
)
def test_what_is_no_ensemble_is_refused_when_it_is_made(members: Any, told: str) -> None:
    with pytest.raises(mr.DataError, match=told):
        mr.Ensemble(members)


def test_print_shows_the_members_and_once_fitted_their_weights(ensemble: mr.Ensemble) -> None:
    assert repr(mr.Ensemble(rows())) == (
        "Ensemble(taken with (EASE), alike (ContentKNN); not fitted)"
    )
    one, other = ensemble.weights_
    assert repr(ensemble) == (
        f"Ensemble({one:.2g} taken with (EASE) + {other:.2g} alike (ContentKNN); 36 items)"
    )
