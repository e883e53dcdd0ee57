"""``multilayer cv`` from end to end."""

from __future__ import annotations

import csv
import html
import re
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, roc_auc_score, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

from multilayer import MLPClassifier, MLPRegressor
from multilayer.cli.progress import Watch
from multilayer.tables import TableEncoder, encode_target, read_table, split_target

from .conftest import lines_of_people, write

SMALL = ("--hidden", "8", "--epochs", "5", "--step-size", "0.01")
FOLDS = StratifiedKFold(4, shuffle=True, random_state=3)


@pytest.fixture(scope="module")
def done(run, table) -> tuple[Result, Path]:
    """Return the printed result, and the output folder."""
    out = table.parent / "cv" / "deep"
    result = run("cv", table, "--target", "buys", "--folds", "4", "--seed", "3", "--out", out, *SMALL)
    assert result.exit_code == 0
    return result, out


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def code_of(out: Path) -> str:
    code = re.search(r"<pre><code>(.*)</code></pre>", (out / "report.html").read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    return html.unescape(code[1])


def run_code(code: str, capsys) -> list[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(code, "report", "exec"), {})
    return [float(number) for number in capsys.readouterr().out.split()]


def cells_of(text: str, row: str) -> list[tuple[float, float]]:
    """Return mean and error of each model, in the row of a score."""
    line = re.search(rf"^{row} +(\S+ \+- .*)$", text, re.MULTILINE)
    assert line is not None
    found = re.findall(r"(\S+) \+- (\S+)", line[1])
    return [(float(mean.replace(",", "")), float(error.replace(",", ""))) for mean, error in found]


def test_cv_prints_steps_and_scores(done):
    result, _ = done
    said = " ".join(result.stdout.split())
    for text in (
        "people.csv: 80 rows, 3 columns and the target.",
        "Task: classification. The target holds text, 2 different labels.",
        "Rows: divided into 4 folds with the classes in the same proportions; each model is trained on 59 to 60",
        "Trained 4 networks of 6 - 8 - 1 units, 65 weights, for 5 epochs each.",
        "Scores over 4 folds, mean +- standard error score network logistic regression majority class",
        "Network minus logistic regression, in the same 4 folds score difference better in",
        "The network, fold by fold",
        "Each class",
        "of the rows it has not seen, logistic regression on",
        "Folds share training rows: all these errors are approximate.",
        "Written:",
    ):
        assert text in said
    assert result.stderr == "note: 1 row without a target dropped, the first is data row 7\n"


def test_output_without_a_terminal_is_plain(done):
    lines = done[0].stdout.splitlines()
    assert done[0].stdout.isascii()
    assert "\x1b" not in done[0].stdout
    assert "\r" not in done[0].stdout
    assert max(len(line) for line in lines if str(done[1]) not in line) <= 80
    assert not [line for line in lines if line != line.rstrip()]


def by_hand(table: Path) -> dict[str, dict[str, list[float]]]:
    """Return the scores of each model in each fold, computed with scikit-learn except for the network."""
    features, column = split_target(read_table(table), "buys")
    info = encode_target(column, drop_gaps=True)
    features, y = features.take(info.rows), info.y
    network = MLPClassifier((8,), max_iter=5, learning_rate_init=0.01, alpha=0.3, random_state=3)
    scores: dict[str, dict[str, list[float]]] = {}
    for train, test in FOLDS.split(y, y):
        for name, last in (("network", network), ("logistic regression", LogisticRegression(max_iter=1000))):
            model = make_pipeline(TableEncoder(dtype=np.float32), last)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(features.take(train), y[train])
            p = model.predict_proba(features.take(test)).astype(float)
            found = scores.setdefault(name, {"accuracy": [], "log_loss": [], "roc_auc": []})
            found["accuracy"].append(accuracy_score(y[test], model.predict(features.take(test))))
            found["log_loss"].append(log_loss(y[test], p / p.sum(axis=1, keepdims=True)))
            found["roc_auc"].append(roc_auc_score(y[test] == "yes", p[:, 1]))
    return scores


def test_scores_equal_those_of_a_loop_over_the_folds(done, table):
    result, out = done
    expected = by_hand(table)
    folds = rows_of(out / "folds.csv")
    assert [row["model"] for row in folds] == ["network"] * 4 + ["logistic regression"] * 4 + ["majority class"] * 4
    for model, scores in expected.items():
        for name, values in scores.items():
            found = [float(row[name]) for row in folds if row["model"] == model]
            np.testing.assert_allclose(found, values, rtol=1e-6)
    for heading, name in (("accuracy", "accuracy"), ("log-loss", "log_loss"), ("ROC AUC", "roc_auc")):
        cells = cells_of(result.stdout, heading)
        for (mean, error), model in zip(cells[:2], ("network", "logistic regression"), strict=True):
            values = np.array(expected[model][name])
            assert mean == pytest.approx(values.mean(), abs=6e-5)
            assert error == pytest.approx(values.std(ddof=1) / 2, abs=6e-5)


def test_differences_are_computed_fold_by_fold_with_a_corrected_error(done, table):
    expected = by_hand(table)
    differences = np.subtract(expected["network"]["log_loss"], expected["logistic regression"]["log_loss"])
    line = re.search(r"^log-loss +([+-][\d.]+) \+- ([\d.]+) +(\d) of 4 folds$", done[0].stdout, re.MULTILINE)
    assert line is not None
    assert float(line[1]) == pytest.approx(differences.mean(), abs=6e-5)
    shares = [len(test) / len(train) for train, test in FOLDS.split(np.zeros(79), [0, 1] * 39 + [0])]
    nadeau_bengio = np.sqrt((1 / 4 + np.mean(shares)) * differences.var(ddof=1))
    assert float(line[2]) == pytest.approx(nadeau_bengio, rel=0.02)
    assert int(line[3]) == (differences < 0).sum()


def test_predictions_contain_all_rows_with_a_target(done, table):
    rows, predictions = rows_of(table), rows_of(done[1] / "predictions.csv")
    assert [int(row["row"]) for row in predictions] == [i for i in range(1, 81) if i != 7]
    for prediction in predictions:
        assert prediction["actual"] == rows[int(prediction["row"]) - 1]["buys"]
        chances = {label: float(prediction[f"p({label})"]) for label in ("no", "yes")}
        assert sum(chances.values()) == pytest.approx(1.0, abs=1e-5)
        assert prediction["predicted"] == max(chances, key=chances.__getitem__)


def test_all_files_are_written_and_listed(done):
    result, out = done
    names = {path.name for path in out.iterdir()}
    pictures = {"folds.png", "confusion.png", "roc.png", "calibration.png"}
    assert names == {"model.safetensors", "settings.toml", "predictions.csv", "folds.csv", "report.html"} | pictures
    assert all(str(out / name) in result.stdout for name in names)
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in pictures)


