"""What a picture draws: the numbers of the right rows, in the colours of the page."""

import re

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from metarec.evaluation.report.pictures import (
    FAINT,
    INK,
    MARKERS,
    SERIES,
    calibration_curve_picture,
    colours_of,
    learning_curve,
    pooled,
)
from metarec.evaluation.report.words import as_percent


def summary_of(*rows: tuple[str, str, str, int | None, float]) -> pl.DataFrame:
    """Rows (model, scenario, metric, k, mean) with an interval of one tenth to either side."""
    names = ["model", "scenario", "metric", "k", "mean"]
    frame = pl.DataFrame(list(rows), schema=names, orient="row", strict=False)
    return frame.with_columns(low=pl.col("mean") - 0.1, high=pl.col("mean") + 0.1)


SUMMARY = summary_of(
    ("a", "s", "mae", 5, 0.7),
    ("a", "s", "mae", 0, 0.9),
    ("a", "s", "mae", 2, 0.8),
    ("a", "s", "mae", None, 0.1),
    ("a", "t", "mae", 0, 7.0),
    ("a", "s", "ndcg@10", 0, 8.0),
    ("b", "s", "mae", 0, 1.9),
    ("b", "s", "mae", 5, 1.7),
    ("c", "s", "mae", 0, 9.0),
)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were saved."""
    figures: list[Figure] = []
    save = Figure.savefig

    def kept(self: Figure, *arguments: object, **settings: object) -> None:
        figures.append(self)
        save(self, *arguments, **settings)

    monkeypatch.setattr(Figure, "savefig", kept)
    return figures


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def test_a_learning_curve_draws_each_model_at_its_own_sizes_with_its_interval(drawn):
    svg = learning_curve(SUMMARY, "s", "mae", {"a": 0, "b": 3})
    (axes,) = drawn[0].axes
    first, second = axes.lines
    assert (list(first.get_xdata()), list(first.get_ydata())) == ([0, 1, 2], [0.9, 0.8, 0.7])
    assert (list(second.get_xdata()), list(second.get_ydata())) == ([0, 2], [1.9, 1.7])
    assert [line.get_color() for line in axes.lines] == [SERIES[0], SERIES[3]]
    assert [line.get_marker() for line in axes.lines] == [MARKERS[0], MARKERS[3]]
    # the model that the report is about stands in front
    for front, behind in (
        (first.get_markersize(), second.get_markersize()),
        (first.get_linewidth(), second.get_linewidth()),
        (first.get_zorder(), second.get_zorder()),
    ):
        assert front > behind
    assert (first.get_markersize(), second.get_markersize()) == (5.5, 4)
    assert (first.get_zorder(), second.get_zorder()) == (4, 3)
    for band, low, high in zip(axes.collections, (0.6, 1.6), (1.0, 2.0), strict=True):
        places = band.get_paths()[0].vertices[:, 1]
        assert (places.min(), places.max()) == pytest.approx((low, high))
        assert band.get_alpha() == 0.11
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "2", "5"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("events known of the person", "MAE ↓")
    assert "<title>MAE ↓ by number of known events, s</title>" in svg


CALIBRATION = pl.DataFrame(
    [
        ("a", "s", None, "all", 0.9, 0.8, 10),
        ("a", "s", None, "all", 0.5, 0.4, 10),
        ("a", "t", None, "all", 0.5, 0.7, 30),
        ("a", "s", 5, "all", 0.5, 0.0, 10),
        ("a", "s", None, "width 1", 0.5, 0.0, 10),
        ("b", "s", None, "all", 0.5, 0.5, 10),
        ("c", "s", 5, "all", 0.5, 0.5, 10),
    ],
    schema=["model", "scenario", "k", "group", "level", "observed", "n"],
    orient="row",
)


def test_the_calibration_is_drawn_beside_the_diagonal_over_all_pairs(drawn):
    calibration_curve_picture(CALIBRATION, {"a": 0, "b": 1, "c": 2})
    (axes,) = drawn[0].axes
    diagonal, first, second = axes.lines  # c has nothing on the whole support
    assert (list(diagonal.get_xdata()), list(diagonal.get_ydata())) == ([0, 1], [0, 1])
    assert (diagonal.get_color(), diagonal.get_linestyle()) == (INK, "--")
    assert list(first.get_xdata()) == [0.5, 0.9]
    assert list(first.get_ydata()) == pytest.approx([(0.4 * 10 + 0.7 * 30) / 40, 0.8])
    assert (list(second.get_xdata()), list(second.get_ydata())) == ([0.5], [0.5])
    assert [line.get_color() for line in (first, second)] == list(SERIES[:2])
    assert [line.get_marker() for line in (first, second)] == list(MARKERS[:2])
    assert first.get_linewidth() > second.get_linewidth()
    assert first.get_markersize() == second.get_markersize() == 4.5
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 1), (0, 1))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("promised share", "observed share")
    assert axes.get_aspect() == 1


def test_shares_are_pooled_by_their_pairs_in_the_order_of_the_rows():
    found = pooled(CALIBRATION.reverse(), ["model", "level"])
    assert found["model"].to_list() == ["c", "b", "a", "a"]
    assert found["n"].to_list() == [10, 10, 60, 10]
    assert found["observed"][2] == pytest.approx((0.7 * 30 + 0.4 * 10) / 60)


def test_a_picture_has_its_size_no_ground_and_only_the_pages_colours(drawn):
    wide = learning_curve(SUMMARY, "s", "mae", {"a": 0})
    square = calibration_curve_picture(CALIBRATION, {"a": 9})
    assert [tuple(f.get_size_inches()) for f in drawn] == [(5.2, 3.3), (4.4, 4.4)]
    for figure in drawn:
        (axes,) = figure.axes
        assert figure.get_layout_engine() is not None  # labels are never cut off
        assert (figure.patch.get_alpha(), axes.patch.get_alpha()) == (0, 0)
        visible = [name for name in axes.spines if axes.spines[name].get_visible()]
        assert visible == ["left", "bottom"]
        assert {axes.spines[name].get_edgecolor()[:3] for name in visible} == {rgb(FAINT)}
        assert axes.get_axisbelow() is True
        assert all(line.get_color() == FAINT for line in axes.get_xgridlines())
        assert all(line.get_visible() for line in axes.get_xgridlines())
        assert {text.get_color() for text in figure.findobj(Text) if text.get_text()} == {INK}
        assert axes.xaxis.label.get_size() == 10
    for svg in (wide, square):
        assert svg.startswith("<svg ")
        assert svg.endswith("</svg>")
        assert "<text" in svg  # letters, and not their outlines
        assert "<metadata" not in svg
        assert not re.search(r"#(0[0-9a-f]|10)00\d\d", svg)
        assert "currentColor" in svg
        assert "var(--line)" in svg
    assert "var(--series-0)" in wide
    assert "var(--series-9)" in square


def test_a_title_from_outside_cannot_leave_its_attribute():
    svg = learning_curve(SUMMARY, 's" onload="x', "mae", {"a": 0})
    assert 'onload="' not in svg
    assert svg.count("&quot;") == 4


def test_the_first_model_has_the_strongest_colour_and_the_eleventh_none():
    models = [f"m{number}" for number in range(12)]
    assert colours_of(models, "m3") == {
        name: number
        for number, name in enumerate(["m3", "m0", "m1", "m2", *(f"m{n}" for n in range(4, 10))])
    }
    assert colours_of(["a", "b"], "") == {"a": 0, "b": 1}
    assert colours_of(["a"], "z") == {"z": 0, "a": 1}
    assert len(SERIES) == len(MARKERS) == len(set(SERIES)) == 10


def test_a_share_that_nobody_has_is_a_dash():
    assert (as_percent(np.nan), as_percent(0.1234)) == ("–", "12.3 %")
