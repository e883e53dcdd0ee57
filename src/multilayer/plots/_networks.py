"""Reading a network for drawing: its weight matrices and what is known of the names of its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from multilayer.exceptions import InputError, ShapeError
from multilayer.plots._inputs import FloatArray, check_fitted, feature_names_for, innermost, read_names, read_numbers


@dataclass(frozen=True)
class DrawnNetwork:
    """A network of L layers as it is drawn."""

    thetas: tuple[FloatArray, ...]  # L - 1 matrices (units, inputs + 1), bias in column 0
    activations: tuple[str | None, ...]  # L, None where it is not known, as that of the input layer
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The layer sizes s_1 to s_L, bias units not counted."""
        return (self.thetas[0].shape[1] - 1, *(theta.shape[0] for theta in self.thetas))

    @property
    def n_weights(self) -> int:
        """The number of weights, biases included."""
        return sum(theta.size for theta in self.thetas)

    @property
    def strengths(self) -> tuple[FloatArray, ...]:
        """The norm of the weights out of each unit of a layer (s_l,), of the output layer of those into it."""
        out = [np.linalg.norm(theta[:, 1:], axis=0) for theta in self.thetas]
        return (*out, np.linalg.norm(self.thetas[-1], axis=1))

    def layer_name(self, layer: int) -> str:
        """The name of layer number `layer`, from 0: "input", "hidden 1", ..., "output"."""
        if layer == 0:
            return "input"
        return "output" if layer == len(self.thetas) else f"hidden {layer}"

    def unit_names(self, layer: int) -> tuple[str, ...]:
        """The names of the units of a layer; those of a hidden layer are a_1, a_2, ..."""
        if layer == 0:
            return self.input_names
        if layer == len(self.thetas):
            return self.output_names
        return tuple(f"$a_{{{i}}}$" for i in range(1, self.sizes[layer] + 1))


def read_network(
    source: Any, feature_names: Sequence[str] | None = None, class_names: Sequence[str] | None = None
) -> DrawnNetwork:
    """The network in `source`: a fitted estimator, or a list of thetas."""
    if isinstance(source, (list, tuple, np.ndarray)):
        estimator, thetas = None, _check_thetas(source)
    else:
        check_fitted(source)
        estimator = innermost(source)
        thetas = _check_thetas(_thetas_of(estimator))
    n_inputs, n_outputs = thetas[0].shape[1] - 1, thetas[-1].shape[0]
    return DrawnNetwork(
        thetas=thetas,
        activations=_activations_of(estimator, len(thetas)),
        input_names=tuple(feature_names_for(feature_names, n_inputs, estimator=estimator)),
        output_names=_output_names(class_names, estimator, n_outputs),
    )


def _thetas_of(estimator: Any) -> Sequence[Any]:
    """The weight matrices of an estimator, bias in column 0."""
    thetas = getattr(estimator, "thetas_", None)
    if thetas is not None:
        return list(thetas)
    coefs, intercepts = getattr(estimator, "coefs_", None), getattr(estimator, "intercepts_", None)
    if coefs is None or intercepts is None:
        raise InputError(
            f"{type(estimator).__name__} has neither thetas_ nor coefs_ and intercepts_: there is no network "
            "to draw. Pass a fitted multilayer perceptron or a list of weight matrices."
        )
    return [np.column_stack([b, np.transpose(W)]) for W, b in zip(coefs, intercepts, strict=True)]


def _check_thetas(thetas: Sequence[Any] | np.ndarray[Any, Any]) -> tuple[FloatArray, ...]:
    """Each theta as finite float64 of shape (s_{l+1}, s_l + 1), following on the one before."""
    if len(thetas) == 0:
        raise InputError("the list of thetas is empty. Pass one weight matrix for each pair of layers.")
    checked: list[FloatArray] = []
    for number, theta in enumerate(thetas, start=1):
        matrix = read_numbers(f"theta {number}", theta, "Pass a list of 2-D arrays.")
        if matrix.ndim != 2 or matrix.shape[0] < 1 or matrix.shape[1] < 2:
            raise ShapeError(
                f"theta {number} must be a matrix of shape (units, inputs + 1), bias in column 0, got shape "
                f"{matrix.shape}. Pass a list of such matrices."
            )
        if checked and matrix.shape[1] != checked[-1].shape[0] + 1:
            raise ShapeError(
                f"theta {number} of shape {matrix.shape} does not follow theta {number - 1} of shape "
                f"{checked[-1].shape}: it must have {checked[-1].shape[0] + 1} columns, one for the bias and one "
                "for each unit."
            )
        if not np.isfinite(matrix).all():
            raise InputError(f"theta {number} has NaN or infinite weights: training diverged. Lower the step size.")
        checked.append(matrix)
    return tuple(checked)


def _activations_of(estimator: Any, n_thetas: int) -> tuple[str | None, ...]:
    """The activation of each layer: `activation` (one, or one for each hidden layer) and `out_activation_`."""
    hidden = getattr(estimator, "activation", None)
    output = getattr(estimator, "out_activation_", None)
    n_hidden = n_thetas - 1
    names = hidden if isinstance(hidden, (list, tuple)) and len(hidden) == n_hidden else [hidden] * n_hidden
    # scikit-learn calls the sigmoid "logistic"; one picture has one word for it.
    return tuple(
        {"logistic": "sigmoid"}.get(name, name) if isinstance(name, str) else None for name in (None, *names, output)
    )


def _output_names(class_names: Sequence[str] | None, estimator: Any, n_outputs: int) -> tuple[str, ...]:
    """Names of the output units: as passed, else the classes; h_1, h_2, ... where there are none."""
    classes = getattr(estimator, "classes_", None)
    n_classes = len(classes) if classes is not None and np.ndim(classes) == 1 else 0
    # A single output unit answers for two classes: it gives the probability of the second.
    one_for_two = n_outputs == 1 and (n_classes == 2 or (class_names is not None and len(class_names) == 2))
    given = read_names("class_names", class_names, 2 if one_for_two else n_outputs)
    if given is None and classes is not None and n_classes == (2 if one_for_two else n_outputs):
        given = [str(label) for label in classes]
    if given is None:
        return tuple(f"$h_{{{k}}}$" for k in range(1, n_outputs + 1))
    return (f"P({given[1]})",) if one_for_two else tuple(given)