def test_report_is_a_single_file(done):
    page = (done[1] / "report.html").read_text(encoding="utf-8")
    assert "http" not in re.sub(r"base64,[^\"]*", "", page).replace('http-equiv="Content-Security-Policy"', "")
    assert page.count("data:image/png;base64,") == 4
    for text in (
        "Scores over 4 folds, mean ± standard error",
        "Nadeau and Bengio",
        "divided into 4 folds",
        "TableEncoder",
    ):
        assert text in page


def test_code_in_the_report_reproduces_the_score_of_the_table(done, capsys):
    assert run_code(code_of(done[1]), capsys) == pytest.approx(cells_of(done[0].stdout, "accuracy")[0], abs=6e-5)


def test_quiet_prints_only_scores_which_do_not_depend_on_jobs(run, table, done):
    options = ("cv", table, "--target", "buys", "--quiet", *SMALL)
    result = run(*options, "--folds", "4", "--seed", "3", "--jobs", "1")
    assert result.stdout.startswith("Scores over 4 folds, mean +- standard error\n")
    assert "Rows:" not in result.stdout
    assert "Nothing was written" not in result.stdout
    assert result.stdout.rstrip() in done[0].stdout
    assert run(*options, "--folds", "4").stdout != result.stdout


def test_repeats_divide_the_rows_several_times(run, table, capsys):
    out = table.parent / "repeats"
    result = run("cv", table, "--target", "buys", "--folds", "2", "--repeats", "3", "--out", out, *SMALL)
    said = " ".join(result.stdout.split())
    assert "divided 3 times into 2 folds with the classes in the same proportions" in said
    assert "Scores over 6 folds" in said
    assert re.findall(r"^(\d\.\d) ", result.stdout, re.MULTILINE) == ["1.1", "1.2", "2.1", "2.2", "3.1", "3.2"]
    folds = [row for row in rows_of(out / "folds.csv") if row["model"] == "network"]
    assert [(row["repeat"], row["fold"]) for row in folds] == [(r, f) for r in "123" for f in "12"]
    assert len(rows_of(out / "predictions.csv")) == 79
    assert run_code(code_of(out), capsys) == pytest.approx(cells_of(result.stdout, "accuracy")[0], abs=6e-5)


