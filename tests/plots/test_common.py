"""Properties of all plots: lazy imports, the returned Axes, figures, and errors that are raised before a figure is
made.
"""

from __future__ import annotations

import functools
import inspect
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from sklearn.base import clone

import multilayer.plots
from multilayer.estimators import MLPClassifier
from multilayer.exceptions import InputError, MissingExtraError, MultilayerError, ParameterError
from multilayer.plots import plot_cost, plot_data, plot_decision_boundary, plot_network, plot_weights
from multilayer.selection import (
    capacity_curve,
    cross_validate,
    find_step_size,
    learning_curve,
    regularization_path,
    search,
    seed_spread,
)

from ..problems import MOONS
from .test_reasons import EXPLANATION, IMPORTANCE, dependence

NAMES = [
    "plot_capacity_curve",
    "plot_computation_graph",
    "plot_cost",
    "plot_cross_validation",
    "plot_data",
    "plot_decision_boundary",
    "plot_diagnosis",
    "plot_explanation",
    "plot_importance",
    "plot_learning_curve",
    "plot_network",
    "plot_partial_dependence",
    "plot_predictions",
    "plot_propagation",
    "plot_regularization_path",
    "plot_search",
    "plot_seed_spread",
    "plot_step_sizes",
    "plot_weights",
]


SMALL = MLPClassifier((3,), solver="lbfgs", tol=0.1, random_state=0)
RESULTS = {
    "plot_capacity_curve": lambda: capacity_curve(SMALL, *MOONS, cv=2, capacities=[(2,), (3,)]),
    "plot_cross_validation": lambda: cross_validate(SMALL, *MOONS, cv=2),
    "plot_diagnosis": lambda: clone(SMALL).fit(*MOONS).diagnose(*MOONS),
    "plot_explanation": lambda: EXPLANATION,
    "plot_importance": lambda: IMPORTANCE,
    "plot_learning_curve": lambda: learning_curve(SMALL, *MOONS, cv=2, sizes=[0.5, 1.0], random_state=0),
    "plot_partial_dependence": lambda: dependence([1.0, 2.0]),
    "plot_regularization_path": lambda: regularization_path(SMALL, *MOONS, cv=2, alphas=[0.1, 1.0]),
    "plot_search": lambda: search(SMALL, {"alpha": [0.1, 1.0]}, *MOONS, cv=2),
    "plot_seed_spread": lambda: seed_spread(SMALL, *MOONS, cv=2, n_seeds=2),
    "plot_step_sizes": lambda: find_step_size(MLPClassifier((3,), random_state=0), *MOONS),
}


@functools.cache
def result(name):
    """Return the object that a plot draws, where it is not a network; trained once."""
    return RESULTS[name]()


def draw(name, moons, network, **options):
    """Call a plot function with the result, the network or the data that it draws."""
    X, y = moons
    arguments = {
        "plot_computation_graph": ([("x", [], 3.0, 2.0), ("2 x", {"x": 2.0}, 6.0, 1.0)],),
        "plot_data": (X, y),
        "plot_decision_boundary": (network, X, y),
        "plot_predictions": (y, network.predict_proba(X)[:, 1]),
        "plot_propagation": ([np.array([[0.5, -1.0, 2.0]])], [1.0, 2.0]),
    }
    given = (result(name),) if name in RESULTS else arguments.get(name, (network,))
    return getattr(multilayer.plots, name)(*given, **options)


def test_public_names_are_complete_and_sorted():
    assert multilayer.plots.__all__ == ["make_readable", *NAMES]


def test_importing_the_package_does_not_import_matplotlib():
    code = "import sys, multilayer.plots; sys.exit(any(m.split('.')[0] == 'matplotlib' for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_plots_draw_on_the_given_axes_and_return_them(name, moons, moons_network):
    figure, axes = plt.subplots(1, 2)
    assert draw(name, moons, moons_network, ax=axes[1]) is axes[1]
    assert axes[1].get_children() != axes[0].get_children()
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()


