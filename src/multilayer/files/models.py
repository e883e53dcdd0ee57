"""Saving and loading of trained estimators."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from multilayer.engines.protocol import DescentState
from multilayer.exceptions import InputTypeError, ModelFileError, MultilayerError, ParameterError
from multilayer.files.about import about, check_about
from multilayer.files.building import built, checked_parameters, decoded
from multilayer.files.checks import check_ensemble, check_network
from multilayer.files.codec import Decoder, Encoder, UnstorableError
from multilayer.files.container import ADVICE, read, write
from multilayer.files.kinds import Place, Stored, length
from multilayer.files.schema import ATTRIBUTES, ENSEMBLES, NETWORKS, NOT_STORED, EstimatorSchema, stored
from multilayer.network import Floats, n_parameters
from multilayer.training.state import TrainingState, parameters_to_show

# Parameters that are code, and their value in a file.
DROPPED: dict[str, Any] = {"callbacks": []}
TABLE_MODELS = ("TableClassifier", "TableRegressor")
CROSS_VALIDATION = "CrossValidation"
SHARED = {"shared": "training.random_state"}  # the user's generator, from which training draws


def save_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    keep: int = 1,
    dtype: str | None = None,
    card: str | None = None,
    data: str | None = None,
) -> None:
    """Write a trained estimator, ensemble, table model, pipeline or cross-validation to one file.

    The file holds weights, parameters, labels, and the state that training needs to continue, as numbers and plain JSON
    without code.  It is replaced atomically; the next save to the path removes temporary files of killed processes.
    The file holds no rows of the data.  It holds row numbers if rows are shuffled or held out, and the out-of-fold
    predictions and errors of an ensemble by bootstrap or fold, of a table model, and of a cross-validation.

    Parameters
    ----------
    model : TableClassifier, TableRegressor, MLPClassifier, MLPRegressor, EnsembleClassifier, EnsembleRegressor, \
        TableEncoder, Pipeline or CrossValidation
        A fitted estimator.  Its callbacks, and those of scikit-learn, are not stored.  A pipeline ends in a network, an
        ensemble or a TableEncoder; its other steps are of TableEncoder and of scikit-learn's StandardScaler,
        MinMaxScaler, SimpleImputer, OneHotEncoder, OrdinalEncoder, and ColumnTransformer or Pipeline of these, or
        "passthrough".  A function that selects columns is stored as the names of the columns that it has selected.
        The result of ``cross_validate`` is stored with the models of its folds, their scores and predictions.
    path : str or path
        The file.  Missing folders are created; an existing file is replaced and keeps its mode; for a symbolic link,
        its target is replaced.
    keep : int, default=1
        The number of files to keep: this one, and earlier ones with .1, .2, ... appended to the name.
    dtype : {None, "float16"}, default=None
        The type of the weights in the file.  By default it is that of the network, and training can continue from the
        file exactly; the networks of a table model are not trained further.  "float16" stores the weights with 11
        significant bits, and without the memory of the update rule: the file is about 3 to 6 times smaller for networks
        of float32, predictions differ slightly, and further training begins with an empty memory.  A loaded network
        computes in the type of the saved one.
    card : str, default=None
        Text about the model, for :func:`model_info`.
    data : str, default=None
        The fingerprint of the training data by :func:`multilayer.tables.data_fingerprint`, for :func:`model_info`.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ParameterError
        For a parameter that is code (a custom cost, metric, schedule, splitter or activation), a parameter out of
        range, or an attribute that estimators do not have; and for weights that float16 cannot represent.
    InputTypeError
        For a model or a step of a pipeline of another class.
    ModelFileError
        If the file cannot be written, or the weights are not finite.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPClassifier
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], ["no", "yes"])
    >>> save_model(model, path)
    >>> load_model(path).predict([[0.0], [1.0]]).tolist()
    ['no', 'yes']

    References
    ----------
    The format is described in src/multilayer/files/FORMAT.md.  It is a case of the safetensors format.
    """
    if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
        raise ParameterError(f"keep must be a positive integer, got {keep!r}.")
    if dtype not in (None, "float16"):
        raise ParameterError(f"dtype must be None or 'float16', got {dtype!r}.")
    about(card, data)  # checks them first
    described, encoder = describe(model, is_half=dtype is not None)
    origin = about(card, data, _description(model))
    write(Path(path), described | {"about": origin}, encoder.tensors, keep)


def load_model(path: str | os.PathLike[str]) -> Any:
    """Load an estimator, whose predictions and further training equal those of the saved one, bit for bit.

    Nothing in the file is executed or imported.  A digest detects damage, and every value is checked against the schema
    of the format.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    TableClassifier, MLPClassifier, CrossValidation or another class that :func:`save_model` takes
        The estimator, without callbacks.

    Raises
    ------
    ModelFileError
        If the file does not exist, is not a model, is damaged, or was written by a newer version.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPRegressor
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> model = MLPRegressor((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> save_model(model, path)
    >>> bool(load_model(path).predict([[0.5]]) == model.predict([[0.5]]))
    True

    References
    ----------
    The format is described in src/multilayer/files/FORMAT.md.  It is a case of the safetensors format.
    """
    file = Path(path)
    described, tensors = read(file)
    try:
        return _model(described, Decoder(tensors))
    except (MultilayerError, RecursionError) as error:
        why = f"{error!s:.500}".rstrip(".")
        raise ModelFileError(f"{file}: is not a valid model: {why}. {ADVICE}") from None


def _description(model: Any) -> str | None:
    if type(model).__name__ == CROSS_VALIDATION:
        from multilayer.files import cross_validation

        return cross_validation.description_of(model)
    if type(model).__name__ not in TABLE_MODELS:
        return None
    from multilayer.files.table_models import description_of

    return description_of(model)


def describe(model: Any, *, is_half: bool = False) -> tuple[dict[str, Any], Encoder]:
    """Return the JSON and the arrays of an estimator, after the checks of :func:`load_model`."""
    encoder = Encoder(is_half=is_half)
    described = _described_any(model, encoder)
    try:
        _model(described, Decoder(encoder.tensors))
    except ModelFileError as error:
        raise ModelFileError(
            f"this {type(model).__name__} cannot be saved: {str(error).rstrip('.')}. Fit it again, or undo the changes "
            "made to it since."
        ) from None
    return described, encoder


def _described_any(model: Any, encoder: Encoder) -> dict[str, Any]:
    if type(model).__name__ == CROSS_VALIDATION:
        from multilayer.files import cross_validation

        if cross_validation.is_stored(model):
            describe = partial(_described_model, whose="a file of a cross-validation holds models of")
            return cross_validation.described(model, encoder, describe)
    return _described_model(model, encoder, whose="a model file holds")


def _described_model(model: Any, encoder: Encoder, *, whose: str) -> dict[str, Any]:
    if _kind_of(model, ENSEMBLES) is not None:
        return _described_ensemble(model, encoder, "")
    if _kind_of(model, NETWORKS) is None:
        # Not at the top, because networks need neither tables nor most of scikit-learn.
        from multilayer.files import pipelines

        if pipelines.is_stored(model):
            return pipelines.described(model, encoder, _described_last)
        if type(model).__name__ in TABLE_MODELS:
            from multilayer.files import table_models

            if table_models.is_stored(model):
                return table_models.described(model, encoder, partial(_described_network, whose="a table model holds"))
    return _described_network(model, encoder, whose=whose)


def _described_last(model: Any, encoder: Encoder, prefix: str) -> dict[str, Any]:
    """Describe the last step of a pipeline."""
    if _kind_of(model, ENSEMBLES) is not None:
        return _described_ensemble(model, encoder, prefix)
    return _described_network(model, encoder, prefix, whose="a file of a pipeline ends in")


def _kind_of(model: Any, kinds: Mapping[str, EstimatorSchema]) -> EstimatorSchema | None:
    """Return the schema of the model's class; None for subclasses."""
    kind = kinds.get(type(model).__name__)
    return kind if kind is not None and kind.make is type(model) else None


def _described_ensemble(model: Any, encoder: Encoder, prefix: str) -> dict[str, Any]:
    model._check_is_fitted()
    return {
        **_described(model, encoder, prefix, left_out=("estimator",)),
        "estimator": _described_base(model.estimator, encoder, f"{prefix}estimator"),
        "members": [
            _described_network(member, encoder, f"{prefix}members.{i}.", whose="a file of an ensemble holds members of")
            for i, member in enumerate(model.estimators_)
        ],
    }


def _described_network(model: Any, encoder: Encoder, prefix: str = "", *, whose: str) -> dict[str, Any]:
    _check_is_network(model, whose)
    model._check_is_fitted()
    return _described(model, encoder, prefix)


def _described_base(estimator: Any, encoder: Encoder, path: str) -> Any:
    """Describe the unfitted estimator that the members are clones of, or a list with one for each member."""
    if estimator is None:
        return None
    if isinstance(estimator, list | tuple):
        return [_described_base(each, encoder, f"{path}.{i}") for i, each in enumerate(estimator)]
    _check_is_network(estimator, "a file of an ensemble holds members of")
    return _described(clone(estimator), encoder, f"{path}.")


def _described(model: Any, encoder: Encoder, prefix: str, left_out: Sequence[str] = ()) -> dict[str, Any]:
    kind = (NETWORKS | ENSEMBLES)[type(model).__name__]
    given = {key: value for key, value in model.get_params(deep=False).items() if key not in left_out}
    parameters = {key: _encoded(encoder, f"the parameter {key}", given[key], prefix + key, model) for key in given}
    names = {ATTRIBUTES.get(name, name): name for name in (*kind.attributes, *kind.optional)}
    attributes = {}
    for key, value in vars(model).items():
        if key in given or key in NOT_STORED or key in left_out:
            continue
        if key not in names:
            raise ParameterError(
                f"the attribute {key!r} cannot be stored in a file: it does not belong to {type(model).__name__}. "
                f"Remove it (del model.{key}), and store it separately."
            )
        attributes[names[key]] = _encoded(encoder, f"the attribute {key}", value, prefix + names[key], model)
    return {"class": type(model).__name__, "parameters": parameters, "attributes": attributes}


def _check_is_network(model: Any, whose: str) -> None:
    if _kind_of(model, NETWORKS) is None:
        raise InputTypeError(
            f"{whose} an MLPClassifier or MLPRegressor, got {type(model).__name__}. "
            "Pass the estimator itself: model[-1] of a pipeline, .estimator or .best_estimator_ of a search. Fit an "
            "ensemble on rows that the earlier steps have prepared."
        )


def _encoded(encoder: Encoder, what: str, value: Any, path: str, model: Any) -> Any:
    key = path.rsplit(".", 1)[-1]
    if encoder.is_half and isinstance(value, TrainingState):
        value = _halved(value, model.parameters_)
    if key in DROPPED:
        return DROPPED[key]
    state = getattr(model, ATTRIBUTES["training"], None)
    if key == "random_state" and value is not None and value is getattr(state, key, None):
        return SHARED
    try:
        return encoder.encode(value, path)
    except UnstorableError:
        raise ParameterError(
            f"{what} cannot be stored in a file: {str(value)[:80]!r} is or contains code, or is too long. Use the "
            "library's costs, schedules and metrics, numbers of up to 64 bits, text, and an integer for random_state."
        ) from None


def _halved(state: TrainingState, shown: Floats) -> TrainingState:
    """Return the state with the weights that predictions use as float16, without the memory of the update rule."""
    with np.errstate(over="ignore"):
        weights = shown.astype(np.float16)
    if not np.isfinite(weights).all():
        raise ParameterError(
            f"the weights do not fit dtype='float16', whose largest number is 65,504: the largest weight is "
            f"{float(np.abs(shown).max()):,.6g}. Save without dtype, or fit on scaled data."
        )
    descent = DescentState(weights, np.zeros((0, len(weights)), dtype=shown.dtype))
    return replace(state, descent=descent, best=None, order=None)


def _model(described: dict[str, Any], decoder: Decoder) -> Any:
    if "about" in described:
        check_about(described["about"])
        described = {name: value for name, value in described.items() if name != "about"}
    if described.get("class") == CROSS_VALIDATION:
        from multilayer.files import cross_validation

        model = cross_validation.built(described, decoder, _single)
    else:
        model = _single(described, decoder)
    unused = sorted(set(decoder.tensors) - decoder.used)
    if unused:
        raise ModelFileError(f"it has unused arrays: {unused[:5]}")
    return model


def _single(described: Any, decoder: Decoder) -> Any:
    """Make a model that is not a cross-validation."""
    if isinstance(described, dict) and "encoders" in described:
        from multilayer.files import table_models

        return table_models.built(described, decoder, _network)
    if isinstance(described, dict) and set(described) & {"step", "steps"}:
        from multilayer.files import pipelines

        return pipelines.built(described, decoder, _estimator)
    return _estimator(described, decoder)


def _estimator(described: Any, decoder: Decoder) -> Any:
    is_ensemble = isinstance(described, dict) and described.get("class") in [*ENSEMBLES]
    return (_ensemble if is_ensemble else _network)(described, decoder)


def _ensemble(described: dict[str, Any], decoder: Decoder) -> Any:
    members = described.get("members")
    if set(described) != {"class", "parameters", "attributes", "estimator", "members"} or not isinstance(members, list):
        raise ModelFileError("its header is not that of an ensemble")
    ensemble = {part: described[part] for part in ("class", "parameters", "attributes")}
    kind, parameters, attributes = decoded(ensemble, decoder, ENSEMBLES)
    networks = [_network(member, decoder) for member in members]
    if not networks:
        raise ModelFileError("its list of members is empty")
    sizes = {"k": len(networks), "D": networks[0].n_features_in_, "K": networks[0].n_outputs_}
    labels = attributes.get("labels")
    sizes["m"] = length(attributes.get("n_rows"))
    sizes["C"] = length(labels.fields.get("classes") if isinstance(labels, Stored) else None)
    model = built(kind, parameters, attributes, Place(sizes=sizes))
    model.estimator = _base(described["estimator"], decoder)
    model.estimators_ = networks
    check_ensemble(model)
    return model


def _base(described: Any, decoder: Decoder) -> Any:
    if isinstance(described, list):
        return [_base(each, decoder) for each in described]
    if described is None:
        return None
    if not isinstance(described, dict) or described.get("attributes") != {}:
        raise ModelFileError("the estimator of an ensemble must be unfitted")
    kind, parameters, _ = decoded(described, decoder, NETWORKS)
    return kind.make(**checked_parameters(kind, parameters, Place()))


def _network(described: Any, decoder: Decoder) -> Any:
    is_shared = False
    if isinstance(described, dict) and isinstance(described.get("parameters"), dict):
        is_shared = described["parameters"].get("random_state") == SHARED
        if is_shared:
            described = described | {"parameters": described["parameters"] | {"random_state": None}}
    kind, parameters, attributes = decoded(described, decoder, NETWORKS)
    if "network_" not in attributes:
        raise ModelFileError("network_ is missing")
    network = kind.attributes["network_"](attributes["network_"], Place("network_"))
    layers = network.layer_sizes
    sizes = {"D": layers[0], "K": layers[-1], "L": len(layers), "P": n_parameters(network)}
    model = built(kind, parameters, attributes, Place(sizes=sizes))
    check_network(model)
    state = stored(model, "training")
    model.parameters_ = parameters_to_show(state)
    if is_shared:
        model.random_state = state.random_state
    return model
