"""What all tests share."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# A busy machine must not fail a test: what is checked is truth, not time.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


@pytest.fixture(scope="session", autouse=True)
def _few_folds() -> Iterator[None]:
    """Small shops ask one fold at most, and none where validation asks for all: five would be most
    of the time of a test. `tests/meta/test_samples.py` says how many there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("metarec.meta.samples.ENOUGH_QUERIES", 1)
        patch.setattr("metarec.meta.samples.ENOUGH_PEOPLE", 1)
        patch.setattr("metarec.meta.samples.ENOUGH_OF_FOLDS", 1)
        patch.setattr("metarec.meta.samples.PEOPLE_OF_FOLDS", 1)
        yield
