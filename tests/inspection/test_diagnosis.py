"""diagnose finds each kind of problem and has no serious findings for healthy networks."""

from __future__ import annotations

import copy
import dataclasses
import io
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_friedman1, make_moons
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor, NotFittedError
from multilayer.equations import ACTIVATIONS
from multilayer.equations.activations import activation
from multilayer.estimators import Diagnosis, Finding
from multilayer.exceptions import ParameterError
from multilayer.inspection.diagnosis import SEVERITIES
from multilayer.inspection.vitals import LARGEST_SLOPE

from ..pairwise import pairwise

# Fits of a fixed number of epochs under warm_start may be some of many, and are warned of.
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")

X, y = make_moons(400, noise=0.2, random_state=0)


def classifier(sizes: Any = (16, 8), activation: Any = "relu", rows: Any = X, labels: Any = y, **options: Any) -> Any:
    defaults = {"max_iter": 100, "n_iter_no_change": np.inf, "learning_rate_init": 0.01, "random_state": 0}
    return MLPClassifier(sizes, activation, **(defaults | options)).fit(rows, labels)


def found(diagnosis: Diagnosis, name: str) -> list[Finding]:
    return [finding for finding in diagnosis if finding.name == name]


def the(diagnosis: Diagnosis, name: str) -> Finding:
    findings = found(diagnosis, name)
    assert len(findings) == 1, diagnosis
    return findings[0]


class TestHealthy:
    TABLES: ClassVar[dict[str, tuple[Any, Any, bool]]] = {
        "digits": (*load_digits(return_X_y=True), False),
        "wine": (*load_wine(return_X_y=True), False),
        "breast cancer": (*load_breast_cancer(return_X_y=True), False),
        "friedman": (*make_friedman1(600, random_state=0), True),
    }

    @pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
    @pairwise(name=TABLES, activation=["relu", "tanh", "logistic", "gelu"], solver=["adam", "sgd", "lbfgs"])
    def test_healthy_networks_have_no_serious_findings(self, name: str, activation: str, solver: str) -> None:
        table, target, is_regression = self.TABLES[name]
        rows = table / 16 if name == "digits" else StandardScaler().fit_transform(table)
        if is_regression:
            target = (target - target.mean()) / target.std()
        train, held, train_y, held_y = train_test_split(rows, target, random_state=0)
        kind: Any = MLPRegressor if is_regression else MLPClassifier
        step = 0.01 if solver == "adam" else 0.1
        model = kind((32, 16), activation, solver=solver, learning_rate_init=step, max_iter=300, random_state=0)
        diagnosis = model.fit(train, train_y).diagnose(train, train_y, X_val=held, y_val=held_y)
        assert diagnosis.is_healthy, diagnosis

    def test_a_diagnosis_without_findings_prints_nothing_found(self) -> None:
        model = MLPClassifier((16,), "tanh", solver="lbfgs", max_iter=1000, alpha=1.0, random_state=0).fit(X, y)
        diagnosis = model.diagnose(X, y, X_val=X, y_val=y)
        assert len(diagnosis) == 0
        assert str(diagnosis).startswith("nothing found; 400 rows, score 0.")