def test_only_some_of_many_folds_are_printed(run, table):
    stdout = run("cv", table, "--target", "buys", "--folds", "3", "--repeats", "8", *SMALL).stdout
    assert len(re.findall(r"^\d\.\d ", stdout, re.MULTILINE)) == 20
    assert re.search(r"^\.\.\. 4$|^\.\.\. 4 more", stdout, re.MULTILINE)


@pytest.fixture(scope="module")
def visits(tmp_path_factory) -> Path:
    lines = lines_of_people()
    head, *rows = lines
    return write(
        tmp_path_factory.mktemp("visits") / "visits.csv",
        [f"who,{head}", *(f"{'abcdefgh'[i % 8]},{row}" for i, row in enumerate(rows))],
    )


class TestGroups:
    def test_groups_stay_together_and_are_not_features(self, run, visits, capsys):
        out = visits.parent / "out"
        result = run("cv", visits, "--target", "buys", "--group", "who", "--folds", "4", "--out", out, *SMALL)
        assert result.exit_code == 0
        said = " ".join(result.stdout.split())
        assert "80 rows, 3 columns and the target." in said
        assert "divided into 4 folds that keep 8 groups together; each model is trained on 60 rows" in said
        assert not re.search(r"^who ", result.stdout, re.MULTILINE)
        assert run_code(code_of(out), capsys) == pytest.approx(cells_of(result.stdout, "accuracy")[0], abs=6e-5)

    def test_groups_of_a_regression_over_repeats(self, run, visits, capsys):
        out = visits.parent / "amounts"
        options = ("--target", "income", "--group", "who", "--ignore", "who", "--folds", "2", "--repeats", "2")
        result = run("cv", visits, *options, "--out", out, *SMALL)
        assert result.exit_code == 0
        assert run_code(code_of(out), capsys) == pytest.approx(cells_of(result.stdout, "R2")[0], abs=6e-5)

    def test_a_class_missing_from_the_training_rows_of_a_fold_has_the_probability_0(self, run, tmp_path):
        lines = ["who,x,y", *(f"{'abcd'[i % 4]},{i},{'no' if i % 3 else 'yes'}" for i in range(40))]
        lines += [f"e,{i},rare" for i in range(4)]
        out = tmp_path / "out"
        result = run(
            "cv",
            write(tmp_path / "t.csv", lines),
            "--target",
            "y",
            "--group",
            "who",
            "--folds",
            "3",
            "--out",
            out,
            *SMALL,
        )
        assert result.exit_code == 0
        assert "class 'rare' is in so few groups that a fold tests it without having trained on it" in result.stderr
        rare = [row for row in rows_of(out / "predictions.csv") if row["actual"] == "rare"]
        assert len(rare) == 4
        assert {row["p(rare)"] for row in rare} == {"0"}


