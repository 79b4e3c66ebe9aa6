"""What a reader must know before the table: leaks, nobody to judge, what lists cannot hold."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.evaluation_toys import ByRule, constant, dataset_of, noisy, own_mean, planted

from metarec.contracts import Catalogue, DataError, Episodes
from metarec.data.splits.split import Split
from metarec.evaluation import (
    combine,
    evaluate,
    load_results,
    save_results,
    table,
    verdict,
    warnings_of,
    write_report,
)


class Remembering(ByRule):
    """A model that says what it was fitted on, as `MetaRecommender` does."""

    metrics: dict[str, str]


def fitted_on(model: ByRule, train_hash: str) -> Remembering:
    told = Remembering(**vars(model))
    object.__setattr__(told, "metrics", {"train_hash": train_hash})
    return told


SPLIT = planted()
HASH = SPLIT.train.hash


def test_a_model_that_was_given_other_data_is_warned_of_and_wins_no_verdict():
    models = {"leaky": fitted_on(own_mean(SPLIT), "other"), "a": constant(SPLIT), "b": noisy(SPLIT)}
    results = evaluate(models, SPLIT, curve=None)
    (warning,) = warnings_of(results)
    assert warning.startswith("leaky was not fitted on this split's training part")
    assert table(results).splitlines()[0] == f"Warning: {warning}."
    found = verdict(results)
    assert "leaky" not in {found.judged, *found.comparisons["against"]}
    asked = verdict(results, "leaky")
    assert asked.line.startswith("leaky may have seen the test, so this proves nothing: ")
    alone = verdict(evaluate({"leaky": models["leaky"]}, SPLIT, curve=None))
    assert alone.line == "Nothing to judge: every model may have seen the test, so no model wins."


@pytest.mark.parametrize(("elsewhere", "warned"), [((), False), (("m",), True)])
def test_a_model_that_does_not_say_is_warned_of_only_where_it_came_ready(elsewhere, warned):
    silent = evaluate({"m": constant(SPLIT)}, SPLIT, curve=None, fitted_elsewhere=elsewhere)
    assert bool(warnings_of(silent)) is warned
    clean = {"m": fitted_on(constant(SPLIT), HASH)}
    assert not warnings_of(evaluate(clean, SPLIT, curve=None, fitted_elsewhere=elsewhere))


def test_a_ready_model_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="fitted_elsewhere names 'x', which is none of"):
        evaluate({"m": constant(SPLIT)}, SPLIT, fitted_elsewhere=["x"])


def test_a_leak_under_one_seed_is_a_leak_of_all(tmp_path):
    hashes = [HASH, "other", HASH]
    parts = [
        evaluate({"m": fitted_on(noisy(SPLIT, s), h), "c": constant(SPLIT)}, SPLIT, rng=s)
        for s, h in enumerate(hashes)
    ]
    results = combine(parts)
    assert [w.split()[0] for w in warnings_of(results)] == ["m"]
    save_results(results, tmp_path)
    assert warnings_of(load_results(tmp_path)) == warnings_of(results)
    assert load_results(tmp_path).attainable.equals(results.attainable)


def judged_on(n_people: int) -> Split:
    """The planted split with the first people of its first scenario alone."""
    some = SPLIT.test["new users"].take(np.arange(n_people))
    return replace(SPLIT, test={"new users": some})


@pytest.mark.parametrize(("n_people", "who"), [(0, "nobody"), (1, "one person")])
@pytest.mark.parametrize("metrics", [None, ["mae"]])
@pytest.mark.parametrize("heart", [None, "own"])
def test_who_has_nobody_to_judge_has_no_verdict(n_people, who, metrics, heart, tmp_path):
    split = judged_on(n_people)
    models = {"own": own_mean(split), "flat": constant(split)}
    results = evaluate(models, split, metrics=metrics, curve=None)
    assert f"“new users” has {who} to judge, so it says nothing of the models" in warnings_of(
        results
    )
    found = write_report(results, tmp_path / "report.html", heart=heart)
    assert found.line.startswith("Nothing to judge: no scenario has two people to judge (")
    assert (found.judged, found.outcomes, len(found.comparisons)) == ("", {}, 0)
    save_results(results, tmp_path)


def test_a_scenario_of_one_person_takes_no_part_in_the_verdict():
    late = SPLIT.test["new users, late"]
    split = replace(SPLIT, test={**judged_on(1).test, "new users, late": late})
    found = verdict(evaluate({"own": own_mean(split), "flat": constant(split)}, split), "own")
    assert found.outcomes == {"new users, late": "wins"}
    assert found.comparisons["scenario"].unique().to_list() == ["new users, late"]


def grocery() -> Split:
    """Items a to e, e retired; two people with two and one events known.

    Asked of u0 (who has a and b): a, b, b, c; of u1 (who has a): d, e.
    """
    catalogue = Catalogue.of(pl.DataFrame({"item_id": list("abcde")})).retire(["e"])
    rows = [(0, 0, 1.0), (0, 1, 2.0), (0, 0, 3.0), (0, 1, 4.0), (0, 1, 5.0), (0, 2, 5.0)]
    rows += [(1, 0, 1.0), (1, 3, 4.0), (1, 4, 1.0)]
    data = replace(dataset_of(rows, 2, 5), catalogue=catalogue)
    h = data.histories
    known = h.places < np.where(h.rows == 0, 2, 1)
    episodes = Episodes(h.keep(known), h.keep(~known))
    return Split("grocery", data, episodes, {"next": episodes}, ())


def attainable(split: Split, k: int | None = None, **settings: object) -> tuple[float, int, int]:
    model = ByRule(split.train.catalogue, lambda h: np.zeros((len(h), 5)))
    how = {"exclude_seen": True, **settings}
    results = evaluate({"m": model}, split, k=2, curve=(0, 1), **how)
    (row,) = results.attainable.filter(pl.col("k").eq_missing(pl.lit(k))).to_dicts()
    return row["share"], row["unavailable"], row["seen"]


def test_what_another_person_has_seen_is_new_to_this_one():
    split = grocery()
    known, asked = split.test["next"].support, split.test["next"].query
    swapped = Episodes(known.take([1, 0]), asked.take([0, 1]))  # u0's questions, u1 has only a
    split = replace(split, test={"next": swapped})
    # u0 is asked a, b, b, c and knows a alone; u1 is asked d, e and knows a and b
    assert attainable(split) == (4 / 6, 1, 1)


def test_the_attainable_share_is_the_number_worked_by_hand():
    # 6 events are asked for: a, b, b are known already, e is not on offer -> c and d remain
    split = grocery()
    assert attainable(split) == (2 / 6, 1, 3)
    assert attainable(split, exclude_seen=False) == (5 / 6, 1, 0)
    assert attainable(split, k=1) == (4 / 6, 1, 1)  # of u0 only a is known: both b can be shown
    assert attainable(split, k=0) == (5 / 6, 1, 0)
    # liked from 1 + 0.625 * 4 = 3.5: b, b, c of u0 and d of u1
    assert attainable(split, relevance="liked") == (2 / 4, 0, 2)


def test_what_is_no_candidate_cannot_be_held():
    split = grocery()
    few = replace(split.test["next"], candidates=np.array([True, True, True, False, True]))
    assert attainable(replace(split, test={"next": few})) == (1 / 6, 2, 3)
    # b, seen and no candidate, is lost once
    fewer = replace(few, candidates=np.array([True, False, True, False, True]))
    assert attainable(replace(split, test={"next": fewer})) == (1 / 6, 4, 1)


def test_a_low_share_is_warned_of_with_its_reasons_and_half_is_not_low():
    split = grocery()
    model = {"m": ByRule(split.train.catalogue, lambda h: np.zeros((len(h), 5)))}
    (warning,) = warnings_of(evaluate(model, split, k=2))
    assert warning == (
        "“next”: no list can hold more than 33.3% of what people chose; 50.0% are on items that "
        "the person had before, which lists leave out (show them with exclude_seen=False, "
        "--include-seen) and 16.7% are on items that are not on offer or no candidates"
    )
    assert not warnings_of(evaluate(model, split, k=2, relevance="liked"))  # 2 of 4
    often = split.test["next"].take(np.array([0, 1, 1, 1, 1]))  # u1 four times: 5 of 12
    (warning,) = warnings_of(evaluate(model, replace(split, test={"next": often}), k=2))
    assert "more than 41.7% of what" in warning
    assert not warnings_of(evaluate(model, split, metrics=["mae"]))  # no lists


def test_the_switch_is_the_same_for_all_models_and_no_other_value_is_taken():
    with pytest.raises(DataError, match="exclude_seen must be True, False or None, got 'buy'"):
        evaluate({"m": constant(SPLIT)}, SPLIT, exclude_seen="buy")


def test_combined_parts_share_what_is_alike_and_state_each_where_they_differ():
    splits = [
        replace(SPLIT, settings={"fold": fold, "folds": 3, "deep": {"a": 1, "b": fold}})
        for fold in range(3)
    ]
    splits[2] = replace(splits[2], excludes=(), train=SPLIT.train.where(np.arange(960) < 900))
    parts = [
        evaluate({"m": noisy(SPLIT, seed)}, split, metrics=["mae"], curve=None, rng=seed)
        for seed, split in enumerate(splits)
    ]
    by_two = combine([combine(parts[:2]), parts[2]])  # put together in two steps: the same
    for results in (combine(parts), by_two):
        settings = results.protocol["settings"]
        assert settings == {
            "fold": {"each": [0, 1, 2]},
            "folds": 3,
            "deep": {"a": 1, "b": {"each": [0, 1, 2]}},
        }
        assert results.dataset["train_events"] == {"each": [960, 960, 900]}
        assert results.dataset["name"] == SPLIT.train.name
        assert [part["seeds"] for part in results.protocol["parts"]] == [[0], [1], [2]]


def test_a_report_of_parts_that_differ_states_each(tmp_path):
    splits = [replace(SPLIT, settings={"fold": fold}) for fold in range(2)]
    splits[1] = replace(
        splits[1], excludes=("nothing",), train=SPLIT.train.where(np.arange(960) < 900)
    )
    parts = [
        evaluate({"m": own_mean(SPLIT), "c": noisy(SPLIT, s)}, split, curve=None, rng=s)
        for s, split in enumerate(splits)
    ]
    write_report(combine(parts), tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    assert "fold each 0, 1" in html
    assert "each 960, 900 events" in html
    assert "test users" not in html  # a leak that only one part excludes is not claimed


def test_what_a_model_cannot_do_in_one_part_it_cannot_do():
    able = own_mean(SPLIT)
    parts = [
        evaluate({"m": model}, SPLIT, metrics=["recall"], curve=None, rng=seed)
        for seed, model in enumerate([able, replace(able, serves_new_users=False)])
    ]
    facts = combine(parts).protocol["models"]["m"]
    assert (facts["serves_new_users"], facts["predicts_ratings"]) == (False, True)
    assert table(combine(parts)).endswith("by itself.")
