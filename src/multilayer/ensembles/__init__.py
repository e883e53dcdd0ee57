"""Several networks as one: their mean answers, their spread, intervals, and which of them to take."""

from multilayer.ensembles.classifier import EnsembleClassifier
from multilayer.ensembles.from_search import ensemble_of
from multilayer.ensembles.greedy import greedy_selection
from multilayer.ensembles.regressor import EnsembleRegressor

__all__ = ["EnsembleClassifier", "EnsembleRegressor", "ensemble_of", "greedy_selection"]