@pytest.fixture(scope="module")
def houses(run, houses_table) -> tuple[Result, Path, Path]:
    path = houses_table
    options = ("--target", "price", "--hidden", "16", "--epochs", "200", "--step-size", "0.02", "--alpha", "0")
    out = path.parent / "cv"
    return run("cv", path, *options, "--out", out), path, out


class TestAmounts:
    def test_scores_equal_those_of_a_loop_over_the_folds(self, houses):
        result, path, out = houses
        assert result.exit_code == 0
        features, column = split_target(read_table(path), "price")
        y = np.array(column.to_pylist())
        network = MLPRegressor(
            (16,), max_iter=200, learning_rate_init=0.02, alpha=0, random_state=0, standardize_targets=True
        )
        folds = rows_of(out / "folds.csv")
        predicted = {int(row["row"]) - 1: float(row["predicted"]) for row in rows_of(out / "predictions.csv")}
        for i, (train, test) in enumerate(KFold(5, shuffle=True, random_state=0).split(y)):
            encoder = TableEncoder(dtype=np.float32).fit(features.take(train))
            X_train, X_test = (encoder.transform(features.take(rows)) for rows in (train, test))
            ridge = Ridge().fit(X_train.astype(float), y[train]).predict(X_test.astype(float))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                predictions = network.fit(X_train, y[train]).predict(X_test)
            for model, answer, rtol in (("linear regression", ridge, 1e-4), ("network", predictions, 2e-2)):
                row = next(row for row in folds if row["model"] == model and row["fold"] == str(i + 1))
                assert float(row["rmse"]) == pytest.approx(root_mean_squared_error(y[test], answer), rel=rtol)
                assert float(row["mae"]) == pytest.approx(mean_absolute_error(y[test], answer), rel=rtol)
            mean = next(row for row in folds if row["model"] == "mean" and row["fold"] == str(i + 1))
            assert float(mean["mae"]) == pytest.approx(np.abs(y[test] - y[train].mean()).mean())
            np.testing.assert_allclose([predicted[row] for row in test], predictions, rtol=0.02)

    def test_a_better_network_is_reported(self, houses):
        said = " ".join(houses[0].stdout.split())
        assert "The network is off by" in said
        assert re.search(r"its RMSE is \S+ \+- \S+ lower than that of linear regression, and better in 5 of 5", said)
        assert "the network is better by more than chance explains." in said
        assert {path.name for path in houses[2].iterdir()} == {
            "predictions.csv",
            "folds.csv",
            "model.safetensors",
            "settings.toml",
            "report.html",
            "folds.png",
            "predictions.png",
        }

    def test_code_in_the_report_reproduces_the_score_of_the_table(self, houses, capsys):
        result, _, out = houses
        assert run_code(code_of(out), capsys)[0] == pytest.approx(cells_of(result.stdout, "R2")[0][0], abs=5e-3)

    @pytest.mark.parametrize("unit", ["e-250", "e298"])
    def test_tiny_and_huge_amounts_are_predicted(self, run, tmp_path, unit):
        path = write(tmp_path / "t.csv", ["x,y", *(f"{i},{i + 0.5}{unit}" for i in range(50))])
        result = run("cv", path, "--target", "y", "--hidden", "16", "--epochs", "100", "--step-size", "0.02")
        assert result.exit_code == 0
        network, _, mean = cells_of(result.stdout, "RMSE")
        assert network[0] < 0.3 * mean[0]
        assert mean[0] == pytest.approx(14 * float(f"1{unit}"), rel=0.5)

    def test_large_amounts_keep_small_differences(self, run, tmp_path):
        path = write(tmp_path / "t.csv", ["x,y", *(f"{i},{1_700_000_000 + i + 0.5}" for i in range(50))])
        stdout = run("cv", path, "--target", "y", "--hidden", "16", "--epochs", "300", "--step-size", "0.02").stdout
        network, linear, mean = (rmse for rmse, _ in cells_of(stdout, "RMSE"))
        assert network < 0.3 * mean
        assert linear < 0.1 * mean

    def test_folds_of_one_row_have_no_r2(self, run, tmp_path):
        path = write(tmp_path / "t.csv", ["x,y", "1,1.5", "2,2.25", "4,3.5", "5,4.5"])
        out = tmp_path / "out"
        result = run("cv", path, "--target", "y", "--folds", "4", "--out", out, "--hidden", "none", "--epochs", "2")
        assert result.exit_code == 0
        assert re.search(r"^R2 +- +- +-$", result.stdout, re.MULTILINE)
        assert "UndefinedMetric" not in result.stderr
        assert {path.name for path in out.iterdir()} == {
            "predictions.csv",
            "folds.csv",
            "model.safetensors",
            "settings.toml",
            "report.html",
            "predictions.png",
        }


