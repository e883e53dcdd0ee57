"""The Python code in the reports, which does the same as the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from multilayer.cli.evaluation.problem import TEXT, Problem
from multilayer.cli.evaluation.run import Run
from multilayer.cli.evaluation.settings import N_FOLDS, NetworkSettings, Settings, TableSettings
from multilayer.cli.evaluation.splits import Splits, seeds_of
from multilayer.cli.evaluation.tasks import Task
from multilayer.cli.evaluation.trials import SearchOptions

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
    splits, source = run.splits, run.problem.source
    model = _model(run, settings)
    if splits.is_single:
        # A table model divides the training rows by groups too; a single network has no folds.
        is_grouped = source.group is not None and isinstance(settings, TableSettings)
        groups = ", groups=groups[train]" if is_grouped else ""
        fit = f"""
model.fit(features.take(train), y[train]{groups})
print(model.score(features.take(test), y[test]))
"""
        return _program(run, settings, _single_split(run), model, fit)
    if isinstance(settings, TableSettings):
        groups = ", groups=groups[train]" if source.group is not None else ""
        scores = f"""
scores = []
for train, test in folds:
    model.fit(features.take(train), y[train]{groups})
    scores.append(model.score(features.take(test), y[test]))
print(np.mean(scores), np.std(scores, ddof=1) / np.sqrt(len(scores)))
"""
        return _program(run, settings, _folds(splits, as_list=True), model, scores)
    groups = ", groups=groups" if splits.n_groups and splits.repeats == 1 else ""
    result = f"""
result = cross_validate(model, features, y, cv=folds{groups})
print(result.mean["test_score"], result.standard_error["test_score"])
predicted = result.predictions.predicted
"""
    return _program(run, settings, _folds(splits), model, result, of_selection="cross_validate")


def _single_split(run: Run) -> str:
    """The lines that make ``train`` and ``test``."""
    splits, source = run.splits, run.problem.source
    if source.test is not None or source.time_column is not None:
        n = len(splits.rows[0][0])
        return f"train, test = np.arange({n}), np.arange({n}, {len(run.y)})"
    if splits.splitter:
        splitter = f"{splits.splitter}(1, test_size={splits.test_fraction!r}, random_state={splits.seed!r})"
        return f"train, test = next({splitter}.split(y, groups=groups))"
    stratify = "stratify=y, " if splits.stratified else ""
    return f"""
train, test = train_test_split(
    np.arange(len(y)), test_size={splits.test_fraction!r}, {stratify}random_state={splits.seed!r}
)
train, test = np.sort(train), np.sort(test)
"""


def _program(run: Run, settings: Settings, *parts: str, of_selection: str = "", more: Sequence[str] = ()) -> str:
    """The imports, the lines that read the table, and the rest."""
    source, is_table = run.problem.source, isinstance(settings, TableSettings)
    model = run.task.table_model if is_table else run.task.estimator
    splitters = {run.splits.splitter or ("" if source.test or source.time_column else "train_test_split")}
    splitters |= {"TimeSeriesSplit"} if is_table and source.time_column is not None else set()
    splitters.discard("")
    imports = [
        "import numpy as np",
        *["import pyarrow as pa"] * (source.test is not None),
        *more,
        *[f"from sklearn.model_selection import {', '.join(sorted(splitters))}"] * bool(splitters),
        *["from sklearn.pipeline import make_pipeline"] * (not is_table),
        f"from multilayer import {model.__name__}",
        *[f"from multilayer.selection import {of_selection}"] * bool(of_selection),
        f"from multilayer.tables import {'' if is_table else 'TableEncoder, '}encode_target, read_table, split_target",
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
model = make_pipeline({_encoder(run.problem, options.encoding)}, network)
space = {_space(options)}
{"" if is_plain else _LOG_LOSS}found = search(
    model, space, features, y,
    {_search_arguments(run, options, repr(task.scoring) if is_plain else "log_loss_of")}
)
print(found.best.mean, found.best.standard_error)
predicted = found.estimator.predict(features)
"""
    settings = NetworkSettings.of({}, None, options.epochs, options.seed)  # those of any network
    return _program(run, settings, _folds(splits), search, of_selection="search", more=imports)


def _space(options: SearchOptions) -> str:
    """The space as Python code, a line for each parameter."""

    def written(values: Any) -> str:
        return repr(values) if isinstance(values, list) else f"loguniform{values.args!r}"

    kinds = []
    for space in options.space:
        lines = "\n".join(f"        {name!r}: {written(values)}," for name, values in space.items())
        kinds.append(f"    {{\n{lines}\n    }},\n")
    return f"[\n{''.join(kinds)}]"


