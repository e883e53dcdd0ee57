"""A flavor of MLflow: fitted models as MLflow models, whose artifact is a model file of this library.

``import mlflow`` in these modules is the package MLflow, which is imported on first use.
"""

from multilayer.mlflow.flavor import load_model, log_model, save_model
from multilayer.mlflow.predictor import _load_pyfunc as _load_pyfunc  # MLflow looks for it here

__all__ = ["load_model", "log_model", "save_model"]
