"""Items by their words: as a slow reading of every text finds them, also after items changed."""

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from metarec.contracts import Catalogue
from metarec.recommenders import Popularity
from metarec.serving.glance import telling_columns
from metarec.serving.searching import Search, Searching, places_of, texts_of
from metarec.serving.words import WordIndex, words_of

from .services import Serve

WORDS = (
    "tea",
    "Teapot",
    "té",
    "ÉTÉ",
    "l'été",
    "café",
    "Cafe",
    "straße",
    "漢字",
    "<b>",
    "o-ring",
    "ガ",
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join) | st.none()
LABELS = st.lists(st.sampled_from(WORDS), max_size=2)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, LABELS), min_size=1, max_size=8)


class Model:
    """A catalogue of which newcomers are shown the last item first."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def recommend(self, _: object, k: int, **__: object) -> Any:
        offered = self.catalogue.ids[self.catalogue.offered][::-1]

        class Found:
            ids = offered[:k]

            def __len__(self) -> int:
                return len(self.ids)

        return [Found()]


def catalogue_of(rows: Sequence[tuple[str | None, str | None, list[str]]]) -> Catalogue:
    titles, texts, labels = zip(*rows, strict=True)
    kinds = {"title": pl.String, "text": pl.String, "labels": pl.List(pl.String)}
    columns = {"title": titles, "text": texts, "labels": labels}
    frame = pl.DataFrame(
        [pl.Series(name, columns[name], dtype=kind) for name, kind in kinds.items()]
    )
    ids = pl.Series("item_id", [f"n{row}" for row in range(len(rows))])
    return Catalogue.of(frame.with_columns(ids))


def plain(text: str | None) -> list[str]:
    """The words of a text, sign by sign."""
    signs = unicodedata.normalize("NFKD", text or "").lower()
    found, word = [], ""
    for sign in (s for s in f"{signs} " if not unicodedata.category(s).startswith("M")):
        alone = unicodedata.name(sign, "").startswith(("CJK", "HIRAGANA", "KATAKANA"))
        if sign.isalnum() and not alone:
            word += sign
            continue
        found += [each for each in (word, sign if alone else "") if each]
        word = ""
    return found


def slowly(catalogue: Catalogue, text: str) -> list[int]:
    """Rows that hold all words of a text in the order that is promised, read one by one."""
    *before, last = plain(text)
    ranked = []
    for row, cells in enumerate(catalogue.table.to_dicts()):
        title = plain(cells["title"])
        every = title + plain(cells["text"]) + plain(" ".join(cells["labels"])) + [f"n{row}"]

        def holds(words: list[str]) -> bool:
            begins = any(word.startswith(last) for word in words)
            return begins and all(word in words for word in before)

        if holds(every) and catalogue.offered[row]:
            ranked.append((not holds(title), last not in every, -row, row))
    return [row for *_, row in sorted(ranked)]


QUERIES = st.lists(st.sampled_from([*WORDS, "t", "te", "n1", "caf", "字"]), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, query=QUERIES.map(" ".join), k=st.integers(1, 9), gone=st.integers(0, 7))
def test_a_search_finds_what_reading_every_text_finds_in_the_promised_order(
    rows: Any, query: str, k: int, gone: int
) -> None:
    catalogue = catalogue_of(rows)
    if gone < len(rows):
        catalogue = catalogue.retire([f"n{gone}"])
    search = Search.of(Model(catalogue))  # type: ignore[arg-type]
    found, count = search.rows(query, k)
    expected = slowly(catalogue, query) if plain(query) else []
    assert found.tolist() == expected[:k]
    assert count == len(expected)


@settings(max_examples=25, deadline=None)
@given(rows=ROWS, more=ROWS, other=TEXTS, query=QUERIES.map(" ".join))
def test_items_that_come_and_change_are_found_as_if_all_were_read_anew(
    rows: Any, more: Any, other: str | None, query: str
) -> None:
    filler = [(f"filler {number}", None, []) for number in range(40)]  # few rows are stale
    first = catalogue_of([*rows, *filler])
    table = catalogue_of([*rows, *filler, *more]).table
    changed = first.append(table[len(first) :])
    changed = changed.patch(
        pl.DataFrame({"item_id": ["n0"], "text": pl.Series([other], dtype=pl.String)})
    )
    before = Search.of(Model(first))  # type: ignore[arg-type]
    models = [Model(each) for each in (changed, first)]
    after = Search.of(models[0], before)  # type: ignore[arg-type]
    back = Search.of(models[1], after)  # type: ignore[arg-type]
    if len(more) <= 3:
        assert after.layers.base is before.layers.base
    for search, model in ((after, models[0]), (back, models[1])):
        anew = Search.of(model)  # type: ignore[arg-type]
        assert search.rows(query, 50)[0].tolist() == anew.rows(query, 50)[0].tolist()


def test_an_item_is_no_longer_found_by_what_it_was_called_before() -> None:
    first = catalogue_of([("green tea", None, []), *((f"n{row}", None, []) for row in range(30))])
    changed = first.patch(pl.DataFrame({"item_id": ["n0"], "title": ["black coffee"]}))
    before = Search.of(Model(first))  # type: ignore[arg-type]
    after = Search.of(Model(changed), before)  # type: ignore[arg-type]
    assert after.layers.newer is not None
    assert [after.rows(text, 5)[1] for text in ("tea", "green", "coffee")] == [0, 0, 1]
    assert before.rows("tea", 5)[1] == 1


def test_titles_come_first_then_the_word_as_it_was_typed_then_what_newcomers_are_shown() -> None:
    rows = [
        ("other", "tea", []),
        ("teapot", None, []),
        ("tea cup", None, []),
        ("teapot", "tea", []),
        ("other", "teapot", []),
        ("tea", None, []),
    ]
    search = Search.of(Model(catalogue_of(rows)))  # type: ignore[arg-type]
    assert search.rows("tea", 9)[0].tolist() == [5, 3, 2, 1, 0, 4]
    assert search.rows("tea", 2)[0].tolist() == [5, 3]


def test_case_accents_widths_and_signs_do_not_matter() -> None:
    assert words_of("L'Été — ＦＵＬＬ Straße, O-Ring (2nd)") == [
        *("l", "ete", "full", "straße", "o", "ring", "2nd")
    ]
    assert words_of("漢字ガ") == ["漢", "字", "カ"]
    assert words_of("<b>!!!</b>") == ["b", "b"]
    assert words_of(" …") == []


def test_words_are_read_alike_one_by_one_and_in_columns() -> None:
    texts = pl.Series(["A b\nc\td", "½ ofﬁce\u00a0x", None, ""])
    index = WordIndex.of(texts, texts.clear(0).extend_constant(None, 4), np.arange(4))
    for row, text in enumerate(texts):
        for word in words_of(text or ""):
            assert row in (index.places_of(word, whole=True) >> 1)
    assert set(index.words) == {w for text in texts if text for w in words_of(text)}


def test_a_search_is_made_once_for_a_catalogue_and_never_for_a_key_stroke(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    of = WordIndex.of

    def counted(*columns: Any) -> WordIndex:
        made.append(len(columns[2]))
        return of(*columns)

    monkeypatch.setattr(WordIndex, "of", counted)
    catalogue = catalogue_of([(f"tea {row}", None, []) for row in range(50)])
    searching, model = Searching(), Model(catalogue)
    for _ in range(3):
        searching.of(model).rows("tea", 3)  # type: ignore[arg-type]
    later = Model(catalogue.append(pl.DataFrame({"item_id": ["new"], "title": ["tea new"]})))
    assert searching.of(later).rows("tea new", 3)[1] == 1  # type: ignore[arg-type]
    assert made == [50, 1]


def test_without_content_items_are_found_by_their_ids() -> None:
    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["AB-12", "AB-13"]}))
    search = Search.of(Model(catalogue))  # type: ignore[arg-type]
    assert search.rows("ab 12", 5)[0].tolist() == [0]
    assert search.telling == []


def test_a_newcomer_order_is_that_of_the_model(shop: Any) -> None:
    model = Popularity().fit(shop)
    catalogue = model.catalogue
    best = model.recommend([[]], 5, exclude_seen=False)[0]
    search = Search.of(model)
    assert catalogue.ids[search.rows("", 5)[0]].tolist() == best.ids.tolist()
    assert sorted(places_of(model)) == list(range(len(catalogue)))
    titles, rest = texts_of(catalogue)
    assert titles.to_list() == catalogue.titles.tolist()  # type: ignore[union-attr]
    assert rest[0].startswith(catalogue.ids[0])


COLUMNS = {
    "title": ["a", "b", "c", "d"],
    "brand": ["x", "x", "y", "y"],
    "tags": [["p"], ["q", "r"], [], ["p"]],
    "price": [1.5, 2.5, 3.5, None],
    "shop": ["s", "s", "s", "s"],
    "photo": ["a/1.jpg", "a/2.jpg", "a/3.png", "a/4.png"],
    "product_id": [1, 2, 3, 4],
    "available_from": [1.0, 2.0, 3.0, 4.0],
    "rare": [None, None, None, "z"],
    "author": ["Ann A", "Ben B", "Cid C", "Dan D"],
    "text": ["long " * 30 + each for each in "abcd"],
}


def telling_of(*names: str) -> list[str]:
    frame = pl.DataFrame({"item_id": list("1234"), **{name: COLUMNS[name] for name in names}})
    return telling_columns(Catalogue.of(frame))


def test_the_columns_that_tell_most_are_labels_then_lists_numbers_and_short_texts() -> None:
    assert telling_of(*COLUMNS) == ["brand", "tags", "price"]
    assert telling_of("title", "author", "price", "text") == ["price", "author"]
    assert telling_of("title", "text") == ["text"]
    assert telling_of("title", "shop", "photo", "product_id", "available_from", "rare") == []


def answered(client: TestClient, path: str, status: int = 200, **parameters: Any) -> Any:
    found = client.get(path, params=parameters)
    assert found.status_code == status, found.text
    return found.json()


def test_items_are_found_over_http_and_looked_up_together(client: TestClient, shop: Any) -> None:
    title = shop.catalogue.titles[7]
    found = answered(client, "/v1/items", q=title.upper(), k=3)
    assert found["items"][0]["title"] == title
    assert found["items"][0]["content"]["title"] == title
    assert found["found"] >= len(found["items"]) >= 1
    assert set(found["telling"]) <= set(shop.catalogue.frame.columns)
    ids = [str(shop.catalogue.ids[row]) for row in (9, 3)]
    named = answered(client, "/v1/items", item_id=[*ids, "nobody's"])
    assert [item["item_id"] for item in named["items"]] == ids
    assert named["notes"] == ["1 item that the model does not know"]
    assert len(answered(client, "/v1/items", k=7)["items"]) == 7
    assert answered(client, "/v1/items", q="…")["items"] == []
    assert "send one of them" in answered(client, "/v1/items", 422, q="a", item_id="b")["detail"]


def test_an_item_is_found_while_it_is_on_offer(serve: Serve, model: Any) -> None:
    client = serve(model)
    windows = [{"available_from": 4e9}, {"available_until": 1e9}, {"available_from": 1e9}]
    items = [{"item_id": f"w{n}", "title": "Zyxomma", **said} for n, said in enumerate(windows)]
    assert client.post("/v1/items", json={"items": items}).status_code == 201
    found = answered(client, "/v1/items", q="zyxomma")
    assert [item["item_id"] for item in found["items"]] == ["w2"]
    looked = answered(client, "/v1/items", item_id=["w0", "w1", "w2"])["items"]
    assert [item["on_offer"] for item in looked] == [False, False, True]


def test_an_added_item_is_found_and_a_retired_one_is_not(serve: Serve, model: Any) -> None:
    one, two = serve(model), serve()
    assert answered(two, "/v1/items", q="zyxomma")["found"] == 0
    new = {"item_id": "new-1", "title": 'Zyxomma <b>"tea"</b>'}
    assert one.post("/v1/items", json={"items": [new]}).status_code == 201
    for client in (one, two):
        found = answered(client, "/v1/items", q="ZYXOMMA te")
        assert [item["title"] for item in found["items"]] == [new["title"]]
    one.post("/v1/items/retire", json={"item_ids": ["new-1"]})
    assert answered(two, "/v1/items", q="zyxomma")["found"] == 0
    (named,) = answered(two, "/v1/items", item_id="new-1")["items"]
    assert not named["on_offer"]
