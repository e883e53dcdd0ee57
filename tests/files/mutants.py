"""Mutants of model files, checkpoints and journals: random damage, and forgeries with valid checksums.

Each mutant must either raise an error of this library or be read. A file with random damage that is read must equal the
original: its predictions are the same to the bit, and so are the results of a resumed training or search. A forgery may
hold other numbers, because whoever can write a file may choose them, but must be as usable as any model: it predicts,
it can be saved, and its training continues or raises an error. Reading a mutant gives no warning.
"""

from __future__ import annotations

import copy
import functools
import json
import math
import random
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save
from sklearn.model_selection import TimeSeriesSplit

from multilayer import (
    EnsembleClassifier,
    EnsembleRegressor,
    MLPClassifier,
    MLPRegressor,
    TableClassifier,
    TableRegressor,
    load_model,
    resume,
    save_model,
)
from multilayer.callbacks import Checkpoint
from multilayer.exceptions import JournalError, ModelFileError, MultilayerError, MultilayerWarning
from multilayer.files import container
from multilayer.selection import cross_validate
from multilayer.selection.data import network_of
from multilayer.selection.searching.journal import Journal, Scored, _check

from ..tables.models.conftest import few_epochs
from .pipelines import Y, fitted

X = np.random.RandomState(0).standard_normal((40, 3))
CLASSES = np.where(X[:, 0] > 0, "yes", "no")
NUMBERS = X @ [[1.0, 0.5], [0.0, 2.0], [1.0, 1.0]]
COMMON: dict[str, Any] = {"n_iter_no_change": math.inf, "random_state": 0, "engine": "reference", "max_iter": 4}
_RNG = np.random.RandomState(0)
TABLE_ROWS = pd.DataFrame(
    {
        "size": _RNG.normal(size=300),
        "town": _RNG.choice(["Ulm", "Rom", None], 300),
        "many": _RNG.choice([f"w{i}" for i in range(70)], 300),
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(_RNG.randint(0, 900, 300), unit="D"),
    }
)
_SPREAD = np.where(TABLE_ROWS["town"] == "Ulm", 0.05, 3.0)  # of the errors
NUMBERS_OF_TABLE = 9.0 + 0.1 * TABLE_ROWS["size"].to_numpy() + _SPREAD * _RNG.normal(size=300)
TABLE_OF_CLASSES = TABLE_ROWS[:130], np.digitize(TABLE_ROWS["size"][:130], [-0.7, 0.7])
LARGEST = 64 << 20  # bytes of memory in Python that a mutant of a few kilobytes may take

# Rows, targets and options of cross_validate: the last fold holds a number whose products overflow.
FOLDS_WITH_A_FAILURE: tuple[Any, Any, dict[str, Any]] = (
    np.vstack([X, np.full((1, 3), 1e300)]),
    np.append(CLASSES, "no"),
    {"cv": [(np.arange(30), np.arange(30, 40)), (np.arange(10, 40), np.arange(10)), (np.arange(41), np.arange(3))]},
)
PIPELINES = ("encoder", "rich encoder", "columns", "selected columns", "array")
CROSS_VALIDATIONS = ("folds", "folds of pipelines")
TABLE_MODELS = ("table of classes", "table of amounts", "table of quantiles")
ERROR, SAME, USABLE = "an error of ours", "the same numbers", "another model that works"


@dataclass(frozen=True)
class Subject:
    """A file, and the function that judges its mutants."""

    name: str
    content: bytes
    judge: Callable[[Subject, bytes, bool], str]
    mutate: Callable[[bytes, random.Random], tuple[bytes, bool]]  # the second: whether its checksums are valid
    rows: Any = field(default=None, compare=False)  # to predict


class _Stop:
    """Stops training in the middle, like a crash."""

    def on_epoch_end(self, event: Any) -> None:
        if event.epoch == 3:
            raise KeyError

    def __call__(self, event: Any) -> None:
        if type(event).__name__ == "EpochEnded":
            self.on_epoch_end(event)


