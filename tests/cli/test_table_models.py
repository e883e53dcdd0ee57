"""Table models, the default of ``train``, ``cv`` and ``search``."""

from __future__ import annotations

import csv
import html
import re
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from sklearn.metrics import log_loss, r2_score

from multilayer.cli.evaluation.search import SearchProgress
from multilayer.cli.progress import Watch

from .conftest import lines_of_people, write

PEOPLE = ("--target", "buys", "--preset", "quick")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def said(result: Result) -> str:
    return " ".join(result.stdout.split())


def page_of(out: Path) -> str:
    return (out / "report.html").read_text(encoding="utf-8")


def run_code(out: Path, capsys) -> list[float]:
    code = re.findall(r"<pre><code>(.*?)</code></pre>", page_of(out), re.DOTALL)[-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(html.unescape(code), "report", "exec"), {})
    return [float(number) for number in capsys.readouterr().out.split()]


@pytest.fixture(scope="module")
def visits(tmp_path_factory) -> Path:
    """People with a group of ten, a name, and the day of their visit, latest first."""
    head, *rows = lines_of_people(120)
    lines = [f"who,name,day,{head}"]
    lines += [
        f"{'abcdefghij'[i % 10]},n{i:03},2024-{1 + (119 - i) // 28:02}-{1 + (119 - i) % 28:02},{row}"
        for i, row in enumerate(rows)
    ]
    return write(tmp_path_factory.mktemp("visits") / "visits.csv", lines)


@pytest.fixture(scope="module")
def trained(run, visits) -> tuple[Result, Path]:
    out = visits.parent / "train"
    options = ("--ignore", "who", "--ignore", "day", "--id", "name", "--out", out)
    result = run("train", visits, "--target", "buys", *options)
    assert result.exit_code == 0
    return result, out


