"""A lesson file is read completely or refused with an error that names the file, the key and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from multilayer.exceptions import InputError, ParameterError
from multilayer.playground.lessons import Lesson, lesson_names, load_lesson
from multilayer.playground.lessons.lesson import Bound, Kind
from multilayer.playground.lessons.measures import Measure
from multilayer.playground.lessons.reading import lesson_of

HEAD = """
title = "A title"
summary = "A summary."
[setup.data]
name = "moons"
rows = 100
[setup.parameters]
hidden_layer_sizes = [3]
random_state = 2
"""
INTERVAL = """
[[steps]]
text = "Read."
question = "How much?"
measure = "accuracy"
run = { epochs = 5 }
choices = [{ text = "few", below = 0.5 }, { text = "many", at_least = 0.5 }]
explanation = "So."
"""
COMPARISON = """
[[steps]]
text = "Read."
question = "Which?"
measure = "cost"
best = "lowest"
margin = 0.1
run = { epochs = 5, seeds = 3 }
choices = [
    { text = "3 units", parameters = {} },
    { text = "5 units", parameters = { hidden_layer_sizes = [5] }, epochs = 7 },
    { text = "the same", same = true },
]
explanation = "So."
"""
NUMBER = """
[[steps]]
text = "Read."
question = "How large?"
measure = "gradient_norm"
layer = 2
tolerance = 0.5
run = { epochs = 5 }
explanation = "So."
"""
BUG = """
[[steps]]
text = "Read."
question = "Which?"
measure = "bug"
choices = [{ text = "sign", bug = "wrong-sign" }, { text = "none", bug = "none" }]
explanation = "So."
setup = { bug = "wrong-sign" }
"""
GOAL = """
[[steps]]
text = "Read."
question = "Reach it."
explanation = "So."
goal = { accuracy = { at_least = 0.9 }, n_parameters = { at_most = 20, at_least = 3 } }
solution = { epochs = 20, parameters = { hidden_layer_sizes = [4] } }
"""


def read(steps: str, head: str = HEAD) -> Lesson:
    return lesson_of(head + steps, "mine.toml")


def test_all_kinds_are_read() -> None:
    lesson = read('[[steps]]\ntext = "Read."\ncontrols = ["rows"]\n' + INTERVAL + COMPARISON + NUMBER + BUG + GOAL)
    assert [step.kind for step in lesson.steps] == [
        Kind.READING, Kind.INTERVAL, Kind.COMPARISON, Kind.NUMBER, Kind.BUG, Kind.GOAL
    ]  # fmt: skip
    reading, interval, comparison, number, bug, goal = lesson.steps
    assert (lesson.name, lesson.title, lesson.minutes) == ("mine", "A title", 5)
    assert reading.controls == ("rows",)
    assert interval.controls is None
    assert interval.setup == {
        "data": {"name": "moons", "rows": 100},
        "parameters": {"hidden_layer_sizes": [3], "random_state": 2},
    }
    assert interval.measure == Measure("accuracy")
    assert [choice.contains(0.5) for choice in interval.choices] == [False, True]
    first, second, same = comparison.choices
    assert first.setup is not None
    assert first.setup["parameters"]["hidden_layer_sizes"] == [3]
    assert second.setup is not None
    assert second.setup["parameters"] == {"hidden_layer_sizes": [5], "random_state": 2}
    assert (second.epochs, same.is_same, same.setup) == (7, True, None)
    assert comparison.run is not None
    assert comparison.run.seeds == 3
    assert (number.measure, number.tolerance, number.unit) == (Measure("gradient_norm", 2), 0.5, "")
    assert bug.setup["bug"] == "wrong-sign"
    assert bug.measure is None
    assert goal.goal == (Bound("accuracy", 0.9), Bound("n_parameters", 3, 20))
    assert goal.solution is not None
    assert goal.solution.setup["parameters"]["hidden_layer_sizes"] == [4]


def test_a_step_changes_the_setup_of_the_lesson() -> None:
    changed = '[[steps]]\ntext = "Read."\n[steps.setup.data]\nnoise = 0.3\n[steps.setup.parameters]\nalpha = 1.0\n'
    first, second = read(changed + '[[steps]]\ntext = "Again."\n').steps
    assert first.setup["data"] == {"name": "moons", "rows": 100, "noise": 0.3}
    assert first.setup["parameters"]["alpha"] == 1.0
    assert "noise" not in second.setup["data"]
    assert "alpha" not in second.setup["parameters"]


def test_a_bug_of_the_lesson_may_be_switched_off_in_a_step() -> None:
    head = HEAD.replace("[setup.data]", '[setup]\nbug = "wrong-sign"\n[setup.data]')
    one, other = read('[[steps]]\ntext = "a"\n[[steps]]\ntext = "b"\nsetup = { bug = "none" }\n', head).steps
    assert one.setup["bug"] == "wrong-sign"
    assert "bug" not in other.setup


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (INTERVAL.replace("question", "qestion"), "qestion is not a key of steps[1]. Did you mean 'question'?"),
        (INTERVAL.replace('question = "How much?"', ""), "question is missing. A step of the kind 'interval' needs"),
        (INTERVAL.replace('explanation = "So."', ""), "steps[1].explanation is missing"),
        (INTERVAL.replace('text = "Read."', ""), "steps[1].text is missing. Add text, a text in quotes"),
        (INTERVAL.replace('text = "Read."', "text = 3"), 'steps[1].text must be a text, got 3. Write text = "..."'),
        (INTERVAL.replace('"accuracy"', '"acuracy"'), "steps[1].measure must be one of"),
        (INTERVAL.replace('"accuracy"', '"acuracy"'), "got 'acuracy'. Did you mean 'accuracy'?"),
        (INTERVAL.replace("run = { epochs = 5 }", ""), "steps[1].run is missing"),
        (INTERVAL.replace("epochs = 5", "epochs = 0"), "run.epochs must be an integer from 1 to 20,000, got 0"),
        (INTERVAL.replace("epochs = 5", "epochs = 5, seeds = 100"), "run.seeds must be an integer from 1 to 50"),
        (INTERVAL.replace("epochs = 5", "epochs = 5, sedes = 2"), "Did you mean 'seeds'?"),
        (INTERVAL.replace("epochs = 5", "epochs = 20000, seeds = 3"), "steps[1].run trains 60,000 epochs in all"),
        (INTERVAL.replace("below = 0.5", 'below = "half"'), "steps[1].choices[1].below must be a number, got 'half'"),
        (INTERVAL.replace("below = 0.5", "below = 0.4"), "must be intervals that contain each number exactly once"),
        (INTERVAL.replace("below = 0.5", "below = 0.6"), "must be intervals that contain each number exactly once"),
        (INTERVAL.replace("at_least = 0.5", "at_least = 0.5, below = 0.5"), "have an empty interval"),
        (INTERVAL.replace('"many"', '"few"'), "must have different texts"),
        (INTERVAL.replace(', { text = "many", at_least = 0.5 }', ""), "must be from 2 to 8, got 1"),
        (INTERVAL.replace("at_least = 0.5", "at_least = 0.5, same = true"), "of a single number have no same"),
        (INTERVAL + "margin = 0.1\n", "steps[1].margin has no effect in a step of the kind 'interval'. Remove it."),
        (INTERVAL + "layer = 2\n", "steps[1].layer has no effect on the measure 'accuracy'"),
        (INTERVAL.replace('"accuracy"', '"epochs_to_cost"'), "level is missing: epochs_to_cost needs the level"),
        (INTERVAL + 'statistic = "avg"\n', "steps[1].statistic must be one of highest, lowest, mean, median, spread"),
        (INTERVAL + 'controls = ["noize"]\n', "steps[1].controls has the unknown name 'noize'. Did you mean 'noise'?"),
        (INTERVAL + 'controls = "noise"\n', "steps[1].controls must be a list of names"),
        (COMPARISON.replace("margin = 0.1", ""), "steps[1].margin is missing"),
        (COMPARISON.replace("[5] }", "[5] }, below = 3"), "compare setups, so at_least and below have no effect"),
        (COMPARISON.replace("same = true", "same = 1"), "choices[3].same must be true or false, got 1"),
        (COMPARISON.replace("same = true", "same = true, parameters = {}"), "that are about the same have no setup"),
        (COMPARISON.replace("sizes = [5]", "size = [5]"), "Did you mean 'hidden_layer_sizes'?"),
        (COMPARISON.replace("sizes = [5]", "sizes = [-5]"), "steps[1].choices[2] cannot be used"),
        (COMPARISON.replace("hidden_layer_sizes = [5]", 'solver = "a"'), "cannot be used: unknown solver 'a'"),
        (COMPARISON.replace("parameters = {}", "parameters = 3"), "choices[1].parameters must be a table, got 3"),
        (NUMBER.replace("layer = 2", ""), "steps[1].layer is missing"),
        (NUMBER.replace("layer = 2", "layer = 4"), "steps[1].layer must be from 2 to 3, the last layer, got 4"),
        (NUMBER.replace("layer = 2", "layer = 1"), "steps[1].layer must be from 2 to 3, the last layer, got 1"),
        (INTERVAL.replace('"accuracy"', '"r2"'), "measure cannot be 'r2': it is for regression"),
        (INTERVAL + 'setup = { data = { name = "waves" } }\n', "cannot be 'accuracy': it is for classification"),
        (COMPARISON.replace("cost", "accuracy").replace("parameters = {}", 'data = { name = "waves" }'), "'waves' is"),
        (
            INTERVAL.replace('"accuracy"', '"validation_accuracy"') + "setup.data.validation_fraction = 0.0\n",
            "measure 'validation_accuracy' needs validation rows",
        ),
        (GOAL.replace("accuracy", "r2"), "goal cannot be 'r2'"),
        (
            INTERVAL.replace("accuracy", "cost") + 'setup = { bug = "wrong-cost-delta", data = { name = "waves" } }\n',
            "setup.bug cannot be used: the mistake 'wrong-cost-delta' needs classes",
        ),
        (NUMBER.replace("tolerance = 0.5", ""), "steps[1].tolerance is missing"),
        (BUG.replace('bug = "wrong-sign" }', 'bug = "wrong-sing" }', 1), "Did you mean 'wrong-sign'?"),
        (BUG.replace(', bug = "none"', ""), "need a mistake each"),
        (GOAL.replace("accuracy", "luck"), "steps[1].goal.luck is not a key of steps[1].goal"),
        (GOAL.replace("{ at_least = 0.9 }", "{}"), "steps[1].goal.accuracy needs a bound"),
        (GOAL.replace("{ at_least = 0.9 }", "0.9"), "steps[1].goal.accuracy must be a table, got 0.9"),
        (GOAL.replace("at_least = 0.9", "atleast = 0.9"), "Did you mean 'at_least'?"),
        (GOAL + "margin = 1\n", "steps[1].margin has no effect in a step of the kind 'goal'"),
        (GOAL.replace("epochs = 20,", ""), "steps[1].solution.epochs is missing"),
        ("", "mine.toml: steps must be from 1 to 30, got 0. Write [[steps]] above each."),
        ("steps = 3\n", "mine.toml: setup.parameters.steps is not a key"),
        ("[[steps]\n", "mine.toml: this is not TOML"),
    ],
)  # fmt: skip
def test_errors_name_the_key_and_what_to_do(steps: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read(steps)
    assert str(error.value).startswith("mine.toml: ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('title = "A title"', "", "mine.toml: title is missing"),
        ("title", "titel", "mine.toml: titel is not a key of a lesson. Did you mean 'title'?"),
        ('summary = "A summary."', 'summary = "A summary."\nminutes = 500', "minutes must be an integer from 1 to 120"),
        ("rows = 100", "rows = 1", "mine.toml: setup.data cannot be used: rows"),
        ('name = "moons"', 'name = "mons"', "setup.data cannot be used"),
        ("rows = 100", "row = 100", "setup.data.row is not a key of setup.data. Did you mean 'rows'?"),
        ("[setup.data]", "[setup]\nbug = 'nothing'\n[setup.data]", "setup.bug must be one of"),
        ("random_state = 2", "random_state = -2", "setup cannot be used: random_state"),
    ],
)
def test_errors_of_the_head(before: str, after: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read(INTERVAL, HEAD.replace(before, after))
    assert message in str(error.value)


def test_lessons_are_loaded_by_name_and_by_path(tmp_path: Path) -> None:
    assert load_lesson("luck").name == "luck"
    with pytest.raises(ParameterError, match=r"unknown lesson 'lukc'. Did you mean 'luck'.*ends in .toml"):
        load_lesson("lukc")
    path = tmp_path / "own.toml"
    path.write_text(HEAD + INTERVAL, encoding="utf-8")
    assert load_lesson(path) == load_lesson(str(path))
    assert load_lesson(path).name == "own"
    with pytest.raises(InputError, match="there is no such file"):
        load_lesson(tmp_path / "none.toml")
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match="cannot be read as UTF-8"):
        load_lesson(path)
    path.write_text("#" * 300_000, encoding="utf-8")
    with pytest.raises(InputError, match="at most 200,000 bytes"):
        load_lesson(path)
    assert len(set(lesson_names())) == len(lesson_names())
