"""How good a network is, and what it is to be trained with."""

from multilayer.selection.cross_validation import CrossValidation, Fold, cross_validate
from multilayer.selection.out_of_fold import Predictions
from multilayer.selection.step_size import StepSizeTest, find_step_size

__all__ = ["CrossValidation", "Fold", "Predictions", "StepSizeTest", "cross_validate", "find_step_size"]
