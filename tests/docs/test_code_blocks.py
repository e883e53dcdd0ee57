"""Every code block of every page is of a known kind, and runs or is checked in the way of its kind.

Blocks of ``python`` are doctests, which pytest runs (``--doctest-glob``). The commands of ``console`` run in a folder
with the tables and models that pages name, with three epochs for the networks of table models.
"""

from __future__ import annotations

import ast
import doctest
import gzip
import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from sklearn.pipeline import make_pipeline
from starlette.testclient import TestClient

from multilayer import MLPClassifier
from multilayer.cli import main
from multilayer.cli.serving.answering import answers_to
from multilayer.cli.serving.app import Service, application
from multilayer.cli.serving.limits import ServerLimits
from multilayer.cli.serving.predictions import answers
from multilayer.cli.serving.requests import RequestReader
from multilayer.cli.serving.served import ServedModel
from multilayer.exports import save_c
from multilayer.playground.lessons import load_lesson, rehearse
from multilayer.playground.lessons.reading import lesson_of
from multilayer.tables import TableEncoder, read_table

ROOT = Path(__file__).parents[2]
MADE_BY_THE_BUILD = ("_build", "gallery", "lessons", "api", "commands")
PAGES = [ROOT / "README.md"] + [
    path
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if not set(path.relative_to(ROOT / "docs").parts[:-1]) & set(MADE_BY_THE_BUILD)
]
# Commands that would take minutes, and what runs instead: fewer trials, of a smaller table.
SHORTER = {
    "multilayer search digits.csv --target target --trials 20 --epochs 60 --out results": (
        "multilayer search few_digits.csv --target target --trials 2 --epochs 2 --out results"
    )
}
# Commands that do not run in a test, and why. What they name must exist (see check_names).
NOT_RUN = {
    "make": "installs packages, or runs all tests",
    "python -m pip": "installs packages",
    "python benchmarks/": "measures for minutes, with tables that are not in the repository",
    "python release/": "installs packages",
    "docker": "needs Docker",
    "node": "needs a package; tests/exports/test_onnx_in_javascript.py runs this program",
    "curl": "needs a server; the test of the JSON blocks sends the same request",
    "ssh": "needs another machine",
    "git": "changes the repository",
    "rattler-build": "needs a package of conda",
}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}" if self.page.is_relative_to(ROOT) else f"line {self.line}"


@dataclass(frozen=True)
class Command:
    """A command of a block of ``console``, with the output that the page shows."""

    text: str
    output: str


