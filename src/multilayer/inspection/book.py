"""A fitted network and some rows, put to the functions of the equations: its trace, and a check of its gradient."""

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
from multilayer.network import norms, thetas


def trace(model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any) -> Trace:
    """All Z, A, delta, Delta and D of these rows; see the method of the estimators."""
    return equations.trace(**_arguments(model, adapter, X, y, sample_weight))


def check_gradient(model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any) -> GradientCheck:
    """Backpropagation against difference quotients; see the method of the estimators."""
    return equations.check_gradient(**_arguments(model, adapter, X, y, sample_weight))


def _arguments(model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
    objective, _ = objective_on(model, adapter, X, y, sample_weight)
    network, parameters = model.network_, model.parameters_
    return {
        "X": as_dense(objective.X),
        "Y": objective.Y,
        "thetas": thetas(network, parameters),
        "lam": Penalty(objective.lam, objective.lam1),
        "hidden": network.hidden,
        "output": output_unit(network.output, network.cost),
        "sample_weight": objective.sample_weight,
        "norms": norms(network, parameters),
    }
