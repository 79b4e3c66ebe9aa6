"""The report and its first line: an honest verdict in one file that needs nothing else."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from tests.evaluation_toys import ByRule, constant, noisy, own_mean, planted

from metarec.contracts import DataError
from metarec.evaluation import Results, combine, evaluate, table, verdict, write_report
from metarec.evaluation.protocol.measures import RATING
from metarec.evaluation.report.words import p_value, support_label

SPLIT = planted(n_users=240)


@pytest.fixture(scope="module")
def results() -> Results:
    models = {
        "Heart": own_mean(SPLIT, std=0.8, has_uncertainty=True),
        "Flat": constant(SPLIT),
        "Noisy": noisy(SPLIT),
        "<Counts>": replace(constant(SPLIT), predicts_ratings=False, serves_new_users=False),
    }
    return evaluate(models, SPLIT, curve=(0, 1, 5))


def first_line(html: str) -> str:
    """The first text of the page's body."""
    body = html[html.index("<body>") :]
    heading = body[body.index("<h1") : body.index("</h1>")]
    return unescape(re.sub(r"<[^>]+>", "", heading)).strip()


def test_the_first_line_says_that_the_heart_wins(results, tmp_path):
    found = write_report(results, tmp_path / "report.html", heart="Heart")
    html = (tmp_path / "report.html").read_text()
    assert first_line(html) == found.headline
    assert found.line.startswith(
        "By MAE Heart wins in all 2 scenarios: better than all 2 simple models that answer every "
        "pair (1 does not) (closest: "
    )
    assert "p " in found.line
    assert set(found.outcomes.values()) == {"wins"}


def test_the_first_line_says_that_a_simple_model_wins(results, tmp_path):
    found = write_report(results, tmp_path / "report.html", heart="Flat")
    line = first_line((tmp_path / "report.html").read_text())
    assert line == "A simple model wins by MAE: Heart beats Flat in all 2 scenarios."
    assert found.line.startswith("A simple model wins: Heart beats Flat on “new users")
    assert set(found.outcomes.values()) == {"loses"}


def test_the_first_line_says_that_a_simple_model_ties(tmp_path):
    barely = np.random.default_rng(0).normal(0, 1e-3, len(SPLIT.train.catalogue))
    base = own_mean(SPLIT)
    twin = ByRule(SPLIT.train.catalogue, lambda h: base.rule(h) + barely)
    models = {"Heart": base, "Twin": twin, "Flat": constant(SPLIT)}  # beating one is not enough
    found = evaluate(models, SPLIT, curve=None)
    said = write_report(found, tmp_path / "report.html", heart="Heart")
    line = first_line((tmp_path / "report.html").read_text())
    assert line == "A simple model ties with Heart in all 2 scenarios by MAE."
    assert said.line.startswith(line.removesuffix(" by MAE.") + " (closest: Twin, MAE")
    assert set(said.outcomes.values()) == {"ties"}


def test_a_loss_anywhere_comes_before_wins_elsewhere():
    """Heart is right in the first scenario only, where the simple model is wrong."""
    late = set(SPLIT.test["new users, late"].query.user_ids)
    base, flat = own_mean(SPLIT), constant(SPLIT)

    def swap(good: ByRule, bad: ByRule) -> ByRule:
        def rule(histories):
            is_late = np.array([user in late for user in histories.user_ids])
            return np.where(is_late[:, None], bad.rule(histories), good.rule(histories))

        return ByRule(SPLIT.train.catalogue, rule)

    results = evaluate({"Heart": swap(base, flat), "Simple": swap(flat, base)}, SPLIT, curve=None)
    found = verdict(results, "Heart")
    assert found.outcomes == {"new users": "wins", "new users, late": "loses"}
    assert found.line.startswith("A simple model wins: Simple beats Heart on “new users, late”")
    assert found.line.endswith("Heart wins on “new users”.")


