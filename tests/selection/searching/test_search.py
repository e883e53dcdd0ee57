"""A search gives the scores of cross-validation, whatever the number of threads, pauses and crashes."""

from __future__ import annotations

import io
import math
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, GroupKFold, HalvingGridSearchCV, LeaveOneOut, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.random_projection import GaussianRandomProjection

from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor
from multilayer.exceptions import (
    DivergenceError,
    InputError,
    InterruptedTrainingWarning,
    JournalError,
    MultilayerError,
    ParameterError,
    ParameterWarning,
)
from multilayer.results import plus_minus
from multilayer.selection import Search, TrialScored, cross_validate, search
from multilayer.selection.searching import running

from ...problems import CLASSES, NUMBERS, WEIGHT, X

SPACE = {"hidden_layer_sizes": [(3,), (8,)], "learning_rate_init": [1e-4, 1e-3, 1e-2, 1e-1], "alpha": [1e-3, 1.0]}


DEFAULTS: dict[str, Any] = {
    "hidden_layer_sizes": (6,),
    "max_iter": 18,
    "n_iter_no_change": math.inf,
    "random_state": 1,
}


def classifier(**options: Any) -> MLPClassifier:
    return MLPClassifier(**(DEFAULTS | options))


def regressor(**options: Any) -> MLPRegressor:
    return MLPRegressor(**(DEFAULTS | options))


def table(found: Search) -> pd.DataFrame:
    """Return the columns that must not depend on threads, pauses and crashes."""
    return found.to_frame().drop(columns="seconds")


def same(one: Search, other: Search) -> None:
    pd.testing.assert_frame_equal(table(one), table(other))
    assert one.best.number == other.best.number
    assert one.simplest.number == other.simplest.number
    assert (one.baseline is None) == (other.baseline is None)
    if one.baseline is not None and other.baseline is not None:
        assert one.baseline.fold_scores == other.baseline.fold_scores
    if one.estimator is not None:
        np.testing.assert_array_equal(one.estimator.predict(X), other.estimator.predict(X))


def test_scores_of_complete_trainings_equal_those_of_cross_validation() -> None:
    found = search(classifier(), SPACE, X, CLASSES, cv=3, halving=False, baseline=False)
    assert len(found.trials) == 16
    for trial in found.trials:
        expected = cross_validate(classifier(**trial.params), X, CLASSES, cv=3)
        assert trial.fold_scores == expected["test_score"].tolist()
        assert (trial.mean, trial.standard_error) == pytest.approx(
            (expected.mean["test_score"], expected.standard_error["test_score"]), rel=1e-12
        )
        assert trial.epochs == 18
        assert trial.n_weights == expected["estimator"][0].parameters_.size
    assert found.best.mean == max(trial.mean for trial in found.trials)
    assert found.n_epochs == 16 * 3 * 18
    expected = classifier(**found.best.params).fit(X, CLASSES)
    np.testing.assert_array_equal(found.estimator.parameters_, expected.parameters_)


@pytest.mark.parametrize("estimator", [classifier(), make_pipeline(StandardScaler(), classifier())])
def test_halving_continues_trainings_and_scores_them_after_each_rung(estimator: Any) -> None:
    found = search(estimator, SPACE, X, CLASSES, cv=3)
    epochs = [2, 6, 18]
    assert {trial.epochs for trial in found.trials} == set(epochs)
    for trial in found.trials:
        for rung, folds in enumerate(trial.scores):
            model = trial.model if hasattr(trial.model, "steps") else make_pipeline(trial.model)
            expected = cross_validate(model.set_params(mlpclassifier__max_iter=epochs[rung]), X, CLASSES, cv=3)
            assert [scored.score for scored in folds] == expected["test_score"].tolist()
            assert {scored.epochs for scored in folds} == {epochs[rung]}
    assert found.n_epochs == sum(3 * trial.epochs for trial in found.trials) < 16 * 3 * 18
    assert found.best.epochs == 18


