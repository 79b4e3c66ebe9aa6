"""Columns of events that are not read, and what is lost of a shop without them is said."""

import json

import polars as pl
import pytest

from metarec import HashEncoder, MetaConfig, MetaRecommender
from metarec.contracts import DataError
from metarec.contracts.wording import shell_words
from metarec.data import InvalidData, from_frames, load, save


@pytest.mark.parametrize(
    ("column", "cells", "ours"),
    [
        ("liked", (1, 0), "value"),
        ("is_recommended", ("true", "false"), "value"),
        ("hours_played", (2.5, 31), "value"),
        ("purchase", (0, 1), "value"),
        ("status", ("done", "refunded"), "event"),
        ("isReturn", ("false", "true"), "event"),
    ],
)
def test_a_column_that_may_tell_events_apart_is_named(read, column, cells, ours) -> None:
    data = read(f"user_id,item_id,{column}\nu,a,{cells[0]}\nu,b,{cells[1]}\n")
    (said,) = data.notes
    alike = {"value": "every row counts alike", "event": "every row is an event of one kind"}
    assert said.startswith(
        f"events.csv: {alike[ours]}, whatever {column} says; if it is the {ours}"
    )
    assert said.endswith(f'columns={{"{ours}": "{column}"}}')


@pytest.mark.parametrize("columns", ["rating,liked", "event,status", "avg_rating", "price"])
def test_what_is_read_or_of_many_people_is_not_asked_for(read, columns) -> None:
    cells = ("3,5", "4,1") if "," in columns else ("3", "4")
    data = read(f"user_id,item_id,{columns}\nu,a,{cells[0]}\nu,b,{cells[1]}\n")
    assert not [note for note in data.notes if "whatever" in note]
    same = read("user_id,item_id,liked\nu,a,1\nu,b,1\n")
    assert same.notes == ()


@pytest.mark.parametrize("name", ["Book-Rating", "my_rating", "movieRating", "user_rating"])
def test_ratings_of_things_and_people_are_ratings(read, name) -> None:
    data = read(f"user_id,item_id,avg_rating,{name}\nu,a,3.1,1\nu,b,2.2,5\n")
    assert (data.feedback, data.scale) == ("rating", (1, 5))
    assert data.interactions["value"].to_list() == [1, 5]


@pytest.mark.parametrize("name", ["Lineitem quantity", "qty_ordered", "product_qty", "Menge"])
def test_quantities_weigh_events(read, name) -> None:
    data = read(f"user_id,item_id,{name}\nu,a,3\nu,b,5\n")
    assert (data.feedback, data.interactions["value"].to_list()) == ("implicit", [3, 5])


def test_ratings_by_a_name_that_does_not_tell_are_said(read) -> None:
    hours = "user_id,item_id,hours\nu,a,2\nu,b,4\n"
    (said,) = read(hours, columns={"value": "hours"}).notes
    assert said == (
        'events.csv: hours is read as ratings on 1 to 5; pass feedback="implicit" if it says how '
        "much or how often"
    )
    assert read(hours, columns={"value": "hours"}, feedback="implicit").notes == ()


def test_a_rating_of_minus_one_may_be_none(refused) -> None:
    (only,) = refused("user_id,item_id,rating\nu,a,-1\nu,b,10\nv,a,8\n")
    assert only.endswith(
        "if -1 means that there is no rating, pass scale=[1.0, 10.0] and lenient=True"
    )


@pytest.mark.parametrize(
    ("events", "example"),
    [
        ("buyer_ref,item_id,date\nu,a,2024-01-31\n", 'columns={"user_id": "buyer_ref"}'),
        ("user_id,trackUri,date\nu,a,2024-01-31\n", 'columns={"item_id": "trackUri"}'),
        ("user_id,thing_id,date\nu,a,2024-01-31\n", 'columns={"item_id": "thing_id"}'),
        ("user_id,colour,date\nu,a,2024-01-31\n", 'columns={"item_id": "NAME"}'),
    ],
)
def test_a_missing_column_is_told_with_the_names_of_the_file_and_a_likely_one(
    refused, events, example
) -> None:
    (only,) = refused(events)
    assert f"found the columns {events.splitlines()[0].replace(',', ', ')}, expected" in only
    assert example in only


def test_orders_with_their_items_in_one_cell_are_told_the_way_out(refused) -> None:
    order = '{"user_id": "u", "line_items": [{"sku": "a"}, {"sku": "b"}]}\n'
    (only,) = refused(order)
    assert only.endswith("; line_items holds several values: write a row for each of them")


