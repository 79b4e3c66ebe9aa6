"""`metarec advise` in a terminal and as JSON."""

import json


def test_advice_is_told_in_lines_and_as_json(run):
    run("data", "generate", "shop", "--users", 40, "--items", 30, "--kind", "implicit")
    told = run("advise", "shop")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("40 people, 30 items")
    assert "missing: people to learn from: 4" in told.out
    assert "most like it of the shops that were measured: " in told.out
    raw = json.loads(run("advise", "shop", "--json").out)
    assert (raw["facts"]["users"], raw["facts"]["items"]) == (40, 30)
    assert run("advise", "nowhere").code == 1
