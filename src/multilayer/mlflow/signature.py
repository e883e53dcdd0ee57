"""The signature of a model of MLflow: its columns, its predictions, and the parameters of predict."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from multilayer.exceptions import InputError
from multilayer.mlflow.imported import imported
from multilayer.tables.models import TableClassifier, TableRegressor, input_encoder, input_kinds

PROBABILITIES, COVERAGE = "proba", "interval"  # the parameters of predict, named as the options of the command
_KINDS = {"b": "boolean", "i": "long", "u": "long", "f": "double"}  # of labels; other labels are text


def signature_of(model: Any) -> Any:
    """Return the signature of a fitted model.

    Columns are of any type: models take integers for floats, gaps and categories, which MLflow would refuse.
    """
    schema = imported("multilayer.mlflow", "mlflow.types.schema")
    names, width = names_of(model), int(model.n_features_in_)
    if names is not None:
        inputs = [schema.ColSpec(schema.AnyType(), name) for name in names]
    elif input_encoder(model) is not None:
        inputs = [schema.ColSpec(schema.AnyType())] * width
    else:
        inputs = [schema.TensorSpec(_type_of_network(model), (-1, width))]
    outputs, params = _outputs(schema, model), _params(schema, model)
    models = imported("multilayer.mlflow", "mlflow.models")
    return models.ModelSignature(
        schema.Schema(inputs), schema.Schema([outputs]), schema.ParamSchema(params) if params else None
    )


def names_of(model: Any) -> list[str] | None:
    """Return the columns that a model needs, in the order of the fit; None for an array."""
    try:
        return list(input_kinds(model))
    except InputError:
        return None


def has_intervals(model: Any) -> bool:
    """Return whether a model predicts intervals or sets."""
    return isinstance(model, TableClassifier | TableRegressor)


def _outputs(schema: Any, model: Any) -> Any:
    last = _last(model)
    if not hasattr(model, "predict"):
        return schema.TensorSpec(np.dtype(np.float64), (-1, len(model.get_feature_names_out())))
    if is_classifier(model):
        if getattr(getattr(last, "_labels", None), "multilabel", False):
            return schema.TensorSpec(np.dtype(np.int64), (-1, len(model.classes_)))
        return schema.ColSpec(_KINDS.get(np.asarray(model.classes_).dtype.kind, "string"))
    n = _network(model).n_outputs_
    is_column = n == 1 and not getattr(last, "_is_matrix", False)
    kind = np.dtype(np.float64) if has_intervals(model) else _type_of_network(model)
    return schema.TensorSpec(kind, (-1,) if is_column else (-1, n))


def _params(schema: Any, model: Any) -> list[Any]:
    found = []
    if hasattr(model, "predict") and is_classifier(model):
        found.append(schema.ParamSpec(PROBABILITIES, "boolean", False))
    if has_intervals(model):
        found.append(schema.ParamSpec(COVERAGE, "double", None))
    return found


def _last(model: Any) -> Any:
    return _last(model[-1]) if isinstance(model, Pipeline) else model


def _network(model: Any) -> Any:
    """Return the first network of a model; another step is returned as it is."""
    last = _last(model)
    if has_intervals(last):
        return last.members_[0].network
    return _network(last.estimators_[0]) if hasattr(last, "estimators_") else last


def _type_of_network(model: Any) -> Any:
    """Return the type of floats of the first network, which is that of the rows of its fit."""
    parameters = getattr(_network(model), "parameters_", None)
    return np.dtype(np.float64) if parameters is None or isinstance(model, Pipeline) else parameters.dtype
