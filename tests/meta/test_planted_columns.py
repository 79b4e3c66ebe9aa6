"""One column of the items decides the taste: a default fit finds it, whatever its type or script."""

import datetime
import decimal

import numpy as np
import polars as pl
import pytest

import metarec as mr

N_ITEMS, N_USERS, EVENTS = 120, 120, 12
NEW = 40
"""The last items have no event: only their content speaks for them."""
SIDES = np.arange(N_ITEMS) % 2
"""What each item is; every person likes one side."""
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 5, N_ITEMS)


def said(one: str, other: str, between: str = " ", n: int = 3) -> list[str]:
    """A text of three words of the item's own side."""
    words = (one.split(), other.split())
    return [between.join(RNG.permutation(words[side])[:n]) for side in SIDES]


def number() -> np.ndarray:
    return SIDES * 3.0 + RNG.normal(0, 0.5, N_ITEMS)


DAYS = [datetime.date(1990 + 20 * side, 1 + n, 3) for side, n in zip(SIDES, NOISE, strict=True)]
NAMED = np.where(SIDES, "north", "south").tolist()
LATIN = ("engine wheel road garage brake", "flour oven sugar dough butter")
COLUMNS: dict[str, pl.Series] = {
    "Latin": pl.Series(said(*LATIN)),
    "HTML": pl.Series([f"<div class='b'><p>{t}</p><br/>&nbsp;</div>" for t in said(*LATIN)]),
    "Chinese": pl.Series(said("跑步 轮胎 汽车 马达 公路", "面粉 烤箱 黄油 食谱 蛋糕", "")),
    "Japanese": pl.Series(said("エンジン タイヤ 道路 車庫", "オーブン 小麦粉 バター 砂糖", "")),
    "Thai": pl.Series(said("เครื่องยนต์ ล้อ ถนน เบรก", "แป้ง เตาอบ น้ำตาล ขนมปัง", "")),
    "Cyrillic": pl.Series(said("мотор колесо дорога гараж", "мука печь сахар тесто")),
    "Hindi": pl.Series(said("इंजन पहिया सड़क गैराज", "आटा चीनी ओवन मक्खन")),
    "emoji": pl.Series(said("👟 🏃 🚴 🏊 🏆", "🎸 🎹 🥁 🎻 🎺", "")),
    "lists of texts": pl.Series([[NAMED[row], f"x{NOISE[row]}"] for row in range(N_ITEMS)]),
    "lists of integers": pl.Series([[int(side), 10 + int(n)] for side, n in zip(SIDES, NOISE, strict=True)]),
    "lists of floats": pl.Series([[side + 0.5, *[9.5] * (n % 2)] for side, n in zip(SIDES, NOISE, strict=True)]),
    "lists of enums": pl.Series([[name] for name in NAMED], dtype=pl.List(pl.Enum(["north", "south"]))),
    "lists in lists": pl.Series([[[name], [f"x{n}"]] for name, n in zip(NAMED, NOISE, strict=True)]),
    "number": pl.Series(number()),
    "decimal": pl.Series([decimal.Decimal(f"{value:.2f}") for value in number()]),
    "boolean": pl.Series(SIDES == 1),
    "category": pl.Series(NAMED, dtype=pl.Categorical),
    "enum": pl.Series(NAMED, dtype=pl.Enum(["north", "south"])),
    "date": pl.Series(DAYS),
    "moment": pl.Series(DAYS).cast(pl.Datetime("ns")).dt.replace_time_zone("Asia/Tokyo"),
    "date as text": pl.Series([str(day) for day in DAYS]),
    "time of day": pl.Series([datetime.time(6 + 12 * int(side), int(n)) for side, n in zip(SIDES, NOISE, strict=True)]),
    "duration": pl.Series([datetime.timedelta(hours=1 + 3 * int(side)) for side in SIDES]),
    "record": pl.Series([{"from": name, "n": int(n)} for name, n in zip(NAMED, NOISE, strict=True)]),
    "array": pl.Series((RNG.normal(0, 0.3, (N_ITEMS, 8)) + 3 * SIDES[:, None] * np.eye(8)[0]).tolist(), dtype=pl.Array(pl.Float32, 8)),
    "lists of one length": pl.Series((RNG.normal(0, 0.3, (N_ITEMS, 8)) + 3 * SIDES[:, None] * np.eye(8)[0]).tolist()),
    "keys that repeat": pl.Series("brand_id", [100 + int(side) + 2 * int(n) for side, n in zip(SIDES, NOISE, strict=True)]),
}  # fmt: skip
FEW = ("Chinese", "date", "array", "record")


def shop(column: pl.Series) -> mr.Dataset:
    """People who take items of their own side, among those that are not new."""
    rng = np.random.default_rng(1)
    old = np.arange(N_ITEMS - NEW)
    taken = [rng.permutation(old[SIDES[old] == user % 2])[:EVENTS] for user in range(N_USERS)]
    events = pl.DataFrame(
        {
            "user_id": np.repeat(np.arange(N_USERS), EVENTS),
            "item_id": np.concatenate(taken),
            "timestamp": np.tile(np.arange(EVENTS), N_USERS),
        }
    )
    items = pl.DataFrame({"item_id": np.arange(N_ITEMS)}).with_columns(
        column.alias(column.name or "told")
    )
    return mr.from_frames(events, items, clock="order")


def auc(model: mr.MetaRecommender) -> float:
    """Chance that a new item of a person's side stands before one of the other side."""
    people = [[str(item) for item in np.flatnonzero(SIDES[:40] == side)[:5]] for side in (0, 1)]
    ids = [str(item) for item in range(N_ITEMS - NEW, N_ITEMS)]
    scores = model.score([[(item, 1.0) for item in person] for person in people], ids)
    found = []
    for side, row in enumerate(scores):
        likes, others = (row[SIDES[-NEW:] == s] for s in (side, 1 - side))
        found.append((likes[:, None] > others).mean() + (likes[:, None] == others).mean() / 2)
    return float(np.mean(found))


def fitted(column: pl.Series, encoder: mr.HashEncoder | mr.TextEncoder) -> mr.MetaRecommender:
    return mr.MetaRecommender(encoder, mr.MetaConfig(steps=50)).fit(shop(column))


def check(case: str, encoder: mr.HashEncoder | mr.TextEncoder) -> None:
    column = COLUMNS[case]
    order = np.concatenate([RNG.permutation(N_ITEMS - NEW), N_ITEMS - NEW + RNG.permutation(NEW)])
    assert auc(fitted(column, encoder)) >= 0.95
    assert abs(auc(fitted(column.gather(order), encoder)) - 0.5) < 0.25


@pytest.mark.parametrize("case", FEW)
def test_new_items_are_ranked_by_the_column_that_decides(case: str):
    check(case, mr.HashEncoder())
