"""Findings from the measurements of a fitted network; each function looks for one kind of fault.

The thresholds are rules of thumb, chosen so that healthy networks have no findings; tests/inspection/test_diagnosis.py
tests both cases.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines import get_engine
from multilayer.exceptions import ParameterError
from multilayer.fits.constant_cost import constant_cost, stays_far_above
from multilayer.fits.reading import objective_on
from multilayer.fits.scores import skill
from multilayer.fits.settings import AUTO, settings_of
from multilayer.fits.targets import TargetAdapter
from multilayer.inspection.diagnosis import SEVERITIES, Diagnosis, Finding
from multilayer.inspection.vitals import Case, Vitals, measure_vitals

BOUNDED = ("sigmoid", "tanh")
MANY, MOST = 1 / 2, 3 / 4  # shares of the units of a layer for a warning and a problem
CONSTANT = 1e-6  # of units; relative to their size
CONSTANT_OUTPUT = 1e-3  # the range of an output relative to that of its targets
UNMOVED = 1e-5  # update / weight
SHAKEN = 0.5
NO_WEIGHT = 1e-3  # root mean square of a layer's weights
UNCONVERGED = 1e-2  # the slope of log J by log weights above which training has not converged
VANISHED = 1e-3  # gradient / weight of a layer relative to the largest of all layers
LARGE_COLUMN, UNEVEN_COLUMNS, SMALL_COLUMNS = 30.0, 100.0, 0.01  # root mean squares of columns, and their ratio
LARGE_TARGET = 100.0
NO_SKILL = 0.1
GAP_OF_ACCURACY, GAP_OF_R2 = 0.05, 0.1
ROSE, JUMPED = 1.05, 3.0  # the last cost and the largest one relative to the first
UNSTEADY, RISES = 0.05, 0.25  # median change per epoch relative to the first cost, and the share of epochs that rise
SLOW, SMOOTH = 0.2, 0.9  # the total fall relative to the first cost, and the share of epochs that fall
FEWEST_ROWS = 10  # fewer rows say little about a network
STILL_FALLING = 0.05  # the fall in the last tenth of the epochs relative to the cost


def diagnose(
    model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any
) -> Diagnosis:
    """Look for common faults of a fitted network.

    Parameters
    ----------
    model : estimator
        A fitted MLPClassifier or MLPRegressor.
    adapter : TargetAdapter
        The conversion of y to targets.
    X, y, sample_weight : as in ``fit``
        The training rows.
    X_val, y_val : as X and y, or None
        Held-out rows; None for the rows held out by ``early_stopping``.

    Returns
    -------
    Diagnosis
        Findings with severity, evidence and advice.
    """
    if (X_val is None) != (y_val is None):
        raise ParameterError("one of X_val and y_val is missing. Pass both or neither.")
    objective, targets = objective_on(model, adapter, X, y, sample_weight)
    case = Case(
        objective,
        model.parameters_,
        model._training_state,
        get_engine(model.engine, objective.network, model.n_jobs),
        settings_of(model),
        model.loss_curve_,
        targets.cost_divisor,
        targets.score,
        None if X_val is None else objective_on(model, adapter, X_val, y_val, None)[0],
        list(map(str, model.feature_names_in_)) if hasattr(model, "feature_names_in_") else None,
    )
    vitals = measure_vitals(case)
    score, _ = _skill(case, vitals.H)
    found = tuple(all_findings(case, vitals))
    return Diagnosis(found, tuple(vitals.layers), objective.X.shape[0], score, validation_score(case)[0])


def all_findings(case: Case, vitals: Vitals) -> list[Finding]:
    """Return all findings, the worst first."""
    found = [finding for find in DETECTORS for finding in find(case, vitals)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def badly_scaled_inputs(case: Case, vitals: Vitals) -> Iterator[Finding]:
    sizes = vitals.column_sizes
    used = sizes[sizes > 0]
    if not len(used):
        return
    largest, median = float(used.max()), float(np.median(used))
    evidence = {"largest": largest, "median": median, "column": float(sizes.argmax())}
    advice = "put a StandardScaler before the network, or divide the columns by their usual size."
    if largest > LARGE_COLUMN or largest > UNEVEN_COLUMNS * median:
        severity = "problem" if largest > 1000 else "warning"
        column, names = int(sizes.argmax()), case.column_names
        yield Finding(
            "inputs badly scaled",
            severity,
            f"column {column if names is None else repr(names[column])} of X",
            f"its root mean square is {largest:.3g}, the median of all columns {median:.3g}; it should be near 1.",
            advice,
            evidence,
        )
    elif largest < SMALL_COLUMNS:
        what = f"the largest root mean square of a column is {largest:.3g}; it should be near 1."
        yield Finding("inputs badly scaled", "warning", "all columns of X", what, advice, evidence)


def badly_scaled_targets(case: Case, vitals: Vitals) -> Iterator[Finding]:  # noqa: ARG001 the same signature for all
    if case.objective.network.output != "identity":
        return
    size = float(np.sqrt(np.mean(case.objective.Y.astype(np.float64) ** 2)))
    if size > LARGE_TARGET:
        what = f"the root mean square of y is {size:.3g}; it should be near 1."
        advice = "standardize_targets=True."
        yield Finding("targets badly scaled", "warning", "", what, advice, {"size": size})


def silent_units(case: Case, vitals: Vitals) -> Iterator[Finding]:  # noqa: ARG001
    """Find units with almost no gradient: dead units, and saturated units at a bound."""
    for layer in vitals.layers[:-1]:
        is_bounded = layer.activation in BOUNDED
        silent = layer.silent
        n, share = int(silent.sum()), float(silent.mean())
        if n == 0:
            continue
        if is_bounded:
            what = f"{n} of {len(silent)} {layer.activation} units are at a bound in at least 99% of the rows"
            advice = "scale the inputs, start with smaller weights (initialization='glorot'), or raise alpha."
        else:
            rows = "no row" if layer.activation == "relu" else "at most 1% of the rows"
            what = f"{n} of {len(silent)} {layer.activation} units respond to {rows}"
            advice = "a smaller learning_rate_init, scaled inputs, initialization='he', or activation='leaky_relu'."
        yield Finding(
            "saturated units" if is_bounded else "dead units",
            _severity(share),
            _hidden_layer(layer.layer),
            f"{what}: no gradient reaches their weights.",
            advice,
            {"units": float(n), "share": share},
        )


def constant_units(case: Case, vitals: Vitals) -> Iterator[Finding]:
    if case.objective.X.shape[0] < 2:
        return
    for layer in vitals.layers[:-1]:
        size = np.maximum(np.maximum(np.abs(layer.min_activation), np.abs(layer.max_activation)), 1.0)
        constant = (layer.max_activation - layer.min_activation <= CONSTANT * size) & ~layer.silent
        n, share = int(constant.sum()), float(constant.mean())
        if n:
            yield Finding(
                "constant units",
                _severity(share),
                _hidden_layer(layer.layer),
                f"{n} of {len(constant)} units have the same activation for every row.",
                "another initialization than 'zeros', a smaller alpha, or fewer layers.",
                {"units": float(n), "share": share},
            )


def constant_outputs(case: Case, vitals: Vitals) -> Iterator[Finding]:
    ranges, wanted = np.ptp(vitals.H, axis=0), np.ptp(case.objective.Y.astype(np.float64), axis=0)
    constant = (ranges <= CONSTANT_OUTPUT * wanted) & (wanted > 0)
    if constant.any():
        k = int(constant.argmax())
        yield Finding(
            "constant outputs",
            "problem",
            "the output layer",
            f"{int(constant.sum())} of {len(constant)} outputs are the same for every row: output {k} has a range of "
            f"{ranges[k]:.2g}, its targets {wanted[k]:.2g}.",
            "see the other findings; otherwise scale the inputs and targets, or change the step size.",
            {"outputs": float(constant.sum()), "range": float(ranges[k])},
        )


def unmoved_weights(case: Case, vitals: Vitals) -> Iterator[Finding]:
    ratios = np.array([layer.update_ratio for layer in vitals.layers])
    if np.isnan(ratios).any() or _slope(vitals) < UNCONVERGED:
        return
    if ratios.max() < UNMOVED:
        yield Finding(
            "weights hardly move",
            "problem",
            "all layers",
            f"one more update changes them by {ratios.max():.1e} of their size, although the cost has a slope of "
            f"{_slope(vitals):.2g}; 1e-3 is usual.",
            f"a larger learning_rate_init, such as {10 * case.settings.learning_rate_init:g}.",
            {"update_ratio": float(ratios.max()), "slope": _slope(vitals)},
        )


def vanishing_gradient(case: Case, vitals: Vitals) -> Iterator[Finding]:  # noqa: ARG001
    if _slope(vitals) < UNCONVERGED:
        return
    sizes = np.array([layer.gradient_size / max(layer.weight_size, 1e-300) for layer in vitals.layers])
    least = int(sizes.argmin())
    if sizes[least] < VANISHED * sizes.max():
        yield Finding(
            "vanishing gradient",
            "warning",
            _layer(vitals, least),
            f"the gradient of its weights, relative to them, is {sizes[least] / sizes.max():.1e} of that in "
            f"{_layer(vitals, int(sizes.argmax()))}.",
            "fewer layers, activation='relu' or another unbounded one, or initialization='he'.",
            {"gradient_ratio": float(sizes[least] / sizes.max())},
        )


def few_rows(case: Case, vitals: Vitals) -> Iterator[Finding]:  # noqa: ARG001
    n = case.objective.X.shape[0]
    if n < FEWEST_ROWS:
        what = f"the diagnosis is based on {n} row{'s' * (n > 1)}, so its findings are not reliable."
        advice = f"diagnose(X, y) with the training rows, at least {FEWEST_ROWS} of them."
        yield Finding("too few rows", "warning", "", what, advice, {"rows": float(n)})


def cost_above_constant(case: Case, vitals: Vitals) -> Iterator[Finding]:
    """Find a step size that is far too large: the cost stays at several times that of a constant prediction."""
    if not case.costs or case.settings.solver == "lbfgs" or any(badly_scaled_inputs(case, vitals)):
        return
    last, constant = case.costs[-1], constant_cost(case.objective, case.settings) / case.cost_divisor
    if stays_far_above(case.costs, constant):
        alpha = case.settings.learning_rate_init
        what = f"with learning_rate_init={alpha:g} the last cost was {last:.3g}, that of a constant is {constant:.3g}."
        advice = f"a smaller learning_rate_init, such as {min(alpha / 10, 0.001):g}."
        evidence = {"cost": last, "constant_cost": constant}
        yield Finding("step size too large", "problem", "", what, advice, evidence)


def step_size(case: Case, vitals: Vitals) -> Iterator[Finding]:
    """Find a step size that is too large (the cost goes up and down) or too small (it falls slowly and steadily)."""
    costs = np.asarray(case.costs, dtype=np.float64)
    if case.settings.solver == "lbfgs" or len(costs) < 5 or any(cost_above_constant(case, vitals)):
        return
    alpha = case.settings.learning_rate_init
    late = np.diff(costs[len(costs) // 2 :])
    change = float(np.median(np.abs(late)) / costs[0]) if costs[0] > 0 else 0.0
    rises = float((late > 0).mean())
    ratio = _largest_update(case, vitals)
    smaller = f"a smaller learning_rate_init, such as {alpha / 3:.2g}, or learning_rate='adaptive' with solver='sgd'."
    if (change > UNSTEADY and rises > RISES) or costs[-1] > ROSE * costs[0] or costs.max() > JUMPED * costs[0]:
        what = (
            f"with learning_rate_init={alpha:g} the first cost was {costs[0]:.3g}, the last {costs[-1]:.3g} and the "
            f"largest {costs.max():.3g}; in the second half it rose in "
            f"{rises:.0%} of the epochs, with a median change of {change:.1%} of the first cost."
        )
        severity = "problem" if costs[-1] > ROSE * costs[0] else "warning"
        yield Finding("step size too large", severity, "", what, smaller, {"rises": rises, "change": change})
    elif ratio > SHAKEN:
        what = (
            f"with learning_rate_init={alpha:g} one more update changes the weights of a layer by {ratio:.0%} of their "
            "size; 0.1% is usual."
        )
        yield Finding("step size too large", "warning", "", what, smaller, {"update_ratio": ratio})
    fall, falling = 1.0 - costs[-1] / costs[0] if costs[0] > 0 else 1.0, float((np.diff(costs) < 0).mean())
    if 0 < fall < SLOW and falling >= SMOOTH and _slope(vitals) > UNCONVERGED:
        what = (
            f"with learning_rate_init={alpha:g} the cost fell in {falling:.0%} of the {len(costs)} epochs, "
            f"but only by {fall:.1%} in total; one more update changes the weights by {ratio:.1e} of their size."
        )
        advice = f"a larger learning_rate_init, such as {10 * alpha:g}, or more epochs (max_iter)."
        yield Finding("step size too small", "warning", "", what, advice, {"fall": fall, "update_ratio": ratio})


def ended_too_soon(case: Case, vitals: Vitals) -> Iterator[Finding]:  # noqa: ARG001
    costs = np.asarray(case.costs, dtype=np.float64)
    last = max(len(costs) // 10, 1)
    if not case.state.reason.startswith("max_") or len(costs) < 10 or costs[-1] <= 0:
        return
    fall = float(1.0 - costs[-1] / costs[-1 - last])
    if fall > STILL_FALLING and costs[-1] > 0.1 * costs[0]:
        what = f"the cost fell by {fall:.1%} in the last {last} of {len(costs)} epochs."
        yield Finding("ended too soon", "warning", "", what, "a larger max_iter.", {"fall": fall})


def underfitting(case: Case, vitals: Vitals) -> Iterator[Finding]:
    score, part = _skill(case, vitals.H)
    if part < NO_SKILL:
        comparison = "no better than that of a constant prediction"
        if part >= 0.005:
            comparison = f"which closes {part:.0%} of the gap between a constant prediction and a perfect one"
        yield Finding(
            "underfitting",
            "warning",
            "",
            f"the score on the training rows is {score:.3g}, {comparison}.",
            "the advice of the other findings; otherwise more units or epochs, or more informative inputs.",
            {"score": score, "skill": part},
        )


def overfitting(case: Case, vitals: Vitals) -> Iterator[Finding]:
    score, _ = _skill(case, vitals.H)
    validation, n = validation_score(case)
    if validation is None:
        yield Finding(
            "no validation rows",
            "note",
            "",
            "no rows are held out, so overfitting cannot be detected.",
            "diagnose(X, y, X_val=..., y_val=...), or early_stopping=True.",
        )
        return
    is_r2 = case.objective.network.output in ("identity", "exp")
    error = 0.0 if is_r2 else float(np.sqrt(max(validation * (1 - validation), 0.0) / n))
    gap = score - validation
    if gap > (GAP_OF_R2 if is_r2 else max(GAP_OF_ACCURACY, 3 * error)):
        yield Finding(
            "overfitting",
            "warning",
            "",
            f"the score is {score:.3g} on the training rows and {validation:.3g} on the {n} validation rows.",
            "a larger alpha, early_stopping=True, fewer units, or more rows.",
            {"score": score, "validation_score": validation, "gap": gap},
        )


def _skill(case: Case, H: NDArray[np.float64]) -> tuple[float, float]:
    return skill(case.score, H, case.objective.Y, case.objective.sample_weight)


def validation_score(case: Case) -> tuple[float | None, int]:
    """Return the score of the validation rows, given or held out, and their number.

    The scores of training are comparable with that of the rows given only for the default metric.
    """
    if case.validation is not None:
        given = case.validation
        H = case.engine.predict(given.network, case.parameters, given.X)
        return case.score(H, given.Y, given.sample_weight), given.X.shape[0]
    scores = case.state.history.validation_scores
    if scores and case.state.held_out is not None and case.settings.early_stopping_metric == AUTO:
        return max(scores), len(case.state.held_out)
    return None, 0


DETECTORS = (
    few_rows,
    cost_above_constant,
    badly_scaled_inputs,
    badly_scaled_targets,
    silent_units,
    constant_units,
    constant_outputs,
    unmoved_weights,
    vanishing_gradient,
    step_size,
    ended_too_soon,
    underfitting,
    overfitting,
)


def _largest_update(case: Case, vitals: Vitals) -> float:
    """Return the largest update / weight of the layers whose weights are not all near 0."""
    sizes = case.objective.network.layer_sizes
    counts = (n_in * n_out for n_in, n_out in itertools.pairwise(sizes))
    means = [layer.weight_size / n**0.5 for layer, n in zip(vitals.layers, counts, strict=True)]
    ratios = [layer.update_ratio for layer, mean in zip(vitals.layers, means, strict=True) if mean > NO_WEIGHT]
    return max(ratios, default=0.0)


def _hidden_layer(number: int) -> str:
    return f"hidden layer {number - 1} (layer {number})"


def _layer(vitals: Vitals, i: int) -> str:
    number = vitals.layers[i].layer
    return f"the output layer (layer {number})" if i == len(vitals.layers) - 1 else _hidden_layer(number)


def _severity(share: float) -> str:
    return "problem" if share >= MOST else "warning" if share >= MANY else "note"


def _slope(vitals: Vitals) -> float:
    """Return the slope of the cost: the change of log J for a relative change of all weights."""
    gradient = np.linalg.norm([layer.gradient_size for layer in vitals.layers])
    weights = np.linalg.norm([layer.weight_size for layer in vitals.layers])
    return float(gradient * weights / max(vitals.J, 1e-300))
