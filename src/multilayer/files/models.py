"""A trained estimator as a file, and back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sklearn.base import clone

from multilayer.ensembles import EnsembleClassifier, EnsembleRegressor
from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputTypeError, ModelFileError, MultilayerError, ParameterError
from multilayer.files.checks import check_is_finite, check_model
from multilayer.files.codec import Decoder, Encoder, UnstorableError
from multilayer.files.container import ADVICE, read, write
from multilayer.files.ensembles import check_ensemble
from multilayer.training import standing

CLASSES: dict[str, Any] = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}
ENSEMBLES: dict[str, Any] = {"EnsembleClassifier": EnsembleClassifier, "EnsembleRegressor": EnsembleRegressor}
LEFT_OUT: dict[str, Any] = {
    "callbacks": [],
    "listener": None,
}  # parameters that are code, and what a file holds of them
# Attributes that are views of others, have a place of their own, or are scikit-learn's machinery.
NOT_OURS = (
    "parameters_",
    "estimators_",
    "_skl_callbacks",
    "_parent_callback_ctx",
    "_callback_fit_ctx",
    "_metadata_request",
)
Model = MLPClassifier | MLPRegressor | EnsembleClassifier | EnsembleRegressor


def save_model(model: Model, path: str | os.PathLike[str], *, keep: int = 1) -> None:
    """Write a trained estimator, or an ensemble of them, to one file: weights, parameters, labels, and all that going
    on needs.

    The file holds numbers and plain JSON, never code.  It is written beside and renamed, so that nobody ever finds half
    of one.  No row of the data is in it; where rows are shuffled or held out, their numbers are, and of an ensemble by
    bootstrap or fold its answers for them and the errors of these.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor, EnsembleClassifier or EnsembleRegressor
        Its ``callbacks``, an ensemble's ``listener`` and scikit-learn's own are left out.
    path : str or path
        Folders that are missing are made; a file that is there is replaced.
    keep : int, default=1
        How many files to keep: this one, and those before it under its name with .1, .2, ... added.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    ParameterError
        For a parameter that only code can make: a cost, metric, schedule, splitter or activation of one's own.
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
    """
    if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
        raise ParameterError(f"keep must be an integer not below 1, got {keep!r}.")
    described, encoder = describe(model)
    for network in model.estimators_ if type(model).__name__ in ENSEMBLES else [model]:
        check_is_finite(network)
    write(Path(path), described, encoder.tensors, keep)


def load_model(path: str | os.PathLike[str]) -> Any:
    """The estimator of a file, as it was: same answers, bit for bit, and it goes on as it would have.

    Nothing in the file is run or imported by name; sizes, shapes and a digest are checked.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    MLPClassifier, MLPRegressor, EnsembleClassifier or EnsembleRegressor
        Its ``callbacks`` are empty.

    Raises
    ------
    ModelFileError
        For a file that is not there, is no model, is damaged, or was written by a newer version.
    """
    file = Path(path)
    described, tensors = read(file)
    try:
        return _model(described, Decoder(tensors))
    except (MultilayerError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{file}: is no model that can be used: {str(error).rstrip('.')}. {ADVICE}") from None


def describe(model: Any) -> tuple[dict[str, Any], Encoder]:
    """What a file says of an estimator, and the arrays that go with it."""
    encoder = Encoder()
    if ENSEMBLES.get(type(model).__name__) is not type(model):
        return _described_network(model, encoder, "a model file holds"), encoder
    model._check_is_fitted()
    return {
        **_described(model, encoder, "", left_out=("estimator",)),
        "estimator": _described_base(model.estimator, encoder, "estimator"),
        "members": [
            _described_network(member, encoder, "a file of an ensemble holds members of", f"members.{i}.")
            for i, member in enumerate(model.estimators_)
        ],
    }, encoder


def _described_network(model: Any, encoder: Encoder, whose: str, prefix: str = "") -> dict[str, Any]:
    _check_is_network(model, whose)
    model._check_is_fitted()
    return _described(model, encoder, prefix)


def _described_base(estimator: Any, encoder: Encoder, path: str) -> Any:
    """The parameters of what the members are clones of, which is not fitted; a list has one for each."""
    if estimator is None:
        return None
    if isinstance(estimator, list | tuple):
        return [_described_base(each, encoder, f"{path}.{i}") for i, each in enumerate(estimator)]
    _check_is_network(estimator, "a file of an ensemble holds members of")
    return _described(clone(estimator), encoder, f"{path}.")


def _described(model: Any, encoder: Encoder, prefix: str, left_out: Sequence[str] = ()) -> dict[str, Any]:
    given = {key: value for key, value in model.get_params(deep=False).items() if key not in left_out}
    parameters = {key: _encoded(encoder, f"the parameter {key}", given[key], prefix + key, model) for key in given}
    attributes = {
        key: _encoded(encoder, f"the attribute {key}", value, prefix + key, model)
        for key, value in vars(model).items()
        if key not in given and key not in NOT_OURS and key not in left_out
    }
    return {"class": type(model).__name__, "parameters": parameters, "attributes": attributes}


def _check_is_network(model: Any, whose: str) -> None:
    name = type(model).__name__
    if CLASSES.get(name) is not type(model):
        raise InputTypeError(
            f"{whose} an MLPClassifier or MLPRegressor, got {name}. "
            "Pass the estimator itself: of a pipeline, model[-1]; of a search, .estimator or .best_estimator_; and fit "
            "an ensemble on rows that the steps before have prepared."
        )


def _encoded(encoder: Encoder, what: str, value: Any, path: str, model: Any) -> Any:
    key = path.rsplit(".", 1)[-1]
    if key in LEFT_OUT:
        return LEFT_OUT[key]
    if key == "random_state" and value is not None and value is getattr(getattr(model, "_run", None), key, None):
        return {"shared": "_run.random_state"}
    try:
        return encoder.encode(value, path)
    except UnstorableError:
        raise ParameterError(
            f"{what} cannot be stored in a file: {str(value)[:80]!r} is code or holds some, and a model file holds "
            "none. Use the library's own costs, schedules and metrics, numbers, text, and for random_state an integer."
        ) from None


def _model(described: dict[str, Any], decoder: Decoder) -> Any:
    model = (_ensemble if described.get("class") in ENSEMBLES else _network)(described, decoder)
    unused = sorted(set(decoder.tensors) - decoder.used)
    if unused:
        raise ModelFileError(f"it has arrays that nothing asks for: {unused[:5]}")
    return model


def _ensemble(described: dict[str, Any], decoder: Decoder) -> Any:
    members = described.get("members")
    if set(described) != {"class", "parameters", "attributes", "estimator", "members"} or not isinstance(members, list):
        raise ModelFileError("its header is not that of an ensemble")
    own = {part: described[part] for part in ("class", "parameters", "attributes")}
    model = _with_attributes(own, decoder, ENSEMBLES)
    model.estimator = _base(described["estimator"], decoder)
    model.estimators_ = [_network(member, decoder) for member in members]
    check_ensemble(model)
    return model


def _base(described: Any, decoder: Decoder) -> Any:
    if isinstance(described, list):
        return [_base(each, decoder) for each in described]
    if described is None:
        return None
    if not isinstance(described, dict) or described.get("attributes") != {}:
        raise ModelFileError("the estimator of an ensemble is none that is to be fitted")
    return _with_attributes(described, decoder, CLASSES)


def _network(described: Any, decoder: Decoder) -> Any:
    is_shared = False
    if isinstance(described, dict) and isinstance(described.get("parameters"), dict):
        is_shared = described["parameters"].get("random_state") == {"shared": "_run.random_state"}
        if is_shared:
            described = described | {"parameters": described["parameters"] | {"random_state": None}}
    model = _with_attributes(described, decoder, CLASSES)
    check_model(model)
    model.parameters_ = standing(model._run)
    if is_shared:
        model.random_state = model._run.random_state
    return model


def _with_attributes(described: Any, decoder: Decoder, kinds: Mapping[str, Any]) -> Any:
    """An estimator of these kinds with the parameters and attributes of a file, which are still to be checked."""
    if (
        not isinstance(described, dict)
        or set(described) != {"class", "parameters", "attributes"}
        or not all(isinstance(described[part], dict) for part in ("parameters", "attributes"))
    ):
        raise ModelFileError("its header is not that of a model")
    if described["class"] not in kinds:
        raise ModelFileError(f"it holds a {str(described['class'])[:80]!r}, and models are {', '.join(kinds)}")
    kind, parameters = kinds[described["class"]], described["parameters"]
    unknown = set(parameters) - set(kind._get_param_names())
    if unknown:
        raise ModelFileError(f"{described['class']} has parameters that this version does not know: {sorted(unknown)}")
    model: Any = kind(**{name: decoder.decode(value) for name, value in parameters.items()})
    for name, value in described["attributes"].items():
        if hasattr(kind, name) or name in NOT_OURS or name in parameters or not name.isidentifier():
            raise ModelFileError(f"{name[:80]!r} is no attribute of a model")
        setattr(model, name, decoder.decode(value))
    return model
