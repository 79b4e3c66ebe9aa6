"""Draws belong to ids: nobody's dice depend on who else is there."""

import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from metarec.contracts import Histories, vocabulary_of
from metarec.data.draws import chosen, event_keys, keys_of, ranks_of, repeat_of, seed_of, uniform_of

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)
ids = st.lists(texts, min_size=1, max_size=20, unique=True)


@settings(deadline=None)
@given(ids=ids, data=st.data())
def test_a_key_depends_on_its_own_id_only(ids: list[str], data) -> None:
    seed = seed_of(3, "any")
    keys = dict(zip(ids, keys_of(vocabulary_of(ids), seed), strict=True))
    some = data.draw(st.lists(st.sampled_from(ids), min_size=1))
    assert keys_of(vocabulary_of(some), seed).tolist() == [keys[i] for i in some]
    assert len(set(keys.values())) == len(ids)


def test_a_key_is_the_same_on_every_machine() -> None:
    assert keys_of(["a", "item 42", "é"], seed_of(0, "golden")).tolist() == GOLDEN


def test_keys_are_those_of_the_first_version_for_ids_of_any_length() -> None:
    ids = ["", "a", "item 42", "é", "日本語", "😀 x", "a" * 300, "u0000001", "A\x00b", "tail\x00"]
    assert keys_of(ids, seed_of(7, "golden")).tolist() == GOLDEN_OF_ANY_LENGTH
    assert (
        keys_of(vocabulary_of(ids[::-1]), seed_of(7, "golden")).tolist()
        == (GOLDEN_OF_ANY_LENGTH[::-1])
    )


def test_one_long_id_costs_its_own_letters_and_not_those_of_all() -> None:
    ids = vocabulary_of([*(f"u{k}" for k in range(20_000)), "x" * 5000])
    tracemalloc.start()
    keys_of(ids, seed_of(0, "memory"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    letters = sum(map(len, ids))
    assert peak < 50 * letters + 50 * len(ids)


GOLDEN_OF_ANY_LENGTH = [
    10031136895705525123, 8376951061067439650, 9123401624444962224, 3342254037311308202,
    5606493053020024275, 864892435088564318, 13121979197360738653, 14615521119326916902,
    11829386182673405493, 8877094231646087227,
]  # fmt: skip
GOLDEN = [1625679632431749883, 16639771925811491652, 8021403095327926848]


def test_keys_are_spread_evenly() -> None:
    numbers = uniform_of(keys_of([f"u{k}" for k in range(20_000)], seed_of(0, "even")))
    found, _ = np.histogram(numbers, bins=20, range=(0, 1))
    assert (np.abs(found - 1000) < 150).all()
    neighbours = np.corrcoef(numbers[:-1], numbers[1:])[0, 1]
    assert abs(neighbours) < 0.03


def test_purposes_and_seeds_are_independent() -> None:
    names = [f"u{k}" for k in range(5000)]
    one = uniform_of(keys_of(names, seed_of(0, "a")))
    for other in (seed_of(1, "a"), seed_of(0, "b")):
        assert abs(np.corrcoef(one, uniform_of(keys_of(names, other)))[0, 1]) < 0.05


def test_the_share_is_drawn_among_those_named() -> None:
    names = vocabulary_of([f"u{k}" for k in range(100)])
    among = np.arange(100) < 50
    mask = chosen(names, 0.3, 0, "any", among)
    assert mask.sum() == 15
    assert not mask[50:].any()
    assert not chosen(names, 0.0, 0, "any", among).any()


def test_who_is_drawn_does_not_depend_on_the_order_of_ids() -> None:
    names, everybody = vocabulary_of([f"u{k}" for k in range(100)]), np.ones(100, dtype=bool)
    drawn = set(names[chosen(names, 0.3, 0, "any", everybody)])
    backwards = names[::-1]
    assert set(backwards[chosen(backwards, 0.3, 0, "any", everybody)]) == drawn


def test_repeats_and_ranks_count_within_a_history() -> None:
    histories = Histories.of([["a", "b", "a", "a"], [], ["a", "b"]])
    assert repeat_of(histories).tolist() == [0, 0, 1, 2, 0, 0]
    keys = np.array([3.0, 1.0, 2.0, 0.0, 5.0, 4.0])
    assert ranks_of(histories, keys).tolist() == [3, 1, 2, 0, 1, 0]
    among = np.array([True, False, True, False, True, True])
    assert ranks_of(histories, keys, among).tolist() == [1, 3, 0, 2, 1, 0]


def test_an_events_key_is_its_own_even_among_repeats() -> None:
    whole = Histories.of([["a", "b", "a"], ["b"]])
    named = Histories(**{**whole.__dict__, "user_ids": vocabulary_of(["u", "v"])})
    keys = event_keys(named, 0, "any")
    assert len(set(keys.tolist())) == 4
    alone = event_keys(named.take(np.array([1])), 0, "any")
    assert alone.tolist() == keys[3:].tolist()
