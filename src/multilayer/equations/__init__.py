"""The book: the mathematics of multilayer perceptrons in NumPy, one function per equation.

Everything here is float64 and written to be read.  Each function carries the tag of its equation, (P2) or (B4),
under which docs/mathematics.md derives it.  The engines that train real networks are tested against this code.
"""

from multilayer.equations.activations import ACTIVATIONS, Activation, activation
from multilayer.equations.backpropagation import backpropagation, cost_and_gradient, deltas
from multilayer.equations.checking import (
    GradientCheck,
    WorstWeight,
    check_gradient,
    compare_gradients,
    numerical_gradient,
)
from multilayer.equations.costs import OUTPUTS, Output, output_unit, regularization
from multilayer.equations.descent import (
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    UpdateRule,
    gradient_descent,
)
from multilayer.equations.dropout import dropout_mask, dropout_masks, philox
from multilayer.equations.initialization import SCHEMES, initialize_thetas
from multilayer.equations.propagation import cost, forward_propagation, one_hot, predict
from multilayer.equations.sensitivity import answer_gradient, input_gradient
from multilayer.equations.tracing import Trace, trace

__all__ = [
    "ACTIVATIONS",
    "OUTPUTS",
    "SCHEMES",
    "Activation",
    "Adam",
    "GradientCheck",
    "GradientDescent",
    "Momentum",
    "Nesterov",
    "Output",
    "Trace",
    "UpdateRule",
    "WorstWeight",
    "activation",
    "answer_gradient",
    "backpropagation",
    "check_gradient",
    "compare_gradients",
    "cost",
    "cost_and_gradient",
    "deltas",
    "dropout_mask",
    "dropout_masks",
    "forward_propagation",
    "gradient_descent",
    "initialize_thetas",
    "input_gradient",
    "numerical_gradient",
    "one_hot",
    "output_unit",
    "philox",
    "predict",
    "regularization",
    "trace",
]
