"""Model selection: cross-validation, search, curves and step sizes."""

from multilayer.packs.running import MemberEnded
from multilayer.selection.cross_validation import CrossValidation, Fold, cross_validate
from multilayer.selection.curves.capacity import capacity_curve
from multilayer.selection.curves.capacity_result import CapacityCurve
from multilayer.selection.curves.learning import LearningCurve, learning_curve
from multilayer.selection.curves.regularization import regularization_path
from multilayer.selection.curves.regularization_result import RegularizationPath
from multilayer.selection.curves.seeds import SeedSpread, seed_spread
from multilayer.selection.out_of_fold import Predictions
from multilayer.selection.searching.result import Search
from multilayer.selection.searching.rungs import rung_epochs
from multilayer.selection.searching.search import search
from multilayer.selection.searching.trials import Trial, TrialScored
from multilayer.selection.statistics import mean_and_error
from multilayer.selection.step_size import StepSizeTest, find_step_size

__all__ = [
    "CapacityCurve",
    "CrossValidation",
    "Fold",
    "LearningCurve",
    "MemberEnded",
    "Predictions",
    "RegularizationPath",
    "Search",
    "SeedSpread",
    "StepSizeTest",
    "Trial",
    "TrialScored",
    "capacity_curve",
    "cross_validate",
    "find_step_size",
    "learning_curve",
    "mean_and_error",
    "regularization_path",
    "rung_epochs",
    "search",
    "seed_spread",
]
