"""What is said of how much a reader reads, worked out by hand."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.encoders import ContentFeatures, HashEncoder, Reading, TextEncoder
from metarec.encoders.reading import Counts
from metarec.encoders.tokens import counts_of
from metarec.encoders.words import words_of


class Reader(HashEncoder):
    """Each letter is a token, "?" is unknown, and a text of more than four letters is cut."""

    def count(self, texts: Sequence[str]) -> Counts:
        self.__dict__["asked"] = list(texts)  # frozen
        return Counts(
            np.array([len(text) for text in texts], dtype=np.int64),
            np.array([text.count("?") for text in texts], dtype=np.int64),
            np.array([len(text) > 4 for text in texts], dtype=bool),
        )


def test_shares_are_of_texts_of_filled_texts_and_of_tokens():
    # unread: most of a text's letters, and not half of them
    found = Reading.of(Reader(), ["ab", "a?", "??b", "", "", "ab", "ab", "?bcde"])
    assert found == Reading(empty=2 / 8, identical=3 / 8, unknown=4 / 16, unread=1 / 6, cut=1 / 8)
    assert Reading.of(Reader(), []) == Reading(0.0, 0.0, 0.0, 0.0, 0.0)
    assert Reading.of(Reader(), [""]) == Reading(1.0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("n", "counted"), [(1, [0]), (3, [0, 1, 2]), (4, [0, 2]), (6, [0, 2, 4]), (7, [0, 3, 6])]
)
def test_a_sample_is_spread_evenly_over_the_texts(monkeypatch, n: int, counted: list[int]):
    monkeypatch.setattr("metarec.encoders.reading.SAMPLE", 3)
    reader = Reader()
    found = Reading.of(reader, [*"abcdef", "a"][:n])
    assert reader.__dict__["asked"] == [[*"abcdef", "a"][row] for row in counted]
    assert found.identical == (2 / 7 if n == 7 else 0.0)  # all texts are compared


@pytest.mark.parametrize(("unread", "helped"), [(1, False), (2, True)])
def test_a_hashed_reader_helps_from_a_tenth_of_unread_texts_on(unread: int, helped: bool):
    texts = ["??"] * unread + ["ab"] * (20 - unread)
    content = ContentFeatures.fit(Reader(8, "{title}"), pl.DataFrame({"title": texts}))
    assert ("hashed text" in content.blocks) is helped
    assert sum(content.blocks.values()) == content.encode(pl.DataFrame({"title": ["ab"]})).shape[1]


def test_a_catalogue_is_centred_on_nothing_where_it_has_no_text():
    nothing = pl.DataFrame({"title": [None, None]}, schema={"title": pl.String})
    content = ContentFeatures.fit(HashEncoder(8, "{title}"), nothing)
    vector = content.encode(pl.DataFrame({"title": ["tea"]}))[0]
    np.testing.assert_allclose(vector[:8], 4 * HashEncoder(8).encode_texts(["tea"])[0], rtol=1e-6)


WORDS = {"[UNK]": 0, "red": 1, "cake": 2}


def model_in(folder: Path, *, config: object = None, tokenizer: object = None, **model: object):
    """A tokenizer of whole words, with two special tokens around a text."""
    told = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "BertProcessing", "sep": ["red", 1], "cls": ["cake", 2]},
        "model": {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]", **model},
    }
    folder.mkdir()
    (folder / "tokenizer.json").write_text(json.dumps(told))
    for name, content in (("config", config), ("tokenizer_config", tokenizer)):
        if content is not None:
            (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("most", "config", "tokenizer", "limit"),
    [
        (9, None, None, 7),
        (9, {"max_position_embeddings": 6}, None, 4),
        (9, {"max_position_embeddings": 6}, {"model_max_length": 5.0}, 3),
        (4, {"max_position_embeddings": 6}, {"model_max_length": 5}, 2),
        (9, {}, {"model_max_length": None}, 7),
        (9, {}, {"model_max_length": 1e30}, 7),
    ],
)
def test_a_text_is_cut_after_the_least_limit_less_what_stands_around_it(
    tmp_path: Path, most: int, config: object, tokenizer: object, limit: int
):
    folder = model_in(tmp_path / "m", config=config, tokenizer=tokenizer)
    texts = ["red " * limit, "red " * (limit + 1), "who knows red", ""]
    found = counts_of(folder, texts, most, lambda: pytest.fail("it has a tokenizer.json"))
    assert found.tokens.tolist() == [limit, limit + 1, 3, 0]
    assert found.unknown.tolist() == [0, 0, 2, 0]
    assert found.cut.tolist() == [False, True, limit < 3, False]


def test_a_tokenizer_that_pads_and_cuts_counts_whole_texts_and_no_padding(tmp_path: Path):
    folder = model_in(tmp_path / "m")
    told = json.loads((folder / "tokenizer.json").read_text())
    told["padding"] = {
        "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "[UNK]",
    }  # fmt: skip
    told["truncation"] = {
        "direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(told))
    found = counts_of(folder, ["red", "red " * 5, ""], 9, lambda: pytest.fail("it has its file"))
    assert (found.tokens.tolist(), found.unknown.tolist()) == ([1, 5, 0], [0, 0, 0])


def test_a_tokenizer_without_its_file_counts_by_the_library(tiny_bert: Path, tmp_path: Path):
    import transformers

    texts = ["red cake", "who knows red", "red " * 14, "red " * 15]
    expected = counts_of(tiny_bert, texts, 99, lambda: pytest.fail("it has a tokenizer.json"))
    (tmp_path / "config.json").write_text((tiny_bert / "config.json").read_text())
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_bert)
    found = counts_of(tmp_path, texts, 99, lambda: tokenizer)
    for name in ("tokens", "unknown", "cut"):
        assert vars(found)[name].tolist() == vars(expected)[name].tolist()
    assert found.cut.tolist() == [False, False, False, True]


def test_scripts_without_spaces_have_characters_and_pairs_as_words():
    assert words_of("跑步鞋") == ["跑", "步", "鞋", "跑步", "步鞋"]
    assert words_of("tea茶 x") == ["tea", "茶", "x"]
    assert words_of("กี่") == ["กี่"]  # one letter with its marks
    assert words_of("e\u0300te\u036f a\U0001d165") == ["e\u0300te\u036f", "a\U0001d165"]
    assert words_of("🇩🇪🇫🇷 ⭐️") == ["🇩🇪", "🇫🇷", "⭐"]


@pytest.mark.parametrize("template", [3, ["{title}"], "{title", "title"])
def test_a_wrong_template_is_refused_before_any_item_is_read(template: object):
    for encoder in (HashEncoder, TextEncoder):
        with pytest.raises(DataError, match="template"):
            encoder(template=template)
