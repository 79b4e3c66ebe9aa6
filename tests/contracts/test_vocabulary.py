"""A vocabulary is a value: what came by different ways is one where the ids are."""

import pickle

import numpy as np
import pytest

import metarec as mr
from metarec.contracts import DataError, Episodes, Vocabulary
from metarec.contracts.episodes import joined
from metarec.ranking.ties import ties_of
from metarec.recommenders import Popularity


def test_equality_is_by_content_and_order():
    one, same = Vocabulary.of(["a", "b"]), Vocabulary.of(["a", "b"])
    assert one == same
    assert hash(one) == hash(same)
    assert one == pickle.loads(pickle.dumps(one))
    assert one != Vocabulary.of(["b", "a"])
    assert one != Vocabulary.of(["a", "b", "c"])
    assert one != ["a", "b"]


def test_where_an_id_ends_is_part_of_the_hash():
    assert Vocabulary.of(["ab", "c"]).hash != Vocabulary.of(["a", "bc"]).hash
    assert Vocabulary.of(["1:a", "b"]).hash != Vocabulary.of(["1", "a1:b"]).hash


def test_unknown_ids_have_no_row():
    some = Vocabulary.of(["a", "b"])
    assert some.index(["b", "x", "a"]).tolist() == [1, -1, 0]
    assert some.index(some).tolist() == [0, 1]
    with pytest.raises(DataError, match="got one string"):
        some.index("ab")


def test_equal_vocabularies_share_the_order_of_ties():
    ids = [f"i{k}" for k in range(50)]
    np.testing.assert_array_equal(ties_of(Vocabulary.of(ids)), ties_of(Vocabulary.of(ids)))


def test_parts_of_a_split_that_were_pickled_apart_work_together():
    split = mr.split_last_out(mr.generate(users=60, items=30, kind="implicit", rng=0).dataset)
    train, valid, test = (
        pickle.loads(pickle.dumps(part)) for part in (split.train, split.valid, split.test)
    )
    model = mr.MetaRecommender(mr.HashEncoder(d=8), mr.MetaConfig(d=4, steps=3)).fit(train, valid)
    asked = next(iter(test.values()))
    together = Episodes(pickle.loads(pickle.dumps(asked.support)), asked.query)
    assert len(joined([together.support, asked.query])) == 2 * len(asked)
    for recommender in (model, Popularity().fit(train)):
        np.testing.assert_array_equal(
            recommender.recommend(together.support, 5).items,
            recommender.recommend(next(iter(split.test.values())).support, 5).items,
        )
