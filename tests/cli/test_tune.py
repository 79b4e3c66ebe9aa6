"""`metarec tune`: what is searched, what is written, and how it goes on."""

import json
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
import yaml

from metarec.cli.options import config_of
from metarec.meta import MetaConfig
from metarec.recommenders import EASE, load_recommender


def test_the_best_settings_are_written_as_fit_reads_them(run, implicit_shop: Path):
    command = ["tune", implicit_shop, "--out", "search", "--model", "EASE", "--protocol", "kfold"]
    space = ["--search", "l2={low: 1, high: 1000, log: true}", "--set", "recency=0.9"]
    answer = run(*command, *space, "--trials", 4)
    assert answer.code == 0, answer.err
    first, states, wrote, then = answer.out.splitlines()
    trials = pl.read_csv("search/trials.csv")
    best = trials.filter("best").row(0, named=True)
    assert first.startswith(f"EASE: ndcg {best['value']:.4f} on validation with ")
    assert states.startswith("trials: ")
    assert wrote == "wrote search/best.yaml, search/trials.csv and search/search.svg; now:"
    text = Path("search/best.yaml").read_text()
    assert text.startswith(f"# {first}\n# trials: ")
    assert yaml.safe_load(text) == {"recency": 0.9, **json.loads(best["settings"])}
    picture = ElementTree.parse("search/search.svg").getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    drawn = "".join(picture.itertext())
    assert all(word in drawn for word in ("EASE", "ndcg", "trial", "l2"))
    fitted = run(*then.removeprefix("metarec ").replace("--out MODEL", "--out m").split())
    assert fitted.code == 0, fitted.err
    model = load_recommender("m")
    assert isinstance(model, EASE)
    assert vars(model.config) == vars(model.config) | yaml.safe_load(text)
    again = run(*command, *space, "--trials", 6)
    assert again.code == 0, again.err
    longer = pl.read_csv("search/trials.csv")
    assert len(longer) == 6
    assert longer.drop("best").head(4).equals(trials.drop("best"))
    other = run(*command, "--set", "recency=0.5", "--trials", 6)
    assert other.code == 1
    assert "error: search holds another search" in other.err


def test_the_heart_is_searched_where_it_usually_helps(run, shop: Path):
    said = ("steps=2", "choice=false", "start=random")
    told = ["--encoder", "hash", "--seed", 3, *(f"--set={setting}" for setting in said)]
    answer = run("tune", shop, "--out", "search", "--trials", 2, "--objective", "mae", *told)
    assert answer.code == 0, answer.err
    assert answer.out.startswith("MetaRecommender: mae ")
    trials = pl.read_csv("search/trials.csv")
    settings = [json.loads(told) for told in trials["settings"]]
    assert settings[0] == {}
    assert {"d", "learning_rate", "content_decay"} <= settings[1].keys()
    then = answer.out.splitlines()[-1]
    assert then.endswith("--config search/best.yaml --encoder hash --seed 3 --out MODEL")
    found = config_of(Path("search/best.yaml"), [], MetaConfig)
    assert (found.steps, found.choice, found.start) == (2, False, "random")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--model", "Ease"], "no model is called 'Ease'; there are: MetaRecommender"),
        (["--model", "Random"], "nothing is left to search of Random"),
        (["--model", "EASE", "--search", "l1=[1]"], "no hyperparameter is called l1; there are: "),
        (["--model", "EASE", "--search", "l2"], "--search takes name=value, got 'l2'"),
        (["--model", "EASE", "--search", "l2=7"], "the space of l2 must be options such as"),
        (["--model", "EASE", "--search", "l2={low: 1}"], "low or high is missing"),
        (
            ["--model", "EASE", "--search", "l2=[1.0]", "--set", "l2=2"],
            "l2 is both set and searched; leave one of them out",
        ),
        (["--model", "EASE", "--set", "l2=-1"], "the hyperparameters do not fit: "),
        (["--model", "EASE", "--objective", "mse"], "no measure 'mse' for this dataset"),
        (["--model", "EASE", "--objective", "novelty"], "is neither better high nor low"),
        (
            ["--model", "EASE", "--search", "l2={low: .nan, high: 1.0}"],
            "low of l2 must be a finite number, got nan",
        ),
        (["--model", "EASE", "--search", "l2=[1.0, .inf]"], "an option of l2 must be a finite num"),
        (
            ["--model", "EASE", "--search", "optimiser.name=[sgd]"],
            "called optimiser.name; this model has no optimiser; there are: l2, recency",
        ),
        (
            ["--model", "MultVAE", "--search", "optimiser.name=[sgd]"],
            "optimiser is set as a whole here, or its parts by --set optimiser.NAME=VALUE",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_in_one_line(run, implicit_shop, options, said: str):
    answer = run("tune", implicit_shop, "--out", "search", "--trials", 1, *options)
    assert answer.code == 1
    assert said in answer.err
    assert answer.err.count("error: ") == 1
    assert not Path("search/best.yaml").exists()


def test_a_search_that_fails_leaves_nothing_and_says_what_to_do(run, shop: Path):
    answer = run("tune", shop, "--out", "search", "--model", "EASE", "--objective", "mae")
    assert answer.code == 1
    assert "choose --objective ndcg or another measure of lists" in answer.err
    assert not Path("search").exists()


def test_an_interrupted_search_says_how_to_go_on(run, implicit_shop: Path, monkeypatch):
    def interrupted(*given: object) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr("metarec.jobs.tuning.search._value", interrupted)
    answer = run("tune", implicit_shop, "--out", "search", "--model", "EASE")
    assert answer.code == 130
    assert "the same command continues from search" in answer.err
