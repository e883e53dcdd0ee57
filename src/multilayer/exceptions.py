"""The errors and warnings of multilayer.

::

    MultilayerError
    ├── InputError (ValueError)            an array, table or label cannot be used
    │   ├── ShapeError                     two shapes do not match
    │   └── InputTypeError (TypeError)     an entry or a label has a type that cannot be used
    ├── ParameterError (ValueError)        a parameter has an invalid value
    ├── DivergenceError (ArithmeticError, ValueError)
    │                                  the cost is no longer finite
    ├── DataFileError (ValueError)         a data file cannot be read as a table
    ├── ModelFileError (ValueError)         a model file cannot be read or written
    ├── InterruptedTrainingError (KeyboardInterrupt)
    │                                  Ctrl-C was pressed before there was a result
    ├── EngineError (RuntimeError)      the compiled engine cannot compile a kernel here
    ├── JournalError (ValueError)           the journal of a search cannot be used
    ├── ClusterError (RuntimeError)         a cluster cannot be used, or has lost its workers
    ├── MissingExtraError (ImportError)    an optional dependency is not installed
    └── NotFittedError                     multilayer.estimators: also scikit-learn's NotFittedError

    MultilayerWarning (UserWarning)
    ├── EngineWarning                      the reference engine replaces the compiled one
    ├── InterruptedTrainingWarning         training was stopped by Ctrl-C
    ├── ParameterWarning                   a parameter was adjusted to the data, or has no effect
    ├── NoveltyWarning                     rows to predict are far outside the rows of the fit
    └── ConvergenceWarning                 multilayer.estimators: also scikit-learn's ConvergenceWarning

Every error message states what was wrong, what was received and what to do.  Every error also inherits a standard
exception, which callers can catch without importing this library.  The two classes that inherit from scikit-learn are
defined with the estimators, so that this module and :mod:`multilayer.equations` import NumPy only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager


class MultilayerError(Exception):
    """The base class of this library's errors."""


class InputError(MultilayerError, ValueError):
    """An array, table or label cannot be used as given."""


class ShapeError(InputError):
    """The shapes of two arrays do not match."""


class InputTypeError(InputError, TypeError):
    """An entry or a label has a type that cannot be used."""


class ParameterError(MultilayerError, ValueError):
    """A parameter has an invalid value."""


class DivergenceError(MultilayerError, ArithmeticError, ValueError):
    """The cost or the weights are no longer finite.  It is a ValueError too, which scikit-learn raises in this case.

    Attributes
    ----------
    finding : str
        What was found, one or more sentences.
    advice : str
        What to do about it in Python.
    """

    def __init__(self, finding: str = "", advice: str = "") -> None:
        super().__init__(f"{finding} {advice}".strip())
        self.finding, self.advice = finding, advice

    def __reduce__(self) -> tuple[type[DivergenceError], tuple[str, str]]:
        return type(self), (self.finding, self.advice)


class DataFileError(MultilayerError, ValueError):
    """A data file cannot be read as a table."""


class ModelFileError(MultilayerError, ValueError):
    """A model file cannot be read or written."""


class InterruptedTrainingError(MultilayerError, KeyboardInterrupt):
    """Ctrl-C was pressed before there was a result."""


class EngineError(MultilayerError, RuntimeError):
    """The compiled engine cannot compile a kernel on this machine, or with this version of Numba."""


class JournalError(MultilayerError, ValueError):
    """The journal of a search is damaged, in use, or belongs to another search."""


class ClusterError(MultilayerError, RuntimeError):
    """A cluster cannot be used, or its workers are lost."""


class MissingExtraError(MultilayerError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs {package}, which is not installed. "
            f'Install it with: python -m pip install "multilayer[{extra}]"'
        )


class MultilayerWarning(UserWarning):
    """The base class of this library's warnings."""


class EngineWarning(MultilayerWarning):
    """The compiled engine cannot be used; the reference engine, which is slower, replaces it."""


class InterruptedTrainingWarning(MultilayerWarning):
    """Training was stopped by Ctrl-C; the estimator is usable."""


class ParameterWarning(MultilayerWarning):
    """A parameter was adjusted to the data, or has no effect."""


class NoveltyWarning(MultilayerWarning):
    """Rows to predict are far outside the rows of the fit; predictions for them are guesses."""


def unknown_name(what: str, received: object, known: Iterable[str]) -> ParameterError:
    """Return the error for an unknown name, with the closest known name.

    Parameters
    ----------
    what : str
        The kind of name.
    received : object
        The name.
    known : iterable of str
        The known names.

    Returns
    -------
    ParameterError
        The error.

    Examples
    --------
    >>> print(unknown_name("activation", "sigmiod", ["relu", "sigmoid"]))
    unknown activation 'sigmiod'. Did you mean 'sigmoid'? Known: 'relu', 'sigmoid'.
    """
    names = sorted(known)
    near = similar_names(str(received), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listing = ", ".join(repr(name) for name in names)
    return ParameterError(f"unknown {what} {received!r}.{hint} Known: {listing}.")


def similar_names(received: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Return up to n known names that start with a received name, the shortest first, or else resemble it.

    Parameters
    ----------
    received : str
        The name.
    known : iterable of str
        The known names.
    n : int, default=3
        The largest number of names.

    Returns
    -------
    list of str
        The names, the best first.

    Examples
    --------
    >>> similar_names("acc", ["accuracy", "balanced_accuracy", "jaccard"])
    ['accuracy']
    """
    name, names = received.lower(), sorted(known)
    starting = [each for each in names if len(name) > 1 and each.startswith(name)]
    return sorted(starting, key=len)[:n] or difflib.get_close_matches(name, names, n=n)


_options: Mapping[str, str] = {}  # the options of the command that runs in this process


@contextmanager
def named_as_options(options: Mapping[str, str]) -> Iterator[None]:
    """Within this block, name arguments in messages as the options of a command.

    Parameters
    ----------
    options : mapping of str to str
        The option of each argument, such as ``{"max_iter": "--epochs"}``.  Others keep their names.

    Yields
    ------
    None
        Messages use the options within the block.
    """
    global _options
    before, _options = _options, options
    try:
        yield
    finally:
        _options = before


def argument(name: str, value: str | None = None) -> str:
    """Return the name of an argument for a message, or the argument with its value.

    Parameters
    ----------
    name : str
        The name in Python.
    value : str, optional
        Its value.

    Returns
    -------
    str
        The text as it is written in Python, or on the command line of the command that runs.

    Examples
    --------
    >>> argument("decimal"), argument("decimal", ",")
    ('decimal', 'decimal=","')
    >>> with named_as_options({"decimal": "--decimal"}):
    ...     argument("decimal"), argument("decimal", ",")
    ('--decimal', '--decimal ","')
    """
    option = _options.get(name)
    if value is None:
        return option or name
    shown = value.replace("\t", "\\t")
    if option is None:
        return f'{name}="{shown}"'
    return f"{option} {value}" if value.isalpha() else f'{option} "{shown}"'


def in_python(advice: str) -> str:
    """Return advice that applies in Python only, or an empty string if arguments are named as options.

    Parameters
    ----------
    advice : str
        The advice.

    Returns
    -------
    str
        The advice, or an empty string.

    Examples
    --------
    >>> in_python("Set engine='reference'.")
    "Set engine='reference'."
    """
    return "" if _options else advice
