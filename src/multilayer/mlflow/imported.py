"""The import of MLflow on first use."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from multilayer.exceptions import MissingExtraError


def imported(feature: str, module: str) -> Any:
    """Return a module of MLflow, or raise MissingExtraError."""
    try:
        import_module("pandas")  # by which MLflow passes rows
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of MLflow about its own modules
            return import_module(module)
    except ImportError:
        raise MissingExtraError(feature, "mlflow and pandas", "mlflow") from None
