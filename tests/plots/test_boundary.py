"""plot_decision_boundary: regions, misclassified points, names, and classifiers that cannot be drawn."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.contour import ContourSet
from matplotlib.markers import MarkerStyle
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_blobs
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.plots import plot_decision_boundary
from multilayer.plots._style import INK, OKABE_ITO

MARK = MarkerStyle("x")
CROSS = MARK.get_path().transformed(MARK.get_transform())


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def points(ax):
    return [c for c in ax.collections if isinstance(c, PathCollection)]


def crosses(ax):
    """Return the positions of the crosses on misclassified points."""
    (crossed,) = [
        c for c in points(ax) if len(c.get_paths()) and np.array_equal(c.get_paths()[0].vertices, CROSS.vertices)
    ]
    return crossed.get_offsets()


def colour_at(ax, point):
    """Return the colour (3,) of the region at a point."""
    (image,) = ax.images
    left, right, low, high = image.get_extent()
    shown = image.get_array()
    n_rows, n_columns = shown.shape[:2]
    column, row = (point[0] - left) / (right - left) * n_columns, (point[1] - low) / (high - low) * n_rows
    pixel = shown[min(int(row), n_rows - 1), min(int(column), n_columns - 1)]
    return np.asarray(pixel if shown.ndim == 3 else image.cmap(image.norm(pixel))[:3])


def boundaries(ax):
    return [c for c in ax.collections if isinstance(c, ContourSet)]


def draw(estimator, X, y=None, **options):
    return plot_decision_boundary(estimator, X, y, grid_resolution=40, **options)


def test_misclassified_points_are_marked_and_counted(moons, moons_network):
    X, y = moons
    ax = draw(moons_network, X, y)
    wrong = moons_network.predict(X) != y
    assert wrong.any()
    np.testing.assert_array_equal(crosses(ax), X[wrong])
    assert legend_texts(ax) == ["0", "1", f"misclassified: {wrong.sum()} of 120"]


def test_mistakes_lie_on_top_in_full_colour_with_a_dark_edge(moons, moons_network):
    X, y = moons
    wrong = moons_network.predict(X) != y
    ax = draw(moons_network, X, y)
    for k in (0, 1):
        pale, full = [
            next(c for c in points(ax) if np.array_equal(c.get_offsets(), X[(y == k) & chosen]))
            for chosen in (~wrong, wrong)
        ]
        assert to_hex(full.get_facecolor()[0]) == OKABE_ITO[k].lower()
        assert to_hex(full.get_edgecolor()[0]) == INK
        assert pale.get_facecolor()[0, :3].min() > full.get_facecolor()[0, :3].min()
        assert full.get_zorder() > pale.get_zorder()


@pytest.mark.parametrize("response", ["class", "auto"])
def test_the_boundary_is_where_both_classes_are_equally_probable(moons, moons_network, response):
    """A line along the cells of the grid, a staircase, would be off by up to half a cell."""
    ax = draw(moons_network, *moons, response=response)
    (line,) = boundaries(ax)
    vertices = np.concatenate([path.vertices for path in line.get_paths()])
    assert len(vertices) > 20
    assert np.abs(moons_network.predict_proba(vertices)[:, 1] - 0.5).max() < 0.02


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("response", ["class", "probability"])
def test_regions_have_the_colour_of_the_predicted_class(n_classes, response):
    X, y = make_blobs(30 * n_classes, centers=n_classes, random_state=0)
    estimator = GaussianNB().fit(X, y)
    ax = draw(estimator, X, y, response=response)
    full = np.array([to_rgb(OKABE_ITO[k]) for k in range(n_classes)])
    probabilities = np.sort(estimator.predict_proba(X), axis=1)
    certain = probabilities[:, -1] - probabilities[:, -2] > 0.2
    assert certain.sum() > 30
    for point, k in zip(X[certain], estimator.predict(X)[certain], strict=True):
        tint = 1.0 - colour_at(ax, point)  # what is missing to white
        assert np.argmax((1.0 - full) @ tint / np.linalg.norm(1.0 - full, axis=1)) == k


def test_regions_are_paler_where_the_class_is_less_certain():
    X, y = make_blobs(90, centers=3, random_state=0)
    estimator = GaussianNB().fit(X, y)
    ax = draw(estimator, X, y)
    assert legend_texts(ax)[-1] == "pale: uncertain"
    probabilities = np.sort(estimator.predict_proba(X), axis=1)
    lead = probabilities[:, -1] - probabilities[:, -2]
    strength = [(1.0 - colour_at(ax, point)).max() for point in X]
    assert strength[int(lead.argmin())] < 0.5 * strength[int(lead.argmax())]


def test_a_classifier_with_another_threshold_has_the_boundary_of_its_predictions(moons):
    X, y = moons
    strict = FixedThresholdClassifier(LogisticRegression(), threshold=0.9).fit(X, y)
    ax = draw(strict, X, y)
    assert len(ax.figure.axes) == 1  # no bar of probabilities
    for point, label in zip(X, strict.predict(X), strict=True):
        blue, red = 1.0 - np.array([to_rgb(OKABE_ITO[k]) for k in (0, 1)])
        tint = 1.0 - colour_at(ax, point)
        near = abs(strict.predict_proba(point[np.newaxis])[0, 1] - 0.9) < 0.05
        assert near or (tint @ red / np.linalg.norm(red) > tint @ blue / np.linalg.norm(blue)) == (label == 1)


def test_a_classifier_without_probabilities_has_a_smooth_boundary_too(moons):
    X, y = moons
    machine = LinearSVC().fit(X, y)
    ax = draw(machine, X, y)
    (line,) = boundaries(ax)
    vertices = np.concatenate([path.vertices for path in line.get_paths()])
    np.testing.assert_allclose(machine.decision_function(vertices), 0.0, atol=1e-9)


def test_moons_are_drawn_in_less_than_a_second(moons, moons_network):
    draw(moons_network, *moons)  # imports matplotlib's and scikit-learn's modules
    began = time.process_time()
    plot_decision_boundary(moons_network, *moons).figure.canvas.draw()
    assert time.process_time() - began < 1.0


def test_a_regressor_has_a_surface_with_labelled_lines_and_rows_in_the_colours_of_y():
    rng = np.random.RandomState(0)
    X = rng.uniform(-1, 1, (80, 2))
    y = 3.0 * X[:, 0] - X[:, 1]
    ax = draw(LinearRegression().fit(X, y), X, y)
    (image,) = ax.images
    (rows,) = points(ax)
    np.testing.assert_array_equal(rows.get_array(), y)
    assert rows.get_clim() == image.get_clim()
    (lines,) = boundaries(ax)
    assert len(lines.labelTexts) > 2
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        np.testing.assert_allclose(path.vertices @ [3.0, -1.0], level, atol=1e-6)
    assert ax.figure.axes[1].get_xlabel() == "prediction"
    assert len(points(draw(LinearRegression().fit(X, y), X))) == 1
    with pytest.raises(ShapeError, match=r"one amount for each of the 80 rows, got shape \(3,\)"):
        draw(LinearRegression().fit(X, y), X, y[:3])
    with pytest.raises(InputError, match="several outputs"):
        draw(LinearRegression().fit(X, np.c_[y, y]), X)


def test_axes_limits_contain_all_points_with_a_margin_for_each_feature():
    X = np.array([[0.0, 0.0], [1000.0, 0.001], [0.0, 0.001]])
    ax = draw(GaussianNB().fit(X, [0, 1, 1]), X)
    assert ax.get_xlim() == pytest.approx((-80, 1080))
    assert ax.get_ylim() == pytest.approx((-0.00008, 0.00108))


@pytest.mark.parametrize("response", ["class", "probability"])
@pytest.mark.parametrize("n_classes", [2, 3, 8, 12])
def test_each_class_has_a_region_with_its_own_colour(response, n_classes):
    X, y = make_blobs(30 * n_classes, centers=n_classes, random_state=0)
    ax = draw(GaussianNB().fit(X, y), X, y, response=response)
    assert len(legend_texts(ax)) == n_classes + 1 + (response == "probability" and n_classes > 2)
    assert len(boundaries(ax)) == (1 if n_classes == 2 else n_classes)
    ax.figure.canvas.draw()
    if response == "class":
        colors = np.unique(np.round(ax.images[0].get_array().reshape(-1, 3), 6), axis=0)
        assert len(colors) == min(n_classes, 8)


def test_two_classes_have_a_probability_scale_centred_on_one_half(moons, moons_network):
    ax = draw(moons_network, *moons, response="probability", class_names=["upper", "lower"])
    (mesh,) = ax.images
    assert (mesh.norm.vmin, mesh.norm.vmax) == (0.0, 1.0)
    assert min(mesh.cmap(0.5)[:3]) > 0.98
    (bar,) = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_xlabel() == "probability of lower"
    assert legend_texts(ax)[:2] == ["upper", "lower"]


def test_more_than_two_classes_have_no_scale():
    X, y = make_blobs(60, centers=3, random_state=0)
    ax = draw(GaussianNB().fit(X, y), X, y, response="probability")
    assert ax.figure.axes == [ax]


def test_points_without_labels_are_grey_and_nothing_is_counted(moons, moons_network):
    ax = draw(moons_network, moons[0])
    assert legend_texts(ax) == ["0", "1"]
    (grey,) = points(ax)
    assert len(grey.get_offsets()) == 120


def test_labels_of_one_class_keep_their_colour(moons, moons_network):
    X, y = moons
    colors = [
        {to_hex(c.get_facecolor()[0]) for c in points(ax) if set(map(tuple, c.get_offsets())) <= ones}
        for ones in [set(map(tuple, X[y == 1]))]
        for ax in (draw(moons_network, X, y), draw(moons_network, X[y == 1], y[y == 1]))
    ]
    assert colors[0] == colors[1] - {INK}  # the crosses, which are now all on one class
    assert OKABE_ITO[1].lower() in colors[0]
    assert legend_texts(draw(moons_network, X[y == 1], y[y == 1]))[:2] == ["0", "1"]


def test_a_classifier_with_a_single_class_is_drawn():
    X = np.array([[0.0, 1.0], [2.0, 1.0]])
    estimator = DummyClassifier().fit(X, ["all", "all"])
    ax = draw(estimator, X, ["all", "all"])
    assert legend_texts(ax) == ["all", "misclassified: 0 of 2"]
    assert len(crosses(ax)) == 0
    with pytest.raises(InputError, match="knows a single class"):
        draw(estimator, X, response="probability")


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame])
def test_a_frame_is_passed_to_a_pipeline_as_a_frame(container):
    iris = load_iris()
    names = ["petal length (cm)", "petal width (cm)"]
    table = container({name: iris.data[:, 2 + j] for j, name in enumerate(names)})
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, iris.target_names[iris.target])
    ax = draw(pipeline, table, iris.target_names[iris.target])
    assert [ax.get_xlabel(), ax.get_ylabel()] == names
    assert legend_texts(ax)[:3] == ["setosa", "versicolor", "virginica"]
    # The same by position: the names are those of the fit, and the warning of scikit-learn is suppressed. (scikit-learn
    # 1.8 does not recognise the names in a frame of polars 2.)
    ax = draw(pipeline, table.to_numpy(), iris.target_names[iris.target])
    known = list(getattr(pipeline, "feature_names_in_", ["$x_{1}$", "$x_{2}$"]))
    assert [ax.get_xlabel(), ax.get_ylabel()] == known


def test_a_frame_is_accepted_by_an_estimator_fitted_on_an_array(moons, moons_network):
    X, y = moons
    ax = draw(moons_network, pd.DataFrame(X, columns=["a", "b"]), y)
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["a", "b"]


@pytest.mark.parametrize(
    ("make", "options", "error", "message"),
    [
        (lambda X, y: LogisticRegression().fit(np.c_[X, X], y), {}, ShapeError, "fitted on 4 features.*Fit one on two"),
        (lambda X, _: KMeans(2).fit(X), {}, InputError, "KMeans has no classes_ and is no regressor"),
        (lambda X, y: KNeighborsClassifier().fit(X, np.c_[y, y]), {}, InputError, "several outputs"),
        (lambda X, y: LinearSVC().fit(X, y), {"response": "probability"}, InputError, "LinearSVC has no predict_proba"),
        (lambda X, y: GaussianNB().fit(X, y), {"response": "clas"}, ParameterError, "Did you mean 'class'"),
        (lambda X, y: GaussianNB().fit(X, y), {"grid_resolution": 1}, ParameterError, "at least 2, got 1"),
        (lambda X, y: GaussianNB().fit(X, y), {"class_names": ["a"]}, ParameterError, "must have 2 names, got 1"),
    ],
)
def test_classifiers_without_a_decision_boundary_raise_errors(make, options, error, message, moons):
    X, y = moons
    with pytest.raises(error, match=message):
        plot_decision_boundary(make(X, y), X, y, **options)


def test_invalid_points_raise_errors(moons, moons_network):
    X, y = moons
    with pytest.raises(ShapeError, match=r"got shape \(120, 1\)"):
        plot_decision_boundary(moons_network, X[:, :1], y)
    with pytest.raises(InputError, match="NaN or infinite values in 120 of 120 rows"):
        plot_decision_boundary(moons_network, X * np.nan, y)
    with pytest.raises(InputError, match=r"not fitted on: 2\. It knows 0, 1"):
        plot_decision_boundary(moons_network, X, y + 1)
