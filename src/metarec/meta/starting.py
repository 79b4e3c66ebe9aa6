"""Where training starts: for implicit events at iALS factors, and their ridge map from content; in
a shop that comes from another one at what is known there.

A softmax over the catalogue, trained from a random start, orders the top of the list worse than
the squared loss of iALS does; from here it can only improve on it. The penalties hold g and v to
their start (Li, Grandvalet and Davoine 2018, "L2-SP"), as a prior mean would.
"""

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import logit

from metarec.contracts import Dataset
from metarec.meta.config import MetaConfig
from metarec.meta.heads.choice_training import LearnedChoice
from metarec.meta.loops.episodes import learned_counts
from metarec.meta.moving.beginning import Beginning
from metarec.meta.network import HeartNetwork
from metarec.recommenders.ials import IALSConfig, learn_item_factors
from metarec.recommenders.ridge import ridge_map
from metarec.training.streams import Purpose, stream

FEATURE_SCALE = 0.3
"""Root mean square of the features of touched items at the start."""
GAMMA = 0.1
"""γ at the start: iALS has no bias of the person, and a softmax over items does not see one."""


@torch.no_grad()
def start_from_factors(
    network: HeartNetwork,
    train: Dataset,
    content: Float[np.ndarray, "item d_content"],
    config: MetaConfig,
    rng: int,
) -> None:
    """Set φ to iALS factors of touched items, g to their map, and P to what iALS implies.

    iALS solves (YᵀY + λI + α Σ_j y_j y_jᵀ) w = (1 + α) Σ_j y_j (Hu, Koren and Volinsky 2008, eq.
    4). Divided by α that is the posterior of events of confidence 1 under P = (n/α) G + (λ/α) I,
    with 1 + 1/α observed where the heart observes 1: a factor on all scores, which κ makes up for.
    """
    per_user = len(train.interactions) / max(1, int((train.histories.lengths > 0).sum()))
    l2 = config.start_l2 * config.start_confidence * per_user
    settings = IALSConfig(factors=config.n_features, alpha=config.start_confidence, l2=l2)
    factors = learn_item_factors(train.histories, settings, stream(rng, Purpose.FACTORS))
    touched = learned_counts(train) > 0  # the items whose residuals are used
    scale = FEATURE_SCALE / max(float(np.sqrt(np.mean(factors[touched] ** 2))), 1e-12)
    factors = factors * scale
    slopes, level = ridge_map(
        content.astype(np.float64), factors, touched.astype(np.float64), config.start_penalty
    )
    features, head = network.features, network.head
    features.g.start_at(torch.from_numpy(slopes).float(), torch.from_numpy(level).float())
    missing = torch.from_numpy(factors) - features.g(torch.from_numpy(content))
    features.v.copy_(torch.where(torch.from_numpy(touched)[:, None], missing, 0.0))
    features.v_start.copy_(features.v)
    features.gamma.fill_(GAMMA)
    head.log_alpha.fill_(np.log(len(factors) / config.start_confidence))
    head.log_lambda.fill_(np.log(l2 * scale**2 / config.start_confidence))


@torch.no_grad()
def start_from_prior(network: HeartNetwork, beginning: Beginning) -> None:
    """Set every number to what is known before the shop teaches any, and hold the penalties to
    it."""
    heart, features = beginning.heart, network.features
    numbers = {name: torch.from_numpy(array) for name, array in beginning.weights.items()}
    features.load_state_dict(numbers)
    for part in (features.g, features.t, features.tau, features.n):
        part.start.copy_(part.linear.whole)
    features.v_start.copy_(features.v)
    features.beta_start.copy_(features.beta)
    network.prior.m.copy_(torch.from_numpy(heart.prior.mean))
    network.prior.M.copy_(torch.from_numpy(heart.prior.profile_map))
    confidence, known = network.confidence, heart.confidence
    confidence.log_confidence.copy_(torch.from_numpy(np.log(known.of_kind)))
    confidence.old.fill_(float(logit(known.eps)))
    confidence.decay.fill_(float(np.log(np.expm1(-np.log(known.rho)))))
    if isinstance(network.head, LearnedChoice):  # that of ratings has no numbers of its own
        network.head.begin_as(heart)
    network.settled = True
