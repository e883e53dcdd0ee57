"""A model file stores a cross-validation: its models, rows, scores and predictions are restored to the bit."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import (
    EnsembleClassifier,
    MLPClassifier,
    MLPRegressor,
    TableClassifier,
    TableRegressor,
    load_model,
    save_model,
)
from multilayer.exceptions import InputError, InputTypeError, ModelFileError, MultilayerError
from multilayer.files import container, model_info
from multilayer.selection import CrossValidation, cross_validate
from multilayer.tables import TableEncoder

from ..tables.models.conftest import few_epochs
from .mutants import FOLDS_WITH_A_FAILURE, file_content
from .pipelines import TABLE, Y
from .reader import folds
from .table_models import CLASSES, FLATS, RENT

pytestmark = pytest.mark.filterwarnings("ignore::multilayer.exceptions.MultilayerWarning")

X = np.random.RandomState(0).standard_normal((60, 3))
LABELS = np.where(X[:, 0] > 0, "yes", "no")
SEVERAL = (X > 0).astype(int)
OPTIONS: dict[str, Any] = {"max_iter": 3, "n_iter_no_change": 9, "random_state": 0, "engine": "reference"}
CLASSIFIER = MLPClassifier((4,), **OPTIONS)
REGRESSOR = MLPRegressor((4,), standardize_targets=True, **OPTIONS)
ONE_CLASS = [(np.arange(40), np.arange(40, 60)), (np.flatnonzero(LABELS == "no"), np.arange(9))]
CASES: dict[str, Callable[[], tuple[Any, Any, Any, dict[str, Any]]]] = {
    "labels": lambda: (CLASSIFIER, X, LABELS, {"return_train_score": True, "repeats": 2}),
    "numbers as labels": lambda: (CLASSIFIER, X, X[:, 1] > 0, {"scoring": ["accuracy", "neg_log_loss"]}),
    "a fold of one class": lambda: (CLASSIFIER, X, LABELS, {"cv": ONE_CLASS}),
    "rows that are trained on twice": lambda: (CLASSIFIER, X, LABELS, {"cv": [(np.arange(40) // 2, np.arange(5))]}),
    "several labels": lambda: (CLASSIFIER, X, SEVERAL, {}),
    "a sparse matrix of labels": lambda: (CLASSIFIER, X, csr_matrix(SEVERAL), {}),
    "amounts": lambda: (REGRESSOR, X.astype(np.float32), X[:, 0], {"cv": KFold(3, shuffle=True, random_state=0)}),
    "several amounts": lambda: (REGRESSOR, X, X[:, :2], {"error_score": -1.0}),
    "pipelines": lambda: (make_pipeline(TableEncoder(), CLASSIFIER), TABLE, Y, {}),
    "ensembles": lambda: (EnsembleClassifier(CLASSIFIER, 2, diversity="bootstrap", random_state=0), X, LABELS, {}),
    "tables of classes": lambda: (TableClassifier("quick", random_state=0), FLATS, CLASSES, {"cv": 2}),
    "tables of amounts": lambda: (TableRegressor("quick", with_trees=True, random_state=0), FLATS, RENT, {"cv": 2}),
    "a failed fold": lambda: (CLASSIFIER, *FOLDS_WITH_A_FAILURE),
}


@functools.cache
def validated(name: str) -> Any:
    model, rows, y, options = CASES[name]()
    with warnings.catch_warnings(), few_epochs(2):
        warnings.simplefilter("ignore")
        return cross_validate(model, rows, y, **({"cv": 3} | options))


def assert_equal(received: Any, expected: Any) -> None:
    if issparse(expected):
        assert type(received) is type(expected)
        received, expected = received.toarray(), expected.toarray()
    assert received.dtype == expected.dtype
    np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize("name", CASES)
def test_a_loaded_cross_validation_equals_the_saved_one(name: str, tmp_path: Path) -> None:
    result = validated(name)
    save_model(result, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert type(loaded) is CrossValidation
    assert (str(loaded), repr(loaded), list(loaded)) == (str(result), repr(result), list(result))
    assert (loaded.numbers, loaded.n_rows) == (result.numbers, result.n_rows)
    for key in (key for key in result if key not in ("estimator", "indices")):
        assert_equal(loaded[key], result[key])
    for side in ("train", "test"):
        for received, expected in zip(loaded["indices"][side], result["indices"][side], strict=True):
            assert_equal(received, expected)
    for kind in ("predicted", "probabilities", "classes", "n_times"):
        received, expected = getattr(loaded.predictions, kind), getattr(result.predictions, kind)
        assert (received is None) == (expected is None)
        if expected is not None:
            assert_equal(received, expected)
    for fold, other in zip(loaded.folds, result.folds, strict=True):
        assert (fold.number, fold.scores, fold.warnings) == (other.number, other.scores, other.warnings)
        assert fold.predicted.keys() == other.predicted.keys()
        rows = other.data.part(other.test)[0]
        for method, expected in other.predicted.items():
            assert_equal(fold.predicted[method], expected)
            assert_equal(getattr(fold.estimator, method)(rows), expected)
    assert loaded.loss_curves == result.loss_curves
    save_model(loaded, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()


def test_errors_of_folds_keep_their_class_and_text(tmp_path: Path) -> None:
    result = validated("a failed fold")
    assert result.failures
    save_model(result, tmp_path / "model")
    failures = load_model(tmp_path / "model").failures
    assert {i: (type(each), str(each)) for i, each in failures.items()} == {
        i: (InputError, str(each)) for i, each in result.failures.items()
    }
    result = validated("labels")
    other = CrossValidation(
        {0: result.folds[0], 1: KeyError("what")}, list(zip(*result["indices"].values(), strict=True)), 60
    )
    save_model(other, tmp_path / "model")
    (error,) = load_model(tmp_path / "model").failures.values()
    assert type(error) is MultilayerError
    assert str(error) == "KeyError: 'what'"


def test_weights_of_float16_leave_scores_and_predictions(tmp_path: Path) -> None:
    result = validated("labels")
    save_model(result, tmp_path / "half", dtype="float16", card="Mine.")
    save_model(result, tmp_path / "whole")
    assert (tmp_path / "half").stat().st_size < (tmp_path / "whole").stat().st_size
    loaded = load_model(tmp_path / "half")
    assert str(loaded) == str(result)
    np.testing.assert_array_equal(loaded.predictions.probabilities, result.predictions.probabilities)
    received, expected = (each["estimator"][0].predict_proba(X) for each in (loaded, result))
    np.testing.assert_allclose(received, expected, atol=5e-3)
    assert not np.array_equal(received, expected)


def test_the_description_has_the_class_the_scores_and_the_rows(tmp_path: Path) -> None:
    save_model(validated("pipelines"), tmp_path / "model", card="Mine.")
    info = model_info(tmp_path / "model")
    assert (info.kind, info.card) == ("CrossValidation", "Mine.")
    scores = repr(validated("pipelines"))[len("<CrossValidation: ") : -1]
    assert info.description == f"Models of the class Pipeline, ending in MLPClassifier, in {scores}; 120 rows."


@pytest.mark.parametrize("name", ["labels", "several amounts", "pipelines", "tables of classes"])
def test_a_reader_that_follows_format_md_predicts(name: str, tmp_path: Path) -> None:
    result = validated(name)
    save_model(result, tmp_path / "model")
    rows = CASES[name]()[1]
    columns = (
        {str(i): rows[:, i].tolist() for i in range(rows.shape[1])}
        if isinstance(rows, np.ndarray)
        else {each: [None if cell != cell else cell for cell in rows[each].astype(object)] for each in rows}
    )
    found = folds(tmp_path / "model", columns)
    assert len(found) == len(result.folds)
    for received, fold in zip(found, result.folds, strict=True):
        np.testing.assert_array_equal(received["train"], fold.train)
        np.testing.assert_array_equal(received["test"], fold.test)
        assert received["scores"] == fold.scores
        np.testing.assert_array_equal(received["predicted"], fold.predicted["predict"])
        expected = fold.predicted.get("predict_proba", fold.predicted["predict"])
        np.testing.assert_allclose(received["outputs"][fold.test], expected, rtol=1e-5, atol=1e-7)


def test_results_without_a_model_or_with_others_are_refused(tmp_path: Path) -> None:
    other = cross_validate(LogisticRegression(), X, LABELS, cv=2)
    with pytest.raises(InputTypeError, match=r"a file of a cross-validation holds models of .* got LogisticRegression"):
        save_model(other, tmp_path / "model")
    other = cross_validate(make_pipeline(StandardScaler(), LogisticRegression()), X, LABELS, cv=2)
    with pytest.raises(InputTypeError, match=r"a file of a pipeline ends in an MLPClassifier .*, got LogisticRegres"):
        save_model(other, tmp_path / "model")
    with pytest.raises(InputError, match="the cross-validation has no trained model"):
        save_model(CrossValidation({0: ValueError("x")}, [(X, X)], 3), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def fold(place: int, /, **fields: Any) -> Callable[[Any, Any], None]:
    def change(model: Any, _: Any) -> None:
        model["folds"][place]["fields"].update(fields)

    return change


def tensor(name: str, value: Callable[[Any], Any]) -> Callable[[Any, Any], None]:
    def change(_: Any, tensors: Any) -> None:
        tensors[name] = np.ascontiguousarray(value(tensors[name]))

    return change


BROKEN: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "no members": (lambda model, _: model.update(members=[]), "its header is not that of folds"),
    "a member less": (
        lambda model, _: model["members"].pop(),
        "its members are not one for each fold that was trained",
    ),
    "another key": (lambda model, _: model.update(x=1), "its header is not that of folds"),
    "a number twice": (fold(1, number=0), "its folds have numbers that are not distinct"),
    "another score": (fold(1, scores={"dict": [["test_x", 0.5]]}), "its folds have different scores"),
    "a negative time": (fold(0, fit_time=-1), "fit_time must be a number of at least 0, got '-1'"),
    "rows beyond the table": (tensor("folds.0.test", lambda test: test + 50), "its folds have rows beyond the table"),
    "negative rows": (tensor("folds.0.test", lambda test: -test), "test must be numbers of rows from 0"),
    "other rows": (tensor("folds.0.test", lambda test: test[::-1] * 0), "n_times are not the numbers of test folds"),
    "another n_times": (tensor("n_times", lambda each: each + 1), "n_times are not the numbers of test folds"),
    "predictions of other rows": (
        tensor("folds.0.predicted", lambda each: each[1:]),
        r"predicted must be an array of .* of shape \(20,\), got",
    ),
    "a class beyond": (
        tensor("folds.1.predicted", lambda each: each + 2),
        "members.1 has predictions that are no numbers of its classes",
    ),
    "numbers that are no classes": (
        tensor("folds.1.predicted", lambda each: each.astype(float)),
        "members.1 has predictions that are no numbers of its classes",
    ),
    "probabilities of more classes": (
        tensor("folds.0.probabilities", lambda each: np.c_[each, each]),
        "members.0 has probabilities of another number of classes",
    ),
    "a weight that is not finite": (
        tensor("members.1.training.descent.parameters", lambda each: each * np.inf),
        r"members\.1: the weights are not all finite",
    ),
    "a member in a member": (
        lambda model, _: model["members"].__setitem__(0, {**model, "members": []}),
        r"members\.0: its header is not that of a model",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_error_names_the_invalid_value(case: str, tmp_path: Path) -> None:
    change, message = BROKEN[case]
    save_model(validated("labels"), tmp_path / "model")
    model, tensors = container.read(tmp_path / "model")
    change(model, tensors)
    (tmp_path / "forged").write_bytes(file_content(model, tensors))
    with pytest.raises(ModelFileError, match=message):
        load_model(tmp_path / "forged")


def test_training_rows_that_are_not_in_the_file_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(validated("labels"), tmp_path / "model")
    monkeypatch.setattr("multilayer.files.cross_validation.MOST_BYTES", 0)
    load_model(tmp_path / "model")
    monkeypatch.setattr("multilayer.files.cross_validation.MOST_SHARE", 0)
    with pytest.raises(ModelFileError, match="far more training rows than the file has bytes"):
        load_model(tmp_path / "model")


def test_members_of_different_classes_are_not_saved(tmp_path: Path) -> None:
    first = validated("labels").folds[0]
    second = replace(validated("ensembles").folds[1], scores=first.scores)
    splits = {0: (first.train, first.test), 1: (second.train, second.test)}
    mixed = CrossValidation({0: first, 1: second}, splits, 60)
    with pytest.raises(ModelFileError, match="cannot be saved: its members are models of different classes"):
        save_model(mixed, tmp_path / "model")
