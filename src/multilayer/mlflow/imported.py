"""The import of MLflow on first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from multilayer.exceptions import MissingExtraError

NAME = "mlflow"  # the package, not the room of this file


def imported(feature: str, module: str = NAME) -> Any:
    """Return a module of MLflow, or raise MissingExtraError."""
    try:
        import_module("pandas")  # by which MLflow passes rows
        return import_module(module)
    except ImportError:
        raise MissingExtraError(feature, "mlflow and pandas", "mlflow") from None
