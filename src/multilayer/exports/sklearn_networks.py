"""from_sklearn and to_sklearn: networks of scikit-learn as estimators of this library, and the reverse."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import neural_network
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from multilayer.estimators import MLPClassifier, MLPRegressor, NotFittedError
from multilayer.exceptions import InputTypeError, ParameterError
from multilayer.exports.given_weights import row_of_targets, with_weights

CURVES = ("loss_curve_", "loss_", "best_loss_", "validation_scores_", "best_validation_score_")
SCHEDULES = ("constant", "invscaling", "adaptive")
NAMES = {"sigmoid": "logistic"}  # of activations in scikit-learn, where they differ
ACTIVATIONS = ("identity", "logistic", "tanh", "relu")


def from_sklearn(fitted: Any) -> MLPClassifier | MLPRegressor:
    """Return a fitted MLPClassifier or MLPRegressor of scikit-learn as an estimator of this library.

    Parameters
    ----------
    fitted : sklearn.neural_network.MLPClassifier or MLPRegressor
        The fitted estimator.

    Returns
    -------
    MLPClassifier or MLPRegressor
        The same network with the same parameters, classes and names of columns, and the same predictions, without
        curves.  Further training starts with an empty memory of the update rule.

    Raises
    ------
    InputTypeError
        For another object.
    NotFittedError
        If it is not fitted.

    Examples
    --------
    >>> from sklearn.neural_network import MLPRegressor as Theirs
    >>> theirs = Theirs(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0)
    >>> theirs = theirs.fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 3.0])
    >>> ours = from_sklearn(theirs)
    >>> bool((abs(ours.predict([[0.5]]) - theirs.predict([[0.5]])) < 1e-12).all())
    True
    """
    is_classifier = isinstance(fitted, neural_network.MLPClassifier)
    if not is_classifier and not isinstance(fitted, neural_network.MLPRegressor):
        raise InputTypeError(
            f"from_sklearn takes an MLPClassifier or MLPRegressor of scikit-learn, got {type(fitted).__name__}. Pass "
            "the last step of a pipeline, pipeline[-1]."
        )
    try:
        check_is_fitted(fitted)
    except ValueError:
        raise NotFittedError(f"this {type(fitted).__name__} is not fitted yet. Call fit first.") from None
    kind: Any = MLPClassifier if is_classifier else MLPRegressor
    model = kind(**{name: each for name, each in fitted.get_params().items() if name in kind._get_param_names()})
    y = _rows_of_classes(fitted) if is_classifier else row_of_targets(fitted.n_outputs_)
    with_weights(model, fitted.coefs_, fitted.intercepts_, y)
    if hasattr(fitted, "feature_names_in_"):
        model.feature_names_in_ = fitted.feature_names_in_
    return model


def _rows_of_classes(fitted: Any) -> Any:
    """Return a y with all classes, or with all labels if rows have several."""
    if fitted._label_binarizer.y_type_.startswith("multilabel"):
        return np.vstack([np.eye(fitted.n_outputs_, dtype=int), np.zeros((1, fitted.n_outputs_), dtype=int)])
    return np.asarray(fitted.classes_)


def to_sklearn(model: Any) -> Any:
    """Return a fitted MLPClassifier or MLPRegressor as an estimator of scikit-learn.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        The fitted estimator.

    Returns
    -------
    sklearn.neural_network.MLPClassifier or MLPRegressor
        A network with the same predictions.  A softmax of two classes becomes one sigmoid unit, and standardised
        targets are part of the weights.  Parameters that scikit-learn does not have are dropped.

    Raises
    ------
    InputTypeError
        For another object.
    NotFittedError
        If it is not fitted.
    ParameterError
        For a network that scikit-learn does not have: with other activations or several, normalisation, an embedding,
        several quantiles, or one sigmoid unit for each of several classes.

    Examples
    --------
    >>> model = MLPRegressor((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 3.0])
    >>> bool((abs(to_sklearn(model).predict([[0.5]]) - model.predict([[0.5]])) < 1e-12).all())
    True
    """
    if not isinstance(model, MLPClassifier | MLPRegressor):
        raise InputTypeError(
            f"to_sklearn takes an MLPClassifier or MLPRegressor, got {type(model).__name__}. Pass the last step of a "
            "pipeline, pipeline[-1], or a member of an ensemble."
        )
    model._check_is_fitted()
    weights, biases = [each.copy() for each in model.coefs_], [each.copy() for each in model.intercepts_]
    activation = _activation(model)
    is_classifier = isinstance(model, MLPClassifier)
    kind = neural_network.MLPClassifier if is_classifier else neural_network.MLPRegressor
    found: Any = kind(**_parameters(model, kind, activation))
    output = model.out_activation_
    if is_classifier:
        _set_classes(found, model)
        if output == "softmax" and weights[-1].shape[1] == 2:
            weights[-1] = weights[-1][:, 1:] - weights[-1][:, :1]
            biases[-1] = biases[-1][1:] - biases[-1][:1]
            output = "logistic"
    elif model._target_scale is not None:
        scale = model._target_scale
        weights[-1] = (weights[-1] * scale.deviation).astype(weights[-1].dtype)
        biases[-1] = (biases[-1] * scale.deviation + scale.mean).astype(biases[-1].dtype)
    found.coefs_, found.intercepts_, found.out_activation_ = weights, biases, output
    found.n_layers_, found.n_outputs_ = model.n_layers_, weights[-1].shape[1]
    found.n_features_in_, found.n_iter_, found.t_ = model.n_features_in_, model.n_iter_, model.t_
    found._random_state, found._no_improvement_count = np.random.RandomState(0), 0
    for name in CURVES:
        setattr(found, name, getattr(model, name))
    if hasattr(model, "feature_names_in_"):
        found.feature_names_in_ = model.feature_names_in_
    return found


def _activation(model: Any) -> str:
    """Return the one activation of the hidden layers, or raise an error for a network that scikit-learn lacks."""
    network, why = model.network_, ""
    names = {NAMES.get(each, each) if isinstance(each, str) else type(each).__name__ for each in network.hidden}
    multilabel = isinstance(model, MLPClassifier) and model._labels.multilabel
    if not names <= set(ACTIVATIONS) or len(names) > 1:
        why = f"the activations {', '.join(sorted(names))}"
    elif network.normalization is not None:
        why = "normalised layers"
    elif network.embedding is not None:
        why = "an embedding"
    elif network.output == "increasing":
        why = "several quantiles"
    elif isinstance(model, MLPClassifier) and not multilabel and network.output == "sigmoid" and model.n_outputs_ > 1:
        why = "a sigmoid unit for each class"
    if why:
        raise ParameterError(f"this network has {why}, which scikit-learn does not have. Use to_onnx or save_model.")
    return next(iter(names), "relu")


def _parameters(model: Any, kind: Any, activation: str) -> dict[str, Any]:
    """Return the parameters that scikit-learn has, too."""
    known = set(inspect.signature(kind).parameters)
    found = {name: each for name, each in model.get_params(deep=False).items() if name in known}
    found |= {"activation": activation, "hidden_layer_sizes": tuple(model.network_.layer_sizes[1:-1])}
    if "loss" in found:
        found["loss"] = "poisson" if model.network_.output == "exp" else "squared_error"
    if found["learning_rate"] not in SCHEDULES:
        del found["learning_rate"]
    if not isinstance(found["validation_fraction"], float):
        del found["validation_fraction"]
    if found["n_iter_no_change"] is None:
        found["n_iter_no_change"] = np.inf
    return found


def _set_classes(found: Any, model: MLPClassifier) -> None:
    labels: Any = model._labels
    given: NDArray[Any] = labels.classes
    if labels.multilabel:
        given = np.vstack([np.eye(len(given), dtype=int), np.zeros((1, len(given)), dtype=int)])
    found._label_binarizer = LabelBinarizer().fit(given)
    found.classes_ = found._label_binarizer.classes_
