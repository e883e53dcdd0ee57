"""What a mistake needs to run and to have an effect, and the change of parameters to such ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from multilayer.exceptions import ParameterError
from multilayer.learn.bugs.records import BUGS, bug_named
from multilayer.playground.data.play_data import PlayData, sorted_by_target

CLASSES, AMOUNTS = "classification", "regression"
# The values that every mistake needs, and how a sentence names them.
PLAIN_VALUES: Mapping[str, tuple[Any, str]] = {
    "dropout": (0.0, "no dropout"),
    "input_dropout": (0.0, "no dropout of inputs"),
    "l1_alpha": (0.0, "no L1 penalty"),
    "class_weight": (None, "classes of equal weight"),
    "normalization": (None, "layers without normalisation"),
    "embedding": (None, "inputs without embedding"),
}
SMALL_BATCH, ALPHA, DEFAULT_UNITS = 10, 1.0, 8


@dataclass(frozen=True)
class BugSetup:
    """What a mistake needs to run and to have an effect.

    Attributes
    ----------
    name : str
        The mistake.
    needs_hidden : bool
        Whether the network needs a hidden layer.
    needs_equal_sizes : bool
        Whether all layers after the first need as many units as there are outputs, at least 2.
    needs_alpha : bool
        Whether the L2 regularisation must be at least 1, so that the mistake is above the error of the differences.
    needs_small_batches : bool
        Whether a batch must have few rows.
    shuffles : bool
        Whether rows are shuffled; the caller sets ``shuffle``.
    sorts_rows : bool
        Whether the caller sorts the training rows by their targets.
    tasks : tuple of str
        "classification", "regression" or both.
    """

    name: str
    needs_hidden: bool = False
    needs_equal_sizes: bool = False
    needs_alpha: bool = False
    needs_small_batches: bool = False
    shuffles: bool = True
    sorts_rows: bool = False
    tasks: tuple[str, ...] = (CLASSES, AMOUNTS)


SETUPS: Mapping[str, BugSetup] = {
    each.name: each
    for each in (
        BugSetup("missing-mean"),
        BugSetup("missing-derivative", needs_hidden=True),
        BugSetup("regularised-bias", needs_alpha=True),
        BugSetup("transposed-matrix", needs_hidden=True, needs_equal_sizes=True, tasks=(CLASSES,)),
        BugSetup("wrong-sign"),
        BugSetup("wrong-cost-delta", tasks=(CLASSES,)),
        BugSetup("unshuffled-batches", needs_small_batches=True, shuffles=False, sorts_rows=True),
    )
}


@dataclass(frozen=True)
class BugParameters:
    """Parameters that mistakes can run, and the changes as one sentence each.

    Attributes
    ----------
    parameters : dict
        Parameters of the estimator, by their names.
    changes : tuple of str
        What was changed, and why; empty if nothing was.
    """

    parameters: dict[str, Any]
    changes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All changes as one text."""
        return " ".join(self.changes)


def rows_for_bug(name: str | None, data: PlayData) -> PlayData:
    """Return the data in the order of rows that a mistake needs; unchanged for None."""
    return data if name is None or not SETUPS[name].sorts_rows else sorted_by_target(data)


def bugs_for(task: str, n_classes: int = 0) -> tuple[str, ...]:
    """Return the names of the mistakes that can run for a task.

    Parameters
    ----------
    task : {"classification", "regression"}
        The task.
    n_classes : int
        The number of classes.

    Returns
    -------
    tuple of str
        The names, in the order of :data:`multilayer.learn.bugs.BUGS`.
    """
    if task == CLASSES and n_classes < 2:
        return ()
    return tuple(name for name in BUGS if task in SETUPS[name].tasks)


