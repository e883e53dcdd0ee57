"""Estimators: scikit-learn's interface to training.  They validate, encode, train and expose; no arithmetic."""

from multilayer.estimators.classifier import MLPClassifier
from multilayer.estimators.diagnosis import Diagnosis, Finding, LayerVitals
from multilayer.estimators.errors import ConvergenceWarning, NotFittedError
from multilayer.estimators.regressor import MLPRegressor

__all__ = [
    "ConvergenceWarning",
    "Diagnosis",
    "Finding",
    "LayerVitals",
    "MLPClassifier",
    "MLPRegressor",
    "NotFittedError",
]
