"""``multilayer evaluate``: a saved model on rows with the target."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics
from sklearn.pipeline import make_pipeline

from multilayer import MLPRegressor, load_model, save_model
from multilayer.cli.console import Output
from multilayer.cli.evaluation.tasks import Classification, Regression
from multilayer.cli.prediction.evaluated import Evaluated, evaluate_file
from multilayer.cli.prediction.jackknife import jackknife_errors
from multilayer.cli.prediction.saved import SavedModel
from multilayer.tables import TableEncoder, read_table


def score_in(text: str, name: str) -> float:
    line = next(line for line in text.splitlines() if line.startswith(name))
    return float(line.removeprefix(name).split()[0].replace(",", ""))


def evaluated(model: Path, file: Path) -> Evaluated:
    saved = SavedModel.load(model)
    return evaluate_file(saved, saved.source_of(file, {}), 0, Output(quiet=True))


def test_scores_are_those_of_scikit_learn(run, table, people_model):
    result = run("evaluate", people_model, table)
    assert result.exit_code == 0
    rows = read_table(table)
    known = [i for i, label in enumerate(rows.column("buys").to_pylist()) if label is not None]
    y = rows.column("buys").take(known).to_pylist()
    loaded = load_model(people_model)
    labels, probabilities = loaded.predict(rows.take(known)), loaded.predict_proba(rows.take(known))
    scores = evaluated(people_model, table).scores
    expected = {
        "accuracy": metrics.accuracy_score(y, labels),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, labels),
        "log_loss": metrics.log_loss(y, probabilities),
        "roc_auc": metrics.roc_auc_score(np.array(y) == "yes", probabilities[:, 1]),
    }
    assert scores == {name: pytest.approx(score, rel=1e-12) for name, score in expected.items()}
    assert score_in(result.stdout, "accuracy") == pytest.approx(expected["accuracy"], abs=1e-4)
    assert score_in(result.stdout, "log-loss") == pytest.approx(expected["log_loss"], abs=1e-4)
    assert f"{loaded.oof_score_:.3f}" in result.stdout
    assert "note: 1 row without a target, the first is data row 7\n" in result.stderr


def test_the_report_has_predictions_pictures_and_changes(run, table, people_model, tmp_path):
    out = tmp_path / "out"
    result = run("evaluate", people_model, table, "--out", out)
    assert result.exit_code == 0
    names = {path.name for path in out.iterdir()}
    pictures = {"calibration.png", "confusion.png", "roc.png", "precision_recall.png", "importance.png"}
    assert names == {"predictions.csv", "report.html", "settings.toml"} | pictures
    page = (out / "report.html").read_text("utf-8")
    for words in (
        "What has changed since the training",
        "Columns compared with those of the training rows",
        "Which columns matter",
    ):
        assert words in page
    rows = list(csv.DictReader(io.StringIO((out / "predictions.csv").read_text())))
    assert [int(row["row"]) for row in rows] == [i for i in range(1, 81) if i != 7]


def test_amounts_have_residuals_and_named_rows(run, houses_table, houses_model, tmp_path):
    result = run("evaluate", houses_model, houses_table, "--id", "area", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert (tmp_path / "out" / "residuals.png").exists()
    rows, found = read_table(houses_table), evaluated(houses_model, houses_table)
    y, predicted = rows.column("price").to_numpy(), load_model(houses_model).predict(rows)
    expected = {
        "rmse": metrics.root_mean_squared_error(y, predicted),
        "mae": metrics.mean_absolute_error(y, predicted),
        "r2": metrics.r2_score(y, predicted),
    }
    assert found.scores == {name: pytest.approx(score, rel=1e-12) for name, score in expected.items()}
    for metric in found.task.metrics:
        written = metric.write(expected[metric.name], found.errors[metric.name]).replace("±", "+-")
        assert f"{metric.heading} {written}" in " ".join(result.stdout.split())


def test_rows_of_one_class_have_no_score_that_needs_two(run, table, people_model, tmp_path):
    lines = table.read_text().splitlines()
    path = tmp_path / "one.csv"
    path.write_text("\n".join([lines[0], *(line for line in lines if line.endswith(",yes"))]))
    result = run("evaluate", people_model, path, "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    found = evaluated(people_model, path)
    rows = read_table(path)
    assert found.scores["accuracy"] == np.mean(load_model(people_model).predict(rows) == "yes")
    p = load_model(people_model).predict_proba(rows)[:, 1]
    assert found.scores["log_loss"] == pytest.approx(-np.log(p).mean(), rel=1e-12)
    assert math.isnan(found.scores["roc_auc"])
    assert re.search(r"^ROC AUC +-( |$)", result.stdout, re.MULTILINE)
    assert not (tmp_path / "out" / "precision_recall.png").exists()


def test_several_amounts_of_a_row_are_refused(run, houses_table, tmp_path):
    rows = read_table(houses_table)
    prices = np.column_stack([rows.column("price").to_numpy()] * 2)
    options = {"max_iter": 3, "n_iter_no_change": None, "random_state": 0}
    several = make_pipeline(TableEncoder(), MLPRegressor((3,), **options)).fit(rows.drop_columns("price"), prices)
    quantiles = MLPRegressor((3,), loss="quantile", quantile=(0.1, 0.9), **options)
    quantiles = make_pipeline(TableEncoder(), quantiles).fit(rows.drop_columns("price"), prices[:, 0])
    for model in (several, quantiles):
        save_model(model, tmp_path / "model")
        result = run("evaluate", tmp_path / "model", houses_table, "--target", "price")
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
        assert "the model predicts 2 amounts of each row. Evaluate it in Python" in result.stderr


def test_single_networks_are_evaluated_without_changes(run, table, tmp_path):
    out = tmp_path / "network"
    assert run("train", table, "--target", "buys", "--out", out, "--hidden", "4", "--epochs", "3").exit_code == 0
    result = run("evaluate", out / "model.safetensors", table)
    assert result.exit_code == 0
    assert "Columns compared with those of the training rows" not in result.stdout
    assert "accuracy" in result.stdout


def test_changed_columns_are_named(run, table, people_model, tmp_path):
    lines = table.read_text().splitlines()
    moved = [lines[0]] + [line.replace("Ulm", "Bonn") for line in lines[1:]] * 10
    path = tmp_path / "moved.csv"
    path.write_text("\n".join(moved))
    said = " ".join(run("evaluate", people_model, path).stdout.split())
    assert "share of 'Ulm' from" in said
    assert "1 of 3 columns has changed since the training: 'town'." in said


def test_labels_that_the_model_does_not_know_are_in_no_score(run, table, people_model, tmp_path):
    path = tmp_path / "more.csv"
    path.write_text(table.read_text() + "30,0.1,Ulm,maybe\n")
    result = run("evaluate", people_model, path)
    assert "note: 1 row whose 'buys' is no class of the model, such as 'maybe', is in no score\n" in result.stderr
    assert "Scores on 79 rows" in result.stdout


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (["age,income,town", "1,2,Ulm"], [], "no column 'buys'"),
        (["age,income,town,buys", "1,2,Ulm,"], [], "no row has a 'buys' that the model knows"),
        (["age,income,town,buys", "1,2,Ulm,maybe"], [], "no row has a 'buys' that the model knows"),
        (["age,town,buys", "1,Ulm,yes"], [], "no column 'income'"),
        (["age,income,town,buys", "1,2,Ulm,yes"], ["--target", "bought"], "no column 'bought'"),
    ],
)
def test_files_that_cannot_be_scored_are_one_line(run, people_model, tmp_path, lines, options, message):
    path = tmp_path / "new.csv"
    path.write_text("\n".join(lines) + "\n")
    result = run("evaluate", people_model, path, "--out", tmp_path / "out", *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.splitlines()[-1].startswith("multilayer: ")
    assert not (tmp_path / "out").exists()


def test_jackknife_errors_are_those_of_means():
    random = np.random.RandomState(0)
    y = random.normal(size=4000)
    predictions = y + random.normal(size=4000)
    errors = jackknife_errors(Regression(1.0, 0.0, 1.0), y, predictions)
    exact = np.abs(predictions - y).std() / math.sqrt(4000)
    assert errors["mae"] == pytest.approx(exact, rel=0.5)
    few = jackknife_errors(Classification(np.array(["a", "b"])), np.array(["a", "b"]), np.full((2, 2), 0.5))
    assert all(map(math.isnan, few.values()))