@pytest.mark.parametrize(
    ("estimator", "y", "options"),
    [
        (classifier(), CLASSES, {}),
        (classifier(early_stopping=True, n_iter_no_change=2), CLASSES, {"scoring": "neg_log_loss"}),
        (classifier(), CLASSES, {"sampler": "random", "n_trials": 11, "random_state": 3}),
        (classifier(), CLASSES, {"sampler": "optuna", "n_trials": 11, "random_state": 0}),
        (classifier(solver="lbfgs", tol=10.0), CLASSES, {"n_trials": 5, "random_state": 0}),
        (make_pipeline(StandardScaler(), regressor()), NUMBERS, {"sample_weight": WEIGHT}),
    ],
    ids=["grid", "stopping early", "chance", "optuna", "lbfgs", "pipeline"],
)
def test_threads_and_pauses_do_not_change_the_result(
    estimator: Any, y: Any, options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if options.get("sampler") == "optuna":
        pytest.importorskip("optuna")
    found = search(estimator, SPACE, X, y, cv=3, n_jobs=1, **options)
    for n_jobs in (2, 5):
        same(search(estimator, SPACE, X, y, cv=3, n_jobs=n_jobs, **options), found)
    monkeypatch.setattr(running, "BYTES_PUT_ASIDE", 0)
    same(search(estimator, SPACE, X, y, cv=3, n_jobs=2, **options), found)


def test_a_journal_truncated_anywhere_leads_to_the_same_result(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    found = search(classifier(), SPACE, X, CLASSES, cv=3, journal=path)
    lines = path.read_bytes().splitlines(keepends=True)
    for n in (1, 2, 7, 20, 40, len(lines) - 1, len(lines)):
        path.write_bytes(b"".join(lines[:n]) + (lines[n][:11] if n < len(lines) else b""))
        same(search(classifier(), SPACE, X, CLASSES, cv=3, journal=path), found)
        assert len(path.read_bytes().splitlines()) == len(lines)
    events: list[Any] = []
    search(classifier(), SPACE, X, CLASSES, cv=3, journal=path, callbacks=[events.append])
    assert sum(event.trial.seconds for event in events) > 0  # the seconds of the first run
    for change in ({"cv": 4}, {"scoring": "neg_log_loss"}):
        with pytest.raises(JournalError, match="is the journal of another search"):
            search(classifier(), SPACE, X, CLASSES, **({"cv": 3, "journal": path} | change))
    with pytest.raises(JournalError, match="is the journal of another search"):
        search(classifier(tol=0.1), SPACE, X, CLASSES, cv=3, journal=path)
    with pytest.raises(JournalError, match="is the journal of another search"):
        search(classifier(), SPACE, X + 1, CLASSES, cv=3, journal=path)


KILLED = """
import sys
sys.path.insert(0, {folder!r})
from problems import CLASSES, X
from multilayer import MLPClassifier
from multilayer.selection import search
search(MLPClassifier(**{options!r}), {space!r}, X, CLASSES, cv=3, journal={journal!r})
"""


def test_a_killed_search_can_be_resumed(tmp_path: Path) -> None:
    path, n_lines = tmp_path / "journal", 15
    options = DEFAULTS | {"max_iter": 162, "n_iter_no_change": None}
    code = KILLED.format(folder=str(Path(__file__).parents[2]), options=options, space=SPACE, journal=str(path))
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= n_lines:
            break
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert path.read_bytes().count(b"\n") >= n_lines
    same(
        search(classifier(**options), SPACE, X, CLASSES, cv=3, journal=path),
        search(classifier(**options), SPACE, X, CLASSES, cv=3),
    )


def test_a_failed_trial_does_not_stop_the_search() -> None:
    space = {"solver": ["sgd"], "learning_rate_init": [1e9, 1e-2], "alpha": [0.0, -1.0]}
    found = search(regressor(), space, X, NUMBERS, cv=3)
    errors = {tuple(trial.params.values()): trial.error for trial in found.trials}
    assert [bool(error) for error in errors.values()] == [True, False, True, True]
    assert "DivergenceError: training diverged" in next(iter(errors.values()))
    assert found.best.params == {"alpha": 0.0, "learning_rate_init": 1e-2, "solver": "sgd"}
    assert "3 of 4 trials failed" in found.conclusion
    with pytest.raises(MultilayerError, match="alpha must be a non-negative number, got -1"):
        search(regressor(), {"alpha": [-1.0, -1.0]}, X, NUMBERS, cv=3, baseline=False)


def test_candidates_are_scored_on_validation_data() -> None:
    options: dict[str, Any] = {"X_val": X[60:], "y_val": CLASSES[60:], "halving": False}
    found = search(classifier(), SPACE, X[:60], CLASSES[:60], **options)
    for trial in found.trials:
        model = classifier(**trial.params).fit(X[:60], CLASSES[:60])
        assert trial.fold_scores == [model.score(X[60:], CLASSES[60:])]
    assert found.simplest is found.best  # one score has no standard error
    assert found.baseline is not None
    assert len(found.baseline.fold_scores) == 1
    with pytest.raises(ParameterError, match="y_val is missing"):
        search(classifier(), SPACE, X, CLASSES, X_val=X)


def test_groups_and_scorers_are_supported() -> None:
    groups = np.repeat(np.arange(9), 10)
    scoring = make_scorer(mean_absolute_error, greater_is_better=False)
    options: dict[str, Any] = {"groups": groups, "cv": GroupKFold(3), "scoring": scoring}
    found = search(regressor(), {"alpha": [0.1, 1.0]}, X, NUMBERS, halving=False, **options)
    for trial in found.trials:
        assert (
            trial.fold_scores == cross_validate(regressor(**trial.params), X, NUMBERS, **options)["test_score"].tolist()
        )
    with pytest.raises(ParameterError, match="scoring must be the name of one metric"):
        search(regressor(), {"alpha": [0.1]}, X, NUMBERS, scoring=["r2"])


def test_baseline_is_a_linear_model() -> None:
    found = search(make_pipeline(StandardScaler(), classifier()), {"alpha": [0.1, 1.0]}, X, CLASSES, cv=3)
    assert found.baseline is not None
    expected = cross_validate_linear()
    assert found.baseline.fold_scores == pytest.approx(expected, abs=0.04)
    assert search(classifier(), {"alpha": [0.1]}, X, CLASSES, cv=3, baseline=False).baseline is None
    labels = (X[:, :3] > 0).astype(int)
    assert search(classifier(), {"alpha": [0.1]}, X, labels, cv=3).baseline.mean > 0.7  # type: ignore[union-attr]
    assert search(regressor(), {"alpha": [0.1]}, X, NUMBERS, cv=3).baseline.mean > 0.9  # type: ignore[union-attr]


def cross_validate_linear() -> list[float]:
    from sklearn.model_selection import cross_val_score

    return cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), X, CLASSES, cv=3).tolist()


