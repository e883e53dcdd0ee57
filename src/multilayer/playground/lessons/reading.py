"""Reading of lessons: TOML files become records, and every error names the file, the key and what to do."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from multilayer.exceptions import InputError, unknown_name
from multilayer.learn.bugs import BUGS
from multilayer.playground.bugs.setups import parameters_for_bug
from multilayer.playground.data.play_data import shape_data
from multilayer.playground.lessons.lesson import Bound, Choice, Kind, Lesson, Setup, Solution, Step, TrialRun
from multilayer.playground.lessons.measures import BUG, KINDS, STATISTICS, Measure
from multilayer.playground.lessons.step_checks import check_measure, check_step
from multilayer.playground.lessons.toml_tables import Table
from multilayer.playground.runs.setup import setup_from_json

# The lessons of the package, in the order of a course.
LESSONS = (
    "one-unit",
    "hidden-layer",
    "luck",
    "step-size",
    "batches",
    "plateau",
    "dead-units",
    "overfitting",
    "find-the-bug",
)
MOST_BYTES = 200_000
MOST_EPOCHS, MOST_SEEDS, MOST_STEPS = 20_000, 50, 30
MOST_EPOCHS_OF_ALL_SEEDS = 50_000  # nobody waits longer for an answer
DATA_KEYS = ("name", "rows", "noise", "seed", "validation_fraction")
PARAMETER_KEYS = (
    "hidden_layer_sizes",
    "activation",
    "solver",
    "learning_rate_init",
    "learning_rate",
    "batch_size",
    "shuffle",
    "momentum",
    "alpha",
    "l1_alpha",
    "weight_decay",
    "dropout",
    "initialization",
    "loss",
    "output",
    "random_state",
    "max_iter",
)
# The controls of the page: the data, the parameters and two actions.
CONTROLS = ("data", "table", *DATA_KEYS[1:], *PARAMETER_KEYS, "seeds", "branch")
SETUP_KEYS = ("data", "parameters", "bug")
LESSON_KEYS = ("title", "summary", "minutes", "controls", "setup", "steps")
RUN_KEYS = ("epochs", "seeds")
STEP_KEYS = (
    "text",
    "question",
    "explanation",
    "controls",
    "setup",
    "run",
    "measure",
    "layer",
    "level",
    "statistic",
    "choices",
    "best",
    "margin",
    "tolerance",
    "unit",
    "goal",
    "solution",
)
CHOICE_KEYS = ("text", "at_least", "below", "data", "parameters", "bug", "epochs", "same")


def lesson_names() -> tuple[str, ...]:
    """Return the names of the lessons of this package.

    Returns
    -------
    tuple of str
        The names, in the order of a course.

    Examples
    --------
    >>> from multilayer.playground.lessons import lesson_names
    >>> lesson_names()[:3]
    ('one-unit', 'hidden-layer', 'luck')
    """
    return LESSONS


def load_lesson(source: str | Path) -> Lesson:
    """Read a lesson.

    Parameters
    ----------
    source : str or Path
        A name of :func:`lesson_names`, or the path of a TOML file, which ends in ``.toml``.

    Returns
    -------
    Lesson
        The lesson, completely checked.

    Raises
    ------
    ParameterError
        There is no lesson of this name.
    InputError
        The file cannot be read, or has an error, which the message names with its key.

    Examples
    --------
    >>> from multilayer.playground.lessons import load_lesson
    >>> lesson = load_lesson("luck")
    >>> lesson.title, len(lesson.steps)
    ('The luck of the start', 4)
    """
    name = str(source)
    if isinstance(source, str) and not name.endswith(".toml"):
        if name not in LESSONS:
            error = unknown_name("lesson", name, LESSONS)
            raise type(error)(f"{error} The name of a file ends in .toml.")
        return lesson_of(files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")
    path = Path(source)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: a lesson has at most {MOST_BYTES:,} bytes. Split it into several lessons.")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file. Check the name and the folder.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the file cannot be read as UTF-8 text: {error}.") from None
    return lesson_of(text, path.name)


def lesson_of(text: str, file: str) -> Lesson:
    """Return the lesson in the text of a file, whose name is part of errors."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file}: this is not TOML: {error}. Texts of several lines need three quotes.") from None
    table = Table(content, file)
    table.check_keys(LESSON_KEYS)
    title, summary, minutes = table.text("title"), table.text("summary"), table.positive("minutes", 5, 120)
    setup = _setup(table, {"data": {}, "parameters": {}})
    controls = table.names("controls", CONTROLS)
    tables = table.tables("steps")
    if not 1 <= len(tables) <= MOST_STEPS:
        raise table.error("steps", f"must be from 1 to {MOST_STEPS}, got {len(tables)}. Write [[steps]] above each.")
    steps = tuple(_step(each, setup, controls) for each in tables)
    return Lesson(file.removesuffix(".toml"), title, summary, minutes, steps)


def _setup(table: Table, base: Setup, key: str = "setup") -> Setup:
    """Return the setup of a lesson or a step: the values of ``base``, changed by those of the table."""
    given = table.table(key)
    return base if given is None else _changed(given, base, SETUP_KEYS)


