"""Trace and gradient check of a fitted network, by the functions of the equations."""

from __future__ import annotations

from typing import Any

from multilayer import equations
from multilayer.equations.checking import GradientCheck
from multilayer.equations.costs import output_unit
from multilayer.equations.extensions.penalties import Penalty
from multilayer.equations.extensions.tracing import Trace
from multilayer.fits.columns import as_dense
from multilayer.fits.reading import objective_on
from multilayer.fits.targets import TargetAdapter
from multilayer.network import first_activations, norms, thetas


def trace(model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any) -> Trace:
    """Return all Z, A, delta, Delta and D of one forward and backward pass over these rows.

    Parameters
    ----------
    model : estimator
        A fitted MLPClassifier or MLPRegressor.
    adapter : TargetAdapter
        The conversion of y to targets.
    X, y, sample_weight : as in ``fit``
        The rows.

    Returns
    -------
    Trace
        In float64.
    """
    return equations.trace(**_arguments(model, adapter, X, y, sample_weight))


def check_gradient(model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any) -> GradientCheck:
    """Compare the gradient of backpropagation with difference quotients.

    Parameters
    ----------
    model : estimator
        A fitted MLPClassifier or MLPRegressor.
    adapter : TargetAdapter
        The conversion of y to targets.
    X, y, sample_weight : as in ``fit``
        The rows.

    Returns
    -------
    GradientCheck
        The report.
    """
    return equations.check_gradient(**_arguments(model, adapter, X, y, sample_weight))


def _arguments(model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
    objective, _ = objective_on(model, adapter, X, y, sample_weight)
    network, parameters = model.network_, model.parameters_
    return {
        "X": first_activations(network, parameters, as_dense(objective.X)),
        "Y": objective.Y,
        "thetas": thetas(network, parameters),
        "lam": Penalty(objective.lam, objective.lam1),
        "hidden": network.hidden,
        "output": output_unit(network.output, network.cost),
        "sample_weight": objective.sample_weight,
        "norms": norms(network, parameters),
    }
