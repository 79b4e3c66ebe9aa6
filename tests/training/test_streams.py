"""No two purposes or steps of a fit draw the same numbers."""

import numpy as np

from metarec.training.streams import Purpose, stream


def test_no_two_purposes_steps_or_seeds_share_a_state():
    steps = [0, 1, 2, 3, 5, 1000, 2**32, 2**32 + 1]
    states = {
        str(stream(rng, purpose, step).bit_generator.state)
        for rng in (0, 1, 2, 2**63 - 1)
        for purpose in Purpose
        for step in steps
    }
    assert len(states) == 4 * len(Purpose) * len(steps)
    plain = {str(np.random.default_rng(seed).bit_generator.state) for seed in (0, 1, [0, 2])}
    assert not states & plain


def test_a_stream_is_the_same_whatever_was_drawn_before():
    first = stream(7, Purpose.STEP, 3).random(4)
    stream(7, Purpose.STEP, 2).random(100)
    np.testing.assert_array_equal(stream(7, Purpose.STEP, 3).random(4), first)
