"""What a training loop reads: the catalogue's content, the profiles, and padded episodes."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from metarec.contracts import Histories
from metarec.data import Episodes
from metarec.meta.config import MetaConfig
from metarec.meta.weighing import ages_of, nows, own_kinds, pad

PROFILE_DROPOUT = 0.1
"""Share of users whose profile is hidden in a step, so that people without one are served too."""
Batch = TypeVar("Batch")


@dataclass(frozen=True, eq=False)
class Inputs:
    """The training set as tensors; rows of `content` are items, of `profiles` are users."""

    histories: Histories
    content: Float[Tensor, "item d_content"]
    profiles: Float[Tensor, "user d_profile"] | None
    no_profile: Float[Tensor, " d_profile"] | None
    """The features of a person of whom nothing is known."""
    counts: Float[Tensor, " item"]
    recency: str
    users: Int[np.ndarray, " user"]
    """Users that episodes are drawn from: those with at least two events."""

    @property
    def touched(self) -> Float[Tensor, " item"]:
        """1 for items with an event in training, else 0."""
        return (self.counts > 0).float()

    @property
    def n_events(self) -> int:
        """Number of training events."""
        return int(self.counts.sum())


@dataclass(frozen=True, eq=False)
class PaddedEpisodes:
    """Fixed episodes as padded arrays, for judging on validation."""

    items: Int[np.ndarray, "person event"]
    values: Float[np.ndarray, "person event"]
    kinds: Int[np.ndarray, "person event"]
    ages: Float[np.ndarray, "person event"]
    mask: Bool[np.ndarray, "person event"]
    query_items: Int[np.ndarray, "person query"]
    query_values: Float[np.ndarray, "person query"]
    query_mask: Bool[np.ndarray, "person query"]
    profile_rows: Int[np.ndarray, " person"]
    candidates: Bool[np.ndarray, " item"] | None
    """The items that compete (None: all)."""

    def first(self, n: int) -> "PaddedEpisodes":
        """The first `n` people."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        competing = columns.pop("candidates")
        return PaddedEpisodes(
            **{name: column[:n] for name, column in columns.items()}, candidates=competing
        )


def pad_episodes(
    episodes: Episodes, recency: str, user_rows: dict[str, int], kind_names: tuple[str, ...] = ()
) -> PaddedEpisodes:
    """The episodes as padded arrays; `user_rows` finds a person's profile, -1 where unknown.

    `kind_names` are the kinds that the model knows, in the order of its rows.
    """
    support, query = episodes.support, episodes.query
    items, mask = pad(support, support.items)
    times, _ = pad(support, support.times)
    places = np.broadcast_to(np.arange(items.shape[1]), items.shape)
    now = nows(support, recency)
    query_items, query_mask = pad(query, query.items)
    ids = support.user_ids
    profile_rows = [-1] * len(support) if ids is None else [user_rows.get(u, -1) for u in ids]
    return PaddedEpisodes(
        items,
        pad(support, support.values)[0],
        np.where(mask, pad(support, own_kinds(support, kind_names))[0], -1),
        ages_of(times, places, now[:, None], recency),
        mask,
        query_items,
        pad(query, query.values)[0],
        query_mask,
        np.array(profile_rows, dtype=np.int64),
        episodes.candidates,
    )


def torch_seed(rng: np.random.Generator) -> torch.Generator:
    """A PyTorch generator that follows from `rng`."""
    return torch.Generator().manual_seed(int(rng.integers(2**62)))


def mask_residuals(
    touched: Float[Tensor, " item"], rng: np.random.Generator, config: MetaConfig
) -> Float[Tensor, " item"]:
    """z of one step: 1 for items whose residuals are used, 0 for hidden and untouched ones."""
    if rng.random() < config.all_masked:
        return torch.zeros_like(touched)
    kept = torch.from_numpy(rng.random(len(touched)) >= config.masked)
    return touched * kept


def profiles_of(
    inputs: Inputs, rows: Int[np.ndarray, " person"]
) -> Float[Tensor, "person d_profile"] | None:
    """Profile features of users, by row; those of "nothing is known" for row -1."""
    if inputs.profiles is None or inputs.no_profile is None:
        return None
    features = inputs.profiles[torch.from_numpy(np.maximum(rows, 0))]
    return torch.where(torch.from_numpy(rows >= 0)[:, None], features, inputs.no_profile)


def query_weights(
    asked: Bool[np.ndarray, "user event"], config: MetaConfig
) -> Float[Tensor, "user event"]:
    """What each query event counts in the loss: n to the power −evenness for one of a user's n."""
    n = np.maximum(asked.sum(axis=1, keepdims=True), 1).astype(np.float64)
    return torch.from_numpy(asked * n**-config.evenness).float()


@dataclass(frozen=True, eq=False)
class Step(Generic[Batch]):
    """One training step's random choices."""

    batch: Batch
    users: Int[np.ndarray, " person"]
    """Rows of the profiles; -1 where a profile is hidden in this step."""
    z: Float[Tensor, " item"]
    dropout: torch.Generator


def draw_step(
    inputs: Inputs,
    config: MetaConfig,
    rng: np.random.Generator,
    sample: Callable[[Int[np.ndarray, " person"]], Batch],
) -> Step[Batch]:
    """Random users, the batch that `sample` draws for them, and what is hidden in the step."""
    users = rng.choice(inputs.users, size=config.batch_users)
    batch = sample(users)
    z = mask_residuals(inputs.touched, rng, config)
    hidden = rng.random(len(users)) < PROFILE_DROPOUT
    return Step(batch, np.where(hidden, -1, users), z, torch_seed(rng))
