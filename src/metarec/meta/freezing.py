"""From a trained network to the plain arrays that serving needs, in NumPy float64."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.special import erf, expit

from metarec.data import Dataset
from metarec.meta.config import MetaConfig
from metarec.meta.heart import Heart, pad_rows
from metarec.meta.weighing import learned_counts

Weights = Mapping[str, NDArray[np.float32]]
"""The trained numbers by their names in `HeartNetwork`."""
CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class FrozenTerms:
    """Features φ, offsets o, (1 − z) τ² and σ² of items, float64."""

    features: Float[np.ndarray, "item d+1"]
    offsets: Float[np.ndarray, " item"]
    unsure: Float[np.ndarray, " item"]
    noise: Float[np.ndarray, " item"]


def item_terms(
    weights: Weights,
    content: Float[np.ndarray, "item d_content"],
    z: Float[np.ndarray, " item"],
    *,
    implicit: bool,
) -> FrozenTerms:
    """The terms of items from their content; those with z = 1 are the network's own first rows.

    An item's terms are the same bits whichever items stand beside it.
    """
    mapped = content_map(weights, "g", content)
    told = content_map(weights, "t", content)[:, 0]
    tau = np.logaddexp(0.0, content_map(weights, "tau", content)[:, 0])
    gamma = np.full((len(content), 1), float(weights["gamma"]))
    features = np.concatenate([mapped, gamma], axis=1)
    offsets = float(weights["mean"]) + told
    own = np.flatnonzero(z)
    features[own, :-1] += weights["v"][own]
    offsets[own] += weights["beta"][own]
    unsure = np.zeros_like(tau) if implicit else tau * (1 - z)
    log_noise = content_map(weights, "n", content)[:, 0]
    log_noise[own] += weights["nu"][own]
    return FrozenTerms(features, offsets, unsure, np.exp(log_noise))


def content_map(
    weights: Weights, name: str, content: Float[np.ndarray, "item d_in"]
) -> Float[np.ndarray, "item d_out"]:
    """What `ContentNetwork` computes, without dropout."""
    mapped = row_product(content, weights[f"{name}.linear"]) + weights[f"{name}.bias"]
    if f"{name}.hidden" not in weights:
        return mapped
    units = row_product(content, weights[f"{name}.hidden"])
    gelu = 0.5 * units * (1 + erf(units / np.sqrt(2)))
    return mapped + row_product(gelu, weights[f"{name}.output"])


def row_product(
    rows: Float[np.ndarray, "row d_in"], matrix: Float[np.ndarray, "d_in d_out"]
) -> Float[np.ndarray, "row d_out"]:
    """The matrix product in float64, each row summed in an order that depends on nothing else.

    The kernels of a BLAS product treat a row by its place in the matrix, so an item's features
    would depend, in their last bits, on which items stand beside it. This is slower, and done once
    for each item.
    """
    columns = np.ascontiguousarray(matrix.T, dtype=np.float64)  # (d_out, d_in)
    product = np.empty((len(rows), len(columns)))
    step = max(1, CELLS_AT_ONCE // max(1, columns.size))
    for start in range(0, len(rows), step):
        part = rows[start : start + step].astype(np.float64)
        terms = part[:, None, :] * columns[None, :, :]  # (row, d_out, d_in)
        product[start : start + step] = np.add.reduce(terms, axis=-1)
    return product


def freeze(
    weights: Weights,
    train: Dataset,
    content: Float[np.ndarray, "item d_content"],
    config: MetaConfig,
    variance_factor: float,
    recency: str,
) -> Heart:
    """The fitted model; items with an event in training keep their residuals."""
    implicit = train.value == "implicit"
    touched = (learned_counts(train) > 0).astype(np.float64)
    terms = item_terms(weights, content, touched, implicit=implicit)
    P = np.eye(terms.features.shape[1])
    if implicit:
        G = terms.features.T @ terms.features / len(terms.features)
        P = np.exp(float(weights["log_lambda"])) * P + np.exp(float(weights["log_alpha"])) * G
    n_users = max(1, int((train.histories.lengths > 0).sum()))
    pairs = train.interactions.select("user", "item").unique()
    buyers = np.bincount(pairs["item"].to_numpy(), minlength=len(train.catalogue))
    return Heart(
        implicit=implicit,
        recency=recency,
        features=pad_rows(terms.features),
        offsets=pad_rows(terms.offsets),
        unsure=pad_rows(terms.unsure),
        popularity=pad_rows(np.minimum(buyers / n_users, 1.0)),
        mean=weights["m"].astype(np.float64),
        profile_map=weights["M"].astype(np.float64),
        precision=P,
        noise=pad_rows(terms.noise),
        eps=float(expit(float(weights["old"]))),
        rho=float(np.exp(-np.logaddexp(0.0, float(weights["decay"])))),
        kind_names=train.histories.kind_names,
        kind_confidence=np.exp(weights["log_confidence"].astype(np.float64)),
        kappa=float(np.exp(float(weights["log_kappa"]))),
        scale=(-np.inf, np.inf) if implicit else train.scale,
        variance_factor=variance_factor,
        config=config,
    )
