"""Stores in files, and in a PostgreSQL server for the slow tier."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("alembic", reason="needs metarec[serve]")

from metarec.serving.store import Store
from tests.postgres import server

New = Callable[[], str]


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