class TestTrain:
    def test_the_answer_and_all_models_are_printed(self, trained):
        text = said(trained[0])
        for words in (
            "Trained a table model of 10 networks in 5 folds, with the weights ",
            "logistic gradient-boosted majority score network regression trees class",
            "Out-of-fold scores of the training rows name log-loss network better by",
            "The network is right on ",
            "of the test rows, logistic regression on ",
            "gradient-boosted trees on",
            "In the folds of the training rows: ",
            "Most important: income",
        ):
            assert words in text
        assert trained[0].stdout.isascii()
        assert max(len(line) for line in trained[0].stdout.splitlines() if str(trained[1]) not in line) <= 80
        assert "with_trees=True" not in text

    def test_scores_are_those_of_the_predictions_which_are_named(self, trained, visits):
        rows, predictions = rows_of(visits), rows_of(trained[1] / "predictions.csv")
        assert list(predictions[0])[:3] == ["row", "name", "actual"]
        assert len(predictions) == 24
        for each in predictions:
            row = rows[int(each["row"]) - 1]
            assert (each["name"], each["actual"]) == (row["name"], row["buys"])
        actual = [each["actual"] for each in predictions]
        chances = np.array([float(each["p(yes)"]) for each in predictions])
        loss = log_loss(actual, np.column_stack([1 - chances, chances]))
        line = re.search(r"^log-loss +([\d.]+) ", trained[0].stdout, re.MULTILINE)
        assert line is not None
        assert float(line[1]) == pytest.approx(loss, abs=6e-4)

    def test_the_answer_comes_first_and_the_columns_last(self, trained):
        text = said(trained[0])
        order = (
            "The network is right on",
            "Most important:",
            "Scores on",
            "Out-of-fold scores",
            "Each class",
            "Columns",
        )
        places = [text.index(words) for words in order]
        assert places == sorted(places)

    def test_report_opens_with_the_answer_and_folds_the_columns(self, trained):
        page = page_of(trained[1])
        assert re.search(r'<p class="lead">The network is right on [\d.]+% of the test rows', page)
        headings = re.findall(r"<h2>(.*?)</h2>", page)
        columns = "Columns: 3 of 3 are used"
        assert headings == [
            "Scores",
            "Which columns matter",
            "Predictions, each by a model that has not seen the row",
            "Why rows have their predictions",
            "Training",
            "Data",
            columns,
            "The same in Python",
        ]
        assert f"<details>\n<summary><h2>{columns}</h2></summary>" in page
        assert {path.stem for path in trained[1].glob("*.png")} == {
            "importance",
            "calibration",
            "confusion",
            "roc",
            "largest_error",
            "typical_error",
            "cost",
        }
        assert "Most important: income" in page

    def test_the_rows_of_the_largest_and_of_a_typical_error_are_explained(self, trained):
        predictions = rows_of(trained[1] / "predictions.csv")
        losses = [-np.log(float(row[f"p({row['actual']})"])) for row in predictions]
        order = np.argsort(losses, kind="stable")
        page = html.unescape(page_of(trained[1]))
        for at, words in ((-1, "the test row with the largest error"), (11, "a typical test row, whose error is the")):
            row = predictions[order[at]]
            share = max(float(row["p(no)"]), float(row["p(yes)"]))
            caption = re.search(rf"<figcaption>{row['name']}, {words}.*</figcaption>", page)
            assert caption is not None
            assert (
                f"predicted {row['predicted']} with a probability of {share:.1%}, actually {row['actual']}."
                in caption[0]
            )

    def test_the_answer_is_three_paragraphs(self, trained):
        lead = re.findall(r'<p class="lead">(.*?)</p>', page_of(trained[1]))
        assert [text.split()[0] for text in lead][::2] == ["The", "Most"]
        assert "In the folds of the training rows: " in lead[1]
        assert "linear model" not in lead[1]

    def test_code_in_the_report_reproduces_the_score(self, trained, capsys):
        assert "TableClassifier(preset=" in page_of(trained[1])
        (score,) = run_code(trained[1], capsys)
        predictions = rows_of(trained[1] / "predictions.csv")
        assert score == pytest.approx(np.mean([each["actual"] == each["predicted"] for each in predictions]))

    def test_amounts_are_predicted_in_their_units(self, run, houses_table, capsys, tmp_path):
        out = tmp_path / "out"
        result = run("train", houses_table, "--target", "price", "--preset", "quick", "--with-trees", "--out", out)
        assert result.exit_code == 0
        assert "Trained a table model of 1 network, with the weights " in said(result)
        predictions = rows_of(out / "predictions.csv")
        actual, predicted = ([float(each[name]) for each in predictions] for name in ("actual", "predicted"))
        assert run_code(out, capsys)[0] == pytest.approx(r2_score(actual, predicted), abs=1e-4)
        assert "TableRegressor(preset=&#x27;quick&#x27;, with_trees=True, random_state=0)" in page_of(out)

    def test_equal_seeds_give_equal_scores(self, run, people):
        first, second, other = (run("train", people, *PEOPLE, "--quiet", "--seed", seed) for seed in (1, 1, 2))
        outputs = [re.sub(r"in [\d.]+ seconds?", "in some seconds", each.stdout) for each in (first, second, other)]
        assert outputs[0] == outputs[1] != outputs[2]

    def test_several_classes_have_a_calibration_too(self, run, tmp_path):
        lines = ["x,y", *(f"{i},{'abc'[i % 3]}" for i in range(60))]
        out = tmp_path / "out"
        result = run("train", write(tmp_path / "t.csv", lines), "--target", "y", "--preset", "quick", "--out", out)
        assert result.exit_code == 0
        pictures = {"importance", "calibration", "confusion", "largest_error", "typical_error", "cost"}
        assert {path.stem for path in out.glob("*.png")} == pictures

    def test_ctrl_c_keeps_the_complete_folds(self, run, visits, ctrl_c):
        ctrl_c(11)
        result = run("train", visits, "--target", "buys", "--out", visits.parent / "interrupted")
        assert result.exit_code == 130
        assert re.search(
            r"note: interrupted: the scores are those of its \d networks? that (is|are) done\n", result.stderr
        )
        assert "Scores on 24 test rows" in result.stdout
        found = re.search(r"^Out-of-fold scores of the training rows, ([1-4]) of 5 folds$", result.stdout, re.MULTILINE)
        assert found is not None
        assert len(re.findall("of 5 folds", said(result))) == 1
        assert len(re.findall("of 5 folds", page_of(visits.parent / "interrupted"))) == 1
        assert not list((visits.parent / "interrupted").glob("largest_error.png"))

    def test_ctrl_c_before_any_fold_is_complete_ends_the_command(self, run, visits, ctrl_c):
        ctrl_c(1)
        result = run("train", visits, "--target", "buys")
        assert (result.exit_code, result.stderr.splitlines()[-1]) == (130, "multilayer: interrupted.")


