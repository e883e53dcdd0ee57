"""``multilayer train`` on folders and on files that are read block by block."""

from __future__ import annotations

import signal
import tomllib
from pathlib import Path

import pytest
from click.testing import Result

from multilayer import load_model
from multilayer.files import model_info
from multilayer.tables import open_stream, read_table

from .conftest import lines_of_people, write

MEMORY = "600MB"


@pytest.fixture(scope="module")
def people_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People in three CSV files."""
    folder = tmp_path_factory.mktemp("streamed") / "people"
    folder.mkdir()
    head, *rows = lines_of_people(900)
    for i in range(3):
        write(folder / f"part-{i}.csv", [head, *rows[300 * i : 300 * i + 300]])
    return folder


@pytest.fixture(scope="module")
def trained(run, people_folder: Path) -> tuple[Result, Path]:
    out = people_folder.parent / "out"
    return run("train", people_folder, "--target", "buys", "--memory", MEMORY, "--out", out), out


def said(result: Result) -> str:
    return " ".join(result.stdout.split())


def test_a_folder_is_trained_on_and_reported(trained: tuple[Result, Path]) -> None:
    result, out = trained
    assert result.exit_code == 0, result.stderr
    text = said(result)
    assert "people: 3 columns and the target, read block by block." in text
    assert "Task: classification. The target holds text, 2 different labels." in text
    assert "validation rows, chosen by a hash of each row." in text
    assert "Trained a table model of 2 networks, with the weights" in text
    assert "waves in 3.0 passes, pieces in 3.0 passes" in text
    assert "rows a second" in text
    assert "Scores of the validation rows" in text
    assert "majority class" in text
    assert sorted(path.name for path in out.iterdir()) == ["model.safetensors", "settings.toml"]
    model = load_model(out / "model.safetensors")
    n_training, n_validation = model._n_training_rows[0], len(model.oof_proba_)
    assert f"Split: {n_training} rows to train on, {n_validation} validation rows" in text
    assert n_training + n_validation == 900
    card = tomllib.loads(model_info(out / "model.safetensors").card or "")
    assert (card["command"], card["target"], card["training_rows"]) == ("multilayer train", "buys", 900)


def test_a_file_with_memory_gives_the_same_scores(run, trained: tuple[Result, Path], tmp_path: Path) -> None:
    head, *rows = lines_of_people(900)
    path = write(tmp_path / "people.csv", [head, *rows])
    result = run("train", path, "--target", "buys", "--memory", MEMORY, "--scratch", tmp_path / "rows", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() in trained[0].stdout
    assert not (tmp_path / "rows").exists()


def test_the_files_of_the_folder_are_predicted(run, trained: tuple[Result, Path], people_folder: Path) -> None:
    out = people_folder.parent / "predictions.csv"
    result = run("predict", trained[1] / "model.safetensors", people_folder / "part-1.csv", "--output", out)
    assert result.exit_code == 0, result.stderr
    assert read_table(out).num_rows == 300
    evaluated = run("evaluate", trained[1] / "model.safetensors", people_folder / "part-2.csv")
    assert evaluated.exit_code == 0, evaluated.stderr


def test_settings_repeat_the_command(run, trained: tuple[Result, Path], people_folder: Path) -> None:
    result = run("train", people_folder, "--config", trained[1] / "settings.toml", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() in trained[0].stdout.replace("\n\nColumns", "")


def test_numbers_columns_and_other_options(run, tmp_path: Path) -> None:
    folder = tmp_path / "houses"
    folder.mkdir()
    for part in range(2):
        lines = [f"{i};{20 + i % 170},5;{'Ulm' if i % 3 else 'Bonn'};{3 * (i % 170)},25" for i in range(part, 500)]
        write(folder / f"part-{part}.csv", ["number;area;town;price", *lines])
    options = ("--id", "number", "--ignore", "town", "--preset", "quick", "--with-trees", "--columns")
    result = run("train", folder, "--target", "price", "--decimal", ",", "--minutes", "2", *options)
    assert result.exit_code == 0, result.stderr
    text = said(result)
    assert "Task: regression." in text
    assert "linear regression" in text
    assert "number number - dropped: named in identifiers" in text
    assert "Nothing was written. With --out DIR there is the model." in text


def test_rows_without_a_target_and_unreadable_cells_are_noted(run, tmp_path: Path) -> None:
    head, *rows = lines_of_people(600)
    rows[3] = rows[3].rpartition(",")[0] + ","
    path = write(tmp_path / "people.csv", [head, *rows])
    result = run("train", path, "--target", "buys", "--memory", MEMORY, "--preset", "quick")
    assert "note: 1 row without a target dropped" in result.stderr
    assert "From the file" not in result.stdout


def test_the_task_is_that_of_the_first_rows_with_two_values(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("multilayer.cli.evaluation.streamed._ROWS_OF_TARGET", 100)
    folder = tmp_path / "parts"
    folder.mkdir()
    for part, label in enumerate(("no", "no", "yes", "maybe")):
        write(folder / f"part-{part}.csv", ["a,b,y", *(f"{i * 7 % 100},{part},{label}" for i in range(200))])
    monkeypatch.setattr(
        "multilayer.tables.open_stream",
        lambda *of, **more: open_stream(*of, **more, block_rows=200),
    )
    result = run("train", folder, "--target", "y", "--memory", MEMORY, "--preset", "quick")
    assert result.exit_code == 0, result.stderr
    assert "The target holds text, 2 different labels. (By the first 300 rows.)" in said(result)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--test-fraction", "0.3"), "--test-fraction needs all rows in memory"),
        (("--group", "town"), "--group needs all rows in memory"),
        (("--time-column", "age"), "--time-column needs all rows in memory"),
        (("--hidden", "8"), "--hidden needs all rows in memory"),
        (("--kind", "waves"), "--kind needs all rows in memory"),
        (("--memory", "much"), "must be an amount such as 1GB or 500MB, got 'much'"),
        (("--memory", "10MB"), "--memory must be at least"),
        (("--ignore", "agee"), "unknown column to ignore 'agee'"),
        (("--ignore", "buys"), "'buys' is the target"),
        (("--target", "price"), "no target column 'price'"),
        (("--task", "regression"), "holds text, regression needs numbers"),
    ],
)
def test_options_that_cannot_work_are_errors(run, people_folder: Path, options: tuple[str, ...], text: str) -> None:
    target = () if "--target" in options else ("--target", "buys")
    result = run("train", people_folder, *target, *options, "--out", people_folder.parent / "none")
    assert result.exit_code != 0
    assert text in " ".join(result.stderr.split())
    assert not (people_folder.parent / "none").exists()


def test_the_target_must_be_named(run, people_folder: Path) -> None:
    result = run("train", people_folder)
    assert result.exit_code != 0
    assert "name the column to predict with --target" in result.stderr


def test_standard_input_cannot_be_read_twice(run) -> None:
    result = run("train", "-", "--target", "buys", "--memory", MEMORY)
    assert result.exit_code == 2
    assert "because the rows are read twice" in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", ["train", "cv", "search"])
def test_a_file_larger_than_memory_is_an_error_that_names_the_option(
    run, table: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("multilayer.tables.models.available_memory", lambda: 100)
    monkeypatch.setattr("multilayer.cli.evaluation.streamed.available_memory", lambda: 100)
    result = run(command, table, "--target", "buys")
    assert result.exit_code != 0
    assert "Train on it block by block: multilayer train people.csv --memory 1GB." in " ".join(result.stderr.split())


def test_ctrl_c_ends_the_training_early(run, people_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from multilayer.cli.phases import PhaseWatch

    before = PhaseWatch.__call__

    def press(self: PhaseWatch, event: object) -> None:
        before(self, event)
        if getattr(event, "name", "") == "waves" and getattr(event, "n_rows", 0) > 1_500:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(PhaseWatch, "__call__", press)
    monkeypatch.setattr("multilayer.tables.models.recipes.n_epochs", lambda *_: 500)
    result = run("train", people_folder, "--target", "buys", "--memory", MEMORY)
    assert result.exit_code == 130
    assert "Trained a table model of 1 network" in said(result)
    assert "interrupted: the scores are those of its 1 network trained so far" in " ".join(result.stderr.split())
