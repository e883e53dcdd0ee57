"""How good a network is, and which: cross-validation on packs."""

from multilayer.selection.cross_validation import CrossValidation, Fold, cross_validate
from multilayer.selection.out_of_fold import Predictions

__all__ = ["CrossValidation", "Fold", "Predictions", "cross_validate"]
