"""The fitted arrays, the training network and brute force tell the same story."""

import numpy as np
import torch

import metarec as mr
from metarec.contracts import Histories
from metarec.meta.inputs import pad_episodes
from metarec.meta.network import HeartNetwork, Support


def brute_force(model: mr.MetaRecommender, history: list[tuple[str, float]]) -> np.ndarray:
    """Scores by least squares on stacked rows, from the fitted arrays and the model's formula."""
    heart, row_of = model.heart, model.catalogue.row_of
    m = heart.prior(model.profile_features(None)).mean
    rows = [np.linalg.cholesky(heart.precision).T]
    targets = [np.zeros(len(m))]
    for place, (item, value) in enumerate(history):
        i = row_of[item]
        phi = heart.features[i]
        age = len(history) - 1 - place
        c = 1.0 if heart.recency == "none" else heart.eps + (1 - heart.eps) * heart.rho**age
        b = c if heart.implicit else c / heart.noise[i]
        r = 1 - phi @ m if heart.implicit else value - heart.offsets[i] - phi @ m
        rows.append(np.sqrt(b) * phi[None])
        targets.append(np.array([np.sqrt(b) * r]))
    moved = np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]
    inner = heart.features[: len(model.catalogue)] @ (m + moved)
    return (heart.kappa * inner if heart.implicit else inner) + heart.offsets[
        : len(model.catalogue)
    ]


def test_ratings_score_as_least_squares_says(ratings: mr.MetaRecommender):
    ids = [str(i) for i in ratings.catalogue.ids]
    history = [(ids[3], 5.0), (ids[9], 1.0), (ids[20], 4.0)]
    expected = np.clip(brute_force(ratings, history), *ratings.heart.scale)
    np.testing.assert_allclose(ratings.adapt(history).score(ids), expected, atol=1e-9)
    np.testing.assert_allclose(ratings.score([history], ids)[0], expected, atol=1e-9)


def test_implicit_events_score_as_least_squares_says_with_recency(implicit: mr.MetaRecommender):
    ids = [str(i) for i in implicit.catalogue.ids]
    history = [(ids[3], 1.0), (ids[9], 1.0), (ids[20], 1.0), (ids[21], 1.0)]
    expected = brute_force(implicit, history)
    np.testing.assert_allclose(implicit.adapt(history).score(ids), expected, atol=1e-9)
    np.testing.assert_allclose(implicit.score([history], ids)[0], expected, atol=1e-9)


def network_of(model: mr.MetaRecommender) -> HeartNetwork:
    """The training network with the fitted weights."""
    weights = model._weights
    network = HeartNetwork(
        len(weights["beta"]),
        len(weights["g.linear"]),
        len(weights["M"]),
        len(weights["log_confidence"]),
        model.config,
        torch.Generator().manual_seed(0),
        mean=0.0,
        implicit=model.heart.implicit,
    )
    network.load_state_dict({name: torch.from_numpy(w.copy()) for name, w in weights.items()})
    return network.double()


def test_serving_computes_what_training_computed(
    model: mr.MetaRecommender, rating_split, implicit_split
):
    split = implicit_split if model.heart.implicit else rating_split
    episodes = split.valid.take(np.arange(8))
    user_rows = dict.fromkeys(split.train.user_ids, -1)  # nobody's profile is known
    padded = pad_episodes(episodes, model.heart.recency, user_rows)
    network = network_of(model)
    content = torch.from_numpy(model._content.encode(model.catalogue.frame)).double()
    touched = torch.from_numpy(split.train.touched).double()
    with torch.no_grad():
        terms = network.items(content, touched)
        weights = torch.from_numpy(padded.mask.astype(np.float64))
        if model.heart.recency != "none":
            weights = weights * network.recency(torch.from_numpy(padded.ages))
        support = Support(
            terms.of(torch.from_numpy(padded.items)), torch.from_numpy(padded.values), weights
        )
        profiles = torch.from_numpy(model._no_profile).double().expand(8, -1)
        posterior = network.adapt(terms, support, profiles)
    alone = Histories.of([episodes.support.events(row) for row in range(8)])
    serving = model._adapt_many(alone_in(alone, model))
    np.testing.assert_allclose(serving.mean, posterior.mean.numpy(), atol=1e-6)
    np.testing.assert_allclose(serving.factor, posterior.factor.numpy(), atol=1e-6)


def alone_in(histories: Histories, model: mr.MetaRecommender) -> Histories:
    from metarec.recommenders.histories import align

    return align(histories, model.catalogue)
