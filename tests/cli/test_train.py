"""``multilayer train`` from end to end."""

from __future__ import annotations

import csv
import html
import random
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from .conftest import write

SMALL = ("--hidden", "8", "--epochs", "5")


@pytest.fixture(scope="module")
def done(run, table) -> tuple[Result, Path]:
    """Return the printed result, and the output folder."""
    out = table.parent / "train" / "deep"
    result = run("train", table, "--target", "buys", "--out", out, *SMALL)
    assert result.exit_code == 0
    return result, out


def test_train_prints_steps_and_scores(done):
    said = " ".join(done[0].stdout.split())
    for text in (
        "people.csv: 80 rows, 3 columns and the target.",
        "Task: classification. The target holds text, 2 different labels.",
        "Split: 63 rows to train on, 16 to test on with the classes in the same",
        "a column for each of 2 categories, one for",
        "Trained a network of 6 - 8 - 1 units, 65 weights, for 5 epochs",
        "Scores on 16 test rows",
        "score network logistic regression majority class training rows",
        "ROC AUC",
        "Written:",
    ):
        assert text in said
    assert done[0].stderr == "note: 1 row without a target dropped, the first is data row 7\n"


def test_output_without_a_terminal_is_plain(run, table, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("train", table, "--target", "buys", *SMALL)
    assert "Nothing was written. With --out DIR" in result.stdout
    assert result.stdout.isascii()
    assert "\x1b" not in result.stdout
    assert "\r" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert not [line for line in result.stdout.splitlines() if line != line.rstrip()]


def test_equal_seeds_give_equal_scores_and_quiet_prints_only_these(run, table, done):
    result = run("train", table, "--target", "buys", "--quiet", *SMALL)
    assert result.stdout.startswith("Scores on 16 test rows\n")
    assert result.stdout.rstrip() in done[0].stdout
    assert run("train", table, "--target", "buys", "--quiet", "--seed", "1", *SMALL).stdout != result.stdout


def test_all_files_are_written_and_listed(done):
    result, out = done
    names = {path.name for path in out.iterdir()}
    pictures = {"calibration.png", "confusion.png", "cost.png", "network.png", "roc.png"}
    assert names == {"model.safetensors", "settings.toml", "predictions.csv", "report.html"} | pictures
    assert all(str(out / name) in result.stdout for name in names)
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in pictures)


def test_predictions_contain_the_test_rows(done, table):
    rows, predictions = (
        list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        for path in (table, done[1] / "predictions.csv")
    )
    assert len(predictions) == 16
    for prediction in predictions:
        assert prediction["actual"] == rows[int(prediction["row"]) - 1]["buys"]
        chances = {label: float(prediction[f"p({label})"]) for label in ("no", "yes")}
        assert sum(chances.values()) == pytest.approx(1.0, abs=1e-5)
        assert prediction["predicted"] == max(chances, key=chances.__getitem__)


def test_report_is_a_single_file(done):
    page = (done[1] / "report.html").read_text(encoding="utf-8")
    assert "http" not in re.sub(r"base64,[^\"]*", "", page).replace('http-equiv="Content-Security-Policy"', "")
    assert page.count("data:image/png;base64,") == 5
    assert set(re.findall(r'src="([^"]{5})', page)) == {"data:"}
    for text in (
        "prefers-color-scheme: dark",
        "width=device-width",
        "Scores on 16 test rows",
        "TableEncoder",
        "80 rows, 1 row without a target dropped, 63 rows to train on",
    ):
        assert text in page


def test_code_in_the_report_runs(done, capsys):
    page = (done[1] / "report.html").read_text(encoding="utf-8")
    code = re.search(r"<pre><code>(.*)</code></pre>", page, re.DOTALL)
    assert code is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(html.unescape(code[1]), "report", "exec"), {})
    assert 0.0 <= float(capsys.readouterr().out) <= 1.0


