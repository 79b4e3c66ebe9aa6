"""Readers of MovieLens: 100k (`u.data`), 1M (`ratings.dat`) and latest (`ratings.csv`).

The year at the end of a title becomes its own column, and genres become a list. The old files are
Latin-1; ages and occupations of 1M, which are codes there, become the words of its README.
"""

from dataclasses import replace
from pathlib import Path

import polars as pl

from metarec.data.readers.csv_text import read_csv
from metarec.data.readers.tabular import read_bytes, read_table
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table, Tables

EVENT_COLUMNS = ("user_id", "item_id", "value", "timestamp")
LICENCE = "GroupLens: research use only, no redistribution"
GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
)  # fmt: skip
ITEM_COLUMNS_100K = ("item_id", "title", "release_date", "video_release_date", "url", *GENRES)
AGES = {
    "1": "under 18", "18": "18-24", "25": "25-34", "35": "35-44", "45": "45-49", "50": "50-55",
    "56": "56+",
}  # fmt: skip
OCCUPATIONS = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student",
    "customer service", "doctor/health care", "executive/managerial", "farmer", "homemaker",
    "K-12 student", "lawyer", "programmer", "retired", "sales/marketing", "scientist",
    "self-employed", "technician/engineer", "tradesman/craftsman", "unemployed", "writer",
)  # fmt: skip

TAGGED = {"ignore": ("tags",)}
"""Tags are written by people who have seen the film: nobody has written them of a new one."""


def is_movielens(folder: Path) -> bool:
    """True if one of the three files of ratings is there."""
    return any((folder / name).exists() for name in ("u.data", "ratings.dat", "ratings.csv"))


def read_movielens(folder: Path, report: Report) -> Tables:
    """The tables of a MovieLens folder, whichever of the three releases it is."""
    if (folder / "u.data").exists():
        return read_100k(folder, report)
    if (folder / "ratings.dat").exists():
        return read_1m(folder, report)
    return read_latest(folder, report)


def read_100k(folder: Path, report: Report) -> Tables:
    """`u.data` (tabs), `u.item` and `u.user` (bars)."""
    events = read_plain(folder / "u.data", "\t", EVENT_COLUMNS, report)
    items = read_plain(folder / "u.item", "|", ITEM_COLUMNS_100K, report)
    columns = ("user_id", "age", "gender", "occupation", "zip")
    users = read_plain(folder / "u.user", "|", columns, report)
    if items is not None:
        genres = pl.concat_list(
            pl.when(pl.col(name) == "1").then(pl.lit(name)) for name in GENRES
        ).list.drop_nulls()
        items = items.with_frame(
            items.frame.select(
                "item_id", *title_and_year(), genres.alias("genres"), filled("release_date")
            )
        )
    return tables_of("MovieLens 100k", events, items, with_ages_as_numbers(users))


def read_1m(folder: Path, report: Report) -> Tables:
    """`ratings.dat`, `movies.dat` and `users.dat`, fields separated by two colons."""
    events = read_plain(folder / "ratings.dat", "::", EVENT_COLUMNS, report)
    items = read_plain(folder / "movies.dat", "::", ("item_id", "title", "genres"), report)
    columns = ("user_id", "gender", "age", "occupation", "zip")
    users = read_plain(folder / "users.dat", "::", columns, report)
    if users is not None:
        jobs = {str(code): job for code, job in enumerate(OCCUPATIONS)}
        words = [pl.col("age").replace(AGES), pl.col("occupation").replace(jobs)]
        users = users.with_frame(users.frame.with_columns(words), untyped=False)
    return tables_of("MovieLens 1M", events, split_genres(items), users)


def read_latest(folder: Path, report: Report) -> Tables:
    """`ratings.csv` and `movies.csv`, with `links.csv` and `tags.csv` where they are there.

    Tags were written by people who had seen the film: leave the column out of the content when a
    protocol judges items that nobody has touched.
    """
    events = read_needed(folder / "ratings.csv", report)
    items = read_needed(folder / "movies.csv", report)
    if events is not None:
        own = {"user_id": "userId", "item_id": "movieId", "value": "rating"}
        events = events.renamed(own)
    if items is not None:
        items = split_genres(items.renamed({"item_id": "movieId"}))
    if items is not None and "item_id" in items.frame.columns:
        frame = items.frame
        for extra in (read_links(folder, report), read_tags(folder, report)):
            if extra is not None:
                frame = frame.join(extra, on="item_id", how="left", maintain_order="left")
        items = items.with_frame(frame)
    tables = tables_of("MovieLens latest", events, items, None)
    tagged = items is not None and "tags" in items.frame.columns
    return replace(tables, roles=TAGGED) if tagged else tables


