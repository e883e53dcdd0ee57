"""plot_step_sizes: the costs of the test, the suggestion, and limits of the axes that show the decrease."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer import MLPClassifier
from multilayer.exceptions import InputError
from multilayer.plots import plot_step_sizes
from multilayer.selection import find_step_size


@pytest.fixture(scope="module")
def found(moons):
    return find_step_size(MLPClassifier((8,), random_state=0), *moons)


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_costs_smoothed_curve_and_suggestion_are_drawn(found):
    ax = plot_step_sizes(found)
    points, curve, steepest, lowest, line = ax.lines
    np.testing.assert_array_equal(points.get_ydata(), found.costs)
    np.testing.assert_array_equal(curve.get_xdata(), found.step_sizes)
    np.testing.assert_array_equal(curve.get_ydata(), found.smoothed)
    assert (*steepest.get_xdata(), *lowest.get_xdata()) == (found.steepest, found.lowest)
    assert lowest.get_ydata() == [found.smoothed.min()]
    assert line.get_xdata() == [found.suggestion, found.suggestion]
    assert texts(ax)[-1] == f"suggestion, {found.suggestion:.2g}"
    assert [ax.get_xscale(), ax.get_yscale(), ax.get_xlabel(), ax.get_ylabel()] == [
        "log",
        "linear",
        "step size",
        "cost J",
    ]


@pytest.mark.parametrize("log", [False, True])
def test_limits_show_the_whole_decrease_whatever_the_last_costs_are(moons, log):
    model = MLPClassifier((8,), solver="sgd", random_state=0)
    found = find_step_size(model, *moons, last=1e6, ceiling=1e6)
    assert found.costs.max() > 100
    low, high = plot_step_sizes(found, log=log).get_ylim()
    assert low < found.smoothed.min() < found.smoothed[0] < high < 10


def test_only_the_costs_are_drawn_without_a_suggestion(moons):
    found = find_step_size(MLPClassifier((8,), random_state=0), *moons, first=1e-12, last=1e-11)
    ax = plot_step_sizes(found)
    assert texts(ax) == ["cost of a batch", "smoothed"]
    ax.figure.canvas.draw()


def test_invalid_objects_and_costs_raise_errors(found):
    with pytest.raises(InputError, match=r"expected a StepSizeTest, got list\. Pass find_step_size\(model, X, y\)"):
        plot_step_sizes([0.1, 0.2])
    from dataclasses import replace

    with pytest.raises(InputError, match="log=True needs positive costs, got 0"):
        plot_step_sizes(replace(found, smoothed=found.smoothed * 0), log=True)
