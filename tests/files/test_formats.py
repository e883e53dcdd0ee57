"""Stored files of every version of the format: this version reads each of them and makes the same predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multilayer import EnsembleClassifier, MLPClassifier, MLPRegressor, load_model, save_model
from multilayer.equations import Huber
from multilayer.files.container import VERSION
from multilayer.training import Cosine, WarmUp

DATA = Path(__file__).parents[1] / "data"
X = np.array([[0.0, 0.5], [1.0, -1.0], [-2.0, 0.25]])
# The predictions at the time the files were written. After a change of VERSION, ``python tests/files/test_formats.py``
# writes the files of the new version and prints its lines; files of earlier versions are kept.
EXPECTED: dict[str, list[float]] = {
    "format-1/classifier": [0.6898337491884423, 0.7856682172645699, 0.5524281436310444],
    "format-1/ensemble": [0.30340391945839806, 0.4785404009396943, 0.10390573771204806],
    "format-1/regressor": [1.70677802962462, 1.4475913274876284, 1.3999027988328694],
}


def models() -> dict[str, Any]:
    """Return small estimators that use most records of the schema."""
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(40, 2))
    labels = np.where(inputs[:, 0] > inputs[:, 1], "yes", "no")
    options: dict[str, Any] = {"max_iter": 5, "engine": "reference", "n_iter_no_change": None, "random_state": 0}
    classifier = MLPClassifier((3,), early_stopping=True, dropout=0.1, weight_averaging=0.5, **options)
    regressor = MLPRegressor(
        (3, 2), loss=Huber(0.5), learning_rate=WarmUp(3, Cosine(5)), standardize_targets=True, **options
    )
    ensemble = EnsembleClassifier(MLPClassifier((2,), **options), n_members=2, diversity="bootstrap", random_state=0)
    return {
        "classifier": classifier.fit(inputs, labels),
        "regressor": regressor.fit(inputs, inputs.sum(axis=1)),
        "ensemble": ensemble.fit(inputs, labels),
    }


def predictions(model: Any) -> list[float]:
    predicted = model.predict_proba(X)[:, 1] if hasattr(model, "predict_proba") else model.predict(X)
    return [float(value) for value in predicted]


def stored() -> list[Path]:
    return sorted(DATA.glob("format-*/*.safetensors"))


def test_every_version_has_stored_files() -> None:
    assert {path.parent.name for path in stored()} == {f"format-{version}" for version in range(1, VERSION + 1)}
    assert {f"{path.parent.name}/{path.stem}" for path in stored()} == set(EXPECTED)


@pytest.mark.parametrize("path", stored(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_stored_file_makes_the_predictions_of_the_time_it_was_written(path: Path) -> None:
    model = load_model(path)
    expected = EXPECTED[f"{path.parent.name}/{path.stem}"]
    np.testing.assert_allclose(predictions(model), expected, rtol=1e-9)


if __name__ == "__main__":
    folder = DATA / f"format-{VERSION}"
    for name, model in models().items():
        save_model(model, folder / f"{name}.safetensors")
        print(f'    "{folder.name}/{name}": {predictions(model)},')