@pytest.mark.parametrize("name", NAMES)
def test_plots_without_axes_make_one_figure_and_keep_the_backend(name, moons, moons_network, tmp_path):
    ax = draw(name, moons, moons_network)
    assert isinstance(ax, Axes)
    assert plt.get_fignums() == [ax.figure.number]
    assert matplotlib.get_backend().lower() == "agg"
    ax.figure.savefig(tmp_path / "picture.svg")  # with another renderer than that of the screen


@pytest.mark.parametrize("name", NAMES)
def test_new_figures_have_an_alternative_text_and_short_titles(name, moons, moons_network):
    figure = draw(name, moons, moons_network).figure
    assert len(figure.get_label()) > 10
    titles = [figure.get_suptitle(), *(ax.get_title(loc=loc) for ax in figure.axes for loc in ("left", "center"))]
    assert max(map(len, titles)) <= 45


@pytest.mark.parametrize("name", NAMES)
def test_plots_do_not_call_show(name, moons, moons_network, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_args, **_kwargs: pytest.fail("plt.show was called"))
    draw(name, moons, moons_network)


@pytest.mark.parametrize("name", NAMES)
def test_several_axes_raise_an_error_with_a_hint(name, moons, moons_network):
    _, axes = plt.subplots(1, 2)
    with pytest.raises(
        ParameterError, match=r"got ndarray\. Of several from plt\.subplots, pass one, such as axes\[0\]"
    ):
        draw(name, moons, moons_network, ax=axes)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_matplotlib_raises_an_error_that_names_the_extra(name, moons, moons_network, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r'plotting needs matplotlib.*pip install "multilayer\[plots\]"'):
        draw(name, moons, moons_network)


@pytest.mark.parametrize(
    "draw_unfitted",
    [
        plot_cost,
        plot_network,
        plot_weights,
        lambda estimator: plot_decision_boundary(estimator, np.zeros((3, 2))),
    ],
)
def test_an_unfitted_estimator_raises_an_error_and_leaves_no_figure(draw_unfitted):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError, match="this MLPClassifier is not fitted") as caught:
        draw_unfitted(MLPClassifier())
    assert isinstance(caught.value, MultilayerError)
    assert plt.get_fignums() == []


def test_a_class_or_another_object_instead_of_an_estimator_raises_an_error():
    with pytest.raises(InputError, match=r"got the class MLPClassifier\. Pass MLPClassifier\(\)\.fit\(X, y\)"):
        plot_network(MLPClassifier)
    with pytest.raises(InputError, match="expected a fitted estimator, got str"):
        plot_network("network.json")


@pytest.mark.parametrize("name", NAMES)
def test_documented_defaults_equal_those_of_the_signature(name):
    function = getattr(multilayer.plots, name)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default in (None, inspect.Parameter.empty):
            continue
        default = str(parameter.default)
        lines = [line for line in function.__doc__.splitlines() if line.strip().startswith(f"{parameter.name} :")]
        assert len(lines) == 1, parameter.name
        assert lines[0].replace('"', "").endswith(f"default {default}"), lines[0]


def test_text_from_the_data_is_not_interpreted_as_mathematics(moons):
    X, y = moons
    ax = plot_data(X, y, feature_names=["US$ to A$", "x_$1"], class_names=["_hidden", "$^$"])
    ax.figure.canvas.draw()
    assert ax.get_xlabel() == "US$ to A$"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["_hidden", "$^$"]


def test_every_plot_draws_a_network_of_this_library(moons):
    network = MLPClassifier((5, 5), output="sigmoid", max_iter=5, n_iter_no_change=np.inf, random_state=0).fit(*moons)
    for name in set(NAMES) - set(RESULTS):
        draw(name, moons, network).figure.canvas.draw()
    assert {"2 units", "0", "1"} <= {text.get_text() for text in plot_network(network).texts}
