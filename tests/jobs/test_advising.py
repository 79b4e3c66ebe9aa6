"""What is said of a shop before a fit."""

from dataclasses import replace

import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Dataset
from metarec.jobs.advising import advise, facts_of
from metarec.jobs.advising.advice import measured_shops


def shop(**columns: list[object]) -> Dataset:
    log = {"user_id": list("aaabbc"), "item_id": list("xxyyzx"), **columns}
    items = pl.DataFrame({"item_id": list("xyzw"), "title": ["red wool cap", "blue cap", "", None]})
    return mr.from_frames(pl.DataFrame(log), items, feedback="implicit")


def test_the_facts_of_a_shop_are_counted_by_hand():
    facts = facts_of(shop())
    assert (facts.users, facts.teachers, facts.items, facts.touched) == (3, 2, 4, 3)
    assert (facts.events, facts.per_user, facts.rare) == (6, 2.0, 1.0)
    assert facts.repeated == pytest.approx(1 / 6)  # a took x twice
    assert not facts.ordered
    assert facts_of(shop(timestamp=[1e9 + n for n in range(6)])).ordered


def test_only_events_that_are_to_be_foretold_are_counted():
    kinds = shop(event=["view", "buy", "view", "view", "buy", "view"])
    facts = facts_of(replace(kinds, target_kinds=("buy",)))
    assert (facts.events, facts.touched, facts.teachers) == (2, 2, 2)
    assert facts.repeated == 0.0


def test_what_is_missing_is_named_with_its_remedy_and_what_is_there_is_not():
    bare = "\n".join(advise(shop(event=["view", "buy"] * 3)).missing)
    assert "text (" in bare
    assert 'clock = "order" in dataset.toml' in bare
    assert 'target_kinds = ["buy"]' in bare
    assert "2 have two events or more" in bare
    full = mr.generate(users=800, items=60, kind="implicit", rng=0).dataset
    missing = "\n".join(advise(full).missing)
    for word in ("text (", "times", "kinds", "people to learn from", "events on most"):
        assert word not in missing


def test_a_shop_that_was_measured_is_most_like_itself_and_tells_what_was_measured():
    like = mr.generate(users=800, items=400, kind="implicit", rng=12).dataset
    found = advise(like)
    (own,) = (one for one in measured_shops() if one["shop"] == "synthetic, events")
    assert (found.like, found.doublings) == ("synthetic, events", 0.0)
    assert found.minutes == pytest.approx(own["fit_cpu_s"] / 60)
    assert [one.scenario for one in found.expected] == [c["scenario"] for c in own["cells"]]
    told = str(found)
    assert f"NDCG@10 {own['cells'][0]['ndcg']:.3f}" in told
    assert own["cells"][0]["row"] in told


def test_minutes_grow_with_the_events_beside_those_of_the_shop_most_like_it():
    like = mr.generate(users=800, items=400, kind="implicit", rng=12).dataset
    twice = replace(like, interactions=pl.concat([like.interactions] * 2))
    for given in (like, twice):
        found = advise(given)
        (own,) = (one for one in measured_shops() if one["shop"] == found.like)
        ratio = len(given.interactions) / own["facts"].events
        grown = 20 + (own["fit_cpu_s"] - 20) * ratio
        assert found.minutes == pytest.approx(grown / 60)


@pytest.mark.parametrize(
    ("users", "items", "kind", "measured"),
    [(30, 40, "implicit", 19.9), (30, 40, "rating", 21.2), (120, 60, "implicit", 23.2)],
)
def test_a_small_shop_takes_the_seconds_that_were_measured(users, items, kind, measured: float):
    made = mr.generate(users=users, items=items, kind=kind, rng=0).dataset
    assert 60 * advise(made).minutes == pytest.approx(measured, rel=0.1)


def test_spellings_of_a_kind_are_named_together_and_refusals_apart():
    kinds = ["Buy"] * 15 + ["buy"] * 23 + ["VIEW", "View", "view"] * 22
    kinds += ["refund"] * 23 + ["return"] * 21
    log = {"user_id": [f"u{n % 7}" for n in range(len(kinds))], "item_id": ["x"] * len(kinds)}
    made = mr.from_frames(
        pl.DataFrame(log | {"event": kinds}), pl.DataFrame({"item_id": ["x"]}), feedback="implicit"
    )
    told = str(advise(made))
    assert 'target_kinds = ["Buy", "buy"] (each spelling is a kind of its own)' in told
    assert 'negative_kinds = ["refund", "return"] in dataset.toml' in told
    said = replace(made, target_kinds=("Buy", "buy"), negative_kinds=("refund", "return"))
    assert "kinds = " not in str(advise(said))
    part = str(advise(replace(said, negative_kinds=("refund",))))
    assert 'negative_kinds = ["refund", "return"]' in part
    only = made.where(made.interactions["event"].is_in(["refund", "return"]).to_numpy())
    assert "target_kinds" not in str(advise(only))


@pytest.mark.parametrize(
    ("people", "many", "told"), [(20, 6, True), (20, 4, False), (19, 9, False)]
)
def test_one_person_with_a_fifth_of_all_events_is_named(people: int, many: int, told: bool):
    users = [f"u{n}" for n in range(1, people)] + ["till"] * many
    log = pl.DataFrame({"user_id": users, "item_id": ["x"] * len(users)})
    said = str(advise(mr.from_frames(log, pl.DataFrame({"item_id": ["x"]}), feedback="implicit")))
    line = f"user 'till' has {many} of {len(users)} events"
    assert (line in said) == told
    assert ("a bot, a till or a test account?" in said) == told


def test_repeats_are_told_of_where_they_are_common():
    made = mr.generate(users=100, items=60, kind="implicit", rng=0).dataset
    once = made.interactions.unique(["user", "item"], maintain_order=True)
    rare = replace(made, interactions=once)
    assert "had before" not in str(advise(rare))
    twice = replace(rare, interactions=pl.concat([rare.interactions] * 2))
    assert "50% of events are on what the person had before" in str(advise(twice))