def test_simplest_trial_is_within_one_standard_error_of_the_best() -> None:
    found = search(classifier(max_iter=60), SPACE, X, CLASSES, cv=3, halving=False, refit="simplest")
    limit = found.best.mean - found.best.standard_error
    as_good = [trial for trial in found.trials if trial.mean >= limit]
    assert found.simplest in as_good
    assert found.simplest.n_weights == min(trial.n_weights for trial in as_good)
    same_size = [trial for trial in as_good if trial.n_weights == found.simplest.n_weights]
    assert found.simplest.params["alpha"] == max(trial.params["alpha"] for trial in same_size)
    assert found.estimator.get_params()["alpha"] == found.simplest.params["alpha"]
    assert search(classifier(), {"alpha": [0.1]}, X, CLASSES, cv=3, refit=False).estimator is None


def test_a_search_stops_after_max_time() -> None:
    space = {"learning_rate_init": loguniform(1e-5, 1e-1)}
    began = time.perf_counter()
    events: list[TrialScored] = []
    found = search(classifier(max_iter=60), space, X, CLASSES, cv=3, max_time=1.0, callbacks=[events.append])
    assert time.perf_counter() - began < 20
    assert len(found.trials) > 3
    assert found.best.rung == max(trial.rung for trial in found.trials)
    assert all(event.seconds_left < 1.0 for event in events)
    assert events[-1].n_trials is None
    with pytest.raises(ParameterError, match=r"a space with distributions is infinite\. Pass n_trials or max_time"):
        search(classifier(), space, X, CLASSES)
    with pytest.raises(MultilayerError, match="seconds were over before any candidate had a score; "):
        search(classifier(max_iter=10**6, hidden_layer_sizes=(300,)), {"alpha": [0.1]}, X, CLASSES, max_time=0.01)