def test_several_classes_and_a_class_of_one_row_are_supported(run, tmp_path):
    lines = ["x,y"] + [f"{i},{'abc'[i % 3]}" for i in range(60)] + ["7,rare"]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    result = run("train", path, "--target", "y", "--out", tmp_path / "out", *SMALL)
    assert result.exit_code == 0
    assert "note: class 'rare' has a single row, data row 61: it is trained on, and not tested" in result.stderr
    assert "ROC AUC" not in result.stdout
    assert not (tmp_path / "out" / "roc.png").exists()
    assert (tmp_path / "out" / "confusion.png").exists()


def test_parquet_and_ignored_columns_are_supported(run, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet

    rng = np.random.RandomState(0)
    table = pa.table({"id": range(50), "x": rng.normal(size=50), "y": rng.rand(50) > 0.5})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    result = run(
        "train", tmp_path / "t.parquet", "--target", "y", "--ignore", "id", "--hidden", "none", "--epochs", "2"
    )
    assert result.exit_code == 0
    assert "50 rows, 1 column and the target." in result.stdout
    assert "Trained a network of 1 - 1 units" in result.stdout
    assert not re.search(r"^id ", result.stdout, re.MULTILINE)


def test_a_missing_pyarrow_is_an_error(run, people, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("train", people, "--target", "buys")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert 'python -m pip install "multilayer[tables]"' in result.stderr


def test_a_network_worse_than_the_baseline_is_reported(run, people):
    result = run("train", people, "--target", "buys", "--hidden", "4", "--epochs", "1", "--step-size", "1e-9")
    said = " ".join(result.stdout.split())
    assert "is worse than the log-loss of" in said
    assert "More --epochs or another --step-size may help" in said
    assert "fewer --epochs" not in said


def test_overfitting_is_reported(run, tmp_path):
    draw = random.Random(0)
    lines = ["x,w,y", *(f"{draw.gauss(0, 1)},{draw.gauss(0, 1)},{draw.choice('ab')}" for _ in range(60))]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    result = run("train", tmp_path / "t.csv", "--target", "y", "--epochs", "500", "--alpha", "0", "--step-size", "0.02")
    assert "Fewer --epochs, a larger --alpha or fewer --hidden units may help" in " ".join(result.stdout.split())


def test_a_rising_cost_gets_one_recommendation(run, people):
    result = run("train", people, "--target", "buys", "--epochs", "3", "--step-size", "1e9")
    assert re.search(r"the cost went from \S{1,9} to \S{1,9}\. ", " ".join(result.stdout.split()))
    assert result.stderr == "note: the cost has not fallen: try a smaller --step-size\n"


def test_code_in_the_report_contains_ignored_columns_and_batches(run, people):
    out = people.parent / "out"
    options = ("--ignore", "age", "--batch-size", "32", "--test-fraction", "0.25")
    assert run("train", people, "--target", "buys", "--out", out, *options, *SMALL).exit_code == 0
    code = html.unescape((out / "report.html").read_text(encoding="utf-8"))
    assert "split_target(table.drop_columns(['age']), 'buys')" in code
    assert "random_state=0, batch_size=32," in code
    assert "encode_target(column, 'classification'" in code
    assert "test_size=0.25, stratify=y," in code


def test_twelve_columns_are_printed_and_all_of_them_on_demand(run, tmp_path):
    names = [f"c{i}" for i in range(15)]
    rows = [",".join([*(str((i * (k + 3)) % 41) for k in range(15)), "yn"[i % 2]]) for i in range(60)]
    path = write(tmp_path / "t.csv", [",".join([*names, "y"]), *rows])
    few, all_columns = (run("train", path, "--target", "y", *SMALL, *more).stdout for more in ((), ("--columns",)))
    assert "Columns; --columns prints all 15, and a report has them\n" in few
    assert "... 3 more columns\n" in few
    assert "\nc11 " in few
    assert "\nc12 " not in few
    assert "\nColumns\n" in all_columns
    assert all(f"\n{name} " in all_columns for name in names)