def _models() -> dict[str, tuple[Any, Any]]:
    """Return estimators with their targets; together they use every form of value that a file can have."""
    tuned = {"weight_averaging": 0.5, "dropout": 0.1, "class_weight": {"no": 2}, "early_stopping": True}
    return {
        "classifier": (MLPClassifier((4, 3), **tuned, **COMMON), CLASSES),
        "normalised": (MLPClassifier((4,), normalization="layer", learning_rate="cosine", **COMMON), X[:, 0] > 0),
        "regressor": (MLPRegressor((4,), standardize_targets=True, loss="huber", solver="sgd", **COMMON), NUMBERS),
        "members": (EnsembleClassifier(MLPClassifier((3,), **COMMON), 2, diversity="fold", random_state=0), CLASSES),
        "bootstrap": (
            EnsembleRegressor(MLPRegressor((3,), **COMMON), 2, diversity="bootstrap", random_state=0),
            NUMBERS,
        ),
    }


@functools.cache
def subjects() -> tuple[Subject, ...]:
    found = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "file"
        for name, (model, y) in _models().items():
            save_model(copy.deepcopy(model).fit(X, y), path)
            found.append(Subject(name, path.read_bytes(), _judge_model, _mutate_model, X))
            if isinstance(model, MLPClassifier | MLPRegressor):
                try:
                    copy.deepcopy(model).set_params(callbacks=[Checkpoint(path), _Stop()]).fit(X, y)
                except KeyError:
                    found.append(Subject(f"checkpoint of {name}", path.read_bytes(), _judge_model, _mutate_model, X))
        for name in PIPELINES:
            pipeline, rows = fitted(name)
            save_model(pipeline, path)
            found.append(Subject(name, path.read_bytes(), _judge_pipeline, _mutate_model, rows))
        for name, (result, rows) in zip(CROSS_VALIDATIONS, _cross_validations(), strict=True):
            save_model(result, path)
            found.append(Subject(name, path.read_bytes(), _judge_cross_validation, _mutate_model, rows))
        for name, model in zip(TABLE_MODELS, _table_models(), strict=True):
            save_model(model, path)
            found.append(Subject(name, path.read_bytes(), _judge_table_model, _mutate_model, TABLE_ROWS))
        path.unlink()
        with Journal(path, "0" * 64) as journal:
            for i in range(6):
                journal.add((f"candidate{i}", i % 3, 9), Scored(0.1 * i, 9, i % 2 == 0, 17, 0.5), "{'alpha': 1}")
            journal.add(("failed", 0, 0), Scored(math.nan, error="InputError: what"))
        found.append(Subject("journal", path.read_bytes(), _judge_journal, _mutate_journal))
    return tuple(found)


def _cross_validations() -> list[Any]:
    """Return small cross-validations, of which the first has a fold that failed, with rows to predict."""
    rows, y, options = FOLDS_WITH_A_FAILURE
    pipeline, table = fitted("encoder")
    return [
        (cross_validate(MLPClassifier((4,), **COMMON), rows, y, **options), X),
        (cross_validate(pipeline, table, Y, cv=2, return_train_score=True), table),
    ]


def _table_models() -> list[Any]:
    """Return small table models with trees, several folds, and spreads."""
    rows, amounts = TABLE_ROWS, NUMBERS_OF_TABLE
    several: dict[str, Any] = {"loss": "quantile", "quantile": (0.2, 0.8), "with_trees": True}
    with few_epochs(40):  # after fewer, the errors are those of the networks, whose spread is constant
        of_amounts = TableRegressor("quick", cv=TimeSeriesSplit(3), random_state=0).fit(rows, amounts)
    with few_epochs(2):
        return [
            TableClassifier(cv=2, with_trees=True, calibration="temperature", random_state=0).fit(*TABLE_OF_CLASSES),
            of_amounts,
            TableRegressor("quick", cv=2, random_state=0, **several).fit(
                rows[:130], amounts[:130], np.arange(130) % 3 + 1.0, groups=np.arange(130) // 2
            ),
        ]


def verdict(subject: Subject, seed: int) -> str:
    """Judge one mutant; raise an AssertionError, or another unexpected exception, if it fails."""
    with np.errstate(all="ignore"):
        content, is_forged = subject.mutate(subject.content, random.Random(f"{subject.name} {seed}"))
    with warnings.catch_warnings(), np.errstate(all="ignore" if is_forged else "warn"):
        # Scikit-learn's steps may warn of the categories that a forgery has; files with random damage have none.
        warnings.simplefilter("ignore" if is_forged else "error")
        warnings.simplefilter("ignore", MultilayerWarning)
        return subject.judge(subject, content, is_forged)


# How mutants are judged.