def test_callbacks_receive_the_progress_of_the_search() -> None:
    events: list[TrialScored] = []
    found = search(classifier(), SPACE, X, CLASSES, cv=3, callbacks=[events.append])
    assert len(events) == 1 + sum(len(trial.scores) for trial in found.trials)
    assert sum(event.trial.number == -1 for event in events) == 1
    last = events[-1]
    assert last.n_done == last.n_planned
    assert last.n_trials == last.n_begun == 16
    assert last.best is not None
    assert last.best.number == found.best.number
    assert last.seconds_left == math.inf


@pytest.fixture
def _python_s_own_handler() -> Any:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_python_s_own_handler")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_returns_the_finished_trials(n_jobs: int) -> None:
    pressed: list[bool] = []

    def listener(event: TrialScored) -> None:
        if event.n_done >= 30 and not pressed:
            pressed.append(True)
            threading.Thread(target=signal.raise_signal, args=(signal.SIGINT,)).start()
            time.sleep(0.05)

    with pytest.warns(InterruptedTrainingWarning, match="the search was interrupted; the result is of the"):
        found = search(classifier(), SPACE, X, CLASSES, cv=3, n_jobs=n_jobs, callbacks=[listener], baseline=False)
    assert 0 < len(found.trials) <= 16
    assert found.estimator.predict(X).shape == (90,)


def test_a_search_prints_a_table_and_a_conclusion() -> None:
    found = search(classifier(), SPACE, X, CLASSES, cv=3)
    console = Console(file=io.StringIO(), width=140)
    console.print(found)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "linear" in printed
    assert "6 more trials are not shown." in printed
    assert plus_minus(found.best.mean, found.best.standard_error) in printed
    assert str(found).startswith("16 trials, ")
    assert repr(found) == f"<Search: 16 trials, {found.n_epochs} epochs. {found.conclusion}>"
    assert f"Best, with accuracy {plus_minus(found.best.mean, found.best.standard_error)}" in str(found)
    assert "the linear model, which has 0." in found.conclusion


def test_candidates_share_a_drawn_seed_where_none_is_given() -> None:
    model, space = classifier(random_state=None), {"tol": [0.1, 0.2]}
    found = search(model, space, X, CLASSES, cv=3, halving=False, random_state=0)
    assert found.trials[0].fold_scores == found.trials[1].fold_scores
    same(found, search(model, space, X, CLASSES, cv=3, halving=False, random_state=0))
    other = search(model, space, X, CLASSES, cv=3, halving=False)  # with a drawn seed
    assert other.trials[0].fold_scores == other.trials[1].fold_scores


def test_invalid_arguments_raise_errors() -> None:
    with pytest.raises(ParameterError, match="refit"):
        search(classifier(), SPACE, X, CLASSES, refit=True)
    with pytest.raises(ParameterError, match="min_epochs=50 is more than a whole training has, max_iter=18"):
        search(classifier(), SPACE, X, CLASSES, min_epochs=50)
    with pytest.raises(ParameterError, match=r"unknown parameter in space 'alhpa'\. Did you mean 'alpha'"):
        search(classifier(), {"alhpa": [1.0]}, X, CLASSES)
    model = make_pipeline(StandardScaler(), classifier())
    with pytest.raises(ParameterError, match="space names one parameter twice, 'alpha' and 'mlpclassifier__alpha'"):
        search(model, {"alpha": [1.0], "mlpclassifier__alpha": [2.0]}, X, CLASSES)
    with pytest.raises(InputError, match="estimator must be a model, got dict"):
        search(SPACE, classifier(), X, CLASSES)
    with pytest.raises(ParameterError, match="sample_weight_val was passed without X_val"):
        search(classifier(), SPACE, X, CLASSES, sample_weight_val=np.ones(9))
    with pytest.raises(ParameterError, match="groups divide rows into folds, and with X_val there are none"):
        search(classifier(), SPACE, X, CLASSES, X_val=X, y_val=CLASSES, groups=np.ones(90))
    with pytest.raises(ParameterError, match="callbacks must be a sequence of callables, got 3"):
        search(classifier(), SPACE, X, CLASSES, callbacks=3)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scores_that_are_all_nan_raise_an_error() -> None:
    with pytest.raises(InputError, match="R² is not a number for any of the 2 candidates"):
        search(regressor(), {"alpha": [0.1, 1.0]}, X[:12], NUMBERS[:12], cv=LeaveOneOut())


