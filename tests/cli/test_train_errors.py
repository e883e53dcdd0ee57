"""``multilayer train`` with invalid options and unusable data: one line on stderr, exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

ROWS = [f"{i % 9},{'xyz'[i % 3]},{'ab'[i * 7 % 11 % 2]}" for i in range(40)]
TABLE = ["n,w,y", *ROWS]


def one_line_of(result) -> str:
    assert result.exit_code == 2
    assert result.stderr.endswith("\n")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "t.csv: is empty. Column names and rows are needed."),
        (["n,w,y"], "t.csv: has column names but no rows below them."),
        (["n,w,z", *ROWS], "t.csv: the table has no target column 'y'. Its columns: 'n', 'w', 'z'."),
        (["n,w,Y", *ROWS], "Did you mean 'Y'?"),
        (["n,w,y", *["1,x,"] * 3], "t.csv: target 'y' has no value at all, all of its 3 rows are gaps."),
        (["n,w,y", "1,x,"], "t.csv: target 'y' has no value at all, its only row is a gap."),
        (["n,y", "1,a"], "t.csv: target 'y' holds one value only, 'a'"),
        (["n,y", "1,1.5", "2,2.5"], "t.csv: 2 rows cannot be split: amounts need two rows to train on and one"),
        (["n,y", "1,1e305", "2,2", "3,4e305"], "t.csv: the target reaches 4e+305: amounts beyond 1e+300 are too"),
        (["4,7", "5,9"], "t.csv: the table has no target column 'y'. Its columns: '4', '7'. These look like a row of "),
        (["n,y", "1,1.5", "2,"], "t.csv: target 'y' holds one value only, 1.5"),
        (["n,n,y", *ROWS], "t.csv: column names occur more than once: 'n' (columns 1 and 2)."),
        ([*TABLE, "1,x,a,9"], "t.csv: data row 41 has 4 fields, expected 3"),
        (["n,w,y", *ROWS[:2]], "t.csv: "),
        (["y", *"abab"], "t.csv: the table has no column but the target 'y'"),
        (["n,y", "1,a", "2,a"], "t.csv: target 'y' holds one value only, 'a'"),
        (["n,y", "1,a", "2,b"], "t.csv: 2 rows in 2 classes cannot be split"),
        (
            ["n,y", *["1,a", "1,b"] * 9],
            "t.csv: the table has no column that can be used. 'n': dropped: every value is 1.",
        ),
    ],
)
def test_unusable_tables_are_one_line_errors(run, tmp_path, lines, text):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n" if lines else "")
    assert text in one_line_of(run("train", path, "--target", "y"))


def test_equal_targets_in_all_training_rows_are_an_error(run, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("n,y\n" + "".join(f"{i},{2.5 if i == 26 else 2}\n" for i in range(60)))
    error = one_line_of(run("train", path, "--target", "y"))
    assert "t.csv: all 48 rows to train on have the target 2: there is nothing to learn from them." in error
    assert "Try another --seed" in error


def test_infinity_is_reported_with_its_row_in_the_file(run, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([*TABLE[:18], "inf,x,a", *TABLE[18:]]) + "\n")
    error = one_line_of(run("train", path, "--target", "y"))
    assert "t.csv: column 'n' holds infinity in data row 18." in error


@pytest.mark.parametrize(("name", "text"), [("", "is a directory"), ("no.csv", "no such file"), ("t.txt", "extension")])
def test_a_file_that_is_not_a_table_is_an_error(run, tmp_path, name, text):
    (tmp_path / "t.txt").write_text("It was the best of times")
    error = one_line_of(run("train", tmp_path / name, "--target", "y"))
    assert text in error
    assert str(tmp_path / name) in error


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("", "name the column to predict with --target. Its columns: 'n', 'w', 'y'."),
        ("--target y --hidden 0", "--hidden must be positive integers, got '0'. Write sizes such as 64,64"),
        ("--target y --hidden 5.5", "--hidden must be positive integers, got '5.5'."),
        ("--target y --hidden 8,", "--hidden must be positive integers, got ''."),
        ("--target y --activation sigmoyd", "unknown activation 'sigmoyd'. Did you mean 'sigmoid'?"),
        ("--target y --activation relu,tanh,relu", "--activation must be one name or one for each of the 2 hidden"),
        ("--target y --test-fraction 2", "--test-fraction must be a number between 0 and 1, got 2."),
        ("--target y --step-size -1", "--step-size must be a positive number, got -1."),
        ("--target y --step-size nan", "--step-size must be a positive number, got nan."),
        ("--target y --step-size 1e300", "Use a smaller --step-size."),
        ("--target y --epochs 0", "--epochs must be an integer from 1 to 2147483647, got 0."),
        (
            "--target y --batch-size 500",
            "--batch-size 500 is larger than the 32 rows to train on. Pass at most 32, or omit it.",
        ),
        ("--target y --ignore m", "t.csv: unknown column to ignore 'm'. Known: 'n', 'w', 'y'."),
        ("--target y --task guess", "--task must be auto, classification or regression, got 'guess'."),
        (
            "--target y --task regression",
            "t.csv: target 'y' holds text, regression needs numbers: 'a' in data row 1. Pass --task",
        ),
        ("--target y --preset", "--preset needs a value, got none. Write it behind --preset."),
        ("--target y --with-trees=3", "--with-trees takes no value. Write --with-trees alone."),
        ("--target y --decmal ,", "unknown option '--decmal'. Did you mean '--decimal'? See: multilayer train --help"),
        ("--target y --nosuch", "unknown option '--nosuch'. See:"),
    ],
)
def test_invalid_options_are_one_line_errors(run, tmp_path, options, text):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(TABLE) + "\n")
    assert text in one_line_of(run("train", path, *options.split()))


def test_advice_names_command_line_options(run, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["n,y", *[f"{i},{i / 7}" for i in range(40)]]) + "\n")
    assert "Pass --task regression" in one_line_of(run("train", path, "--target", "y", "--task", "classification"))


@pytest.mark.parametrize("command", ["train", "cv", "search"])
@pytest.mark.parametrize("out", ["t.csv", "t.csv/folder", ""])
def test_out_that_is_not_a_folder_is_an_error_before_the_table_is_read(run, tmp_path: Path, command, out, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("no table")
    assert "--out" in one_line_of(run(command, "t.csv", "--target", "y", "--out", out))
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
