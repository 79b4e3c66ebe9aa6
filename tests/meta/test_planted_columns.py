"""One column of the items decides the taste: a default fit finds it, of any type and script."""

import datetime
import decimal

import numpy as np
import polars as pl
import pytest

import metarec as mr

LATIN = ("engine wheel road garage brake", "flour oven sugar dough butter")
SAID = {
    "Latin": (*LATIN, " "),
    "Chinese": ("跑步 轮胎 汽车 马达 公路", "面粉 烤箱 黄油 食谱 蛋糕", ""),
    "Japanese": ("エンジン タイヤ 道路 車庫", "オーブン 小麦粉 バター 砂糖", ""),
    "Thai": ("เครื่องยนต์ ล้อ ถนน เบรก", "แป้ง เตาอบ น้ำตาล ขนมปัง", ""),
    "Cyrillic": ("мотор колесо дорога гараж", "мука печь сахар тесто", " "),
    "Hindi": ("इंजन पहिया सड़क गैराज", "आटा चीनी ओवन मक्खन", " "),
    "emoji": ("👟 🏃 🚴 🏊 🏆", "🎸 🎹 🥁 🎻 🎺", ""),
}
"""Words of either side, and what stands between the three of an item."""


class Planted:
    """Items of two sides, and people who like one of them; the last third of the items is new."""

    def __init__(self, n_items: int, n_users: int) -> None:
        self.n_items, self.n_users, self.n_old = n_items, n_users, 2 * n_items // 3
        self.sides = np.arange(n_items) % 2
        self.noise = np.random.default_rng(0).integers(0, 5, n_items)

    def columns(self) -> dict[str, pl.Series]:
        """Columns that tell an item's side, by what they are an example of."""
        rng = np.random.default_rng(2)  # anew, so that no test depends on which ran before
        rows = [(int(s), int(n)) for s, n in zip(self.sides, self.noise, strict=True)]
        name = ["south", "north"]
        days = [datetime.date(1990 + 20 * s, 1 + n, 3) for s, n in rows]
        numbers = self.sides * 3 + rng.normal(0, 0.5, self.n_items)
        vectors = rng.normal(0, 0.3, (self.n_items, 8))
        vectors[:, 0] += 3 * self.sides
        enum, html = pl.Enum(name), "<div class='b'><p>{}</p><br/>&nbsp;</div>"
        texts = {script: pl.Series(self.said(rng, *words)) for script, words in SAID.items()}
        return texts | {
            "HTML": pl.Series([html.format(text) for text in texts["Latin"]]),
            "lists of texts": pl.Series([[name[s], f"x{n}"] for s, n in rows]),
            "lists of integers": pl.Series([[s, 10 + n] for s, n in rows]),
            "lists of floats": pl.Series([[s + 0.5, *[9.5] * (n % 2)] for s, n in rows]),
            "lists of enums": pl.Series([[name[s]] for s, _ in rows], dtype=pl.List(enum)),
            "lists in lists": pl.Series([[[name[s]], [f"x{n}"]] for s, n in rows]),
            "number": pl.Series(numbers),
            "decimal": pl.Series([decimal.Decimal(f"{number:.2f}") for number in numbers]),
            "boolean": pl.Series(self.sides == 1),
            "category": pl.Series([name[s] for s, _ in rows], dtype=pl.Categorical),
            "enum": pl.Series([name[s] for s, _ in rows], dtype=enum),
            "date": pl.Series(days),
            "moment": pl.Series(days).cast(pl.Datetime("ns")).dt.replace_time_zone("Asia/Tokyo"),
            "date as text": pl.Series([str(day) for day in days]),
            "time of day": pl.Series([datetime.time(6 + 12 * s, n) for s, n in rows]),
            "duration": pl.Series([datetime.timedelta(hours=1 + 3 * s) for s, _ in rows]),
            "record": pl.Series([{"from": name[s], "n": n} for s, n in rows]),
            "array": pl.Series(vectors.tolist(), dtype=pl.Array(pl.Float32, 8)),
            "lists of one length": pl.Series(vectors.tolist()),
            "keys that repeat": pl.Series("brand_id", [100 + s + 2 * n for s, n in rows]),
        }

    def said(self, rng: np.random.Generator, one: str, other: str, between: str) -> list[str]:
        words = (one.split(), other.split())
        return [between.join(rng.permutation(words[side])[:3]) for side in self.sides]

    def shuffled(self, column: pl.Series) -> pl.Series:
        return column.gather(np.random.default_rng(3).permutation(self.n_items))

    def shop(self, column: pl.Series) -> mr.Dataset:
        rng, old = np.random.default_rng(1), self.sides[: self.n_old]
        likes = [np.flatnonzero(old == user % 2) for user in range(self.n_users)]
        taken = [rng.permutation(some)[:12] for some in likes]
        users = np.repeat(np.arange(self.n_users), 12)
        events = pl.DataFrame({"user_id": users, "item_id": np.concatenate(taken)})
        items = pl.DataFrame({"item_id": np.arange(self.n_items)})
        return mr.from_frames(events, items.with_columns(column.alias(column.name or "told")))

    def auc(
        self, column: pl.Series, encoder: mr.HashEncoder | mr.TextEncoder, steps: int = 20
    ) -> float:
        """Chance that a new item of a person's side stands before one of the other side."""
        model = mr.MetaRecommender(encoder, mr.MetaConfig(steps=steps)).fit(self.shop(column))
        people = [[(str(side + 2 * n), 1.0) for n in range(5)] for side in (0, 1)]
        new = np.arange(self.n_old, self.n_items)
        scores = model.score(people, [str(item) for item in new])
        found = []
        for side in (0, 1):
            mine, others = (scores[side, self.sides[new] == s] for s in (side, 1 - side))
            found.append((mine[:, None] > others).mean() + (mine[:, None] == others).mean() / 2)
        return float(np.mean(found))


SMALL = Planted(120, 120)


@pytest.mark.parametrize("case", ["Thai", "record", "array"])
def test_new_items_are_ranked_by_the_column_that_decides(case: str):
    assert SMALL.auc(SMALL.columns()[case], mr.HashEncoder()) >= 0.95


def test_a_column_that_is_shuffled_says_nothing():
    column = SMALL.shuffled(SMALL.columns()["date"])
    assert abs(SMALL.auc(column, mr.HashEncoder()) - 0.5) < 0.2


LARGE = Planted(450, 400)


@pytest.mark.slow
@pytest.mark.parametrize("case", sorted(LARGE.columns().keys() - SAID.keys())[::8])
def test_every_type_decides(case: str):
    column = LARGE.columns()[case]
    assert LARGE.auc(column, mr.HashEncoder(), steps=0) >= 0.95
    # of fifty new items by chance: the standard error of one such number is about 0.06
    assert abs(LARGE.auc(LARGE.shuffled(column), mr.HashEncoder(), steps=0) - 0.5) < 0.16


@pytest.mark.slow
@pytest.mark.parametrize("case", [*SAID][1::6])
def test_every_script_decides_by_the_default_reader(case: str):
    pytest.importorskip("transformers", reason="needs metarec[minilm]")
    assert LARGE.auc(LARGE.columns()[case], mr.TextEncoder(), steps=0) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("case", ["Chinese"])
def test_training_keeps_what_the_column_says(case: str):
    pytest.importorskip("transformers", reason="needs metarec[minilm]")
    assert LARGE.auc(LARGE.columns()[case], mr.TextEncoder(), steps=150) >= 0.95
