"""From a trained network to the plain arrays that serving needs."""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float

from metarec.meta.config import MetaConfig
from metarec.meta.heart import Heart, pad_rows
from metarec.meta.inputs import Inputs
from metarec.meta.network import HeartNetwork

CONTENT_BLOCK = 256
"""Items whose content is mapped at once. Each block has the same shape, padded with zeros, so that
an item's features are the same bits whichever items stand beside it."""

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


@torch.no_grad()
def item_terms(
    network: HeartNetwork,
    content: Float[np.ndarray, "item d_content"],
    z: Float[np.ndarray, " item"],
) -> Arrays:
    """Features, offsets and τ² of items; those with z = 1 are the network's own first rows."""
    blocks: list[Arrays] = [(np.zeros((0, len(network.m))), np.zeros(0), np.zeros(0))]
    for start in range(0, len(content), CONTENT_BLOCK):
        part = torch.from_numpy(content[start : start + CONTENT_BLOCK])
        n = len(part)
        part = F.pad(part, (0, 0, 0, CONTENT_BLOCK - n))
        mapped = network.g(part)[:n].double().numpy()
        told = network.t(part)[:n, 0].double().numpy()
        tau = F.softplus(network.tau(part)[:n, 0]).double().numpy()
        gamma = np.full((n, 1), float(network.gamma))
        blocks.append((np.concatenate([mapped, gamma], 1), float(network.mean) + told, tau))
    features, offsets, tau = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    if network.implicit:
        tau = np.zeros_like(tau)
    own = np.flatnonzero(z)
    features[own, :-1] += network.v.double().numpy()[own]
    offsets[own] += network.beta.double().numpy()[own]
    return features, offsets, tau * (1 - z)


@torch.no_grad()
def freeze(
    network: HeartNetwork,
    inputs: Inputs,
    config: MetaConfig,
    kinds: tuple[str, ...],
    scale: tuple[float, float],
    variance_factor: float,
) -> Heart:
    """The fitted model in NumPy float64; items with an event in training keep their residuals."""
    touched = inputs.touched.double().numpy()
    features, offsets, unsure = item_terms(network, inputs.content.numpy(), touched)
    P = np.eye(features.shape[1])
    if network.implicit:
        G = features.T @ features / len(features)
        P = float(network.log_lambda.exp()) * P + float(network.log_alpha.exp()) * G
    n_users = max(1, int((inputs.histories.lengths > 0).sum()))
    return Heart(
        implicit=network.implicit,
        recency=inputs.recency,
        features=pad_rows(features),
        offsets=pad_rows(offsets),
        unsure=pad_rows(unsure),
        popularity=pad_rows(np.minimum(inputs.counts.numpy() / n_users, 1.0)),
        mean=network.m.double().numpy().copy(),
        profile_map=network.M.double().numpy().copy(),
        precision=P,
        noise=float(torch.exp(2 * network.log_sigma)),
        eps=float(torch.sigmoid(network.old)),
        rho=float(torch.exp(-F.softplus(network.decay))),
        kind_names=kinds,
        kind_confidence=network.log_confidence.exp().double().numpy().copy(),
        kappa=float(network.log_kappa.exp()),
        scale=scale,
        variance_factor=variance_factor,
        config=config,
    )
