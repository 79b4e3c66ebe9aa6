"""Stores in files, and in a PostgreSQL server for the slow tier; small models, and services."""

import shutil
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
from metarec.serving.keyring import FRESH_S
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


Prepared = Callable[[Path], Path]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Gives the store in whose service a model is, made once: a test takes a copy."""
    made: dict[Path, Path] = {}

    def store_of(folder: Path) -> Path:
        if folder not in made:
            place = tmp_path_factory.mktemp("stores") / "shop.db"
            with Store(str(place)) as new:
                put_in_service(new, folder)
            made[folder] = place
        return made[folder]

    return store_of


def answering(stack: ExitStack, place: Path, *, keys: bool = False) -> TestClient:
    """A service over HTTP in this process."""
    service = Service.of(stack.enter_context(Store(str(place))), needs_keys=keys)
    client = TestClient(create_app(service), raise_server_exceptions=False, base_url=LOCAL)
    return stack.enter_context(client)


def after_a_second(client: TestClient) -> None:
    """Let a process look again at once which keys hold."""
    client.app.state.service.keys._looked -= FRESH_S  # type: ignore[attr-defined]


@pytest.fixture
def serve(tmp_path: Path, prepared: Prepared) -> Iterator[Serve]:
    """Starts a service; two of one store are as two processes."""
    with ExitStack() as stack:

        def started(folder: Path | None = None, *, keys: bool = False) -> TestClient:
            if folder is not None:
                shutil.copy(prepared(folder), tmp_path / "shop.db")
            return answering(stack, tmp_path / "shop.db", keys=keys)

        yield started


@pytest.fixture
def client(serve: Serve, model: Path) -> TestClient:
    return serve(model)


@pytest.fixture(scope="module")
def door(
    model: Path, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """One service for all questions that are refused: they leave nothing behind."""
    place = tmp_path_factory.mktemp("door") / "shop.db"
    shutil.copy(prepared(model), place)
    with ExitStack() as stack:
        yield answering(stack, place)