def parameters_for_bug(
    name: str | tuple[str, ...], parameters: Mapping[str, Any], task: str, n_classes: int = 0
) -> BugParameters:
    """Change parameters to ones with which a mistake can run and has an effect.

    The order of the rows is left to the caller: see ``shuffles`` and ``sorts_rows`` of :class:`BugSetup`.

    Parameters
    ----------
    name : str or tuple of str
        The mistake; or several, for parameters that suit each of them and so do not give away which one runs.
    parameters : mapping
        Parameters of :class:`multilayer.MLPClassifier` or :class:`multilayer.MLPRegressor`, by their names.  Those
        that are missing have their defaults.
    task : {"classification", "regression"}
        The task.
    n_classes : int
        The number of classes.

    Returns
    -------
    BugParameters
        The parameters, and a sentence for each change.

    Raises
    ------
    ParameterError
        There is no mistake of this name, or it cannot run for this task.

    Examples
    --------
    >>> found = parameters_for_bug("regularised-bias", {"activation": ["relu"], "hidden_layer_sizes": [5]},
    ...                            "classification", 2)
    >>> found.parameters["activation"], found.parameters["alpha"]
    (['sigmoid'], 1.0)
    >>> found.changes[1]
    'The regularisation alpha is 1 now: without it, this mistake has no effect.'
    """
    setups = [SETUPS[bug_named(each).name] for each in ((name,) if isinstance(name, str) else name)]
    for each in setups:
        if task not in each.tasks or (task == CLASSES and n_classes < 2):
            raise ParameterError(
                f"the mistake {each.name!r} needs classes, at least 2 of them, got the task {task!r} with {n_classes} "
                f"classes. Use one of {', '.join(bugs_for(task, n_classes)) or 'the data with classes'}."
            )
    changing = _Changing(dict(parameters))
    _change_units(changing, setups, task, n_classes)
    _change_training(changing, setups)
    return BugParameters(changing.parameters, tuple(changing.changes))


@dataclass
class _Changing:
    """Parameters while they are changed."""

    parameters: dict[str, Any]
    changes: list[str] = field(default_factory=list)

    def set(self, name: str, value: Any, change: str) -> None:
        self.parameters[name] = value
        self.changes.append(change)


def _change_units(changing: _Changing, setups: list[BugSetup], task: str, n_classes: int) -> None:
    """Change layers, activations, outputs and cost."""
    given = changing.parameters
    sizes = _as_list(given.get("hidden_layer_sizes", [100]))
    if not sizes and any(each.needs_hidden for each in setups):
        sizes = [DEFAULT_UNITS]
        changing.set("hidden_layer_sizes", sizes, f"There is a hidden layer of {DEFAULT_UNITS} units now.")
    if any(each.needs_equal_sizes for each in setups):
        if given.get("output", "auto") != "softmax":
            changing.set("output", "softmax", "The outputs are softmax units now, one for each class.")
        if set(sizes) != {n_classes}:
            sizes = [n_classes] * len(sizes)
            text = f"Each hidden layer has {n_classes} units now, as many as there are classes: "
            changing.set("hidden_layer_sizes", sizes, text + "a transposed matrix fits only layers of equal size.")
    activations = _as_list(given.get("activation", "relu"))
    activations = activations * len(sizes) if len(activations) == 1 else activations
    sigmoids = ["sigmoid"] * len(sizes)
    if ["sigmoid" if each == "logistic" else each for each in activations] != sigmoids:
        text = "The hidden units are sigmoid units now: the mistake is written for them."
        changing.set("activation", sigmoids, text)
    matched = "log_loss" if task == CLASSES else "squared_error"
    if given.get("loss", matched) not in (matched, "auto"):
        changing.set("loss", matched, "The cost is the one that matches the output units now.")
    if given.get("initialization") == "zeros":
        text = "The starting weights are random now: with zeros, all units of a layer stay equal."
        changing.set("initialization", "scikit-learn", text)


def _change_training(changing: _Changing, setups: list[BugSetup]) -> None:
    """Change solver, regularisation and batches."""
    given = changing.parameters
    for name, (value, words) in PLAIN_VALUES.items():
        if _is_set(given.get(name, value)):
            changing.set(name, value, f"The mistake is written for {words}, and {name} is {value} now.")
    if given.get("solver", "adam") == "lbfgs":
        text = "The solver is gradient descent now: the line search of L-BFGS fails with a wrong gradient."
        changing.set("solver", "sgd", text)
    if any(each.needs_alpha for each in setups) and given.get("alpha", 0.0001) < ALPHA:
        text = f"The regularisation alpha is {ALPHA:g} now: without it, this mistake has no effect."
        changing.set("alpha", ALPHA, text if len(setups) == 1 else f"The regularisation alpha is {ALPHA:g} now.")
    batch = given.get("batch_size", "auto")
    if any(each.needs_small_batches for each in setups) and (isinstance(batch, str) or batch > SMALL_BATCH):
        text = f"A batch has {SMALL_BATCH} rows now: the order of the rows has no effect on batches of all rows."
        changing.set("batch_size", SMALL_BATCH, text if len(setups) == 1 else f"A batch has {SMALL_BATCH} rows now.")


def _as_list(value: Any) -> list[Any]:
    return [value] if isinstance(value, str | int) else list(value)


def _is_set(value: Any) -> bool:
    """Return whether a parameter is not at its neutral value: 0, zeros or None."""
    values: Callable[[Any], list[Any]] = lambda each: list(each) if isinstance(each, list | tuple) else [each]  # noqa: E731
    return any(values(value))
