"""A shop that never was: written items, users with known tastes, and events between them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as parquet

from metarec.contracts.catalogue import Catalogue
from metarec.contracts.dataset import Dataset
from metarec.data.save import check_target
from metarec.data.synthetic.events import draw_events
from metarec.data.synthetic.texts import written_items
from metarec.data.synthetic.truth import CHUNK, ITEMS, USERS, Kind, Regime, Truth
from metarec.files.atomic import whole_folder

TEXTS, PROFILES = 4, 5  # streams of random numbers
UNKNOWN = 0.05  # share of the profile that is not known
REGIONS = ("north", "east", "south", "west")


@dataclass(frozen=True, eq=False)
class Shop:
    """The events that can be seen, and the truth behind them."""

    dataset: Dataset
    truth: Truth


def generate(
    users: int = 1000,
    items: int = 500,
    kind: Kind = "rating",
    rng: int = 0,
    regime: Regime = "content",
) -> Shop:
    """A shop in memory, with what its users truly like.

    `regime` says who should win: "content" a model that reads and personalises, "bias" the item's
    and the user's mean (tastes do not differ), "cooccurrence" a model of items that go together
    (what the texts say has nothing to do with what is liked).
    """
    truth = Truth(users, items, kind, rng, regime)
    events = pl.concat([draw_events(truth, chunk) for chunk in range(truth.n_chunks)])
    profiles = pl.concat([draw_profiles(truth, chunk) for chunk in range(truth.n_chunks)])
    dataset = Dataset(
        name=name_of(truth),
        feedback=kind,
        clock="unix",
        catalogue=Catalogue.of(item_table(truth)),
        user_ids=profiles["user_id"].to_numpy(),
        interactions=events,
        users=profiles.drop("user_id"),
    )
    return Shop(dataset, truth)


def generate_to(
    folder: str | Path,
    users: int = 1000,
    items: int = 500,
    kind: Kind = "rating",
    rng: int = 0,
    regime: Regime = "content",
) -> Truth:
    """The same shop as a folder, written in chunks of users: memory does not grow with them."""
    target, truth = Path(folder), Truth(users, items, kind, rng, regime)
    check_target(target, overwrite=False)
    with whole_folder(target) as new:
        listed = item_table(truth)
        listed.write_parquet(new / "items.parquet")
        chunks = range(truth.n_chunks)
        stream(new / "users.parquet", (draw_profiles(truth, c) for c in chunks))
        events = (named_events(truth, c, listed["item_id"]) for c in chunks)
        stream(new / "interactions.parquet", events)
        (new / "dataset.toml").write_text(settings_of(truth), encoding="utf-8")
    return truth


def item_table(truth: Truth) -> pl.DataFrame:
    """The items' ids and content; price and year are numbers."""
    things = truth.items
    texts = written_items(
        things.primary, things.secondary, np.random.default_rng([truth.rng, ITEMS, TEXTS])
    )
    ids = ids_of("i", 0, truth.n_items)
    price = pl.Series("price", np.round(np.exp(things.log_price), 2))
    return texts.select(ids.alias("item_id"), pl.all(), price, pl.Series("year", things.year))


def draw_profiles(truth: Truth, chunk: int) -> pl.DataFrame:
    """Ids and profiles of a chunk of users; age and income tell something of their tastes."""
    rng = np.random.default_rng([truth.rng, USERS, chunk, PROFILES])
    traits = truth.users_of(chunk)
    n = min(CHUNK, truth.n_users - chunk * CHUNK)
    age = np.clip(2030 - traits.era + rng.normal(0, 6, size=CHUNK), 12, 90).astype(np.int64)
    income = np.digitize(traits.budget + rng.normal(0, 0.3, size=CHUNK), [2.5, 3.5])
    region = rng.integers(len(REGIONS), size=CHUNK)
    known = rng.random((CHUNK, 2)) >= UNKNOWN
    frame = pl.DataFrame(
        {
            "age": age,
            "income": pl.Series(["low", "middle", "high"]).gather(income),
            "region": pl.Series(REGIONS).gather(region),
        }
    ).with_columns(
        pl.when(pl.lit(known[:, 0])).then("age").alias("age"),
        pl.when(pl.lit(known[:, 1])).then("income").alias("income"),
    )
    return frame.head(n).select(ids_of("u", chunk * CHUNK, n).alias("user_id"), pl.all())


def named_events(truth: Truth, chunk: int, item_ids: pl.Series) -> pl.DataFrame:
    """The events of a chunk of users with ids in place of indices."""
    events = draw_events(truth, chunk)
    users = ids_of("u", chunk * CHUNK, min(CHUNK, truth.n_users - chunk * CHUNK))
    return events.select(
        users.gather(events["user"] - chunk * CHUNK).alias("user_id"),
        item_ids.gather(events["item"]).alias("item_id"),
        "value",
        "timestamp",
    )


def ids_of(letter: str, first: int, n: int) -> pl.Series:
    """Ids such as u0000042."""
    numbers = pl.int_range(first, first + n, eager=True).cast(pl.String)
    return letter + numbers.str.zfill(7)


def stream(path: Path, frames: Iterator[pl.DataFrame]) -> None:
    """Write the frames one after another as one Parquet file."""
    writer: parquet.ParquetWriter | None = None
    try:
        for frame in frames:
            table: pa.Table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            if writer is None:
                writer = parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def name_of(truth: Truth) -> str:
    """The shop's name: all that is needed to make it again."""
    return (
        f"synthetic shop ({truth.n_users} users, {truth.n_items} items, {truth.kind}, "
        f"{truth.regime}, seed {truth.rng})"
    )


def settings_of(truth: Truth) -> str:
    """The content of `dataset.toml`, with the settings of the truth in `[notes]`."""
    made_with = "".join(
        f'{key} = "{value}"\n' if isinstance(value, str) else f"{key} = {value}\n"
        for key, value in asdict(truth).items()
    )
    return (
        f'name = "{name_of(truth)}"\nfeedback = "{truth.kind}"\nclock = "unix"\n'
        f'repeats = "keep"\nlicence = ""\n\n[notes]\n{made_with}'
    )
