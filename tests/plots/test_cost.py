"""plot_cost: all forms of runs, the marks of the best epochs, and plots of many runs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from multilayer import MLPClassifier
from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.plots import plot_cost


@dataclass
class Curves:
    """A history with the attributes that plot_cost uses."""

    costs: list[float]
    validation_costs: list[float] | None = None
    validation_scores: list[float] | None = None


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def dotted(ax):
    return [line for line in ax.lines if line.get_linestyle() == ":"]


def stars(ax):
    return [line for line in ax.lines if line.get_marker() == "*" and line.get_linestyle() == "None"]


def test_an_estimator_is_one_solid_line_from_epoch_1(moons_network):
    ax = plot_cost(moons_network)
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_ydata(), moons_network.loss_curve_)
    assert line.get_xdata()[0] == 1
    assert line.get_linestyle() == "-"
    assert ax.get_legend() is None
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["epoch", "cost J"]


def test_plot_cost_draws_the_last_step_of_a_pipeline(moons_network):
    pipeline = make_pipeline("passthrough", moons_network)
    np.testing.assert_array_equal(plot_cost(pipeline).lines[0].get_ydata(), moons_network.loss_curve_)


def test_validation_costs_are_dashed_and_the_lowest_is_marked_with_a_star():
    ax = plot_cost(Curves([5.0, 3.0, 1.0, 0.5], [6.0, 2.0, 2.0, 4.0]))
    training, validation, star = ax.lines
    assert [training.get_linestyle(), validation.get_linestyle()] == ["-", "--"]
    assert training.get_color() != validation.get_color()
    assert (*star.get_xdata(), *star.get_ydata()) == (2, 2.0)
    assert legend_texts(ax) == ["training", "validation", "lowest, epoch 2"]


def test_validation_curve_of_an_estimator_is_drawn():
    class Network(BaseEstimator):
        def fit(self):
            self.loss_curve_, self.validation_loss_curve_ = [2.0, 1.0], [2.0, 3.0]
            return self

    ax = plot_cost(Network().fit())
    assert [line.get_linestyle() for line in ax.lines[:2]] == ["-", "--"]
    assert stars(ax)[0].get_xdata() == [1]


def test_epoch_of_the_kept_weights_is_marked_where_it_does_not_have_the_lowest_cost(moons):
    X, y = moons
    model = MLPClassifier((8,), early_stopping=True, max_iter=30, n_iter_no_change=np.inf, random_state=0).fit(X, y)
    best = int(np.argmax(model.validation_scores_)) + 1
    lowest = int(np.argmin(model.validation_loss_curve_)) + 1
    assert best != lowest
    ax = plot_cost(model)
    assert [line.get_xdata()[0] for line in dotted(ax)] == [best]
    assert legend_texts(ax)[-2:] == [f"lowest, epoch {lowest}", f"highest score, epoch {best}"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), model.validation_loss_curve_)

    same = plot_cost(Curves([3.0, 2.0, 1.0], [3.0, 1.0, 2.0], [0.1, 0.9, 0.9]))
    assert dotted(same) == []
    assert legend_texts(same)[-1] == "lowest, epoch 2"
    scored = plot_cost(Curves([3.0, 2.0], None, [np.nan, 0.5]))  # like the networks of scikit-learn
    assert legend_texts(scored) == ["training", "highest score, epoch 2"]


@pytest.mark.parametrize("place", ["new", "grid", "free"])
def test_scores_have_a_panel_below_the_costs(place):
    run = Curves([3.0, 2.0, 1.0], [3.0, 1.0, 2.0], [0.1, 0.5, 0.9])
    figure = None if place == "new" else plt.figure()
    given = {"new": lambda: None, "grid": lambda: figure.subplots(1, 2)[0], "free": lambda: figure.add_axes((0.1,) * 4)}
    ax = given[place]()
    drawn = plot_cost(run, scores=True, ax=ax)
    assert ax is None or drawn is ax
    figure = drawn.figure
    figure.canvas.draw()
    below = figure.axes[-1]
    assert below is not drawn
    np.testing.assert_array_equal(below.lines[0].get_ydata(), run.validation_scores)
    assert below.get_xlim() == drawn.get_xlim()
    assert below.get_position().y1 < drawn.get_position().y0
    assert [drawn.get_xlabel(), below.get_xlabel(), below.get_ylabel()] == ["", "epoch", "score"]
    assert [line.get_xdata()[0] for line in dotted(below)] == [3]


def test_scores_of_several_runs_or_of_none_raise_errors():
    scored = Curves([1.0], [1.0], [0.5])
    with pytest.raises(InputError, match=r"needs one run with validation scores, got 2 runs"):
        plot_cost([scored, scored], scores=True)
    with pytest.raises(InputError, match=r"got a run without\. Pass an estimator fitted with"):
        plot_cost([0.5, 0.2], scores=True)
    assert plt.get_fignums() == []


def test_a_run_with_validation_in_its_last_epochs_only_is_drawn(moons):
    X, y = moons
    model = MLPClassifier((4,), max_iter=4, warm_start=True, tol=0, n_iter_no_change=3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y).fit(X, y, X_val=X, y_val=y)
    ax = plot_cost(model, scores=True)
    assert ax.lines[1].get_xdata().tolist() == [5, 6, 7, 8]
    assert stars(ax)[0].get_xdata() == [5 + np.argmin(model.validation_loss_curve_)]
    assert ax.figure.axes[-1].lines[0].get_xdata().tolist() == [5, 6, 7, 8]
    several = plot_cost([model, model])
    assert several.lines[1].get_xdata().tolist() == [5, 6, 7, 8]


@pytest.mark.parametrize("costs", [[0.5, 0.2], (0.5, 0.2), np.array([0.5, 0.2], dtype=np.float32)])
def test_a_list_of_costs_is_one_run(costs):
    assert len(plot_cost(costs).lines) == 1


def test_several_runs_differ_in_colour_and_marker():
    ax = plot_cost([np.linspace(1, k / 10, 30) for k in range(7)])
    assert legend_texts(ax) == [f"run {k}" for k in range(1, 8)]
    assert len({line.get_color() for line in ax.lines}) == 7
    assert len({line.get_marker() for line in ax.lines}) == 7


def test_keys_of_a_dict_are_labels_and_labels_override_them():
    runs = {"slow": [3.0, 2.0], "fast": Curves([3.0, 1.0], [3.0, 2.0])}
    assert legend_texts(plot_cost(runs)) == [
        "slow",
        "fast (lowest at 2)",
        "training",
        "validation",
        "lowest validation cost",
    ]
    assert legend_texts(plot_cost(runs, labels=["a", "b"]))[:2] == ["a", "b (lowest at 2)"]
    assert legend_texts(plot_cost([3.0, 2.0], labels=["only"])) == ["only"]


def test_best_of_many_runs_is_highlighted():
    ax = plot_cost([Curves([2.0, 1.0], [2.0, abs(k - 5) + 1.0]) for k in range(20)])
    assert legend_texts(ax)[0] == "run 6 (lowest final cost)"
    assert legend_texts(ax)[-1] == "19 other runs"
    assert len(ax.lines) == 19 + 2 + 1


def test_a_diverged_run_is_drawn_but_is_not_the_best():
    ax = plot_cost([[1.0, float(k)] for k in range(1, 18)] + [[1.0, np.nan]])
    assert legend_texts(ax)[0] == "run 1 (lowest final cost)"
    ax = plot_cost(Curves([1.0, np.inf, np.nan], [np.nan, np.nan, np.nan]))
    assert stars(ax) == []
    ax.figure.canvas.draw()


def test_a_single_epoch_is_visible():
    ax = plot_cost([0.5])
    assert ax.lines[0].get_marker() == "o"
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [1.0]


def test_a_logarithmic_scale_leaves_out_values_that_are_not_positive():
    ax = plot_cost([1.0, 0.1, 0.0], log=True)
    assert ax.get_yscale() == "log"
    ax.figure.canvas.draw()
    with pytest.raises(InputError, match="log=True needs positive costs"):
        plot_cost([0.0, -1.0], log=True)


@pytest.mark.parametrize(
    ("runs", "error", "message"),
    [
        ([], InputError, "the costs of 'training' are empty"),
        ({}, InputError, "runs is empty"),
        ([[1.0], []], InputError, "the costs of 'run 2' are empty"),
        (np.zeros((2, 3)), ShapeError, r"must be of shape \(T,\), got \(2, 3\). Pass several runs as a list"),
        ([["a"]], InputError, "the costs of 'run 1' must hold numbers only"),
        (None, ShapeError, r"must be of shape \(T,\), got \(\)"),
    ],
)
def test_runs_that_cannot_be_drawn_raise_errors(runs, error, message):
    with pytest.raises(error, match=message):
        plot_cost(runs)
    assert plt.get_fignums() == []


def test_missing_costs_and_labels_of_a_wrong_number_raise_errors(moons):
    with pytest.raises(InputError, match="LogisticRegression has no loss_curve_"):
        plot_cost(LogisticRegression().fit(*moons))
    with pytest.raises(ParameterError, match="labels must have 2 names, got 1"):
        plot_cost([[1.0], [2.0]], labels=["a"])


def test_a_run_that_ends_earlier_on_the_curve_of_another_is_seen():
    """The longer curve is wide and below, and the shorter one has a mark at its end."""
    long = np.exp(-np.linspace(0, 3, 60))
    ax = plot_cost({"short": long[:20] * 1.001, "long": long, "other": long[:30] + 0.3})
    short, end, below, other, _ = ax.lines
    assert below.get_linewidth() > 2 * short.get_linewidth() == 2 * other.get_linewidth()
    assert below.get_zorder() < short.get_zorder()
    assert (end.get_xdata()[0], end.get_ydata()[0]) == (20, long[19] * 1.001)
    assert end.get_markersize() > short.get_markersize()
    assert legend_texts(ax) == ["short, ends at epoch 20", "long", "other, ends at epoch 30"]


def test_epochs_from_1000_on_have_commas():
    ax = plot_cost(np.linspace(5000.0, 1.0, 2500))
    ax.figure.canvas.draw()
    for axis in (ax.xaxis, ax.yaxis):
        assert "1,000" in {label.get_text() for label in axis.get_ticklabels()}
