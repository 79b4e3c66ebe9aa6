"""The encoder without weights."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metarec.contracts import DataError
from metarec.encoders import HashEncoder, encoder_from
from metarec.encoders.words import words_of


def vectors_of(*texts: str | None, d: int = 64) -> np.ndarray:
    return HashEncoder(d).encode(pl.DataFrame({"title": texts}, schema={"title": pl.String}))


def test_texts_that_share_words_are_nearer_than_texts_that_do_not():
    a, b, c = vectors_of("quiet garden tools", "Garden tools, cheap!", "red bicycle wheel")
    assert a @ b > 0.5 > a @ c


def test_another_process_gives_the_same_bits():
    script = (
        "import polars as pl; from metarec.encoders import HashEncoder; "
        "print(HashEncoder(8).encode(pl.DataFrame({'t': ['quiet garden']})).tobytes().hex())"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert told.stdout.strip() == vectors_of("quiet garden", d=8).tobytes().hex()


def test_a_text_without_words_is_the_zero_vector():
    assert not vectors_of("", None, "!?").any()


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("红色跑步鞋", "跑步鞋男", "木吉他琴弦"),
        ("รองเท้าวิ่งสีแดง", "รองเท้าวิ่งผู้ชาย", "กีตาร์โปร่ง"),
        ("ランニングシューズ", "赤いシューズ", "アコースティックギター"),
        ("लाल जूते", "जूते", "गिटार"),
        ("👟👟 new", "👟", "🎸"),
        ("👩🏽‍💻", "👩‍💻", "👩‍🚀"),
    ],
)
def test_every_script_has_words_that_tell_texts_apart(text: str, near: str, far: str):
    one, other, another = vectors_of(text, near, far, d=512)
    assert one @ other > 0.3
    assert one @ another < 0.25


def test_words_of_spaced_scripts_are_what_they_were():
    assert words_of("Quiet garden-tools, 3.5 cm & Ärger_x!") == [
        "quiet", "garden", "tools", "3", "5", "cm", "ärger_x"
    ]  # fmt: skip
    assert words_of("한국어 신발 हिन्दी") == ["한국어", "신발", "हिन्दी"]


def test_no_rows_give_no_vectors_of_the_right_length():
    assert vectors_of(d=5).shape == (0, 5)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6))
def test_vectors_have_length_one_or_zero_and_depend_on_their_row_alone(texts: list[str]):
    together = vectors_of(*texts)
    assert together.dtype == np.float32
    lengths = np.linalg.norm(together, axis=1)
    assert ((np.abs(lengths - 1) < 1e-5) | (lengths == 0)).all()
    np.testing.assert_array_equal(together, np.concatenate([vectors_of(t) for t in texts]))


def test_the_fingerprint_names_all_that_changes_a_vector():
    made = [HashEncoder(), HashEncoder(8), HashEncoder(template="{title}")]
    assert len({encoder.fingerprint for encoder in made}) == len(made)


def test_its_description_builds_it_again():
    encoder = HashEncoder(8, "{title}!")
    assert encoder_from(encoder.describe()) == encoder


def test_a_vector_needs_a_length():
    with pytest.raises(DataError, match="d must be at least 1"):
        HashEncoder(0)
