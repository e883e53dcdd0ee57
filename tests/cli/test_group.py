"""``multilayer`` itself: help, version, and errors."""

from __future__ import annotations

import subprocess
import sys

import pytest

import multilayer
from multilayer.cli import main


def test_version_is_printed(run):
    assert run("--version").stdout == f"multilayer {multilayer.__version__}\n"


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--help",),
        ("-h",),
        ("demo", "--help"),
        ("train", "--help"),
        ("cv", "--help"),
        ("search", "--help"),
        ("warmup", "--help"),
    ],
)
def test_help_has_examples_and_fits_into_80_columns(run, args):
    result = run(*args)
    assert result.exit_code == 0
    assert "Examples:\n" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("trian",), "multilayer: unknown command 'trian'. Did you mean 'train'? See:"),
        (
            ("train",),
            "multilayer: FILE is missing. Name a table in CSV or Parquet, or - for standard input. See: multilayer "
            "train --help\n",
        ),
        (
            ("demo", "extra"),
            "multilayer: unexpected argument 'extra'. Omit it, and quote names that contain blanks. See: ",
        ),
    ],
)
def test_wrong_usage_is_a_one_line_error(run, args, text):
    result = run(*args)
    assert result.exit_code == 2
    assert result.stderr.startswith(text)
    assert result.stderr.count("\n") == 1


def test_help_imports_no_heavy_module():
    code = (
        "import sys\n"
        "from multilayer.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print([name for name in ('numpy', 'sklearn', 'pyarrow', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_entry_point_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "multilayer.cli", "train", "no.csv", "--target", "y"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "multilayer: no.csv: no such file.\n")


def test_commands_are_in_order():
    of_models = ["predict", "evaluate", "inspect", "export", "serve"]
    assert list(main.commands) == ["demo", "train", "cv", "search", *of_models, "play", "warmup"]
