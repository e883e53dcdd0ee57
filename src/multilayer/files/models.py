"""A trained estimator as a file, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputTypeError, ModelFileError, MultilayerError, ParameterError
from multilayer.files.checks import check_is_finite, check_model
from multilayer.files.codec import Decoder, Encoder, UnstorableError
from multilayer.files.container import ADVICE, read, write
from multilayer.training import standing

CLASSES: dict[str, Any] = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}
LEFT_OUT = ("callbacks",)  # of the parameters; a file holds no code
# Attributes that are views of others, or scikit-learn's own machinery.
NOT_OURS = ("parameters_", "_skl_callbacks", "_parent_callback_ctx", "_callback_fit_ctx", "_metadata_request")


def save_model(model: MLPClassifier | MLPRegressor, path: str | os.PathLike[str], *, keep: int = 1) -> None:
    """Write a trained estimator to one file: weights, parameters, labels, and all that going on needs.

    The file holds numbers and plain JSON, never code.  It is written beside and renamed, so that nobody ever finds half
    of one.  No row of the data is in it; where rows are shuffled or held out, their numbers are.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Its ``callbacks`` and scikit-learn's own are left out.
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
    check_is_finite(model)
    write(Path(path), described, encoder.tensors, keep)


def load_model(path: str | os.PathLike[str]) -> Any:
    """The estimator of a file, as it was: same answers, bit for bit, and it goes on as it would have.

    Nothing in the file is run or imported by name; sizes, shapes and a digest are checked.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    MLPClassifier or MLPRegressor
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
    name = type(model).__name__
    if CLASSES.get(name) is not type(model):
        raise InputTypeError(
            f"a model file holds an MLPClassifier or MLPRegressor, got {name}. "
            "Pass the estimator itself: of a pipeline, model[-1]; of a search, model.best_estimator_."
        )
    model._check_is_fitted()
    encoder = Encoder()
    given = model.get_params(deep=False)
    parameters = {key: _encoded(encoder, f"the parameter {key}", given[key], key, model) for key in given}
    attributes = {
        key: _encoded(encoder, f"the attribute {key}", value, key, model)
        for key, value in vars(model).items()
        if key not in given and key not in NOT_OURS
    }
    return {"class": name, "parameters": parameters, "attributes": attributes}, encoder


def _encoded(encoder: Encoder, what: str, value: Any, key: str, model: Any) -> Any:
    if key in LEFT_OUT:
        return []
    if key == "random_state" and value is model._run.random_state:
        return {"shared": "_run.random_state"}
    try:
        return encoder.encode(value, key)
    except UnstorableError:
        raise ParameterError(
            f"{what} cannot be stored in a file: {str(value)[:80]!r} is code or holds some, and a model file holds "
            "none. Use the library's own costs, schedules and metrics, numbers, text, and for random_state an integer."
        ) from None


def _model(described: dict[str, Any], decoder: Decoder) -> Any:
    if set(described) != {"class", "parameters", "attributes"} or not all(
        isinstance(described[part], dict) for part in ("parameters", "attributes")
    ):
        raise ModelFileError("its header is not that of a model")
    if described["class"] not in CLASSES:
        raise ModelFileError(f"it holds a {str(described['class'])[:80]!r}, and models are {', '.join(CLASSES)}")
    kind = CLASSES[described["class"]]
    parameters = dict(described["parameters"])
    is_shared = parameters.get("random_state") == {"shared": "_run.random_state"}
    if is_shared:
        parameters["random_state"] = None
    unknown = set(parameters) - set(kind._get_param_names())
    if unknown:
        raise ModelFileError(f"{described['class']} has parameters that this version does not know: {sorted(unknown)}")
    model: Any = kind(**{name: decoder.decode(value) for name, value in parameters.items()})
    for name, value in described["attributes"].items():
        if hasattr(kind, name) or name in NOT_OURS or name in parameters or not name.isidentifier():
            raise ModelFileError(f"{name[:80]!r} is no attribute of a model")
        setattr(model, name, decoder.decode(value))
    unused = sorted(set(decoder.tensors) - decoder.used)
    if unused:
        raise ModelFileError(f"it has arrays that nothing asks for: {unused[:5]}")
    check_model(model)
    model.parameters_ = standing(model._run)
    if is_shared:
        model.random_state = model._run.random_state
    return model
