"""Shared fixtures of the command-line tests: a runner and small tables."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from multilayer.cli import main

Run = Callable[..., Result]
SMALL = ("--target", "buys", "--hidden", "8", "--epochs", "5")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Train the networks of table models for three epochs in the tests here and their fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        if Path(__file__).parent in item.path.parents:
            patch.setattr("multilayer.tables.models.recipes.n_epochs", lambda *_: 3)
        return (yield)


@pytest.fixture(scope="session")
def run() -> Run:
    """Run ``multilayer`` with the given arguments in this process; only SystemExit may be raised."""

    # Before click 8.2, a separate stderr had to be requested.
    separate = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}

    def invoke(*args: object) -> Result:
        result = CliRunner(**separate).invoke(main, [str(arg) for arg in args], prog_name="multilayer")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def lines_of_people(n: int = 80) -> list[str]:
    """Return lines of a table: two numeric columns, one with gaps, a text column with gaps, and a class that depends
    on them.
    """
    draw = random.Random(0)
    lines = ["age,income,town,buys"]
    for i in range(n):
        age, income, town = draw.randint(18, 80), draw.gauss(0, 1), draw.choice(["Ulm", "Bonn", ""])
        buys = "yes" if income + (town == "Ulm") > 0 else "no"
        lines.append(f"{age if i % 7 else ''},{income:.3f},{town},{buys}")
    return lines


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> Path:
    """The table of people, one of whom has no target."""
    lines = lines_of_people()
    lines[7] = lines[7].rpartition(",")[0] + ","
    return write(tmp_path_factory.mktemp("people") / "people.csv", lines)


@pytest.fixture(scope="session")
def houses_table(tmp_path_factory) -> Path:
    """A price in hundreds of thousands that depends non-linearly on the features."""
    draw = np.random.RandomState(0)
    lines = ["area,town,price"]
    for area, town in zip(draw.uniform(20, 200, 120), draw.choice(["Ulm", "Bonn", ""], 120), strict=True):
        price = 100_000 + 30 * (area - 100) ** 2 + 50_000 * (town == "Ulm") + draw.normal(0, 3_000)
        lines.append(f"{area:.2f},{town},{price:.1f}")
    return write(tmp_path_factory.mktemp("houses") / "houses.csv", lines)


@pytest.fixture(scope="session")
def people_model(run, table) -> Path:
    """A table model of people, written by train."""
    out = table.parent / "people_model"
    result = run("train", table, "--target", "buys", "--out", out, "--preset", "quick")
    assert result.exit_code == 0
    assert f"  multilayer predict {out}/model.safetensors new.csv -o predictions.csv" in result.stdout
    return out / "model.safetensors"


@pytest.fixture(scope="session")
def houses_model(run, houses_table) -> Path:
    """A table model of prices, written by train."""
    out = houses_table.parent / "houses_model"
    assert run("train", houses_table, "--target", "price", "--out", out, "--preset", "quick").exit_code == 0
    return out / "model.safetensors"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write(tmp_path / "people.csv", lines_of_people())


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n" if lines else "", encoding="utf-8")
    return path
