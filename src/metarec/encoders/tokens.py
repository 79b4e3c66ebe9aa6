"""How many tokens a pretrained model makes of a text, and how many of them it does not know."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metarec.encoders.reading import Counts

TOKENIZER = "tokenizer.json"


def counts_of(folder: Path, texts: Sequence[str], most: int, loaded: Callable[[], Any]) -> Counts:
    """The counts of each text, by the tokenizer of `folder`, special tokens not among them.

    `loaded` gives the tokenizer of transformers, for a model without a `tokenizer.json`.
    """
    if (folder / TOKENIZER).is_file():
        rows, unknown, special = _quickly(folder, list(texts))
    else:
        tokenizer = loaded()
        rows = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
        unknown, special = tokenizer.unk_token_id, tokenizer.num_special_tokens_to_add()
    limit = min([most, *_limits(folder)]) - special
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    unread = np.array([sum(token == unknown for token in row) for row in rows], dtype=np.int64)
    return Counts(lengths, unread, lengths > limit)


def _quickly(folder: Path, texts: list[str]) -> tuple[list[list[int]], int | None, int]:
    from tokenizers import Tokenizer  # comes with transformers, and takes no second to import

    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    rows = [found.ids for found in tokenizer.encode_batch(texts, add_special_tokens=False)]
    model = json.loads((folder / TOKENIZER).read_text("utf-8"))["model"]
    unknown = model.get("unk_id")
    if model.get("unk_token") is not None:
        unknown = tokenizer.token_to_id(model["unk_token"])
    return rows, unknown, tokenizer.num_special_tokens_to_add(False)


def _limits(folder: Path) -> list[float]:
    """Tokens that the model can take, by its files."""
    found: list[float] = []
    for file, key in (
        ("config.json", "max_position_embeddings"),
        ("tokenizer_config.json", "model_max_length"),
    ):
        if (folder / file).is_file():
            limit = json.loads((folder / file).read_text("utf-8")).get(key)
            found += [limit] if isinstance(limit, int | float) else []
    return found
