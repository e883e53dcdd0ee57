"""Ensembles of networks: mean predictions, standard deviations, prediction intervals and greedy selection."""

from multilayer.ensembles.classifier import EnsembleClassifier
from multilayer.ensembles.from_search import ensemble_of
from multilayer.ensembles.greedy import greedy_selection
from multilayer.ensembles.regressor import EnsembleRegressor

__all__ = ["EnsembleClassifier", "EnsembleRegressor", "ensemble_of", "greedy_selection"]
