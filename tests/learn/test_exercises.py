"""Right answers are accepted, and common mistakes are refused with the text that names them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer import learn
from multilayer.exceptions import InputTypeError, MultilayerError, ParameterError
from multilayer.learn.topics import descent, gradients, scaling, units

PAGE = Path(__file__).parents[2] / "docs" / "learn" / "exercises.md"
OTHER_PAGES = [page for page in PAGE.parent.glob("*.md") if page != PAGE]
HEAVY = ("numba", "matplotlib", "pyarrow", "narwhals", "sklearn", "scipy", "pandas", "polars", "rich")

# Answers computed by hand.
RIGHT = {
    "theta-shape": (3, 7),
    "count-parameters": 10 * 31 + 10 * 11 + 3 * 11,
    "confident-error": 6.91,
    "delta-output": [[-0.3, 0.2, 0.1], [0.1, 0.6, -0.7]],
    "delta-hidden": [[0.5, -0.64], [0.032, -0.1]],
    "wrong-sign": 4,
    "step-size": 0.1,
    "cost-curve": {"A": "overfits", "B": "plateau", "C": "healthy", "D": "diverges"},
    "leaky-scaler": (33 / 60, 53 / 60),
    "dead-unit": (2, 1),
}

H, Y = gradients.H, gradients.Y

WRONG = [
    ("theta-shape", (3, 6), "column of the biases is missing"),
    ("theta-shape", (7, 3), "rows and columns are exchanged: a row"),
    ("theta-shape", (6, 3), "exchanged, and the column of the biases is missing"),
    ("theta-shape", (4, 6), "adds a column and no row"),
    ("theta-shape", (6, 5), "shape of Theta_1"),
    ("theta-shape", 21, r"the shape is \(\), and should be \(2,\)"),
    ("count-parameters", 430, "biases are missing"),
    ("count-parameters", 433, "one bias a layer"),
    ("count-parameters", 483, "inputs have no biases"),
    ("count-parameters", 53, "units, not the weights"),
    ("count-parameters", 23, "biases alone"),
    ("count-parameters", 1000, "value differs"),
    ("confident-error", -6.908, "sign is opposite"),
    ("confident-error", 0.001, "cost for the target 1"),
    ("confident-error", 3.0, "decimal logarithm"),
    ("confident-error", 9.966, "base 2"),
    ("confident-error", 0.499, "half the squared error"),
    ("confident-error", 0.998, "the squared error, not"),
    ("delta-output", Y - H, "sign is opposite"),
    ("delta-output", (H - Y) / 2, r"not divided by m: the 1/m is in \(B4\)"),
    ("delta-output", (H - Y) * H * (1 - H), r"factor h \(1 - h\)"),
    ("delta-output", H, "targets are not subtracted"),
    ("delta-output", (H - Y).mean(axis=0), "mean of delta over the examples"),
    (
        "delta-output",
        (H - Y).T,
        r"the shape is \(3, 2\), and should be \(2, 3\). The numbers are right, but transposed",
    ),
    ("delta-output", (H - Y).ravel(), r"should be \(2, 3\). The numbers are right\.$"),
    ("delta-output", [[0.3, 0.2, 0.1], [0.1, 0.6, -0.7]], r"signs of 1 of 6 numbers are opposite, first at \[0, 0\]"),
    ("delta-output", [[-0.3, 0.2, 0.1], [0.1, 0.6, 9.0]], r"1 of 6 numbers differ, first at \[1, 2\]"),
    ("delta-hidden", [[2, -4], [0.2, -0.4]], r"g' = a \(1 - a\) of the activation is missing"),
    ("delta-hidden", [[1, -0.8], [0.16, -0.2]], r"a \(1 - a\), not a\."),
    ("delta-hidden", [[1, -3.2], [0.04, -0.2]], r"a \(1 - a\), not 1 - a"),
    ("delta-hidden", [[1.5, 0.32], [0.096, 0.05]], "columns 0 and 1 of Theta_2"),
    ("delta-hidden", [[6, 0.5, -0.64], [0.6, 0.032, -0.1]], r"bias unit has no delta: omit column 0 of Theta_2\.$"),
    ("delta-hidden", [[6, 2, -4], [0.6, 0.2, -0.4]], "derivative g' is missing, too"),
    ("delta-hidden", [[-0.5, 0.64], [-0.032, 0.1]], "sign is opposite"),
    ("delta-hidden", [[0.25, -0.32], [0.016, -0.05]], "m = 2 times too small"),
    ("delta-hidden", [[1, -1.28], [0.064, -0.2]], "answer without the 1/m"),
    *(("wrong-sign", line, f"line {line} is .* Its sign is right") for line in (1, 2, 3, 5)),
    ("step-size", 0.001, "steps are too small"),
    ("step-size", 0.01, "steps are too small"),
    ("step-size", 1.0, "it diverges"),
    (
        "cost-curve",
        {"A": "healthy", "B": "plateau", "C": "healthy", "D": "diverges"},
        "A is not 'healthy': its training cost ends at 0.2, its validation cost at 1.13\\.",
    ),
    ("cost-curve", {"A": "overfits", "B": "diverges", "C": "plateau", "D": "overfits"}, "B is .* C is .* D is"),
    ("leaky-scaler", (53 / 60, 33 / 60), "the two are exchanged"),
    ("leaky-scaler", (0.875, 0.875), "on the training rows"),
    ("leaky-scaler", (53 / 60, 53 / 60), "both are with the leaked"),
    ("leaky-scaler", (33 / 60, 33 / 60), "both are with the right"),
    ("leaky-scaler", (33 / 60, 0.1), "with the leaked scaler differs"),
    ("leaky-scaler", (0.1, 53 / 60), "with the right scaler differs"),
    ("leaky-scaler", (0.1, 0.2), "both scores differ"),
    ("dead-unit", (1, 1.0), "unit 1 is not dead: 1 of 4"),
    ("dead-unit", (3, 1.0), "unit 3 is not dead: 3 of 4"),
    ("dead-unit", (2, -1.0), "must rise, not fall"),
    ("dead-unit", (2, 3.5), "one positive sum is enough"),
    ("dead-unit", (2, 4.0), "makes the bias 0"),
    ("dead-unit", (2, 0.5), "less than needed"),
    ("dead-unit", (2, 2.0), "more than needed"),
]


def test_every_exercise_has_a_right_answer_here() -> None:
    assert len(learn.exercises()) == 10
    assert set(RIGHT) == set(learn.exercises())
    assert {name for name, _, _ in WRONG} == set(RIGHT)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_is_accepted(name: str) -> None:
    verdict = learn.check(name, RIGHT[name])
    assert verdict
    assert str(verdict) == repr(verdict) == "right: well done."


@pytest.mark.parametrize("name", RIGHT)
def test_the_solution_is_accepted(name: str) -> None:
    solution = learn.solution(name)
    assert learn.check(name, solution.value)
    assert str(solution) == f"{solution.text}\n{solution.value}"


@pytest.mark.parametrize(("name", "answer", "text"), WRONG)
def test_a_mistake_is_refused_and_named(name: str, answer: object, text: str) -> None:
    verdict = learn.check(name, answer)
    assert not verdict
    assert str(verdict).startswith("wrong: ")
    assert re.search(text, verdict.text)


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("theta-shape", "3 x 7", "must be a number or an array of numbers, got '3 x 7'"),
        ("count-parameters", None, "must be a number or an array of numbers, got None"),
        ("confident-error", True, "must be a number"),
        ("delta-output", [[1.0], [1.0, 2.0]], "must be a number or an array of numbers"),
        ("wrong-sign", 6, "must be one of 1, 2, 3, 4, 5, got 6"),
        ("wrong-sign", "line 4", "must be one of 1, 2, 3, 4, 5"),
        ("wrong-sign", True, "must be one of"),
        ("step-size", 0.2, "must be one of 0.001, 0.01, 0.1, 1.0, got 0.2"),
        ("cost-curve", "A overfits", "must be a dict with one word for each of A, B, C, D"),
        ("cost-curve", {"A": "healthy"}, "must be a dict with one word"),
        ("cost-curve", dict.fromkeys("ABCD", "good"), "must be one of 'diverges', 'plateau', 'overfits', 'healthy'"),
        ("leaky-scaler", 0.55, "must be a pair: the accuracy"),
        ("leaky-scaler", ("a", "b"), "must be a pair: the accuracy"),
        ("dead-unit", 2, "must be a pair: the unit"),
        ("dead-unit", (4, 1.0), r"must be one of \[1, 2, 3\], got 4"),
        ("dead-unit", (1.5, 1.0), r"must be one of \[1, 2, 3\], got 1.5"),
    ],
)
def test_an_answer_of_the_wrong_type_is_an_error(name: str, answer: object, message: str) -> None:
    with pytest.raises(InputTypeError, match=message):
        learn.check(name, answer)


@pytest.mark.parametrize("function", [learn.data, learn.hint, learn.solution, lambda name: learn.check(name, 1)])
def test_an_unknown_name_suggests_the_closest(function) -> None:
    with pytest.raises(ParameterError, match=r"unknown exercise 'delta-outptu'\. Did you mean 'delta-output'"):
        function("delta-outptu")
    with pytest.raises(MultilayerError, match="unknown exercise"):
        function(["delta-output"])


@given(st.floats(0.9975, 1.0025))
def test_three_digits_are_enough(factor: float) -> None:
    assert learn.check("delta-hidden", np.array(RIGHT["delta-hidden"]) * factor)


@given(st.integers(0, 5), st.floats(0.02, 100), st.sampled_from([-1, 1]))
def test_one_wrong_number_is_found(index: int, change: float, sign: int) -> None:
    answer = np.array(RIGHT["delta-output"])
    answer.flat[index] += sign * change
    assert not learn.check("delta-output", answer)


@pytest.mark.parametrize("name", RIGHT)
def test_data_are_copies(name: str) -> None:
    for value in learn.data(name).values():
        if isinstance(value, np.ndarray):
            value[...] = 0
        elif isinstance(value, dict | list):
            value.clear()
    assert learn.check(name, RIGHT[name])


@pytest.mark.parametrize("name", RIGHT)
def test_the_page_has_the_question_the_hint_and_the_solution(name: str) -> None:
    exercise = learn.EXERCISES[name]
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    mine = [section for section in sections if f"Name: `{name}`" in section]
    assert len(mine) == 1
    assert mine[0].count(":::{dropdown} Hint") == mine[0].count(":::{dropdown} Solution") == 1
    before, after = mine[0].split(":::{dropdown} Solution")
    assert f'learn.check("{name}"' in before
    assert "right: well done." not in before
    assert "right: well done." in after
    for tag in exercise.equations:
        assert f"({tag})" in before
        assert any(f"({tag})" in page.read_text(encoding="utf-8") for page in OTHER_PAGES)
    assert exercise.question
    assert learn.hint(name) == exercise.hint != ""


def test_the_wrong_line_is_found_by_running_the_lines() -> None:
    assert gradients.wrong_lines() == [4]
    lines = list(gradients.STEP_LINES)
    lines[3] = lines[3].replace("- lam", "+ lam")
    assert gradients.wrong_lines(tuple(lines)) == []
    lines[1] = lines[1].replace("(1 - A_2)", "(1 + A_2)")
    lines[4] = lines[4].replace("- alpha", "+ alpha")
    assert gradients.wrong_lines(tuple(lines)) == [2, 5]


@pytest.mark.parametrize(
    ("train", "validation", "kind"),
    [
        ([1.0, 2.0], [1.0, 2.0], "diverges"),
        ([1.0, 0.99], [1.0, 1.0], "plateau"),
        ([1.0, 0.5, 0.1], [1.0, 0.6, 0.9], "overfits"),
        ([1.0, 0.5, 0.4], [1.0, 0.6, 0.5], "healthy"),
    ],
)
def test_kinds_of_curves(train: list[float], validation: list[float], kind: str) -> None:
    assert descent.kind_of(train, validation) == kind


def test_each_kind_of_curve_is_asked_for_once() -> None:
    assert sorted(learn.solution("cost-curve").value.values()) == sorted(descent.KINDS)


def test_one_unit_is_dead_and_the_rise_brings_its_largest_sum_to_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    unit, rise = learn.solution("dead-unit").value
    assert units.dead_units() == [unit]
    theta = units.THETA_1.copy()
    theta[unit - 1, 0] += rise
    monkeypatch.setattr(units, "THETA_1", theta)
    assert units._sums()[:, unit - 1].max() == 0
    theta[unit - 1, 0] += 0.1
    assert units.dead_units() == []


def test_the_leaked_score_is_too_good() -> None:
    (train_clean, clean), (train_leaked, leaked) = scaling._both()
    assert leaked > clean + 0.2
    assert train_clean == train_leaked


@pytest.mark.parametrize("module", ["multilayer.learn", "multilayer.learn.bugs"])
def test_importing_loads_no_heavy_module(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()).isdisjoint(HEAVY)


@pytest.mark.parametrize("difference", [-1, 1])
def test_integers_are_compared_exactly(difference: int) -> None:
    count, (rows, columns) = learn.solution("count-parameters").value, learn.solution("theta-shape").value
    assert learn.check("count-parameters", count)
    assert not learn.check("count-parameters", count + difference)
    assert not learn.check("theta-shape", (rows, columns + 0.01 * difference))
