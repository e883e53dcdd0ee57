"""Models of MLflow against the models that were saved, with the real MLflow."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import multilayer.mlflow
from multilayer import EnsembleRegressor, MLPClassifier, MLPRegressor, TableClassifier, TableRegressor
from multilayer.exceptions import InputError, MissingExtraError, ModelFileError, ParameterError
from multilayer.files import model_info
from multilayer.tables import TableEncoder

from ..files.pipelines import TABLE, Y, network
from ..stores import local_store

pytestmark = [
    pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),  # in MLflow
]
X = np.random.RandomState(0).normal(size=(60, 3))
OPTIONS: dict[str, Any] = {"max_iter": 3, "n_iter_no_change": None, "random_state": 0, "engine": "reference"}
NUMBERS = TABLE[["size", "rooms"]]
SCALED = make_pipeline(SimpleImputer(), StandardScaler(), MLPRegressor((3,), **OPTIONS))
MODELS: dict[str, tuple[Callable[[], Any], Any]] = {
    "classifier": (lambda: MLPClassifier((3,), **OPTIONS).fit(X, X[:, 0] > 0), X),
    "float32": (lambda: MLPRegressor((3,), **OPTIONS).fit(X.astype(np.float32), X[:, :2]), X.astype(np.float32)),
    "several labels": (lambda: MLPClassifier((3,), **OPTIONS).fit(X, (X > 0).astype(int)), X),
    "ensemble": (lambda: EnsembleRegressor(MLPRegressor((3,), **OPTIONS), 2, random_state=0).fit(X, X[:, 0]), X),
    "scikit-learn's steps": (lambda: SCALED.fit(NUMBERS, np.arange(120.0)), NUMBERS),
    "encoder and network": (lambda: make_pipeline(TableEncoder(), network()).fit(TABLE, Y), TABLE),
    "encoder of an array": (
        lambda: make_pipeline(TableEncoder(), network()).fit(NUMBERS.to_numpy(), Y),
        NUMBERS.to_numpy(),
    ),
}


@pytest.fixture
def mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with local_store(tmp_path, monkeypatch) as module:
        yield module


@pytest.fixture(scope="module")
def classifier() -> Any:
    return TableClassifier("quick", max_time=0.5, random_state=0).fit(TABLE[["size", "town", "new", "when"]], Y)


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_those_of_the_saved_model(name: str, mlflow: Any, tmp_path: Path) -> None:
    fit, rows = MODELS[name]
    model = fit()
    multilayer.mlflow.save_model(model, tmp_path / "model", input_example=rows[:2])
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    expected = model.predict(rows)
    found = loaded.predict(rows)
    assert np.asarray(found).dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(multilayer.mlflow.load_model(tmp_path / "model").predict(rows), expected)
    (output,) = loaded.metadata.signature.outputs.inputs
    assert getattr(output, "shape", (-1,)) == (-1, *expected.shape[1:])


def test_an_encoder_transforms(mlflow: Any, tmp_path: Path) -> None:
    encoder = TableEncoder().fit(TABLE)
    multilayer.mlflow.save_model(encoder, tmp_path / "model")
    found = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(TABLE)
    np.testing.assert_array_equal(found, encoder.transform(TABLE))


def test_a_logged_and_registered_model(mlflow: Any, classifier: Any) -> None:
    rows = TABLE[["when", "town", "new", "size"]]  # in another order
    with mlflow.start_run():
        info = multilayer.mlflow.log_model(
            classifier,
            "churn",
            registered_model_name="churn",
            input_example=TABLE[:3],
            metadata={"team": "sales"},
            card="Customers of May.",
        )
    for address in (info.model_uri, "models:/churn/1"):
        loaded = mlflow.pyfunc.load_model(address)
        assert loaded.predict(rows).tolist() == classifier.predict(rows).tolist()
        assert multilayer.mlflow.load_model(address).predict(rows).tolist() == classifier.predict(rows).tolist()
    assert loaded.metadata.metadata == {"team": "sales"}
    assert type(loaded.get_raw_model()) is TableClassifier
    about = loaded.metadata.flavors["multilayer"]
    assert about["model_class"] == "TableClassifier"
    assert about["description"].startswith("Predicts 2 classes")


def test_probabilities_and_intervals_are_parameters(mlflow: Any, classifier: Any, tmp_path: Path) -> None:
    multilayer.mlflow.save_model(classifier, tmp_path / "classes")
    rows = TABLE[:8].set_index(pd.Index(range(100, 108)))
    found = mlflow.pyfunc.load_model(str(tmp_path / "classes")).predict(rows, params={"proba": True, "interval": 0.8})
    assert list(found.columns) == ["predicted", "p(no)", "p(yes)", "set"]
    predictor = multilayer.mlflow._load_pyfunc(tmp_path / "classes" / "data" / "model.safetensors")
    assert predictor.predict(rows, {"interval": 0.8}).index.tolist() == rows.index.tolist()
    np.testing.assert_array_equal(found[["p(no)", "p(yes)"]], classifier.predict_proba(rows))
    sets = classifier.predict_set(rows, coverage=0.8)
    assert [each.count("no") for each in found["set"]] == sets[:, 0].tolist()

    amounts = TableRegressor("quick", max_time=0.5, random_state=0).fit(TABLE[["size", "town"]], np.arange(120.0))
    multilayer.mlflow.save_model(amounts, tmp_path / "amounts")
    found = mlflow.pyfunc.load_model(str(tmp_path / "amounts")).predict(rows, params={"interval": 0.8})
    low, high = amounts.predict_interval(rows, coverage=0.8)
    np.testing.assert_array_equal(found, np.column_stack([amounts.predict(rows), low, high]))


@pytest.mark.filterwarnings("ignore::multilayer.exceptions.NoveltyWarning")  # of the gap in a column without gaps
def test_rows_of_other_types(mlflow: Any, classifier: Any, tmp_path: Path) -> None:
    multilayer.mlflow.save_model(classifier, tmp_path / "model")
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    plain = pd.DataFrame(
        {
            "size": [1, 2, 3],
            "town": ["x", None, "y"],
            "new": [True, None, False],
            "when": [pd.Timestamp("2020-01-05"), pd.NaT, pd.Timestamp("2020-02-01 12:00")],
        }
    )
    others = plain.astype({"size": "Int64", "town": "category", "new": "boolean"})
    others["when"] = ["2020-01-05", None, "2020-02-01T12:00:00"]
    expected = classifier.predict_proba(plain)
    for rows in (plain, others):
        found = loaded.predict(rows, params={"proba": True})
        np.testing.assert_array_equal(found[["p(no)", "p(yes)"]], expected)


def test_rows_of_json_as_the_server_of_mlflow_passes_them(mlflow: Any, classifier: Any, tmp_path: Path) -> None:
    server = pytest.importorskip("mlflow.pyfunc.scoring_server")
    rows = TABLE[["size", "town", "new", "when"]][:4]
    multilayer.mlflow.save_model(classifier, tmp_path / "model", input_example=rows)
    request = json.loads((tmp_path / "model" / "serving_input_example.json").read_text())
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    passed = server.infer_and_parse_data(request, loaded.metadata.get_input_schema())
    assert loaded.predict(passed).tolist() == classifier.predict(rows).tolist()


def test_the_folder_has_the_model_file_and_its_requirements(mlflow: Any, tmp_path: Path) -> None:  # noqa: ARG001
    model = MODELS["classifier"][0]()
    multilayer.mlflow.save_model(model, tmp_path / "a", card="Two classes.", extra_pip_requirements=["polars==1.0"])
    assert model_info(tmp_path / "a" / "data" / "model.safetensors").card == "Two classes."
    assert {each.suffix for each in (tmp_path / "a").rglob("*") if each.is_file()}.isdisjoint({".pkl", ".pickle"})
    lines = (tmp_path / "a" / "requirements.txt").read_text().splitlines()
    assert f"numpy=={np.__version__}" in lines
    assert f"multilayer[frames,tables]=={multilayer.__version__}" in lines
    assert "polars==1.0" in lines
    multilayer.mlflow.save_model(model, tmp_path / "b", pip_requirements=["multilayer"], signature=False)
    assert "numpy" not in (tmp_path / "b" / "requirements.txt").read_text()
    assert "signature" not in (tmp_path / "b" / "MLmodel").read_text()


def test_errors(mlflow: Any, classifier: Any, tmp_path: Path) -> None:
    network = MODELS["classifier"][0]()
    with pytest.raises(ParameterError, match="activation"):
        multilayer.mlflow.save_model(network.set_params(activation=abs), tmp_path / "none")
    network = MODELS["classifier"][0]()
    with pytest.raises(mlflow.exceptions.MlflowException, match="does not match"):
        multilayer.mlflow.save_model(network, tmp_path / "none", input_example=X[:2, :2])
    assert not (tmp_path / "none").exists()
    multilayer.mlflow.save_model(classifier, tmp_path / "table", signature=False)
    predictor = mlflow.pyfunc.load_model(str(tmp_path / "table"))
    with pytest.raises(InputError, match=r"lack the column 'town', which the model needs\. Rename 'Town'"):
        predictor.predict(TABLE.rename(columns={"town": "Town"}))
    with pytest.raises(ParameterError, match="params has 'interval', which a MLPClassifier does not take"):
        multilayer.mlflow._load_pyfunc(_file(network, tmp_path)).predict(X, {"interval": 0.9})
    mlflow.pyfunc.save_model(
        str(tmp_path / "other"),
        loader_module="json",
        data_path=str(tmp_path / "table" / "MLmodel"),
        pip_requirements=[],
    )
    with pytest.raises(ModelFileError, match="is not a model of multilayer; its flavors are python_function"):
        multilayer.mlflow.load_model(tmp_path / "other")


def _file(model: Any, folder: Path) -> Path:
    multilayer.save_model(model, folder / "network.safetensors")
    return folder / "network.safetensors"


def test_without_mlflow_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in ("mlflow", "mlflow.models", "mlflow.pyfunc"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'mlflow and pandas, .*pip install "multilayer\[mlflow\]"'):
        multilayer.mlflow.save_model(MODELS["classifier"][0](), tmp_path / "model")


def test_the_modules_of_the_flavor_do_not_import_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    before = multilayer.mlflow
    monkeypatch.setattr(multilayer, "mlflow", before)  # for the end of the test
    monkeypatch.setitem(sys.modules, "mlflow", None)
    for name in [each for each in sys.modules if each.startswith("multilayer.mlflow")]:
        monkeypatch.delitem(sys.modules, name)
    assert importlib.import_module("multilayer.mlflow") is not before
