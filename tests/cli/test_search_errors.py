"""``multilayer search`` with invalid options and unusable data: one line on stderr, exit code 2."""

from __future__ import annotations

import sys

import pytest

from .test_cv_errors import TABLE, one_line_of


def search(run, tmp_path, options, lines=TABLE):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    return run("search", path, *options.split())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("", "name the column to predict with --target. Its columns: 'n', 'w', 'g', 'y'."),
        ("--target z", "t.csv: the table has no target column 'z'."),
        ("--target y --trials 0", "--trials must be an integer from 1 to 2147483647, got 0."),
        ("--target y --minutes 0", "--minutes must be a positive number, got 0. Omit it for no limit."),
        ("--target y --minutes nan", "--minutes must be a positive number, got nan. Omit it for no limit."),
        ("--target y --sampler grid", "--sampler must be random or optuna, got 'grid'."),
        ("--target y --folds 30", "t.csv: no class has more than 2"),
        ("--target y --group w", "the group column 'w' holds 3 groups, fewer than 5 folds."),
        ("--target y --repeats 2", "unknown option '--repeats'."),
        ("--target y --alpha 1", "unknown option '--alpha'."),
        (
            "--target y --journal no/such/journal",
            "--journal must be a file that can be written, got no/such/journal: there is no folder",
        ),
        (
            "--target y --journal .",
            "--journal must be the name of a file, got the folder .. Write the name of a file in it.",
        ),
    ],
)
def test_invalid_options_are_one_line_errors(run, tmp_path, options, text):
    assert text in one_line_of(search(run, tmp_path, options))


def test_a_time_that_is_over_immediately_is_an_error(run, tmp_path):
    result = search(run, tmp_path, "--target y --minutes 1e-7")
    text = "the time was over before logistic regression was trained, with --minutes 1e-07. Increase --minutes."
    assert (result.exit_code, result.stderr) == (1, f"multilayer: {text}\n")


def test_a_file_that_is_not_a_journal_is_an_error(run, tmp_path):
    journal = tmp_path / "notes.txt"
    journal.write_text("bread\nmilk\n")
    error = one_line_of(search(run, tmp_path, f"--target y --journal {journal}"))
    assert f"{journal} is no journal of a search. Name another file; this one is not changed." in error
    assert journal.read_text() == "bread\nmilk\n"


def test_a_journal_of_another_search_is_an_error(run, tmp_path):
    journal = tmp_path / "journal"
    options = f"--target y --trials 1 --folds 2 --epochs 1 --journal {journal}"
    assert search(run, tmp_path, options).exit_code == 0
    error = one_line_of(search(run, tmp_path, f"{options} --seed 1"))
    assert f"{journal} is the journal of another search" in error
    assert "Call search with the same arguments, or name another file." in error


def test_a_missing_optuna_is_an_error(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    error = one_line_of(search(run, tmp_path, "--target y --sampler optuna"))
    assert "--sampler optuna needs Optuna" in error