class TestUnits:
    def test_dead_relu_units_are_counted(self) -> None:
        model = classifier(sizes=(10,))
        alive = ~(np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0) == 0).all(axis=0)
        kill = np.flatnonzero(alive)[: alive.sum() - 1]
        model.intercepts_[0][kill] = -100
        finding = the(model.diagnose(X, y), "dead units")
        assert (finding.severity, finding.where) == ("problem", "hidden layer 1 (layer 2)")
        assert finding.evidence == {"units": 9.0, "share": 0.9}
        assert finding.what.startswith("9 of 10 relu units respond to no row")
        assert "leaky_relu" in finding.advice

    @pytest.mark.parametrize(("n", "severity"), [(1, "note"), (6, "warning"), (9, "problem")])
    def test_severity_grows_with_the_number_of_dead_units(self, n: int, severity: str) -> None:
        model = classifier(sizes=(12,), activation="softplus")
        model.coefs_[0][:, :n] = 0
        model.intercepts_[0][:n] = -50
        assert the(model.diagnose(X, y), "dead units").severity == severity

    @pytest.mark.parametrize("kind", ["logistic", "tanh"])
    def test_saturated_units_are_found(self, kind: str) -> None:
        model = classifier(activation=kind)
        model.coefs_[1][:] *= 1e5
        finding = the(model.diagnose(X, y), "saturated units")
        assert (finding.severity, finding.where) == ("problem", "hidden layer 2 (layer 3)")
        assert "8 of 8" in finding.what

    def test_leaky_relu_units_are_never_reported_as_dead(self) -> None:
        model = classifier(activation="leaky_relu")
        model.intercepts_[0][:] = -100
        assert not found(model.diagnose(X, y), "dead units")

    def test_constant_units_and_outputs_are_found(self) -> None:
        model = classifier(activation="logistic", solver="sgd", initialization="zeros")
        diagnosis = model.diagnose(X, y)
        assert [finding.where for finding in found(diagnosis, "constant units")] == [
            "hidden layer 1 (layer 2)",
            "hidden layer 2 (layer 3)",
        ]
        assert the(diagnosis, "constant outputs").evidence["outputs"] == 1.0
        assert the(diagnosis, "underfitting").evidence["skill"] == 0.0
        assert not found(diagnosis, "step size too large")

    @pytest.mark.parametrize("name", ACTIVATIONS)
    def test_the_assumed_largest_slopes_are_close_to_the_actual_ones(self, name: str) -> None:
        largest = np.abs(activation(name).g_prime(np.linspace(-20, 20, 4001))).max()
        assert 0.999 <= largest / LARGEST_SLOPE.get(name, 1.0) < 2

    def test_unit_statistics_equal_those_of_the_activations(self) -> None:
        model = classifier(sizes=(6,))
        layer = model.diagnose(X, y).layers[0]
        Z = X @ model.coefs_[0] + model.intercepts_[0]
        assert np.array_equal(layer.responding, (Z > 0).mean(axis=0))
        assert np.allclose(layer.max_activation, np.maximum(Z, 0).max(axis=0))
        assert np.array_equal(layer.min_activation, np.maximum(Z, 0).min(axis=0))


class TestScales:
    def test_a_badly_scaled_column_is_named(self) -> None:
        rows = X * [1, 5000]
        finding = the(classifier(rows=rows).diagnose(rows, y), "inputs badly scaled")
        assert (finding.severity, finding.where) == ("problem", "column 1 of X")
        assert finding.evidence["largest"] == pytest.approx(np.sqrt((rows[:, 1] ** 2).mean()))
        assert "StandardScaler" in finding.advice

    def test_a_badly_scaled_column_of_a_frame_has_its_name(self) -> None:
        rows = pd.DataFrame(X * [1, 5000], columns=["width", "weight"])
        finding = the(classifier(rows=rows).diagnose(rows, y), "inputs badly scaled")
        assert finding.where == "column 'weight' of X"

    def test_columns_of_small_values_are_found(self) -> None:
        rows = X / 1000
        assert the(classifier(rows=rows).diagnose(rows, y), "inputs badly scaled").where == "all columns of X"

    def test_sparse_and_dense_tables_have_the_same_scale_finding(self) -> None:
        rows = X * [1, 5000]
        dense, sparse = (classifier(rows=kind).diagnose(kind, y) for kind in (rows, csr_matrix(rows)))
        assert dense.findings[0].where == sparse.findings[0].where == "column 1 of X"

    @pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
    def test_large_targets_are_found(self) -> None:
        target = 1000 * X[:, 0]
        model = MLPRegressor((16,), max_iter=30, random_state=0).fit(X, target)
        diagnosis = model.diagnose(X, target)
        assert the(diagnosis, "targets badly scaled").evidence["size"] == pytest.approx(np.sqrt((target**2).mean()))


