"""From an estimator's parameters and data to a training session: settings, rows, targets, recipe, outcome."""

from multilayer.fits.fit import Fit, begin
from multilayer.fits.outcome import FitOutcome
from multilayer.fits.rows import FitRequest
from multilayer.fits.settings import Settings, settings_of

__all__ = ["Fit", "FitOutcome", "FitRequest", "Settings", "begin", "settings_of"]
