"""What a release consists of: versions, the recipe for conda, the citation and the workflows agree with the project."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import multilayer

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DECLARED: dict[str, Any] = PROJECT["project"]
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# Source distributions hold no files of the hosting platform.
in_a_checkout = pytest.mark.skipif(not (ROOT / ".github").exists(), reason="not a checkout")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text("release/conda/recipe.yaml"))
    return loaded


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text("CITATION.cff"))
    return loaded


def test_files_state_one_version(recipe: dict[str, Any], citation: dict[str, Any]) -> None:
    version = DECLARED["version"]
    assert multilayer.__version__ == version
    assert recipe["context"]["version"] == version
    assert str(citation["version"]) == version
    page = text("docs/reference/citation.md")
    assert f"version = {{{version}}}" in page
    assert f"(version {version})" in page


def test_the_citation_has_the_date_of_the_changelog(citation: dict[str, Any]) -> None:
    dates = dict(re.findall(r"^## \[([\d.]+)\] - (\S+)$", text("CHANGELOG.md"), re.MULTILINE))
    found = dates.get(str(citation["version"]), str(citation["date-released"]))  # an undated section is no release yet
    assert str(citation["date-released"]) == found
    assert f"year    = {{{citation['date-released'].year}}}" in text("docs/reference/citation.md")


def test_the_citation_describes_the_project(citation: dict[str, Any]) -> None:
    assert citation["cff-version"] == "1.2.0"
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in DECLARED["authors"]]
    assert citation["license"] == DECLARED["license"]
    assert citation["title"] in text("docs/reference/citation.md")


def test_the_recipe_has_the_dependencies_of_the_project(recipe: dict[str, Any]) -> None:
    # conda-forge has every dependency for all systems and Pythons, so that conditions fall away.
    expected = {}
    for line in DECLARED["dependencies"]:
        requirement, _, condition = line.partition(";")
        name, bounds = re.fullmatch(r"([\w-]+)(.*)", requirement.strip()).groups()  # type: ignore[union-attr]
        if "python_version >=" not in condition or "sys_platform" in condition:
            expected[name] = bounds
    python, *packages = recipe["requirements"]["run"]
    assert dict(line.split(" ", 1) for line in packages) == expected
    least = DECLARED["requires-python"].removeprefix(">=")
    assert recipe["context"]["python_min"] == least
    assert python == "python >=${{ python_min }}"
    (hatchling,) = PROJECT["build-system"]["requires"]
    assert hatchling.replace("hatchling", "hatchling ") in recipe["requirements"]["host"]


def test_the_recipe_installs_and_tests_what_exists(recipe: dict[str, Any]) -> None:
    scripts = [f"{name} = {target}" for name, target in DECLARED["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == scripts
    imports, script = recipe["tests"]
    for name in imports["python"]["imports"]:
        assert importlib.import_module(name).__name__ == name
    for name in script["files"]["source"]:
        assert (ROOT / name).exists()


def test_source_distributions_hold_existing_files() -> None:
    included = [name.strip("/") for name in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]]
    assert [name for name in included if not (ROOT / name).exists()] == []
    assert {"src", "tests", "docs", "examples", "benchmarks", "release", "CITATION.cff"} <= set(included)


def test_no_folder_hides_a_package_of_the_build() -> None:
    # The root is on the path of the build backend: a folder "packaging" would be imported in place of the package.
    for name in ("packaging", "pathspec", "pluggy", "hatchling", "trove_classifiers", "tomli"):
        assert not (ROOT / name).exists()


@in_a_checkout
def test_only_the_publishing_job_has_an_identity() -> None:
    workflow = yaml.safe_load(text(".github/workflows/release.yml"))
    assert workflow["permissions"] == {"contents": "read"}
    rights = {name: job.get("permissions", {}) for name, job in workflow["jobs"].items()}
    assert [name for name, given in rights.items() if "write" in given.values()] == ["publish"]
    assert rights["publish"]["id-token"] == "write"
    assert set(workflow["jobs"]["publish"]["needs"]) == set(workflow["jobs"]) - {"publish"}
    assert workflow["jobs"]["publish"]["environment"] == "release"


@in_a_checkout
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_programs_that_exist(path: Path) -> None:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    commands = "\n".join(step["run"] for job in jobs.values() for step in job["steps"] if "run" in step)
    programs = re.findall(r"python (\S+\.py)", commands)
    assert programs
    assert [name for name in programs if not (ROOT / name).exists()] == []


@in_a_checkout
@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_forms_of_issues_are_complete(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    names = [field["id"] for field in fields]
    assert len(set(names)) == len(names) > 0
    for field in fields:
        assert field["type"] in ("textarea", "input", "dropdown", "checkboxes")
        assert field["attributes"]["label"]
        assert field["type"] != "dropdown" or field["attributes"]["options"]
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_smoke_test_refuses_a_checkout() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "release" / "smoke_test.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 1
    assert "failed: imported from the environment" in done.stderr
