"""The checks of constructor parameters: every error names the parameter, what it received and what it can be."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from multilayer.equations.activations import ACTIVATIONS, Activation
from multilayer.exceptions import ParameterError, unknown_name
from multilayer.fits.metrics import AUTO, check_metric
from multilayer.network import NORMALIZATIONS
from multilayer.training import Listener, OwnSchedule
from multilayer.training.schedules import SCHEDULES, AnySchedule

SOLVERS = ("adam", "lbfgs", "sgd")
# Schedules by name that reach their end with the last of max_iter epochs.
PLANNED = ("cosine", "one_cycle")
# scikit-learn's name for what the textbook and everybody else calls sigmoid.
LOGISTIC = "logistic"


def check_real(
    name: str, value: Any, low: float, high: float = math.inf, *, open_low: bool = False, open_high: bool = False
) -> float:
    """A finite number from ``low`` to ``high``, themselves excluded where ``open_low`` and ``open_high``."""
    is_number = isinstance(value, numbers.Real) and value is not True and value is not False and math.isfinite(value)
    if not is_number or value < low or value > high or (open_low and value == low) or (open_high and value == high):
        bound = f"above {low:g}" if open_low else f"not below {low:g}"
        above = "" if high == math.inf else f" and below {high:g}" if open_high else f" and not above {high:g}"
        raise ParameterError(f"{name} must be a number {bound}{above}, got {value!r}.")
    return float(value)


def check_integer(name: str, value: Any, low: int) -> int:
    """An integer not below ``low``."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < low:
        raise ParameterError(f"{name} must be an integer not below {low}, got {value!r}.")
    return int(value)


def check_patience(name: str, value: Any) -> float:
    """An integer; None, and infinity, for as many epochs as there are."""
    if value is None or (isinstance(value, numbers.Real) and value == math.inf):
        return math.inf
    try:
        return check_integer(name, value, 1)
    except ParameterError as error:
        raise ParameterError(f"{error} Write None to train for exactly max_iter epochs.") from None


def check_batch_size(name: str, value: Any) -> int | str:
    return check_choice(name, value, (AUTO,)) if isinstance(value, str) else check_integer(name, value, 1)


def check_split(name: str, value: Any) -> Any:
    """A share of the rows, a number of them, or a splitter."""
    if hasattr(value, "split") and not isinstance(value, str):
        return value
    if isinstance(value, numbers.Integral) and value is not True and int(value) > 0:
        return int(value)
    if isinstance(value, numbers.Real):
        return share(name, value)
    raise ParameterError(
        f"{name} must be a share of the rows, a number of rows or a splitter of scikit-learn's, such as "
        f"GroupShuffleSplit(), got {value!r}."
    )


def check_seconds(name: str, value: Any) -> float:
    """Seconds above 0; None is without end."""
    return math.inf if value is None else positive(name, value)


def check_verbose(name: str, value: Any) -> int:
    """True, False, or scikit-learn's integer, of which any above 1 means 2."""
    if isinstance(value, int) and value > 1:
        return min(check_integer(name, value, 0), 2)
    return int(check_flag(name, value))


def check_seed(name: str, value: Any) -> Any:
    """What a generator can be made of, as it is: to make one takes longer than to train on a small part."""
    is_integer = isinstance(value, numbers.Integral) and 0 <= int(value) < 2**32
    if not (is_integer or value is None or value is np.random or isinstance(value, np.random.RandomState)):
        raise ParameterError(f"{name} must be None, an integer from 0 to 2**32 - 1 or a RandomState, got {value!r}.")
    return value


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise unknown_name(name, value, choices)
    return value


def check_flag(name: str, value: Any) -> bool:
    # Not bool(value): "no" is true.
    if value is not True and value is not False and type(value).__name__ not in ("bool", "bool_"):
        raise ParameterError(f"{name} must be True or False, got {value!r}.")
    return bool(value)


