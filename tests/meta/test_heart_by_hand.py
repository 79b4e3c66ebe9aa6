"""The fitted arrays, the training network and brute force tell the same story."""

import numpy as np
import torch

import metarec as mr
from metarec.contracts import Histories
from metarec.meta.loops.episodes import pad_episodes
from metarec.meta.network import TorchSupport

from .networks import fitted_network, without_evidence


def brute_force(model: mr.MetaRecommender, history: list[tuple[str, float]]) -> np.ndarray:
    """Scores by least squares on stacked rows, from the fitted arrays and the model's formula."""
    heart, row_of = model.heart, model.catalogue.row_of
    how, implicit = heart.confidence, heart.head.name == "implicit"
    m = heart.prior.of(model.profile_features(None)).mean
    rows = [np.linalg.cholesky(heart.prior.precision).T]
    targets = [np.zeros(len(m))]
    for place, (item, value) in enumerate(history):
        i = row_of[item]
        phi = heart.terms.features[i]
        age = len(history) - 1 - place
        c = 1.0 if how.recency == "none" else how.eps + (1 - how.eps) * how.rho**age
        b = c if implicit else c / heart.terms.noise[i]
        r = 1 - phi @ m if implicit else value - heart.terms.offsets[i] - phi @ m
        rows.append(np.sqrt(b) * phi[None])
        targets.append(np.array([np.sqrt(b) * r]))
    moved = np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]
    inner = heart.terms.features[: len(model.catalogue)] @ (m + moved)
    offsets = heart.terms.offsets[: len(model.catalogue)]
    return (heart.head.kappa * inner if implicit else inner) + offsets


def test_ratings_score_as_least_squares_says(ratings: mr.MetaRecommender):
    ids = [str(i) for i in ratings.catalogue.ids]
    history = [(ids[3], 5.0), (ids[9], 1.0), (ids[20], 4.0)]
    expected = np.clip(brute_force(ratings, history), 1.0, 5.0)
    np.testing.assert_allclose(ratings.adapt(history).score(ids), expected, atol=1e-9)
    np.testing.assert_allclose(ratings.score([history], ids)[0], expected, atol=1e-9)


def test_implicit_events_score_as_least_squares_says_with_recency(implicit: mr.MetaRecommender):
    ids = [str(i) for i in implicit.catalogue.ids]
    history = [(ids[3], 1.0), (ids[9], 1.0), (ids[20], 1.0), (ids[21], 1.0)]
    implicit = without_evidence(implicit)
    expected = brute_force(implicit, history)
    np.testing.assert_allclose(implicit.adapt(history).score(ids), expected, atol=1e-9)
    np.testing.assert_allclose(implicit.score([history], ids)[0], expected, atol=1e-9)


def test_serving_computes_what_training_computed(
    model: mr.MetaRecommender, rating_split, implicit_split
):
    split = implicit_split if not model.predicts_ratings else rating_split
    episodes = split.valid.take(np.arange(8))
    user_rows = dict.fromkeys(split.train.user_ids, -1)  # nobody's profile is known
    padded = pad_episodes(episodes, model.heart.confidence.recency, user_rows)
    network = fitted_network(model)
    content = torch.from_numpy(model._content.encode(model.catalogue.frame)).double()
    touched = torch.from_numpy(split.train.touched).double()
    with torch.no_grad():
        terms = network.features(content, touched)
        weights = torch.from_numpy(padded.mask.astype(np.float64))
        if model.heart.confidence.recency != "none":
            weights = weights * network.confidence.of_age(torch.from_numpy(padded.ages))
        support = TorchSupport(
            terms.of(torch.from_numpy(padded.items)), torch.from_numpy(padded.values), weights
        )
        profiles = torch.from_numpy(model._no_profile).double().expand(8, -1)
        posterior = network.adapt(terms, support, profiles)
    alone = Histories.of([episodes.support.events(row) for row in range(8)])
    serving = model._believed(alone_in(alone, model), model.heart).taste.posterior
    np.testing.assert_allclose(serving.mean, posterior.mean.numpy(), atol=1e-6)
    np.testing.assert_allclose(serving.factor, posterior.factor.numpy(), atol=1e-6)


def alone_in(histories: Histories, model: mr.MetaRecommender) -> Histories:
    from metarec.contracts.alignment import align

    return align(histories, model.catalogue)
