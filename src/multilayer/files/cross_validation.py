"""Files of a cross-validation: its folds with their scores and predictions, and their models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.base import is_classifier

from multilayer.estimators import NotFittedError
from multilayer.exceptions import (
    DivergenceError,
    EngineError,
    InputError,
    InputTypeError,
    InterruptedTrainingError,
    ModelFileError,
    MultilayerError,
    ParameterError,
    ShapeError,
)
from multilayer.files.codec import Decoder, Encoder
from multilayer.files.kinds import (
    Place,
    Record,
    array,
    integer,
    mapping,
    number,
    optional,
    record,
    rows,
    sequence,
    text,
)
from multilayer.files.schema import any_number
from multilayer.files.table_checks import check
from multilayer.files.table_records import WARNING
from multilayer.fits.errors import FitWarning
from multilayer.selection import CrossValidation, Fold
from multilayer.selection.data import network_of

MAX_FOLDS = 1 << 16
# The training rows that follow from test rows may take so many bytes, and so many times those of the file's arrays.
MOST_BYTES, MOST_SHARE = 1 << 26, 64
_OF_FILES = {"class", "error_score", "n_times", "folds", "members"}
# The errors of folds, whose class is a name in a file; any other error is read as a MultilayerError with the name.
_ERRORS: dict[str, Callable[[str], Exception]] = {
    each.__name__: each
    for each in (
        *(MultilayerError, InputError, ShapeError, InputTypeError, ParameterError, DivergenceError, EngineError),
        *(InterruptedTrainingError, NotFittedError, ValueError, TypeError, FloatingPointError, MemoryError),
    )
}


@dataclass(frozen=True, eq=False)
class FoldPart:
    """A fold without its model.

    ``train`` is None if it is all rows but those of ``test``.  ``predicted`` are numbers of classes for labels.
    """

    number: int
    train: NDArray[np.intp] | None
    test: NDArray[np.intp]
    scores: dict[str, float]
    fit_time: float
    score_time: float
    warnings: tuple[FitWarning, ...]
    predicted: NDArray[Any]
    probabilities: NDArray[Any] | None


@dataclass(frozen=True, eq=False)
class FailedPart:
    """A fold whose training failed, with the class and the text of its error."""

    number: int
    train: NDArray[np.intp] | None
    test: NDArray[np.intp]
    error: str
    message: str


_OF_ROWS = {"number": integer(0), "train": optional(rows), "test": rows}
FOLD = Record(
    "Fold",
    FoldPart,
    {
        **_OF_ROWS,
        "scores": mapping(text(), any_number),
        "fit_time": number(0.0),
        "score_time": number(0.0),
        "warnings": sequence(record(WARNING), tuple),
        "predicted": lambda value, place: array("biuf", *("t" if axis == 0 else None for axis in range(_ndim(value))))(
            value, place
        ),
        "probabilities": optional(array("f", "t", None)),
    },
    (*_OF_ROWS, "scores", "fit_time", "score_time", "warnings", "predicted", "probabilities"),
    lengths={"t": "test"},
)
FAILED_FOLD = Record(
    "FailedFold", FailedPart, {**_OF_ROWS, "error": text(), "message": text()}, (*_OF_ROWS, "error", "message")
)
RECORDS = (FOLD, FAILED_FOLD, WARNING)
_RECORD_OF = {each.make: each for each in RECORDS}
_FOLDS = sequence(record(FOLD, FAILED_FOLD), list)


def _ndim(value: Any) -> int:
    return 2 if isinstance(value, np.ndarray) and value.ndim == 2 else 1


def is_stored(result: Any) -> bool:
    """Return whether this is the result of ``cross_validate``."""
    return type(result) is CrossValidation


def described(result: CrossValidation, encoder: Encoder, describe: Callable[[Any, Encoder], Any]) -> dict[str, Any]:
    """Return the JSON of a cross-validation; ``describe`` describes the model of a fold."""
    if not result.folds:
        raise InputError("the cross-validation has no trained model: every fold failed. Nothing can be saved.")
    inner = replace(encoder, records=_RECORD_OF)
    found: dict[str, Any] = {
        "class": "CrossValidation",
        "error_score": inner.encode(result.error_score, "error_score"),
        "n_times": inner.encode(_n_times([fold.test for fold in result.folds], result.n_rows), "n_times"),
        "folds": [inner.encode(each, f"folds.{i}") for i, each in enumerate(_parts(result))],
        "members": [],
    }
    for i, fold in enumerate(result.folds):
        of_member = replace(encoder, prefix=f"members.{i}.", text_cells=inner.text_cells)
        found["members"].append(describe(fold.estimator, of_member))
        inner.text_cells = of_member.text_cells
    encoder.text_cells = inner.text_cells
    return found


def _parts(result: CrossValidation) -> Iterator[FoldPart | FailedPart]:
    """Return the folds without their models, in the order of the result."""
    folds = {fold.number: fold for fold in result.folds}
    for i, train, test in zip(result.numbers, *result["indices"].values(), strict=True):
        others = _others(test, result.n_rows)
        given = None if np.array_equal(train, others) else train
        if i in result.failures:
            error = result.failures[i]
            yield FailedPart(i, given, test, type(error).__name__, str(error))
            continue
        fold = folds[i]
        predicted, probabilities = _shown(fold.predicted["predict"]), fold.predicted.get("predict_proba")
        if is_classifier(fold.estimator) and predicted.ndim == 1:
            codes = np.searchsorted(fold.estimator.classes_, predicted)
            predicted = codes.astype(np.min_scalar_type(len(fold.estimator.classes_)))
        times, warnings = (fold.fit_time, fold.score_time), tuple(fold.warnings)
        yield FoldPart(i, given, test, dict(fold.scores), *times, warnings, predicted, probabilities)


def _others(test: NDArray[np.intp], n_rows: int) -> NDArray[np.intp]:
    """Return the numbers of the rows that are not in a test fold."""
    is_other = np.ones(n_rows, dtype=bool)
    is_other[test] = False
    return np.flatnonzero(is_other)


def _n_times(tests: Sequence[NDArray[np.intp]], n_rows: int) -> NDArray[Any]:
    """Return in how many test folds each row is."""
    found = np.zeros(n_rows, dtype=np.intp)
    for test in tests:
        found[test] += 1
    return found.astype(np.min_scalar_type(len(tests)))


def _shown(predicted: Any) -> NDArray[Any]:
    return np.asarray(predicted.toarray() if issparse(predicted) else predicted)


def description_of(result: CrossValidation) -> str:
    """Return a few sentences for :func:`multilayer.files.model_info`."""
    model = result.folds[0].estimator
    kind, last = type(model).__name__, type(network_of(model)).__name__
    ends = "" if kind == last else f", ending in {last},"
    scores = repr(result).strip("<>").removeprefix("CrossValidation: ")
    return f"Models of the class {kind}{ends} in {scores}; {result.n_rows:,} rows."


def built(described: dict[str, Any], decoder: Decoder, build: Callable[[Any, Decoder], Any]) -> CrossValidation:
    """Make a cross-validation from the JSON of a file; ``build`` builds the model of a fold."""
    members: Any = described.get("members")
    right = set(described) == _OF_FILES and isinstance(members, list) and isinstance(described["folds"], list)
    check(right and 0 < len(members) <= len(described["folds"]) <= MAX_FOLDS, "its header is not that of folds")
    error_score = any_number(decoder.decode(described["error_score"]), Place("error_score"))
    n_times = array("u", None)(decoder.decode(described["n_times"]), Place("n_times"))
    parts = _FOLDS([decoder.decode(each) for each in described["folds"]], Place("folds"))
    trained = [part for part in parts if isinstance(part, FoldPart)]
    check(len(trained) == len(members), "its members are not one for each fold that was trained")
    check(len({part.number for part in parts}) == len(parts), "its folds have numbers that are not distinct")
    check(len({tuple(part.scores) for part in trained}) == 1, "its folds have different scores")
    check(all(name.startswith(("test_", "train_")) for name in trained[0].scores), "a score is of no side")
    n_train = sum(len(n_times) for part in parts if part.train is None)
    most = MOST_BYTES + MOST_SHARE * sum(tensor.nbytes for tensor in decoder.tensors.values())
    check(n_train * np.dtype(np.intp).itemsize <= most, "its folds have far more training rows than the file has bytes")
    splits, folds = {}, dict[int, Fold | Exception]()
    models = iter(members)
    for part in parts:
        given = [part.test] if part.train is None else [part.test, part.train]
        check(all(not len(each) or each.max() < len(n_times) for each in given), "its folds have rows beyond the table")
        train = _others(part.test, len(n_times)) if part.train is None else part.train
        splits[part.number] = (train, part.test)
        if isinstance(part, FailedPart):
            folds[part.number] = _error(part)
            continue
        place = f"members.{len(folds)}"
        try:
            model = build(next(models), decoder)
        except ModelFileError as error:
            raise ModelFileError(f"{place}: {error}") from None
        folds[part.number] = _fold(part, model, train, place)
    result = CrossValidation(folds, splits, len(n_times), error_score)
    is_right = np.array_equal(n_times, _n_times([part.test for part in trained], len(n_times)))
    check(is_right, "n_times are not the numbers of test folds of each row")
    check(len({type(fold.estimator) for fold in result.folds}) == 1, "its members are models of different classes")
    return result


def _error(part: FailedPart) -> Exception:
    if part.error in _ERRORS:
        return _ERRORS[part.error](part.message)
    return MultilayerError(f"{part.error}: {part.message}")


def _fold(part: FoldPart, model: Any, train: NDArray[np.intp], place: str) -> Fold:
    check(hasattr(model, "predict"), f"{place} does not predict")
    predicted: Any = part.predicted
    probabilities = part.probabilities
    check((probabilities is not None) == is_classifier(model), f"{place} has no probabilities, or has them for amounts")
    if probabilities is not None:
        n_classes = len(model.classes_)
        check(probabilities.shape[1] == n_classes, f"{place} has probabilities of another number of classes")
        if predicted.ndim == 1:
            is_code = predicted.dtype.kind == "u" and (not len(predicted) or predicted.max() < n_classes)
            check(is_code, f"{place} has predictions that are no numbers of its classes")
            predicted = model.classes_[predicted]
        elif getattr(getattr(network_of(model), "_labels", None), "sparse", False):
            predicted = csr_matrix(predicted)
    found = {"predict": predicted} | ({} if probabilities is None else {"predict_proba": probabilities})
    return Fold(
        part.number,
        model,
        train,
        part.test,
        part.scores,
        part.fit_time,
        part.score_time,
        warnings=list(part.warnings),
        stored=found,
    )
