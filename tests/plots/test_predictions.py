"""plot_predictions: predicted against actual values of a regression."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error, r2_score

from multilayer.exceptions import InputError, ShapeError
from multilayer.plots import plot_predictions


def legend(ax):
    legend = ax.get_legend()
    return [legend.get_title().get_text(), *(text.get_text() for text in legend.get_texts())]


@pytest.fixture
def amounts():
    """Return actual values and predictions of 300 rows, in tens of thousands."""
    y, noise = np.random.RandomState(0).normal(size=(2, 300))
    return 1e4 * y + 5e4, 1e4 * y + 5e4 + 3e3 * noise


def test_points_are_drawn_at_actual_and_predicted_values(amounts):
    ax = plot_predictions(*amounts)
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), np.column_stack(amounts))


def test_both_axes_have_one_scale_and_the_diagonal_is_drawn(amounts):
    ax = plot_predictions(*amounts, target_name="US$ to A$")
    ax.figure.canvas.draw()
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_aspect() == 1.0
    assert list(ax.get_xticks()) == list(ax.get_yticks())
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    assert tuple(line.get_xdata()) == ax.get_xlim()
    assert ax.get_xlim()[0] < min(map(np.min, amounts)) < max(map(np.max, amounts)) < ax.get_xlim()[1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("actual US$ to A$", "predicted US$ to A$")


def test_legend_contains_the_scores_of_scikit_learn(amounts):
    y, predicted = amounts
    r2, rmse = r2_score(y, predicted), mean_squared_error(y, predicted) ** 0.5
    assert legend(plot_predictions(y, predicted)) == [
        f"300 rows\nR² {r2:.3f}\nRMSE {round(rmse):,}",
        "a row",
        "predicted = actual",
    ]


def test_many_rows_are_counted_in_cells(amounts):
    y, predicted = (np.tile(part, 10) for part in amounts)
    ax = plot_predictions(y, predicted)
    (mesh,) = [artist for artist in ax.collections if artist.get_array() is not None]
    counts = mesh.get_array()
    assert counts.sum() == 3000
    assert counts.min() == 10
    low, high = ax.get_xlim()
    i, j = ((values - low) / (high - low) * len(counts) for values in (y[:1], predicted[:1]))
    assert counts[int(j[0]), int(i[0])] >= 10  # rows are predictions, columns are actual amounts
    assert legend(ax)[0].startswith("3,000 rows\n")
    (scale,) = ax.child_axes
    assert {text.get_text() for text in scale.get_xticklabels()} >= {"1", "3", "10"}


def test_scale_of_many_rows_is_inside_the_axes_without_a_layout_engine(amounts):
    figure, axes = plt.subplots(1, 2)
    plot_predictions(*(np.tile(part, 10) for part in amounts), ax=axes[0])
    figure.canvas.draw()
    box = axes[0].child_axes[0].get_tightbbox()
    assert box.y0 >= axes[0].bbox.y0  # inside, because no layout engine makes room below


@pytest.mark.parametrize(
    ("y", "predicted", "first"),
    [
        ([3.0], [3.0], "1 row\nRMSE 0"),
        ([2.0, 2.0], [1.0, 3.0], "2 rows\nRMSE 1"),
        ([1, 3], [2, 2], "2 rows\nR² 0.000\nRMSE 1"),
        ([0.0, 0.0], [0.0, 0.0], "2 rows\nRMSE 0"),
        ([1e300, -1e300], [0, 0], "2 rows\nR² 0.000\nRMSE 1e+300"),
        ([1e-300, 3e-300], [2e-300, 2e-300], "2 rows\nR² 0.000\nRMSE 1e-300"),
        ([1e-7, 3e-7], [2e-7, 2e-7], "2 rows\nR² 0.000\nRMSE 1e-07"),
        ([5e9, 5e9 + 1], [5e9 + 1, 5e9], "2 rows\nR² -3.000\nRMSE 1"),
    ],
)
def test_degenerate_values_are_drawn(y, predicted, first):
    ax = plot_predictions(y, predicted)
    ax.figure.canvas.draw()
    assert legend(ax)[0] == first


@pytest.mark.parametrize("form", [list, np.array, pd.Series, lambda y: np.reshape(y, (-1, 1)), np.float32])
def test_values_of_many_types_are_accepted(amounts, form):
    assert legend(plot_predictions(form(amounts[0]), form(amounts[1]))) == legend(plot_predictions(*amounts))


def test_predictions_of_a_fitted_regressor_are_drawn():
    X = np.arange(10.0).reshape(-1, 1)
    ax = plot_predictions(3 * X[:, 0], LinearRegression().fit(X, 3 * X[:, 0]).predict(X))
    assert legend(ax)[0].startswith("10 rows\nR² 1.000\nRMSE ")


@pytest.mark.parametrize(
    ("y", "predicted", "error", "message"),
    [
        ([1, 2], [1], ShapeError, r"y has 2 rows and predicted has 1\. Pass the predictions of the same rows"),
        ([], [], ShapeError, r"y has no rows\. Pass at least one"),
        (3.0, [3.0], ShapeError, r"y must hold one amount for each row, shape \(m,\), got shape \(\)"),
        ([1, 2], [[1, 2], [3, 4]], ShapeError, r"predicted must hold .* got shape \(2, 2\)\. Of several outputs"),
        ([1, np.nan], [1, 2], InputError, r"y has NaN, infinite values or .* in 1 of 2 rows, first in row 1"),
        ([1, 2], [np.inf, 2], InputError, r"predicted has NaN, infinite .* in 1 of 2 rows, first in row 0"),
        ([1, 1e301], [1, 2], InputError, r"values beyond 1e\+300"),
        (["a", "b"], [1, 2], InputError, r"y must hold numbers only: .*Classes are drawn by plot_data"),
    ],
)
def test_values_that_cannot_be_drawn_raise_errors(y, predicted, error, message):
    with pytest.raises(error, match=message):
        plot_predictions(y, predicted)
    assert plt.get_fignums() == []


def test_ticks_of_large_amounts_have_commas_between_thousands():
    ax = plot_predictions([100_000.0, 300_000.0], [120_000.0, 280_000.0])
    ax.figure.canvas.draw()
    assert "200,000" in [label.get_text() for label in ax.get_xticklabels()]
    ax = plot_predictions([1.0, 3.0], [1.5, 2.5])
    ax.figure.canvas.draw()
    assert "2.0" in [label.get_text() for label in ax.get_xticklabels()]
