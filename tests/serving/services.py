"""Stores in files, and in a PostgreSQL server for the slow tier; small models, and services."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

import metarec as mr
from metarec.contracts import Dataset, Recommender
from metarec.recommenders import EASE
from metarec.serving.api import Service, create_app
from metarec.serving.store import Store
from metarec.serving.swapping import put_in_service
from tests.postgres import server

New = Callable[[], str]
LOCAL = "http://localhost"
SMALL = mr.MetaConfig(d=8, steps=10)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[New]:
    """Names places where no store is yet: every test of a store runs in both databases."""
    made: list[str] = []

    def place() -> str:
        made.append(f"store_{uuid4().hex}")
        if request.param == "sqlite":
            return str(tmp_path / f"{made[-1]}.db")
        base = request.getfixturevalue("postgres")
        _run(base, f'CREATE DATABASE "{made[-1]}"')
        return base.replace("/postgres?", f"/{made[-1]}?")

    yield place
    if request.param == "postgresql":
        for name in made:
            _run(request.getfixturevalue("postgres"), f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def store(new_place: New) -> Iterator[Store]:
    with Store(new_place()) as made:
        yield made


def _run(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def shop() -> Dataset:
    return mr.generate(users=60, items=40, kind="implicit", rng=0).dataset


@pytest.fixture(scope="session")
def rated_shop() -> Dataset:
    return mr.generate(users=60, items=40, rng=0).dataset


@pytest.fixture(scope="session")
def model(shop: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(mr.MetaRecommender(mr.HashEncoder(), SMALL).fit(shop), tmp_path_factory)


@pytest.fixture(scope="session")
def rating_model(rated_shop: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(mr.MetaRecommender(mr.HashEncoder(), SMALL).fit(rated_shop), tmp_path_factory)


@pytest.fixture(scope="session")
def row(shop: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that adapts to nobody."""
    return saved(EASE().fit(shop), tmp_path_factory)


def saved(fitted: Recommender, factory: pytest.TempPathFactory) -> Path:
    folder = factory.mktemp("models") / "model"
    fitted.save(folder)
    return folder


Serve = Callable[..., TestClient]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a service over HTTP in this process; two of one file are two processes' equals."""
    with ExitStack() as stack:

        def started(folder: Path | None = None, *, keys: bool = False) -> TestClient:
            store = stack.enter_context(Store(str(tmp_path / "shop.db")))
            if folder is not None:
                put_in_service(store, folder)
            service = Service.of(store, needs_keys=keys)
            client = TestClient(create_app(service), raise_server_exceptions=False, base_url=LOCAL)
            return stack.enter_context(client)

        yield started


@pytest.fixture
def client(serve: Serve, model: Path) -> TestClient:
    return serve(model)