class TestTraining:
    def test_a_step_size_that_is_too_large_is_found(self) -> None:
        finding = the(classifier(solver="sgd", learning_rate_init=20.0).diagnose(X, y), "step size too large")
        assert (finding.severity, finding.heading) == ("problem", "step size too large")
        assert finding.what.startswith("with learning_rate_init=20 the ")
        assert finding.advice.startswith("a smaller learning_rate_init, such as ")

    def test_a_cost_far_above_that_of_a_constant_is_a_step_size_that_is_too_large(self) -> None:
        table, target = load_digits(return_X_y=True)
        model = MLPClassifier((16,), learning_rate_init=1e6, max_iter=5, random_state=0)
        with pytest.warns(
            ConvergenceWarning, match=r"^training ended after 5 epochs with a cost of .*e\+09, far above"
        ):
            model.fit(table / 16, target)
        finding = the(model.diagnose(table / 16, target), "step size too large")
        assert finding.severity == "problem"
        assert finding.evidence["cost"] == model.loss_
        assert finding.evidence["constant_cost"] == pytest.approx(np.log(10), rel=1e-3)

    def test_strong_regularisation_is_not_reported_as_a_large_step_size(self) -> None:
        model = MLPClassifier((16,), alpha=1e6, max_iter=5, random_state=0)
        assert not found(model.fit(X, y).diagnose(X, y), "step size too large")

    def test_a_step_size_that_makes_the_cost_oscillate_is_found(self) -> None:
        model = classifier(sizes=(), solver="sgd", momentum=0.0, learning_rate_init=60.0, batch_size=20)
        finding = the(model.diagnose(X, y), "step size too large")
        assert finding.evidence["rises"] > 0.25

    @pytest.mark.parametrize(("solver", "alpha"), [("adam", 1e-5), ("sgd", 1e-5)])
    def test_a_step_size_that_is_too_small_is_found(self, solver: str, alpha: float) -> None:
        diagnosis = classifier(solver=solver, learning_rate_init=alpha).diagnose(X, y)
        assert the(diagnosis, "step size too small").evidence["fall"] < 0.05
        assert found(diagnosis, "underfitting")

    def test_weights_that_hardly_move_are_found(self) -> None:
        diagnosis = classifier(solver="sgd", learning_rate_init=1e-7).diagnose(X, y)
        assert the(diagnosis, "weights hardly move").evidence["update_ratio"] < 1e-5

    def test_a_vanishing_gradient_is_found(self) -> None:
        model = classifier(sizes=(16,) * 8, activation="logistic", solver="sgd", learning_rate_init=0.1)
        finding = the(model.diagnose(X, y), "vanishing gradient")
        assert finding.evidence["gradient_ratio"] < 1e-3
        assert "relu" in finding.advice

    def test_training_that_ended_too_soon_is_found(self) -> None:
        model = classifier(max_iter=100)
        assert the(model.diagnose(X, y), "ended too soon").evidence["fall"] > 0.05

    @pytest.mark.parametrize("solver", ["adam", "sgd"])
    def test_the_update_ratio_is_that_of_the_next_update(self, solver: str) -> None:
        options: Any = {"solver": solver, "batch_size": 400, "shuffle": False, "warm_start": True}
        model = classifier(**options)
        layers = model.diagnose(X, y).layers
        before = [W.copy() for W in model.coefs_]
        model.set_params(max_iter=1).fit(X, y)
        for layer, W, after in zip(layers, before, model.coefs_, strict=True):
            assert layer.update_ratio == pytest.approx(np.linalg.norm(after - W) / np.linalg.norm(W), rel=1e-9)
            assert layer.weight_size == pytest.approx(np.linalg.norm(W), rel=1e-12)

    def test_lbfgs_has_no_update_ratio(self) -> None:
        model = MLPClassifier((4,), solver="lbfgs", max_iter=1000, random_state=0).fit(X, y)
        assert all(np.isnan(layer.update_ratio) for layer in model.diagnose(X, y).layers)


