"""``multilayer search`` from end to end."""

from __future__ import annotations

import json
import math
import re
import shlex
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

from multilayer import MLPClassifier, MLPRegressor
from multilayer.cli.evaluation.search import SearchProgress
from multilayer.tables import TableEncoder, encode_target, read_table, split_target
from multilayer.tables.models import network_kinds

from .conftest import lines_of_people, write
from .test_cv import code_of, rows_of, run_code

SMALL = ("--trials", "4", "--epochs", "12", "--folds", "3", "--seed", "3")


@pytest.fixture(scope="module")
def done(run, table) -> tuple[Result, Path]:
    """Return the printed result, and the output folder."""
    out = table.parent / "search" / "deep"
    result = run("search", table, "--target", "buys", "--out", out, *SMALL)
    assert result.exit_code == 0
    return result, out


def trials_of(out: Path) -> list[dict[str, str]]:
    """Return the trials with networks, without the first one, the defaults."""
    defaults, *trials = rows_of(out / "trials.csv")
    assert (defaults["trial"], defaults["choice"], defaults["hidden"]) == ("1", "defaults", "")
    return trials


def kind_of(row: dict[str, str], n_rows: int, epochs: int, task: str = "classification"):
    """Return the encoder and the parameters of the network of a trial."""
    kind = network_kinds(n_rows, 6, 2, classifies=task == "classification")[row["kind"]]
    own = {"hidden_layer_sizes": tuple(map(int, row["hidden"].split(","))), "max_iter": epochs}
    own |= {name: float(row[name]) for name in ("weight_decay", "dropout")}
    encoder = TableEncoder(dtype=np.float32, task=task, **kind.encoding)
    return encoder, {**kind.parameters, **own, "learning_rate_init": float(row["step_size"])}


def said(result: Result) -> str:
    return " ".join(result.stdout.split())


def test_search_prints_steps_and_scores(done):
    for text in (
        "people.csv: 80 rows, 3 columns and the target.",
        "Rows: divided into 3 folds with the classes in the same proportions; each model is trained on 52 to 53",
        "Search: the defaults, a table model with preset 'standard', as trial 1, and 4 single networks drawn at random",
        "around the recipes of the table models: of the kinds pieces, waves and numbers, with one or two hidden layers",
        "Defaults and 4 networks, mean +- standard error over 3 folds",
        "Models in the same 3 folds, mean +- standard error",
        "The best of 4 was chosen for its score, which is therefore a little better than on new rows.",
        "Folds share training rows: all these errors are approximate.",
        "Trained on all 79 rows: a network of ",
        "Written:",
    ):
        assert text in said(done[0])
    # The chosen network, trained on all rows, has no validation rows: no advice about its epochs.
    assert done[0].stderr.splitlines() == ["note: 1 row without a target dropped, the first is data row 7"]


def test_output_without_a_terminal_is_plain(done):
    lines = [line for line in done[0].stdout.splitlines() if not re.match(r"  (multilayer |MLP|/)", line)]
    assert done[0].stdout.isascii()
    assert not {"\x1b", "\r"} & set(done[0].stdout)
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]


def data_of(table: Path, target: str):
    features, column = split_target(read_table(table), target)
    info = encode_target(column, drop_gaps=True)
    return features.take(info.rows), info.y


def loss(y, probabilities) -> float:
    exact = probabilities.astype(float)
    return log_loss(y, exact / exact.sum(axis=1, keepdims=True))


def test_trial_scores_equal_those_of_a_loop_over_the_folds(done, table):
    features, y = data_of(table, "buys")
    folds = list(StratifiedKFold(3, shuffle=True, random_state=3).split(y, y))
    trials = trials_of(done[1])
    assert sorted(int(row["trial"]) for row in trials) == [2, 3, 4, 5]
    for row in trials:
        encoder, parameters = kind_of(row, 52, 12)
        network = MLPClassifier(**parameters, random_state=3)
        scores = []
        for train, test in folds:
            model = make_pipeline(encoder, network)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(features.take(train), y[train])
            scores.append(loss(y[test], model.predict_proba(features.take(test))))
        np.testing.assert_allclose([float(row[f"fold_{i}"]) for i in (1, 2, 3)], scores, rtol=1e-5)
        assert float(row["log_loss"]) == pytest.approx(np.mean(scores), rel=1e-5)
        assert float(row["standard_error"]) == pytest.approx(np.std(scores, ddof=1) / math.sqrt(3), rel=1e-4)
        assert int(row["weights"]) == model[-1].parameters_.size