def _loaded(path: Path, content: bytes) -> Any:
    """Write and load a mutant without a warning; return None after checking the message of an error."""
    path.write_bytes(content)
    try:
        with warnings.catch_warnings(), np.errstate(all="warn"):
            warnings.simplefilter("error")
            return load_model(path)
    except ModelFileError as error:
        _check_message(error)
        return None


def _judge_model(subject: Subject, content: bytes, is_forged: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        model = _loaded(path, content)
        if model is None:
            return ERROR
        original = _original(subject)
        for network in getattr(model, "estimators_", [model]):
            network.engine = "reference"  # compiling another engine that a forgery names could take long
        outputs = _outputs(model)
        if not is_forged:
            assert _are_same(outputs, original.outputs)
            if original.resumed is not None:
                assert _are_same(_outputs(resume(path, X, original.y)), original.resumed)
            return SAME
        assert all(len(each) == len(X) for each in outputs)
        save_model(model, path)
        assert _are_same(_outputs(load_model(path)), outputs)
        _train_on(model, path, original.y)
        return SAME if _are_same(outputs, original.outputs) else USABLE


def _judge_pipeline(subject: Subject, content: bytes, is_forged: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        model = _loaded(path, content)
        if model is None:
            return ERROR
        for network in [*getattr(model[-1], "estimators_", [model[-1]])]:
            network.engine = "reference"
        save_model(model, path)
        again = load_model(path)
        try:
            outputs = _outputs(model, subject.rows)
        except ValueError:  # a model of other columns or categories
            assert is_forged
            return USABLE
        path.write_bytes(subject.content)
        original = _outputs(load_model(path), subject.rows)
        assert is_forged or _are_same(outputs, original)
        assert all(len(each) == len(subject.rows) for each in outputs)
        assert _are_same(_outputs(again, subject.rows), outputs)
        return SAME if _are_same(outputs, original) else USABLE


def _judge_cross_validation(subject: Subject, content: bytes, is_forged: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        result = _loaded(path, content)
        if result is None:
            return ERROR
        save_model(result, path)
        again = load_model(path)
        try:
            found = _results(result, subject.rows)
        except ValueError:  # models of other columns or categories
            assert is_forged
            return USABLE
        path.write_bytes(subject.content)
        original = _results(load_model(path), subject.rows)
        assert is_forged or _are_same(found, original)
        assert _are_same(_results(again, subject.rows), found)
        return SAME if _are_same(found, original) else USABLE


def _results(result: Any, rows: Any) -> list[Any]:
    """Return what a cross-validation tells: its table, and the predictions of its models and in its folds."""
    found = [np.array([f"{result} {result!r}"])]
    for fold in result.folds:
        network_of(fold.estimator).engine = "reference"
        found += [*_outputs(fold.estimator, rows), fold.train, fold.test, *fold.predicted.values()]
    predictions = result.predictions
    return [*found, predictions.predicted, predictions.probabilities, predictions.n_times]


def _judge_table_model(subject: Subject, content: bytes, is_forged: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        model = _loaded(path, content)
        if model is None:
            return ERROR
        save_model(_with_reference(model), path)
        again = load_model(path)
        try:
            outputs = _answers(model, subject.rows)
        except ValueError:  # a model of other columns
            assert is_forged
            return USABLE
        path.write_bytes(subject.content)
        original = _answers(_with_reference(load_model(path)), subject.rows)
        assert is_forged or _are_same(outputs, original)
        assert all(len(each) == len(subject.rows) for each in outputs)
        assert _are_same(_answers(again, subject.rows), outputs)
        return SAME if _are_same(outputs, original) else USABLE


def _with_reference(model: Any) -> Any:
    for member in model.members_:
        member.network.engine = "reference"
    return model


def _answers(model: Any, rows: Any) -> list[Any]:
    """Return the answers of a table model for each row."""
    found = [*_outputs(model, rows), model.novelty(rows)]
    found += [model.predict_set(rows)] if hasattr(model, "classes_") else [*model.predict_interval(rows)]
    words = (model.summary(), model.columns_, [(member.recipe, member.seconds) for member in model.members_])
    return [*found, np.full(len(rows), str(words))]


def _check_message(error: MultilayerError) -> None:
    assert len(str(error)) < 2000
    assert str(error).endswith((".", "multilayer"))


@dataclass(frozen=True)
class _Original:
    y: Any
    outputs: list[Any]
    resumed: list[Any] | None


@functools.cache
def _original(subject: Subject) -> _Original:
    y = _models()[subject.name.removeprefix("checkpoint of ")][1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(subject.content)
        model = load_model(path)
        is_network = isinstance(model, MLPClassifier | MLPRegressor)
        return _Original(y, _outputs(model), _outputs(resume(path, X, y)) if is_network else None)


def _outputs(model: Any, X: Any = X) -> list[Any]:
    found = [model.predict(X)]
    if hasattr(model, "predict_proba"):
        found += [model.predict_proba(X)]
    if hasattr(model, "parameters_"):
        found += [np.resize(model.parameters_, len(X))]
    if getattr(model, "diversity", "seed") != "seed":
        found += [np.full(len(X), model.oof_score_)]
    return [each.toarray() if hasattr(each, "toarray") else each for each in found]


def _train_on(model: Any, path: Path, y: Any) -> None:
    """Continue training from a forgery, or get an error. Sizes that would take long are reduced first."""
    if not isinstance(model, MLPClassifier | MLPRegressor):
        return
    try:
        model.set_params(verbose=False, max_iter=min(model.max_iter, model.n_iter_ + 2), max_time=1.0)
        save_model(model, path)
        resume(path, X, y)
    except MultilayerError:
        pass


def _are_same(some: list[Any], others: list[Any]) -> bool:
    return len(some) == len(others) and all(
        one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        for one, other in zip(some, others, strict=True)
    )


def _judge_journal(subject: Subject, content: bytes, is_forged: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(subject.content)
        with Journal(path, "0" * 64) as journal:
            known = {place: repr(scored) for place, scored in journal.known.items()}
        path.write_bytes(content)
        try:
            with Journal(path, "0" * 64) as journal:
                journal.add(("added", 0, 0), Scored(1.0))
        except JournalError as error:
            _check_message(error)
            assert path.read_bytes() == content
            return ERROR
        with Journal(path, "0" * 64) as journal:
            read = {place: repr(scored) for place, scored in journal.known.items()}
        assert read.pop(("added", 0, 0)) == repr(Scored(1.0))
        # Torn-off records are scored again; the records that are read equal those that were written.
        assert is_forged or read.items() <= known.items()
        return SAME if read.items() <= known.items() else USABLE


# How files are mutated.


def _damaged(content: bytes, chance: random.Random) -> bytes:
    """Damage the content as disks, copies and editors do."""
    damaged = bytearray(content)
    place, length = chance.randrange(len(content)), chance.randint(1, 40)
    match chance.randrange(8):
        case 0:
            del damaged[place:]
        case 1:
            damaged[place] ^= 1 << chance.randrange(8)
        case 2:
            damaged[place : place + length] = bytes(length)
        case 3:
            damaged[place : place + length] = chance.randbytes(length)
        case 4:
            del damaged[place : place + length]
        case 5:
            damaged[place:place] = damaged[place : place + length]
        case 6:
            damaged += chance.randbytes(length)
        case _:
            for _ in range(chance.randint(2, 20)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 10**6, 2**31, 2**53, 2**63, 2**64 - 1, -(2**63)),
    *(0.5, -0.5, 1e-300, 1e308, -1e308, "", "x", "relu", "mean", "\ud800", "\0", "x" * 5000),
    *([], {}, [1], [[]], {"tuple": []}, {"tuple": [1, 2]}, {"float": "nan"}, {"float": "inf"}, {"float": "no"}),
    *({"bytes": "00"}, {"bytes": "0"}, {"dict": []}, {"dict": [[1, 2], [1, 3]]}, {"dict": [[{"tuple": [1]}, 2]]}),
    *({"dict": [[k * (2**61 - 1), 1.0] for k in range(8)]}, {"dict": 3}, {"dict": [1]}, {"objects": [1, "a", None]}),
    *({"utf8": "a", "ends": "b"}, {"record": "Pipeline", "fields": {"steps": []}}, {"tuple": ["a", "passthrough"]}),
    *({"record": "FunctionTransformer", "fields": {"n_features_in_": 2}}, {"record": "StandardScaler", "fields": {}}),
    *({"record": "Forest", "fields": {}}, {"record": "TimeSeriesSplit", "fields": {"n_splits": 10**9}}),
    *({"texts": ["a"], "width": 2**24}, {"texts": [1], "width": 1}, {"objects": [[]]}, {"objects": {"a": 1}}),
    *(
        {"record": "Huber", "fields": {"threshold": -1}},
        {"record": "Schedule", "fields": {}},
        {"record": [], "fields": 1},
    ),
    *({"record": "Cosine", "fields": {"n_epochs": 5}}, {"record": "CustomSchedule", "fields": {"factor": 1}}),
    *({"record": "Quantile", "fields": {"levels": {"tuple": [0.1, 0.9]}}}, {"record": "Run", "fields": {}}),
    *(
        {"tensor": "training.order"},
        {"tensor": "no"},
        {"floats": "loss_curve_"},
        {"tensor": []},
        {"shared": "training.random_state"},
    ),
    functools.reduce(lambda deep, _: {"tuple": [deep]}, range(150), 1),
)
NUMBERS_AS_TEXT = ("1e999", "-1e999", "NaN", "Infinity", "1" * 30, "9" * 5000, "1.0", "-0", "01")


def _mutate_model(content: bytes, chance: random.Random) -> tuple[bytes, bool]:
    kind = chance.randrange(12)
    if kind < 3:
        return _damaged(content, chance), False
    model, tensors = _parts(content)
    model, tensors = copy.deepcopy(model), dict(tensors)
    if kind == 3:
        return _with_text(model, tensors, chance), True
    for _ in range(chance.choice((1, 1, 1, 1, 2, 4))):
        if tensors and chance.randrange(3) == 0:
            _mutate_array(tensors, chance)
        else:
            _mutate_value(model, chance)
    if kind == 4:
        return _with_layout(model, tensors, chance), True
    return file_content(model, tensors), True


@functools.lru_cache(maxsize=64)
def _parts(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        return container.read(path)


def parts(name: str) -> tuple[Any, Any]:
    """Return the JSON and the arrays of the file of a subject, to be changed."""
    (subject,) = (each for each in subjects() if each.name == name)
    model, tensors = _parts(subject.content)
    return copy.deepcopy(model), dict(tensors)


def file_content(model: Any, tensors: dict[str, Any], version: Any = container.VERSION) -> bytes:
    """Return a file of the format with a valid digest: whoever forges a file can compute the digest too."""
    head = {"version": version, "digest": container._digest(model, tensors), "model": model}
    return save(tensors, metadata={container.KEY: json.dumps(head)})


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return (container, key) of every part of a JSON value."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        inside = each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list) else ()
        for key, part in inside:
            found.append((each, key))
            waiting.append(part)
    return found


def _mutate_value(model: Any, chance: random.Random) -> None:
    known = places(model)
    if not known:
        return
    (place, key), (other, other_key) = chance.choice(known), chance.choice(known)
    if chance.randrange(2):  # a small change: the result may look like a model
        leaves = [(each, name) for each, name in known if not isinstance(each[name], dict | list)]
        place, key = chance.choice(leaves)
        alike = [each[name] for each, name in leaves if type(each[name]) is type(place[key])]
        place[key] = chance.choice(alike) if chance.randrange(2) else _tweaked(place[key], chance)
        return
    match chance.randrange(6):
        case 0:
            del place[key]
        case 1:
            if isinstance(place, dict):
                place[chance.choice(("predict", "x", "training", "__class__", "fields", "a\ud800"))] = chance.choice(
                    JUNK
                )
            else:
                place.insert(key, copy.deepcopy(place[key]))
        case 2:
            place[key] = copy.deepcopy(other[other_key])
        case 3 if isinstance(place[key], int | float) and not isinstance(place[key], bool):
            tenfold = _written(place[key] * 10)
            place[key] = chance.choice((-place[key], place[key] + 1, tenfold, float(place[key]), str(place[key])))
        case _:
            place[key] = copy.deepcopy(chance.choice(JUNK))


def _tweaked(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return _written(chance.choice((value + 1, value - 1, value * 2, value / 2, value * 1.5, -value)))
    return None if isinstance(value, str) else chance.choice((0, 0.5, "auto", True))


def _written(value: Any) -> Any:
    """Return a number that JSON can hold: none of those that overflow."""
    return value if -1e308 <= value <= 1e308 else 1e308


def _mutate_array(tensors: dict[str, Any], chance: random.Random) -> None:
    name = chance.choice(sorted(tensors))
    array = tensors[name]
    match chance.randrange(14):
        case 0:
            del tensors[name]
            return
        case 1:
            tensors[f"{name}{chance.choice(('x', '#1', '.0'))}"] = array
            return
        case 2:
            with np.errstate(all="ignore"):
                array = array.astype(chance.choice(("f2", "f4", "f8", "i1", "i8", "u1", "u4", "u8", "?")))
        case 3:
            array = array[..., : chance.randrange(array.shape[-1] + 1)] if array.ndim else array
        case 4:
            array = np.concatenate([array, array], axis=-1) if array.ndim else array
        case 5:
            array = array.reshape(chance.choice(((1, *array.shape), (*array.shape, 1), (-1,))))
        case 6:
            array = array.reshape(-1)[:1].reshape(()) if array.size else array
        case _ if array.size:
            array = array.copy()
            special = (
                (0, 1, -1, 2**40, 1e300, np.nan, np.inf, -np.inf) if array.dtype.kind == "f" else (0, 1, 3, 100, -1)
            )
            flat = array.reshape(-1)
            index = chance.choice((chance.randrange(array.size), slice(None)))
            flat[index] = np.array(chance.choice(special)).astype(array.dtype)
    tensors[name] = np.ascontiguousarray(array).reshape(array.shape)


def _with_text(model: Any, tensors: dict[str, Any], chance: random.Random) -> bytes:
    """Return a header with numbers outside JSON, repeated keys or deep nesting; no digest covers these."""
    head = json.dumps({"version": container.VERSION, "digest": container._digest(model, tensors), "model": model})
    begin, end = '"n_iter_": ', ","
    start = head.index(begin) + len(begin)
    stop = head.index(end, start)
    number = chance.choice((*NUMBERS_AS_TEXT, "[" * 5000 + "]" * 5000, '4, "n_iter_": 4', '{"a": 1, "a": 2}'))
    return save(tensors, metadata={container.KEY: head[:start] + number + head[stop:]})


def _with_layout(model: Any, tensors: dict[str, Any], chance: random.Random) -> bytes:
    """Return arrays that overlap, leave gaps or lie outside the file, or an invalid header length."""
    content = file_content(model, tensors)
    length = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    names = [name for name in header if name != container.METADATA]
    if not names:
        return content
    described = header[chance.choice(names)]
    match chance.randrange(6):
        case 0:
            described["data_offsets"] = list(header[chance.choice(names)]["data_offsets"])
        case 1:
            described["data_offsets"] = [chance.choice((0, -1, 2**62, 2**70, 1.5, "0")), described["data_offsets"][1]]
        case 2:
            described["shape"] = chance.choice(([2**40], [2**32, 2**32], [-1], [True], [1] * 200, [], [0], "no"))
        case 3:
            described["dtype"] = chance.choice(("F16", "BF16", "F8_E4M3", "C64", 3, None, "BOOL", "I8"))
        case 4:
            header[container.METADATA] = chance.choice(({}, 3, {"multilayer": 3}, None, {"format": "pt"}))
        case _:
            fake = chance.choice((0, 1, length - 1, length + 1, 2**40, 2**63, 2**64 - 1))
            return fake.to_bytes(8, "little") + content[8:]
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def _mutate_journal(content: bytes, chance: random.Random) -> tuple[bytes, bool]:
    if chance.randrange(2):
        return _damaged(content, chance), False
    lines = content.splitlines(keepends=True)
    number = chance.randrange(len(lines))
    body = json.loads(lines[number])
    del body["check"]
    match chance.randrange(5):
        case 0:
            body[chance.choice(list(body))] = chance.choice(JUNK)
        case 1:
            del body[chance.choice(list(body))]
        case 2:
            body["x"] = chance.choice(JUNK)
        case 3:
            lines.insert(number, lines[chance.randrange(len(lines))])
            return b"".join(lines), True
        case _:
            pass
    text = json.dumps(body)
    if chance.randrange(4) == 0 and '"fold": ' in text:
        start = text.index('"fold": ') + 8
        text = text[:start] + chance.choice(NUMBERS_AS_TEXT) + text[text.index(",", start) :]
    start = text[:-1].encode()
    lines[number] = start + f', "check": "{_check(start)}"}}\n'.encode()
    return b"".join(lines), True
