"""The commands of the README, in their order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from multilayer.tables import read_table

README = Path(__file__).parents[2] / "README.md"


def test_train_predict_evaluate_and_inspect_as_in_the_readme(run, tmp_path, monkeypatch):
    text = README.read_text(encoding="utf-8")
    block = next(each for each in re.findall(r"```console\n(.*?)```", text, re.DOTALL) if "multilayer evaluate" in each)
    commands = [shlex.split(line.removeprefix("$ ")) for line in block.splitlines() if line.startswith("$ ")]
    assert [words[:2] for words in commands] == [
        ["multilayer", name] for name in ("train", "predict", "evaluate", "inspect")
    ]
    monkeypatch.chdir(tmp_path)
    lines = [f"{i % 40},{'Ulm' if i % 3 else 'Bonn'},{'yes' if i % 40 > 20 else 'no'}" for i in range(200)]
    Path("customers.csv").write_text("\n".join(["age,town,churn", *lines]))
    Path("june.csv").write_text("\n".join(["age,town,churn", *lines[:60]]))
    Path("new.csv").write_text("\n".join(["age,town", *(line.rpartition(",")[0] for line in lines[:30])]))
    for words in commands:
        result = run(*words[1:])
        assert result.exit_code == 0, result.stderr
    predicted = read_table("predictions.csv")
    assert predicted.column_names == ["predicted", "p(no)", "p(yes)"]
    assert predicted.num_rows == 30
    assert {"model.safetensors", "report.html"} <= {path.name for path in Path("churn").iterdir()}
    assert Path("june/report.html").exists()


def test_the_story_fails_where_a_file_is_missing(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("predict", "churn/model.safetensors", "new.csv")
    assert result.exit_code == 2
    assert "churn/model.safetensors" in result.stderr


@pytest.mark.parametrize("page", ["use.md", "tables.md", "files.md"])
def test_the_pages_that_the_readme_names_exist(page):
    assert (README.parent / "docs" / "how-to" / page).exists()