def test_trials_are_sorted_by_score(done):
    trials = trials_of(done[1])
    scores = [float(row["log_loss"]) for row in trials]
    assert scores == sorted(scores)
    assert trials[0]["choice"] == "best"
    limit = scores[0] + float(trials[0]["standard_error"])
    simplest = next((row for row in trials if row["choice"] == "1 SE"), trials[0])
    as_good = [row for row in trials if float(row["log_loss"]) <= limit]
    assert int(simplest["weights"]) == min(int(row["weights"]) for row in as_good)
    table = re.findall(r"^([2-9]) +\w+ +[\d,]+ +[\d.e-]+ +[\d.e-]+ +[\d.]+ +(\S+) \+- ", done[0].stdout, re.MULTILINE)
    assert table == [(row["trial"], f"{float(row['log_loss']):.4f}") for row in trials]


def test_other_models_are_scored_on_the_same_folds(done, table):
    features, y = data_of(table, "buys")
    folds = StratifiedKFold(3, shuffle=True, random_state=3)
    linear = make_pipeline(TableEncoder(dtype=np.float32), LogisticRegression(max_iter=1000))
    parts = [(features.take(train), y[train], features.take(test), y[test]) for train, test in folds.split(y, y)]
    scores = [loss(b, linear.fit(X, a).predict_proba(X_test)) for X, a, X_test, b in parts]
    shares = [loss(b, np.tile([np.mean(a == "no"), np.mean(a == "yes")], (len(b), 1))) for _, a, _, b in parts]
    for name, expected in (("logistic regression", scores), ("majority class", shares)):
        line = re.search(rf"^{name} +(\S+) \+- (\S+)", done[0].stdout, re.MULTILINE)
        assert line is not None
        assert float(line[1]) == pytest.approx(np.mean(expected), abs=6e-5)
        assert float(line[2]) == pytest.approx(np.std(expected, ddof=1) / math.sqrt(3), abs=6e-5)


def test_all_files_are_written_and_listed(done):
    result, out = done
    names = {path.name for path in out.iterdir()}
    pictures = {"search.png", "step_size.png", "weight_decay.png", "dropout.png", "hidden.png", "cost.png"}
    assert names == {"model.safetensors", "settings.toml", "trials.csv", "report.html"} | pictures
    assert all(str(out / name) in result.stdout for name in names)
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in pictures)


def test_report_is_a_single_file(done):
    page = (done[1] / "report.html").read_text(encoding="utf-8")
    assert "http" not in re.sub(r"base64,[^\"]*", "", page).replace('http-equiv="Content-Security-Policy"', "")
    assert page.count("data:image/png;base64,") == 6
    for text in ("Best is trial", "Models in the same 3 folds", "Nadeau and Bengio", "multilayer cv", "loguniform"):
        assert text in page


def python_of(out: Path, tmp_path: Path) -> str:
    """Return the last of the two pieces of code in a report."""
    page = (out / "report.html").read_text(encoding="utf-8")
    (tmp_path / "report.html").write_text(page[page.rindex("<pre>") :], encoding="utf-8")
    return code_of(tmp_path)


def test_code_in_the_report_gives_the_same_result(done, tmp_path, capsys):
    best = trials_of(done[1])[0]
    mean, error = run_code(python_of(done[1], tmp_path), capsys)
    assert -mean == pytest.approx(float(best["log_loss"]), rel=1e-5)
    assert error == pytest.approx(float(best["standard_error"]), rel=1e-4)


