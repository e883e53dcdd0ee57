# ruff: noqa: ARG002 scikit-learn defines the signatures of the hooks
"""scikit-learn's callbacks, set with set_callbacks, on the estimators."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleClassifier, MLPClassifier, MLPRegressor
from multilayer.exceptions import ParameterError
from multilayer.fits import scikit_learn_callbacks
from multilayer.selection import cross_validate

# Fits of a fixed number of epochs under warm_start may be some of many, and are warned of.
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")

theirs = pytest.importorskip("sklearn.callback")

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 3))
y = np.where(X[:, 0] > 0, "yes", "no")
SOLVERS = ("adam", "sgd", "lbfgs")


class Recorder:
    """A callback with scikit-learn's protocol that records every hook and its arguments."""

    def __init__(self, stop_after: int | None = None, fail_at: str = "") -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.stop_after, self.fail_at = stop_after, fail_at

    def setup(self, estimator: Any, context: Any) -> None:
        self._note("setup", context)

    def teardown(self, estimator: Any, context: Any) -> None:
        self._note("teardown", context)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self._note("begin", context)

    def on_fit_task_end(
        self,
        estimator: Any,
        context: Any,
        *,
        X: Any = None,
        y: Any = None,
        metadata: Any = None,
        fitted_estimator: Any = None,
    ) -> bool:
        self._note("end", context, (X, y, metadata, fitted_estimator))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after

    def _note(self, what: str, context: Any, data: Any = None) -> None:
        self.calls.append((what, context.task_name, data))
        if what == self.fail_at:
            raise ZeroDivisionError


def model(callback: Any, kind: Any = MLPClassifier, **options: Any) -> Any:
    defaults = {"max_iter": 5, "n_iter_no_change": np.inf, "tol": 0, "random_state": 0}
    return kind((4,), **(defaults | options)).set_callbacks(callback)


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("solver", SOLVERS)
def test_callbacks_receive_the_fit_and_epoch_tasks_in_order(solver: str) -> None:
    recorder = Recorder()
    model(recorder, solver=solver).fit(X, y)
    epochs = [("begin", "epoch"), ("end", "epoch")] * 5
    assert [(what, task) for what, task, _ in recorder.calls] == [
        *(("setup", "fit"), ("begin", "fit")),
        *epochs,
        *(("end", "fit"), ("teardown", "fit")),
    ]


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("solver", SOLVERS)
def test_each_epoch_passes_its_fitted_estimator_data_and_metadata(solver: str) -> None:
    recorder = Recorder()
    fitted = model(recorder, solver=solver).fit(X, y, np.ones(60))
    ends = [data for what, task, data in recorder.calls if (what, task) == ("end", "epoch")]
    for n, (rows, labels, metadata, estimator) in enumerate(ends, start=1):
        expected = model(Recorder(), solver=solver, max_iter=n).fit(X, y)
        assert np.allclose(estimator.predict_proba(X), expected.predict_proba(X), rtol=1e-9)
        assert np.array_equal(rows, X)
        assert np.array_equal(labels, y)
        assert np.array_equal(metadata["sample_weight"], np.ones(60))
    last = recorder.calls[-2][2][3]
    assert np.array_equal(last.predict_proba(X), fitted.predict_proba(X))


def test_callbacks_receive_the_training_rows_only_and_finally_the_best_weights() -> None:
    recorder = Recorder()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    fitted = model(recorder, early_stopping=True, max_iter=20).fit(frame, y)
    rows, labels, _, last = recorder.calls[-2][2]
    assert list(rows.columns) == ["a", "b", "c"]
    assert (len(rows), len(labels)) == (54, 54)
    assert np.array_equal(last.predict_proba(frame), fitted.predict_proba(frame))


def test_callbacks_receive_the_estimator_whose_fit_was_called() -> None:
    received: list[Any] = []

    class Estimators(Recorder):
        def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
            received.append(estimator)

    fitted = model(Estimators()).fit(X, y)
    assert len(received) == 6
    assert all(each is fitted for each in received)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_callback_can_stop_training(solver: str) -> None:
    recorder = Recorder(stop_after=2)
    assert model(recorder, solver=solver).fit(X, y).n_iter_ == 2
    assert [what for what, *_ in recorder.calls].count("begin") == [what for what, *_ in recorder.calls].count("end")


@pytest.mark.parametrize("moment", ["begin", "end"])
def test_an_error_in_a_callback_runs_teardown_and_leaves_the_estimator_unfitted(moment: str) -> None:
    recorder = Recorder(fail_at=moment)
    failing = model(recorder)
    with pytest.raises(ZeroDivisionError):
        failing.fit(X, y)
    assert recorder.calls[-1][:2] == ("teardown", "fit")
    assert not hasattr(failing, "parameters_")
    assert not hasattr(failing, "_callback_fit_ctx")


