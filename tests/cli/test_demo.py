"""``multilayer demo``: one run, and all its output."""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path

import pytest
from click.testing import Result

from multilayer import MLPClassifier
from multilayer.cli.commands.demo import IN_PYTHON
from multilayer.exceptions import InterruptedTrainingWarning


@pytest.fixture(scope="module")
def told(run, tmp_path_factory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("demo") / "out"
    return run("demo", "--out", out), out


def test_demo_prints_the_results_of_the_textbook(told):
    result, _ = told
    assert result.exit_code == 0
    assert result.stderr == ""
    text = " ".join(result.stdout.split())
    for part in (
        "Theta1 5 x 3 Theta2 5 x 6 Theta3 2 x 6",
        "takes the cost from 1.4015 to 0.5195",
        "Accuracy: 0.875. Logistic regression, which can only draw a straight line, has 0.874",
        "takes the cost from 1.4017 to 0.0301",
        "Accuracy: 0.998 on these 500 rows, and 0.998 on the other 500",
        "network, 5,000 epochs 500 0.998 0.998",
    ):
        assert part in text


def test_statements_about_the_folds_are_true(told):
    """The text states that some folds do not leave the straight line, and that none does so with small batches."""
    slow, fast = re.findall(r"((?:[01]\.\d{3}, ){5})on average", " ".join(told[0].stdout.split()))
    slow, fast = ([float(score) for score in found.rstrip(", ").split(", ")] for found in (slow, fast))
    assert min(slow) < 0.9 < 0.99 < max(slow)
    assert min(fast) > 0.98


def test_output_without_a_terminal_is_plain(told):
    lines = told[0].stdout.splitlines()
    assert told[0].stdout.isascii()
    assert "\x1b" not in told[0].stdout
    assert max(len(line) for line in lines if str(told[1]) not in line) <= 80


def test_demo_writes_plots_and_a_report(told):
    names = {path.name for path in told[1].iterdir()}
    boundaries = {"boundary-1000.png", "boundary-500.png"}
    assert (
        names
        == {"settings.toml", "report.html", "data.png", "cost.png", "network.png", "digits-weights.png"} | boundaries
    )
    page = (told[1] / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 6
    assert "it is right on 99.8% of 500 others" in page
    assert set(re.findall(r'(?:src|href)="([^"]{5})', page)) == {"data:"}


def test_code_in_the_report_gives_the_same_results(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot as plt

    monkeypatch.chdir(tmp_path)
    exec(compile(IN_PYTHON, "report", "exec"), {})
    plt.close("all")
    assert capsys.readouterr().out.splitlines() == ["0.998", "[(5, 3), (5, 6), (2, 6)]"]
    assert (tmp_path / "boundary.png").exists()


def test_out_that_is_a_file_is_an_error(run, tmp_path):
    (tmp_path / "file").write_text("")
    result = run("demo", "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert result.stderr == f"multilayer: --out {tmp_path / 'file'}: is not a folder. Name a folder to write to.\n"


@pytest.fixture
def short(monkeypatch) -> None:
    """Shorten the long trainings of the demo."""
    from multilayer.cli.commands import moons

    monkeypatch.setattr(moons, "SHORT", 3)
    monkeypatch.setattr(moons, "LONG", 5)
    monkeypatch.setattr(moons, "read_digits", lambda _: None)


@pytest.mark.usefixtures("short")
def test_quiet_prints_only_the_final_table(run):
    result = run("demo", "--quiet")
    assert result.stdout.startswith("Accuracy\ndata ")
    assert "network, 5 epochs, 5 folds" in result.stdout


@pytest.mark.usefixtures("short")
def test_demo_without_matplotlib_writes_everything_but_the_plots(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run("demo", "--out", tmp_path)
    assert result.exit_code == 0
    assert 'python -m pip install "multilayer[plots]"' in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "settings.toml"}


@pytest.mark.usefixtures("short")
def test_an_interrupted_training_ends_the_demo(run, monkeypatch):
    def interrupted(self, *_):
        warnings.warn("training was interrupted", InterruptedTrainingWarning, stacklevel=2)
        return self

    monkeypatch.setattr(MLPClassifier, "fit", interrupted)
    result = run("demo")
    assert result.exit_code == 130
    assert result.stderr.strip() == "multilayer: interrupted."