def test_suggested_commands_run_and_give_similar_scores(run, done):
    best = trials_of(done[1])[0]
    for kind in ("cv", "train"):
        line = re.search(rf"^  multilayer ({kind} .*)$", done[0].stdout, re.MULTILINE)
        assert line is not None
        words = shlex.split(line[1])
        assert words[-2:] == ["--seed", "4"]  # other folds than those of the choice
        result = run(*words[:-1], "3")
        assert result.exit_code == 0
        if kind == "cv":
            mean = re.search(r"^log-loss +(\S+) \+-", result.stdout, re.MULTILINE)
            assert mean is not None
            assert float(mean[1]) == pytest.approx(float(best["log_loss"]), abs=2e-3)


def test_quiet_prints_only_scores_which_do_not_depend_on_jobs(run, table, done):
    options = ("search", table, "--target", "buys", "--quiet", *SMALL)
    result = run(*options, "--jobs", "1")
    assert result.stdout.startswith("Defaults and 4 networks, mean +- standard error over 3 folds\n")
    assert result.stdout.rstrip().splitlines()[-1].startswith("majority class")
    assert result.stdout.rstrip() in done[0].stdout
    assert run(*options[:-2], "--seed", "1").stdout != result.stdout


def test_halving_is_used_where_there_are_enough_rows(run, tmp_path, capsys):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(700, 2)).round(3)
    lines = ["a,b,y", *(f"{a},{b},{'no' if a * b + rng.normal(0, 0.3) > 0 else 'yes'}" for a, b in X)]
    path, out = write(tmp_path / "t.csv", lines), tmp_path / "out"
    options = ("--target", "y", "--trials", "5", "--folds", "2", "--epochs", "360", "--out", out)
    result = run("search", path, *options)
    assert result.exit_code == 0
    assert "Each is trained for up to 360 epochs, the less promising ones for fewer; those trained furthest" in said(
        result
    )
    trials = trials_of(out)
    # 350 rows give two updates per epoch, and 300 updates are the minimum for a first comparison.
    rungs = [row["rung"] for row in trials]
    assert rungs == sorted(rungs, reverse=True)
    assert set(rungs) == {"1", "2"}
    assert max(int(row["epochs"]) for row in trials if row["rung"] == "1") <= 150
    mean, _ = run_code(python_of(out, tmp_path), capsys)
    assert -mean == pytest.approx(float(trials[0]["log_loss"]), rel=1e-5)
    whole = run("search", path, *options[:-4], "--epochs", "6", "--no-halving")
    assert "Each is trained for up to 6 epochs." in said(whole)


def test_simplest_network_is_trained_with_the_option(run, tmp_path):
    rng = np.random.RandomState(0)
    lines = [
        "a,b,y",
        *(f"{a:.3f},{b:.3f},{'no' if a + rng.normal() > 0 else 'yes'}" for a, b in rng.normal(size=(90, 2))),
    ]
    table = write(tmp_path / "t.csv", lines)
    result = run(
        "search", table, "--target", "y", "--simplest", "--trials", "8", "--epochs", "60", "--folds", "3", "--seed", "1"
    )
    assert result.exit_code == 0
    chosen = re.search(r"^\d+ +\w+ +(\S+) .* 1 SE$", result.stdout, re.MULTILINE)
    assert chosen is not None
    assert "is the simplest" in said(result)
    assert "it was chosen." in said(result)
    assert f" --hidden {chosen[1]} " in result.stdout
    assert re.search(rf"a network of \d+ - {chosen[1].replace(',', ' - ')} - 1 units", said(result))


@pytest.fixture(scope="module")
def houses(run, houses_table) -> tuple[Result, Path, Path]:
    path, out = houses_table, houses_table.parent / "search"
    options = ("--trials", "6", "--epochs", "150", "--folds", "3", "--out", out)
    return run("search", path, "--target", "price", *options), path, out


