"""plot_decision_boundary: regions, misclassified points, names, and classifiers that cannot be drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet
from sklearn.datasets import load_iris, make_blobs
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.plots import plot_decision_boundary


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def points(ax):
    return [c for c in ax.collections if isinstance(c, PathCollection)]


def rings(ax):
    """Return the positions of the unfilled circles around misclassified points."""
    (hollow,) = [c for c in points(ax) if len(c.get_facecolor()) == 0]
    return hollow.get_offsets()


def meshes(ax):
    return [c for c in ax.collections if isinstance(c, QuadMesh)]


def boundaries(ax):
    return [c for c in ax.collections if isinstance(c, ContourSet)]


def draw(estimator, X, y=None, **options):
    return plot_decision_boundary(estimator, X, y, grid_resolution=40, **options)


def test_misclassified_points_are_marked_and_counted(moons, moons_network):
    X, y = moons
    ax = draw(moons_network, X, y)
    wrong = moons_network.predict(X) != y
    assert wrong.any()
    np.testing.assert_array_equal(rings(ax), X[wrong])
    assert legend_texts(ax) == ["0", "1", f"misclassified: {wrong.sum()} of 120"]


def test_regions_match_predict(moons, moons_network):
    ax = draw(moons_network, *moons)
    (mesh,) = meshes(ax)
    corners = mesh.get_coordinates()  # the grid points lie in the middle of the cells
    grid = (corners[:-1, :-1] + corners[1:, 1:]) / 2
    predicted = moons_network.predict(grid.reshape(-1, 2))
    np.testing.assert_array_equal(np.asarray(mesh.get_array()).ravel(), predicted)
    assert len(boundaries(ax)) == 1


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
    assert len(legend_texts(ax)) == n_classes + 1
    assert len(boundaries(ax)) == (1 if n_classes == 2 else n_classes)
    ax.figure.canvas.draw()
    if response == "class":
        (mesh,) = meshes(ax)
        colors = {to_hex(mesh.cmap(mesh.norm(k))) for k in range(n_classes)}
        assert len(colors) == min(n_classes, 8)


def test_two_classes_have_a_probability_scale_centred_on_one_half(moons, moons_network):
    ax = draw(moons_network, *moons, response="probability", class_names=["upper", "lower"])
    (mesh,) = meshes(ax)
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
        [to_hex(c.get_facecolor()[0]) for c in points(ax) if len(c.get_facecolor())]
        for ax in (draw(moons_network, X, y), draw(moons_network, X[y == 1], y[y == 1]))
    ]
    assert colors[1] == colors[0][1:]
    assert legend_texts(draw(moons_network, X[y == 1], y[y == 1]))[:2] == ["0", "1"]


def test_a_classifier_with_a_single_class_is_drawn():
    X = np.array([[0.0, 1.0], [2.0, 1.0]])
    estimator = DummyClassifier().fit(X, ["all", "all"])
    ax = draw(estimator, X, ["all", "all"])
    assert legend_texts(ax) == ["all", "misclassified: 0 of 2"]
    assert len(rings(ax)) == 0
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
        (lambda X, y: LinearRegression().fit(X, y), {}, InputError, "LinearRegression has no classes_"),
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
