"""``multilayer inspect``: what a model file holds, and how two differ."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from multilayer import EnsembleClassifier, MLPClassifier, load_model, save_model
from multilayer.selection import cross_validate


@pytest.fixture(scope="module")
def models(run, table) -> list[Path]:
    """Table models of people with two seeds."""
    found = []
    for seed in ("0", "1"):
        out = table.parent / f"inspected{seed}"
        options = ("--preset", "quick", "--seed", seed, "--out", out)
        assert run("train", table, "--target", "buys", *options).exit_code == 0
        found.append(out / "model.safetensors")
    return found


def test_the_folder_of_a_run_names_its_model(run, models):
    assert run("inspect", models[0].parent, "--json").stdout == run("inspect", models[0], "--json").stdout


def test_json_holds_what_the_model_is(run, models):
    result = run("inspect", models[0], "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found, model = json.loads(result.stdout), load_model(models[0])
    content = models[0].read_bytes()
    assert found["file"] == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert (found["kind"], found["settings"]) == ("TableClassifier", {"preset": "quick", "random_state": 0})
    assert list(found["columns"]) == ["age", "income", "town"]
    assert found["classes"] == ["no", "yes"]
    assert found["card"]["target"] == "buys"
    assert len(found["data"]) == 64
    assert found["score"]["out of fold"] == pytest.approx(model.oof_score_)
    network = model.members_[0].network
    assert found["networks"][0]["layers"] == list(network.network_.layer_sizes)
    assert found["networks"][0]["weights"] == network.parameters_.size


def test_the_text_has_scores_networks_costs_and_columns(run, models):
    result = run("inspect", models[0])
    assert (result.exit_code, result.stderr) == (0, "")
    said = " ".join(result.stdout.split())
    for words in (
        "TableClassifier, ",
        "Trained by multilayer train on 63 rows of people.csv, to predict 'buys' (classification).",
        "classes: no, yes",
        "Scores in the same folds of the training rows",
        "gradient-boosted trees",
        "pieces, fold 1",
        "Cost of the first network by epoch",
        "preset quick",
        "age number",
        "SHA-256 ",
    ):
        assert words in said
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_two_models_are_compared(run, models):
    result = run("inspect", *models)
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert "settings.random_state 0 1" in said
    assert "networks 1.digest" in said
    assert "kind" not in [line.split()[0] for line in result.stdout.splitlines() if line.strip()]
    assert run("inspect", models[0], models[0]).stdout == "The files are equal.\n"
    assert len(json.loads(run("inspect", *models, "--json").stdout)) == 2


def test_networks_pipelines_and_ensembles_are_described(run, table, tmp_path):
    out = tmp_path / "network"
    options = ("--hidden", "4", "--epochs", "3", "--out", out)
    assert run("train", table, "--target", "buys", *options).exit_code == 0
    said = run("inspect", out / "model.safetensors").stdout
    assert said.startswith("Pipeline (TableEncoder, MLPClassifier), ")
    assert "6 - 4 - 1" in said
    ensemble = tmp_path / "ensemble.safetensors"
    X, y = [[float(i), float(i % 3)] for i in range(30)], [i % 2 for i in range(30)]
    base = MLPClassifier((2,), max_iter=2, n_iter_no_change=None)
    save_model(EnsembleClassifier(base, n_members=3, random_state=0).fit(X, y), ensemble, card="Thirty rows.")
    said = run("inspect", ensemble).stdout
    assert "Thirty rows." in said
    assert "member 3" in said


def test_the_folds_of_a_cross_validation_are_described(run, tmp_path):
    X, y = [[float(i), float(i % 3)] for i in range(30)] + [[1e300, 0.0]], [i % 2 for i in range(31)]
    splits = [(list(range(20)), list(range(20, 30))), (list(range(31)), [0])]
    model = MLPClassifier((2,), max_iter=2, n_iter_no_change=None, random_state=0)
    result = cross_validate(model, X, y, cv=splits, return_train_score=True, scoring=["accuracy", "neg_log_loss"])
    save_model(result, tmp_path / "folds.safetensors", card="Thirty rows.")
    said = run("inspect", tmp_path / "folds.safetensors").stdout
    assert said.startswith("CrossValidation of 2 folds (MLPClassifier), ")
    words = " ".join(said.split())
    assert "test neg" in words
    assert f"1 10 {result['test_accuracy'][0]:.4f} {result['test_neg_log_loss'][0]:.4f}" in words
    assert "2 1 failed failed" in words
    assert "fold 1 2 - 2 - 1" in words
    found = json.loads(run("inspect", tmp_path / "folds.safetensors", "--json").stdout)
    assert (found["kind"], found["member"], found["classes"]) == ("CrossValidation", "MLPClassifier", [0, 1])
    assert found["folds"][0]["test_accuracy"] == result["test_accuracy"][0]
    assert "X must hold numbers" in found["folds"][1]["failed"]
    assert [each["name"] for each in found["networks"]] == ["fold 1"]


def test_files_that_are_no_models_are_one_line(run, table, models):
    for options in ([table], [models[0], table], [models[0], "missing.safetensors"]):
        result = run("inspect", *options)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