class TestFit:
    NOISE = np.random.RandomState(0).normal(size=(200, 20))
    LABELS = np.random.RandomState(1).randint(2, size=200)

    def test_memorised_noise_is_reported_as_overfitting(self) -> None:
        train, held = slice(0, 100), slice(100, None)
        model = classifier((100,), rows=self.NOISE[train], labels=self.LABELS[train], max_iter=300)
        diagnosis = model.diagnose(
            self.NOISE[train], self.LABELS[train], X_val=self.NOISE[held], y_val=self.LABELS[held]
        )
        finding = the(diagnosis, "overfitting")
        assert finding.evidence["score"] == diagnosis.score == 1.0
        assert diagnosis.validation_score == model.score(self.NOISE[held], self.LABELS[held])

    def test_the_held_out_rows_are_used_without_validation_data(self) -> None:
        model = classifier(early_stopping=True)
        diagnosis = model.diagnose(X, y)
        assert diagnosis.validation_score == model.best_validation_score_
        assert not found(diagnosis, "no validation rows")

    def test_validation_scores_of_another_metric_are_not_compared(self) -> None:
        diagnosis = classifier(early_stopping=True, early_stopping_metric="loss").diagnose(X, y)
        assert diagnosis.validation_score is None
        assert not found(diagnosis, "overfitting")

    def test_missing_validation_rows_are_noted(self) -> None:
        finding = the(classifier().diagnose(X, y), "no validation rows")
        assert finding.severity == "note"

    def test_a_network_no_better_than_a_constant_is_reported_as_underfitting(self) -> None:
        model = MLPRegressor((4,), alpha=1e6, max_iter=200, n_iter_no_change=np.inf, random_state=0)
        target = X[:, 0] - X[:, 0].mean()
        assert the(model.fit(X, target).diagnose(X, target), "underfitting").evidence["skill"] < 0.1

    def test_x_val_without_y_val_raises_an_error(self) -> None:
        with pytest.raises(ParameterError, match="one of X_val and y_val is missing"):
            classifier().diagnose(X, y, X_val=X)


def test_findings_are_sorted_by_severity_and_printed_completely() -> None:
    model = classifier(solver="sgd", learning_rate_init=20.0)
    diagnosis = model.diagnose(X, y)
    ranks = [SEVERITIES.index(finding.severity) for finding in diagnosis]
    assert ranks == sorted(ranks)
    assert not diagnosis.is_healthy
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(diagnosis)
    for text in (str(diagnosis), console.export_text()):
        assert diagnosis.summary in text
        for finding in diagnosis:
            assert finding.name in text
            assert finding.severity in text
    assert repr(diagnosis) == f"<Diagnosis: {diagnosis.summary}>"
    assert str(diagnosis).splitlines()[3].split()[:3] == ["2", "16", "relu"]
    assert diagnosis.to_frame()["units"].tolist() == [len(vitals.min_activation) for vitals in diagnosis.layers]


def test_a_diagnosis_is_immutable_and_does_not_modify_the_estimator() -> None:
    model = classifier(early_stopping=True)
    before = copy.deepcopy(vars(model))
    diagnosis = model.diagnose(X, y)
    assert np.array_equal(model.parameters_, before["parameters_"])
    assert model._training_state.descent.t == before["_training_state"].descent.t
    assert np.array_equal(model._training_state.descent.slots, before["_training_state"].descent.slots)
    with pytest.raises(dataclasses.FrozenInstanceError):
        diagnosis.findings[0].severity = "note"  # type: ignore[misc]


@pytest.mark.parametrize("engine", ["cpu", "reference"])
def test_both_engines_find_weights_that_hardly_move(engine: str) -> None:
    model = classifier(engine=engine, solver="sgd", learning_rate_init=1e-7)
    names = [(finding.name, finding.where) for finding in model.diagnose(X, y)]
    assert ("weights hardly move", "all layers") in names


def test_a_diagnosis_of_few_rows_says_so() -> None:
    model = classifier()
    diagnosis = model.diagnose(X[:1], y[:1])
    assert the(diagnosis, "too few rows").what.startswith("the diagnosis is based on 1 row, ")
    assert "; 1 row, score" in diagnosis.summary
    assert the(model.diagnose(X[:9], y[:9]), "too few rows").what.startswith("the diagnosis is based on 9 rows, ")
    assert not found(model.diagnose(X[:10], y[:10]), "too few rows")


def test_the_columns_of_a_frame_are_identifiers() -> None:
    model = classifier()
    for result in (model.diagnose(X, y), model.trace(X, y)):
        assert all(name.isidentifier() for name in result.to_frame().columns)


def test_many_rows_and_multilabel_targets_are_supported() -> None:
    rows = np.tile(X, (15, 1))
    labels = (rows > 0).astype(int)
    model = classifier(rows=rows, labels=labels, max_iter=5)
    assert model.diagnose(rows, labels).n_rows == 6000


def test_an_unfitted_estimator_raises_not_fitted_error() -> None:
    with pytest.raises(NotFittedError):
        MLPClassifier().diagnose(X, y)
