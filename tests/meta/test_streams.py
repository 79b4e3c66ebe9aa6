"""Everything random in a fit has its stream."""

import ast
from pathlib import Path

import pytest
import torch

import metarec as mr
import metarec.meta
from metarec.data import Split
from metarec.meta.loops.steps import torch_seed
from metarec.training.streams import Purpose, stream


def test_torch_draws_from_the_stream_of_its_purpose():
    seeds = {torch_seed(stream(0, purpose)).initial_seed() for purpose in Purpose}
    assert len(seeds) == len(Purpose)
    one, two = (torch.randn(3, generator=torch_seed(stream(0, Purpose.NETWORK))) for _ in range(2))
    torch.testing.assert_close(one, two, rtol=0, atol=0)


@pytest.mark.parametrize("rng", [None, -1, 1.0, "1", True])
def test_a_seed_that_is_no_whole_number_is_refused(rating_split: Split, rng: object):
    with pytest.raises(mr.DataError, match="rng must be"):
        mr.MetaRecommender(mr.HashEncoder(d=8)).fit(rating_split.train, rng=rng)


ROOM = Path(metarec.meta.__file__).parent
OWN = {"streams.py": {"default_rng", "SeedSequence"}, "steps.py": {"manual_seed"}}


@pytest.mark.parametrize("file", sorted(ROOM.rglob("*.py")), ids=lambda file: file.name)
def test_nothing_in_this_room_makes_a_generator_of_its_own(file: Path):
    makers = {"default_rng", "SeedSequence", "RandomState", "manual_seed", "seed"}
    named = {
        node.attr
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert named & makers <= OWN.get(file.name, set())
