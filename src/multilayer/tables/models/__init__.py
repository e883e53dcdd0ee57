"""Table models: from a raw table to predictions, without choices."""

from multilayer.tables.models.calibration_error import expected_calibration_error
from multilayer.tables.models.classifier import TableClassifier
from multilayer.tables.models.dependence import PartialDependence
from multilayer.tables.models.explanation import Explanation
from multilayer.tables.models.importance import Importance
from multilayer.tables.models.kinds import NetworkKind, network_kinds
from multilayer.tables.models.regressor import TableRegressor

__all__ = [
    "Explanation",
    "Importance",
    "NetworkKind",
    "PartialDependence",
    "TableClassifier",
    "TableRegressor",
    "expected_calibration_error",
    "network_kinds",
]
