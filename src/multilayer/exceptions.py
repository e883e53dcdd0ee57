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
    ├── MissingExtraError (ImportError)    an optional dependency is not installed
    └── NotFittedError                     multilayer.estimators: also scikit-learn's NotFittedError

    MultilayerWarning (UserWarning)
    ├── EngineWarning                      the reference engine replaces the compiled one
    ├── InterruptedTrainingWarning         training was stopped by Ctrl-C
    ├── ParameterWarning                   a parameter was adjusted to the data, or has no effect
    └── ConvergenceWarning                 multilayer.estimators: also scikit-learn's ConvergenceWarning

Every error message states what was wrong, what was received and what to do.  Every error also inherits a standard
exception, which callers who do not know this library can catch.  The two classes that inherit from scikit-learn are
defined with the estimators, so that this module and :mod:`multilayer.equations` import NumPy only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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
    """The cost or the weights are no longer finite.  It is a ValueError too, which scikit-learn raises in this case."""


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
    near = difflib.get_close_matches(str(received).lower(), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listing = ", ".join(repr(name) for name in names)
    return ParameterError(f"unknown {what} {received!r}.{hint} Known: {listing}.")
