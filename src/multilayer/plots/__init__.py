"""Pictures of data, training and networks, drawn with matplotlib.

Each function takes a fitted estimator or plain arrays, trains nothing and returns the matplotlib ``Axes`` it
drew on: the one passed as ``ax``, or that of a new figure.  None calls ``plt.show`` or switches the backend.
Colours are those of Okabe and Ito; classes and runs differ in marker or line style as well.

matplotlib comes with the extra ``multilayer[plots]`` and is imported by the first picture, not by this module.
"""

from __future__ import annotations

from multilayer.plots.boundary import plot_decision_boundary
from multilayer.plots.cost import plot_cost
from multilayer.plots.cross_validation import plot_cross_validation
from multilayer.plots.data import plot_data
from multilayer.plots.diagnosis import plot_diagnosis
from multilayer.plots.network import plot_network
from multilayer.plots.predictions import plot_predictions
from multilayer.plots.step_sizes import plot_step_sizes
from multilayer.plots.weights import plot_weights

__all__ = [
    "plot_cost",
    "plot_cross_validation",
    "plot_data",
    "plot_decision_boundary",
    "plot_diagnosis",
    "plot_network",
    "plot_predictions",
    "plot_step_sizes",
    "plot_weights",
]
