"""Files of ensembles: loaded ensembles predict the same, and damaged files raise a ModelFileError or still load."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save
from scipy.sparse import csr_matrix
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleClassifier, EnsembleRegressor, NotFittedError, load_model, resume, save_model
from multilayer.exceptions import InputTypeError, ModelFileError, ParameterError
from multilayer.files import container

from ..problems import CLASSES, LABELS, NUMBERS, SEVERAL, X, classifier, regressor

FRAME = pd.DataFrame(X, columns=list("abcd"))
ONE_OF_A_LIST = regressor(alpha=0.1, early_stopping=True)
ENSEMBLES: dict[str, Callable[[], Any]] = {
    "seeds": lambda: EnsembleClassifier(classifier(), 2, random_state=0).fit(X, CLASSES),
    "bootstrap": lambda: EnsembleClassifier(classifier(), 3, diversity="bootstrap", weights=[1, 2, 3]).fit(X, CLASSES),
    "a frame": lambda: EnsembleClassifier(classifier(), 2).fit(FRAME, CLASSES),
    "folds of labels": lambda: EnsembleClassifier(classifier(), 2, diversity="fold").fit(X, csr_matrix(LABELS)),
    "a list": lambda: EnsembleRegressor([ONE_OF_A_LIST, ONE_OF_A_LIST], random_state=0).fit(X, NUMBERS),
    "calibrated": lambda: EnsembleRegressor(regressor(), 2).fit(X, SEVERAL).calibrate(X, SEVERAL),
    "folds": lambda: EnsembleRegressor(regressor(), 3, diversity="fold", callbacks=[print]).fit(X, NUMBERS),
    "quantiles": lambda: EnsembleRegressor(
        regressor(loss="quantile", quantile=(0.1, 0.9)), 2, diversity="fold", random_state=np.random.RandomState(0)
    ).fit(X, NUMBERS),
}


@functools.cache
def ensemble(name: str) -> Any:
    return ENSEMBLES[name]()


def outputs(model: Any) -> list[Any]:
    rows = FRAME if hasattr(model, "feature_names_in_") else X
    found = [model.estimators_samples_, model.weights_, model.n_iter_, model.n_features_in_]
    if isinstance(model, EnsembleClassifier):
        predicted = model.predict(rows)
        found += [predicted.toarray() if hasattr(predicted, "toarray") else predicted, *model.predict_proba(rows, True)]
        found += [model.classes_]
    else:
        found += [*model.predict(rows, True)]
    if model.diversity != "seed":
        found += [model.oof_score_, model.oof_probabilities_ if hasattr(model, "classes_") else model.oof_prediction_]
    if hasattr(model, "calibration_errors_") or (model.diversity == "fold" and found[-1].shape == (90,)):
        found += [*model.predict_interval(rows, 0.8)]
    return found


@pytest.mark.parametrize("name", ENSEMBLES)
def test_a_loaded_ensemble_gives_equal_predictions_and_can_be_fitted_again(name: str, tmp_path: Path) -> None:
    model = ensemble(name)
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    for found, expected in zip(outputs(loaded), outputs(model), strict=True):
        np.testing.assert_array_equal(found, expected)
    for one, other in zip(loaded.estimators_, model.estimators_, strict=True):
        np.testing.assert_array_equal(one.parameters_, other.parameters_)
    given, expected = loaded.get_params(), model.get_params()
    assert given.keys() == expected.keys()
    for key in given.keys() - {"estimator", "random_state", "callbacks", "estimator__callbacks"}:
        assert str(given[key]) == str(expected[key])
    assert loaded.callbacks == []
    rows = FRAME if hasattr(model, "feature_names_in_") else X
    y = LABELS if name == "folds of labels" else CLASSES if isinstance(model, EnsembleClassifier) else NUMBERS
    loaded.fit(rows, y)  # a loaded ensemble can be fitted again


def test_unsupported_ensembles_and_parameters_raise_errors(tmp_path: Path) -> None:
    pipeline = make_pipeline(StandardScaler(), regressor())
    with pytest.raises(
        InputTypeError, match="a file of an ensemble holds members of an MLPClassifier or MLPRegressor, "
    ):
        save_model(EnsembleRegressor(pipeline, 2).fit(X, NUMBERS), tmp_path / "model")
    with pytest.raises(NotFittedError, match="this EnsembleRegressor is not fitted yet"):
        save_model(EnsembleRegressor(), tmp_path / "model")
    with pytest.raises(ParameterError, match="the parameter cv cannot be stored in a file"):
        save_model(EnsembleRegressor(regressor(), diversity="fold", cv=KFold(2)).fit(X, NUMBERS), tmp_path / "model")
    save_model(ensemble("folds"), tmp_path / "model")
    with pytest.raises(ParameterError, match="holds an EnsembleRegressor, whose training is complete"):
        resume(tmp_path / "model", X, NUMBERS)


def load(content: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        path.write_bytes(content)
        return load_model(path)


def parts(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        save_model(ensemble(name), Path(folder) / "model")
        return container.read(Path(folder) / "model")


def written(model: dict[str, Any], tensors: dict[str, Any]) -> bytes:
    """Return the bytes of a file with a valid digest, as a forged file could have."""
    head = {"version": 1, "digest": container._digest(model, tensors), "model": model}
    return save(tensors, metadata={container.KEY: json.dumps(head)})


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(leaf for key, each in inside for leaf in leaves(each, (*path, key)))]


JUNK = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.just([]) | st.just({"tuple": []})


@pytest.mark.parametrize("name", ["bootstrap", "folds", "calibrated"])
@settings(max_examples=20)
@given(data=st.data())
def test_modified_files_with_a_valid_digest_load_or_raise_model_file_errors(name: str, data: st.DataObject) -> None:
    model, tensors = parts(name)
    if data.draw(st.booleans()):
        model = {key: model[key] for key in sorted(model)}  # change only entries outside the members
        path = data.draw(st.sampled_from([path for path in leaves(model)[1:] if path[0] != "members"]))
    else:
        path = data.draw(st.sampled_from(leaves(model)[1:]))
    place = functools.reduce(lambda value, key: value[key], path[:-1], model)
    if data.draw(st.booleans()) and isinstance(place, dict):
        del place[path[-1]]
    else:
        place[path[-1]] = data.draw(JUNK)
    try:
        loaded = load(written(model, tensors))
    except ModelFileError as error:
        assert str(error).endswith(".")  # noqa: PT017 this holds for every error
        return
    if all(member.engine in ("auto", "cpu", "reference") for member in loaded.estimators_):
        assert len(loaded.predict(X)) == 90


CASES: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], None], str]] = {
    "no members": (lambda model, _: model.update(members=[]), "its list of members is empty"),
    "no list of members": (lambda model, _: model.update(members=3), "its header is not that of an ensemble"),
    "a member of another kind": (
        lambda model, _: model["members"][0].update({"class": "os.system"}),
        "it holds a 'os.system', and models are MLPClassifier, MLPRegressor",
    ),
    "an estimator that is fitted": (
        lambda model, _: model["estimator"].update(attributes={"n_iter_": 3}),
        "the estimator of an ensemble must be unfitted",
    ),
    "weights": (
        lambda _, tensors: tensors.update(weights_=np.ones(3)),
        "weights of its members are not positive",
    ),
    "shares": (
        lambda _, tensors: tensors.update({"row_counts.0": np.ones(3, np.uint8)}),
        r"row_counts\.0 must be an array of unsigned integers or integers of shape \(90,\), got",
    ),
    "columns": (
        lambda model, _: model["attributes"].update(n_features_in_=5),
        "n_features_in_ must be 4, as in the network, got '5'",
    ),
    "rows": (
        lambda _, tensors: tensors.update({"out_of_fold.rows": np.arange(90) + 1}),
        "row numbers that are not distinct or not below 90",
    ),
    "seen by all": (
        lambda _, tensors: tensors.update({"out_of_fold.left_out": np.zeros((3, 90), bool)}),
        "do not match the members that were not trained on them",
    ),
    "answers": (
        lambda _, tensors: tensors.update({"out_of_fold.errors": np.zeros((90, 2))}),
        r"out_of_fold\.errors must be an array of floats of shape \(any, 1\), got",
    ),
    "an array too many": (lambda _, tensors: tensors.update(x=np.zeros(1)), r"unused arrays: \['x'\]"),
}


@pytest.mark.parametrize("case", CASES)
def test_model_file_errors_name_the_inconsistent_part(case: str) -> None:
    change, message = CASES[case]
    model, tensors = parts("folds")
    change(model, tensors)
    with pytest.raises(ModelFileError, match=message):
        load(written(model, tensors))


def test_member_labels_that_the_ensemble_lacks_raise_an_error() -> None:
    model, tensors = parts("bootstrap")
    labels = {"texts": ["a", "b", "x"], "width": 1}
    model["attributes"]["classes_"] = model["attributes"]["labels"]["fields"]["classes"] = labels
    with pytest.raises(ModelFileError, match="a member has labels that the ensemble does not have"):
        load(written(model, tensors))
