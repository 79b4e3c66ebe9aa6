"""Text in other encodings is read where it says what it is; else what would work is named."""

import pytest

EVENTS = "user_id,item_id\nu,a\nu,b\n"
ITEMS = "item_id,title\na,Café crème\nb,Tee\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_marked_and_wide_text_is_read(read, encoding: str) -> None:
    data = read(EVENTS, ITEMS.encode(encoding))
    assert data.catalogue.frame["title"].to_list() == ["Café crème", "Tee"]
    assert bool(data.notes) == encoding.startswith(("utf-16", "utf-32"))


@pytest.mark.parametrize(
    ("encoding", "titles"),
    [
        ("cp1252", ["Café crème", "Müller’s Größe", "12 €"]),
        ("gbk", ["红色连衣裙", "男士运动鞋", "手机"]),
        ("gbk", ["北京", "吃饭", "手机"]),
        ("cp1251", ["Красное платье", "Обувь", "Чай"]),
        ("euc_kr", ["아주 좋은 상품", "운동화", "빨간 드레스"]),
        ("euc_jp", ["ワンピース", "くつ下", "テスト"]),
        ("big5", ["紅色洋裝", "男士運動鞋", "手機"]),
        ("shift_jis", ["ワンピース", "くつ下", "テスト"]),
        ("cp1250", ["Żółty kubek", "łóżko", "Čaj zelený"]),
        ("cp1253", ["Παπούτσια", "Καφές", "Βιβλίο"]),
        ("cp1254", ["Güneş gözlüğü", "şık çanta", "Kadın"]),
        ("cp1255", ["נעליים לנשים", "תה ירוק", "ספר"]),
        ("cp1257", ["Žalioji arbata", "Kūdikių drabužėliai", "Zaļā tēja"]),
    ],
)
def test_the_encoding_that_would_work_is_named_and_works(
    read, refused, encoding: str, titles: list[str]
) -> None:
    rows = "".join(f"{number},{title}\n" for number, title in zip("abc", titles, strict=True))
    items = ("item_id,title\n" + rows).encode(encoding)
    (told,) = refused(EVENTS, items)
    assert "column title" in told
    assert f'encoding="{encoding}", which reads ' in told
    data = read(EVENTS, items, encoding=encoding)
    assert data.catalogue.frame["title"].to_list() == titles


@pytest.mark.parametrize(
    ("title", "readings"),
    [
        ("Kadın", {"cp1254": "Kadın", "cp1252": "Kadýn"}),
        ("Обувь", {"cp1251": "Обувь", "cp1253": "Ξασβό"}),
        ("niño y camión", {"cp1252": "niño", "cp1250": "nińo"}),
    ],
)
def test_every_encoding_that_a_few_letters_may_be_in_is_named_with_what_it_reads(
    refused, title: str, readings: dict[str, str]
) -> None:
    encoding = next(iter(readings))
    (told,) = refused(EVENTS, f"item_id,title\na,{title}\nb,Tee\n".encode(encoding))
    for name, word in readings.items():
        assert f'encoding="{name}", which reads {word!r}' in told


def test_german_is_named_once_though_other_code_pages_read_it_alike(refused) -> None:
    (told,) = refused(EVENTS, "item_id,title\na,Größe\nb,Tür\n".encode("cp1252"))
    assert told.count("encoding=") == 1


def test_a_file_in_a_wrong_encoding_is_told_once_with_its_rows(refused) -> None:
    rows = "".join(f"{n},Café {n}\n" for n in range(500))
    (told,) = refused("user_id,item_id\nu,1\n", ("item_id,title\n" + rows).encode("latin-1"))
    assert "row 2" in told
    assert told.endswith("(and 499 rows more: 3, 4, 5, ...)")
