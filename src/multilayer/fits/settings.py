"""The checked constructor parameters of both estimators."""

from __future__ import annotations

import inspect
import math
import numbers
import operator
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Protocol, cast

import numpy as np
from sklearn.metrics import get_scorer_names

from multilayer._checks import check_choice, check_flag, check_integer, check_real, check_seconds, check_seed
from multilayer.engines import checked_jobs
from multilayer.equations.activations import ACTIVATIONS, Activation
from multilayer.exceptions import ParameterError, argument, unknown_name
from multilayer.network import NORMALIZATIONS, PeriodicEmbedding
from multilayer.training import CustomSchedule, Listener
from multilayer.training.schedules import SCHEDULES, AnySchedule
from multilayer.training.starting import Initialization

AUTO, LOSS = "auto", "loss"
Metric = str | Callable[..., Any]  # a name, or a scorer (estimator, X, y) -> float; higher is better


class Splitter(Protocol):
    """A splitter of scikit-learn, or a custom one."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterable[tuple[Any, Any]]:
        """Yield the row numbers (train, test) of each split."""


ValidationFraction = float | int | Splitter
VALIDATION_FRACTION = 0.1  # the default
SOLVERS = ("adam", "lbfgs", "sgd")
# Schedules by name that end with the last of max_iter epochs.
PLANNED = ("cosine", "one_cycle", "cosine_cycles")
PERIODIC = "periodic"
# scikit-learn's name of the sigmoid.
LOGISTIC = "logistic"


def check_patience(name: str, value: Any) -> float:
    """Return a positive integer; infinity for None and infinity."""
    if value is None or (isinstance(value, numbers.Real) and value == math.inf):
        return math.inf
    try:
        return check_integer(name, value, 1)
    except ParameterError as error:
        raise ParameterError(f"{error} Write None to train for exactly max_iter epochs.") from None


def check_batch_size(name: str, value: Any) -> int | str:
    return check_choice(name, value, (AUTO,)) if isinstance(value, str) else check_integer(name, value, 1)


def check_split(name: str, value: Any) -> Any:
    """Return a share of the rows, a number of rows, or a splitter."""
    if hasattr(value, "split") and not isinstance(value, str):
        return value
    if isinstance(value, numbers.Integral) and value is not True and int(value) > 0:
        return int(value)
    if isinstance(value, numbers.Real):
        return share(name, value)
    raise ParameterError(
        f"{argument(name)} must be a share of the rows, a number of rows or a splitter of scikit-learn, such as "
        f"GroupShuffleSplit(), got {value!r}."
    )


def check_verbose(name: str, value: Any) -> int:
    """Return 0, 1 or 2; integers above 2 mean 2."""
    if isinstance(value, int) and value > 1:
        return min(check_integer(name, value, 0), 2)
    return int(check_flag(name, value))


def check_callbacks(name: str, value: Any) -> list[Listener]:
    """Return the callbacks as a list of listeners."""
    if any(hasattr(listener, "on_fit_task_end") for listener in (value if hasattr(value, "__iter__") else [value])):
        raise ParameterError(
            f"{name} must be callables that receive events, got a callback of scikit-learn in {value!r}. "
            "Pass it to set_callbacks instead: MLPClassifier().set_callbacks(callback)."
        )
    if not hasattr(value, "__iter__") or not all(callable(listener) for listener in value):
        raise ParameterError(
            f"{argument(name)} must be a sequence of callables, got {value!r}. Write [f] for a single f."
        )
    return list(value)


def check_metric(name: str, value: Any) -> Metric:
    """Return "auto", "loss", the name of a scorer, or a scorer."""
    is_known = value in (AUTO, LOSS) or value in get_scorer_names() if isinstance(value, str) else callable(value)
    if not is_known:
        raise unknown_name(name, value, (AUTO, LOSS, *get_scorer_names()))
    return value


def check_hidden_layer_sizes(name: str, value: Any) -> tuple[int, ...]:
    """Return the sizes of the hidden layers; a single integer is one layer, an empty sequence none."""
    # Not an iterator, which is exhausted after one fit.
    sizes = value if hasattr(value, "__len__") and not isinstance(value, str) else [value]
    try:
        if any(isinstance(size, bool) for size in sizes):
            raise TypeError
        checked = tuple(operator.index(size) for size in sizes)
        if min(checked, default=1) < 1:
            raise TypeError
    except TypeError:
        hint = f" For the cost write loss={value!r}." if value in ("squared_error", "poisson") else ""
        raise ParameterError(
            f"{argument(name)} must be positive integers, got {value!r}. "
            f"Write (64, 32), for example, or () for no hidden layer.{hint}"
        ) from None
    return checked


def check_activation(value: Any, n_hidden: int) -> tuple[str | Activation, ...]:
    """Return the activation of each hidden layer, by the names of the equations, from one for all or one per layer.

    Whether g' of a custom activation is the derivative of g is not checked here.
    """
    is_one = isinstance(value, str) or _has_pair(value) or not hasattr(value, "__iter__")
    given = [value] if is_one else list(value)
    for each in given:
        if not (isinstance(each, str) and each in ACTIVATIONS):
            _check_one_activation(each)
    if not is_one and len(given) != n_hidden:
        raise ParameterError(
            f"{argument('activation')} must be one name or one for each of the {n_hidden} hidden layers, got {value!r}."
        )
    layers = given * n_hidden if is_one else given
    return tuple("sigmoid" if isinstance(each, str) and each == LOGISTIC else each for each in layers)


def _check_one_activation(given: Any) -> None:
    if isinstance(given, type) and _has_pair(given):
        raise ParameterError(
            f"activation must be an object with g(z) and g_prime(z), got the class {given.__name__}. "
            f"Write {given.__name__}()."
        )
    if callable(given) and not _has_pair(given):
        raise ParameterError(
            f"activation must be a name or an object with the two methods g(z) and g_prime(z), got {given!r}, "
            "whose derivative is not known. Write a class with both."
        )
    if not _has_pair(given) and not (isinstance(given, str) and given == LOGISTIC):
        check_choice("activation", given, (*ACTIVATIONS, LOGISTIC))


def _has_pair(value: object) -> bool:
    """Return whether it is a custom activation, an object with g and g_prime."""
    return callable(getattr(value, "g", None)) and callable(getattr(value, "g_prime", None))


def check_clip_norm(name: str, value: Any) -> float | None:
    return None if value is None else positive(name, value)


def check_dropout(name: str, value: Any) -> float | tuple[float, ...]:
    """Return a rate for all hidden layers, or one per layer."""
    if np.ndim(value) == 0:
        return share(name, value)
    return tuple(share(name, rate) for rate in value)


def check_normalization(name: str, value: Any) -> str | None:
    return None if value is None else check_choice(name, value, NORMALIZATIONS)


def check_embedding(name: str, value: Any) -> PeriodicEmbedding | str | None:
    """Return None, "periodic" or an embedding."""
    if value is None or isinstance(value, PeriodicEmbedding):
        return value
    if not isinstance(value, str):
        raise ParameterError(
            f"{argument(name)} must be None, {PERIODIC!r} or a PeriodicEmbedding of multilayer.network, got {value!r}."
        )
    return check_choice(name, value, (PERIODIC,))


def check_learning_rate(name: str, value: Any) -> Any:
    """Return a name or a schedule; a function of the epoch becomes a schedule."""
    if isinstance(value, AnySchedule):
        return value
    if isinstance(value, type):
        raise ParameterError(
            f"{argument(name)} must be a schedule, got the class {value.__name__}: call it, as in Cosine(50)."
        )
    if callable(value):
        return CustomSchedule(value)
    if isinstance(value, numbers.Real):
        raise ParameterError(
            f"{name} states how the step size changes and must be a name, a schedule or a function of the epoch, got "
            f"{value!r}. For the step size itself write learning_rate_init={value!r}."
        )
    return check_choice(name, value, (*SCHEDULES, *PLANNED, "plateau"))


def check_jobs(_: str, value: Any) -> int | None:
    """Return a number of threads, or None."""
    return None if value is None else checked_jobs(value)


positive = partial(check_real, low=0.0, open_low=True)

not_negative = partial(check_real, low=0.0)
share = partial(check_real, low=0.0, high=1.0, open_high=True)
count = partial(check_integer, low=1)
INTEGERS = {"batch_size": 1, "max_iter": 1, "max_fun": 1, "n_iter_no_change": 1, "random_state": 0}  # and the minimum

# The check of each parameter of both estimators.  The activation is checked together with the number of layers,
# starting weights and engine where they are used.
CHECKS: dict[str, Callable[..., Any]] = {
    "hidden_layer_sizes": check_hidden_layer_sizes,
    "solver": partial(check_choice, choices=SOLVERS),
    "alpha": not_negative,
    "batch_size": check_batch_size,
    "learning_rate": check_learning_rate,
    "learning_rate_init": positive,
    "power_t": not_negative,
    "max_iter": count,
    "shuffle": check_flag,
    "random_state": check_seed,
    "tol": not_negative,
    "verbose": check_verbose,
    "warm_start": check_flag,
    "momentum": partial(check_real, low=0.0, high=1.0),
    "nesterovs_momentum": check_flag,
    "early_stopping": check_flag,
    "validation_fraction": check_split,
    "early_stopping_metric": check_metric,
    "max_time": check_seconds,
    "beta_1": share,
    "beta_2": share,
    "epsilon": positive,
    "n_iter_no_change": check_patience,
    "max_fun": count,
    "callbacks": check_callbacks,
    "l1_alpha": not_negative,
    "weight_decay": not_negative,
    "clip_norm": check_clip_norm,
    "weight_averaging": share,
    "dropout": check_dropout,
    "input_dropout": share,
    "normalization": check_normalization,
    "embedding": check_embedding,
    "parametrization": partial(check_choice, choices=("standard", "ntk")),
    "regularization_schedule": partial(check_choice, choices=("constant", "flat_cosine")),
    "n_jobs": check_jobs,
}


@dataclass(frozen=True)
class Settings:
    """The checked constructor parameters of an estimator, which documents them.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int
        Units of each hidden layer.
    activation : tuple of (str or Activation)
        The activation of each hidden layer, by the names of the equations.
    solver, batch_size, learning_rate, learning_rate_init, power_t, max_iter, shuffle, random_state, tol, verbose : Any
        As in the estimators.
    warm_start, momentum, nesterovs_momentum, early_stopping, validation_fraction, early_stopping_metric : Any
        As in the estimators.
    beta_1, beta_2, epsilon, max_fun, callbacks, alpha, l1_alpha, weight_decay, clip_norm, weight_averaging : Any
        As in the estimators.
    dropout, input_dropout, normalization, embedding, parametrization, regularization_schedule : Any
        As in the estimators.
    initialization, engine, n_jobs : Any
        As in the estimators.
    n_iter_no_change : float
        Infinity for None.
    max_time : float
        Seconds; infinity for None.
    output_gate : str or Activation
        The activation whose bound scikit-learn's starting weights use for a network without hidden layers.
    wants_all_epochs : bool
        Whether ``n_iter_no_change`` requests exactly ``max_iter`` epochs.
    """

    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[str | Activation, ...]
    solver: str
    alpha: float
    batch_size: int | str
    learning_rate: str | AnySchedule
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: int | np.random.RandomState | None
    tol: float
    verbose: int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: Any
    early_stopping_metric: Metric
    max_time: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    callbacks: list[Listener]
    l1_alpha: float
    weight_decay: float
    clip_norm: float | None
    weight_averaging: float
    dropout: float | tuple[float, ...]
    input_dropout: float
    normalization: str | None
    embedding: PeriodicEmbedding | str | None
    parametrization: str
    regularization_schedule: str
    n_jobs: int | None
    initialization: Initialization
    engine: str
    output_gate: str | Activation
    wants_all_epochs: bool


def settings_of(estimator: Any) -> Settings:
    """Check the parameters of an estimator.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        The estimator.

    Returns
    -------
    Settings
        Its checked parameters.

    Raises
    ------
    ParameterError
        For a parameter outside its range.
    """
    defaults = _checked_defaults(cast(Hashable, type(estimator)))
    checked = {}
    for name, check in CHECKS.items():
        default, checked_default = defaults[name]
        value = getattr(estimator, name)
        if value is default:
            checked[name] = checked_default
        elif type(value) is int and name in INTEGERS and INTEGERS[name] <= value < 2**31:  # most need no call
            checked[name] = value
        else:
            checked[name] = check(name, value)
    given = estimator.activation
    hidden = check_activation(given, len(checked["hidden_layer_sizes"]))
    gate = hidden[0] if hidden else check_activation(given if isinstance(given, str) else "relu", 1)[0]
    initialization, engine = estimator.initialization, estimator.engine
    patience = estimator.n_iter_no_change
    # Infinity with warm_start warns as in scikit-learn, because more epochs may follow.
    wants_all = patience is None or (math.isinf(patience) and not checked["warm_start"])
    return Settings(
        **checked,
        activation=hidden,
        initialization=initialization,
        engine=engine,
        output_gate=gate,
        wants_all_epochs=wants_all,
    )


@cache
def _checked_defaults(cls: Hashable) -> dict[str, tuple[Any, Any]]:
    """Return the default of each parameter and its checked value, so that defaults are checked only once."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(cast(type, cls)).parameters.items()}
    none = object()  # for a parameter that a derived class lacks
    return {
        name: (defaults[name], check(name, defaults[name])) if name in defaults else (none, None)
        for name, check in CHECKS.items()
    }