@pytest.fixture
def ctrl_c(monkeypatch):
    """Simulate Ctrl-C when the given number of networks and other models has ended, of which one works at a time."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    ended = []

    def press_after(n: int) -> None:
        monkeypatch.setattr("multilayer.engines.threads._n_cores", lambda: 1)
        call = Watch.network_ended

        def count(self, event):
            call(self, event)
            ended.append(event)
            if len(ended) == n:
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(Watch, "network_ended", count)

    yield press_after
    signal.signal(signal.SIGINT, before)


class TestTestRows:
    def test_rows_of_another_file_are_tested(self, run, visits, tmp_path, capsys):
        head, *rows = visits.read_text(encoding="utf-8").splitlines()
        names = head.split(",")
        old = write(tmp_path / "old.csv", [head, *rows[:90]])
        # Other columns in another order, and one that is not used.
        order = [5, 6, 1, 4, 3]
        new = [[*(row.split(",")[i] for i in order), "7"] for row in rows[90:]]
        new[3][order.index(6)] = ""
        test = write(tmp_path / "new.csv", [",".join([*(names[i] for i in order), "extra"]), *map(",".join, new)])
        out = tmp_path / "out"
        options = ("--id", "name", "--ignore", "who", "--ignore", "day", "--test", test, "--out", out)
        result = run("train", old, *PEOPLE, *options)
        assert result.exit_code == 0
        assert "old.csv: 90 rows, 3 columns and the target. new.csv: 30 rows to test on." in said(result)
        assert "90 rows to train on, 29 to test on, those of new.csv." in said(result)
        assert "note: new.csv: 1 column that old.csv does not have is not used: 'extra'\n" in result.stderr
        predictions = rows_of(out / "predictions.csv")
        assert [int(each["row"]) for each in predictions] == [i for i in range(1, 31) if i != 4]
        assert predictions[0]["name"] == "n090"
        share = np.mean([each["actual"] == each["predicted"] for each in predictions])
        assert run_code(out, capsys) == [pytest.approx(share)]

    @pytest.mark.parametrize(
        ("lines", "text"),
        [
            (
                ["n,w", "1,x"],
                "t.csv: the target 'y' is no column of --test {test}. It is needed for the scores: add it.",
            ),
            (["n,y", "1,a"], "t.csv: column 'w' is no column of --test {test}. Add it there, or leave it out of both"),
            (
                ["n,w,y", "one,x,a", "two,y,a"],
                "t.csv: column 'n' holds text in --test {test}, and numbers here. Write both",
            ),
            (["n,w,y", "1,x,"], "t.csv: --test {test} has no row with a target 'y'. Fill the column."),
            ([], "test.csv: is empty. Column names and rows are needed."),
        ],
    )
    def test_unusable_test_files_are_one_line_errors(self, run, tmp_path, lines, text):
        path, test = table(tmp_path), write(tmp_path / "test.csv", lines)
        error = one_line_of(run("train", path, "--target", "y", "--test", test))
        assert text.format(test=test) in error

    def test_a_class_that_only_the_test_rows_have_is_noted(self, run, tmp_path):
        test = write(tmp_path / "test.csv", ["n,w,y", "1,x,a", "2,y,new"])
        result = run("train", table(tmp_path), "--target", "y", "--preset", "quick", "--test", test)
        assert result.exit_code == 0
        assert (
            "note: class 'new' is tested without having trained on it: the log-loss is large there\n" in result.stderr
        )

    def test_a_missing_id_column_is_an_error(self, run, tmp_path):
        test = write(tmp_path / "test.csv", ["n,y", "1,a"])
        error = one_line_of(run("train", table(tmp_path), "--target", "y", "--id", "w", "--test", test))
        assert f"the id column 'w' is no column of --test {test}. Add it, or omit --id." in error


class TestGroups:
    def test_groups_stay_in_one_part(self, run, visits, tmp_path, capsys):
        out = tmp_path / "out"
        result = run("train", visits, *PEOPLE, "--group", "who", "--out", out)
        assert result.exit_code == 0
        assert "96 rows to train on, 24 to test on, of other groups of 'who'." in said(result)
        rows = rows_of(visits)
        tested = {rows[int(each["row"]) - 1]["who"] for each in rows_of(out / "predictions.csv")}
        assert len(tested) == 2
        assert not re.search(r"^who ", result.stdout, re.MULTILINE)
        predictions = rows_of(out / "predictions.csv")
        share = np.mean([each["actual"] == each["predicted"] for each in predictions])
        assert run_code(out, capsys) == [pytest.approx(share)]

    def test_folds_of_the_model_keep_groups_together(self, run, visits, monkeypatch):
        from multilayer import TableClassifier

        seen, fit = [], TableClassifier.fit

        def watched(self, X, y, **options):
            seen.append(options["groups"])
            return fit(self, X, y, **options)

        monkeypatch.setattr(TableClassifier, "fit", watched)
        assert run("cv", visits, *PEOPLE, "--group", "who", "--folds", "2").exit_code == 0
        assert [len(set(groups)) for groups in seen] == [5, 5]

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ("--group g", "4 groups of 'g' to train on: a table model needs 5 for its folds. Omit --group, or train a"),
            ("--group w --test-fraction 0.9", "--test-fraction 0.9 of 3 groups of 'w' leaves no group to train on."),
            ("--group one", "the group column 'one' holds 1 group, fewer than the 2 that a split needs. Add rows of"),
            ("--group by", "t.csv: with the groups of 'by' kept together, the part to train on has only class"),
            (
                "--group gap",
                "the group column 'gap' has 1 gap, the first in data row 1. Fill them: each row needs a group",
            ),
        ],
    )
    def test_unusable_groups_are_one_line_errors(self, run, tmp_path, options, text):
        lines = ["n,w,g,one,by,gap,y"]
        lines += [f"{i},{'xyz'[i % 3]},{i % 5},1,{'ab'[i % 2]},{i or ''},{'ab'[i % 2]}" for i in range(40)]
        path = write(tmp_path / "t.csv", lines)
        assert text in one_line_of(run("train", path, "--target", "y", *options.split()))


class TestTime:
    def test_the_last_rows_are_tested(self, run, visits, tmp_path, capsys):
        out = tmp_path / "out"
        result = run("train", visits, *PEOPLE, "--time-column", "day", "--ignore", "who", "--out", out)
        assert result.exit_code == 0
        assert "96 rows to train on, 24 to test on, the last by 'day'." in said(result)
        predictions = rows_of(out / "predictions.csv")
        assert [int(each["row"]) for each in predictions] == list(range(24, 0, -1))
        assert "cv=TimeSeriesSplit(5)" in page_of(out)
        share = np.mean([each["actual"] == each["predicted"] for each in predictions])
        assert run_code(out, capsys) == [pytest.approx(share)]

    @pytest.mark.parametrize("options", [("--preset", "quick"), ("--hidden", "4", "--epochs", "2")])
    def test_each_fold_is_tested_after_earlier_rows(self, run, visits, tmp_path, capsys, options):
        out = tmp_path / "out"
        columns = ("--target", "buys", "--time-column", "day", "--ignore", "day", "--ignore", "who", "--ignore", "name")
        result = run("cv", visits, *columns, "--folds", "3", "--out", out, *options)
        assert result.exit_code == 0
        assert "divided into 3 folds by 'day', each tested after training on all earlier rows" in said(result)
        assert not re.search(r"^day ", result.stdout, re.MULTILINE)
        assert sorted(int(each["row"]) for each in rows_of(out / "predictions.csv")) == list(range(1, 91))
        found = [float(row["accuracy"]) for row in rows_of(out / "folds.csv") if row["model"] == "network"]
        assert run_code(out, capsys)[0] == pytest.approx(np.mean(found))

    def test_the_time_of_day_and_test_rows_are_supported(self, run, tmp_path, capsys):
        lines = ["at,n,y", *(f"{23 - i % 24:02}:30:00,{i % 9},{'ab'[i * 7 % 11 % 2]}" for i in range(60))]
        path, test, out = write(tmp_path / "t.csv", lines), write(tmp_path / "test.csv", lines[:21]), tmp_path / "out"
        options = ("--target", "y", "--preset", "quick", "--time-column", "at", "--test", test, "--out", out)
        assert run("train", path, *options).exit_code == 0
        predictions = rows_of(out / "predictions.csv")
        assert sorted(int(each["row"]) for each in predictions) == list(range(1, 21))
        share = np.mean([each["actual"] == each["predicted"] for each in predictions])
        assert run_code(out, capsys) == [pytest.approx(share)]

    @pytest.mark.parametrize(
        ("command", "options", "text"),
        [
            ("train", "--time-column w", "the time column 'w' holds text, by which rows have no order in time."),
            (
                "train",
                "--time-column gap",
                "the time column 'gap' has 1 gap, the first in data row 1. Fill them: each row",
            ),
            ("train", "--time-column when", "unknown time column 'when'. Known: 'gap', 'n', 'w', 'y', 'z'."),
            (
                "train",
                "--time-column y",
                "'y' is the target, and cannot be the column of times too. Name another --time-",
            ),
            ("train", "--time-column n --group w", "--group and --time-column cannot be combined: one keeps groups"),
            ("train", "--time-column z", "in the order of 'z', the part to train on has only class 'a' to train on."),
            ("cv", "--time-column z", "in the order of 'z', a fold has only class 'a' to train on. Use fewer --folds"),
            ("cv", "--time-column n --repeats 2", "--repeats 2 divides the rows anew, and by --time-column they are"),
            (
                "cv",
                "--time-column n --folds 40",
                "40 rows cannot be divided into 40 folds and the rows before them. Use",
            ),
        ],
    )
    def test_mistakes_are_one_line_errors(self, run, tmp_path, command, options, text):
        lines = ["n,w,gap,z,y"]
        lines += [f"{i},{'xyz'[i % 3]},{i or ''},{i + 40 * (i % 8 == 7)},{'ab'[i % 8 == 7]}" for i in range(40)]
        path = write(tmp_path / "t.csv", lines)
        assert text in one_line_of(run(command, path, "--target", "y", *options.split()))


def table(folder: Path) -> Path:
    lines = ["n,w,y", *(f"{i % 9},{'xyz'[i % 3]},{'ab'[i * 7 % 11 % 2]}" for i in range(40))]
    return write(folder / "t.csv", lines)


def one_line_of(result: Result) -> str:
    *notes, error = result.stderr.splitlines()
    assert (result.exit_code, all(line.startswith("note: ") for line in notes)) == (2, True)
    return error


class TestMistakes:
    @pytest.mark.parametrize(
        ("command", "options", "text"),
        [
            ("train", "--preset fast", "--preset must be quick, standard or best, got 'fast'."),
            (
                "train",
                "--preset quick --hidden 8",
                "--hidden trains a single network, and --preset is an option of the",
            ),
            ("cv", "--with-trees --epochs 8", "--epochs trains a single network, and --with-trees is an option of the"),
            ("search", "--hidden 8", "unknown option '--hidden'."),
            ("train", "--id m", "t.csv: unknown id column 'm'. Known: 'n', 'w', 'y'."),
            ("train", "--id y", "t.csv: 'y' is the target, and cannot be the column of names too. Name another --id."),
            ("train", "--test no.csv", "no.csv: no such file."),
            (
                "train",
                "--test -",
                "--test must be the name of a file, got '-'. Write its name; standard input is for the table to",
            ),
            (
                "train",
                "--test t.csv --test-fraction 0.3",
                "--test names the rows to test on, and --test-fraction draws",
            ),
            ("cv", "--test t.csv", "unknown option '--test'."),
            ("search", "--test t.csv", "unknown option '--test'."),
            ("train", "--minutes 0", "--minutes must be a positive number, got 0. Omit it for no limit."),
        ],
    )
    def test_mistakes_are_one_line_errors(self, run, tmp_path, command, options, text):
        assert text in one_line_of(run(command, table(tmp_path), "--target", "y", *options.split()))

    @pytest.mark.parametrize("command", ["train", "cv", "search"])
    def test_too_few_rows_are_an_error(self, run, tmp_path, command):
        path = write(tmp_path / "t.csv", ["n,y", *(f"{i},{i / 7}" for i in range(9))])
        error = one_line_of(run(command, path, "--target", "y"))
        assert " rows to train on: a table model needs 10, because it validates its networks on a part" in error
        assert "train a single network: --hidden 64,64." in error

    @pytest.mark.parametrize("unit", ["e-250", "e298"])
    def test_tiny_and_huge_amounts_are_an_error(self, run, tmp_path, unit):
        path = write(tmp_path / "t.csv", ["x,y", *(f"{i},{i + 0.5}{unit}" for i in range(50))])
        error = one_line_of(run("train", path, "--target", "y"))
        assert "a table model needs amounts between 1e-100 and 1e+100. Write them in another unit, or train" in error


class TestCrossValidation:
    def test_all_models_stand_beside_the_network(self, run, visits, tmp_path, capsys):
        out = tmp_path / "out"
        options = ("--ignore", "who", "--ignore", "name", "--ignore", "day", "--folds", "3", "--seed", "2")
        result = run("cv", visits, *PEOPLE, *options, "--out", out)
        assert result.exit_code == 0
        assert max(len(line) for line in result.stdout.splitlines() if str(out) not in line) <= 80
        for words in (
            "Trained 3 table models of 1 network each, in ",
            "Scores over 3 folds, mean +- standard error logistic gradient-boosted score network regression trees",
            "minus model log-loss network better in",
            "gradient-boosted trees on",
        ):
            assert words in said(result)
        pictures = {"importance", "folds", "calibration", "confusion", "roc", "cost"}
        assert {path.stem for path in out.glob("*.png")} == pictures
        assert "Most important: income" in said(result)
        page = page_of(out)
        assert "<h2>Which columns matter</h2>" in page
        assert "The log-loss of each model in each fold." in page
        folds = rows_of(out / "folds.csv")
        assert all(float(row["fit_time"]) > 0 for row in folds[:3])
        assert [row["model"] for row in folds[::3]] == [
            "network",
            "logistic regression",
            "gradient-boosted trees",
            "majority class",
        ]
        scores = [float(row["accuracy"]) for row in folds[:3]]
        mean, error = run_code(out, capsys)
        assert mean == pytest.approx(np.mean(scores))
        assert error == pytest.approx(np.std(scores, ddof=1) / np.sqrt(3))

    def test_ctrl_c_scores_the_finished_folds(self, run, visits, ctrl_c):
        ctrl_c(6)  # in the second of three models of four members
        result = run("cv", visits, *PEOPLE, "--folds", "3")
        assert result.exit_code == 130
        assert "note: interrupted: the scores are those of 1 of 3 folds\n" in result.stderr
        assert "Models in the same 1 of 3 folds, mean" in result.stdout

    def test_a_failed_fold_is_reported_in_a_note(self, run, visits, monkeypatch):
        from multilayer import TableClassifier
        from multilayer.exceptions import DivergenceError

        fits, fit = [], TableClassifier.fit

        def fit_but_once(self, *args, **options):
            fits.append(self)
            if len(fits) == 2:
                raise DivergenceError("the cost is nan in epoch 3.", "Use a smaller learning_rate_init.")
            return fit(self, *args, **options)

        monkeypatch.setattr(TableClassifier, "fit", fit_but_once)
        result = run("cv", visits, *PEOPLE, "--folds", "3")
        assert result.exit_code == 0
        assert "note: the table model failed in fold 2, which is in no score: the cost is nan" in result.stderr
        assert "Scores over 2 of 3 folds" in result.stdout
        assert "Models in the same 2 of 3 folds, mean" in result.stdout
        assert "Only 2 of 3 folds were completed, so that the errors are rough." in said(result)


class TestSearch:
    OPTIONS = ("--trials", "2", "--epochs", "40", "--folds", "3", "--preset", "quick")

    def test_the_defaults_are_trial_1_and_the_result_is_never_worse(self, run, visits, tmp_path):
        columns = ("--ignore", "who", "--ignore", "name", "--ignore", "day")
        for seed in range(3):
            out = tmp_path / f"out{seed}"
            result = run("search", visits, "--target", "buys", *columns, *self.OPTIONS, "--seed", seed, "--out", out)
            assert result.exit_code == 0
            defaults, *trials = rows_of(out / "trials.csv")
            assert (defaults["trial"], defaults["choice"]) == ("1", "defaults")
            best = min(float(row["log_loss"]) for row in trials)
            number = re.search(r"Best is trial (\d)", said(result))
            assert number is not None
            is_first = best >= float(defaults["log_loss"])
            assert (number[1] == "1") == is_first
            assert ("TableClassifier(preset='quick', random_state=" in result.stdout) == is_first

    def test_defaults_that_are_best_are_chosen_with_their_commands(self, run, visits, tmp_path, monkeypatch):
        monkeypatch.setattr("multilayer.tables.models.recipes.n_epochs", lambda *_: 40)
        out = tmp_path / "out"
        options = ("--trials", "1", "--epochs", "1", "--folds", "3", "--with-trees", "--out", out)
        columns = ("--ignore", "who", "--ignore", "name", "--ignore", "day")
        result = run("search", visits, "--target", "buys", *columns, *options)
        assert result.exit_code == 0
        assert "Best is trial 1, the defaults: its log-loss is" in said(result)
        assert "Trial 1: a table model of " in said(result)
        assert "The best of the networks is trial 2, " in said(result)
        for kind in ("cv", "train"):
            assert re.search(rf"^  multilayer {kind} .* --preset standard --with-trees --seed 1$", result.stdout, re.M)
        assert "  TableClassifier(preset='standard', with_trees=True, random_state=0)\n" in result.stdout
        assert "The chosen model" in page_of(out)
        assert not (out / "cost.png").exists()

    def test_scores_of_the_defaults_are_those_of_a_model_with_the_same_folds(self, run, visits, tmp_path):
        from sklearn.model_selection import StratifiedKFold

        from multilayer import TableClassifier
        from multilayer.tables import encode_target, read_table, split_target

        out = tmp_path / "out"
        columns = ["who", "name", "day"]
        ignored = [word for name in columns for word in ("--ignore", name)]
        assert run("search", visits, "--target", "buys", *ignored, *self.OPTIONS, "--out", out).exit_code == 0
        features, column = split_target(read_table(visits).drop_columns(columns), "buys")
        y = encode_target(column).y
        folds = list(StratifiedKFold(3, shuffle=True, random_state=0).split(y, y))
        model = TableClassifier("quick", cv=folds, random_state=0).fit(features, y)
        defaults = rows_of(out / "trials.csv")[0]
        for number, (_, test) in enumerate(folds, start=1):
            chances = model.oof_proba_[test].astype(float)
            expected = log_loss(y[test], chances / chances.sum(axis=1, keepdims=True))
            assert float(defaults[f"fold_{number}"]) == pytest.approx(expected, rel=1e-6)

    def test_ctrl_c_in_trial_1_ends_the_command(self, run, visits, ctrl_c, monkeypatch):
        monkeypatch.setattr(SearchProgress, "__call__", None)
        ctrl_c(2)
        result = run("search", visits, "--target", "buys", *self.OPTIONS)
        assert (result.exit_code, result.stderr.splitlines()[-1]) == (130, "multilayer: interrupted.")


@pytest.mark.parametrize("command", ["train", "cv", "search"])
def test_time_limit_is_passed_to_the_model(run, people, monkeypatch, command):
    from multilayer import TableClassifier

    limits, fit = [], TableClassifier.fit

    def watched(self, *args, **options):
        limits.append(self.max_time)
        return fit(self, *args, **options)

    monkeypatch.setattr(TableClassifier, "fit", watched)
    more = ("--trials", "1", "--epochs", "1") if command == "search" else ()
    result = run(command, people, *PEOPLE, "--minutes", "2", *more)
    assert result.exit_code == 0
    assert all(0 < limit < 120 for limit in limits)


@pytest.mark.parametrize("kind", ["pieces", "waves", "numbers"])
def test_a_single_network_of_a_kind_is_trained_as_the_code_in_the_report(run, visits, tmp_path, capsys, kind):
    out = tmp_path / "out"
    columns = ("--ignore", "who", "--ignore", "name", "--ignore", "day")
    options = ("--kind", kind, "--hidden", "8", "--dropout", "0.25", "--epochs", "4", "--out", out)
    result = run("train", visits, "--target", "buys", *columns, *options)
    assert result.exit_code == 0
    assert re.search(r"Trained a network of \d+ - 8 - 1 units, [\d,]+ weights, for 4 epochs", said(result))
    weight_decay = 0.3 if kind == "waves" else 0.02
    assert f"Kind {kind}, weight decay {weight_decay}, step size" in page_of(out)
    assert "dropout=0.25" in page_of(out)
    assert not (out / "network.png").exists()
    predictions = rows_of(out / "predictions.csv")
    accuracy = np.mean([each["actual"] == each["predicted"] for each in predictions])
    assert run_code(out, capsys)[0] == pytest.approx(accuracy)


def test_a_model_with_trees_is_no_network(run, visits):
    columns = ("--ignore", "who", "--ignore", "name", "--ignore", "day")
    result = run("train", visits, *PEOPLE, *columns, "--with-trees")
    assert "The model is right on " in said(result)
    assert "The network is right on " not in said(result)
