"""What is said of a broken shop, to the letter: place, what was found and expected, what to do."""

from pathlib import Path

import pytest

from metarec.data import InvalidData, load

SAID = Path(__file__).with_name("complaints.txt")
"""The messages of each case; after a change of words, read and write what `told` gives."""

GONE: dict[str, str | bytes | None] = {"interactions.csv": None, "items.csv": None}
CASES: dict[str, dict[str, str | bytes | None]] = {
    "nothing at all": GONE,
    "no column of ids": {"items.csv": "name,title\na,x\n"},
    "two columns of ids": {"interactions.csv": "user_id,sku,ean\nu,a,b\n"},
    "no rows": {"items.csv": "item_id\n", "interactions.csv": "user_id,item_id\n"},
    "two files": {"items.jsonl": '{"item_id": "a"}\n'},
    "empty id": {"interactions.csv": "user_id,item_id\n ,a\nu,\n"},
    "wrong type": {"interactions.csv": "user_id,item_id,value\nu,a,four\nu,b,inf\n"},
    "no ratings": {
        "interactions.csv": "user_id,item_id\nu,a\n",
        "dataset.toml": 'value = "rating"\n',
    },
    "weights": {
        "interactions.csv": "user_id,item_id,value\nu,a,0\nu,b,1e39\n",
        "dataset.toml": 'value = "implicit"\n',
    },
    "times": {
        "interactions.csv": "user_id,item_id,timestamp\nu,a,1600000000000\nu,b,-1\nu,c,x\n",
        "dataset.toml": 'timestamp = "unix"\n',
    },
    "repeats": {"interactions.csv": "user_id,item_id,value\nu,a,3\nu,a,4\n"},
    "a sum of ratings": {"dataset.toml": 'repeats = "sum"\n'},
    "ids twice": {
        "items.csv": "item_id,title\na,Apple\nb,Bread\na,Again\nc,\n",
    },
    "unknown item": {"interactions.csv": "user_id,item_id\nu,z\n"},
    "paths": {"items.csv": "item_id,image\na,/etc/passwd\nb,ok.jpg\n"},
    "offered": {"items.csv": "item_id,offered\na,maybe\nb,\n"},
    "settings": {"dataset.toml": 'value = "stars"\nname = 7\n'},
    "ragged": {"items.csv": "item_id,title\na,x,y\nb,B\n"},
    "empty file": {"items.csv": "\n"},
    "twice a column": {"items.csv": "item_id,zeta,alpha,alpha,zeta\na,b,c,d,e\n"},
    "encoding": {"items.csv": b"item_id,title\na,Caf\xe9\nb,B\n"},
    "header encoding": {"items.csv": b"item_id,\xff\na,b\n"},
    "json": {"items.csv": None, "items.jsonl": '{"item_id":"a"}\nx\n{"item_id":"b"}\n'},
    "gzip": {"items.csv": None, "items.csv.gz": b"no gzip"},
    "parquet": {"items.csv": None, "items.parquet": b""},
    "links": {"edges.csv": "user_id,friend\nu,v\n", "triples.csv": "head,relation,tail\n,is,b\n"},
    "movielens": GONE | {"ratings.csv": "userId,movieId,rating\n1,3,4\n"},
    "movielens plain": GONE | {"u.data": "1\t2\t3\t4\n"},
    "recbole": GONE
    | {
        "x.inter": "user_id:token\titem_id:token\tlabel:float\nu\t1\t0.5\n",
        "x.item": "item_id:token\tprice:float\n1\tcheap\n",
        "y.item": "x\n",
    },
    "recbole types": GONE
    | {
        "x.inter": "user_id:token\titem_id:token\tlabel:float\nu\t1\t0.5\nu\t2\t1\n",
        "x.item": "item_id:token\tprice:float\n1\tcheap\n2\t3\n",
        "x.kg": "head_id:token\trelation_id:token\ttail_id:token\na\tb\tc\n",
        "x.link": "item:token\te:token\na\tb\n",
    },
    "recbole refused": GONE | {"x.inter": "user_id:token\titem_id:token\tlabel:float\nu\t1\t0\n"},
    "amazon": GONE | {"a.json": "{}\n", "meta_a.json": "{}\n", "meta_b.json": "{}\n"},
}


def told(folder: Path) -> str:
    with pytest.raises(InvalidData) as caught:
        load(folder)
    return "\n".join(str(problem).replace(str(folder), "DIR") for problem in caught.value.problems)


def said() -> dict[str, str]:
    cases = SAID.read_text("utf-8").strip().split("\n\n")
    return {case.splitlines()[0]: "\n".join(case.splitlines()[1:]) for case in cases}


def test_every_case_has_its_words() -> None:
    assert said().keys() == CASES.keys()


@pytest.mark.parametrize("case", CASES)
def test_a_broken_shop_is_told_of_in_these_words(shop, case: str) -> None:
    assert told(shop(CASES[case])) == said()[case]