def test_a_loss_by_the_order_of_lists_comes_before_a_win_on_errors(results, tmp_path):
    """Who foretells every rating well may still show the wrong items first."""
    asked = SPLIT.test["new users"].query

    def oracle(histories):
        scores = np.zeros((len(histories), len(SPLIT.train.catalogue)))
        row_of = {user: row for row, user in enumerate(histories.user_ids)}
        for row, item in zip(asked.rows, asked.items, strict=True):
            if asked.user_ids[row] in row_of:
                scores[row_of[asked.user_ids[row]], item] = 1.0
        return scores

    shown = {"Heart": own_mean(SPLIT), "Flat": constant(SPLIT)}
    shown["Order"] = replace(ByRule(SPLIT.train.catalogue, oracle), predicts_ratings=False)
    found = verdict(evaluate(shown, SPLIT, curve=None), "Heart")
    lead, rest = found.line.split(". By MAE ")
    assert lead.startswith("By nDCG@10 a simple model wins on ")
    assert "Order beats Heart on" in lead
    assert rest.startswith("Heart wins in all 2 scenarios")
    assert set(found.outcomes.values()) == {"wins"}
    told = "A simple model wins by nDCG@10: Order beats Heart in 1 of 2 scenarios."
    assert (found.headline, found.headline_metric, found.metric) == (told, "ndcg@10", "mae")
    write_report(evaluate(shown, SPLIT, curve=(0, 1)), tmp_path / "r.html", heart="Heart")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert page.index("nDCG@10 ↑ by number of known") < page.index("MAE ↓ by number of known")
    only = verdict(evaluate(shown, SPLIT, curve=None), "Heart", metric="mae")
    assert only.line.startswith("By MAE Heart wins")


def test_without_a_heart_the_best_model_is_judged(results):
    found = verdict(results)
    assert found.judged == "Heart"
    assert found.line.startswith("Heart wins in all 2 scenarios")


def test_a_model_that_skips_pairs_takes_no_part_in_a_verdict_on_errors():
    base = own_mean(SPLIT)

    def only_the_easy(histories):
        scores = base.rule(histories).copy()
        scores[:, np.abs(scores.mean(axis=0) - 3.2) > 0.2] = np.nan
        return scores

    shy = ByRule(SPLIT.train.catalogue, only_the_easy)
    results = evaluate({"Shy": shy, "Base": base, "Flat": constant(SPLIT)}, SPLIT, curve=None)
    found = verdict(results)
    assert found.judged == "Base"
    assert "Shy" not in found.comparisons["against"].to_list()
    with pytest.raises(DataError, match="'Shy' has no complete mae"):
        verdict(results, "Shy")


def test_the_verdict_can_be_about_another_metric_and_fewer_rivals(results):
    found = verdict(results, "Heart", simple=["Noisy"], metric="list_ndcg@3")
    assert found.comparisons["against"].unique().to_list() == ["Noisy"]
    assert "nDCG@3 of ratings" in found.line


def test_a_single_model_has_nothing_to_win_against(results):
    alone = evaluate({"Heart": own_mean(SPLIT)}, SPLIT, curve=None)
    assert "no simple model" in verdict(alone, "Heart").line
    assert "only model measured" in verdict(alone).line


