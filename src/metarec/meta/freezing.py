"""From a trained network to the plain arrays that serving needs, in NumPy float64."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import expit

from metarec.contracts import Dataset
from metarec.meta.confidence import Confidence
from metarec.meta.config import MetaConfig
from metarec.meta.evidence.counting import shares_of_people
from metarec.meta.features.freezing import Weights, item_terms
from metarec.meta.heads.head import Head
from metarec.meta.heart import Heart
from metarec.meta.loops.episodes import Inputs
from metarec.meta.network import HeartNetwork
from metarec.meta.prior import LearnedPrior


@torch.no_grad()
def freeze(
    network: HeartNetwork,
    weights: Weights,
    train: Dataset,
    content: Float[np.ndarray, "item d_content"],
    blocks: Mapping[str, int],
    config: MetaConfig,
    head: Head,
    inputs: Inputs,
) -> Heart:
    """The trained network as it serves; items with an event in training keep their residuals."""
    rows = np.arange(len(train.catalogue))
    learned = np.where(inputs.touched.numpy() > 0, rows, -1)
    terms = item_terms(weights, blocks, config, content, learned)
    precision = network.head.double().prior_precision(torch.from_numpy(terms.features))
    lam, alpha = network.head.prior_scales()
    confidence = network.confidence
    updater = network.updater.frozen(terms.features, network.head)
    return Heart(
        head=head,
        terms=replace(terms, popularity=shares_of_people(train)).padded(),
        prior=LearnedPrior(
            network.prior.m.double().numpy(),
            network.prior.M.double().numpy(),
            precision.numpy(),
            (float(lam), float(alpha)),
        ),
        confidence=Confidence(
            inputs.recency,
            float(expit(confidence.old.item())),
            float(np.exp(-np.logaddexp(0.0, confidence.decay.item()))),
            inputs.histories.kind_names,
            np.exp(confidence.log_confidence.double().numpy()),
            # a rating's value is what is foretold, not how much the event counts
            "none" if head.predicts_ratings else config.value_weight,
            tuple(inputs.histories.kind_names[row] for row in confidence.refused),
        ),
        updater=updater,
    )
