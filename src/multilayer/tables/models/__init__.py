"""Table models: from a raw table to predictions, without choices."""

from multilayer.tables.models.classifier import TableClassifier
from multilayer.tables.models.regressor import TableRegressor

__all__ = ["TableClassifier", "TableRegressor"]
