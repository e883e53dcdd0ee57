"""plot_cross_validation: the score of each fold, mean and standard error, failed folds, and the cost curves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.model_selection import KFold

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError, ParameterError
from multilayer.plots import plot_cross_validation
from multilayer.selection import cross_validate

PATIENT = {"max_iter": 5, "n_iter_no_change": math.inf, "random_state": 0}


@pytest.fixture(scope="module")
def result(moons):
    scoring = ["accuracy", "neg_log_loss"]
    return cross_validate(MLPClassifier((4,), **PATIENT), *moons, cv=4, scoring=scoring, return_train_score=True)


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def points(ax, marker):
    (line,) = [line for line in ax.lines if line.get_marker() == marker and line.get_linestyle() == "None"]
    return line


def test_scores_mean_and_one_standard_error_are_drawn(result):
    ax = plot_cross_validation(result, score="neg_log_loss")
    for marker, key in (("o", "test_neg_log_loss"), ("^", "train_neg_log_loss")):
        np.testing.assert_array_equal(points(ax, marker).get_xdata(), [1, 2, 3, 4])
        np.testing.assert_array_equal(points(ax, marker).get_ydata(), result[key])
    low, high = ax.patches[0].get_y(), ax.patches[0].get_y() + ax.patches[0].get_height()
    mean, error = result.mean["test_neg_log_loss"], result.standard_error["test_neg_log_loss"]
    assert [low, high] == pytest.approx([mean - error, mean + error])
    assert texts(ax)[0] == f"test, {mean:.4g} ± {error:.2g}"
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["fold", "neg_log_loss"]


def test_cost_curves_of_the_folds_are_drawn_beside_the_scores(result):
    beside = plot_cross_validation(result).figure.axes[-1]
    assert [line.get_ydata().tolist() for line in beside.lines] == result.loss_curves
    assert [beside.get_xlabel(), beside.get_ylabel()] == ["epoch", "training cost J"]


def test_a_score_is_selected_by_name_or_key_and_defaults_to_the_first(result):
    assert plot_cross_validation(result).get_ylabel() == "accuracy"
    assert plot_cross_validation(result, score="test_neg_log_loss").get_ylabel() == "neg_log_loss"
    with pytest.raises(ParameterError, match=r"unknown score 'acuracy'\. Did you mean 'accuracy'\?"):
        plot_cross_validation(result, score="acuracy")


def test_a_failed_fold_is_marked_at_the_bottom_whatever_its_error_score():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(60, 2)), rng.uniform(1, 2, 60)
    y[0] = -1.0  # negative values are invalid for this cost
    failing = cross_validate(MLPRegressor((3,), loss="poisson", **PATIENT), X, y, cv=KFold(3), error_score=-9.0)
    ax = plot_cross_validation(failing)
    assert points(ax, "x").get_xdata().tolist() == [2, 3]
    assert points(ax, "o").get_xdata().tolist() == [1]
    assert texts(ax)[-1] == "failed"
    ax.figure.canvas.draw()


@pytest.mark.parametrize("place", ["grid", "free"])
def test_cost_curves_take_the_right_half_of_the_axes(result, place):
    figure = plt.figure()
    ax = figure.subplots(1, 2)[0] if place == "grid" else figure.add_axes((0.1, 0.1, 0.8, 0.8))
    before = ax.get_position()
    assert plot_cross_validation(result, ax=ax) is ax
    figure.canvas.draw()
    beside = figure.axes[-1].get_position()
    assert ax.get_position().x1 < beside.x0 < beside.x1 <= before.x1 + 1e-9


def test_an_object_that_is_not_a_cross_validation_raises_an_error():
    with pytest.raises(InputError, match=r"expected a CrossValidation, got dict\. Pass cross_validate\(model, X, y\)"):
        plot_cross_validation({"test_score": [0.5]})
    assert plt.get_fignums() == []
