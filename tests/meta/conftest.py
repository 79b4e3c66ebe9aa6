"""Small fitted models, of one head and of both, shared by the tests of the heart."""

import pytest

import metarec as mr
from metarec.contracts import Dataset
from metarec.data import Split, split_cold
from metarec.meta.evidence import cells

from .networks import with_evidence
from .orders import with_order
from .shops import at_start, two_shops

SMALL = {"d": 6, "steps": 120, "judge_every": 40, "batch_users": 32, "max_events": 40}
SMALL |= {"choice": False}


@pytest.fixture(scope="session")
def rating_split() -> Split:
    return split_cold(mr.generate(users=150, items=70, rng=3).dataset, rng=0)


@pytest.fixture(scope="session")
def implicit_split() -> Split:
    return split_cold(mr.generate(users=150, items=70, kind="implicit", rng=3).dataset, rng=0)


@pytest.fixture(scope="session")
def ratings(rating_split: Split) -> mr.MetaRecommender:
    """Ratings alone, all of it trained: so small a shop would keep its start."""
    config = mr.MetaConfig(**SMALL, start="random")
    return mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(
        rating_split.train, rating_split.valid
    )


@pytest.fixture(scope="session")
def both(rating_split: Split) -> mr.MetaRecommender:
    """Ratings, and the choice beside them."""
    config = mr.MetaConfig(**{**SMALL, "choice": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("metarec.meta.samples.ENOUGH_QUERIES", 300)
        return mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(
            rating_split.train, rating_split.valid
        )


@pytest.fixture(scope="session")
def implicit(implicit_split: Split) -> mr.MetaRecommender:
    config = mr.MetaConfig(**SMALL)
    return mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(
        implicit_split.train, implicit_split.valid
    )


@pytest.fixture(scope="session")
def clocked(implicit_split: Split) -> mr.MetaRecommender:
    config = mr.MetaConfig(**SMALL, recency="clock")
    return mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(
        implicit_split.train, implicit_split.valid
    )


@pytest.fixture(scope="session")
def ordered(implicit: mr.MetaRecommender, both: mr.MetaRecommender) -> mr.MetaRecommender:
    """Events, beside tables of another shop, and a network that was drawn reads their order."""
    return with_order(with_evidence(implicit, both.hearts["implicit"].evidence))


@pytest.fixture(scope="session")
def both_ordered(both: mr.MetaRecommender) -> mr.MetaRecommender:
    """Ratings, and the choice beside them, for which the order of events is read."""
    return with_order(both)


@pytest.fixture(params=["ratings", "both", "both_ordered", "implicit", "ordered", "clocked"])
def model(request: pytest.FixtureRequest) -> mr.MetaRecommender:
    fitted: mr.MetaRecommender = request.getfixturevalue(request.param)
    return fitted


@pytest.fixture(scope="session")
def shops() -> dict[str, tuple[Dataset, Dataset]]:
    """Two shops that share nothing but what people like, of each kind of feedback."""
    return {kind: two_shops(kind) for kind in ("rating", "implicit")}


@pytest.fixture(scope="session")
def priors(shops: dict[str, tuple[Dataset, Dataset]]) -> dict[str, mr.MetaRecommender]:
    """Models of the first of both, at their start."""
    model = mr.MetaRecommender(mr.HashEncoder(d=16), at_start())
    return {kind: model.fit(first) for kind, (first, _) in shops.items()}


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred items count as many; all of them, unless a test says less, are looked among."""
    monkeypatch.setattr("metarec.meta.evidence.alike.ALL_PAIRS", 200)
    for module in ("evidence", "next", "spoken", "trust"):
        monkeypatch.setattr(f"metarec.meta.evidence.{module}.MANY_ITEMS", 200)
    monkeypatch.setattr(cells, "LARGEST", 15)
    monkeypatch.setattr(cells, "ROOTS", 2.0)
