"""The seam between what is shared and what is a person's own: any updater stands in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

import metarec as mr
from metarec.contracts import Histories, UnsupportedError
from metarec.meta.features.terms import ItemTerms
from metarec.meta.updaters import Additive, ClosedForm, Support, Updater
from metarec.posterior import Prior

from .networks import without_evidence


@dataclass(frozen=True)
class Moved:
    """Weights that some steps led to, without a notion of how sure they are."""

    terms: ItemTerms
    weights: np.ndarray

    def scores(self, rows: np.ndarray | None = None) -> np.ndarray:
        features = self.terms.features
        if rows is None:
            return self.weights @ features.T
        return (features[rows] @ self.weights[..., None])[..., 0]

    def variance(self, rows: np.ndarray) -> np.ndarray:
        return np.full(rows.shape, np.nan)

    def shares(self, rows: np.ndarray, support: Support) -> np.ndarray:
        raise UnsupportedError("steps have no shares")

    def covariance(self) -> np.ndarray:
        raise UnsupportedError("steps have no covariance")


@dataclass(frozen=True)
class GradientSteps:
    """Plain gradient descent on the log posterior: it ends where the closed form stands."""

    steps: int

    def adapt(self, terms: ItemTerms, support: Support, prior: Prior) -> Moved:
        features = terms.features[support.rows]
        people = support.precisions.shape[:-1]
        weights = np.broadcast_to(prior.mean, (*people, terms.d)).copy()
        A = (
            prior.precision
            + np.swapaxes(features * support.precisions[..., None], -1, -2) @ features
        )
        rate = 1 / np.linalg.eigvalsh(A).max(axis=-1)[..., None]
        for _ in range(self.steps):
            error = support.targets - (features @ weights[..., None])[..., 0]
            pull = (np.swapaxes(features, -1, -2) @ (support.precisions * error)[..., None])[..., 0]
            weights = weights + rate * (pull - (weights - prior.mean) @ prior.precision)
        return Moved(terms, weights)


@pytest.fixture
def with_updater(model: mr.MetaRecommender) -> Callable[[Updater], mr.MetaRecommender]:
    def made(updater: Updater) -> mr.MetaRecommender:
        other = mr.MetaRecommender(model.encoder, model.config)
        other.__dict__.update(vars(model))
        other.hearts = {n: replace(h, updater=updater) for n, h in model.hearts.items()}
        return other

    return made


def history(model: mr.MetaRecommender) -> list[tuple[str, float]]:
    value = 4.0 if model.predicts_ratings else 1.0
    return [(str(model.catalogue.ids[row]), value) for row in (3, 9, 20, 41)]


def test_another_updater_serves_one_and_many_and_ends_where_it_should(
    model: mr.MetaRecommender, with_updater
):
    steps = with_updater(GradientSteps(4000))
    ids, done = [str(i) for i in model.catalogue.ids], history(model)
    person = steps.adapt(done)
    np.testing.assert_allclose(person.score(ids), model.adapt(done).score(ids), atol=1e-3)
    np.testing.assert_allclose(steps.score([done, []], ids)[0], person.score(ids), atol=1e-9)
    one_more = person.observe(ids[50], 3.0 if model.predicts_ratings else 1.0)
    np.testing.assert_allclose(one_more.forget(ids[50]).score(ids), person.score(ids), atol=1e-9)
    assert len(person.recommend(k=4).ids) == 4
    assert list(steps.recommend([done], k=4)[0].ids) == list(person.recommend(k=4).ids)


def test_what_an_updater_does_not_know_is_nan_or_a_named_error(
    model: mr.MetaRecommender, with_updater
):
    person = with_updater(GradientSteps(3)).adapt(history(model))
    ids = [str(i) for i in model.catalogue.ids[:3]]
    assert np.isnan(person.predict(ids).stds).all()
    assert np.isnan(person.recommend(k=3).stds).all()
    for asked in (lambda: person.explain(ids[0]), lambda: person.ask(2)):
        with pytest.raises(UnsupportedError, match="steps have no"):
            asked()


def test_no_step_at_all_leaves_the_prior(model: mr.MetaRecommender, with_updater):
    model = without_evidence(model)
    stays = without_evidence(with_updater(GradientSteps(0)))
    ids = [str(i) for i in model.catalogue.ids]
    np.testing.assert_allclose(
        stays.adapt(history(model)).score(ids), model.adapt([]).score(ids), atol=1e-9
    )


def test_the_closed_form_adds_up_and_steps_do_not():
    assert isinstance(ClosedForm(), Additive)
    assert not isinstance(GradientSteps(1), Additive)


def test_shares_and_scores_of_rows_are_those_of_the_whole(model: mr.MetaRecommender):
    adapted = model.adapt(history(model)).adapted
    rows = np.array([5, 2, 5])
    np.testing.assert_allclose(adapted.scores(rows), adapted.scores()[rows], atol=1e-12)
    many = model._believed(model._aligned(Histories.of([history(model), []])), model.heart).taste
    each = np.array([[5, 2], [1, 1]])
    np.testing.assert_allclose(
        many.scores(each), np.take_along_axis(many.scores(), each, axis=1), atol=1e-12
    )
    np.testing.assert_allclose(many.variance(each)[0], adapted.variance(each[0]), atol=1e-12)
