"""Moves and seams change no number: what was saved, lost and learned before them still is."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.golden.golden_cases import MODELS, answers, loss_and_gradients, validation
from tests.golden.saved_before import model_saved_before, renamed

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", MODELS)
def test_a_model_saved_before_answers_as_it_did(name: str):
    found = answers(model_saved_before(HERE / "models" / name))
    with np.load(HERE / f"{name}.answers.npz") as expected:
        assert set(found) == set(expected)
        for answer in expected:
            np.testing.assert_allclose(found[answer], expected[answer], atol=1e-9, err_msg=answer)


@pytest.mark.parametrize("name", MODELS)
def test_loss_and_gradients_of_fixed_parameters_are_what_they_were(name: str):
    found = loss_and_gradients(name)
    with np.load(HERE / f"{name}.loss.npz") as stored:
        expected = {present(part): stored[part] for part in stored}
    for part in expected:
        if part in found or np.any(expected[part]):
            np.testing.assert_allclose(found[part], expected[part], atol=1e-9, err_msg=part)
    for part in found.keys() - expected.keys():  # what no loss reads has no gradient, or a zero
        assert not np.any(found[part]), part


def present(part: str) -> str:
    kind, _, name = part.partition(".")
    return f"{kind}.{renamed(name)}" if name else part


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_refits_are_as_good_on_validation_as_they_were(name: str):
    """The mean over seeds is within the spread of five seeds of before."""
    before = json.loads((HERE / "validation.json").read_text("utf-8"))[name]
    assert np.mean(validation(name)) <= max(before) + 1e-9
    assert np.mean(validation(name)) >= min(before) - 1e-9