def test_callbacks_and_verbose_of_the_network_are_ignored_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    events: list[Any] = []
    model = classifier(callbacks=[events.append], verbose=True)
    with pytest.warns(ParameterWarning, match="callbacks and verbose of the network have no effect in a search"):
        found = search(model, SPACE, X, CLASSES, cv=3)
    same(found, search(classifier(), SPACE, X, CLASSES, cv=3))
    assert events == []
    assert capsys.readouterr().out == ""


def test_options_without_effect_raise_warnings() -> None:
    with pytest.warns(ParameterWarning, match="min_epochs has no effect with halving=False"):
        search(classifier(), {"alpha": [0.1]}, X, CLASSES, cv=3, halving=False, min_epochs=3)
    with pytest.warns(ParameterWarning, match="cv=3 has no effect with X_val"):
        search(classifier(), {"alpha": [0.1]}, X, CLASSES, cv=3, X_val=X, y_val=CLASSES)
    with pytest.raises(ParameterError, match="factor must be a number above 1, got -3"):
        search(classifier(), {"alpha": [0.1]}, X, CLASSES, halving=False, factor=-3)


def test_a_failed_refit_keeps_the_results_of_the_search(tmp_path: Path) -> None:
    model = FewRowsOnly(**DEFAULTS)
    with pytest.warns(ConvergenceWarning, match=r"cannot be trained on all rows, .*estimator is None: 90 rows"):
        found = search(model, {"alpha": [0.1, 1.0]}, X, CLASSES, cv=3)
    assert found.estimator is None
    assert len(found.trials) == 2
    with pytest.raises(ParameterError, match="n_jobs must be"):
        search(classifier(), {"alpha": [0.1]}, X, CLASSES, n_jobs=0, journal=tmp_path / "journal")
    assert not (tmp_path / "journal").exists()


class FewRowsOnly(MLPClassifier):
    """Can be trained on less than 90 rows only."""

    def fit(self, X: Any, y: Any) -> Any:  # type: ignore[override]
        if len(y) == 90:
            raise DivergenceError("90 rows")
        return super().fit(X, y)


def test_pipeline_steps_without_a_seed_share_a_drawn_one() -> None:
    model = make_pipeline(GaussianRandomProjection(2), classifier(random_state=None))
    options: dict[str, Any] = {"cv": 3, "halving": False, "random_state": 0}
    found = search(model, {"alpha": [0.1, 1.0]}, X, CLASSES, **options)
    same(search(model, {"alpha": [0.1, 1.0]}, X, CLASSES, n_jobs=1, **options), found)


def test_a_journal_can_be_extended_by_more_candidates(tmp_path: Path) -> None:
    space = {"learning_rate_init": loguniform(1e-4, 1e-1)}
    options: dict[str, Any] = {"cv": 3, "halving": False, "journal": tmp_path / "journal", "random_state": 0}
    few = search(classifier(), space, X, CLASSES, n_trials=3, **options)
    n_lines = (tmp_path / "journal").read_bytes().count(b"\n")
    more = search(classifier(), space, X, CLASSES, n_trials=5, **options)
    assert [trial.fold_scores for trial in more.trials[:3]] == [trial.fold_scores for trial in few.trials]
    assert (tmp_path / "journal").read_bytes().count(b"\n") == n_lines + 2 * 3
    same(more, search(classifier(), space, X, CLASSES, n_trials=5, cv=3, halving=False, random_state=0))