def check_callbacks(name: str, value: Any) -> list[Listener]:
    """The listeners; none of them is called."""
    if any(hasattr(listener, "on_fit_task_end") for listener in (value if hasattr(value, "__iter__") else [value])):
        raise ParameterError(
            f"{name} are called with events of training, and {value!r} holds a callback of scikit-learn's. "
            "Pass that one to set_callbacks: MLPClassifier().set_callbacks(callback)."
        )
    if not hasattr(value, "__iter__") or not all(callable(listener) for listener in value):
        raise ParameterError(f"{name} must be a sequence of callables, got {value!r}. Write [f] for a single f.")
    return list(value)


def check_hidden_layer_sizes(name: str, value: Any) -> tuple[int, ...]:
    """The sizes of the hidden layers; a single integer is one layer, an empty sequence none."""
    # An iterator can be gone through once only, and a network is fitted and copied more often.
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
            f"{name} must be positive integers, got {value!r}. "
            f"Write whole numbers above 0, such as (64, 32), or () for no hidden layer.{hint}"
        ) from None
    return checked


def check_activation(value: Any, n_hidden: int) -> tuple[str | Activation, ...]:
    """The activation of each hidden layer, in the book's names, from one for all or one a layer.

    Each is a name, or a pair (g, g') of one's own; whether g' is the derivative of g is not looked at here.
    """
    is_one = isinstance(value, str) or _has_pair(value) or not hasattr(value, "__iter__")
    given = [value] if is_one else list(value)
    for each in given:
        _check_one_activation(each)
    if not is_one and len(given) != n_hidden:
        raise ParameterError(
            f"activation must be one name or one for each of the {n_hidden} hidden layers, got {value!r}."
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
            f"activation must be a name or an object with the two methods g(z) and g_prime(z), got {given!r} alone, "
            "whose derivative is not known. Write a class with both."
        )
    if not _has_pair(given) and not (isinstance(given, str) and given == LOGISTIC):
        check_choice("activation", given, (*ACTIVATIONS, LOGISTIC))


def _has_pair(value: object) -> bool:
    """Whether it is an activation of one's own: an object with g and g_prime; it may be a sequence besides."""
    return callable(getattr(value, "g", None)) and callable(getattr(value, "g_prime", None))


def check_clip_norm(name: str, value: Any) -> float | None:
    return None if value is None else positive(name, value)


def check_dropout(name: str, value: Any) -> float | tuple[float, ...]:
    """A rate for all hidden layers, or one a layer."""
    if np.ndim(value) == 0:
        return share(name, value)
    return tuple(share(name, rate) for rate in value)


def check_normalization(name: str, value: Any) -> str | None:
    return None if value is None else check_choice(name, value, NORMALIZATIONS)


def check_learning_rate(name: str, value: Any) -> Any:
    """A name, a schedule, or a function of the epoch, which becomes a schedule."""
    if isinstance(value, AnySchedule):
        return value
    if isinstance(value, type):
        raise ParameterError(f"{name} must be a schedule, got the class {value.__name__}: call it, as in Cosine(50).")
    if callable(value):
        return OwnSchedule(value)
    if isinstance(value, numbers.Real):
        raise ParameterError(
            f"{name} says how the step size changes, and must be a name, a schedule or a function of the epoch, got "
            f"{value!r}. For the step size itself write learning_rate_init={value!r}."
        )
    return check_choice(name, value, (*SCHEDULES, *PLANNED, "plateau"))


positive = partial(check_real, low=0.0, open_low=True)
not_negative = partial(check_real, low=0.0)
share = partial(check_real, low=0.0, high=1.0, open_high=True)
count = partial(check_integer, low=1)

# What both estimators are asked of each parameter.  The activation is checked with the number of layers, the starting
# weights and the engine where they are got.
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
}


def checked(estimator: object) -> SimpleNamespace:
    """The parameters of an estimator, each as its check returns it."""
    return SimpleNamespace(**{name: check(name, getattr(estimator, name)) for name, check in CHECKS.items()})
