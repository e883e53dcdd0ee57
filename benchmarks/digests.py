"""Digests of the results of the library, to compare two versions of the code to the bit.

    python benchmarks/digests.py                 all cases
    python benchmarks/digests.py ensemble curve  cases whose name contains one of these words

Each line is a case and the SHA-256 digest of its weights, cost curves, scores and predictions: of the bytes of the
arrays, their types and shapes. The last line is the digest of all lines. Only the public interface is used. Equal
digests are expected on one machine with the same releases of NumPy, SciPy, scikit-learn and Numba, not on two machines.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from scipy.stats import loguniform
from sklearn.datasets import load_diabetes, load_digits, make_classification, make_multilabel_classification
from sklearn.model_selection import GroupKFold, GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleClassifier, EnsembleRegressor, MLPClassifier, MLPRegressor, load_model, resume
from multilayer.callbacks import Callback, Checkpoint
from multilayer.ensembles import ensemble_of
from multilayer.equations import Huber, SigmoidFocal
from multilayer.selection import (
    capacity_curve,
    cross_validate,
    find_step_size,
    learning_curve,
    regularization_path,
    search,
    seed_spread,
)
from multilayer.training import Cosine, OneCycle, Plateau, WarmUp

CASES: dict[str, Callable[[], Any]] = {}
# The option that selects the source of diversity of an ensemble has had two names.
DIVERSITY = "diversity" if "diversity" in inspect.signature(EnsembleRegressor).parameters else "by"

SHORT: dict[str, Any] = {
    "hidden_layer_sizes": (24,),
    "max_iter": 8,
    "n_iter_no_change": None,
    "learning_rate_init": 0.01,
    "random_state": 3,
}

digits, labels = load_digits(return_X_y=True)
DIGITS, LABELS = digits[:700] / 16.0, labels[:700]
BINARY, TWO = make_classification(400, 9, n_informative=5, flip_y=0.1, weights=[0.7], random_state=1)
diabetes, progression = load_diabetes(return_X_y=True)
DIABETES, PROGRESSION = diabetes * 20.0, progression
COUNTS = np.round(progression / 25.0) + 1.0
AMOUNTS = (progression - progression.mean()) / progression.std()
SEVERAL = np.column_stack([AMOUNTS, np.abs(AMOUNTS), AMOUNTS * DIABETES[:, 2]])
TAGS_X, TAGS = make_multilabel_classification(300, 10, n_classes=4, random_state=2)
TAGS_X = TAGS_X / 10.0
GROUPS = np.arange(400) // 4
WEIGHTS = np.random.RandomState(5).randint(0, 4, size=1000).astype(float)


def case(function: Callable[[], Any]) -> Callable[[], Any]:
    CASES[function.__name__.replace("_", " ")] = function
    return function


class Sine:
    """A custom activation."""

    def g(self, z: Any) -> Any:
        return np.sin(z)

    def g_prime(self, z: Any) -> Any:
        return np.cos(z)


class LogCosh:
    """A custom cost."""

    def value(self, Z: Any, Y: Any) -> Any:
        return (np.logaddexp(Z - Y, Y - Z) - np.log(2.0)).sum(axis=1)

    def delta(self, Z: Any, Y: Any) -> Any:
        return np.tanh(Z - Y)


def fitted(model: Any, X: Any) -> list[Any]:
    """Return all results of a fitted estimator: weights, curves and predictions."""
    network = model[-1] if hasattr(model, "steps") else model
    found = [model.predict(X), network.parameters_.copy(), list(network.loss_curve_), network.n_iter_, network.t_]
    found += [list(network.validation_scores_ or []), list(network.validation_loss_curve_ or [])]
    return [*found, model.predict_proba(X)] if hasattr(model, "predict_proba") else found


# One fit


def classifier(X: Any = DIGITS, y: Any = LABELS, fit: Any = (), **options: Any) -> list[Any]:
    return fitted(MLPClassifier(**SHORT | options).fit(X, y, **dict(fit)), X)


def regressor(X: Any = DIABETES, y: Any = AMOUNTS, fit: Any = (), **options: Any) -> list[Any]:
    return fitted(MLPRegressor(**SHORT | options).fit(X, y, **dict(fit)), X)


def binary(**options: Any) -> list[Any]:
    return classifier(BINARY, TWO, **options)


CASES |= {
    "classifier": lambda: classifier(),
    "classifier defaults": lambda: fitted(MLPClassifier(random_state=0, max_iter=20).fit(DIGITS, LABELS), DIGITS),
    "classifier float32, tanh": lambda: classifier(
        DIGITS.astype(np.float32), hidden_layer_sizes=(40, 20), activation="tanh"
    ),
    "classifier wide, all rows": lambda: classifier(hidden_layer_sizes=(200, 100), batch_size=700),
    "classifier one row a batch": lambda: classifier(BINARY[:80], TWO[:80], hidden_layer_sizes=4, batch_size=1),
    "classifier momentum": lambda: classifier(solver="sgd", nesterovs_momentum=False, learning_rate_init=0.1),
    "classifier nesterov, invscaling": lambda: classifier(solver="sgd", learning_rate="invscaling", power_t=0.3),
    "classifier sgd, adaptive": lambda: binary(
        solver="sgd",
        momentum=0.0,
        learning_rate="adaptive",
        learning_rate_init=0.5,
        max_iter=60,
        tol=0.01,
        n_iter_no_change=2,
    ),
    "classifier lbfgs": lambda: binary(solver="lbfgs", max_iter=30, alpha=0.1),
    "classifier linear, lbfgs": lambda: classifier(hidden_layer_sizes=(), solver="lbfgs", alpha=1.0),
    "classifier reference engine": lambda: binary(hidden_layer_sizes=7, engine="reference"),
    "classifier sparse": lambda: classifier(scipy.sparse.csr_matrix(DIGITS), batch_size=64),
    "classifier sparse float32, lbfgs": lambda: classifier(
        scipy.sparse.csc_matrix(DIGITS.astype(np.float32)), solver="lbfgs"
    ),
    "classifier narrow, softmax": lambda: binary(
        hidden_layer_sizes=(5, 5), activation="logistic", output="softmax", batch_size=50
    ),
    "classifier sigmoid outputs": lambda: classifier(output="sigmoid", initialization="epsilon", activation="elu"),
    "classifier early stopping": lambda: classifier(
        early_stopping=True, validation_fraction=0.2, n_iter_no_change=3, max_iter=40
    ),
    "classifier early stopping, groups": lambda: binary(
        fit={"groups": GROUPS},
        early_stopping=True,
        early_stopping_metric="loss",
        validation_fraction=GroupShuffleSplit(1, test_size=0.25, random_state=0),
        n_iter_no_change=5,
        max_iter=40,
    ),
    "classifier X_val": lambda: classifier(
        DIGITS[:500],
        LABELS[:500],
        fit={"X_val": DIGITS[500:], "y_val": LABELS[500:], "sample_weight_val": WEIGHTS[500:700]},
        early_stopping=True,
        early_stopping_metric="neg_log_loss",
    ),
    "classifier X_val, lbfgs": lambda: binary(
        fit={"X_val": BINARY[300:], "y_val": TWO[300:]}, solver="lbfgs", early_stopping=True, max_iter=30
    ),
    "classifier warm-up, cosine": lambda: classifier(learning_rate=WarmUp(10, Cosine(8, floor=0.1))),
    "classifier one cycle, AdamW, clip": lambda: classifier(learning_rate="one_cycle", weight_decay=0.1, clip_norm=0.5),
    "classifier plateau": lambda: binary(learning_rate=Plateau(0.5, 2, 0.01), max_iter=30),
    "classifier schedule function": lambda: classifier(learning_rate=lambda epoch: 1.0 / (1.0 + epoch)),
    "classifier dropout, averaging": lambda: classifier(
        hidden_layer_sizes=(32, 16), dropout=(0.3, 0.1), input_dropout=0.1, weight_averaging=0.95
    ),
    "classifier normalization, dropout": lambda: classifier(
        hidden_layer_sizes=(20, 20), normalization="layer", dropout=0.2, activation="gelu"
    ),
    "classifier l1 and l2": lambda: classifier(l1_alpha=0.01, alpha=0.5, activation="silu"),
    "classifier class weights": lambda: binary(class_weight={0: 1.0, 1: 5.0}),
    "classifier balanced, sample weights": lambda: binary(
        class_weight="balanced", fit={"sample_weight": WEIGHTS[:400]}, early_stopping=True
    ),
    "classifier text labels, unshuffled": lambda: classifier(
        BINARY, np.array(["no", "yes"])[TWO], shuffle=False, batch_size=33
    ),
    "classifier multilabel": lambda: classifier(TAGS_X, TAGS, class_weight=[{0: 1, 1: 2}, {}, {1: 3}, {0: 2}]),
    "classifier focal": lambda: [classifier(loss="focal"), binary(loss=SigmoidFocal(1.0))],
    "classifier custom activation": lambda: binary(
        hidden_layer_sizes=(6, 4), activation=[Sine(), "tanh"], engine="reference"
    ),
    "classifier RandomState": lambda: binary(random_state=np.random.RandomState(7)),
    "classifier pipeline": lambda: fitted(
        make_pipeline(StandardScaler(), MLPClassifier(**SHORT)).fit(DIGITS, LABELS), DIGITS
    ),
    "regressor": lambda: regressor(),
    "regressor float32, sgd": lambda: regressor(DIABETES.astype(np.float32), AMOUNTS.astype(np.float32), solver="sgd"),
    "regressor lbfgs": lambda: regressor(solver="lbfgs", alpha=3.0, max_iter=40, activation="softplus"),
    "regressor several outputs": lambda: [regressor(y=SEVERAL), regressor(y=SEVERAL, solver="lbfgs")],
    "regressor standardized targets": lambda: [
        regressor(y=PROGRESSION, standardize_targets=True, early_stopping=True, n_iter_no_change=4, max_iter=40),
        regressor(y=1e5 + SEVERAL, standardize_targets=True),
    ],
    "regressor robust losses": lambda: [regressor(loss=loss) for loss in ("absolute_error", "huber", Huber(0.3))],
    "regressor losses of counts": lambda: [regressor(y=COUNTS, loss=loss) for loss in ("poisson", "gamma")],
    "regressor quantiles": lambda: regressor(loss="quantile", quantile=(0.1, 0.5, 0.9)),
    "regressor custom cost": lambda: regressor(loss=LogCosh(), engine="reference", max_iter=4),
    "regressor sample weights, one cycle": lambda: regressor(
        fit={"sample_weight": WEIGHTS[:442]}, clip_norm=1.0, weight_decay=0.5, learning_rate=OneCycle(8)
    ),
    "regressor sparse, dropout": lambda: regressor(
        scipy.sparse.csr_array(np.where(DIABETES > 0.5, DIABETES, 0.0)), dropout=0.2, input_dropout=0.2
    ),
}


# A fit in several parts


@case
def warm_start() -> Any:
    model = MLPClassifier(**SHORT | {"warm_start": True, "weight_averaging": 0.9, "dropout": 0.1})
    first = fitted(model.fit(DIGITS, LABELS), DIGITS)
    return [*first, *fitted(model.fit(DIGITS, LABELS), DIGITS)]


@case
def warm_start_with_validation_and_lbfgs() -> Any:
    options = SHORT | {"warm_start": True}
    stopping = MLPRegressor(**options | {"early_stopping": True, "learning_rate": "cosine"})
    lbfgs = MLPRegressor(**options | {"solver": "lbfgs"})
    for model in (stopping, lbfgs, stopping, lbfgs):
        model.fit(DIABETES, AMOUNTS)
    return [*fitted(stopping, DIABETES), *fitted(lbfgs, DIABETES)]


@case
def partial_fit() -> Any:
    classes, options = np.arange(10), SHORT | {"batch_size": 40}
    model, numbers = MLPClassifier(**options), MLPRegressor(standardize_targets=True, **options)
    for start in range(0, 400, 100):
        part = slice(start, start + 100)
        model.partial_fit(DIGITS[part], LABELS[part], classes=classes, X_val=DIGITS[400:], y_val=LABELS[400:])
        numbers.partial_fit(DIABETES[part], PROGRESSION[part])
    return [*fitted(model, DIGITS), *fitted(numbers, DIABETES)]


class Crash(Callback):
    """Stops a training like a crash."""

    def on_epoch_end(self, event: Any) -> None:
        if event.epoch == 5:
            raise MemoryError


@case
def resume_from_checkpoint() -> Any:
    found: list[Any] = []
    for options in ({"early_stopping": True, "dropout": 0.2}, {"solver": "sgd", "learning_rate": "invscaling"}):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "run.safetensors")
            model = MLPClassifier(callbacks=[Checkpoint(path), Crash()], **SHORT | options)
            try:
                model.fit(DIGITS, LABELS)
            except MemoryError:
                found += fitted(load_model(path), DIGITS)
            found += fitted(resume(path, DIGITS, LABELS), DIGITS)
    return found


# Inspection


@case
def inspection() -> Any:
    model = MLPClassifier(activation="tanh", **SHORT).fit(DIGITS, LABELS)
    check = model.check_gradient(DIGITS[:5], LABELS[:5])
    return [model.transform(DIGITS, layer=2), model.input_gradient(DIGITS[:50]), check.max_error]


@case
def step_size() -> Any:
    found = find_step_size(MLPClassifier((32,), random_state=0), DIGITS, LABELS)
    return [found.step_sizes, found.costs, found.smoothed, found.suggestion, found.steepest, found.lowest]


# Many fits at once


def validated(result: Any) -> list[Any]:
    scores = [result[name] for name in result if name.startswith(("test_", "train_"))]
    return [*scores, *(network.parameters_ for network in result["estimator"]), result.predictions.predicted]


@case
def cross_validate_classifier() -> Any:
    return validated(cross_validate(MLPClassifier(**SHORT), DIGITS, LABELS, cv=4, return_train_score=True))


@case
def cross_validate_repeated_lbfgs() -> Any:
    model = MLPRegressor(solver="lbfgs", standardize_targets=True, **SHORT)
    return validated(
        cross_validate(model, DIABETES, PROGRESSION, cv=3, repeats=2, scoring=["r2", "neg_mean_squared_error"])
    )


@case
def cross_validate_groups_and_weights() -> Any:
    model = MLPClassifier(early_stopping=True, **SHORT)
    result = cross_validate(model, BINARY, TWO, cv=GroupKFold(3), groups=GROUPS, sample_weight=WEIGHTS[:400], n_jobs=2)
    return validated(result)


@case
def cross_validate_pipeline() -> Any:
    model = make_pipeline(StandardScaler(), MLPRegressor(**SHORT))
    result = cross_validate(model, DIABETES, AMOUNTS, cv=3)
    return [result["test_score"], result.predictions.predicted, *(each[-1].parameters_ for each in result["estimator"])]


def searched(found: Any, X: Any) -> list[Any]:
    trials = [[trial.number, trial.mean, trial.standard_error, trial.epochs, trial.n_weights] for trial in found.trials]
    return [trials, found.best.number, found.baseline.mean, found.n_epochs, *fitted(found.estimator, X)]


@case
def search_grid() -> Any:
    space = {"hidden_layer_sizes": [(8,), (16,)], "alpha": [0.0, 1.0]}
    model = MLPClassifier(**SHORT)
    return searched(search(model, space, DIGITS, LABELS, cv=3, halving=False, random_state=0), DIGITS)


@case
def search_random_halving() -> Any:
    space = {"hidden_layer_sizes": [(4,), (8,), (16,)], "learning_rate_init": loguniform(1e-3, 1e-1)}
    model = MLPRegressor(**SHORT | {"max_iter": 27})
    found = search(model, space, DIABETES, AMOUNTS, cv=3, n_trials=9, min_epochs=3, random_state=4)
    return searched(found, DIABETES)


@case
def search_lbfgs_pipeline() -> Any:
    model = make_pipeline(StandardScaler(), MLPClassifier(solver="lbfgs", **SHORT))
    found = search(model, {"alpha": [0.01, 1.0, 10.0]}, BINARY, TWO, cv=3, scoring="neg_log_loss", random_state=0)
    return searched(found, BINARY)


@case
def ensemble_of_search() -> Any:
    space = {"hidden_layer_sizes": [(8,), (16,), (24,)], "alpha": [0.0, 1.0]}
    ensemble = ensemble_of(search(MLPClassifier(**SHORT), space, DIGITS, LABELS, cv=3, random_state=0))
    return [ensemble.weights_, ensemble.predict_proba(DIGITS)]


@case
def curve_of_rows() -> Any:
    found = learning_curve(MLPClassifier(**SHORT), DIGITS, LABELS, sizes=[100, 200, 400], cv=3, random_state=0)
    return [found.sizes, found.train_scores, found.test_scores, found.rise]


@case
def curve_of_capacity() -> Any:
    found = capacity_curve(MLPRegressor(**SHORT), DIABETES, AMOUNTS, capacities=[2, (8, 8), 16], cv=3)
    curves = [*found.train_curves, *found.test_curves]
    return [found.train_scores, found.test_scores, found.train_costs, found.test_costs, *curves]


@case
def curve_of_regularization() -> Any:
    model = MLPClassifier(**SHORT)
    found = regularization_path(model, BINARY, TWO, alphas=[0.01, 1.0, 100.0], cv=3)
    return [found.alphas, found.train_scores, found.test_scores, found.test_costs, found.norms]


@case
def curve_of_seeds() -> Any:
    found = seed_spread(MLPRegressor(**SHORT), DIABETES, AMOUNTS, n_seeds=3, repeats=2, cv=2)
    return [found.scores, found.between_seeds, found.between_divisions]


@case
def ensemble_of_seeds() -> Any:
    model = EnsembleClassifier(MLPClassifier(**SHORT), n_members=3, random_state=0).fit(DIGITS, LABELS)
    return [*model.predict_proba(DIGITS, return_std=True), *(each.parameters_ for each in model.estimators_)]


@case
def ensemble_of_seeds_calibrated() -> Any:
    model = EnsembleRegressor(MLPRegressor(**SHORT), n_members=3, weights=[1.0, 2.0, 1.0], random_state=1)
    model.fit(DIABETES[:300], AMOUNTS[:300]).calibrate(DIABETES[300:], AMOUNTS[300:])
    return [*model.predict(DIABETES, return_std=True), *model.predict_interval(DIABETES, coverage=0.8)]


@case
def ensemble_of_folds() -> Any:
    model = EnsembleRegressor(MLPRegressor(solver="lbfgs", **SHORT), n_members=4, random_state=2)
    model.set_params(**{DIVERSITY: "fold"}).fit(DIABETES, SEVERAL)
    return [model.oof_prediction_, model.oof_score_, *model.predict_interval(DIABETES)]


@case
def ensemble_of_bootstraps() -> Any:
    model = EnsembleClassifier(MLPClassifier(**SHORT), n_members=4, random_state=3)
    model.set_params(**{DIVERSITY: "bootstrap"}).fit(BINARY, TWO, sample_weight=WEIGHTS[:400])
    numbers = EnsembleRegressor(MLPRegressor(**SHORT), n_members=12, random_state=3)
    numbers.set_params(**{DIVERSITY: "bootstrap"}).fit(DIABETES, AMOUNTS)
    return [model.oof_probabilities_, model.predict(BINARY), numbers.oof_score_, *numbers.predict_interval(DIABETES)]


def arrays_of(value: Any) -> Iterator[np.ndarray]:
    """Yield the arrays in nested lists and tuples; a list of numbers is one array."""
    if isinstance(value, list | tuple) and any(isinstance(each, list | tuple | np.ndarray) for each in value):
        for each in value:
            yield from arrays_of(each)
    else:
        yield np.ascontiguousarray(value)


def digest_of(value: Any) -> str:
    found = hashlib.sha256()
    for array in arrays_of(value):
        found.update(f"{array.dtype.str} {array.shape} ".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def main(words: list[str]) -> None:
    warnings.simplefilter("ignore")  # short trainings raise warnings
    total = hashlib.sha256()
    for name, compute in CASES.items():
        if words and not any(word in name for word in words):
            continue
        line = f"{name:<37} {digest_of(compute())}"
        total.update(line.encode())
        print(line, flush=True)
    print(f"{'all':<37} {total.hexdigest()}")


if __name__ == "__main__":
    main(sys.argv[1:])
