"""Table models: from a raw table to predictions, without choices."""

from multilayer.tables.models.calibration_error import expected_calibration_error
from multilayer.tables.models.classifier import TableClassifier
from multilayer.tables.models.dependence import PartialDependence
from multilayer.tables.models.drift import Drift, drift
from multilayer.tables.models.explanation import Explanation
from multilayer.tables.models.importance import Importance
from multilayer.tables.models.input_columns import InputColumn, input_columns
from multilayer.tables.models.inputs import (
    columns_with_hours,
    far_columns,
    far_rows,
    has_column_names,
    input_categories,
    input_encoder,
    input_kinds,
    with_spelled_cells,
)
from multilayer.tables.models.kinds import NetworkKind, network_kinds
from multilayer.tables.models.memory import available_memory, checked_memory
from multilayer.tables.models.novelty import FarRows
from multilayer.tables.models.prediction_columns import prediction_columns
from multilayer.tables.models.regressor import TableRegressor
from multilayer.tables.models.row_answers import RowAnswers, row_answers
from multilayer.tables.models.streamed.progress import PhaseProgress

__all__ = [
    "Drift",
    "Explanation",
    "FarRows",
    "Importance",
    "InputColumn",
    "NetworkKind",
    "PartialDependence",
    "PhaseProgress",
    "RowAnswers",
    "TableClassifier",
    "TableRegressor",
    "available_memory",
    "checked_memory",
    "columns_with_hours",
    "drift",
    "expected_calibration_error",
    "far_columns",
    "far_rows",
    "has_column_names",
    "input_categories",
    "input_columns",
    "input_encoder",
    "input_kinds",
    "network_kinds",
    "prediction_columns",
    "row_answers",
    "with_spelled_cells",
]
