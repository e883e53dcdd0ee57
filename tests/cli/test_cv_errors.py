"""``multilayer cv`` with invalid options and unusable data: one line on stderr, exit code 2."""

from __future__ import annotations

import pytest

ROWS = [f"{i % 9},{'xyz'[i % 3]},{i % 8},{'ab'[i * 7 % 11 % 2]}" for i in range(40)]
TABLE = ["n,w,g,y", *ROWS]


def one_line_of(result) -> str:
    assert result.exit_code == 2
    assert result.stderr.endswith("\n")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    return result.stderr


def cv(run, tmp_path, lines, options="--target y"):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n" if lines else "")
    return run("cv", path, *options.split())


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["n,y", "1,1.5", "2,2.5"], "t.csv: 2 rows cannot be divided into 5 folds. Use --folds 2."),
        (["n,y", "1,1.5", "2,2.5", "3,5.25"], "t.csv: 3 rows cannot be divided into 5 folds. Use --folds 3 or fewer."),
        (
            ["n,y", "1,a", "2,b"],
            "t.csv: no class has more than 1 row, fewer than 5 folds: each fold needs a class to train and test. "
            "Add rows.",
        ),
        (["n,y", *["1,a", "2,b"] * 3], "t.csv: no class has more than 3 rows, fewer than 5 folds:"),
        (["n,y", *["1,a", "2,b"] * 3], "Use --folds 3 or fewer."),
        (
            ["n,y", *["1,a", "1,b"] * 9],
            "t.csv: the table has no column that can be used. 'n': dropped: every value is",
        ),
        (
            ["n,y", *[f"{i},{'ab'[i % 2]}" for i in range(20)], "inf,a"],
            "t.csv: column 'n' holds infinity in data row 21.",
        ),
    ],
)
def test_unusable_tables_are_one_line_errors(run, tmp_path, lines, text):
    assert text in one_line_of(cv(run, tmp_path, lines))


def test_two_rows_in_two_folds_are_an_error(run, tmp_path):
    error = one_line_of(cv(run, tmp_path, ["n,y", "1,1.5", "2,2.5"], "--target y --folds 2"))
    assert "t.csv: a fold of 2 leaves 1 row to train on: two are needed. Add rows." in error


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("", "name the column to predict with --target. Its columns: 'n', 'w', 'g', 'y'."),
        ("--target y --folds 1", "--folds must be an integer from 2 to 2147483647, got 1."),
        ("--target y --folds two", "--folds must be an integer from 2 to 2147483647, got two."),
        ("--target y --repeats 0", "--repeats must be an integer from 1 to 2147483647, got 0."),
        ("--target y --jobs 0", "--jobs must be an integer from 1 to 2147483647, got 0."),
        ("--target y --folds 30", "t.csv: no class has more than 2"),
        ("--target y --ignore m", "t.csv: unknown column to ignore 'm'. Known: 'g', 'n', 'w', 'y'."),
        (
            "--target y --ignore y",
            "t.csv: 'y' is the target, and cannot be ignored. Name another --ignore or --target.",
        ),
        ("--target y --group G", "t.csv: unknown group column 'G'. Did you mean 'g'?"),
        ("--target y --group y", "t.csv: 'y' is the target, and cannot be the column of groups too. Name another"),
        (
            "--target y --group w",
            "t.csv: the group column 'w' holds 3 groups, fewer than 5 folds. Use --folds 3 or fewer.",
        ),
        ("--target y --activation relu,tanh,relu", "--activation must be one name or one for each of the 2 hidden"),
        ("--target y --step-size 1e300", "Use a smaller --step-size."),
        (
            "--target y --batch-size 33",
            "--batch-size 33 is larger than the 32 rows to train on. Pass at most 32, or omit it.",
        ),
        ("--target y --test-fraction 0.2", "unknown option '--test-fraction'."),
    ],
)
def test_invalid_options_are_one_line_errors(run, tmp_path, options, text):
    assert text in one_line_of(cv(run, tmp_path, TABLE, options))


def test_gaps_in_the_group_column_are_an_error(run, tmp_path):
    lines = list(TABLE)
    for i in (3, 9):
        n, w, _, y = lines[i].split(",")
        lines[i] = f"{n},{w},,{y}"
    error = one_line_of(cv(run, tmp_path, lines, "--target y --group g"))
    assert "t.csv: the group column 'g' has 2 gaps, the first in data row 3. Fill them: each row needs" in error


def test_gaps_in_the_group_column_of_rows_without_a_target_are_ignored(run, tmp_path):
    result = cv(run, tmp_path, [*TABLE, "1,x,,"], "--target y --group g --hidden 4 --epochs 1")
    assert result.exit_code == 0


def test_a_group_that_leaves_one_training_row_is_an_error(run, tmp_path):
    lines = ["n,g,y", *(f"{i},{'a' if i < 30 else 'b'},{i / 7}" for i in range(31))]
    error = one_line_of(cv(run, tmp_path, lines, "--target y --group g --folds 2"))
    assert "t.csv: a fold of 2 leaves 1 row to train on: two are needed." in error


def test_a_fold_with_a_single_training_class_is_an_error(run, tmp_path):
    lines = ["n,g,y", *(f"{i},{'abcd'[i % 4]},{'yes' if i % 4 == 0 else 'no'}" for i in range(40))]
    error = one_line_of(cv(run, tmp_path, lines, "--target y --group g --folds 3"))
    assert "t.csv: with the groups of 'g' kept together, a fold has only class 'no' to train on. Use another" in error
