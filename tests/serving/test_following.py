"""Which model answers: checked before, followed by every process, and never a broken one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

import metarec as mr
from metarec.contracts import DataError, Dataset, Event
from metarec.recommenders import Popularity
from metarec.serving.following import Following
from metarec.serving.models import active_model
from metarec.serving.people import People, most_people
from metarec.serving.store import Store, Told
from metarec.serving.store.meaning import said_of
from metarec.serving.store.shops import dataset_of, import_shop
from metarec.serving.swapping import check_answers, put_in_service

from .services import SMALL


@pytest.fixture
def store(tmp_path: Path, model: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "shop.db")) as made:
        put_in_service(made, model)
        yield made


@pytest.fixture
def other(shop: Dataset, tmp_path: Path) -> Path:
    mr.MetaRecommender(mr.HashEncoder(), SMALL).fit(shop, rng=1).save(tmp_path / "other")
    return tmp_path / "other"


def broken(model: Path, place: Path) -> Path:
    shutil.copytree(model, place)
    state = place / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-1] + b"x")
    return place


def test_a_model_in_service_shares_its_arrays_and_answers_with_the_same_bits(
    store: Store, model: Path, shop: Dataset
) -> None:
    served = Following(store).served.model
    features = served.heart.terms.features
    assert not features.flags.writeable
    assert not features.flags.owndata
    apart, event = mr.MetaRecommender.load(model), Event(str(shop.catalogue.ids[0]))
    assert apart.heart.terms.features.flags.writeable
    found, same = (each.adapt([event]).recommend(5) for each in (served, apart))
    assert found.ids.tolist() == same.ids.tolist()
    np.testing.assert_array_equal(found.scores, same.scores)
    np.testing.assert_array_equal(found.stds, same.stds)


def test_a_model_that_is_put_in_service_is_followed(store: Store, other: Path) -> None:
    following = Following(store)
    before = following.served
    put_in_service(store, other)
    activation, change = store.moment("").activation, store.moment("").item_change
    assert following.current(activation, change) is before  # nobody waits for it
    after = following.caught_up()
    assert after.activation.folder == str(other)
    assert following.current(activation, change) is after


@pytest.mark.parametrize("fault", ["broken", "gone", "rating", "another shop", "silent"])
def test_a_model_that_fails_a_check_changes_nothing(
    store: Store,
    model: Path,
    rating_model: Path,
    shop: Dataset,
    tmp_path: Path,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.tell([Told("ann", Event(str(shop.catalogue.ids[0])), "k")])
    events = pl.DataFrame({"user_id": ["u", "v"], "item_id": ["x", "y"]})
    if fault == "another shop":
        Popularity().fit(mr.from_frames(events)).save(tmp_path / "x")
    if fault == "silent":
        shutil.copytree(model, tmp_path / "x")
        empty = mr.load_model(model).recommend([[]], 5, candidates=[])
        monkeypatch.setattr("metarec.meta.person.Person.recommend", lambda *_, **__: empty[0])
    place = {
        "broken": lambda: broken(model, tmp_path / "x"),
        "rating": lambda: rating_model,
    }.get(fault, lambda: tmp_path / "x")()
    said = {
        "broken": "is not the file that was saved",
        "gone": "it does not exist",
        "rating": "the values of 1 event would not mean the same",
        "another shop": "it is of another shop",
        "silent": "recommends nothing to any of 2 people",
    }
    before = store.moment("")
    with pytest.raises(DataError, match=said[fault]):
        put_in_service(store, place)
    assert store.moment("") == before


def test_a_row_that_reads_any_event_may_answer_for_ratings(
    rated_shop: Dataset, rating_model: Path, model: Path, tmp_path: Path
) -> None:
    Popularity().fit(rated_shop).save(tmp_path / "row")
    with Store(str(tmp_path / "ratings.db")) as store:
        import_shop(store, rated_shop)
        for folder in (rating_model, tmp_path / "row", rating_model):
            put_in_service(store, folder)
        with pytest.raises(DataError, match="holds ratings, and the model was fitted to events"):
            put_in_service(store, model)


@pytest.fixture
def popular(rated_shop: Dataset, tmp_path: Path) -> Path:
    Popularity().fit(rated_shop).save(tmp_path / "row")
    return tmp_path / "row"


def test_a_row_that_reads_any_event_does_not_say_what_values_mean(
    rated_shop: Dataset, rating_model: Path, popular: Path, tmp_path: Path
) -> None:
    item = str(rated_shop.catalogue.ids[0])
    with Store(str(tmp_path / "new.db")) as store:
        put_in_service(store, popular)
        store.tell([Told("ann", Event(item, 4.0), "k")])
        assert "nobody has said whether values are ratings" in dataset_of(store).notes[0]
        put_in_service(store, rating_model)
        assert (dataset_of(store).feedback, dataset_of(store).notes) == ("rating", ())


def test_what_values_mean_changes_only_while_no_event_is_against_it(
    rated_shop: Dataset, rating_model: Path, model: Path, popular: Path, tmp_path: Path
) -> None:
    item = str(rated_shop.catalogue.ids[0])
    with Store(str(tmp_path / "new.db")) as store:
        for folder in (model, rating_model, model, rating_model, popular):
            put_in_service(store, folder)  # no event is there yet
        assert said_of(store)["feedback"] == "rating"
        store.tell([Told("ann", Event(item, 4.0), "k")])
        with pytest.raises(DataError, match="the values of 1 event would not mean the same"):
            put_in_service(store, model)
        store.forget("ann")
        put_in_service(store, model)
        store.tell([Told("ben", Event(item), "l")])
        with pytest.raises(DataError, match="holds events without ratings, and the model was fi"):
            put_in_service(store, rating_model)
        with pytest.raises(DataError, match="' holds ratings: the values of 1 event"):
            import_shop(store, rated_shop)
        store.forget("ben")
        import_shop(store, rated_shop)
        assert said_of(store)["name"] == rated_shop.name


def test_what_a_shop_says_of_its_values_holds(
    shop: Dataset, rating_model: Path, tmp_path: Path
) -> None:
    with Store(str(tmp_path / "new.db")) as store:
        import_shop(store, shop)  # each event has the value 1, which is no rating
        with pytest.raises(DataError, match="would not mean the same"):
            put_in_service(store, rating_model)


def test_scores_that_are_no_numbers_are_found(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = mr.load_model(model)
    found = loaded.adapt([]).recommend(1)
    found.scores[:] = float("nan")
    monkeypatch.setattr("metarec.meta.person.Person.recommend", lambda *_, **__: found)
    with pytest.raises(DataError, match="scores that are no numbers"):
        check_answers(loaded, [])


def test_a_folder_that_was_broken_later_leaves_the_old_model_and_says_so(
    store: Store, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = Following(store)
    before = following.served
    put_in_service(store, other)
    state = other / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-1] + b"x")
    moment = store.moment("")
    following.current(moment.activation, moment.item_change)
    worker = following._worker
    if worker is not None:
        worker.join()
    assert following.served is before
    assert "is not the file that was saved" in following.trouble
    monkeypatch.setattr("metarec.serving.following.loaded", None)  # it is not tried once more
    assert following.caught_up() is before
    assert "is not the file that was saved" in following.trouble


def test_a_folder_that_holds_another_model_by_now_is_not_taken_for_it(
    store: Store, model: Path, other: Path
) -> None:
    following = Following(store)
    put_in_service(store, other)
    shutil.rmtree(other)
    shutil.copytree(model, other)
    following.caught_up()
    assert "holds another model" in following.trouble


def test_item_changes_outlive_a_restart_and_another_model(
    store: Store, other: Path, shop: Dataset
) -> None:
    row = {**shop.catalogue.table.row(0, named=True), "item_id": "new"}
    first = str(shop.catalogue.ids[0])
    following = Following(store)
    following.change_items("add", [row])
    following.change_items("retire", [{"item_id": first}])
    again = active_model(store)
    assert again is not None
    assert again.version == following.served.version
    swapped = put_in_service(store, other)
    for served in (again, swapped, Following(store).served):
        catalogue = served.model.catalogue
        assert "new" in catalogue.row_of
        assert not catalogue.offered[catalogue.row_of[first]]
        assert served.change == 2
    alone = put_in_service(store, other, "model")
    assert "new" not in alone.model.catalogue.row_of
    assert Following(store).served.version == alone.version


def test_a_change_that_another_process_was_quicker_with_is_made_of_its_catalogue(
    store: Store, shop: Dataset
) -> None:
    one, two = Following(store), Following(store)
    first, second = (str(item) for item in shop.catalogue.ids[:2])
    one.change_items("retire", [{"item_id": first}])
    two.change_items("retire", [{"item_id": second}])
    assert int((~two.served.model.catalogue.offered).sum()) == 2
    with pytest.raises(DataError, match="already"):
        two.change_items("add", [{"item_id": first}])


def test_people_are_kept_by_memory_and_the_oldest_question_goes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert most_people(3_900) == 2_150
    assert most_people(10**9) == 16
    monkeypatch.setattr("metarec.serving.people.most_people", lambda _: 2)
    people = People(store, Following(store))
    ann = people.of("ann")
    people.of("ben")
    assert people.of("ann") is ann
    people.of("cid")
    assert len(people) == 2
    assert people.of("ann") is ann
    store.forget("ben")
    people.of("cid")
    assert len(people) == 1


def test_an_event_that_was_committed_late_is_seen(store: Store, shop: Dataset) -> None:
    first, late, last = (str(item) for item in shop.catalogue.ids[:3])
    insert = (
        "INSERT INTO events (id, user_id, item_id, key, received) VALUES ({}, 'ann', '{}', '{}', 1)"
    )

    def write(number: int, item: str) -> None:  # as PostgreSQL numbers what two processes write
        with store.database.writing() as connection:
            connection.exec_driver_sql(insert.format(number, item, item))

    people = People(store, Following(store))
    write(1, first)
    write(3, last)
    assert [event.item for event in people.of("ann").events] == [first, last]
    write(2, late)
    assert [event.item for event in people.of("ann").events] == [first, late, last]


def test_a_store_without_a_model_says_who_gives_it_one(tmp_path: Path) -> None:
    with (
        Store(str(tmp_path / "empty.db")) as empty,
        pytest.raises(DataError, match="metarec serve does it"),
    ):
        Following(empty)
