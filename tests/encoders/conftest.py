"""Tiny real language models, built on the spot; the cache of vectors is never the user's own."""

import json
from pathlib import Path

import pytest

WORDS = ["quiet", "garden", "tools", "red", "bicycle", "wheel"]
WORDS += ["cake", "butter", "oven", "night", "sky", "stars"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("METAREC_CACHE", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder with a WordPiece vocabulary and places for 16 tokens."""
    transformers = pytest.importorskip("transformers", reason="needs metarec[minilm]")
    import torch

    folder = tmp_path_factory.mktemp("bert")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: row for row, word in enumerate([*special, *WORDS])}
    transformers.BertTokenizer(vocab=vocabulary).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
    )
    torch.manual_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decoder-only model whose tokenizer has no token for padding, nor for the end."""
    transformers = pytest.importorskip("transformers", reason="needs metarec[minilm]")
    import torch

    folder = tmp_path_factory.mktemp("llama")
    vocabulary = {word: row for row, word in enumerate(["<unk>", *WORDS])}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "padding_side": "left"})
    )
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=32,
    )
    torch.manual_seed(0)
    transformers.LlamaModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_t5(tmp_path_factory: pytest.TempPathFactory, tiny_llama: Path) -> Path:
    """A model with an encoder and a decoder."""
    import torch
    import transformers

    folder = tmp_path_factory.mktemp("t5")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text((tiny_llama / name).read_text())
    config = transformers.T5Config(
        vocab_size=len(WORDS) + 1, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2
    )
    torch.manual_seed(0)
    transformers.T5Model(config).save_pretrained(folder)
    return folder
