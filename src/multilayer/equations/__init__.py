"""The book: the mathematics of multilayer perceptrons in NumPy, one function per equation.

All arrays are float64, and the code is written for reading.  The docstring of each function has the tag of its
equation, such as (P2) or (B4), under which docs/learn/mathematics.md derives it, or docs/learn/extensions.md beside
it.  The engines, which train real networks, are tested against this code.
"""

from multilayer.equations.activations import ACTIVATIONS, Activation, activation
from multilayer.equations.backpropagation import backpropagation, cost_and_gradient, deltas
from multilayer.equations.checking import (
    GradientCheck,
    WorstWeight,
    check_gradient,
    compare_gradients,
)
from multilayer.equations.complex_step import complex_step_derivative
from multilayer.equations.costs import OUTPUTS, Cost, Output, output_unit
from multilayer.equations.descent import (
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    UpdateRule,
    gradient_descent,
)
from multilayer.equations.difference_quotients import difference_quotient, numerical_gradient
from multilayer.equations.extensions.attributions import integrated_gradients
from multilayer.equations.extensions.chosen_costs import (
    AbsoluteError,
    GammaDeviance,
    Huber,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
)
from multilayer.equations.extensions.custom import check_activation, check_cost
from multilayer.equations.extensions.dropout import dropout_mask, dropout_masks
from multilayer.equations.extensions.normalization import (
    normalization_delta,
    normalization_gradient,
    normalize,
)
from multilayer.equations.extensions.penalties import Penalty, regularization, regularization_gradient
from multilayer.equations.extensions.sensitivity import input_gradient
from multilayer.equations.extensions.step_options import average_weights, clip_gradient, decay_weights
from multilayer.equations.extensions.tracing import Trace, trace
from multilayer.equations.initialization import SCHEMES, initialize_thetas
from multilayer.equations.propagation import cost, forward_propagation, one_hot, predict

__all__ = [
    "ACTIVATIONS",
    "OUTPUTS",
    "SCHEMES",
    "AbsoluteError",
    "Activation",
    "Adam",
    "Cost",
    "GammaDeviance",
    "GradientCheck",
    "GradientDescent",
    "Huber",
    "Momentum",
    "Nesterov",
    "Output",
    "Penalty",
    "Quantile",
    "SigmoidFocal",
    "SoftmaxFocal",
    "Trace",
    "UpdateRule",
    "WorstWeight",
    "activation",
    "average_weights",
    "backpropagation",
    "check_activation",
    "check_cost",
    "check_gradient",
    "clip_gradient",
    "compare_gradients",
    "complex_step_derivative",
    "cost",
    "cost_and_gradient",
    "decay_weights",
    "deltas",
    "difference_quotient",
    "dropout_mask",
    "dropout_masks",
    "forward_propagation",
    "gradient_descent",
    "initialize_thetas",
    "input_gradient",
    "integrated_gradients",
    "normalization_delta",
    "normalization_gradient",
    "normalize",
    "numerical_gradient",
    "one_hot",
    "output_unit",
    "predict",
    "regularization",
    "regularization_gradient",
    "trace",
]