class TestAmounts:
    def test_best_trial_has_the_error_of_a_loop_over_the_folds(self, houses):
        result, path, out = houses
        assert result.exit_code == 0
        best = trials_of(out)[0]
        features, y = data_of(path, "price")
        encoder, parameters = kind_of(best, 80, 150, "regression")
        network = MLPRegressor(**parameters, random_state=0, standardize_targets=True)
        for i, (train, test) in enumerate(KFold(3, shuffle=True, random_state=0).split(y), start=1):
            model = make_pipeline(encoder, network)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                predicted = model.fit(features.take(train), y[train]).predict(features.take(test))
            assert float(best[f"fold_{i}"]) == pytest.approx(root_mean_squared_error(y[test], predicted), rel=0.02)

    def test_a_better_network_is_reported(self, houses):
        assert re.search(r"its RMSE is \S+ \+- \S+ lower than that of the defaults", said(houses[0]))
        assert "the model is better by more than chance explains." in said(houses[0])
        assert re.search(
            r"^  MLPRegressor\(.*max_iter=150, .*, standardize_targets=True\)$", houses[0].stdout, re.MULTILINE
        )

    def test_code_in_the_report_gives_the_same_result(self, houses, tmp_path, capsys):
        mean, _ = run_code(python_of(houses[2], tmp_path), capsys)
        assert -mean == pytest.approx(float(trials_of(houses[2])[0]["rmse"]), rel=0.02)


def test_groups_stay_together(run, tmp_path, capsys):
    head, *rows = lines_of_people()
    path = write(tmp_path / "t.csv", [f"who,{head}", *(f"{'abcdefgh'[i % 8]},{row}" for i, row in enumerate(rows))])
    out = tmp_path / "out"
    result = run("search", path, "--target", "buys", "--group", "who", "--out", out, *SMALL)
    assert result.exit_code == 0
    assert "divided into 3 folds that keep 8 groups together" in said(result)
    best = trials_of(out)[0]
    assert -run_code(python_of(out, tmp_path), capsys)[0] == pytest.approx(float(best["log_loss"]), rel=1e-5)
    for kind, option in (("cv", "--group who"), ("train", "--group who")):
        assert re.search(rf"^  multilayer {kind} .* {option} ", result.stdout, re.MULTILINE)


def test_a_class_missing_from_some_test_folds_is_supported(run, tmp_path, capsys):
    lines = ["x,y", *(f"{i},{'ab'[i % 2]}" for i in range(60)), "7,few", "8,few"]
    out = tmp_path / "out"
    result = run("search", write(tmp_path / "t.csv", lines), "--target", "y", "--out", out, *SMALL)
    assert result.exit_code == 0
    best = trials_of(out)[0]
    assert -run_code(python_of(out, tmp_path), capsys)[0] == pytest.approx(float(best["log_loss"]), rel=1e-5)


def test_optuna_is_reproducible(run, table):
    pytest.importorskip("optuna")
    options = ("search", table, "--target", "buys", "--sampler", "optuna", *SMALL)
    first, second = run(*options), run(*options)
    assert first.exit_code == 0
    assert "and 4 single networks proposed by Optuna, around" in said(first)
    outputs = [re.sub(r"in [\d.]+ seconds?", "in some seconds", result.stdout) for result in (first, second)]
    assert outputs[0] == outputs[1]


class TestJournal:
    def test_a_journal_resumes_a_search(self, run, table, tmp_path):
        journal = tmp_path / "journal"
        options = ("search", table, "--target", "buys", *SMALL)
        first = run(*options, "--journal", journal)
        lines = journal.read_text().splitlines()
        assert len(lines) == 1 + 4 * 3
        journal.write_text("\n".join(lines[:6]) + "\n")
        again = run(*options, "--journal", journal)
        told = f"{journal} holds 5 results: the search resumes from there."
        assert "".join(told.split()) in "".join(again.stdout.split())
        assert sorted(map(place, journal.read_text().splitlines()[1:])) == sorted(map(place, lines[1:]))
        tables = [result.stdout[result.stdout.index("Defaults and 4 networks,") :] for result in (first, again)]
        assert tables[0] == tables[1] == run(*options).stdout[-len(tables[0]) :]


def place(line: str) -> tuple[str, int, int, float]:
    entry = json.loads(line)
    return entry["candidate"], entry["fold"], entry["to"], entry["score"]


