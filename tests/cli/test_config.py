"""``--config``: the options of a command in a TOML file, and the file that a run writes."""

from __future__ import annotations

import json
import tomllib

import pytest

SMALL = ("--hidden", "8", "--epochs", "3")


def networks(run, out):
    return json.loads(run("inspect", out / "model.safetensors", "--json").stdout)["networks"]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("train", ("--ignore", "age", "--ignore", "income", "--test-fraction", "0.4", *SMALL)),
        ("train", ("--preset", "quick", "--with-trees", "--seed", "3")),
        ("cv", ("--folds", "3", "--kind", "pieces", "--epochs", "2")),
        ("search", ("--trials", "2", "--folds", "2", "--epochs", "2", "--no-halving")),
    ],
)
def test_running_the_written_settings_again_gives_the_same_bits(run, table, tmp_path, command, options):
    out, again = tmp_path / "out", tmp_path / "again"
    assert run(command, table, "--target", "buys", "--out", out, *options).exit_code == 0
    result = run(command, "--config", out / "settings.toml", "--out", again)
    assert result.exit_code == 0, result.stderr
    assert networks(run, again) == networks(run, out)
    name = "trials.csv" if command == "search" else "predictions.csv"
    if command != "search":  # whose file has seconds
        assert (again / name).read_text() == (out / name).read_text()
    assert (again / "settings.toml").read_text() == (out / "settings.toml").read_text()


def test_the_file_holds_what_was_typed_and_the_seed(run, table, tmp_path):
    out = tmp_path / "out"
    assert run("train", table, "--target", "buys", "--ignore", "age", "--out", out, "--quiet", *SMALL).exit_code == 0
    found = tomllib.loads((out / "settings.toml").read_text())
    assert found == {
        "command": "train",
        "file": str(table),
        "target": "buys",
        "ignore": ["age"],
        "seed": 0,
        "hidden": "8",
        "epochs": 3,
    }


def test_typed_options_take_precedence(run, table, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(f'file = {json.dumps(str(table))}\ntarget = "buys"\nhidden = "8"\nepochs = 3\nseed = 1\n')
    one = run("train", "--config", path, "--seed", "2", "--quiet")
    assert one.exit_code == 0
    assert one.stdout == run("train", table, "--target", "buys", "--seed", "2", "--quiet", *SMALL).stdout


def test_settings_of_predict_evaluate_and_inspect(run, table, tmp_path):
    out = tmp_path / "out"
    assert run("train", table, "--target", "buys", "--out", out, *SMALL).exit_code == 0
    path = tmp_path / "predict.toml"
    model, file = (json.dumps(str(each)) for each in (out / "model.safetensors", table))
    path.write_text(f'model = {model}\nfile = {file}\nproba = true\nkeep = ["town"]\n')
    expected = run("predict", out / "model.safetensors", table, "--proba", "--keep", "town").stdout
    assert run("predict", "--config", path).stdout == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "unknown option 'colour'. Known: file, target"),
        ('command = "cv"', "holds the settings of multilayer cv, not of train. Run multilayer cv."),
        ("target", "is not TOML: "),
        ("hidden = [8, 8]", "hidden must be text or a number, got [8, 8]"),
        ("with-trees = 1", "with-trees must be true or false, got 1"),
        ('preset = "quick"\nhidden = 8', "--hidden trains a single network, and --preset is an option"),
        ("epochs = 0", "--epochs must be an integer from 1 to 2147483647, got 0"),
    ],
)
def test_wrong_files_are_one_line(run, table, tmp_path, text, message):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    result = run("train", table, "--target", "buys", "--config", path)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_missing_file_is_one_line(run, table):
    result = run("train", table, "--config", "missing.toml")
    assert result.exit_code == 2
    assert "--config missing.toml: cannot be read: no such file or directory." in result.stderr


def test_a_missing_argument_is_named(run, table):
    assert "MODEL is missing. Name a file that train --out or save_model has written." in run("predict").stderr
    assert "FILE is missing. Name a table" in run("predict", table).stderr
