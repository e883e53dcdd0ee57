"""``multilayer train`` with a numeric target, from end to end."""

from __future__ import annotations

import csv
import html
import random
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from multilayer.tables import TableEncoder, read_table

SMALL = ("--hidden", "16", "--epochs", "60")

PICTURES = ("cost.png", "predictions.png", "network.png")


def lines_of_houses(n: int = 300) -> list[str]:
    """Return lines of a table: a price in hundreds of thousands that is not linear, with a gap in data row 5."""
    draw = random.Random(0)
    lines = ["area,town,price"]
    for i in range(n):
        area, town = draw.uniform(20, 200), draw.choice(["Ulm", "Bonn", ""])
        price = 100_000 + 30 * (area - 100) ** 2 + 50_000 * (town == "Ulm") + draw.gauss(0, 3_000)
        lines.append(f"{area:.2f},{town},{'' if i == 4 else f'{price:.1f}'}")
    return lines


@pytest.fixture(scope="module")
def houses(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("houses") / "houses.csv"
    path.write_text("\n".join(lines_of_houses()) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(run, houses):
    """Return the printed result, and the output folder."""
    out = houses.parent / "out"
    return run("train", houses, "--target", "price", "--out", out, "--step-size", "0.01", *SMALL), out


def table_of(text: str) -> dict[str, list[float]]:
    """Return the table of scores: R2, RMSE and MAE by model."""
    lines = re.findall(r"^(?:R2|RMSE|MAE) {2,}(\S+) +(\S+) +(\S+) +(\S+)$", text, re.MULTILINE)
    cells = [[float(cell.replace(",", "")) if cell != "-" else np.nan for cell in line] for line in lines]
    names = ("network", "linear regression", "mean", "training rows")
    return {name: list(scores) for name, scores in zip(names, zip(*cells, strict=True), strict=True)}


def test_train_prints_steps_and_scores(trained):
    result, _ = trained
    assert result.exit_code == 0
    for text in (
        "houses.csv: 300 rows, 2 columns and the target.",
        "Task: regression. The target holds numbers with fractions.",
        "Split: 239 rows to train on, 60 to test on.",
        "Trained a network of 4 - 16 - 1 units, 97 weights, for 60 epochs",
        "Scores on 60 test rows",
        "The network is off by",
    ):
        assert text in result.stdout
    assert "note: 1 row without a target dropped, the first is data row 5\n" in result.stderr
    scores = table_of(result.stdout)
    assert scores["network"][0] > 0.8 > 0.5 > scores["linear regression"][0] > scores["mean"][0]
    assert scores["mean"][0] <= 0.0


def test_output_without_a_terminal_is_plain(trained):
    lines = trained[0].stdout.splitlines()
    assert trained[0].stdout.isascii()
    assert max(len(line) for line in lines if str(trained[1]) not in line) <= 80


def test_scores_are_those_of_the_predictions_in_units_of_the_target(trained, houses):
    result, out = trained
    rows, predictions = (
        list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        for path in (houses, out / "predictions.csv")
    )
    assert list(predictions[0]) == ["row", "actual", "predicted"]
    assert len(predictions) == 60
    assert all(float(row["actual"]) == float(rows[int(row["row"]) - 1]["price"]) for row in predictions)
    actual, predicted = (np.array([float(row[name]) for row in predictions]) for name in ("actual", "predicted"))
    expected = [
        r2_score(actual, predicted),
        mean_squared_error(actual, predicted) ** 0.5,
        mean_absolute_error(actual, predicted),
    ]
    np.testing.assert_allclose(table_of(result.stdout)["network"], expected, rtol=1e-3)


def test_baselines_are_trained_only_on_the_training_rows(trained, houses):
    result, out = trained
    table = read_table(houses)
    y = np.array(table["price"].to_pylist(), dtype=float)
    predictions = csv.DictReader((out / "predictions.csv").read_text(encoding="utf-8").splitlines())
    test = np.array([int(row["row"]) - 1 for row in predictions])
    train = np.setdiff1d(np.flatnonzero(~np.isnan(y)), test)
    features = table.drop_columns(["price"])
    encoder = TableEncoder().fit(features.take(train))
    mean, deviation = y[train].mean(), y[train].std()
    ridge = Ridge().fit(encoder.transform(features.take(train)), (y[train] - mean) / deviation)
    predicted = mean + deviation * ridge.predict(encoder.transform(features.take(test)))
    scores = table_of(result.stdout)
    assert scores["linear regression"][1] == pytest.approx(mean_squared_error(y[test], predicted) ** 0.5, rel=1e-3)
    assert scores["mean"][2] == pytest.approx(np.abs(y[test] - mean).mean(), rel=1e-3)


def test_all_files_are_written_and_listed(trained):
    result, out = trained
    names = {path.name for path in out.iterdir()}
    assert names == {"model.safetensors", "settings.toml", "predictions.csv", "report.html", *PICTURES}
    assert all(str(out / name) in result.stdout for name in names)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3
    for text in ("The network is off by", "RMSE", "linear regression", "1 row without a target dropped"):
        assert text in page


def test_code_in_the_report_reproduces_the_score_of_the_table(trained, capsys):
    result, out = trained
    code = re.search(r"<pre><code>(.*)</code></pre>", (out / "report.html").read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(html.unescape(code[1]), "report", "exec"), {})
    assert float(capsys.readouterr().out) == pytest.approx(table_of(result.stdout)["network"][0], abs=2e-3)


@pytest.mark.parametrize("unit", ["e-250", "e298"])
def test_tiny_and_huge_amounts_are_predicted(run, tmp_path, unit):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{i + 0.5}{unit}\n" for i in range(50)))
    result = run("train", path, "--target", "y", "--step-size", "0.01", "--out", tmp_path / "out", *SMALL)
    assert result.exit_code == 0
    scores = table_of(result.stdout)
    assert scores["network"][0] > 0.9
    assert scores["mean"][1] == pytest.approx(14 * float(f"1{unit}"), rel=0.5)


def test_three_rows_are_sufficient(run, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,1.5\n2,2.5\n4,3.5\n")
    result = run("train", path, "--target", "y", "--out", tmp_path / "out", *SMALL)
    assert result.exit_code == 0
    assert "note: 1 row to test on: the scores on other rows may differ much\n" in result.stderr
    assert np.isnan(table_of(result.stdout)["network"][0])
    assert (tmp_path / "out" / "predictions.png").exists()


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (
            "auto",
            "Task: classification. The target holds whole numbers, 3 different ones in 60 rows: few enough to be ",
        ),
        (
            "regression",
            "Task: regression. You chose it; the automatic choice is classification. The target holds whole numbers",
        ),
    ],
)
def test_task_of_few_distinct_whole_numbers_is_explained(run, tmp_path, task, reason):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{i // 20}\n" for i in range(60)))
    result = run("train", path, "--target", "y", "--task", task, *SMALL)
    said = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert reason in said
    assert ("Choose --task regression if they are amounts." in said) == (task == "auto")
    assert ("RMSE" in said) == (task == "regression")


def test_many_distinct_whole_numbers_give_a_regression(run, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{i}\n" for i in range(60)))
    said = " ".join(run("train", path, "--target", "y", *SMALL).stdout.split())
    assert "Task: regression." in said
    assert "too many to be classes. Choose --task classification if they are labels." in said


def test_default_number_of_epochs_depends_on_the_task(run, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y,z\n" + "".join(f"{i},{i / 7},{'ab'[i % 2]}\n" for i in range(60)))
    for target, n in (("y", 100), ("z", 30)):
        assert f"for {n} epochs" in run("train", path, "--target", target, "--hidden", "4").stdout


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (("--epochs", "1", "--step-size", "1e-9"), "More --epochs or another --step-size may help"),
        (("--epochs", "2000", "--alpha", "0", "--step-size", "0.02"), "Fewer --epochs, a larger --alpha or fewer"),
    ],
)
def test_a_network_worse_than_the_baselines_is_reported_with_advice(run, tmp_path, options, advice):
    draw = random.Random(0)
    lines = ["x,w,y", *(f"{draw.gauss(0, 1)},{draw.gauss(0, 1)},{draw.gauss(0, 1)}" for _ in range(60))]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    said = " ".join(run("train", tmp_path / "t.csv", "--target", "y", *options).stdout.split())
    assert "is worse than the RMSE of" in said
    assert advice in said