def _changed(given: Table, base: Setup, known: tuple[str, ...]) -> Setup:
    given.check_keys(known)
    parts: dict[str, Any] = {part: dict(base[part]) for part in ("data", "parameters")}
    for part, keys in (("data", DATA_KEYS), ("parameters", PARAMETER_KEYS)):
        table = given.table(part)
        if table is not None:
            table.check_keys(keys)
            parts[part].update(table.values)
    # The checks of the playground itself, so that a lesson never opens with an error.
    given.checked("", lambda: setup_from_json(parts))
    data = given.checked("data", lambda: shape_data(**{"name": "moons", **parts["data"]}))
    bug = given.choice("bug", ("none", *BUGS), base.get("bug", "none"))
    if bug == "none":
        return parts
    given.checked("bug", lambda: parameters_for_bug(bug, parts["parameters"], data.task, len(data.class_names)))
    return {**parts, "bug": bug}


def _step(table: Table, base: Setup, controls: tuple[str, ...] | None) -> Step:
    table.check_keys(STEP_KEYS)
    setup = _setup(table, base)
    run = _run(table)
    measure = _measure(table)
    choices = tuple(_choice(each, setup) for each in table.tables("choices"))
    goal = _goal(table)
    kind = _kind(table, choices, goal)
    check_step(table, kind, run, measure, choices)
    solution = _solution(table, setup)
    setups = [setup, *(each.setup for each in choices if each.setup is not None and kind == Kind.COMPARISON)]
    if measure is not None and measure.name != BUG:
        check_measure(table, "measure", measure, setups)
    for bound in goal:
        check_measure(table, "goal", Measure(bound.measure), [setup if solution is None else solution.setup])
    return Step(
        kind=kind,
        text=table.text("text"),
        setup=setup,
        controls=table.names("controls", CONTROLS) if "controls" in table.values else controls,
        question=table.text("question", None if kind != Kind.READING else ""),
        explanation=table.text("explanation", None if kind != Kind.READING else ""),
        run=run,
        measure=measure if kind != Kind.BUG else None,
        statistic=table.choice("statistic", STATISTICS, "median"),
        choices=choices,
        best=table.choice("best", ("highest", "lowest"), "highest"),
        margin=table.number("margin", 0.0) or 0.0,
        tolerance=table.number("tolerance", 0.0) or 0.0,
        unit=table.text("unit", measure.kind.unit if measure is not None and measure.name != BUG else ""),
        goal=goal,
        solution=solution,
    )


def _run(table: Table) -> TrialRun | None:
    run = table.table("run")
    if run is None:
        return None
    run.check_keys(RUN_KEYS)
    epochs, seeds = run.positive("epochs", most=MOST_EPOCHS), run.positive("seeds", 1, MOST_SEEDS)
    if epochs * seeds > MOST_EPOCHS_OF_ALL_SEEDS:
        raise run.error("", f"trains {epochs * seeds:,} epochs in all. Train at most {MOST_EPOCHS_OF_ALL_SEEDS:,}.")
    return TrialRun(epochs, seeds)


def _measure(table: Table) -> Measure | None:
    if "measure" not in table.values:
        return None
    name = table.choice("measure", (*KINDS, BUG))
    if name == BUG:
        return Measure(BUG)
    layer = table.positive("layer", most=20) if KINDS[name].needs_layer else None
    level = table.number("level") if KINDS[name].needs_level else None
    if KINDS[name].needs_level and level is None:
        raise table.error("level", f"is missing: {name} needs the level to be reached. Add level = 0.9, for example.")
    return Measure(name, layer, level)


def _choice(table: Table, base: Setup) -> Choice:
    table.check_keys(CHOICE_KEYS)
    is_changed = any(key in table.values for key in ("data", "parameters", "bug", "epochs"))
    bug = table.choice("bug", ("none", *BUGS)) if "bug" in table.values else None
    changes = {key: value for key, value in table.values.items() if key in SETUP_KEYS}
    setup = _changed(Table(changes, table.file, table.path), base, SETUP_KEYS) if is_changed else None
    return Choice(
        text=table.text("text"),
        at_least=table.number("at_least"),
        below=table.number("below"),
        setup=setup,
        epochs=table.positive("epochs", most=MOST_EPOCHS) if "epochs" in table.values else None,
        is_same=table.flag("same"),
        bug=bug,
    )


def _goal(table: Table) -> tuple[Bound, ...]:
    goal = table.table("goal")
    if goal is None:
        return ()
    goal.check_keys([name for name, kind in KINDS.items() if kind.for_goals])
    bounds = []
    for name in goal.values:
        bound = goal.table(name)
        if bound is None or not bound.values:
            raise goal.error(name, "needs a bound. Write { at_least = 0.9 } or { at_most = 20 }.")
        bound.check_keys(("at_least", "at_most"))
        bounds.append(Bound(name, bound.number("at_least"), bound.number("at_most")))
    if not bounds:
        raise table.error("goal", "is empty. Write goal = { validation_accuracy = { at_least = 0.9 } }, for example.")
    return tuple(bounds)


def _solution(table: Table, base: Setup) -> Solution | None:
    given = table.table("solution")
    if given is None:
        return None
    epochs = given.positive("epochs", most=MOST_EPOCHS)
    changes = {key: value for key, value in given.values.items() if key != "epochs"}
    return Solution(_changed(Table(changes, given.file, given.path), base, SETUP_KEYS), epochs)


def _kind(table: Table, choices: tuple[Choice, ...], goal: tuple[Bound, ...]) -> Kind:
    if goal:
        return Kind.GOAL
    if choices and table.values.get("measure") == BUG:
        return Kind.BUG
    if any(each.setup is not None for each in choices):
        return Kind.COMPARISON
    if choices:
        return Kind.INTERVAL
    return Kind.NUMBER if "measure" in table.values else Kind.READING
