"""Every option of every encoder changes something."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.encoders import HashEncoder, TextEncoder

ITEMS = pl.DataFrame(
    {
        "title": ["quiet garden tools", "red bicycle wheel", "night sky stars"],
        "plot": ["cake", "butter oven", "wheel"],
    }
)
CHANGES: dict[tuple[type, str], Any] = {
    (HashEncoder, "d"): 8,
    (HashEncoder, "template"): "{plot}",
    (TextEncoder, "model"): "tiny_llama",
    (TextEncoder, "template"): "{plot}",
    (TextEncoder, "pooling"): "last",
    (TextEncoder, "max_tokens"): 3,
    (TextEncoder, "batch_size"): 1,
    (TextEncoder, "weights"): "0" * 64,
}
"""Another value than the default for each option."""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """All that an encoder says of the items, with an empty cache: vectors, batches, refusals."""
    batches: list[int] = []
    real = TextEncoder._forward

    def forward(encoder: TextEncoder, texts: list[str]) -> np.ndarray:
        batches.append(len(texts))
        return real(encoder, texts)

    monkeypatch.setattr(TextEncoder, "_forward", forward)

    def say(encoder: HashEncoder | TextEncoder, run: int) -> tuple:
        monkeypatch.setenv("METAREC_CACHE", str(tmp_path / str(run)))
        batches.clear()
        try:
            vectors = encoder.encode(ITEMS)
        except DataError as error:
            return (str(error),)
        return vectors.shape, vectors.tobytes(), tuple(batches)

    return say


@pytest.mark.parametrize("encoder", [HashEncoder, TextEncoder])
def test_each_option_changes_what_is_said(
    encoder: type, told: Any, tiny_bert: Path, tiny_llama: Path
):
    plain = {"model": str(tiny_bert)} if encoder is TextEncoder else {}
    folders = {"tiny_llama": str(tiny_llama)}
    first, again = (told(encoder(**plain), run) for run in (0, 1))
    assert first == again
    for place, option in enumerate(fields(encoder)):
        value = CHANGES[encoder, option.name]
        changed = encoder(**{**plain, option.name: folders.get(value, value)})
        assert told(changed, 2 + place) != first, f"{option.name} has no effect"


def test_a_template_chooses_and_orders_what_the_hashed_encoder_reads():
    def encoded(template: str | None, frame: pl.DataFrame = ITEMS) -> np.ndarray:
        return HashEncoder(32, template).encode(frame)

    np.testing.assert_array_equal(encoded("{plot}"), encoded(None, ITEMS.select("plot")))
    np.testing.assert_array_equal(
        encoded("{plot}. {title}"), encoded(None, ITEMS.select("plot", "title"))
    )
    assert not np.allclose(encoded("{plot}"), encoded("{title}"))
