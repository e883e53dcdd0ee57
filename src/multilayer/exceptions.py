"""The errors and warnings of multilayer.

::

    MultilayerError
    ├── InputError (ValueError)            an array, table or label cannot be used
    │   ├── ShapeError                     two shapes do not fit together
    │   └── InputTypeError (TypeError)     an entry or a label is of a type that cannot be used
    ├── ParameterError (ValueError)        a parameter has a value it cannot have
    ├── DivergenceError (ArithmeticError, ValueError)
    │                                  the cost left the finite numbers while training
    ├── DataFileError (ValueError)         a data file cannot be read as a table
    ├── ModelFileError (ValueError)         a model file cannot be read or written
    ├── InterruptedTrainingError (KeyboardInterrupt)
    │                                  Ctrl-C came before there was anything to keep
    ├── EngineError (RuntimeError)      the compiled engine cannot compile a kernel here
    ├── JournalError (ValueError)           the journal of a search cannot be used
    ├── MissingExtraError (ImportError)    an optional dependency is not installed
    └── NotFittedError                     multilayer.estimators: also scikit-learn's NotFittedError

    MultilayerWarning (UserWarning)
    ├── EngineWarning                      the reference engine runs in place of the compiled one
    ├── InterruptedTrainingWarning         training was ended by Ctrl-C
    ├── ParameterWarning                   a parameter was adapted to the data, or has no effect
    └── ConvergenceWarning                 multilayer.estimators: also scikit-learn's ConvergenceWarning

Every error says what was wrong, what was received and what to do, and also inherits the standard exception
that a caller who does not know this library would catch.  The two that inherit scikit-learn's classes live
with the estimators, so that this module and :mod:`multilayer.equations` import nothing but NumPy.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MultilayerError(Exception):
    """Any error raised on purpose by this library."""


class InputError(MultilayerError, ValueError):
    """An array, table or label cannot be used as given."""


class ShapeError(InputError):
    """Two arrays whose shapes do not fit together."""


class InputTypeError(InputError, TypeError):
    """An entry or a label is of a type that cannot be used."""


class ParameterError(MultilayerError, ValueError):
    """A parameter has a value that it cannot have."""


class DivergenceError(MultilayerError, ArithmeticError, ValueError):
    """Training left the finite numbers.  Also a ValueError, which is what scikit-learn raises of it."""


class DataFileError(MultilayerError, ValueError):
    """A data file cannot be read as a table."""


class ModelFileError(MultilayerError, ValueError):
    """A model file cannot be read or written."""


class InterruptedTrainingError(MultilayerError, KeyboardInterrupt):
    """Ctrl-C came before there was anything to keep."""


class EngineError(MultilayerError, RuntimeError):
    """The compiled engine cannot compile a kernel on this machine, or with this version of Numba."""


class JournalError(MultilayerError, ValueError):
    """The journal of a search cannot be used: it is damaged, in use, or that of another search."""


class MissingExtraError(MultilayerError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs {package}, which is not installed. "
            f'Install it with: python -m pip install "multilayer[{extra}]"'
        )


class MultilayerWarning(UserWarning):
    """Any warning raised on purpose by this library."""


class EngineWarning(MultilayerWarning):
    """The compiled engine cannot be used; the reference engine takes its place, which is slower."""


class InterruptedTrainingWarning(MultilayerWarning):
    """Training was ended by Ctrl-C; the estimator is usable."""


class ParameterWarning(MultilayerWarning):
    """A parameter was adapted to the data, or has no effect."""


def unknown_name(what: str, received: object, known: Iterable[str]) -> ParameterError:
    """The error for a name outside a fixed list, with the near miss it may have meant.

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