def test_callbacks_do_not_affect_training_and_leave_no_attributes() -> None:
    with_callback = model(Recorder()).fit(X, y)
    alone = clone(with_callback).set_callbacks().fit(X, y)
    assert np.array_equal(with_callback.parameters_, alone.parameters_)
    assert set(vars(with_callback)) - set(vars(alone)) == {"_skl_callbacks"}


def test_partial_fit_does_not_call_the_callbacks() -> None:
    recorder = Recorder()
    model(recorder).partial_fit(X, y, classes=["no", "yes"])
    assert recorder.calls == []


def test_a_warm_started_fit_has_its_own_epoch_tasks() -> None:
    recorder = Recorder()
    model(recorder, warm_start=True).fit(X, y).fit(X, y)
    assert [task for what, task, _ in recorder.calls if what == "end"].count("epoch") == 10


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("early_stopping", [False, True])
def test_passed_estimators_use_the_averaged_weights(early_stopping: bool) -> None:
    recorder = Recorder()
    fitted = model(recorder, weight_averaging=0.9, early_stopping=early_stopping).fit(X, y)
    ends = [data[3] for what, task, data in recorder.calls if what == "end" and data[3] is not None]
    assert np.array_equal(ends[-1].predict_proba(X), fitted.predict_proba(X))
    first = model(Recorder(), weight_averaging=0.9, max_iter=1).fit(X, y)
    if not early_stopping:
        assert np.allclose(ends[0].predict_proba(X), first.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("solver", SOLVERS)
def test_scoring_monitor_follows_the_score(solver: str, kind: Any) -> None:
    monitor = theirs.ScoringMonitor(scoring="accuracy" if kind is MLPClassifier else "r2")
    target = y if kind is MLPClassifier else X[:, 0]
    fitted = model(monitor, kind, solver=solver).fit(X, target)
    log = monitor.get_logs().data_as_pandas
    name = log.columns[-1]
    assert log["task_name"].tolist() == ["fit", *["epoch"] * 5]
    assert log[name].iloc[0] == log[name].iloc[-1] == pytest.approx(fitted.score(X, target))


def test_progress_bar_shows_epochs_also_within_a_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=5, n_iter_no_change=np.inf))
    pipeline.set_callbacks(theirs.ProgressBar(max_propagation_depth=None)).fit(X, y)
    assert "MLPClassifier - fit" in capsys.readouterr().out
    assert not hasattr(pipeline[-1], "_parent_callback_ctx")


def test_a_grid_search_reports_the_epochs_of_each_candidate() -> None:
    monitor = theirs.ScoringMonitor(scoring="accuracy")
    search = GridSearchCV(model(monitor), {"alpha": [0.0, 1.0]}, cv=2, refit=False)
    search.fit(X, y)
    log = monitor.get_logs().data_as_pandas
    assert (log["task_name"] == "epoch").sum() == 4 * 5


def test_pipeline_callbacks_receive_the_steps_within_cross_validate() -> None:
    recorder = Recorder()
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=5, n_iter_no_change=np.inf, random_state=0))
    alone = cross_validate(pipeline, X, y, sample_weight=np.arange(60.0), cv=2)
    found = cross_validate(pipeline.set_callbacks(recorder), X, y, sample_weight=np.arange(60.0), cv=2, n_jobs=1)
    assert [task for what, task, _ in recorder.calls if what == "begin"].count("fit-final-estimator") == 2
    np.testing.assert_array_equal(found["test_score"], alone["test_score"])


def test_pipeline_callbacks_and_ensemble_callbacks_receive_their_own_tasks() -> None:
    inner, outer = Recorder(), Recorder()
    network = MLPClassifier((4,), max_iter=5, n_iter_no_change=np.inf)
    pipeline = make_pipeline(StandardScaler(), network).set_callbacks(inner)
    EnsembleClassifier(pipeline, 2, random_state=0, n_jobs=1).fit(X, y)
    assert [task for what, task, _ in inner.calls if what == "setup"] == ["fit", "fit"]
    EnsembleClassifier(pipeline, 2, random_state=0, n_jobs=1).set_callbacks(outer).fit(X, y)
    assert [task for what, task, _ in outer.calls if what == "begin"] == ["fit", "member", "member"]


def test_scikit_learn_callbacks_passed_as_callbacks_raise_an_error() -> None:
    for callbacks in ([Recorder()], Recorder()):
        with pytest.raises(ParameterError, match=r"callback of scikit-learn in .*\. Pass it to set_callbacks"):
            MLPClassifier(callbacks=callbacks).fit(X, y)


def test_without_sklearn_callback_there_is_no_set_callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    spec = importlib.util.spec_from_file_location("without", scikit_learn_callbacks.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not hasattr(module.CallbackSupportMixin, "set_callbacks")
    assert module.with_callbacks(len) is len
