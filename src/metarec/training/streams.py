"""Random streams: one for each purpose and step of a fit, none of which meets another."""

from enum import IntEnum

import numpy as np

from metarec.contracts import whole_number


class Purpose(IntEnum):
    """What a stream is for. A new purpose gets a new number; a number is never given again."""

    HOLD_OUT = 0
    """Which users are held out where the caller gives no validation, and their supports."""
    NETWORK = 1
    """Where the weights start."""
    FACTORS = 2
    """Where the iALS factors start."""
    PRIOR_MEAN = 3
    """Whose mean weights m is set to, without training."""
    SLOPE = 4
    """The batch that the first slope is searched on."""
    STEP = 5
    """The users, batch and masks of one training step."""
    DRAWS = 6
    """The draws that implicit events are calibrated with."""
    EVIDENCE = 7
    """The queries that trust in evidence is learned on."""
    LEVELS = 8
    """Who is hidden where the start of ratings is learned, and its first directions."""
    FOLDS = 9
    """Which people and items each fold goes without, and their supports."""
    ENSEMBLE = 10
    """The queries that the weights of an ensemble are learned on."""
    ORDER = 11
    """The seed of the network that reads the order of histories."""


def stream(rng: int, purpose: Purpose, step: int = 0) -> np.random.Generator:
    """The generator of one purpose, and of one step of it, whatever was drawn before; raises
    DataError for what is no seed."""
    seed = whole_number("rng", rng, 0)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, step)))