def test_failed_trials_are_reported_in_a_note(run, table, monkeypatch):
    fail_for(monkeypatch, lambda network: network.learning_rate_init > 0.003)
    out = table.parent / "failed"
    result = run("search", table, "--target", "buys", "--out", out, *SMALL, "--trials", "8")
    assert result.exit_code == 0
    failed = [row for row in trials_of(out) if row["error"]]
    assert 0 < len(failed) < 8
    assert all(float(row["step_size"]) > 0.003 and row["log_loss"] == "" for row in failed)
    assert (
        f"note: {len(failed)} of 8 networks failed, the first: DivergenceError: the cost is nan in epoch 3.\n"
        in result.stderr
    )
    assert len(re.findall(r" failed$", result.stdout, re.MULTILINE)) == len(failed)


def fail_for(monkeypatch, is_bad) -> None:
    """Make networks diverge for which the function returns True."""
    from multilayer.exceptions import DivergenceError

    begin = MLPClassifier._begin

    def begin_or_fail(self, *args, **options):
        if is_bad(self):
            raise DivergenceError("the cost is nan in epoch 3.", "Use a smaller learning_rate_init.")
        return begin(self, *args, **options)

    monkeypatch.setattr(MLPClassifier, "_begin", begin_or_fail)


def test_an_error_is_reported_if_all_trials_fail(run, table, monkeypatch):
    fail_for(monkeypatch, lambda _: True)
    result = run("search", table, "--target", "buys", *SMALL)
    assert result.exit_code == 2
    line = result.stderr.splitlines()[-1]
    assert line.endswith("people.csv: all 4 networks failed, the first: the cost is nan in epoch 3.")


@pytest.fixture
def ctrl_c(monkeypatch):
    """Simulate Ctrl-C when the given number of trials has a score."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    scored = []

    def press_after(n: int) -> None:
        call = SearchProgress.__call__

        def count(self, event):
            call(self, event)
            scored.append(event)
            if len(scored) == n:
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(SearchProgress, "__call__", count)

    yield press_after
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_reports_the_finished_trials(run, table, ctrl_c, tmp_path, monkeypatch):
    monkeypatch.setattr("multilayer.cli.evaluation.search.chosen_trial", lambda found, *_: found.best)
    ctrl_c(2)
    out, journal = table.parent / "interrupted", tmp_path / "journal"
    options = ("--trials", "200", "--epochs", "3", "--jobs", "1", "--journal", journal)
    result = run("search", table, "--target", "buys", "--out", out, *options)
    assert result.exit_code == 130
    n = len(trials_of(out))
    assert n < 200
    assert (
        f"note: interrupted: {n} of 200 networks have a score, {n} of them were trained to the end; the same command "
        "resumes from here\n"
    ) in result.stderr
    assert "the search was interrupted" not in result.stderr
    assert "note: the chosen network was not trained on all rows\n" in result.stderr
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "note: interrupted:" in page.lower()
    assert "The chosen model" not in page
    assert not (out / "cost.png").exists()


def test_ctrl_c_before_a_trial_has_a_score_ends_the_command(run, table, monkeypatch):
    fit = LogisticRegression.fit

    def fit_and_press(self, *args, **options):
        signal.raise_signal(signal.SIGINT)
        return fit(self, *args, **options)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(LogisticRegression, "fit", fit_and_press)
    try:
        result = run("search", table, "--target", "buys", "--jobs", "1", *SMALL)
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.exit_code == 130
    assert result.stderr.endswith("multilayer: interrupted.\n")


def test_candidates_are_in_the_space_stated_in_the_help(run, done):
    text = " ".join(run("search", "--help").stdout.split())
    assert "one or two hidden layers of 64, 128 or 256 units, step sizes within a factor of 4 of the recipe's" in text
    assert "weight decay within a factor of 10 (both drawn on a logarithmic scale) and dropout up to twice" in text
    assert "weight decay within a factor of 10, and dropout up to twice the recipe's (at most 0.6)" in said(done[0])
    for row in trials_of(done[1]):
        recipe = network_kinds(52, 6, 2, classifies=True)[row["kind"]].parameters
        step, decay = recipe["learning_rate_init"], recipe["weight_decay"]
        assert set(row["hidden"].split(",")) <= {"64", "128", "256"}
        assert step / 4 <= float(row["step_size"]) <= step * 4
        assert decay / 10 <= float(row["weight_decay"]) <= decay * 10
        assert 0 <= float(row["dropout"]) <= min(2 * recipe["dropout"], 0.6)