def blocks_of(page: Path, text: str) -> list[Block]:
    found = re.finditer(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2`*[ ]*$", text, flags=re.DOTALL | re.MULTILINE)
    return [
        Block(page, text[: each.start()].count("\n") + 1, each[3].strip(), re.sub(f"(?m)^{each[1]}", "", each[4]))
        for each in found
    ]


def commands_of(block: Block) -> list[Command]:
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    if parts[0].strip():
        raise AssertionError(f"{block}: a block of console must begin with a command, '$ ...'")
    split = [part.partition("\n") for part in parts[1:]]
    return [Command(line.strip(), output) for line, _, output in split]


BLOCKS = [block for page in PAGES for block in blocks_of(page, page.read_text(encoding="utf-8"))]


def of_kind(kind: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind == kind]


# Kinds


def check_doctest(block: Block) -> None:
    first = doctest.DocTestParser().parse(block.text)[0]
    if not block.text.startswith(">>> ") or (isinstance(first, str) and first.strip()):
        raise AssertionError(
            "a block of python must be a doctest (>>>), so that it runs; code of other libraries is `py`"
        )


def check_console(block: Block) -> None:
    assert commands_of(block)


def check_toml(block: Block) -> None:
    assert tomllib.loads(block.text)


def check_braces(block: Block) -> None:
    assert block.text.count("{") == block.text.count("}") > 0


def check_javascript(block: Block) -> None:
    # tests/exports/test_onnx_in_javascript.py runs the only one.
    assert block.page.name == "export.md", "add a test that runs this program"


# What is tested here for a block of each kind; kinds with a test of their own below are checked there too.
KINDS: dict[str, Callable[[Block], object]] = {
    "python": check_doctest,
    "py": lambda block: ast.parse(block.text),  # code of libraries that are not installed for the tests
    "console": check_console,
    "toml": check_toml,
    "json": lambda block: json.loads(block.text),
    "c": check_braces,
    "javascript": check_javascript,
    "nginx": check_braces,  # there is no nginx in the tests
    "bibtex": check_braces,
    "text": lambda block: block.text,
}
HIDE_CODE = {"{code}", "{code-block}", "{sourcecode}", "{doctest}", "{testcode}"}


def fault_of(block: Block) -> str | None:
    """Return what is wrong with the kind or the form of a block; directives are checked by the build of the site."""
    name = block.kind.split()[0] if block.kind else ""
    if name.startswith("{") and name not in HIDE_CODE:
        return None
    if name not in KINDS:
        return (
            f"{block}: the kind {block.kind!r} of this block is not known. Use one of {', '.join(KINDS)} "
            f"(`text` for what is not code), or add the kind and a check to KINDS in {Path(__file__).name}."
        )
    try:
        KINDS[name](block)
    except Exception as error:
        return f"{block}: {error or type(error).__name__}"
    return None


def test_each_block_is_of_a_known_kind_and_form() -> None:
    assert [fault for fault in map(fault_of, BLOCKS) if fault] == []


def test_pytest_runs_the_blocks_of_python(request: pytest.FixtureRequest) -> None:
    assert {"README.md", "docs"} <= set(request.config.getini("testpaths"))
    assert "*.md" in request.config.getoption("doctestglob")
    assert len(of_kind("python")) > 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```\nx = 1\n```\n", "the kind '' of this block is not known. Use one of python, py, console"),
        ("```rust\nfn main() {}\n```\n", "the kind 'rust' of this block is not known"),
        ("```{code-block} python\nx = 1\n```\n", "is not known"),
        ("```python\nx = 1\n```\n", "line 1: a block of python must be a doctest"),
        ("text\n\n```python\nx = 1\n>>> x\n```\n", "line 3: a block of python must be a doctest"),
        ("```py\nx = = 1\n```\n", "invalid syntax"),
        ("```console\nmake\n```\n", "must begin with a command"),
        ('```json\n{"a": ...}\n```\n', "Expecting value"),
        ("- item\n\n  ```toml\n  a =\n  ```\n", "Invalid value"),
    ],
)
def test_blocks_that_would_not_run_are_found(text: str, message: str) -> None:
    (block,) = blocks_of(Path("page.md"), text)
    fault = fault_of(block)
    assert fault is not None
    assert message in fault


# The folder in which commands run


def invoke(*words: str, input: bytes | None = None) -> Result:
    separate = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    result = CliRunner(**separate).invoke(main, list(words), prog_name="multilayer", input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, f"{shlex.join(words)}: {result.stderr}"
    return result


def customers(n: int, seed: int) -> list[dict[str, object]]:
    """Customers who leave if they are old, with low incomes, or from Bonn; the columns that the pages name."""
    draw = np.random.RandomState(seed)
    rows: list[dict[str, object]] = []
    for i in range(n):
        age, income, town = int(draw.randint(18, 80)), float(draw.uniform(2e4, 8e4)), ("Ulm", "Bonn")[draw.randint(2)]
        since = f"{draw.randint(2015, 2025)}-{draw.randint(1, 13):02}-{draw.randint(1, 28):02}"
        names = {
            "customer": f"c{seed}-{i:04}",
            "name": f"name {seed} {i}",
            "phone": f"+49 {draw.randint(10**8, 10**9)}",
        }
        facts = {"age": age, "income": round(income, 2), "town": town, "since": since, "member": bool(draw.randint(2))}
        risk = (age - 50) / 20 + (4e4 - income) / 2e4 + (town == "Bonn") + draw.normal(0, 0.5)
        rows.append({**names, **facts, "area": int(draw.randint(20, 200)), "churn": "yes" if risk > 0 else "no"})
    return rows


def houses(n: int) -> list[dict[str, object]]:
    rows = [{key: row[key] for key in ("customer", "area", "town")} for row in customers(n, 3)]
    return [
        {"address": row.pop("customer"), **row, "price": 3000 * row["area"] + 2e4 * (row["town"] == "Ulm") + i % 7}  # type: ignore[operator]
        for i, row in enumerate(rows)
    ]


def write_csv(path: Path, rows: list[dict[str, object]], without: str = "") -> None:
    names = [name for name in rows[0] if name != without]
    lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def _three_epochs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("multilayer.tables.models.recipes.n_epochs", lambda *_: 3)
        yield


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, _three_epochs: None) -> Path:
    """The tables and models that pages name."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_csv(
            folder / "customers.csv", [{k: v for k, v in row.items() if k != "area"} for row in customers(240, 0)]
        )
        write_csv(folder / "june.csv", customers(80, 1))
        write_csv(folder / "new.csv", customers(40, 2), without="churn")
        write_csv(folder / "houses.csv", houses(120))
        write_csv(folder / "sold.csv", houses(60))
        (folder / "new.csv.gz").write_bytes(gzip.compress((folder / "new.csv").read_bytes()))
        for name in ("new", "sold"):
            pyarrow.parquet.write_table(read_table(f"{name}.csv"), f"{name}.parquet")
        few = "\n".join(["a,b,target", *(f"{i % 10},{i % 7},{i % 3}" for i in range(90))])
        (folder / "few_digits.csv").write_text(few, encoding="utf-8")
        options = 'command = "cv"\nfile = "customers.csv"\ntarget = "churn"\nhidden = "8"\nepochs = 3\nfolds = 2\n'
        (folder / "cv.toml").write_text(options, encoding="utf-8")
        names = ("--id", "customer", "--ignore", "name", "--ignore", "phone")
        invoke("train", "customers.csv", "--target", "churn", *names, "--preset", "quick", "--out", "churn")
        invoke("train", "houses.csv", "--target", "price", "--preset", "quick", "--out", "houses")
        for month in ("may", "june"):
            (folder / month).mkdir()
            shutil.copy("churn/model.safetensors", f"{month}/model.safetensors")
        for block in of_kind("json"):
            if "rows" in json.loads(block.text):
                (folder / "request.json").write_text(block.text, encoding="utf-8")
    return folder


# Commands


def check_names(command: str, root: Path = ROOT) -> None:
    """Check a command that is not run: its files exist in the repository, and its targets, extras and options too."""
    words = shlex.split(command, comments=True)
    for word in words[1:]:
        path = word.split("=")[-1]
        if re.match(r"(docs|benchmarks|release|examples|tests)/", path) and "*" not in path:
            assert (root / path).exists(), f"{command}: {path} does not exist"
    if words[0] == "make":
        assert f"\n{words[1]}:" in (root / "Makefile").read_text(encoding="utf-8"), f"{command}: no such target"
    if words[:3] == ["python", "-m", "pip"]:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        for extras in re.findall(r"\[(.*?)\]", command):
            assert set(extras.split(",")) <= set(project["optional-dependencies"]), f"{command}: no such extra"
    if words[0] == "python" and words[1].endswith(".py"):
        program = (root / words[1]).read_text(encoding="utf-8")
        for option in (word for word in words if word.startswith("--")):
            assert option in program, f"{command}: no such option"


def pattern_of(output: str) -> re.Pattern[str]:
    """Return what matches the output of a page: numbers are groups, '...' is any text, and so is any white space."""
    parts = []
    for token in re.findall(r"\.\.\.|\d[\d,]*(?:\.\d+)?|-{4,}|\s+|.", output.strip(), flags=re.DOTALL):
        if token == "...":
            parts.append(".*?")
        elif token[0].isdigit():
            parts.append(r"(\d[\d,]*(?:\.\d+)?)")
        elif token.isspace():
            parts.append(r"\s+")
        else:
            parts.append("-+" if token.startswith("----") else re.escape(token))
    return re.compile("".join(parts), flags=re.DOTALL)


def check_output(shown: str, received: str, tolerance: float | None = 0.1) -> None:
    """Check that a command printed what the page shows, its numbers within the relative tolerance."""
    match = pattern_of(shown).search(received)
    assert match is not None, f"the page shows\n{shown}\nand the command printed\n{received}"
    if tolerance is None:
        return
    cut = shown.replace("...", " ")
    for text, number in zip(re.findall(r"\d[\d,]*(?:\.\d+)?", cut), match.groups(), strict=True):
        page, real = (float(each.replace(",", "")) for each in (text, number))
        assert abs(page - real) <= tolerance * abs(page) + 1e-9, f"the page shows {text}, the command printed {number}"


def headings_of(output: str) -> list[str]:
    return [
        line.strip() for line in output.splitlines() if re.search("[a-z]", line) and not re.search(r"\d|\.\.\.", line)
    ]


def run(command: Command) -> None:
    """Run a command of a page in the current folder, and compare what it prints."""
    line = SHORTER.get(command.text, command.text)
    if any(line.startswith(f"{start}" if start.endswith("/") else f"{start} ") for start in NOT_RUN):
        return check_names(line)
    words = shlex.split(line, comments=True)
    if "|" in words:
        return run_in_shell(line)
    if words[:2] == ["python", "-c"]:
        exec(compile(words[2], "<page>", "exec"), {})
        return None
    assert words[0] == "multilayer", f"{command.text}: run it in this test, or add it to NOT_RUN with the reason"
    if words[1] == "serve":  # without --check it would not end
        check_output(command.output.partition("Serving;")[0], invoke(*words[1:], "--check").stdout, tolerance=None)
        return None
    if words[1] == "play":  # it would not end
        check_playground(words[2:])
        return None
    received = invoke(*words[1:]).stdout
    if line != command.text:
        spaced = re.sub(r"\s+", " ", received)
        missing = [each for each in headings_of(command.output) if re.sub(r"\s+", " ", each) not in spaced]
        assert missing == [], f"{line} does not print these lines of the page: {missing}"
    else:
        check_output(command.output, received)
    return None


def check_playground(words: list[str]) -> None:
    """Check the arguments of `play`, and read its file, as the command does before it serves the page."""
    command = main.get_command(click.Context(main), "play")
    assert command is not None
    with command.make_context("play", words) as context:
        file = context.params["file"]
    if file == Path("lesson.toml"):
        (text,) = {block.text for block in of_kind("toml") if is_lesson(block)}
        file.write_text(text, encoding="utf-8")
    assert file is None or file.exists(), f"{file} is not in the folder of the pages"
    assert file is None or file.suffix != ".toml" or load_lesson(file).steps


def run_in_shell(line: str) -> None:
    program = Path("bin/multilayer").absolute()
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m multilayer.cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    subprocess.run(f"PATH={shlex.quote(str(program.parent))}:$PATH\n{line}", shell=True, check=True)


def first_console_blocks() -> dict[Path, list[Block]]:
    """The blocks of console by page, without those that an earlier page has too."""
    seen: set[str] = set()
    found: dict[Path, list[Block]] = {}
    for block in of_kind("console"):
        if block.text not in seen:
            found.setdefault(block.page, []).append(block)
        seen.add(block.text)
    return found


@pytest.mark.parametrize("blocks", first_console_blocks().values(), ids=lambda blocks: blocks[0].page.stem)
def test_the_commands_of_a_page_run(
    blocks: list[Block], prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(prepared, tmp_path / "folder")
    monkeypatch.chdir(tmp_path / "folder")
    for block in blocks:
        for command in commands_of(block):
            run(command)


def test_commands_that_name_what_does_not_exist_are_found() -> None:
    for command in (
        "make nothing",
        'python -m pip install ".[nothing]"',
        "python benchmarks/options.py --nothing",
        "docker build -f docs/Nothing .",
    ):
        with pytest.raises(AssertionError):
            check_names(command)


def test_each_shortened_command_stands_on_a_page() -> None:
    lines = [command.text for block in of_kind("console") for command in commands_of(block)]
    assert [line for line in SHORTER if line not in lines] == []


def test_output_is_compared_by_its_words_and_numbers() -> None:
    check_output("score  0.98\n...\nend", "first\nscore 0.97\nmore\nend\n")
    for received in ("score 0.50\nend", "error 0.98\nend", "score 0.98"):
        with pytest.raises(AssertionError):
            check_output("score 0.98\n...\nend", received)
    assert headings_of("a  b\n1 c\n...\n") == ["a  b"]


# Files and requests


def is_lesson(block: Block) -> bool:
    return "steps" in tomllib.loads(block.text)


@pytest.mark.parametrize("block", [block for block in of_kind("toml") if is_lesson(block)], ids=str)
def test_lessons_of_the_pages_have_one_right_answer_for_each_step(block: Block) -> None:
    lesson = lesson_of(block.text, "lesson.toml")
    rehearsed = list(rehearse(lesson))
    assert len(rehearsed) == len(lesson.steps)
    assert [step.problem for step in rehearsed if step.problem] == []


@pytest.mark.parametrize("block", [block for block in of_kind("toml") if not is_lesson(block)], ids=str)
def test_options_of_the_pages_are_those_of_commands(
    block: Block, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = tomllib.loads(block.text)
    shutil.copytree(prepared, tmp_path / "folder")
    monkeypatch.chdir(tmp_path / "folder")
    Path("page.toml").write_text(block.text, encoding="utf-8")
    invoke(options["command"], "--config", "page.toml", "--preset", "quick", "--out", "page")
    assert Path("page/model.safetensors").exists()


@pytest.fixture(scope="module")
def client(prepared: Path) -> Iterator[TestClient]:
    limits = ServerLimits()
    served = ServedModel.load(prepared / "churn" / "model.safetensors", limits)
    reader = RequestReader(served.saved, limits.most_rows)
    exchange: Any = lambda bodies: answers_to(bodies, reader, partial(answers, served.saved))  # noqa: E731
    app = application(Service(exchange, served.about, served.schema, limits), limits)
    with TestClient(app, base_url="http://localhost:8000") as client:
        yield client


def form_of(value: Any) -> Any:
    """Return the names and types within a value of JSON; of a list, those of its first entry."""
    if isinstance(value, dict):
        return {name: form_of(each) for name, each in value.items()}
    if isinstance(value, list):
        return [form_of(each) for each in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def test_requests_and_answers_of_the_pages_are_those_of_the_server(client: TestClient) -> None:
    blocks = [json.loads(block.text) for block in of_kind("json") if block.page.name == "serve.md"]
    (request,) = [block for block in blocks if "rows" in block]
    (answer,) = [block for block in blocks if "predictions" in block]
    (error,) = [block for block in blocks if "error" in block]
    assert len(blocks) == 3
    received = client.post("/predict", json=request)
    assert received.status_code == 200, received.text
    assert form_of(received.json()) == form_of(answer)
    rows = [request["rows"][0], request["rows"][0] | {"age": "old"}]
    refused = client.post("/predict", json=request | {"rows": rows})
    assert refused.status_code == 422
    assert refused.json() == error


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no compiler of C")
def test_the_c_program_of_the_page_compiles_and_predicts(tmp_path: Path) -> None:
    (block,) = of_kind("c")
    homes = [{"rooms": 1 + i % 5, "town": ("Ulm", "Bonn", None)[i % 3]} for i in range(60)]
    rents = ["high" if home["rooms"] > 3 else "low" for home in homes]  # type: ignore[operator]
    model = make_pipeline(TableEncoder(), MLPClassifier((8,), solver="lbfgs", random_state=0)).fit(homes, rents)
    save_c(model, tmp_path / "rents.h", name="rents")
    include, _, code = block.text.partition("\n")
    assert include == '#include "rents.h"'
    program = f"#include <math.h>\n#include <stdio.h>\n{include}\nint main(void) {{\n{code}\nreturn 0;\n}}\n"
    (tmp_path / "main.c").write_text(program, encoding="utf-8")
    subprocess.run(["cc", "-std=c99", "-o", "main", "main.c", "-lm"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "high"
