"""The frozen network of a sequence model in NumPy: what a history tells of the next event."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy.special import expit, softmax

from metarec.contracts.pieces import uneven_pieces
from metarec.recommenders.sasrec_config import SASRecConfig
from metarec.recommenders.weights import in_double

CELLS_AT_ONCE = 2_000_000
"""Inner numbers of one layer that are held at once."""
TINY = 1e-5
"""What is added to a variance before it divides, as in PyTorch's layer norm."""
Table = Float[np.ndarray, "person place d"]


@dataclass(frozen=True, eq=False)
class FrozenNetwork:
    """`sequence_network.SequenceNetwork`, for the last place alone, in double precision."""

    config: SASRecConfig
    vectors: Float[np.ndarray, "item d"]
    weights: Mapping[str, NDArray[Any]]

    def after(
        self, items: Int[np.ndarray, " event"], lengths: Int[np.ndarray, " history"]
    ) -> Float[np.ndarray, "history d"]:
        """What each history tells of its next event; its newest `max_events` events are read.

        `items` are rows of `vectors`, those of one history after those of another. Histories of
        like length are read together, and those that read the same once.
        """
        read = np.minimum(lengths, self.config.max_events)
        firsts = np.cumsum(lengths) - read
        told = np.empty((len(read), self.config.d))
        for rows in self._parts(read):
            places = np.arange(read[rows].max())
            present = places < read[rows][:, None]
            own = np.full(present.shape, -1, dtype=np.int64)
            own[present] = items[(firsts[rows][:, None] + places)[present]]
            each, which = np.unique(own, axis=0, return_inverse=True)
            start = np.broadcast_to(self._of("start"), (len(each), 1, self.config.d))
            x = np.concatenate([start, self.vectors[np.maximum(each, 0)]], axis=1)
            x *= np.sqrt(self.config.d)
            told[rows] = self._read(x, (each >= 0).sum(axis=1))[which.reshape(-1)]
        return _normed(told, self._of("norm.weight"), self._of("norm.bias"))

    def _parts(self, lengths: Int[np.ndarray, " history"]) -> Iterator[Int[np.ndarray, " part"]]:
        by_length = np.argsort(lengths, kind="stable")
        places = lengths[by_length] + 1
        cells = places * np.maximum(self.config.heads * places, 8 * self.config.d)
        for part in uneven_pieces(cells.tolist(), CELLS_AT_ONCE):
            yield by_length[part]

    def _read(self, x: Table, last: Int[np.ndarray, " person"]) -> Float[np.ndarray, "person d"]:
        """The inner vector at each person's `last` place, before the last norm."""
        layers = range(self.config.layers)
        if self.config.network != "transformer":
            for layer in layers:
                x = self._gru(x, layer) if self.config.network == "gru" else self._lstm(x, layer)
            return x[np.arange(len(x)), last]
        x = x + self._of("places")[: x.shape[1]]
        for layer in layers[:-1]:
            x = self._block(x, layer, np.broadcast_to(np.arange(x.shape[1]), x.shape[:2]))
        return self._block(x, layers[-1], last[:, None])[:, 0]

    def _of(self, name: str) -> NDArray[np.float64]:
        return self._numbers[name]

    @cached_property
    def _numbers(self) -> Mapping[str, NDArray[np.float64]]:
        """The weights in double precision, made so once and not for each history."""
        return in_double(self.weights)

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return np.asarray(x @ self._of(f"{name}.weight").T + self._of(f"{name}.bias"))

    def _block(self, x: Table, layer: int, asked: Int[np.ndarray, "person asked"]) -> Table:
        """The block's output at the `asked` places, each of which reads those up to itself."""
        name, heads = f"layers.{layer}", self.config.heads
        people, places, d = x.shape
        own = np.arange(people)[:, None]
        normed = _normed(x, self._of(f"{name}.norm.weight"), self._of(f"{name}.norm.bias"))
        weight, bias = self._of(f"{name}.attend.weight"), self._of(f"{name}.attend.bias")
        query = normed[own, asked] @ weight[:d].T + bias[:d]
        both = normed @ weight[d:].T + bias[d:]
        # (person, place, d) -> (person, head, place, d / heads)
        query, key, value = (
            part.reshape(people, -1, heads, d // heads).transpose(0, 2, 1, 3)
            for part in (query, both[..., :d], both[..., d:])
        )
        nearness = query @ key.transpose(0, 1, 3, 2) / np.sqrt(d // heads)
        later = np.arange(places) > asked[..., None]  # (person, asked, place)
        weights = softmax(np.where(later[:, None], -np.inf, nearness), axis=-1)
        # (person, head, asked, d / heads) -> (person, asked, d)
        read = (weights @ value).transpose(0, 2, 1, 3).reshape(people, -1, d)
        x = x[own, asked] + self._linear(read, f"{name}.join")
        normed = _normed(x, self._of(f"{name}.norm2.weight"), self._of(f"{name}.norm2.bias"))
        wide = np.maximum(self._linear(normed, f"{name}.widen"), 0.0)
        return x + self._linear(wide, f"{name}.narrow")

    def _gru(self, x: Table, layer: int) -> Table:
        """The states of a gated recurrent unit (Cho et al. 2014)."""
        given, weight, bias = self._recurrent(x, layer)
        state, states = np.zeros_like(x[:, 0]), np.empty_like(x)
        for place in range(x.shape[1]):
            keep, update, new = np.split(given[:, place], 3, axis=1)
            held, moved, own = np.split(state @ weight.T + bias, 3, axis=1)
            stays = expit(update + moved)
            fresh = np.tanh(new + expit(keep + held) * own)
            state = states[:, place] = fresh + stays * (state - fresh)
        return states

    def _lstm(self, x: Table, layer: int) -> Table:
        """The states of a long short-term memory (Hochreiter and Schmidhuber 1997)."""
        given, weight, bias = self._recurrent(x, layer)
        cell = state = np.zeros_like(x[:, 0])
        states = np.empty_like(x)
        for place in range(x.shape[1]):
            gates = given[:, place] + state @ weight.T + bias
            enter, forget, new, out = np.split(gates, 4, axis=1)
            cell = expit(forget) * cell + expit(enter) * np.tanh(new)
            state = states[:, place] = expit(out) * np.tanh(cell)
        return states

    def _recurrent(self, x: Table, layer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the inputs give to the gates, and how the state before does."""
        own = {
            name: self._of(f"layers.{layer}.cell.{name}_l0")
            for name in ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
        }
        return x @ own["weight_ih"].T + own["bias_ih"], own["weight_hh"], own["bias_hh"]


def _normed(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + TINY)
    return np.asarray(centred / spread * scale + shift)
