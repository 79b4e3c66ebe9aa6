"""Pretrained language models as encoders of item text."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import DataError, whole_number
from metarec.contracts.progress import tracked
from metarec.encoders.cache import VectorCache, cache_folder
from metarec.encoders.model_files import DEFAULT_MODEL, REMEDY, folder_of, hash_of, placed
from metarec.encoders.progress_bars import no_progress_bars
from metarec.encoders.reading import Counts
from metarec.encoders.template import checked_template, compose
from metarec.encoders.tokens import counts_of

Pooling = Literal["mean", "last"]


@dataclass(frozen=True)
class TextEncoder:
    """Item text to vectors, by any encoder or decoder-only model that transformers loads.

    Vectors are scaled to length 1; an item without text gets the zero vector. Each distinct text
    is encoded once per model, ever: vectors are kept in a disk cache by the hash of the model's
    files and of the text.
    """

    model: str = DEFAULT_MODEL
    """A name or a folder that transformers loads; the default comes with metarec[minilm]."""
    template: str | None = None
    """How an item's text is composed, such as "{title}. {genres}"; None joins its text columns."""
    pooling: Pooling = "mean"
    """Mean over tokens, or the last token's state (for decoder-only models)."""
    max_tokens: int = 256
    """Longer texts are cut here."""
    batch_size: int = 32
    """Texts encoded at once."""
    weights: str | None = None
    """Hash of the files that the vectors must come from; a saved model names those of its fit.
    None takes the files that lie there."""

    def __post_init__(self) -> None:
        for name in ("max_tokens", "batch_size"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        if not isinstance(self.model, str | os.PathLike):
            raise DataError(f"model must be a name or a folder, got {self.model!r}")
        object.__setattr__(self, "model", placed(os.fspath(self.model)))
        checked_template(self.template)
        if self.pooling not in get_args(Pooling):
            raise DataError(f"pooling must be one of {get_args(Pooling)}, got {self.pooling!r}")

    @cached_property
    def folder(self) -> Path:
        """Where the model's files lie."""
        return folder_of(self.model)

    @cached_property
    def weights_hash(self) -> str:
        """The hash of the model's files; raises DataError where `weights` names another."""
        return self._hash_like(self.weights)

    def _hash_like(self, expected: str | None) -> str:
        found = hash_of(self.folder)
        if expected not in (None, found):
            raise DataError(
                f"the text model {self.model} has other weights than those that items were "
                f"encoded with: expected {expected}, found {found} in {self.folder}. Put the old "
                f"files back, or fit the model again with TextEncoder({self.model!r})"
            )
        return found

    @property
    def fingerprint(self) -> str:
        """Names the model, by the hash of its files, and every setting that changes a vector."""
        return f"{self._text_fingerprint}:{self.template}"

    @cached_property
    def _text_fingerprint(self) -> str:
        """All that changes the vector of a given text."""
        named = f"{self.weights_hash}:{self.pooling}:{self.max_tokens}:2"
        return f"text-{hashlib.sha256(named.encode()).hexdigest()[:32]}"

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> Float[np.ndarray, "row d"]:
        """One vector a row of the item table, float32."""
        return self.encode_texts(compose(frame, self.template), progress=progress)

    def encode_texts(
        self, texts: list[str], *, progress: bool = False
    ) -> Float[np.ndarray, "text d"]:
        """One vector a text, float32; repeated and cached texts cost nothing."""
        cache = VectorCache(cache_folder() / "vectors.sqlite", self._text_fingerprint)
        wanted = [text for text in dict.fromkeys(texts) if text]
        known = cache.get(wanted)
        # Longest first: a batch of similar lengths wastes little padding, and if memory does not
        # suffice, the first batch says so.
        new = sorted((text for text in wanted if text not in known), key=lambda t: (-len(t), t))
        batches = [new[i : i + self.batch_size] for i in range(0, len(new), self.batch_size)]
        for batch in tracked(batches, "encoding texts", show=progress):
            vectors = self._forward(batch)
            cache.put(batch, vectors)
            known.update(zip(batch, vectors, strict=True))
        d = len(next(iter(known.values()))) if known else self._d()
        nothing = np.zeros(d, dtype=np.float32)
        stacked = [known.get(text, nothing) for text in texts]
        return np.stack(stacked) if stacked else np.zeros((0, d), dtype=np.float32)

    def count(self, texts: Sequence[str]) -> Counts:
        """Tokens of each text, those that the model does not know, and which texts are cut."""
        return counts_of(self.folder, texts, self.max_tokens, lambda: self._loaded[0])

    def describe(self) -> Mapping[str, Any]:
        """What is needed to build the encoder again, with these weights, as JSON values."""
        weights = self.weights or self.weights_hash
        return {"class": "TextEncoder", **asdict(self), "weights": weights}

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        try:
            import transformers
        except ImportError as error:
            raise DataError(
                'text encoders need transformers; run: pip install "metarec[minilm]"'
            ) from error
        source = str(self.folder)
        try:
            with no_progress_bars():
                tokenizer = transformers.AutoTokenizer.from_pretrained(source)
                model = transformers.AutoModel.from_pretrained(source, use_safetensors=True)
        except Exception as error:  # each kind of broken model fails in its own way
            said = next(iter(str(error).splitlines()), type(error).__name__)
            raise DataError(
                f"no text model could be loaded from {source!r}: {REMEDY}. "
                f"transformers said: {said}"
            ) from error
        self._hash_like(self.weights_hash)  # the files may have changed since they were named
        if tokenizer.pad_token is None:  # decoder-only models often come without one
            # any token will do, since padding is masked
            tokenizer.pad_token = tokenizer.convert_ids_to_tokens(0)
        tokenizer.padding_side = "right"
        if model.config.is_encoder_decoder:
            model = model.get_encoder()
        return tokenizer, model.eval()

    @cached_property
    def _longest(self) -> int:
        """Tokens of a text that the model can take."""
        tokenizer, model = self._loaded
        places = getattr(model.config, "max_position_embeddings", None) or self.max_tokens
        return int(min(self.max_tokens, tokenizer.model_max_length, places))

    def _d(self) -> int:
        return int(self._loaded[1].config.hidden_size)

    def _forward(self, texts: list[str]) -> Float[np.ndarray, "text d"]:
        import torch

        tokenizer, model = self._loaded
        batch = tokenizer(
            texts, padding=True, truncation=True, max_length=self._longest, return_tensors="pt"
        )
        mask = batch["attention_mask"]
        lengths = mask.sum(1)
        if not lengths.any():  # nothing that the tokenizer sees, and no model takes that
            return np.zeros((len(texts), self._d()), dtype=np.float32)
        with torch.inference_mode():
            states = model(**batch).last_hidden_state.float()  # (text, token, d)
            if self.pooling == "mean":
                weights = mask.unsqueeze(-1).to(states.dtype)
                pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
            else:
                pooled = states[torch.arange(len(texts)), lengths - 1]
                pooled = pooled * (lengths > 0).unsqueeze(-1)
            return torch.nn.functional.normalize(pooled, dim=1).numpy()
