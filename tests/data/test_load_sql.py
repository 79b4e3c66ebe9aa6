"""A shop from queries, and passwords that stay unseen."""

import sqlite3
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.data.test_from_frames import EVENTS, ITEMS, SHOP, USERS
from tests.postgres import server

import metarec as mr
from metarec.data import InvalidData
from metarec.recommenders import EASE

pytest.importorskip("sqlalchemy", reason="needs metarec[sql]")

TABLES = {"events": EVENTS, "items": ITEMS, "users": USERS}
TYPES = {pl.String: "TEXT", pl.Float64: "DOUBLE PRECISION", pl.Int64: "BIGINT"}
QUERIES = ["SELECT * FROM events ORDER BY nr", "SELECT * FROM items", "SELECT * FROM users"]
UNNUMBERED = "SELECT user_id, item_id, value, timestamp, event, device FROM events ORDER BY nr"


def statements() -> Iterator[str]:
    """SQL that makes the tables; literals are those of any dialect."""
    for name, frame in TABLES.items():
        if name == "events":
            frame = frame.with_row_index("nr").cast({"nr": pl.Int64})
        kinds = ", ".join(f"{column} {TYPES[kind]}" for column, kind in frame.schema.items())
        yield f"CREATE TABLE {name} ({kinds})"
        for row in frame.iter_rows():
            cells = ["NULL" if cell is None else repr(cell) for cell in row]
            yield f"INSERT INTO {name} VALUES ({', '.join(cells)})"


@pytest.fixture
def lite(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        for statement in statements():
            database.execute(statement)
    database.close()
    return f"sqlite:///{tmp_path / 'shop.db'}"


def check_equal(url: str) -> None:
    data = mr.load_sql(UNNUMBERED, *QUERIES[1:], url=url)
    assert data.hash == SHOP.hash
    lists = [EASE().fit(shop).recommend(shop.histories, k=3).items for shop in (data, SHOP)]
    assert (lists[0] == lists[1]).all()


def test_a_shop_in_sqlite_is_the_shop_of_its_frames(lite: str):
    check_equal(lite)


def test_queries_may_name_columns_as_the_database_does(lite: str):
    asked = "SELECT user_id AS klant, item_id AS sku, event AS soort FROM events WHERE value > 1"
    said = {"columns": {"user_id": "klant", "event": "soort"}, "target_kinds": ["buy"]}
    data = mr.load_sql(asked, "SELECT item_id AS sku, title FROM items", url=lite, **said)
    assert (data.feedback, len(data.interactions)) == ("implicit", 5)
    assert data.interactions["event"].to_list().count("buy") == 2
    assert any("sku as item_id" in note for note in data.notes)


def test_signs_that_drivers_give_a_meaning_are_plain_text(lite: str):
    asked = UNNUMBERED.replace(" ORDER", " WHERE event LIKE '%u%' OR device = ':a ?' ORDER")
    assert len(mr.load_sql(asked, url=lite).interactions) == 3


def test_problems_name_the_query_the_row_and_the_column(lite: str):
    asked = "SELECT user_id, item_id, CASE nr WHEN 2 THEN NULL ELSE 1.5 END AS value FROM events"
    with pytest.raises(InvalidData, match="the query of interactions, row 3, column value"):
        mr.load_sql(asked, url=lite)
    with pytest.raises(InvalidData, match="2 columns of that name"):
        mr.load_sql("SELECT user_id, user_id FROM events", url=lite)
    mixed = "SELECT user_id, item_id, CASE nr WHEN 2 THEN 'x' ELSE 1 END AS value FROM events"
    with pytest.raises(InvalidData, match="column value: found int in row 1 and str in row 3"):
        mr.load_sql(mixed, url=lite)
    with pytest.raises(InvalidData, match="at least one row"):
        mr.load_sql("SELECT user_id, item_id FROM events WHERE 1 = 0", url=lite)


@pytest.mark.parametrize("before", ["-- the orders;\n-- of all\n", "/* a\nb */ ", "/*x*/--y\n "])
def test_a_comment_may_stand_before_a_query(lite: str, before: str):
    assert len(mr.load_sql(before + UNNUMBERED, url=lite).interactions) == 6


@pytest.mark.parametrize(
    "asked",
    ["DROP TABLE events", "events", "", None, "-- SELECT", "/* SELECT */ DROP TABLE events"],
)
def test_only_what_reads_is_run(lite: str, asked: str):
    with pytest.raises(mr.DataError, match="must be a query that reads"):
        mr.load_sql(asked, url=lite)
    assert len(mr.load_sql(UNNUMBERED, url=lite).interactions) == 6


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path):
    with pytest.raises(mr.DataError, match="there is no SQLite file"):
        mr.load_sql("SELECT 1", url=f"sqlite:///{tmp_path}/none.db")
    assert not list(tmp_path.iterdir())


