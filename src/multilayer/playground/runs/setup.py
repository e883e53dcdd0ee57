"""The setup of a run: the data, and the parameters of the estimator that is trained on them."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from multilayer._checks import check_choice, check_flag, check_integer, check_real
from multilayer.equations import ACTIVATIONS, SCHEMES
from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import ParameterError, unknown_name
from multilayer.fits.rows import NO_VALIDATION, FitRequest, ValidationArguments
from multilayer.playground.data.data_choice import DataChoice, changed_data
from multilayer.playground.data.play_data import PlayData
from multilayer.playground.runs.settings import SettingError, checked_settings

MOST_LAYERS, MOST_UNITS = 6, 64  # that the page can draw
MOST_EPOCHS = 1_000_000
# Each iteration of L-BFGS is kept for rewinding.
MOST_ITERATIONS, MOST_BYTES_OF_ITERATIONS = 1_000, 256_000_000
CLASSIFICATION, REGRESSION = "classification", "regression"
ALL = "all"  # the batch of all rows

SOLVERS = ("adam", "sgd", "lbfgs")
# "adaptive" waits for the stop rule, which the playground does not use.
SCHEDULES = ("constant", "cosine", "one_cycle", "cosine_cycles", "plateau")
SGD_SCHEDULES = (*SCHEDULES, "invscaling")
LOSSES = MappingProxyType(
    {CLASSIFICATION: ("log_loss", "focal"), REGRESSION: ("squared_error", "absolute_error", "huber")}
)
OUTPUTS = ("auto", "softmax", "sigmoid")
STARTS = ("scikit-learn", "data", *SCHEMES)

# A change of these starts the run again; after any other, training continues with the weights that it has.
RESTARTING = frozenset({"hidden_layer_sizes", "initialization", "random_state", "output", "loss"})
# Parameters without effect on L-BFGS, which uses all rows in each step and finds its own step size.
DESCENT_ONLY = ("learning_rate_init", "learning_rate", "batch_size", "shuffle", "weight_decay", "dropout", "momentum")

Parameters = Mapping[str, Any]

_DEFAULTS: dict[str, Any] = {
    "hidden_layer_sizes": (5, 5),
    "activation": ("tanh", "tanh"),
    "loss": "auto",
    "output": "auto",
    "solver": "adam",
    "learning_rate_init": 0.01,
    "learning_rate": "constant",
    "batch_size": 50,
    "shuffle": True,
    "momentum": 0.9,
    "alpha": 0.0,
    "l1_alpha": 0.0,
    "weight_decay": 0.0,
    "dropout": 0.0,
    "initialization": "scikit-learn",
    "random_state": 0,
    "max_iter": 10_000,
}
DEFAULTS: Parameters = MappingProxyType(_DEFAULTS)

# The minimum and maximum of each number, and whether it is an integer.  None: there is no limit.
RANGES: Mapping[str, tuple[float, float | None, bool]] = MappingProxyType(
    {
        "learning_rate_init": (0.0, None, False),
        "batch_size": (1, None, True),
        "momentum": (0.0, 1.0, False),
        "alpha": (0.0, None, False),
        "l1_alpha": (0.0, None, False),
        "weight_decay": (0.0, None, False),
        "dropout": (0.0, 1.0, False),
        "random_state": (0, 2**31 - 1, True),
        "max_iter": (1, MOST_EPOCHS, True),
    }
)


@dataclass(frozen=True)
class Setup:
    """Everything that determines a run, besides the changes on its way.

    Attributes
    ----------
    data : DataChoice
        The data.
    parameters : mapping
        The parameters of the estimator, by its names.
    """

    data: DataChoice = field(default_factory=DataChoice)
    parameters: Parameters = field(default_factory=lambda: DEFAULTS)

    def with_parameters(self, changes: Mapping[str, Any]) -> Setup:
        """Return this setup with other parameters.

        Raises
        ------
        SettingError
            For an unknown parameter, or a value that cannot be used.
        """
        return replace(self, parameters=MappingProxyType(_completed({**self.parameters, **_checked(changes)}, changes)))

    def changes_from(self, before: Setup) -> dict[str, Any]:
        """Return the parameters that differ from those of another setup."""
        return {name: value for name, value in self.parameters.items() if value != before.parameters[name]}

    def to_json(self) -> dict[str, Any]:
        """Return the fields of a message."""
        parameters = {name: list(each) if isinstance(each, tuple) else each for name, each in self.parameters.items()}
        return {"data": self.data.to_json(), "parameters": parameters}


def setup_from_json(given: Mapping[str, Any]) -> Setup:
    """Return the setup in a message; fields that it lacks have their defaults.

    Raises
    ------
    SettingError
        For an unknown field, or a value that cannot be used.
    """
    unknown = given.keys() - {"data", "parameters"}
    if unknown:
        raise SettingError(str(unknown_name("setup", min(unknown), ("data", "parameters"))))
    data = changed_data(DataChoice(), given.get("data", {}))
    return Setup(data).with_parameters(given.get("parameters", {}))


def initial_parameters(parameters: Parameters, data: PlayData) -> dict[str, Any]:
    """Return the arguments of the estimator for these data, by which it can be written in Python."""
    n_rows, given = data.X.shape[0], dict(parameters)
    loss, output, batch = given.pop("loss"), given.pop("output"), given.pop("batch_size")
    if given["solver"] == "lbfgs":
        given = {name: value for name, value in given.items() if name not in DESCENT_ONLY}
        given["max_iter"] = min(given["max_iter"], _most_iterations(given["hidden_layer_sizes"], data))
    else:
        given["batch_size"] = n_rows if batch == ALL else min(batch, n_rows)
        if given["solver"] != "sgd":
            del given["momentum"]
    if not given["hidden_layer_sizes"]:
        del given["activation"]
        given.pop("dropout", None)
    if data.task == REGRESSION:
        given["standardize_targets"] = True
    elif output != "auto":
        given["output"] = output
    if loss != "auto":
        given["loss"] = loss
    defaults = _defaults_of(_estimator_class(data))
    kept = {name: value for name, value in given.items() if name not in defaults or value != defaults[name]}
    return {**kept, "max_iter": given["max_iter"], "n_iter_no_change": None}


def _most_iterations(hidden_layer_sizes: tuple[int, ...], data: PlayData) -> int:
    """Return the number of iterations of L-BFGS whose parameters can be kept."""
    sizes = (data.X.shape[1], *hidden_layer_sizes, max(1, len(data.class_names)))
    n_weights = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    return min(MOST_ITERATIONS, MOST_BYTES_OF_ITERATIONS // (8 * n_weights))


def estimator_for(parameters: Parameters, data: PlayData) -> Any:
    """Return the estimator of a setup, not fitted."""
    return _estimator_class(data)(**initial_parameters(parameters, data))


def fit_request(data: PlayData, *, resumes: bool = False, validates: bool = True) -> FitRequest:
    """Return the request of a fit on these data, which keeps the last weights."""
    has_rows = validates and data.X_val is not None
    validation = ValidationArguments(data.X_val, data.y_val) if has_rows else NO_VALIDATION
    return FitRequest(data.X, data.y, validation=validation, resumes=resumes, keep="last")


def changed_arguments(before: Parameters, now: Parameters, data: PlayData) -> dict[str, Any]:
    """Return what ``set_params`` of the estimator must set for a change of the parameters."""
    old, new = initial_parameters(before, data), initial_parameters(now, data)
    defaults = _defaults_of(_estimator_class(data))
    omitted = {name: defaults[name] for name in old if name not in new}
    return {**omitted, **{name: value for name, value in new.items() if name not in old or old[name] != value}}


def choices(parameters: Parameters, data: PlayData) -> dict[str, Any]:
    """Return the values that each parameter may have now, for the controls of the page."""
    of_names = {
        "activation": [name for name in ACTIVATIONS if name != "logistic"],
        "solver": list(SOLVERS),
        "learning_rate": list(_schedules(parameters["solver"])),
        "initialization": list(STARTS),
        "loss": ["auto", *LOSSES[data.task]],
        "output": list(OUTPUTS) if data.task == CLASSIFICATION else ["auto"],
    }
    of_numbers = {
        name: {"minimum": low, "maximum": high, "integer": is_integer}
        for name, (low, high, is_integer) in RANGES.items()
    }
    without_effect = list(DESCENT_ONLY) if parameters["solver"] == "lbfgs" else []
    if parameters["solver"] == "adam":
        without_effect.append("momentum")
    if not parameters["hidden_layer_sizes"]:
        without_effect += ["dropout", "activation"]
    sizes = {"most_layers": MOST_LAYERS, "most_units": MOST_UNITS}
    return {**of_names, **of_numbers, "hidden_layer_sizes": sizes, "without_effect": without_effect}


@cache
def _defaults_of(estimator_class: Any) -> dict[str, Any]:
    return {name: each.default for name, each in inspect.signature(estimator_class).parameters.items()}


def _estimator_class(data: PlayData) -> Any:
    return MLPClassifier if data.task == CLASSIFICATION else MLPRegressor


def _schedules(solver: str) -> tuple[str, ...]:
    return {"adam": SCHEDULES, "sgd": SGD_SCHEDULES}.get(solver, ("constant",))


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    return checked_settings(changes, _CHECKS)


def _completed(parameters: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters that fit together: one activation for each hidden layer, and a schedule of the solver."""
    n_hidden, activations = len(parameters["hidden_layer_sizes"]), parameters["activation"]
    if isinstance(activations, str):
        activations = (activations,)
    if "activation" in changes and len(activations) not in (1, n_hidden) and "hidden_layer_sizes" not in changes:
        text = f"activation must be one name or {n_hidden} names, one for each hidden layer, got {list(activations)}."
        raise SettingError(text, "activation")
    if len(activations) != n_hidden:
        last = activations[-1] if activations else _DEFAULTS["activation"][-1]
        activations = (*activations[:n_hidden], *(last,) * (n_hidden - len(activations)))
    parameters["activation"] = activations
    if parameters["learning_rate"] not in _schedules(parameters["solver"]):
        if "learning_rate" in changes and "solver" not in changes:
            allowed = ", ".join(_schedules(parameters["solver"]))
            text = f"learning_rate must be one of {allowed} with this solver, got {parameters['learning_rate']!r}."
            raise SettingError(text, "learning_rate")
        parameters["learning_rate"] = "constant"
    return parameters