def test_a_class_with_a_single_row_is_used_for_training_in_every_fold(run, tmp_path, capsys):
    lines = ["x,y", *(f"{i},{'abc'[i % 3]}" for i in range(60)), "7,rare"]
    out = tmp_path / "out"
    result = run("cv", write(tmp_path / "t.csv", lines), "--target", "y", "--out", out, *SMALL)
    assert result.exit_code == 0
    assert "class 'rare' has a single row, data row 61: it is trained on, and not tested\n" in result.stderr
    assert "trained on 49 rows" in " ".join(result.stdout.split())
    assert "ROC AUC" not in result.stdout
    predictions = rows_of(out / "predictions.csv")
    assert len(predictions) == 60
    assert "p(rare)" in predictions[0]
    assert run_code(code_of(out), capsys) == pytest.approx(cells_of(result.stdout, "accuracy")[0], abs=6e-5)


def test_classes_with_fewer_rows_than_folds_are_reported(run, tmp_path):
    lines = ["x,y", *(f"{i},{'ab'[i % 2]}" for i in range(60)), *["7,few"] * 3]
    result = run("cv", write(tmp_path / "t.csv", lines), "--target", "y", *SMALL)
    assert result.exit_code == 0
    assert "note: class 'few' has 3 rows, fewer than 5 folds: not every fold tests it\n" in result.stderr


def test_a_network_worse_than_the_baseline_is_reported(run, table):
    result = run("cv", table, "--target", "buys", "--hidden", "4", "--epochs", "1", "--step-size", "1e-9")
    said = " ".join(result.stdout.split())
    assert re.search(r"its log-loss is \S+ \+- \S+ higher than that of (logistic regression|majority class), and", said)
    assert "is worse by more than chance explains. More --epochs or another --step-size may" in said


def test_a_failed_fold_is_reported_in_a_note(run, table, monkeypatch):
    from multilayer.exceptions import DivergenceError

    fit = MLPClassifier.fit
    calls = []

    def fit_but_once(self, *args, **options):
        calls.append(1)
        if len(calls) == 2:
            raise DivergenceError("the cost is nan in epoch 3.", "Use a smaller learning_rate_init.")
        return fit(self, *args, **options)

    monkeypatch.setattr(MLPClassifier, "fit", fit_but_once)
    out = table.parent / "failed"
    result = run("cv", table, "--target", "buys", "--jobs", "1", "--out", out, *SMALL)
    assert result.exit_code == 0
    note = re.search(
        r"^note: the network failed in fold (\d), which is in no score: the cost is nan in epoch 3\. Use a smaller "
        r"--step-size\.$",
        result.stderr,
        re.MULTILINE,
    )
    assert note is not None
    assert "Scores over 4 of 5 folds, mean +- standard error" in result.stdout
    assert re.search(r"^log-loss .* \d of 4 folds$", result.stdout, re.MULTILINE)
    folds = [row["fold"] for row in rows_of(out / "folds.csv") if row["model"] == "network"]
    assert folds == [fold for fold in "12345" if fold != note[1]]