@pytest.mark.parametrize(
    ("event", "mapping"),
    [
        ({"user": {"name": "Ann", "id": "u"}, "item_id": "a"}, {"user_id": "user.id"}),
        ({"user_id": "u", "product": {"price": 2, "sku": "a"}}, {"item_id": "product.sku"}),
        ({"user_id": {"$oid": "u"}, "item_id": "a"}, {"user_id": "user_id.$oid"}),
        ({"user_id": "u", "line": {"n": 2, "article_id": "a"}}, {"item_id": "line.article_id"}),
        ({"user_id": "u", "item_id": "a", "ts": {"$date": 1e9}}, {"timestamp": "ts.$date"}),
    ],
)
def test_a_field_of_records_is_named_and_can_be_said_to_be_ours(
    read, refused, tmp_path, event, mapping
) -> None:
    (only,) = refused(json.dumps(event))
    assert only.endswith(f"say which holds it, such as columns={json.dumps(mapping)}")
    data = read(json.dumps(event), columns=mapping)
    assert (data.user_ids.tolist(), data.catalogue.ids.tolist()) == (["u"], ["a"])
    assert from_frames(pl.DataFrame([event]), columns=mapping).hash == data.hash
    (tmp_path / "interactions.jsonl").write_text(json.dumps(event))
    (tmp_path / "items.csv").write_text("item_id\na\n")
    with pytest.raises(InvalidData, match=r"\(its field .* alone\)|rename the column"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("event", "mapping"),
    [
        (
            {"data": {"user_id": "u", "sku": "a", "stars": 3, "when": {"day": 1}}},
            {"user_id": "data.user_id", "item_id": "data.sku", "value": "data.stars"},
        ),
        (
            {"event": {"user": {"id": "u"}, "item": {"id": "a", "price": 2}}, "host": "x"},
            {"user_id": "event.user.id", "item_id": "event.item.id"},
        ),
    ],
)
def test_a_record_around_every_row_is_told_with_all_its_fields_at_once(
    read, refused, tmp_path, event, mapping
) -> None:
    (only,) = refused(json.dumps(event))
    assert only.endswith(f"inside {next(iter(event))}; say so: columns={json.dumps(mapping)}")
    data = read(json.dumps(event), columns=mapping)
    assert (data.user_ids.tolist(), data.catalogue.ids.tolist()) == (["u"], ["a"])
    (tmp_path / "interactions.jsonl").write_text(json.dumps(event))
    (tmp_path / "items.csv").write_text("item_id\na\n")
    with pytest.raises(InvalidData, match=rf"as columns: {mapping['user_id']} as user_id, "):
        load(tmp_path)


def test_records_without_fields_are_nothing_and_can_be_written(read, tmp_path) -> None:
    event = {"user_id": "u", "item_id": "a", "meta": {"page": {}}}
    item = {"item_id": "a", "extra": {}, "parts": [{}], "maker": {"name": "x", "seat": {}}}
    data = read(json.dumps(event), json.dumps(item))
    assert data.catalogue.frame["extra"].to_list() == [None]
    assert data.catalogue.frame["parts"].to_list() == [None]
    assert data.catalogue.frame["maker"].to_list() == [{"name": "x", "seat": None}]
    told = [note for note in data.notes if "holds records without fields" in note]
    assert [note.split()[2] for note in told] == ["meta", "extra", "parts", "maker"]
    save(data, tmp_path / "shop")
    assert load(tmp_path / "shop").hash == data.hash


def test_a_path_that_leads_to_no_field_is_named(refused) -> None:
    told = refused('{"user": {"name": "Ann"}, "item_id": "a"}', columns={"user_id": "user.id"})
    assert "expected a column user.id" in told[0]


@pytest.mark.parametrize("column", ["device", "text"])
def test_a_shop_with_more_columns_is_fitted_as_the_one_without_them(read, column) -> None:
    events = [f"u{n % 30},i{n * 7 % 36}" for n in range(200)]
    plain = read("user_id,item_id\n" + "\n".join(events) + "\n")
    more = [f"{event},word {n % 3}" for n, event in enumerate(events)]
    data = read(f"user_id,item_id,{column}\n" + "\n".join(more) + "\n")
    assert data.histories.details is not None
    fits = [MetaRecommender(HashEncoder(), MetaConfig(steps=0)).fit(s) for s in (plain, data)]
    lists = [model.recommend(plain.histories, k=5).items for model in fits]
    assert (lists[0] == lists[1]).all()
    assert fits[1].adapt(data.history("u1")).recommend(k=5).ids.tolist()


def test_kinds_without_their_column_are_told_in_the_words_of_the_place(read) -> None:
    events = "user_id,item_id,status\nu,a,done\nu,b,returned\n"
    with pytest.raises(DataError, match=r'columns=\{"event": "status"\}, or remove target_kinds'):
        read(events, target_kinds=["done"])
    with shell_words(), pytest.raises(DataError, match="--map event=status, or remove --target"):
        read(events, target_kinds=["done"])
