"""The Python code in the reports, which does the same as the command."""

from __future__ import annotations

import numpy as np

from multilayer.cli.evaluation.problem import Problem, Settings
from multilayer.cli.evaluation.run import Run
from multilayer.cli.evaluation.splits import Splits, seeds_of
from multilayer.cli.evaluation.tasks import Task
from multilayer.cli.evaluation.trials import ALPHA, ALPHAS, HIDDEN, SIZES, STEP_SIZE, STEP_SIZES, SearchOptions

_LOG_LOSS = '''
classes = np.unique(y)


def log_loss_of(model, X, labels):
    """The log-loss with its sign reversed, where not every fold trains and tests every class."""
    probabilities = np.zeros((len(labels), len(classes)))
    probabilities[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(X)
    return -log_loss(labels, probabilities, labels=classes)


'''


def evaluation_code(run: Run, settings: Settings) -> str:
    """The code that trains the same networks on the same splits."""
    splits, model = run.splits, _model(run.problem, settings, run.task)
    if splits.is_single:
        stratify = "stratify=y, " if splits.stratified else ""
        split = f"""
train, test = train_test_split(
    np.arange(len(y)), test_size={splits.test_fraction!r}, {stratify}random_state={splits.seed!r}
)
train, test = np.sort(train), np.sort(test)
"""
        fit = """
model.fit(features.take(train), y[train])
print(model.score(features.take(test), y[test]))
"""
        return _program(run, [], [], split, model, fit)
    groups = ", groups=groups" if splits.n_groups and splits.repeats == 1 else ""
    result = f"""
result = cross_validate(model, features, y, cv=folds{groups})
print(result.mean["test_score"], result.standard_error["test_score"])
predicted = result.predictions.predicted
"""
    return _program(run, [], ["from multilayer.selection import cross_validate"], _folds(splits), model, result)


def _program(run: Run, before: list[str], after: list[str], *parts: str) -> str:
    """The imports, the lines that read the table, and the rest."""
    imports = [
        "import numpy as np",
        *before,
        f"from sklearn.model_selection import {run.splits.splitter or 'train_test_split'}",
        "from sklearn.pipeline import make_pipeline",
        f"from multilayer import {run.task.estimator.__name__}",
        *after,
        "from multilayer.tables import TableEncoder, encode_target, read_table, split_target",
    ]
    return "\n".join([*imports, "", _reading(run.problem), *(part.strip("\n") for part in parts)]) + "\n"


def search_code(run: Run, options: SearchOptions) -> str:
    """The code of the same search."""
    task, splits, name = run.task, run.splits, run.task.estimator.__name__
    n = len(np.unique(run.y))
    is_everywhere = all(len(np.unique(run.y[part])) == n for split in splits.rows for part in split)
    is_plain = run.problem.info.task == "regression" or is_everywhere
    imports = ["from scipy.stats import loguniform", *["from sklearn.metrics import log_loss"] * (not is_plain)]
    search = f"""
network = {name}(max_iter={options.epochs}, random_state={options.seed}{more_arguments(task)})
model = make_pipeline({_encoder(run.problem)}, network)
space = {{
    {HIDDEN!r}: {SIZES!r},
    {STEP_SIZE!r}: loguniform{STEP_SIZES!r},
    {ALPHA!r}: loguniform{ALPHAS!r},
}}
{"" if is_plain else _LOG_LOSS}found = search(
    model, space, features, y,
    {_search_arguments(run, options, repr(task.scoring) if is_plain else "log_loss_of")}
)
print(found.best.mean, found.best.standard_error)
predicted = found.estimator.predict(features)
"""
    return _program(run, imports, ["from multilayer.selection import search"], _folds(splits), search)


def more_arguments(task: Task) -> str:
    """The arguments of the estimator that depend on the task."""
    return "".join(f", {name}={value!r}" for name, value in task.fold_arguments.items())


def _search_arguments(run: Run, options: SearchOptions, scoring: str) -> str:
    arguments = {
        "groups": None if run.problem.groups is None else "groups",
        "cv": "folds",
        "scoring": scoring,
        "sampler": repr(options.sampler),
        "n_trials": repr(options.n_trials),
        "max_time": None if options.minutes is None else repr(60.0 * options.minutes),
        "halving": None if options.has_halving else "False",
        "min_epochs": repr(options.first_rung) if options.has_halving else None,
        "refit": '"simplest"' if options.simplest else None,
        "random_state": repr(options.seed),
    }
    return ", ".join(f"{name}={value}" for name, value in arguments.items() if value is not None) + ","


def _reading(problem: Problem) -> str:
    """The lines that read the table: ``features``, ``y`` and, where rows are grouped, ``groups``."""
    source = problem.source
    file = "sys.stdin.buffer" if source.is_standard_input else repr(str(source.file))
    arguments = ", ".join([file, *(f"{name}={value!r}" for name, value in source.reading.items())])
    unused = f".drop_columns({source.unused!r})" if source.unused else ""
    lines = [
        *["import sys"] * source.is_standard_input,
        f"table = read_table({arguments})",
        f"features, column = split_target(table{unused}, {problem.target!r})",
        f"info = encode_target(column, {problem.info.task!r}, drop_gaps=True)",
        "features, y = features.take(info.rows), info.y",
    ]
    if source.group is not None:
        lines.append(f"groups = table.column({source.group!r}).take(info.rows).to_numpy(zero_copy_only=False)")
    return "\n".join(lines)


def _encoder(problem: Problem) -> str:
    return f"TableEncoder(dtype=np.float32, identifiers={problem.identifiers!r})"


def _model(problem: Problem, settings: Settings, task: Task) -> str:
    """The lines that make ``model``."""
    batch = "" if settings.batch_size == "auto" else f", batch_size={settings.batch_size!r}"
    seed = f"{settings.seed!r}{batch}{more_arguments(task)}"
    return f"""
network = {task.estimator.__name__}(
    {settings.hidden!r}, {settings.activation!r}, alpha={settings.alpha!r},
    learning_rate_init={settings.step_size!r}, max_iter={settings.epochs!r}, random_state={seed},
)
model = make_pipeline({_encoder(problem)}, network)
""".strip()


def _folds(splits: Splits) -> str:
    """The lines that make ``folds``; rows that are alone in their class are trained on in every fold."""

    def splitter(seed: str) -> str:
        return f"{splits.splitter}({splits.n_folds}, shuffle=True, random_state={seed})"

    if len(splits.singles):
        return f"""_, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
several, alone = np.flatnonzero(sizes[codes] > 1), np.flatnonzero(sizes[codes] == 1)
folds = [
    (np.union1d(several[train], alone), several[test])
    for seed in {seeds_of(splits.seed, splits.repeats)}
    for train, test in {splitter("seed")}.split(several, y[several])
]"""
    if splits.repeats == 1:
        return f"folds = {splitter(repr(splits.seed))}"
    groups = ", groups" if splits.n_groups else ""
    return f"""folds = [
    fold
    for seed in {seeds_of(splits.seed, splits.repeats)}
    for fold in {splitter("seed")}.split(y, y{groups})
]"""
