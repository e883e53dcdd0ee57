"""The pictures of importance, partial dependence and explanations, of results that are made by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from matplotlib.colors import to_hex

from multilayer.exceptions import InputError, ParameterError
from multilayer.plots import plot_explanation, plot_importance, plot_partial_dependence
from multilayer.plots._style import NEGATIVE, PALE, POSITIVE
from multilayer.tables.models import Explanation, Importance, PartialDependence

LONG = "living area of all rooms in square metres"
IMPORTANCE = Importance(
    ("town", LONG, "noise", "number"),
    np.array([0.5, 2.0, 0.1, 0.0]),
    np.array([0.1, 0.2, 0.1, 0.0]),
    "RMSE",
    1.5,
    100,
    5,
    out_of_fold=True,
    dropped=("number",),
)
EXPLANATION = Explanation(
    ("town", LONG, "noise"),
    (("Ulm", 80.5, None), ("Bonn", 20.0, 1.0)),
    np.array([[1.0, 3.0, -2.0], [0.5, -4.0, 0.0]]),
    np.array([5.0, 5.0]),
    np.array([7.5, 1.5]),
    np.array([0.5, 0.0]),
    np.zeros(2),
    (0, 0),
    classifies=False,
    trees_weight=0.25,
    is_mean_row=True,
)


def dependence(values, *, kind="number", counts=None, outputs=(0,), classifies=False, deviation=0.1):
    n, K = len(values), len(outputs)
    predictions = np.linspace(0.1, 0.4, n * K).reshape(n, K)
    deviations = np.full((n, K), deviation)
    return PartialDependence("x", kind, tuple(values), predictions, deviations, counts, outputs, classifies, 50)


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def colors(ax):
    return [to_hex(bar.get_facecolor()).upper() for bar in ax.patches]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_importance_is_drawn_from_the_most_important_column_down():
    ax = plot_importance(IMPORTANCE, target_name="rent")
    assert labels(ax.yaxis) == ["living area of all rooms in squ…", "town", "noise", "number (dropped)"]
    assert [bar.get_width() for bar in ax.patches] == [2.0, 0.5, 0.1, 0.0]
    assert ax.yaxis_inverted()
    assert colors(ax) == [POSITIVE, POSITIVE, PALE, PALE]
    assert ax.get_xlabel() == "rise of the RMSE of rent when the column is shuffled"
    assert legend(ax) == ["beyond chance", "may be chance", "one standard error"]
    assert ax.figure.get_suptitle() == "Importance of columns"
    assert ax.figure.get_supxlabel().startswith("Most important: ")


def test_error_bars_of_importance_are_one_standard_error():
    ax = plot_importance(IMPORTANCE)
    (container,) = [each for each in ax.containers if type(each).__name__ == "ErrorbarContainer"]
    segments = np.array(container[2][0].get_segments())
    np.testing.assert_allclose(segments[:, :, 0], [[1.8, 2.2], [0.4, 0.6], [0.0, 0.2], [0.0, 0.0]])


def test_importance_of_many_columns_is_drawn_in_part():
    ax = plot_importance(IMPORTANCE, max_columns=2)
    assert len(ax.patches) == 2
    assert ax.get_xlabel().endswith("(2 columns not shown)")
    assert legend(ax) == ["beyond chance", "one standard error"]


def test_partial_dependence_of_numbers_is_a_line_with_a_band():
    ax = plot_partial_dependence(dependence([1.0, 2.0, 4.0, None]), target_name="rent")
    line, gap = ax.lines[:2]
    np.testing.assert_allclose(line.get_xdata(), [1, 2, 4])
    np.testing.assert_allclose(line.get_ydata(), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(gap.get_ydata(), 0.4)
    assert len(ax.collections) == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "mean predicted rent")
    assert legend(ax) == ["prediction", "prediction, gap"]


def test_a_single_fold_has_no_band():
    assert not plot_partial_dependence(dependence([1.0, 2.0], deviation=np.nan)).collections


def test_partial_dependence_of_classes_has_a_line_for_each_and_of_two_one():
    ax = plot_partial_dependence(dependence([1.0, 2.0], outputs=("a", "b", "c"), classifies=True))
    assert legend(ax) == ["a", "b", "c"]
    assert ax.get_ylabel() == "mean probability"
    ax = plot_partial_dependence(dependence([1.0, 2.0], outputs=("no", "yes"), classifies=True))
    assert ax.get_ylabel() == "mean probability of 'yes'"
    assert ax.get_legend() is None


def test_partial_dependence_of_categories_lists_them_with_their_rows():
    given = dependence(["Ulm", "Bonn", None], kind="text", counts=np.array([1200, 20, 3]))
    ax = plot_partial_dependence(given)
    assert labels(ax.yaxis) == ["Ulm (1,200)", "Bonn (20)", "(gap) (3)"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mean prediction", "x")
    (container,) = ax.containers
    np.testing.assert_allclose(container[0].get_xdata(), [0.1, 0.25, 0.4])


@pytest.mark.parametrize(
    ("kind", "values", "label", "places"),
    [
        ("date", [dt.datetime(2021, 1, 1), dt.datetime(2022, 1, 1)], "x", None),
        ("time", [dt.time(6), dt.time(18, 30)], "x in hours", [6.0, 18.5]),
        ("duration", [dt.timedelta(hours=1), dt.timedelta(days=1)], "x in hours", [1.0, 24.0]),
    ],
)
def test_partial_dependence_of_dates_and_times(kind, values, label, places):
    ax = plot_partial_dependence(dependence(values, kind=kind))
    ax.figure.canvas.draw()
    assert ax.get_xlabel() == label
    assert list(ax.lines[0].get_xdata()) == (places or values)
    if kind == "date":
        assert any("2021" in text for text in labels(ax.xaxis))


def test_explanation_draws_the_largest_contribution_first():
    ax = plot_explanation(EXPLANATION, target_name="rent")
    names = ["living area of all room… = 80.5", "noise = (gap)", "town = Ulm", "(gradient-boosted trees)"]
    assert labels(ax.yaxis) == names
    assert [bar.get_width() for bar in ax.patches] == [3.0, -2.0, 1.0, 0.5]
    assert colors(ax) == [POSITIVE, NEGATIVE, POSITIVE, PALE]
    assert [text.get_text() for text in ax.texts] == ["+3", "-2", "+1", "+0.5"]
    assert ax.get_xlabel() == "contribution to the predicted rent"
    assert ax.figure.get_supxlabel().startswith("The prediction is 7.5, and 5 for the mean training row.")


def test_explanation_draws_the_chosen_row_and_adds_the_other_columns():
    ax = plot_explanation(EXPLANATION, row=1, max_columns=2)
    assert labels(ax.yaxis)[1:] == ["town = Bonn", "(1 other columns)"]
    assert ax.get_xlabel() == "contribution to the prediction, in units of y"


@pytest.mark.parametrize("row", [2, -3, True, 0.0])
def test_a_row_that_is_not_explained_raises_an_error(row):
    with pytest.raises(ParameterError, match="row must be the number of an explained row, from 0 to 1, got"):
        plot_explanation(EXPLANATION, row=row)


@pytest.mark.parametrize("plot", [plot_importance, plot_explanation, plot_partial_dependence])
def test_other_objects_raise_an_error(plot):
    with pytest.raises(InputError, match=r"got str\. Pass model\.\w+\(X.*\) of a table model"):
        plot("model")


@pytest.mark.parametrize(("plot", "result"), [(plot_importance, IMPORTANCE), (plot_explanation, EXPLANATION)])
def test_too_few_columns_raise_an_error(plot, result):
    with pytest.raises(ParameterError, match="max_columns must be an integer of at least 2, got 1"):
        plot(result, max_columns=1)


def test_title_and_conclusion_are_inside_the_figure():
    for ax in (plot_importance(IMPORTANCE), plot_explanation(EXPLANATION)):
        ax.figure.canvas.draw()
        for text in (ax.figure._suptitle, ax.figure._supxlabel):
            box = text.get_window_extent()
            assert box.x1 <= ax.figure.bbox.x1
            assert 0.0 <= box.y0 < box.y1 <= ax.figure.bbox.y1
