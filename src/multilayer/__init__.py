"""Multilayer perceptrons for tables: the textbook's mathematics, scikit-learn's interface.

The names below load their modules on first use, so that ``import multilayer`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multilayer.engines.warmup import warmup
    from multilayer.ensembles import EnsembleClassifier, EnsembleRegressor
    from multilayer.estimators import ConvergenceWarning, MLPClassifier, MLPRegressor, NotFittedError
    from multilayer.files import load_model, resume, save_model
    from multilayer.network import Network
    from multilayer.tables.models import TableClassifier, TableRegressor

__version__ = "0.2.0"

_HOMES = {
    "ConvergenceWarning": "multilayer.estimators",
    "EnsembleClassifier": "multilayer.ensembles",
    "EnsembleRegressor": "multilayer.ensembles",
    "MLPClassifier": "multilayer.estimators",
    "MLPRegressor": "multilayer.estimators",
    "Network": "multilayer.network",
    "NotFittedError": "multilayer.estimators",
    "TableClassifier": "multilayer.tables.models",
    "TableRegressor": "multilayer.tables.models",
    "load_model": "multilayer.files",
    "resume": "multilayer.files",
    "save_model": "multilayer.files",
    "warmup": "multilayer.engines.warmup",
}

__all__ = [
    "ConvergenceWarning",
    "EnsembleClassifier",
    "EnsembleRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "NotFittedError",
    "TableClassifier",
    "TableRegressor",
    "__version__",
    "load_model",
    "resume",
    "save_model",
    "warmup",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'multilayer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
