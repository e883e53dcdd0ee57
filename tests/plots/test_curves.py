"""Plots of the curves of model selection: the scores, a band of one standard error, and the conclusion."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

from multilayer.exceptions import InputError
from multilayer.plots import plot_capacity_curve, plot_learning_curve, plot_regularization_path, plot_seed_spread
from multilayer.selection import CapacityCurve, LearningCurve, RegularizationPath, SeedSpread, mean_and_error

FOLDS = 4
rng = np.random.RandomState(0)


@pytest.fixture(autouse=True)
def _the_same_numbers_in_whatever_order_tests_run():
    rng.seed(0)


def measured(n, low=0.5, high=1.0):
    return rng.uniform(low, high, (n, FOLDS))


def learning(sizes=(50, 100, 200)):
    n = len(sizes)
    return LearningCurve(np.array(sizes), measured(n), measured(n), measured(n), "accuracy")


def capacity(capacities=((64,), (), (4,)), epochs=30):
    n = len(capacities)
    weights = np.array([1.0 + sum(sizes) for sizes in capacities])
    falling = tuple(np.geomspace(1.0, 0.01, epochs) + np.zeros((FOLDS, 1)) for _ in range(n))
    rising = tuple(
        np.r_[np.linspace(1, 0.2, 5), np.linspace(0.2, 0.8, epochs - 5)] + np.zeros((FOLDS, 1)) for _ in range(n)
    )
    return CapacityCurve(capacities, weights, *(measured(n) for _ in range(5)), falling, rising, "accuracy")


def path(alphas=(0.01, 0.1, 1.0)):
    n = len(alphas)
    norms = rng.uniform(1, 2, (n, FOLDS, 2))
    return RegularizationPath(np.array(alphas), *(measured(n) for _ in range(5)), norms, "accuracy")


def spread(seeds=6, divisions=1):
    return SeedSpread(rng.uniform(0.8, 0.9, (seeds, divisions, FOLDS)), "accuracy")


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def with_marker(ax, marker):
    return [line for line in ax.lines if line.get_marker() == marker]


def words(text):
    return text.replace("\n", " ")


ALL = [
    (plot_learning_curve, learning),
    (plot_capacity_curve, capacity),
    (plot_regularization_path, path),
    (plot_seed_spread, spread),
]


def test_learning_curve_shows_means_and_one_standard_error():
    curve = learning()
    ax = plot_learning_curve(curve)
    for marker, scores in (("o", curve.test_scores), ("^", curve.train_scores)):
        (line,) = with_marker(ax, marker)
        means, _ = mean_and_error(scores)
        np.testing.assert_array_equal(line.get_xdata(), curve.sizes)
        np.testing.assert_array_equal(line.get_ydata(), means)
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    means, errors = mean_and_error(curve.test_scores)
    assert [heights.min(), heights.max()] == pytest.approx([(means - errors).min(), (means + errors).max()])
    assert ax.get_title(loc="left") == "Learning curve"
    assert words(ax.figure.get_supxlabel()) == curve.conclusion
    assert texts(ax) == ["validation", "training"]
    assert ax.get_xscale() == "log"


def test_ticks_are_the_sizes_without_those_that_would_overlap():
    ax = plot_learning_curve(learning((50, 51, 52, 100, 1000)))
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["52", "100", "1,000"]


def test_validation_and_training_differ_in_line_style_too():
    ax = plot_learning_curve(learning())
    validation, training = with_marker(ax, "o")[0], with_marker(ax, "^")[0]
    assert validation.get_linestyle() != training.get_linestyle()


def test_a_single_fold_has_no_band():
    one = np.array([[0.5], [0.6]])
    ax = plot_learning_curve(LearningCurve(np.array([10, 20]), one, one, one, "R²"))
    assert not ax.collections
    assert ax.get_ylabel() == "R²"


def test_capacities_are_ordered_by_their_weights_and_best_and_simplest_are_marked():
    curve = capacity()
    ax = plot_capacity_curve(curve)
    beside, below = ax.figure.axes[1:]
    assert [label.get_text() for label in below.get_xticklabels()] == ["linear", "(4,)", "(64,)"]
    (line,) = with_marker(below, "o")
    np.testing.assert_allclose(line.get_ydata(), mean_and_error(curve.test_costs)[0][curve.order])
    best, within = ax.lines[-2:]
    places = [curve.order.index(curve.capacities.index(chosen)) for chosen in (curve.best, curve.simplest)]
    assert [best.get_xdata()[0], within.get_xdata()[0]] == places
    assert texts(ax) == ["validation", "training", "best", "simplest"]
    assert ax.figure.get_suptitle() == "Capacity curve"
    assert words(ax.figure.get_supxlabel()) == curve.conclusion
    stars = with_marker(beside, "*")
    assert [star.get_xdata()[0] for star in stars] == [curve.overfits_from(i) for i in curve.order] == [5, 5, 5]
    assert texts(beside) == ["linear", "(4,)", "(64,)", "validation", "training"]
    assert beside.get_ylabel() == "cost J\n(training: with regularisation)"


def test_curves_of_some_of_many_capacities_are_drawn_including_the_largest():
    curve = capacity(tuple((units,) for units in range(1, 17)))
    beside = plot_capacity_curve(curve).figure.axes[1]
    assert texts(beside)[:-2] == ["(1,)", "(4,)", "(7,)", "(10,)", "(13,)", "(16,)"]


def test_long_tick_labels_are_rotated():
    ax = plot_capacity_curve(capacity(tuple((units, units // 2, 3) for units in range(20, 30))))
    assert {label.get_rotation() for label in ax.figure.axes[2].get_xticklabels()} == {45.0}


def test_regularization_path_marks_its_choices_and_shows_a_norm_for_each_layer():
    found = path()
    ax = plot_regularization_path(found)
    beside = ax.figure.axes[1]
    dotted = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"]
    assert dotted == [found.best]
    assert texts(beside) == ["layer 1 to 2", "layer 2 to 3"]
    np.testing.assert_allclose(with_marker(beside, "o")[0].get_ydata(), found.norms[:, :, 0].mean(axis=1))
    assert ax.figure.get_suptitle() == "Regularization path"
    assert words(ax.figure.get_supxlabel()) == found.conclusion
    assert f"best, {found.best:g}" in texts(ax)


def test_simplest_alpha_is_marked_where_it_is_not_the_best():
    scores = np.array([[0.8, 0.9, 1.0, 0.9], [0.79, 0.89, 0.99, 0.89], [0.1, 0.1, 0.1, 0.1]])
    found = RegularizationPath(np.array([0.1, 1.0, 10.0]), *[scores] * 5, np.ones((3, 4, 1)), "accuracy")
    ax = plot_regularization_path(found)
    assert texts(ax) == ["validation", "training", "best, 0.1", "simplest, 1"]


def test_an_alpha_of_0_is_drawn():
    ax = plot_regularization_path(path((0.0, 0.1, 1.0)))
    assert ax.get_xscale() == "symlog"
    ax.figure.canvas.draw()
    assert plot_regularization_path(path((0.0,))).get_xscale() == "linear"


@pytest.mark.parametrize("divisions", [1, 3])
def test_each_run_is_a_point_and_the_band_has_the_height_of_the_noise_threshold(divisions):
    found = spread(6, divisions)
    ax = plot_seed_spread(found)
    points = with_marker(ax, "o")
    assert len(points) == divisions
    for line, runs in zip(points, found.runs.T, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), runs)
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert np.ptp(heights) == pytest.approx(found.noise_threshold)
    assert texts(ax) == ["a run: one seed", "mean of the runs", f"noise, {found.noise_threshold:.2g}"]
    assert ax.get_title(loc="left") == "Spread over seeds"
    assert words(ax.figure.get_supxlabel()) == found.conclusion


@pytest.mark.parametrize(("draw", "make"), ALL)
def test_given_axes_have_a_short_title_and_no_conclusion(draw, make):
    result = make()
    figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
    draw(result, ax=axes[1, 0])
    assert 5 < len(axes[1, 0].get_title(loc="left")) < 30
    assert figure.get_suptitle() == figure.get_supxlabel() == figure.get_label() == ""
    figure.canvas.draw()


@pytest.mark.parametrize(("draw", "make"), ALL)
def test_missing_values_can_be_drawn(draw, make):
    from dataclasses import fields, replace

    full = make()
    arrays = {f.name: getattr(full, f.name) for f in fields(full) if isinstance(getattr(full, f.name), np.ndarray)}
    gone = {name: np.full(values.shape, np.nan) for name, values in arrays.items() if values.ndim > 1}
    some = {name: values.copy() for name, values in arrays.items() if values.ndim > 1}
    for values in some.values():
        values[0] = np.nan
    if isinstance(full, CapacityCurve):
        gone |= {name: tuple(np.empty((FOLDS, 0)) for _ in full.capacities) for name in ("train_curves", "test_curves")}
    for result in (replace(full, **gone), replace(full, **some)):
        draw(result).figure.canvas.draw()


@pytest.mark.parametrize(("draw", "make"), ALL)
def test_an_object_of_another_type_raises_an_error(draw, make):
    kind = type(make()).__name__
    function = draw.__name__.removeprefix("plot_")
    with pytest.raises(InputError, match=rf"expected a {kind}, got list\. Pass {function}\(model, X, y\) of"):
        draw([0.5])
    assert plt.get_fignums() == []


def test_too_few_seeds_have_no_band():
    ax = plot_seed_spread(spread(2))
    assert not ax.collections
    assert texts(ax) == ["a run: one seed", "mean of the runs"]


@pytest.mark.parametrize(("draw", "make"), [(plot_regularization_path, path), (plot_seed_spread, spread)])
def test_legends_do_not_cover_the_axes(draw, make):
    figure = draw(make()).figure
    figure.canvas.draw()
    for ax in [ax for ax in figure.axes if ax.get_legend() is not None]:
        assert not ax.get_legend().get_window_extent().overlaps(ax.get_window_extent().shrunk(0.99, 0.99))