@pytest.mark.parametrize("n_failing", [1, 5])
def test_a_failed_linear_model_is_reported(run, table, monkeypatch, n_failing):
    fit = LogisticRegression.fit
    calls = []

    def fit_but_some(self, *args, **options):
        calls.append(1)
        if len(calls) <= n_failing:
            raise ValueError("the solver has no solution")
        return fit(self, *args, **options)

    monkeypatch.setattr(LogisticRegression, "fit", fit_but_some)
    result = run("cv", table, "--target", "buys", "--jobs", "1", *SMALL)
    if n_failing == 5:
        assert result.exit_code == 2
        assert "logistic regression, the baseline, cannot be trained: the solver has no" in result.stderr
    else:
        assert result.exit_code == 0
        assert re.search(r"note: logistic regression, the baseline, failed in fold \d, .*: the solver", result.stderr)
        assert "Scores over 4 of 5 folds" in result.stdout


@pytest.fixture
def ctrl_c(monkeypatch):
    """Simulate Ctrl-C when the given number of members has ended."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    ended = []

    def press_after(n: int) -> None:
        call = Watch.member_ended

        def count(self, event):
            ended.append(event)
            if len(ended) == n:
                signal.raise_signal(signal.SIGINT)
            call(self, event)

        monkeypatch.setattr(Watch, "member_ended", count)

    yield press_after
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_scores_the_finished_folds(run, table, ctrl_c):
    ctrl_c(7)  # the second network, after five linear models
    out = table.parent / "interrupted"
    result = run("cv", table, "--target", "buys", "--jobs", "1", "--out", out, *SMALL)
    assert result.exit_code == 130
    assert "note: interrupted: the scores are those of 2 of 5 folds\n" in result.stderr
    assert "cross-validation was interrupted" not in result.stderr
    assert "Scores over 2 of 5 folds" in result.stdout
    folds = [row for row in rows_of(out / "folds.csv") if row["model"] == "network"]
    assert len(folds) == 2
    assert len(rows_of(out / "predictions.csv")) == sum(int(row["tested_on"]) for row in folds)
    assert (out / "report.html").exists()


def test_ctrl_c_before_the_first_network_is_finished_ends_the_command(run, table, ctrl_c):
    ctrl_c(2)
    result = run("cv", table, "--target", "buys", "--jobs", "1", *SMALL)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (130, "multilayer: interrupted.")
    assert "Scores over" not in result.stdout


def test_cv_without_matplotlib_writes_everything_but_the_plots(run, table, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out = table.parent / "plain"
    result = run("cv", table, "--target", "buys", "--out", out, *SMALL)
    assert result.exit_code == 0
    assert "note: the report is without pictures: drawing pictures needs matplotlib" in result.stderr
    assert 'python -m pip install "multilayer[plots]"' in result.stderr
    assert {path.name for path in out.iterdir()} == {
        "model.safetensors",
        "settings.toml",
        "predictions.csv",
        "folds.csv",
        "report.html",
    }


def test_names_from_a_file_cannot_control_the_terminal(run, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\x1b[31mx,<b>g</b>,y\n" + "".join(f"{i},{i % 9},{'ab'[i % 2]}\x1b[1m\n" for i in range(40)))
    out = tmp_path / "out"
    result = run("cv", path, "--target", "y", "--group", "<b>g</b>", "--out", out, *SMALL)
    assert result.exit_code == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "\x1b" not in result.stdout + page
    assert "<b>" not in page
    assert "&lt;b&gt;g&lt;/b&gt;" in page