def _check_sizes(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_LAYERS:
        raise ParameterError(f"{name} must be a list of at most {MOST_LAYERS} layers, got {value!r}.")
    return tuple(_check_integer(f"each number of {name}", each, 1, MOST_UNITS) for each in value)


def _check_activations(name: str, value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        raise ParameterError(f"{name} must be a name or a list of names, got {value!r}.")
    return tuple(check_choice(name, each, tuple(ACTIVATIONS)) for each in given)


def _check_batch_size(name: str, value: Any) -> int | str:
    return check_choice(name, value, (ALL,)) if isinstance(value, str) else check_integer(name, value, 1)


def _check_number(name: str, value: Any) -> float:
    low, high, is_integer = RANGES[name]
    if is_integer:
        return _check_integer(name, value, int(low), high)
    is_open = name in ("learning_rate_init", "dropout")
    limit = math.inf if high is None else high
    return check_real(
        name,
        value,
        low,
        limit,
        open_low=is_open and low == 0 and name != "dropout",
        open_high=is_open and high is not None,
    )


def _check_integer(name: str, value: Any, low: int, high: float | None) -> int:
    checked = check_integer(name, value, low)
    if high is not None and checked > high:
        raise ParameterError(f"{name} must be at most {high:,.0f} in the playground, got {value!r}.")
    return checked


_CHECKS: dict[str, Any] = {
    **dict.fromkeys(RANGES, _check_number),
    "hidden_layer_sizes": _check_sizes,
    "activation": _check_activations,
    "batch_size": _check_batch_size,
    "loss": lambda name, value: check_choice(name, value, ("auto", *LOSSES[CLASSIFICATION], *LOSSES[REGRESSION])),
    "output": lambda name, value: check_choice(name, value, OUTPUTS),
    "solver": lambda name, value: check_choice(name, value, SOLVERS),
    "learning_rate": lambda name, value: check_choice(name, value, SGD_SCHEDULES),
    "initialization": lambda name, value: check_choice(name, value, STARTS),
    "shuffle": check_flag,
}