def test_linear_baseline_accepts_a_sparse_step_and_may_fail() -> None:
    frame = pd.DataFrame({"a": list("xyz") * 30, "b": list("uv") * 45})
    model = make_pipeline(OneHotEncoder(), classifier())
    found = search(model, {"alpha": [0.1, 1.0]}, frame, CLASSES, cv=3)
    assert found.baseline is not None
    assert not math.isnan(found.baseline.mean)
    model = make_pipeline(
        FunctionTransformer(lambda X: np.where(X > 0, X, np.inf)), AnyRows(max_iter=9, n_iter_no_change=math.inf)
    )
    found = search(model, {"alpha": [0.1, 1.0]}, X, CLASSES, cv=3)
    assert "The linear model failed: " in found.conclusion


class AnyRows(MLPClassifier):
    """Accepts infinite numbers."""

    def fit(self, X: Any, y: Any) -> Any:  # type: ignore[override]
        return super().fit(np.where(np.isfinite(X), X, 0.0), y)

    def predict(self, X: Any) -> Any:
        return super().predict(np.where(np.isfinite(X), X, 0.0))


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
def test_searches_of_scikit_learn_accept_our_estimators() -> None:
    space = {"alpha": [0.01, 1.0], "learning_rate_init": [1e-3, 1e-2]}
    grid = GridSearchCV(classifier(), space, cv=3).fit(X, CLASSES)
    ours = search(classifier(), space, X, CLASSES, cv=3, halving=False)
    assert [trial.mean for trial in ours.trials] == pytest.approx(grid.cv_results_["mean_test_score"].tolist())
    assert ours.best.params == grid.best_params_
    by_chance = RandomizedSearchCV(classifier(), space, n_iter=2, cv=3, random_state=0).fit(X, CLASSES)
    assert by_chance.best_score_ in grid.cv_results_["mean_test_score"]
    halving = HalvingGridSearchCV(
        classifier(), space, resource="max_iter", min_resources=6, max_resources=18, cv=3, random_state=0
    ).fit(X, CLASSES)
    assert halving.best_estimator_.n_iter_ <= 18


class Counting(StandardScaler):
    """A scaler that counts its fits, also those of its clones."""

    fits: list[int] = []  # noqa: RUF012 shared on purpose

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Counting:
        self.fits.append(len(X))
        super().fit(X, y, sample_weight)
        return self


def test_steps_before_the_network_are_fitted_once_per_fold() -> None:
    model = make_pipeline(Counting(), classifier())
    Counting.fits.clear()
    found = search(model, SPACE, X, CLASSES, cv=3, baseline=False, refit=False)
    assert Counting.fits == [60, 60, 60]
    for trial in found.trials[:3]:
        model = make_pipeline(StandardScaler(), classifier(**trial.params, max_iter=trial.epochs))
        assert trial.fold_scores == cross_validate(model, X, CLASSES, cv=3)["test_score"].tolist()
    Counting.fits.clear()
    space = {"counting__with_mean": [True, False], "alpha": [0.1, 1.0]}
    search(make_pipeline(Counting(), classifier()), space, X, CLASSES, cv=3, baseline=False, refit=False)
    assert len(Counting.fits) == 4 * 3


def test_a_custom_scorer_receives_the_pipeline_and_the_original_rows() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))

    def scoring(model: Any, X: Any, y: Any) -> float:
        assert list(X.columns) == list("abcd")
        return float(model.named_steps["standardscaler"].mean_[0] + model.score(X, y))

    model = make_pipeline(StandardScaler(), classifier())
    found = search(model, {"alpha": [0.1, 1.0]}, frame, CLASSES, cv=3, scoring=scoring, halving=False, baseline=False)
    expected = cross_validate(model.set_params(mlpclassifier__alpha=0.1), frame, CLASSES, cv=3, scoring=scoring)
    assert found.trials[0].fold_scores == expected["test_score"].tolist()
