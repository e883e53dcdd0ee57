"""How good a network is, and what it is to be trained with."""

from multilayer.selection.cross_validation import CrossValidation, Fold, cross_validate
from multilayer.selection.out_of_fold import Predictions
from multilayer.selection.searching.progress import TrialScored
from multilayer.selection.searching.result import Search
from multilayer.selection.searching.search import search
from multilayer.selection.searching.trials import Trial
from multilayer.selection.step_size import StepSizeTest, find_step_size

__all__ = [
    "CrossValidation",
    "Fold",
    "Predictions",
    "Search",
    "StepSizeTest",
    "Trial",
    "TrialScored",
    "cross_validate",
    "find_step_size",
    "search",
]