def read_plain(
    path: Path, separator: str, columns: tuple[str, ...], report: Report
) -> Table | None:
    """A Latin-1 file without header or quotes."""
    if not path.exists():
        report.fail(path.name, "no such file", f"{path.name} in {path.parent}", "add the file")
        return None
    content = read_bytes(path, report)
    if content is None:
        return None
    if len(separator) > 1:  # to one character that no title holds
        content, separator = content.replace(separator.encode(), b"\x1f"), "\x1f"
    return read_csv(
        content,
        path.name,
        report,
        separator=separator,
        columns=columns,
        encoding="latin-1",
        quoted=False,
    )


def read_needed(path: Path, report: Report) -> Table | None:
    """A CSV file that must be there."""
    if path.exists():
        return read_table(path, report)
    report.fail(path.name, "no such file", f"{path.name} in {path.parent}", "add the file")
    return None


def read_links(folder: Path, report: Report) -> pl.DataFrame | None:
    """The ids of other film sites, one row an item."""
    path = folder / "links.csv"
    table = read_table(path, report) if path.exists() else None
    if table is None or not {"movieId", "imdbId", "tmdbId"} <= set(table.frame.columns):
        return None
    ids = pl.col("movieId").alias("item_id")
    links = table.frame.select(ids, filled("imdbId", "imdb_id"), filled("tmdbId", "tmdb_id"))
    return links.unique("item_id", keep="first", maintain_order=True)


def read_tags(folder: Path, report: Report) -> pl.DataFrame | None:
    """The distinct tags of each item in lower case, the most used first."""
    path = folder / "tags.csv"
    table = read_table(path, report) if path.exists() else None
    if table is None or not {"movieId", "tag"} <= set(table.frame.columns):
        return None
    tag = pl.col("tag").str.strip_chars().str.to_lowercase()
    counted = table.frame.group_by(pl.col("movieId").alias("item_id"), tag).len()
    ordered = counted.sort("item_id", "len", "tag", descending=[False, True, False])
    return ordered.group_by("item_id", maintain_order=True).agg(pl.col("tag").alias("tags"))


def tables_of(name: str, events: Table | None, items: Table | None, users: Table | None) -> Tables:
    """The tables with what is known of every MovieLens release: ratings and a clock."""
    return Tables(name, events, items, users, feedback="rating", clock="unix", licence=LICENCE)


def split_genres(items: Table | None) -> Table | None:
    """Items with their title, year and list of genres."""
    if items is None or not {"title", "genres"} <= set(items.frame.columns):
        return items
    names = pl.col("genres").str.split("|")
    none = pl.col("genres").is_in(["", "(no genres listed)"])
    genres = pl.when(none).then(pl.lit([], dtype=pl.List(pl.String))).otherwise(names)
    rest = pl.exclude("title", "genres")
    return items.with_frame(
        items.frame.select(rest, *title_and_year(), genres.alias("genres")), untyped=False
    )


def title_and_year() -> list[pl.Expr]:
    """The title without its year in brackets, and the year, null where there is none."""
    title, pattern = pl.col("title"), r"\((\d{4})\)\s*$"
    return [
        title.str.replace(pattern, "").str.strip_chars().alias("title"),
        title.str.extract(pattern).cast(pl.Int64).alias("year"),
    ]


def filled(column: str, name: str | None = None) -> pl.Expr:
    """The column with null for empty text."""
    return pl.when(pl.col(column) != "").then(pl.col(column)).alias(name or column)


def with_ages_as_numbers(users: Table | None) -> Table | None:
    """Users whose age is a number of years, null where it is none."""
    if users is None:
        return None
    age = pl.col("age").cast(pl.Int64, strict=False)
    return users.with_frame(users.frame.with_columns(age), untyped=False)