class Outline(HTMLParser):
    """Collects what a browser would fetch, and the open tags, to check that all are closed."""

    VOID = frozenset({"meta", "br", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.headers_without_scope = 0
        self.pictures: list[dict[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.fetched += [named[n] for n in ("src", "href") if named.get(n)]
        self.fetched += [named["xlink:href"]] if named.get("xlink:href") else []
        self.headers_without_scope += tag == "th" and "scope" not in named
        if tag == "svg" and "aria-hidden" not in named:
            self.pictures.append(named)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(html: str) -> Outline:
    parsed = Outline()
    parsed.feed(html)
    return parsed


def test_the_report_fetches_nothing_and_is_well_formed(results, tmp_path):
    write_report(results, tmp_path / "report.html", heart="Heart")
    html = (tmp_path / "report.html").read_text()
    parsed = outline(html)
    assert parsed.open == []
    assert all(reference.startswith("#") for reference in parsed.fetched)
    for outside in ("<script", "<link", "@import", "url(http", "<img"):
        assert outside not in html


def test_the_report_can_be_read_aloud_on_a_phone_and_in_the_dark(results, tmp_path):
    write_report(results, tmp_path / "report.html", heart="Heart")
    html = (tmp_path / "report.html").read_text()
    parsed = outline(html)
    assert parsed.headers_without_scope == 0
    assert len(parsed.pictures) == 5  # two scenarios, two metrics, and the calibration
    assert all(p["role"] == "img" and p["aria-label"] for p in parsed.pictures)
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html
    # pictures take every colour from the page
    assert not re.search(r"(fill|stroke): #", html)


def test_ids_of_one_picture_never_meet_those_of_another(results, tmp_path):
    write_report(results, tmp_path / "report.html", heart="Heart")
    html = (tmp_path / "report.html").read_text()
    clips = re.findall(r'<clipPath id="([^"]+)"', html)
    assert len(clips) == len(set(clips)) > 0


def test_names_from_outside_are_text_and_never_markup(results, tmp_path):
    write_report(results, tmp_path / "report.html", heart="Heart")
    html = (tmp_path / "report.html").read_text()
    assert "<Counts>" not in html
    assert "&lt;Counts&gt;" in html


def test_the_report_says_what_a_reader_must_know(results, tmp_path):
    write_report(results, tmp_path / "report.html", heart="Heart")
    html = (tmp_path / "report.html").read_text()
    assert "&lt;Counts&gt; cannot serve a person who was not in training by itself." in html
    assert "orders items without predicting ratings" in html
    assert SPLIT.excludes[0] in html.replace("&#39;", "'")
    assert results.dataset["hash"] in html
    assert results.versions["numpy"] in html


def test_the_same_results_give_the_same_report(results, tmp_path):
    for name in ("a.html", "b.html"):
        write_report(results, tmp_path / name, heart="Heart")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_report_without_curve_calibration_or_ratings_still_stands(tmp_path):
    split = planted(feedback="implicit")
    found = evaluate({"a": constant(split), "b": noisy(split)}, split, curve=None)
    said = write_report(found, tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    assert outline(html).open == []
    assert said.metric == "ndcg@10"
    assert "learning curve" not in html


def test_a_report_over_seeds_names_them(tmp_path):
    parts = [
        evaluate({"Heart": own_mean(SPLIT), "n": noisy(SPLIT, s)}, SPLIT, curve=None, rng=s)
        for s in range(3)
    ]
    write_report(combine(parts), tmp_path / "report.html", heart="Heart")
    assert "<dd>0, 1, 2</dd>" in (tmp_path / "report.html").read_text()


def test_the_table_ranks_models_and_marks_the_best(results):
    lines = table(results).splitlines()
    assert lines[0] == "new users (60 users)"
    assert lines[2].startswith("Heart")
    assert re.search(r"\d\.\d{3} \[\d\.\d{3}, \d\.\d{3}\]\*", lines[2])
    assert "–" in next(line for line in lines if line.startswith("<Counts>"))
    assert lines[-1] == "<Counts> cannot serve a person who was not in training by itself."


def test_the_table_shows_the_asked_metrics_at_the_asked_support(results):
    text = table(results, ["gini@10", "mae"], k=0)
    assert "Exposure Gini@10 ↓" in text
    none = results.summary().filter(
        (pl.col("k") == 0) & (pl.col("metric") == "mae") & (pl.col("model") == "Heart")
    )
    assert f"{none['mean'][0]:.3f}" in text


def test_a_printed_verdict_is_its_line_and_a_printed_measure_no_address(results):
    found = verdict(results, "Heart")
    assert str(found) == found.line
    assert repr(found).count("\n") == 0
    assert "shape:" not in repr(found)
    assert str(RATING[0]) == "Measure(name='mae', better='lower', system=False)"


def test_words_for_numbers():
    assert p_value(float("nan")) == "no test"
    assert support_label(5) == "5 events"