def test_what_the_database_says_is_one_line(lite: str):
    with pytest.raises(mr.DataError, match=r"sqlite:///.*says: no such table: nowhere$"):
        mr.load_sql("SELECT * FROM nowhere", url=lite)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://ann:s3cr%40t@127.0.0.1:1/shop", r"//ann:\*\*\*@127.0.0.1:1/shop says: "),
        ("postgres://ann:s3cr%40t@127.0.0.1:1/shop", r"//ann:\*\*\*@127.0.0.1:1/shop says: "),
        ("mysql+pymysql://ann:s3cr%40t@h/shop", "run: pip install pymysql"),
        ("nosuch://ann:s3cr%40t@h/shop", "url must name a database"),
        ("postgresql://ann:s3cr%40t@h:port/shop", "url must name a database"),
        ("ann s3cr@t", "url must name a database"),
        ("", "url must be text"),
    ],
)
def test_a_password_is_never_shown(url: str, told: str):
    pytest.importorskip("psycopg", reason="needs metarec[sql]")
    with pytest.raises(mr.DataError, match=told) as raised:
        mr.load_sql("SELECT 1", url=url)
    shown = "".join(traceback.format_exception(raised.value))
    assert "s3cr@t" not in shown
    assert "s3cr%40t" not in shown


def test_without_sqlalchemy_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(mr.DataError, match=r'run: pip install "metarec\[sql\]"'):
        mr.load_sql("SELECT 1", url="sqlite:///shop.db")


@pytest.fixture
def postgres() -> Iterator[str]:
    """A server of its own, run as a user that may run one."""
    with server() as url:
        yield url


@pytest.mark.slow
def test_a_shop_in_postgresql_is_the_shop_of_its_frames(postgres: str):
    import psycopg

    with psycopg.connect(postgres) as connection:
        for statement in statements():
            connection.execute(statement)
    check_equal(postgres)
    asked = "SELECT gen_random_uuid() AS user_id, item_id, 2.5 AS value, "
    asked += "timestamptz '2024-05-01 12:00+02' AS timestamp FROM events"
    data = mr.load_sql(asked, url=postgres)
    assert set(data.interactions["timestamp"]) == {1_714_557_600}
    assert set(data.interactions["value"]) == {2.5}
    with pytest.raises(mr.DataError, match='says: column "nowhere" does not exist') as raised:
        mr.load_sql("SELECT nowhere FROM events", url=postgres)
    assert "s3cret" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("rest", ["DELETE FROM t", "UPDATE t SET user_id = 'x' RETURNING *"])
def test_a_query_that_would_write_changes_nothing(rest: str, tmp_path: Path):
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE t (user_id TEXT, item_id TEXT)")
        made.execute("INSERT INTO t VALUES ('u', 'a')")
    made.close()
    with pytest.raises(mr.DataError, match="readonly"):
        mr.load_sql(f"WITH x AS (SELECT 1) {rest}", url=f"sqlite:///{file}")
    again = sqlite3.connect(file)
    assert again.execute("SELECT * FROM t").fetchall() == [("u", "a")]
    again.close()
