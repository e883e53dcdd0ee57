"""Curves of model selection: what more rows, more units, more regularisation and another seed change."""

from multilayer.selection.curves.capacity import capacity_curve
from multilayer.selection.curves.capacity_result import CapacityCurve
from multilayer.selection.curves.learning import LearningCurve, learning_curve
from multilayer.selection.curves.regularization import regularization_path
from multilayer.selection.curves.regularization_result import RegularizationPath
from multilayer.selection.curves.seeds import SeedSpread, seed_spread

__all__ = [
    "CapacityCurve",
    "LearningCurve",
    "RegularizationPath",
    "SeedSpread",
    "capacity_curve",
    "learning_curve",
    "regularization_path",
    "seed_spread",
]
