"""Estimators with scikit-learn's interface.  They validate, encode, train and expose; they do no arithmetic."""

from multilayer.estimators.classifier import MLPClassifier
from multilayer.estimators.regressor import MLPRegressor
from multilayer.fits.errors import ConvergenceWarning, NotFittedError
from multilayer.inspection.diagnosis import Diagnosis, Finding, LayerVitals

__all__ = [
    "ConvergenceWarning",
    "Diagnosis",
    "Finding",
    "LayerVitals",
    "MLPClassifier",
    "MLPRegressor",
    "NotFittedError",
]
