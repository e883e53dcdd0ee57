"""from_torch: a torch.nn.Sequential of linear layers and activations as an estimator of this library."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputTypeError, ParameterError, ShapeError
from multilayer.exports.given_weights import row_of_targets, with_weights

# By the class of a module: the activation, and the options that it must have.
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "ReLU": ("relu", {}),
    "Tanh": ("tanh", {}),
    "Sigmoid": ("sigmoid", {}),
    "LeakyReLU": ("leaky_relu", {"negative_slope": 0.01}),
    "ELU": ("elu", {"alpha": 1.0}),
    "SELU": ("selu", {}),
    "GELU": ("gelu", {"approximate": "none"}),
    "SiLU": ("silu", {}),
    "Mish": ("mish", {}),
    "Softplus": ("softplus", {"beta": 1}),
}
IGNORED = ("Identity", "Dropout", "AlphaDropout", "Flatten")  # they do not change predictions for rows
OUTPUTS = {"Softmax": "softmax", "Sigmoid": "sigmoid"}


def from_torch(module: Any, *, classes: ArrayLike | None = None) -> MLPClassifier | MLPRegressor:
    """Return a ``torch.nn.Sequential`` as a fitted estimator.

    Parameters
    ----------
    module : torch.nn.Sequential
        Layers ``Linear``, each but the last with an activation: ReLU, Tanh, Sigmoid, LeakyReLU, ELU, SELU, GELU, SiLU,
        Mish, Softplus, or none.  ``LayerNorm`` may stand after each ``Linear`` but the last.  Dropout is dropped.
    classes : array of shape (n_classes,) or None, default=None
        The labels of the outputs, sorted, of a classifier.  The last layer returns the logits that
        ``CrossEntropyLoss`` takes, or for two classes one logit; or ends in Softmax or Sigmoid.  None: a regressor.

    Returns
    -------
    MLPClassifier or MLPRegressor
        An estimator with the same predictions, in the type of the weights.

    Raises
    ------
    InputTypeError
        For a module that is not among these.
    ParameterError
        For options of an activation that this library does not have, or a softmax without classes.
    ShapeError
        If the number of classes is not that of the outputs.
    """
    layers, last = _layers(module)
    weights = [_numbers(layer["linear"].weight).T for layer in layers]
    biases = [
        np.zeros(w.shape[1], dtype=w.dtype) if layer["linear"].bias is None else _numbers(layer["linear"].bias)
        for w, layer in zip(weights, layers, strict=True)
    ]
    hidden = layers[:-1]
    norms = [layer["norm"] for layer in hidden if layer["norm"] is not None]
    if norms and (len(norms) < len(hidden)):
        raise InputTypeError("LayerNorm must stand after each Linear but the last, or after none.")
    options: dict[str, Any] = {
        "hidden_layer_sizes": tuple(w.shape[1] for w in weights[:-1]),
        "activation": tuple(layer["activation"] for layer in hidden) or "relu",
        "normalization": "layer" if norms else None,
    }
    gains = [np.stack([_numbers(norm.weight), _numbers(norm.bias)]) for norm in norms]
    n = weights[-1].shape[1]
    if classes is None:
        if last:
            raise ParameterError(
                f"a network that ends in {last} is a classifier. Pass classes, the labels of its outputs."
            )
        return with_weights(MLPRegressor(**options), weights, biases, row_of_targets(n), gains)
    labels = np.unique(np.asarray(classes))
    output = OUTPUTS.get(last, "sigmoid" if n == 1 else "softmax")
    if len(labels) != (2 if n == 1 else n):
        raise ShapeError(f"classes must have {2 if n == 1 else n} different labels for {n} outputs, got {len(labels)}.")
    model = MLPClassifier(**options, output="auto" if n == 1 else output)
    return with_weights(model, weights, biases, labels, gains)


def _layers(module: Any) -> tuple[list[dict[str, Any]], str]:
    """Return the linear layers, each with its normalisation and activation, and the module after the last."""
    if type(module).__name__ != "Sequential":
        raise InputTypeError(f"from_torch takes a torch.nn.Sequential, got {type(module).__name__}.")
    modules = [each for each in module if type(each).__name__ not in IGNORED]
    linear = [i for i, each in enumerate(modules) if type(each).__name__ == "Linear"]
    if not linear or linear[0] != 0:
        raise InputTypeError("a network must begin with Linear. Compute what stands before it separately.")
    found = []
    for start, end in zip(linear, [*linear[1:], len(modules)], strict=True):
        layer: dict[str, Any] = {"linear": modules[start], "norm": None, "activation": "identity"}
        rest = modules[start + 1 : end]
        if end == len(modules):
            break
        if rest and type(rest[0]).__name__ == "LayerNorm":
            layer["norm"] = _checked(rest.pop(0), {"eps": 1e-5, "elementwise_affine": True})
        if rest:
            layer["activation"] = _activation(rest.pop(0))
        if rest:
            raise _unknown(rest[0])
        found.append(layer)
    if len(rest) > 1 or (rest and type(rest[0]).__name__ not in OUTPUTS):
        raise _unknown(rest[0])
    return [*found, layer], type(rest[0]).__name__ if rest else ""


def _activation(module: Any) -> str:
    name = type(module).__name__
    if name not in ACTIVATIONS:
        raise _unknown(module)
    found, options = ACTIVATIONS[name]
    _checked(module, options)
    return found


def _checked(module: Any, options: dict[str, Any]) -> Any:
    for option, value in options.items():
        if getattr(module, option) != value:
            raise ParameterError(
                f"{type(module).__name__} has {option}={getattr(module, option)!r}, and this library has {value!r}. "
                "Train with that value, or use torch to predict."
            )
    return module


def _unknown(module: Any) -> InputTypeError:
    known = ", ".join([*ACTIVATIONS, "LayerNorm", "Dropout"])
    return InputTypeError(
        f"a network cannot have {type(module).__name__} at this place. It is made of Linear and, after each but "
        f"the last, one activation: {known}."
    )


def _numbers(tensor: Any) -> NDArray[Any]:
    """Return a tensor as an array of float32 or float64."""
    found: NDArray[Any] = tensor.detach().cpu().double().numpy()
    return found.astype(np.float64 if str(tensor.dtype) == "torch.float64" else np.float32)