def network_in_python(task: Task, settings: NetworkSettings) -> str:
    """The call that makes a network, on one line."""
    parameters = settings.parameters()
    rounded = {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in parameters.items()}
    del rounded["random_state"]
    arguments = ", ".join(f"{name}={value!r}" for name, value in rounded.items())
    return f"{task.estimator.__name__}({arguments}{more_arguments(task)})"


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
    lines = [*["import sys"] * source.is_standard_input, f"table = read_table({arguments})"]
    if source.test is not None:
        of_test = ", ".join([repr(str(source.test)), *(f"{name}={value!r}" for name, value in source.reading.items())])
        lines.append(f"tested = read_table({of_test})")
        lines.append(
            'table = pa.concat_tables([table, tested], promote_options="permissive").select(table.column_names)'
        )
    lines += [
        f"features, column = split_target(table{unused}, {problem.target!r})",
        f"info = encode_target(column, {problem.info.task!r}, drop_gaps=True)",
    ]
    if source.time_column is None:
        lines.append("features, y = features.take(info.rows), info.y")
    else:
        n = "" if source.test is None else f"[: {int(np.sum(problem.info.rows < (problem.n_in_file or 0)))}]"
        lines.append(f"times = table.column({source.time_column!r}).take(info.rows).to_numpy()")
        lines.append(f'order = np.argsort(times{n}, kind="stable")')
        if n:
            lines.append("order = np.append(order, np.arange(len(order), len(times)))")
        lines.append("features, y = features.take(info.rows[order]), info.y[order]")
    if source.group is not None:
        lines.append(f"groups = table.column({source.group!r}).take(info.rows).to_numpy(zero_copy_only=False)")
    return "\n".join(lines)


def _encoder(problem: Problem, encoding: Mapping[str, Any] = MappingProxyType({})) -> str:
    options = {**encoding, "task": problem.info.task} if encoding else {"text": TEXT}
    more = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"TableEncoder(dtype=np.float32, identifiers={problem.identifiers!r}{more})"


def _model(run: Run, settings: Settings) -> str:
    """The lines that make ``model``."""
    if isinstance(settings, TableSettings):
        return f"model = {table_model_in_python(run, settings)}"
    if settings.kind is not None:
        arguments = [f"    {name}={value!r}," for name, value in settings.parameters().items()]
        return "\n".join(
            [
                f"network = {run.task.estimator.__name__}(",
                *arguments,
                *[f"    {name}={value!r}," for name, value in run.task.fold_arguments.items()],
                ")",
                f"model = make_pipeline({_encoder(run.problem, settings.encoding)}, network)",
            ]
        )
    decay = "".join(
        f", {name}={value!r}"
        for name, value in (("weight_decay", settings.weight_decay), ("dropout", settings.dropout))
        if value
    )
    batch = "" if settings.batch_size == "auto" else f", batch_size={settings.batch_size!r}"
    seed = f"{settings.seed!r}{batch}{decay}{more_arguments(run.task)}"
    return f"""
network = {run.task.estimator.__name__}(
    {settings.hidden!r}, {settings.activation!r}, alpha={settings.alpha!r},
    learning_rate_init={settings.step_size!r}, max_iter={settings.epochs!r}, random_state={seed},
)
model = make_pipeline({_encoder(run.problem)}, network)
""".strip()


def table_model_in_python(run: Run, settings: TableSettings) -> str:
    """The call that makes a table model."""
    parameters = settings.parameters(run.problem.source)
    splitter = {"cv": f"TimeSeriesSplit({N_FOLDS})"} if "cv" in parameters else {}
    written = {name: repr(value) for name, value in parameters.items()} | splitter
    arguments = ", ".join(f"{name}={value}" for name, value in written.items())
    return f"{run.task.table_model.__name__}({arguments})"


def _folds(splits: Splits, *, as_list: bool = False) -> str:
    """The lines that make ``folds``; rows that are alone in their class are trained on in every fold."""
    if splits.splitter == "TimeSeriesSplit":
        folds = f"TimeSeriesSplit({splits.n_folds})"
        return f"folds = {folds}.split(y)" if as_list else f"folds = {folds}"

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
    groups = ", groups" if splits.n_groups else ""
    if splits.repeats == 1:
        return f"folds = {splitter(repr(splits.seed))}" + (f".split(y, y{groups})" if as_list else "")
    return f"""folds = [
    fold
    for seed in {seeds_of(splits.seed, splits.repeats)}
    for fold in {splitter("seed")}.split(y, y{groups})
]"""
