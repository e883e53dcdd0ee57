"""Pictures of data, training and networks, drawn with matplotlib.

Each function takes a fitted estimator, a result or plain arrays, trains nothing and returns the matplotlib ``Axes`` it
drew on: the one passed as ``ax``, or that of a new figure.  None calls ``plt.show`` or switches the backend.
Colours are those of Okabe and Ito; classes and runs also differ in marker or line style.  The label of a new figure,
``ax.figure.get_label()``, is a text for readers who do not see it.

matplotlib comes with the extra ``multilayer[plots]``.  The first picture imports it, and raises MissingExtraError where
it is not installed.  What brings scikit-learn along, as the results do, is imported by the functions that need it, too.
"""

from __future__ import annotations

from multilayer.plots.boundary import plot_decision_boundary
from multilayer.plots.capacity_curve import plot_capacity_curve
from multilayer.plots.computation_graph import plot_computation_graph
from multilayer.plots.cost import plot_cost
from multilayer.plots.cross_validation import plot_cross_validation
from multilayer.plots.curves import plot_learning_curve, plot_regularization_path, plot_seed_spread
from multilayer.plots.data import plot_data
from multilayer.plots.diagnosis import plot_diagnosis
from multilayer.plots.network import plot_network
from multilayer.plots.predictions import plot_predictions
from multilayer.plots.propagation import plot_propagation
from multilayer.plots.readable import make_readable
from multilayer.plots.reasons import plot_explanation, plot_importance, plot_partial_dependence
from multilayer.plots.search import plot_search
from multilayer.plots.step_sizes import plot_step_sizes
from multilayer.plots.weights import plot_weights

__all__ = [
    "make_readable",
    "plot_capacity_curve",
    "plot_computation_graph",
    "plot_cost",
    "plot_cross_validation",
    "plot_data",
    "plot_decision_boundary",
    "plot_diagnosis",
    "plot_explanation",
    "plot_importance",
    "plot_learning_curve",
    "plot_network",
    "plot_partial_dependence",
    "plot_predictions",
    "plot_propagation",
    "plot_regularization_path",
    "plot_search",
    "plot_seed_spread",
    "plot_step_sizes",
    "plot_weights",
]
